"""Rows of organizations and their tenants: reference tables, the only ones read before a tenant is known."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import ReferenceRow
from db.enums.organizations import (
    BillingCycle,
    CompanySize,
    OrganizationComplianceStatus,
    OrganizationStatus,
    PlanSubscriptionStatus,
    PlanTier,
    TenantStatus,
    TenantType,
)


class Organization(ReferenceRow):
    """A customer business that signed up. It owns one or more tenants.

    `account_number` is AYB-XXXX-XXXX-XXXX in capital letters and digits. `country` is ISO 3166-1 alpha-2.
    """

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("account_number"),
        UniqueConstraint("slug"),
        CheckConstraint("account_number ~ '^AYB(-[0-9A-Z]{4}){3}$'", name="account_number_format"),
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name="slug_format"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_format"),
    )

    account_number: Mapped[str]
    name: Mapped[str]
    slug: Mapped[str]
    status: Mapped[OrganizationStatus] = mapped_column(default=OrganizationStatus.ACTIVE)
    business_type: Mapped[str | None]
    industry: Mapped[str | None]
    target_market: Mapped[str | None]
    registration_number: Mapped[str | None]
    tax_id: Mapped[str | None]
    address_line1: Mapped[str | None]
    address_line2: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    compliance_status: Mapped[OrganizationComplianceStatus] = mapped_column(
        default=OrganizationComplianceStatus.PENDING
    )
    compliance_verified_at: Mapped[datetime | None]
    compliance_documents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    data_residency_region: Mapped[str | None]
    edge_regions: Mapped[list[str]] = mapped_column(default=list)
    hybrid_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    deleted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Tenant(ReferenceRow):
    """The isolation boundary: every business row belongs to exactly one tenant.

    The `max_` columns are limits that are enforced. `locale` is a BCP 47 tag, `timezone` an IANA name,
    `country` ISO 3166-1 alpha-2, `default_currency` ISO 4217. `theme` holds colours by name.
    """

    __tablename__ = "tenants"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id"], ["organizations.id"]),
        ForeignKeyConstraint(["parent_tenant_id"], ["tenants.id"]),
        UniqueConstraint("slug"),
        UniqueConstraint("subdomain"),
        UniqueConstraint("custom_domain"),
        Index(None, "organization_id", "name", "id"),
        Index(None, "parent_tenant_id"),
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name="slug_format"),
        CheckConstraint("subdomain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name="subdomain_format"),
        CheckConstraint("custom_domain ~ '^[a-z0-9][a-z0-9.-]*[a-z0-9]$'", name="custom_domain_format"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_format"),
        CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name="default_currency_format"),
        CheckConstraint("parent_tenant_id <> id", name="not_its_own_parent"),
        CheckConstraint(
            "least(max_concurrent_calls, max_voice_agents, max_phone_numbers, max_users, max_storage_gb,"
            " max_api_requests_per_hour) >= 0",
            name="limits_not_negative",
        ),
    )

    organization_id: Mapped[UUID]
    parent_tenant_id: Mapped[UUID | None]
    name: Mapped[str]
    display_name: Mapped[str | None]
    description: Mapped[str | None]
    slug: Mapped[str]
    subdomain: Mapped[str | None]
    custom_domain: Mapped[str | None]
    tenant_type: Mapped[TenantType] = mapped_column(default=TenantType.BUSINESS)
    status: Mapped[TenantStatus] = mapped_column(default=TenantStatus.ACTIVE)
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]
    industry: Mapped[str | None]
    company_size: Mapped[CompanySize | None]
    country: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en-US")
    default_currency: Mapped[str] = mapped_column(default="USD")
    plan_tier: Mapped[PlanTier] = mapped_column(default=PlanTier.STANDARD)
    billing_cycle: Mapped[BillingCycle] = mapped_column(default=BillingCycle.MONTHLY)
    subscription_status: Mapped[PlanSubscriptionStatus] = mapped_column(default=PlanSubscriptionStatus.ACTIVE)
    trial_ends_at: Mapped[datetime | None]
    subscription_ends_at: Mapped[datetime | None]
    max_concurrent_calls: Mapped[int] = mapped_column(default=10)
    max_voice_agents: Mapped[int] = mapped_column(default=5)
    max_phone_numbers: Mapped[int] = mapped_column(default=1)
    max_users: Mapped[int] = mapped_column(default=1000)
    max_storage_gb: Mapped[int] = mapped_column(default=10)
    max_api_requests_per_hour: Mapped[int] = mapped_column(default=1000)
    features: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    logo_url: Mapped[str | None]
    favicon_url: Mapped[str | None]
    theme: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
