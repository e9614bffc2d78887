"""Root fields over policy types, policyholders and policies: reading them, creating policies, moving them on."""

from datetime import date
from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from db.enums import policies as enums
from gql.core.connections import Connection, root_connection
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
from gql.core.node import root_one
from gql.policies.filters import (
    PolicyFilter,
    PolicyholderFilter,
    PolicyholderOrder,
    PolicyOrder,
    PolicyTypeFilter,
    PolicyTypeOrder,
)
from gql.policies.types import Policy, Policyholder, PolicyType
from resolvers import policies as actions
from resolvers.loaders import policies as loaders


@strawberry.type
class PolicyQueries:
    policy_type: PolicyType | None = root_one(loaders.policy_type_by_id, "PolicyType", permission="policy:read")
    policy_types: Connection[PolicyType] = root_connection(
        loaders.policy_types,
        "The kinds of policies that the tenant sells.",
        permission="policy:read",
        filter=PolicyTypeFilter,
        order_by=PolicyTypeOrder,
    )
    policyholder: Policyholder | None = root_one(
        loaders.policyholder_by_id, "Policyholder", permission="policyholder:read"
    )
    policyholders: Connection[Policyholder] = root_connection(
        loaders.policyholders,
        "The tenant's policyholders.",
        permission="policyholder:read",
        filter=PolicyholderFilter,
        order_by=PolicyholderOrder,
    )
    policy: Policy | None = root_one(loaders.policy_by_id, "Policy", permission="policy:read")
    policies: Connection[Policy] = root_connection(
        loaders.policies,
        "The tenant's policies.",
        permission="policy:read",
        filter=PolicyFilter,
        order_by=PolicyOrder,
    )


@strawberry.input(description="An additional benefit of a policy.")
class PolicyRiderInput:
    code: str = required("The provider's code of the rider, at most 50 characters.")
    name: str = required("The name of the rider, at most 255 characters.")
    sum_assured: Decimal | None = given("The sum assured by it, in the policy's currency.")
    premium_amount: Decimal | None = given("Its share of the policy's `premiumAmount`, in the policy's currency.")


@strawberry.input(description="A document of a policy.")
class PolicyDocumentInput:
    kind: str = required("What kind of document it is, such as `application_form`; at most 50 characters.")
    name: str = required("The name of the document, at most 255 characters.")
    url: str = required("Where it can be fetched: an http or https address.")


@strawberry.input(
    description="A policy to draft, for a policyholder or for a contact: what is left out comes from the policy type."
)
class PolicyCreateInput:
    policyholder_id: strawberry.ID | None = given("The policyholder; give this or `contactId`.", id_of="Policyholder")
    contact_id: strawberry.ID | None = given(
        "The contact, who becomes a policyholder if need be: that takes the permission `policyholder:write`.",
        id_of="Contact",
    )
    policy_type_id: strawberry.ID = required("The kind of policy.", id_of="PolicyType")
    provider_id: strawberry.ID | None = given(
        "The company that carries the policy: that of the policy type, where it has one.",
        id_of="InsuranceProvider",
    )
    insurance_agent_id: strawberry.ID | None = given(
        "Who sells it: an active agent, of the provider or of all.", id_of="InsuranceAgent"
    )
    policy_number: str = required("The number: at most 100 characters, unique for the provider.")
    provider_policy_id: str | None = given("The provider's own id of the policy, at most 100 characters.")
    plan_name: str = required("The name of the plan, at most 255 characters.")
    plan_code: str | None = given("The provider's code of the plan, at most 50 characters.")
    currency: str | None = given("The currency of all amounts, in ISO 4217: that of the policy type.")
    sum_assured: Decimal = required("The sum assured, within the bounds of the policy type.")
    premium_amount: Decimal = required("The premium of one instalment, with its riders.")
    premium_frequency: enums.PremiumFrequency | None = given("How often premiums fall due.")
    premium_mode: enums.PremiumMode | None = given("For how long premiums are paid.")
    premiums_end_on: date | None = given(
        "The first day without premiums: for LIMITED_PAY, between the start and the maturity."
    )
    commission_rate: Decimal | None = given("The commission, in percent of the premium.")
    applied_on: date | None = given("The day of the application; today when left out, never later.")
    start_on: date = required("The first day of the cover, on which the first premium is due.")
    maturity_on: date | None = given(
        "The day on which the policy matures, within the terms of the policy type: on the anniversary of the start,"
        " or on the day before."
    )
    renewal_on: date | None = given("The day on which the policy is up for renewal, after the start.")
    grace_period_days: int | None = given("Days after a due date before an unpaid policy lapses, 0 to 365.")
    coverage_details: JSON | None = given("What is covered: an object, by topic.")
    riders: list[PolicyRiderInput] | None = given("The additional benefits, at most 50.")
    exclusions: list[str] | None = given("What is not covered: at most 50 texts of at most 500 characters.")
    terms_and_conditions: JSON | None = given("The terms: an object, by topic.")
    documents: list[PolicyDocumentInput] | None = given("The documents, at most 50.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A policy and the status that it goes to.")
class PolicyStatusChangeInput:
    id: strawberry.ID = required("The policy.", id_of="Policy")
    status: enums.PolicyStatus = required(
        "The new status. APPROVED needs the permission `policy:approve`; from LAPSED, ACTIVE is the revival."
    )
    sub_status: str | None = given("The insurer's own word for it, at most 50 characters; cleared when left out.")
    cancellation_reason: enums.PolicyCancellationReason | None = given(
        "Why it is cancelled: for CANCELLED, one that fits the present status. REJECTED needs the permission"
        " `policy:approve`."
    )
    cancellation_note: str | None = given(
        "Why it is cancelled, in words: at most 1,000 characters, required for OTHER."
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@payload_type("What `policyCreate` answers.")
class PolicyCreatePayload(MutationPayload):
    policy: Policy | None = affected(loaders.policy_by_id, "policy", "The new policy, a draft.")


@payload_type("What `policyStatusChange` answers.")
class PolicyStatusChangePayload(MutationPayload):
    policy: Policy | None = affected(loaders.policy_by_id, "policy", "The policy as it is now.")


@strawberry.type
class PolicyMutations:
    policy_create: PolicyCreatePayload = mutation(
        actions.create_policy,
        PolicyCreateInput,
        "Draft a policy for a policyholder or a contact.",
        permission="policy:write",
    )
    policy_status_change: PolicyStatusChangePayload = mutation(
        actions.change_policy_status,
        PolicyStatusChangeInput,
        "Bring a policy into another status.",
        permission="policy:write",
    )
