"""What policy types, policyholders and policies can be filtered and ordered by."""

import strawberry

from db.enums import Choice
from db.enums import policies as enums
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.enums import enum_type, register
from gql.core.filters import (
    BooleanFilter,
    DateFilter,
    DateTimeFilter,
    DecimalFilter,
    EnumFilter,
    IdFilter,
    StringFilter,
)

register(enums)


@enum_type
class PolicyTypeOrderField(Choice):
    """What policy types can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the policy type was added."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of policy types.")
class PolicyTypeOrder(OrderBy[PolicyTypeOrderField]):
    pass


@filter_type("Which policy types to list: all given conditions hold.")
class PolicyTypeFilter:
    code: StringFilter | None = where("The tenant's code of the policy type.")
    name: StringFilter | None = where("The name.")
    category: EnumFilter[enums.PolicyCategory] | None = where("What kind of risk it covers.")
    currency: StringFilter | None = where("The currency, in ISO 4217.")
    is_active: BooleanFilter | None = where("Whether it is sold.")
    is_renewable: BooleanFilter | None = where("Whether its policies can be renewed.")
    provider_id: IdFilter | None = where("The provider whose alone it is.", id_of="InsuranceProvider")
    created_at: DateTimeFilter | None = where("When the policy type was added.")


@enum_type
class PolicyholderOrderField(Choice):
    """What policyholders can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the policyholder was added."


@strawberry.input(description="An order of policyholders.")
class PolicyholderOrder(OrderBy[PolicyholderOrderField]):
    pass


@filter_type("Which policyholders to list: all given conditions hold.")
class PolicyholderFilter:
    customer_number: StringFilter | None = where("The number that the insurer gave the customer.")
    marital_status: EnumFilter[enums.PolicyholderMaritalStatus] | None = where("The marital status.")
    onboarding_status: EnumFilter[enums.PolicyholderOnboardingStatus] | None = where(
        "How far the collection of the details has come."
    )
    has_marketing_consent: BooleanFilter | None = where("Whether advertising is allowed.")
    contact_id: IdFilter | None = where("The contact whose profile it is.", id_of="Contact")
    user_id: IdFilter | None = where("The user as whom the policyholder signs in.", id_of="User")
    insurance_agent_id: IdFilter | None = where("Who looks after the policyholder.", id_of="InsuranceAgent")
    last_interaction_at: DateTimeFilter | None = where("When something last happened with the policyholder.")
    created_at: DateTimeFilter | None = where("When the policyholder was added.")


@enum_type
class PolicyOrderField(Choice):
    """What policies can be ordered by; amounts by their figure, whatever the currency."""

    CREATED_AT = "CREATED_AT", "When the policy was created."
    POLICY_NUMBER = "POLICY_NUMBER", "The number of the policy."
    START_ON = "START_ON", "The first day of the cover."
    PREMIUM_AMOUNT = "PREMIUM_AMOUNT", "The premium of one instalment."
    SUM_ASSURED = "SUM_ASSURED", "The sum assured."
    OUTSTANDING_AMOUNT = "OUTSTANDING_AMOUNT", "The premiums that are due and unpaid."


@strawberry.input(description="An order of policies.")
class PolicyOrder(OrderBy[PolicyOrderField]):
    pass


@filter_type("Which policies to list: all given conditions hold.")
class PolicyFilter:
    policy_number: StringFilter | None = where("The number of the policy.")
    provider_policy_id: StringFilter | None = where("The provider's own id of the policy.")
    plan_name: StringFilter | None = where("The name of the plan.")
    plan_code: StringFilter | None = where("The provider's code of the plan.")
    currency: StringFilter | None = where("The currency of all amounts, in ISO 4217.")
    sum_assured: DecimalFilter | None = where("The sum assured.")
    premium_amount: DecimalFilter | None = where("The premium of one instalment.")
    outstanding_amount: DecimalFilter | None = where("The premiums that are due and unpaid.")
    premium_frequency: EnumFilter[enums.PremiumFrequency] | None = where("How often premiums fall due.")
    premium_mode: EnumFilter[enums.PremiumMode] | None = where("For how long premiums are paid.")
    applied_on: DateFilter | None = where("The day of the application.")
    issued_on: DateFilter | None = where("The day of issue.")
    start_on: DateFilter | None = where("The first day of the cover.")
    maturity_on: DateFilter | None = where("The day on which the policy matures.")
    renewal_on: DateFilter | None = where("The day on which the policy is up for renewal.")
    premiums_end_on: DateFilter | None = where("The first day without premiums, where they end early.")
    next_due_on: DateFilter | None = where("The day on which the next premium falls due.")
    payment_status: EnumFilter[enums.PolicyPaymentStatus] | None = where("Whether the premiums are paid.")
    status: EnumFilter[enums.PolicyStatus] | None = where("Where the policy stands.")
    cancellation_reason: EnumFilter[enums.PolicyCancellationReason] | None = where("Why it was cancelled.")
    policyholder_id: IdFilter | None = where("The policyholder.", id_of="Policyholder")
    insurance_agent_id: IdFilter | None = where("The insurance agent.", id_of="InsuranceAgent")
    provider_id: IdFilter | None = where("The provider that carries it.", id_of="InsuranceProvider")
    policy_type_id: IdFilter | None = where("The policy type.", id_of="PolicyType")
    created_at: DateTimeFilter | None = where("When the policy was created.")
