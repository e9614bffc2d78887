"""What clients see of organizations and tenants: of each the viewer's own, and no other."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import organizations as enums
from gql.core.enums import register
from gql.core.fields import column, to_one
from gql.core.node import Node, by_key, object_type
from resolvers.loaders import organizations as loaders

register(enums)


@object_type(
    loaders.organization_by_id,
    permission="organization:read",
    description="A customer business that signed up and owns one or more tenants; only the viewer's own is seen.",
)
class Organization(Node):
    account_number: str = column("The number of the business's account: AYB-XXXX-XXXX-XXXX.")
    name: str = column("The name.")
    slug: str = column("The short name, in small letters, digits and hyphens.")
    status: enums.OrganizationStatus = column("Whether the organization may use the service.")
    business_type: str | None = column("The legal form or kind of business.")
    industry: str | None = column("The industry.")
    target_market: str | None = column("Whom the business sells to.")
    registration_number: str | None = column("The number in the register of companies.")
    tax_id: str | None = column("The tax number.")
    address_line1: str | None = column("Street and number.")
    address_line2: str | None = column("What else the address needs.")
    city: str | None = column("The city.")
    state: str | None = column("The state or province.")
    postal_code: str | None = column("The postal code.")
    country: str | None = column("The country, in ISO 3166 alpha-2.")
    phone: str | None = column("The telephone number.")
    website: str | None = column("The address of the web site.")
    compliance_status: enums.OrganizationComplianceStatus = column(
        "Whether the organization was checked to be the business it says it is."
    )
    compliance_verified_at: datetime | None = column("When it was checked and found right.")
    data_residency_region: str | None = column("The region in which the data must stay.")
    edge_regions: list[str] = column("The regions in which calls are served.")
    created_at: datetime = column("When the organization signed up.")
    updated_at: datetime = column("When the organization was last changed.")
    version: int = column("Counts the changes.")


@object_type(
    loaders.tenant_by_id,
    permission="tenant:read",
    description="The boundary that everything in the graph belongs to; only the viewer's own is seen.",
)
class Tenant(Node):
    name: str = column("The name.")
    display_name: str | None = column("The name as customers see it.")
    description: str | None = column("Free text about the tenant.")
    slug: str = column("The short name, in small letters, digits and hyphens: signing in goes by it.")
    subdomain: str | None = column("The tenant's part of the service's domain name.")
    custom_domain: str | None = column("The tenant's own domain name.")
    tenant_type: enums.TenantType = column("What kind of business the tenant carries on.")
    status: enums.TenantStatus = column("Whether the tenant may be entered.")
    suspended_at: datetime | None = column("When the tenant was suspended.")
    suspension_reason: str | None = column("Why the tenant was suspended.")
    industry: str | None = column("The industry.")
    company_size: enums.CompanySize | None = column("How large the business is, by its own account.")
    country: str | None = column("The country, in ISO 3166 alpha-2.")
    timezone: str = column("The time zone, an IANA name.")
    locale: str = column("Language and region, a BCP 47 tag.")
    default_currency: str = column("The currency of new amounts, in ISO 4217.")
    plan_tier: enums.PlanTier = column("The plan that the tenant has bought.")
    billing_cycle: enums.BillingCycle = column("How often the plan is paid for.")
    subscription_status: enums.PlanSubscriptionStatus = column("How the tenant stands with paying for its plan.")
    trial_ends_at: datetime | None = column("When the trial ends.")
    subscription_ends_at: datetime | None = column("When the plan ends.")
    max_concurrent_calls: int = column("How many calls may be live at once.")
    max_voice_agents: int = column("How many voice agents may be active.")
    max_phone_numbers: int = column("How many telephone numbers the tenant may hold.")
    max_users: int = column("How many users the tenant may have.")
    max_storage_gb: int = column("How much may be stored, in gigabytes.")
    max_api_requests_per_hour: int = column("How many requests the plan allows in an hour.")
    features: JSON = column("What is switched on, by name.")
    logo_url: str | None = column("The address of the logo.")
    favicon_url: str | None = column("The address of the icon that browsers show.")
    theme: JSON = column("Colours by name.")
    organization: Annotated["Organization", strawberry.lazy("gql.organizations")] | None = to_one(
        loaders.organization_by_id, "organization_id", "The organization that owns the tenant."
    )
    created_at: datetime = column("When the tenant was founded.")
    updated_at: datetime = column("When the tenant was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class OrganizationQueries:
    organization: Organization | None = by_key(
        lambda _, context: context.viewer.organization_id,
        "The organization that owns the viewer's tenant.",
        permission="organization:read",
    )
    tenant: Tenant | None = by_key(
        lambda _, context: context.viewer.tenant_id, "The tenant that the viewer acts in.", permission="tenant:read"
    )
