"""Rows of policy types, of the insurance profile of contacts, and of insurance policies."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.policies import (
    PolicyCancellationReason,
    PolicyCategory,
    PolicyholderContactTime,
    PolicyholderMaritalStatus,
    PolicyholderOnboardingStatus,
    PolicyPaymentStatus,
    PolicyStatus,
    PremiumFrequency,
    PremiumMode,
)


class PolicyType(VersionedRow):
    """A kind of policy that can be sold, such as term life; without a provider it is any provider's.

    Terms are in months, ages in completed years, `commission_rate` is a percentage. The `default_` columns
    fill a new policy of the type.
    """

    __tablename__ = "policy_types"
    __table_args__ = (
        tenant_root(),
        tenant_fk("provider_id", "insurance_providers"),
        UniqueConstraint("tenant_id", "code"),
        Index(None, "tenant_id", "provider_id", "name", "id"),
        Index(None, "tenant_id", "category", "name", "id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("min_sum_assured <= max_sum_assured", name="sum_assured_range"),
        CheckConstraint("min_term_months <= max_term_months", name="term_range"),
        CheckConstraint("min_entry_age <= max_entry_age", name="entry_age_range"),
        CheckConstraint("default_grace_period_days BETWEEN 0 AND 365", name="default_grace_period_days"),
        CheckConstraint("commission_rate BETWEEN 0 AND 100", name="commission_rate"),
    )

    code: Mapped[str]
    name: Mapped[str]
    category: Mapped[PolicyCategory]
    provider_id: Mapped[UUID | None]
    description: Mapped[str | None]

    currency: Mapped[str]
    min_sum_assured: Mapped[Decimal | None]
    max_sum_assured: Mapped[Decimal | None]
    min_term_months: Mapped[int | None]
    max_term_months: Mapped[int | None]
    min_entry_age: Mapped[int | None]
    max_entry_age: Mapped[int | None]

    default_premium_frequency: Mapped[PremiumFrequency] = mapped_column(default=PremiumFrequency.ANNUAL)
    default_premium_mode: Mapped[PremiumMode] = mapped_column(default=PremiumMode.REGULAR)
    default_grace_period_days: Mapped[int] = mapped_column(default=30)
    commission_rate: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    available_riders: Mapped[list[Any]] = mapped_column(default=list)
    exclusions: Mapped[list[Any]] = mapped_column(default=list)
    terms_and_conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    required_documents: Mapped[list[str]] = mapped_column(default=list)
    is_renewable: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)

    search_document: Mapped[str] = search_document("code", "name")


class Policyholder(VersionedRow):
    """The insurance profile of a contact, one to one; what the contact has is not repeated.

    `user_id` is the user as whom the policyholder signs in to the portal. The encrypted columns hold JSON
    under the contact's own key (version `encryption_key_version`), so that anonymising the contact makes them
    unreadable.
    """

    __tablename__ = "policyholders"
    __table_args__ = (
        tenant_root(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("user_id", "users"),
        tenant_fk("insurance_agent_id", "insurance_agents"),
        UniqueConstraint("tenant_id", "contact_id"),
        UniqueConstraint("tenant_id", "user_id"),
        Index(None, "tenant_id", "insurance_agent_id", "created_at", "id"),
        Index(None, "tenant_id", "customer_number"),
        Index(None, "tenant_id", "last_interaction_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("annual_income IS NULL OR currency IS NOT NULL", name="annual_income_currency"),
        CheckConstraint("digital_literacy_score BETWEEN 1 AND 10", name="digital_literacy_score"),
        CheckConstraint("engagement_score BETWEEN 0 AND 10", name="engagement_score"),
        CheckConstraint("churn_risk_score BETWEEN 0 AND 1", name="churn_risk_score"),
    )

    contact_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    insurance_agent_id: Mapped[UUID | None]
    customer_number: Mapped[str | None]

    marital_status: Mapped[PolicyholderMaritalStatus | None]
    occupation: Mapped[str | None]
    education_level: Mapped[str | None]
    annual_income: Mapped[Decimal | None]
    currency: Mapped[str | None]

    risk_preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    investment_horizon: Mapped[str | None]
    investment_portfolio: Mapped[dict[str, Any]] = mapped_column(default=dict)
    communication_preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    has_marketing_consent: Mapped[bool] = mapped_column(default=False)
    preferred_contact_time: Mapped[PolicyholderContactTime | None]

    family_members_encrypted: Mapped[bytes | None]
    nominee_encrypted: Mapped[bytes | None]
    bank_details_encrypted: Mapped[bytes | None]
    encryption_key_version: Mapped[int] = mapped_column(default=1)

    digital_literacy_score: Mapped[int | None]
    engagement_score: Mapped[float | None]
    churn_risk_score: Mapped[float | None]
    onboarding_status: Mapped[PolicyholderOnboardingStatus] = mapped_column(
        default=PolicyholderOnboardingStatus.COMPLETED
    )
    last_interaction_at: Mapped[datetime | None]
    interaction_count: Mapped[int] = mapped_column(default=0)


class Policy(VersionedRow):
    """An insurance policy of a policyholder.

    `premium_amount` is due for each instalment of `premium_frequency`; `next_due_on` is the next of them, and
    `grace_period_days` after it an unpaid policy lapses. No premium is due from the maturity on, nor from
    `premiums_end_on` on where it is given (LIMITED_PAY). All amounts are in `currency`; `commission_rate` is
    a percentage. `riders` are `{"code", "name", "sum_assured", "premium_amount"}`, `documents` are `{"kind",
    "name", "url"}`, amounts in text. A `_minor` column is its amount in hundredths, for orders and ranges
    that an index serves under row-level security. The encrypted columns hold JSON under the key of the
    policyholder's contact (version `encryption_key_version`).
    """

    __tablename__ = "policies"
    __table_args__ = (
        tenant_root(),
        tenant_fk("policyholder_id", "policyholders"),
        tenant_fk("insurance_agent_id", "insurance_agents"),
        tenant_fk("provider_id", "insurance_providers"),
        tenant_fk("policy_type_id", "policy_types"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("approved_by_id", "users"),
        tenant_fk("cancelled_by_id", "users"),
        UniqueConstraint("tenant_id", "provider_id", "policy_number"),
        Index(None, "tenant_id", "policy_number", "id"),
        Index(None, "tenant_id", "policyholder_id", "status", "id"),
        Index(None, "tenant_id", "policyholder_id", "created_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "created_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "status", "id"),
        Index(None, "tenant_id", "provider_id", "created_at", "id"),
        Index(None, "tenant_id", "policy_type_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "approved_by_id"),
        Index(None, "tenant_id", "cancelled_by_id"),
        Index(None, "tenant_id", "status", "next_due_on", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "next_due_on", "id"),
        Index(None, "tenant_id", "start_on", "id"),
        Index(None, "tenant_id", "maturity_on", "id"),
        Index(None, "tenant_id", "renewal_on", "id"),
        Index(None, "tenant_id", "premium_amount_minor", "id"),
        Index(None, "tenant_id", "sum_assured_minor", "id"),
        Index(None, "tenant_id", "outstanding_amount_minor", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("sum_assured >= 0", name="sum_assured"),
        CheckConstraint("premium_amount >= 0", name="premium_amount"),
        CheckConstraint("grace_period_days BETWEEN 0 AND 365", name="grace_period_days"),
        CheckConstraint("commission_rate BETWEEN 0 AND 100", name="commission_rate"),
        CheckConstraint("maturity_on >= start_on", name="maturity_on"),
        CheckConstraint("premiums_end_on > start_on", name="premiums_end_on"),
        CheckConstraint("status <> 'CANCELLED' OR cancellation_reason IS NOT NULL", name="cancellation_reason_given"),
    )

    policy_number: Mapped[str]
    provider_policy_id: Mapped[str | None]
    policyholder_id: Mapped[UUID]
    insurance_agent_id: Mapped[UUID | None]
    provider_id: Mapped[UUID]
    policy_type_id: Mapped[UUID]
    plan_name: Mapped[str]
    plan_code: Mapped[str | None]

    currency: Mapped[str]
    sum_assured: Mapped[Decimal]
    premium_amount: Mapped[Decimal]
    premium_frequency: Mapped[PremiumFrequency]
    premium_mode: Mapped[PremiumMode] = mapped_column(default=PremiumMode.REGULAR)
    outstanding_amount: Mapped[Decimal] = mapped_column(default=Decimal(0))
    commission_rate: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    commission_amount: Mapped[Decimal | None]
    sum_assured_minor: Mapped[int] = mapped_column(BigInteger, Computed("(sum_assured * 100)::bigint", persisted=True))
    premium_amount_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("(premium_amount * 100)::bigint", persisted=True)
    )
    outstanding_amount_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("(outstanding_amount * 100)::bigint", persisted=True)
    )

    applied_on: Mapped[date]
    issued_on: Mapped[date | None]
    start_on: Mapped[date]
    maturity_on: Mapped[date | None]
    renewal_on: Mapped[date | None]
    premiums_end_on: Mapped[date | None]
    next_due_on: Mapped[date | None]
    grace_period_days: Mapped[int] = mapped_column(default=30)
    payment_status: Mapped[PolicyPaymentStatus] = mapped_column(default=PolicyPaymentStatus.PENDING)
    last_payment_at: Mapped[datetime | None]
    payment_count: Mapped[int] = mapped_column(default=0)

    status: Mapped[PolicyStatus] = mapped_column(default=PolicyStatus.DRAFT)
    sub_status: Mapped[str | None]
    status_changed_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    review_started_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    revived_at: Mapped[datetime | None]
    surrendered_at: Mapped[datetime | None]
    matured_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancellation_reason: Mapped[PolicyCancellationReason | None]
    cancellation_note: Mapped[str | None]

    coverage_details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    riders: Mapped[list[Any]] = mapped_column(default=list)
    exclusions: Mapped[list[Any]] = mapped_column(default=list)
    terms_and_conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    documents: Mapped[list[Any]] = mapped_column(default=list)
    nominee_encrypted: Mapped[bytes | None]
    assignee_encrypted: Mapped[bytes | None]
    medical_reports_encrypted: Mapped[bytes | None]
    encryption_key_version: Mapped[int] = mapped_column(default=1)

    created_by_id: Mapped[UUID | None]
    approved_by_id: Mapped[UUID | None]
    cancelled_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("policy_number", "plan_name")
