"""Rows of insurance providers and of the licensed agents who sell for them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.insurance_agents import (
    InsuranceAgentStatus,
    InsuranceAgentVerificationStatus,
    InsuranceProviderIntegrationStatus,
    InsuranceProviderStatus,
    InsuranceProviderType,
)


class InsuranceProvider(VersionedRow):
    """An insurance company whose policies the tenant sells.

    Addresses and secrets of its systems are kept by the integration that it names, not here.
    """

    __tablename__ = "insurance_providers"
    __table_args__ = (
        tenant_root(),
        tenant_fk("integration_id", "integrations"),
        UniqueConstraint("tenant_id", "code"),
        Index(None, "tenant_id", "integration_id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "status", "name", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("established_year BETWEEN 1600 AND 2200", name="established_year"),
    )

    code: Mapped[str]
    name: Mapped[str]
    provider_type: Mapped[InsuranceProviderType | None]
    description: Mapped[str | None]

    license_number: Mapped[str | None]
    regulatory_authority: Mapped[str | None]
    established_year: Mapped[int | None]
    headquarters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    website: Mapped[str | None]

    supported_languages: Mapped[list[str]] = mapped_column(default=lambda: ["en"])
    business_hours: Mapped[dict[str, Any]] = mapped_column(default=dict)
    service_regions: Mapped[list[str]] = mapped_column(default=list)
    commission_structure: Mapped[dict[str, Any]] = mapped_column(default=dict)

    status: Mapped[InsuranceProviderStatus] = mapped_column(default=InsuranceProviderStatus.ACTIVE)
    integration_id: Mapped[UUID | None]
    integration_status: Mapped[InsuranceProviderIntegrationStatus] = mapped_column(
        default=InsuranceProviderIntegrationStatus.PENDING
    )
    last_sync_at: Mapped[datetime | None]

    search_document: Mapped[str] = search_document("code", "name")


class InsuranceAgent(VersionedRow):
    """A licensed human seller, at most one per user; without a user until somebody signs in as the agent.

    `parent_insurance_agent_id` is the next agent upline, `downline_count` how many name this one as theirs.
    `commission_rate` is a percentage; `business_email` is in lower case, the number for WhatsApp E.164.
    `specialities` are the values of CallbackRequestType and CallbackCategory that the agent takes, all when
    empty; what the agent sells stands in `product_specializations`. `availability_schedule` is `{"timezone":
    "Asia/Kolkata", "weekly": {"MONDAY": [["09:00", "18:00"]]}, "exceptions": {"2026-12-25": []}}`; empty means
    at any time. The figures are kept by the changes that move them; `total_premium_collected` counts the
    payments made in the row's own `currency`, no others.
    """

    __tablename__ = "insurance_agents"
    __table_args__ = (
        tenant_root(),
        tenant_fk("user_id", "users"),
        tenant_fk("provider_id", "insurance_providers"),
        tenant_fk("parent_insurance_agent_id", "insurance_agents"),
        tenant_fk("approved_by_id", "users"),
        UniqueConstraint("tenant_id", "user_id"),
        UniqueConstraint("tenant_id", "agent_code"),
        UniqueConstraint("tenant_id", "license_number"),
        Index(None, "tenant_id", "provider_id", "status", "id"),
        Index(None, "tenant_id", "parent_insurance_agent_id", "id"),
        Index(None, "tenant_id", "approved_by_id"),
        Index(None, "tenant_id", "territory", "id"),
        Index(None, "tenant_id", "status", "display_name", "id"),
        Index(None, "tenant_id", "display_name", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("parent_insurance_agent_id <> id", name="own_parent"),
        CheckConstraint("commission_rate BETWEEN 0 AND 100", name="commission_rate"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("business_email = lower(business_email)", name="business_email"),
        CheckConstraint(r"whatsapp_business_number ~ '^\+[1-9][0-9]{1,14}$'", name="whatsapp_business_number"),
        CheckConstraint("experience_years >= 0", name="experience_years"),
        CheckConstraint("hierarchy_level >= 1", name="hierarchy_level"),
        CheckConstraint("customer_satisfaction_score BETWEEN 0 AND 5", name="customer_satisfaction_score"),
        CheckConstraint("max_daily_callbacks >= 0", name="max_daily_callbacks"),
        CheckConstraint("max_concurrent_callbacks >= 0", name="max_concurrent_callbacks"),
        CheckConstraint("active_callback_count >= 0", name="active_callback_count"),
    )

    user_id: Mapped[UUID | None]
    provider_id: Mapped[UUID | None]
    agent_code: Mapped[str]
    display_name: Mapped[str]
    license_number: Mapped[str | None]
    license_expires_on: Mapped[date | None]
    license_issuing_authority: Mapped[str | None]

    business_name: Mapped[str | None]
    business_address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    business_email: Mapped[str | None]
    whatsapp_business_number: Mapped[str | None]
    website: Mapped[str | None]
    gst_number: Mapped[str | None]
    pan_number_encrypted: Mapped[bytes | None]

    territory: Mapped[str | None]
    regions: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=lambda: ["en"])
    experience_years: Mapped[int | None]
    product_specializations: Mapped[list[str]] = mapped_column(default=list)

    commission_rate: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    commission_structure: Mapped[dict[str, Any]] = mapped_column(default=dict)
    performance_bonus_structure: Mapped[dict[str, Any]] = mapped_column(default=dict)
    currency: Mapped[str]

    parent_insurance_agent_id: Mapped[UUID | None]
    hierarchy_level: Mapped[int] = mapped_column(default=1)
    downline_count: Mapped[int] = mapped_column(default=0)

    specialities: Mapped[list[str]] = mapped_column(default=list)
    availability_schedule: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_available: Mapped[bool] = mapped_column(default=True)
    max_daily_callbacks: Mapped[int] = mapped_column(default=50)
    max_concurrent_callbacks: Mapped[int] = mapped_column(default=3)
    active_callback_count: Mapped[int] = mapped_column(default=0)

    total_policies_sold: Mapped[int] = mapped_column(default=0)
    total_premium_collected: Mapped[Decimal] = mapped_column(default=Decimal(0))
    active_policyholder_count: Mapped[int] = mapped_column(default=0)
    customer_satisfaction_score: Mapped[float | None]

    status: Mapped[InsuranceAgentStatus] = mapped_column(default=InsuranceAgentStatus.ACTIVE)
    verification_status: Mapped[InsuranceAgentVerificationStatus] = mapped_column(
        default=InsuranceAgentVerificationStatus.PENDING
    )
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document(
        "agent_code", "display_name", "business_name", "business_email", "license_number"
    )
