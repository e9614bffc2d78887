"""Deals, their products and their moves, as clients see them."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import deals as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.filters import (
    DateFilter,
    DateTimeFilter,
    DecimalFilter,
    EnumFilter,
    IdFilter,
    IntFilter,
    StringFilter,
    StringListFilter,
)
from gql.core.node import Node, object_type
from resolvers.loaders import access as access_loaders
from resolvers.loaders import activities as activity_loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import deals as loaders
from resolvers.loaders import policies as policy_loaders
from resolvers.rules import deals as rules

if TYPE_CHECKING:
    from gql.access import Team, User
    from gql.activities import Activity
    from gql.contacts import Account, Contact
    from gql.deals.pipelines import Pipeline, PipelineStage
    from gql.policies import Policy

register(enums)


@enum_type
class DealOrderField(Choice):
    """What deals can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the deal was created."
    UPDATED_AT = "UPDATED_AT", "When the deal was last changed."
    TITLE = "TITLE", "The title."
    VALUE = (
        "VALUE",
        "The value in minor units of its currency, 0 without one: filter by currency to compare.",
    )
    STAGE_ENTERED_AT = "STAGE_ENTERED_AT", "When the deal came into its stage."


@strawberry.input(description="An order of deals.")
class DealOrder(OrderBy[DealOrderField]):
    pass


@filter_type("Which deals to list: all given conditions hold.")
class DealFilter:
    title: StringFilter | None = where("The title.")
    status: EnumFilter[enums.DealStatus] | None = where("How the deal stands.")
    priority: EnumFilter[enums.DealPriority] | None = where("How urgently it is to be worked on.")
    deal_type: EnumFilter[enums.DealType] | None = where("What kind of business it brings.")
    value: DecimalFilter | None = where("The value, in the deal's own currency.")
    currency: StringFilter | None = where("The currency, in ISO 4217.")
    probability: IntFilter | None = where("The probability that it is won, in percent.")
    stage_entered_at: DateTimeFilter | None = where("When it came into its stage.")
    expected_close_on: DateFilter | None = where("When it is expected to be decided.")
    actual_close_on: DateFilter | None = where("When it was decided.")
    closed_at: DateTimeFilter | None = where("The moment it entered a closed stage.")
    close_reason: StringFilter | None = where("Why it was won or lost.")
    lead_source: StringFilter | None = where("Where it came from.")
    competitor: StringFilter | None = where("Who else competes for it.")
    tags: StringListFilter | None = where("The tags.")
    contact_id: IdFilter | None = where("The person it is made with.", id_of="Contact")
    account_id: IdFilter | None = where("The company it is made with.", id_of="Account")
    policy_id: IdFilter | None = where("The insurance policy it is about.", id_of="Policy")
    pipeline_id: IdFilter | None = where("The pipeline.", id_of="Pipeline")
    stage_id: IdFilter | None = where("The stage.", id_of="PipelineStage")
    owner_id: IdFilter | None = where("The user who looks after it.", id_of="User")
    team_id: IdFilter | None = where("The team that works on it.", id_of="Team")
    created_by_id: IdFilter | None = where("The user who created it.", id_of="User")
    created_at: DateTimeFilter | None = where("When it was created.")
    updated_at: DateTimeFilter | None = where("When it was last changed.")


@enum_type
class DealProductOrderField(Choice):
    """What products can be ordered by, over all deals; those of one deal come by their positions."""

    CREATED_AT = "CREATED_AT", "When the product was added to its deal."


@strawberry.input(description="An order of products over all deals.")
class DealProductOrder(OrderBy[DealProductOrderField]):
    pass


@filter_type("Which products to list: all given conditions hold.")
class DealProductFilter:
    deal_id: IdFilter | None = where("The deal.", id_of="Deal")
    product_name: StringFilter | None = where("The product's name.")
    product_code: StringFilter | None = where("The product's code.")
    quantity: DecimalFilter | None = where("How much of it.")
    unit_price: DecimalFilter | None = where("The price of one, in the deal's currency.")
    total_price: DecimalFilter | None = where("The price of all, in the deal's currency.")
    currency: StringFilter | None = where("The deal's currency, in ISO 4217.")
    created_at: DateTimeFilter | None = where("When the product was added to its deal.")


