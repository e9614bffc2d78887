"""What clients see of insurance providers and of the licensed agents who sell for them."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import insurance_agents as enums
from gql.core.agent import Agent, AgentKind, of_kind
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import (
    BooleanFilter,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IdFilter,
    IntFilter,
    StringFilter,
    StringListFilter,
)
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as access_loaders
from resolvers.loaders import callbacks as callback_loaders
from resolvers.loaders import insurance_agents as loaders
from resolvers.loaders import integrations as integration_loaders
from resolvers.loaders import policies as policy_loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.callbacks import CallbackRequest
    from gql.integrations import Integration
    from gql.policies import Policy, Policyholder, PolicyType

register(enums)


@enum_type
class InsuranceProviderOrderField(Choice):
    """What insurance providers can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the provider was added."
    NAME = "NAME", "The provider's name."


@strawberry.input(description="An order of insurance providers.")
class InsuranceProviderOrder(OrderBy[InsuranceProviderOrderField]):
    pass


@filter_type("Which insurance providers to list: all given conditions hold.")
class InsuranceProviderFilter:
    code: StringFilter | None = where("The tenant's code of the provider.")
    name: StringFilter | None = where("The provider's name.")
    provider_type: EnumFilter[enums.InsuranceProviderType] | None = where("The line of business.")
    status: EnumFilter[enums.InsuranceProviderStatus] | None = where("Whether its policies can be sold now.")
    integration_status: EnumFilter[enums.InsuranceProviderIntegrationStatus] | None = where(
        "How far the connection to its systems has come."
    )
    integration_id: IdFilter | None = where("The integration with its systems.", id_of="Integration")
    service_regions: StringListFilter | None = where("The regions in which it insures.")
    created_at: DateTimeFilter | None = where("When the provider was added.")


