"""The changes that clients make to deals."""

from datetime import date
from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from db.enums import deals as enums
from gql.core.mutations import (
    MutationPayload,
    affected,
    expected_version,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
)
from gql.deals.deals import Deal, DealStageChange
from resolvers import deals as actions
from resolvers.loaders import deals as loaders


@strawberry.input(description="A product of a deal, in the deal's currency.")
class DealProductInput:
    product_name: str = required("The product's name, at most 255 characters.")
    product_code: str | None = given("The product's code, at most 100 characters.")
    description: str | None = given("Free text, at most 10,000 characters.")
    quantity: Decimal | None = given("How much of it, at most two decimals; 1 when left out.")
    unit_price: Decimal = required("The price of one, at most two decimals.")
    discount_percent: Decimal | None = given("A discount in percent of quantity times unit price, 0 to 100.")
    discount_amount: Decimal | None = given("A discount as an amount.")
    custom_fields: JSON | None = given("Values of the tenant's own fields, by name.")


@strawberry.input(description="A deal to create.")
class DealCreateInput:
    title: str = required("The title, at most 255 characters.")
    description: str | None = given("Free text, at most 10,000 characters.")
    value: Decimal | None = given("What it is worth; with products it is their sum, and may be left out.")
    currency: str | None = given("The currency, in ISO 4217; the pipeline's when left out.")
    products: list[DealProductInput] | None = given("What is to be sold, in this order, at most 200.")
    priority: enums.DealPriority | None = given("How urgently it is to be worked on; `MEDIUM` when left out.")
    deal_type: enums.DealType | None = given("What kind of business it brings; `NEW_BUSINESS` when left out.")
    probability: int | None = given(
        "The probability that it is won, in percent; only where the pipeline leaves it to people."
    )
    expected_close_on: date | None = given("When it is expected to be decided.")
    close_reason: str | None = given("Why it was won or lost, at most 100 characters.")
    lead_source: str | None = given("Where it came from, at most 100 characters.")
    competitor: str | None = given("Who else competes for it, at most 200 characters.")
    next_step: str | None = given("What is to be done next, at most 10,000 characters.")
    custom_fields: JSON | None = given("Values of the tenant's own fields, by name.")
    tags: list[str] | None = given("Labels, at most 50 of at most 50 characters.")
    contact_id: strawberry.ID | None = given("The person it is made with.", id_of="Contact")
    account_id: strawberry.ID | None = given("The company it is made with.", id_of="Account")
    policy_id: strawberry.ID | None = given("The insurance policy it is about.", id_of="Policy")
    pipeline_id: strawberry.ID | None = given("The pipeline; the tenant's default one when left out.", id_of="Pipeline")
    stage_id: strawberry.ID | None = given(
        "The stage to start in; the pipeline's first open one when left out.", id_of="PipelineStage"
    )
    owner_id: strawberry.ID | None = given(
        "The user who looks after it; the viewer when left out, nobody when null.", id_of="User"
    )
    team_id: strawberry.ID | None = given("The team that works on it.", id_of="Team")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Changes to a deal within its stage: what is left out stays, null clears.")
class DealUpdateInput:
    id: strawberry.ID = required("The deal.", id_of="Deal")
    title: str | None = given("The title, at most 255 characters.")
    description: str | None = given("Free text, at most 10,000 characters.")
    value: Decimal | None = given("What it is worth; with products it is their sum, and may be left out.")
    currency: str | None = given("The currency, in ISO 4217; a deal with products needs them anew with it.")
    products: list[DealProductInput] | None = given("What is to be sold: replaces all there was. At most 200.")
    priority: enums.DealPriority | None = given("How urgently it is to be worked on.")
    deal_type: enums.DealType | None = given("What kind of business it brings.")
    probability: int | None = given(
        "The probability that it is won, in percent; only of an open deal, where the pipeline leaves it to people."
    )
    expected_close_on: date | None = given("When it is expected to be decided.")
    close_reason: str | None = given("Why it was won or lost, at most 100 characters.")
    lead_source: str | None = given("Where it came from, at most 100 characters.")
    competitor: str | None = given("Who else competes for it, at most 200 characters.")
    next_step: str | None = given("What is to be done next, at most 10,000 characters.")
    custom_fields: JSON | None = given("Values of the tenant's own fields, by name.")
    tags: list[str] | None = given("Labels, at most 50 of at most 50 characters.")
    contact_id: strawberry.ID | None = given("The person it is made with.", id_of="Contact")
    account_id: strawberry.ID | None = given("The company it is made with.", id_of="Account")
    policy_id: strawberry.ID | None = given("The insurance policy it is about.", id_of="Policy")
    owner_id: strawberry.ID | None = given("The user who looks after it.", id_of="User")
    team_id: strawberry.ID | None = given("The team that works on it.", id_of="Team")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A move of a deal to another stage of its pipeline.")
class DealMoveInput:
    id: strawberry.ID = required("The deal.", id_of="Deal")
    stage_id: strawberry.ID = required("The stage to go to.", id_of="PipelineStage")
    probability: int | None = given(
        "The probability from now on, in percent; only in an open stage, where the pipeline leaves it to people."
    )
    close_reason: str | None = given("Why it was won or lost, at most 100 characters.")
    notes: str | None = given("What to note with the move, at most 10,000 characters.")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@payload_type("What `dealCreate` answers.")
class DealCreatePayload(MutationPayload):
    deal: Deal | None = affected(loaders.deal_by_id, "deal", "The new deal.")


@payload_type("What `dealUpdate` answers.")
class DealUpdatePayload(MutationPayload):
    deal: Deal | None = affected(loaders.deal_by_id, "deal", "The deal as it is now.")


@payload_type("What `dealMove` answers.")
class DealMovePayload(MutationPayload):
    deal: Deal | None = affected(loaders.deal_by_id, "deal", "The deal as it is now.")
    stage_change: DealStageChange | None = affected(
        loaders.deal_stage_change_by_id, "stage_change", "The move as it was written down."
    )


@strawberry.type
class DealMutations:
    deal_create: DealCreatePayload = mutation(
        actions.create_deal, DealCreateInput, "Create a deal, with its products.", permission="deal:write"
    )
    deal_update: DealUpdatePayload = mutation(
        actions.update_deal, DealUpdateInput, "Change a deal within its stage.", permission="deal:write"
    )
    deal_move: DealMovePayload = mutation(
        actions.move_deal,
        DealMoveInput,
        "Move a deal to another stage of its pipeline, which may close or reopen it.",
        permission="deal:write",
    )
