"""Policy types, policyholders and policies as clients see them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.enums import policies as enums
from gql.core.arguments import lazy
from gql.core.connections import Connection, connection
from gql.core.fields import by_hand, column, to_one
from gql.core.node import Node, object_type
from gql.policies.filters import PolicyFilter, PolicyOrder
from resolvers.core.context import Context
from resolvers.loaders import access as access_loaders
from resolvers.loaders import activities as activity_loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import deals as deal_loaders
from resolvers.loaders import insurance_agents as insurance_agent_loaders
from resolvers.loaders import policies as loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.activities import Activity
    from gql.contacts import Contact
    from gql.deals import Deal
    from gql.insurance_agents import InsuranceAgent, InsuranceProvider


def _part(key: str, description: str) -> Any:
    def read(stored: Mapping[str, str], _: Context) -> str:
        return stored[key]

    return by_hand(read, description)


def _amount(key: str, description: str) -> Any:
    def read(stored: Mapping[str, str | None], _: Context) -> Decimal | None:
        amount = stored.get(key)
        return None if amount is None else Decimal(amount)

    return by_hand(read, description)


@strawberry.type(description="An additional benefit of a policy.")
class PolicyRider:
    code: str = _part("code", "The provider's code of the rider.")
    name: str = _part("name", "The name of the rider.")
    sum_assured: Decimal | None = _amount("sum_assured", "The sum assured by it, in the policy's currency.")
    premium_amount: Decimal | None = _amount("premium_amount", "Its share of an instalment, in that currency.")


@strawberry.type(description="A document of a policy.")
class PolicyDocument:
    kind: str = _part("kind", "What kind of document it is, such as `application_form`.")
    name: str = _part("name", "The name of the document.")
    url: str = _part("url", "Where it can be fetched.")


@object_type(loaders.policy_type_by_id, permission="policy:read", description="A kind of policy that can be sold.")
class PolicyType(Node):
    code: str = column("The tenant's code of the policy type.")
    name: str = column("The name, such as term life.")
    category: enums.PolicyCategory = column("What kind of risk it covers.")
    description: str | None = column("Free text about the policy type.")
    currency: str = column("The currency of its amounts and policies, in ISO 4217.")
    min_sum_assured: Decimal | None = column("The lowest sum assured.")
    max_sum_assured: Decimal | None = column("The highest sum assured.")
    min_term_months: int | None = column("The shortest term, in months.")
    max_term_months: int | None = column("The longest term, in months.")
    min_entry_age: int | None = column("The lowest age at the start, in completed years.")
    max_entry_age: int | None = column("The highest age at the start, in completed years.")
    default_premium_frequency: enums.PremiumFrequency = column("How often premiums fall due, if not agreed.")
    default_premium_mode: enums.PremiumMode = column("For how long premiums are paid, if not agreed.")
    default_grace_period_days: int = column("Days after a due date before a policy lapses, if not agreed.")
    commission_rate: Decimal | None = column("The commission, in percent of the premium.")
    available_riders: JSON = column("The additional benefits that can be added.")
    exclusions: JSON = column("What is not covered.")
    terms_and_conditions: JSON = column("The terms, by topic.")
    required_documents: list[str] = column("The kinds of documents that an application needs.")
    is_renewable: bool = column("Whether its policies can be renewed.")
    is_active: bool = column("Whether it is sold.")
    provider: Annotated["InsuranceProvider", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_provider_by_id,
        "provider_id",
        "The provider whose alone it is; any provider's when there is none.",
    )
    policies: Connection[Annotated["Policy", strawberry.lazy("gql.policies")]] = connection(
        loaders.policies_by_policy_type,
        "The policies of this type.",
        filter=PolicyFilter,
        order_by=PolicyOrder,
    )
    created_at: datetime = column("When the policy type was added.")
    updated_at: datetime = column("When the policy type was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(
    loaders.policyholder_by_id,
    permission="policyholder:read",
    description="The insurance profile of a contact; what the contact has is not repeated.",
)
class Policyholder(Node):
    customer_number: str | None = column("The number that the insurer gave the customer.")
    marital_status: enums.PolicyholderMaritalStatus | None = column("The marital status.")
    occupation: str | None = column("What the person does for a living.")
    education_level: str | None = column("The highest education.")
    annual_income: Decimal | None = column("A year's income, in `currency`.", permission="policyholder:financial:read")
    currency: str | None = column("The currency of the income, in ISO 4217.")
    risk_preferences: JSON = column("How much risk the person wants to take, by kind.")
    investment_horizon: str | None = column("For how long the person invests.")
    investment_portfolio: JSON | None = column(
        "What the person has invested in.", permission="policyholder:financial:read"
    )
    communication_preferences: JSON = column("By which channels the person wants to hear what.")
    has_marketing_consent: bool = column("Whether advertising is allowed.")
    preferred_contact_time: enums.PolicyholderContactTime | None = column("When the person is best called.")
    digital_literacy_score: int | None = column("How well the person gets on with computers, 1 to 10.")
    engagement_score: float | None = column("How much the person takes part, 0 to 10.")
    churn_risk_score: float | None = column("How likely the person is to leave, 0 to 1.")
    onboarding_status: enums.PolicyholderOnboardingStatus = column("How far the collection of the details has come.")
    last_interaction_at: datetime | None = column("When something last happened with the policyholder.")
    interaction_count: int = column("How often something happened with the policyholder.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.contact_by_id, "contact_id", "The person whose insurance profile this is."
    )
    user: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "user_id", "The user as whom the policyholder signs in."
    )
    insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_id,
        "insurance_agent_id",
        "The insurance agent who looks after the policyholder.",
    )
    policies: Connection[Annotated["Policy", strawberry.lazy("gql.policies")]] = connection(
        loaders.policies_by_policyholder,
        "The policyholder's policies.",
        filter=PolicyFilter,
        order_by=PolicyOrder,
    )
    created_at: datetime = column("When the policyholder was added.")
    updated_at: datetime = column("When the policyholder was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(loaders.policy_by_id, permission="policy:read", description="An insurance policy of a policyholder.")
class Policy(Node):
    policy_number: str = column("The number of the policy, one for each provider.")
    provider_policy_id: str | None = column("The provider's own id of the policy.")
    plan_name: str = column("The name of the plan.")
    plan_code: str | None = column("The provider's code of the plan.")
    currency: str = column("The currency of all amounts, in ISO 4217.")
    sum_assured: Decimal = column("The sum assured.")
    premium_amount: Decimal = column("The premium of one instalment.")
    premium_frequency: enums.PremiumFrequency = column("How often premiums fall due.")
    premium_mode: enums.PremiumMode = column("For how long premiums are paid.")
    outstanding_amount: Decimal = column("The premiums that are due and unpaid.")
    commission_rate: Decimal | None = column("The commission, in percent of the premium.")
    commission_amount: Decimal | None = column("The commission so far.")
    applied_on: date = column("The day of the application.")
    issued_on: date | None = column("The day of issue.")
    start_on: date = column("The first day of the cover, on which the first premium is due.")
    maturity_on: date | None = column("The day on which the policy matures.")
    renewal_on: date | None = column("The day on which the policy is up for renewal.")
    premiums_end_on: date | None = column("The first day without premiums, where they end before the maturity.")
    next_due_on: date | None = column("The day on which the next premium falls due; none when no more do.")
    grace_period_days: int = column("How many days after the due date an unpaid policy lapses.")
    payment_status: enums.PolicyPaymentStatus = column("Whether the premiums are paid.")
    last_payment_at: datetime | None = column("When a premium was last paid.")
    payment_count: int = column("How many premiums were paid.")
    status: enums.PolicyStatus = column("Where the policy stands.")
    sub_status: str | None = column("The insurer's own word for it, such as `medical_check`.")
    status_changed_at: datetime | None = column("When the status last changed.")
    submitted_at: datetime | None = column("When the application was handed in.")
    review_started_at: datetime | None = column("When the insurer began to look at the application.")
    approved_at: datetime | None = column("When the insurer accepted the application.")
    activated_at: datetime | None = column("When the policy came into force.")
    lapsed_at: datetime | None = column("When the policy last lapsed.")
    revived_at: datetime | None = column("When the policy was last revived.")
    surrendered_at: datetime | None = column("When the policy was given up.")
    matured_at: datetime | None = column("When the policy matured.")
    claimed_at: datetime | None = column("When the policy ended with a claim.")
    cancelled_at: datetime | None = column("When the policy was cancelled.")
    cancellation_reason: enums.PolicyCancellationReason | None = column("Why the policy was cancelled.")
    cancellation_note: str | None = column("Why the policy was cancelled, in words.")
    coverage_details: JSON = column("What is covered, by topic.")
    riders: list[PolicyRider] = column("The additional benefits.")
    exclusions: JSON = column("What is not covered.")
    terms_and_conditions: JSON = column("The terms, by topic.")
    documents: list[PolicyDocument] = column("The documents.")
    policyholder: Policyholder | None = to_one(loaders.policyholder_by_id, "policyholder_id", "The policyholder.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        loaders.contact_by_policyholder, "policyholder_id", "The person who is the policyholder."
    )
    insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_id,
        "insurance_agent_id",
        "The insurance agent who sold the policy or looks after it.",
    )
    provider: Annotated["InsuranceProvider", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_provider_by_id, "provider_id", "The company that carries the policy."
    )
    policy_type: PolicyType | None = to_one(loaders.policy_type_by_id, "policy_type_id", "The kind of policy it is.")
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created the policy; none when a program did."
    )
    approved_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "approved_by_id", "The user who approved the policy."
    )
    cancelled_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "cancelled_by_id", "The user who cancelled the policy."
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        deal_loaders.deals_by_policy,
        "The deals about the policy, such as its renewal.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_policy,
        "What was done about the policy.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_at: datetime = column("When the policy was created.")
    updated_at: datetime = column("When the policy was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")
