"""Rows of the persons (contacts) and companies (accounts) that a tenant deals with."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.contacts import (
    AccountPriority,
    AccountStatus,
    AccountType,
    ContactMethod,
    ContactStatus,
    CustomerValue,
    RiskProfile,
)


class Contact(VersionedRow):
    """A person the tenant deals with.

    `email` is in lower case; `phone` and `mobile` are E.164, so that a call finds its contact. The deal
    figures are kept in the transaction that changes a deal; `total_deal_value` and `won_deal_value` map a
    currency to an amount written as a string, such as {"EUR": "1250.00"}. `external_id` is the person's id in
    the tenant's own system. Identity numbers are encrypted with the contact's own data key. Anonymising
    erases the person, not the figures.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        tenant_root(),
        tenant_fk("account_id", "accounts"),
        tenant_fk("owner_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "account_id", "created_at", "id"),
        Index(None, "tenant_id", "owner_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "email", "id"),
        Index(None, "tenant_id", "phone"),
        Index(None, "tenant_id", "mobile"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "last_activity_at", "id"),
        Index(None, "tenant_id", "last_name", "first_name", "id"),
        Index(None, "tenant_id", "company", "id"),
        Index(None, "tenant_id", "lead_score", "id"),
        CheckConstraint("first_name IS NOT NULL OR last_name IS NOT NULL", name="name_required"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{1,14}$'", name="phone_e164"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{1,14}$'", name="mobile_e164"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_format"),
        CheckConstraint("lead_score BETWEEN 0 AND 100", name="lead_score_range"),
        CheckConstraint(
            "open_deal_count >= 0 AND won_deal_count >= 0 AND deal_count >= open_deal_count + won_deal_count",
            name="deal_counts_add_up",
        ),
        CheckConstraint("is_anonymised = (anonymised_at IS NOT NULL)", name="anonymised_has_its_time"),
    )

    external_id: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    company: Mapped[str | None]
    job_title: Mapped[str | None]
    department_name: Mapped[str | None]
    born_on: Mapped[date | None]
    gender: Mapped[str | None]
    address_line1: Mapped[str | None]
    address_line2: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str | None]
    aadhaar_number_encrypted: Mapped[bytes | None]
    pan_number_encrypted: Mapped[bytes | None]
    social_profiles: Mapped[dict[str, Any]] = mapped_column(default=dict)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tags: Mapped[list[str]] = mapped_column(default=list)
    notes: Mapped[str | None]
    preferred_contact_method: Mapped[ContactMethod] = mapped_column(default=ContactMethod.EMAIL)
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en-US")
    status: Mapped[ContactStatus] = mapped_column(default=ContactStatus.ACTIVE)
    risk_profile: Mapped[RiskProfile | None]
    customer_value: Mapped[CustomerValue] = mapped_column(default=CustomerValue.BRONZE)
    lead_score: Mapped[int] = mapped_column(default=0)
    deal_count: Mapped[int] = mapped_column(default=0)
    open_deal_count: Mapped[int] = mapped_column(default=0)
    won_deal_count: Mapped[int] = mapped_column(default=0)
    total_deal_value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    won_deal_value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    last_contacted_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]
    next_activity_at: Mapped[datetime | None]
    is_anonymised: Mapped[bool] = mapped_column(default=False)
    anonymised_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document(
        "first_name", "last_name", "email", "phone", "mobile", "company", "job_title"
    )


class Account(VersionedRow):
    """A company the tenant deals with; companies may belong to other companies.

    Both addresses have the keys line1, line2, city, state, postal_code and country. `annual_revenue` is in
    `currency`. `health_score` runs from 0, about to leave, to 100.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        tenant_root(),
        tenant_fk("parent_account_id", "accounts"),
        tenant_fk("owner_id", "users"),
        tenant_fk("account_manager_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "account_number"),
        Index(None, "tenant_id", "parent_account_id", "created_at", "id"),
        Index(None, "tenant_id", "owner_id", "created_at", "id"),
        Index(None, "tenant_id", "account_manager_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "last_activity_at", "id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "industry", "id"),
        Index(None, "tenant_id", "account_type", "created_at", "id"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{1,14}$'", name="phone_e164"),
        CheckConstraint("website ~* '^https?://'", name="website_format"),
        CheckConstraint("annual_revenue IS NULL OR currency IS NOT NULL", name="revenue_has_its_currency"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_format"),
        CheckConstraint("employee_count >= 0", name="employee_count_not_negative"),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        CheckConstraint("parent_account_id <> id", name="not_its_own_parent"),
    )

    name: Mapped[str]
    account_number: Mapped[str | None]
    account_type: Mapped[AccountType] = mapped_column(default=AccountType.PROSPECT)
    industry: Mapped[str | None]
    sub_industry: Mapped[str | None]
    website: Mapped[str | None]
    description: Mapped[str | None]
    annual_revenue: Mapped[Decimal | None]
    currency: Mapped[str | None]
    employee_count: Mapped[int | None]
    founded_year: Mapped[int | None]
    stock_symbol: Mapped[str | None]
    billing_address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shipping_address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    phone: Mapped[str | None]
    fax: Mapped[str | None]
    email: Mapped[str | None]
    social_profiles: Mapped[dict[str, Any]] = mapped_column(default=dict)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tags: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[AccountStatus] = mapped_column(default=AccountStatus.ACTIVE)
    priority: Mapped[AccountPriority] = mapped_column(default=AccountPriority.MEDIUM)
    health_score: Mapped[int] = mapped_column(default=0)
    last_activity_at: Mapped[datetime | None]
    next_activity_at: Mapped[datetime | None]
    parent_account_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    account_manager_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document("name", "account_number", "email", "industry", "website")