@enum_type
class InsuranceAgentOrderField(Choice):
    """What insurance agents can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the agent was added."
    DISPLAY_NAME = "DISPLAY_NAME", "The agent's name."


@strawberry.input(description="An order of insurance agents.")
class InsuranceAgentOrder(OrderBy[InsuranceAgentOrderField]):
    pass


@filter_type("Which insurance agents to list: all given conditions hold.")
class InsuranceAgentFilter:
    agent_code: StringFilter | None = where("The tenant's code of the agent.")
    display_name: StringFilter | None = where("The agent's name.")
    license_number: StringFilter | None = where("The number of the licence.")
    license_expires_on: DateFilter | None = where("The last day of the licence.")
    status: EnumFilter[enums.InsuranceAgentStatus] | None = where("Whether the agent may sell.")
    verification_status: EnumFilter[enums.InsuranceAgentVerificationStatus] | None = where(
        "Whether somebody has checked the licence."
    )
    is_available: BooleanFilter | None = where("Whether the agent takes callbacks now.")
    territory: StringFilter | None = where("The territory.")
    regions: StringListFilter | None = where("The regions that the agent works in.")
    languages: StringListFilter | None = where("The languages that the agent speaks.")
    specialities: StringListFilter | None = where("The kinds of callbacks that the agent takes.")
    product_specializations: StringListFilter | None = where("What the agent sells.")
    hierarchy_level: IntFilter | None = where("The level in the hierarchy; 1 is the top.")
    user_id: IdFilter | None = where("The user as whom the agent signs in.", id_of="User")
    provider_id: IdFilter | None = where("The provider that the agent sells for.", id_of="InsuranceProvider")
    upline_id: IdFilter | None = where("The next agent upline.", id_of="InsuranceAgent")
    created_at: DateTimeFilter | None = where("When the agent was added.")


@object_type(
    loaders.insurance_provider_by_id,
    permission="insurance_provider:read",
    description="An insurance company whose policies the tenant sells.",
)
class InsuranceProvider(Node):
    code: str = column("The tenant's code of the provider.")
    name: str = column("The provider's name.")
    provider_type: enums.InsuranceProviderType | None = column("The line of business.")
    description: str | None = column("Free text about the provider.")
    license_number: str | None = column("The number of the provider's licence.")
    regulatory_authority: str | None = column("The authority that licensed the provider.")
    established_year: int | None = column("The year of foundation.")
    headquarters: JSON = column("The address of the head office.")
    website: str | None = column("The address of the web site.")
    supported_languages: list[str] = column("The languages in which it serves, as BCP 47 tags.")
    business_hours: JSON = column("When it can be reached, by weekday.")
    service_regions: list[str] = column("The regions in which it insures.")
    commission_structure: JSON = column("What it pays to those who sell, by product.")
    status: enums.InsuranceProviderStatus = column("Whether its policies can be sold now.")
    integration_status: enums.InsuranceProviderIntegrationStatus = column(
        "How far the connection to its systems has come."
    )
    last_sync_at: datetime | None = column("When data were last exchanged with its systems.")
    integration: Annotated["Integration", strawberry.lazy("gql.integrations")] | None = to_one(
        integration_loaders.integration_by_id, "integration_id", "The integration with its systems."
    )
    insurance_agents: Connection[Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")]] = connection(
        loaders.insurance_agents_by_provider,
        "The agents who sell for the provider.",
        filter=InsuranceAgentFilter,
        order_by=InsuranceAgentOrder,
    )
    policy_types: Connection[Annotated["PolicyType", strawberry.lazy("gql.policies")]] = connection(
        policy_loaders.policy_types_by_provider,
        "The policy types that are the provider's alone.",
        filter=lazy("PolicyTypeFilter", "gql.policies"),
        order_by=lazy("PolicyTypeOrder", "gql.policies"),
    )
    policies: Connection[Annotated["Policy", strawberry.lazy("gql.policies")]] = connection(
        policy_loaders.policies_by_provider,
        "The policies that the provider carries.",
        filter=lazy("PolicyFilter", "gql.policies"),
        order_by=lazy("PolicyOrder", "gql.policies"),
    )
    created_at: datetime = column("When the provider was added.")
    updated_at: datetime = column("When the provider was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(
    loaders.insurance_agent_by_id,
    permission="insurance_agent:read",
    description="A licensed human seller of insurance.",
)
class InsuranceAgent(Agent):
    display_name: str = column("The agent's name.")
    kind: AgentKind = of_kind(AgentKind.INSURANCE_AGENT)
    agent_code: str = column("The tenant's code of the agent.")
    license_number: str | None = column("The number of the licence.")
    license_expires_on: date | None = column("The last day of the licence.")
    license_issuing_authority: str | None = column("Who issued the licence.")
    business_name: str | None = column("The name under which the agent does business.")
    business_address: JSON = column("The business address: line1, line2, city, state, postal_code, country.")
    business_email: str | None = column("The business e-mail address, in lower case.")
    whatsapp_business_number: str | None = column("The number for messages on WhatsApp, in E.164.")
    website: str | None = column("The address of the web site.")
    gst_number: str | None = column("The number for India's goods and services tax.")
    territory: str | None = column("The territory.")
    regions: list[str] = column("The regions that the agent works in.")
    languages: list[str] = column("The languages that the agent speaks, as BCP 47 tags.")
    experience_years: int | None = column("Years of experience.")
    product_specializations: list[str] = column("What the agent sells.")
    commission_rate: Decimal | None = column("The base commission, in percent of the premium.")
    commission_structure: JSON = column("The rules of the commission beyond its base rate.")
    performance_bonus_structure: JSON = column("The rules of the bonus.")
    currency: str = column("The currency of the agent's figures, in ISO 4217.")
    hierarchy_level: int = column("The level in the hierarchy; 1 is the top.")
    downline_count: int = column("How many agents have this one as the next upline.")
    specialities: list[str] = column(
        "The values of CallbackRequestType and CallbackCategory that the agent takes; all when empty."
    )
    availability_schedule: JSON = column(
        "When the agent works: time zone, weekly hours, exceptions by date; at any time when empty."
    )
    is_available: bool = column("Whether the agent takes callbacks now.")
    max_daily_callbacks: int = column("How many callbacks the agent takes a day.")
    max_concurrent_callbacks: int = column("How many callbacks the agent takes at once.")
    active_callback_count: int = column("How many callbacks the agent has now.")
    total_policies_sold: int = column("How many policies of the agent came into force.")
    total_premium_collected: Decimal = column("The premiums paid on the agent's policies, in `currency`.")
    active_policyholder_count: int = column("How many policyholders have a policy of the agent in force.")
    customer_satisfaction_score: float | None = column("The customers' satisfaction, 0 to 5.")
    status: enums.InsuranceAgentStatus = column("Whether the agent may sell.")
    verification_status: enums.InsuranceAgentVerificationStatus = column("Whether somebody has checked the licence.")
    approved_at: datetime | None = column("When the agent was approved.")
    user: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "user_id", "The user as whom the agent signs in."
    )
    approved_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "approved_by_id", "The user who approved the agent."
    )
    provider: InsuranceProvider | None = to_one(
        loaders.insurance_provider_by_id,
        "provider_id",
        "The provider that the agent sells for; every provider when there is none.",
    )
    upline: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        loaders.insurance_agent_by_id, "parent_insurance_agent_id", "The next agent upline."
    )
    downline: Connection[Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")]] = connection(
        loaders.insurance_agents_by_upline,
        "The agents who have this one as the next upline.",
        filter=InsuranceAgentFilter,
        order_by=InsuranceAgentOrder,
    )
    policyholders: Connection[Annotated["Policyholder", strawberry.lazy("gql.policies")]] = connection(
        policy_loaders.policyholders_by_insurance_agent,
        "The policyholders whom the agent looks after.",
        filter=lazy("PolicyholderFilter", "gql.policies"),
        order_by=lazy("PolicyholderOrder", "gql.policies"),
    )
    policies: Connection[Annotated["Policy", strawberry.lazy("gql.policies")]] = connection(
        policy_loaders.policies_by_insurance_agent,
        "The policies that the agent sold or looks after.",
        filter=lazy("PolicyFilter", "gql.policies"),
        order_by=lazy("PolicyOrder", "gql.policies"),
    )
    callback_requests: Connection[Annotated["CallbackRequest", strawberry.lazy("gql.callbacks")]] = connection(
        callback_loaders.callback_requests_by_insurance_agent,
        "The callbacks that the agent was given.",
        filter=lazy("CallbackRequestFilter", "gql.callbacks"),
        order_by=lazy("CallbackRequestOrder", "gql.callbacks"),
    )
    created_at: datetime = column("When the agent was added.")
    updated_at: datetime = column("When the agent was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class InsuranceAgentQueries:
    insurance_provider: InsuranceProvider | None = root_one(
        loaders.insurance_provider_by_id, "InsuranceProvider", permission="insurance_provider:read"
    )
    insurance_providers: Connection[InsuranceProvider] = root_connection(
        loaders.insurance_providers,
        "The insurance providers whose policies the tenant sells.",
        permission="insurance_provider:read",
        filter=InsuranceProviderFilter,
        order_by=InsuranceProviderOrder,
    )
    insurance_agent: InsuranceAgent | None = root_one(
        loaders.insurance_agent_by_id, "InsuranceAgent", permission="insurance_agent:read"
    )
    insurance_agents: Connection[InsuranceAgent] = root_connection(
        loaders.insurance_agents,
        "The tenant's insurance agents.",
        permission="insurance_agent:read",
        filter=InsuranceAgentFilter,
        order_by=InsuranceAgentOrder,
    )