@enum_type
class DealStageChangeOrderField(Choice):
    """What moves can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the deal moved."


@strawberry.input(description="An order of moves.")
class DealStageChangeOrder(OrderBy[DealStageChangeOrderField]):
    pass


@filter_type("Which moves to list: all given conditions hold.")
class DealStageChangeFilter:
    deal_id: IdFilter | None = where("The deal.", id_of="Deal")
    from_stage_id: IdFilter | None = where("The stage that was left.", id_of="PipelineStage")
    to_stage_id: IdFilter | None = where("The stage that was entered.", id_of="PipelineStage")
    changed_by_id: IdFilter | None = where("The user who moved the deal.", id_of="User")
    time_in_stage_seconds: IntFilter | None = where("How long the deal had been in the stage it left.")
    created_at: DateTimeFilter | None = where("When the deal moved.")


@object_type(loaders.deal_by_id, permission="deal:read", description="A sale in the making, in a stage of a pipeline.")
class Deal(Node):
    title: str = column("The title.")
    description: str | None = column("Free text about the deal.")
    value: Decimal | None = column("What it is worth, in `currency`: the sum of its products when it has any.")
    currency: str = column("The currency of the value and of the products, in ISO 4217.")
    weighted_value: Decimal | None = computed(
        lambda _, deal: rules.weighted_value(deal.value, deal.probability),
        ("value", "probability"),
        "The value times the probability, rounded half up to two digits.",
    )
    status: enums.DealStatus = column("How the deal stands.")
    priority: enums.DealPriority = column("How urgently it is to be worked on.")
    deal_type: enums.DealType = column("What kind of business it brings.")
    probability: int = column("The probability that it is won, in percent: 100 when won, 0 when lost.")
    stage_entered_at: datetime = column("When it came into its stage.")
    expected_close_on: date | None = column("When it is expected to be decided.")
    actual_close_on: date | None = column("The business date on which it was decided; none while it is open.")
    closed_at: datetime | None = column("The moment it entered a closed stage; none while it is open.")
    close_reason: str | None = column("Why it was won or lost.")
    lead_source: str | None = column("Where it came from.")
    competitor: str | None = column("Who else competes for it.")
    next_step: str | None = column("What is to be done next.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    tags: list[str] = column("The tenant's labels.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.contact_by_id, "contact_id", "The person it is made with."
    )
    account: Annotated["Account", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.account_by_id, "account_id", "The company it is made with."
    )
    policy: Annotated["Policy", strawberry.lazy("gql.policies")] | None = to_one(
        policy_loaders.policy_by_id, "policy_id", "The insurance policy it is about, such as one to be renewed."
    )
    pipeline: Annotated["Pipeline", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.pipeline_by_id, "pipeline_id", "The pipeline it runs through."
    )
    stage: Annotated["PipelineStage", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.pipeline_stage_by_id, "stage_id", "The stage it is in."
    )
    owner: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "owner_id", "The user who looks after it."
    )
    team: Annotated["Team", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.team_by_id, "team_id", "The team that works on it."
    )
    products: Connection[Annotated["DealProduct", strawberry.lazy("gql.deals")]] = connection(
        loaders.deal_products_by_deal, "What is to be sold, by position.", filter=DealProductFilter
    )
    stage_changes: Connection[Annotated["DealStageChange", strawberry.lazy("gql.deals")]] = connection(
        loaders.deal_stage_changes_by_deal,
        "The moves it made; the first one is its creation.",
        filter=DealStageChangeFilter,
        order_by=DealStageChangeOrder,
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_deal,
        "What was done and is to be done about it.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created it; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    created_at: datetime = column("When it was created.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(
    loaders.deal_product_by_id,
    permission="deal:read",
    description="A line of a deal: a product, how much of it, and for how much.",
)
class DealProduct(Node):
    position: int = column("The place in the deal, from 1.")
    product_name: str = column("The product's name.")
    product_code: str | None = column("The product's code.")
    description: str | None = column("Free text about the line.")
    quantity: Decimal = column("How much of it.")
    unit_price: Decimal = column("The price of one, in `currency`.")
    discount_percent: Decimal = column("A discount in percent of quantity times unit price.")
    discount_amount: Decimal = column("A discount in `currency`.")
    total_price: Decimal = column("Quantity times unit price, less both discounts, in `currency`.")
    currency: str = column("The deal's currency, in ISO 4217.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    deal: Annotated["Deal", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.deal_by_id, "deal_id", "The deal that the line belongs to."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who added it; none when a program did."
    )
    created_at: datetime = column("When it was added.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes.")


@object_type(
    loaders.deal_stage_change_by_id, permission="deal:read", description="A move of a deal from stage to stage."
)
class DealStageChange(Node):
    from_probability: int | None = column("The deal's probability before, in percent; none on creation.")
    to_probability: int = column("The deal's probability after, in percent.")
    time_in_stage_seconds: int | None = column("How long the deal had been in the stage it left; none on creation.")
    notes: str | None = column("What was noted with the move.")
    deal: Annotated["Deal", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.deal_by_id, "deal_id", "The deal that moved."
    )
    from_stage: Annotated["PipelineStage", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.pipeline_stage_by_id, "from_stage_id", "The stage it left; none on creation."
    )
    to_stage: Annotated["PipelineStage", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.pipeline_stage_by_id, "to_stage_id", "The stage it entered."
    )
    changed_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "changed_by_id", "The user who moved it; none when a program did."
    )
    created_at: datetime = column("When it moved.")
