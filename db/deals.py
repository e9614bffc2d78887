"""Rows of deals: the pipelines and stages they run through, their products, and each move they made."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import TenantRow, VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.deals import (
    DealPriority,
    DealStatus,
    DealType,
    PipelineStageType,
    PipelineType,
    ProbabilityCalculation,
)


class Pipeline(VersionedRow):
    """The way that deals of one kind go, stage by stage. `currency` is what a new deal of it starts with."""

    __tablename__ = "pipelines"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "name"),
        Index("uq_pipelines_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "name", "id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_format"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    pipeline_type: Mapped[PipelineType] = mapped_column(default=PipelineType.SALES)
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    currency: Mapped[str] = mapped_column(default="USD")
    probability_calculation: Mapped[ProbabilityCalculation] = mapped_column(default=ProbabilityCalculation.MANUAL)
    is_stage_order_enforced: Mapped[bool] = mapped_column(default=False)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]


class PipelineStage(VersionedRow):
    """A step of a pipeline; `position` counts from 1.

    `required_fields` names the columns of a deal that must be filled before it enters. `default_probability`
    is in percent.
    """

    __tablename__ = "pipeline_stages"
    __table_args__ = (
        tenant_root(),
        tenant_fk("pipeline_id", "pipelines", ondelete="CASCADE"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "pipeline_id", "id"),  # what a deal's stage refers to
        UniqueConstraint("tenant_id", "pipeline_id", "name"),
        UniqueConstraint("tenant_id", "pipeline_id", "position"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "position", "id"),
        CheckConstraint("position > 0", name="position_positive"),
        CheckConstraint("default_probability BETWEEN 0 AND 100", name="default_probability_range"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color_format"),
    )

    pipeline_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str | None]
    position: Mapped[int]
    stage_type: Mapped[PipelineStageType] = mapped_column(default=PipelineStageType.OPEN)
    default_probability: Mapped[int] = mapped_column(default=0)
    required_fields: Mapped[list[str]] = mapped_column(default=list)
    color: Mapped[str] = mapped_column(default="#007bff")
    icon: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]


class Deal(VersionedRow):
    """A sale in the making, in one stage of one pipeline.

    `value_minor` is `value` in minor units of `currency`, 0 without one, for orders: the index of a numeric
    column is out of reach under row-level security. `probability` is in percent. `actual_close_on` is the
    business date, `closed_at` the moment the deal entered a closed stage.
    """

    __tablename__ = "deals"
    __table_args__ = (
        tenant_root(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("account_id", "accounts"),
        tenant_fk("policy_id", "policies"),
        tenant_fk("pipeline_id", "pipelines"),
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "stage_id"],
            ["pipeline_stages.tenant_id", "pipeline_stages.pipeline_id", "pipeline_stages.id"],
        ),
        tenant_fk("owner_id", "users"),
        tenant_fk("team_id", "teams"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        Index(None, "tenant_id", "contact_id", "created_at", "id"),
        Index(None, "tenant_id", "account_id", "created_at", "id"),
        Index(None, "tenant_id", "policy_id", "created_at", "id"),
        Index(None, "tenant_id", "pipeline_id", "created_at", "id"),
        Index(None, "tenant_id", "pipeline_id", "stage_id", "created_at", "id"),
        Index(None, "tenant_id", "stage_id", "created_at", "id"),
        Index(None, "tenant_id", "owner_id", "created_at", "id"),
        Index(None, "tenant_id", "team_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "expected_close_on", "id"),
        Index(None, "tenant_id", "stage_entered_at", "id"),
        Index(None, "tenant_id", "value_minor", "id"),
        Index(None, "tenant_id", "title", "id"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint("value_minor >= 0", name="value_minor_not_negative"),
        CheckConstraint("(coalesce(value, 0) = 0) = (value_minor = 0)", name="value_has_its_minor_units"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_format"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability_range"),
    )

    title: Mapped[str]
    description: Mapped[str | None]
    value: Mapped[Decimal | None]
    value_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(default="USD")
    status: Mapped[DealStatus] = mapped_column(default=DealStatus.OPEN)
    priority: Mapped[DealPriority] = mapped_column(default=DealPriority.MEDIUM)
    deal_type: Mapped[DealType] = mapped_column(default=DealType.NEW_BUSINESS)
    probability: Mapped[int] = mapped_column(default=0)
    stage_entered_at: Mapped[datetime]
    expected_close_on: Mapped[date | None]
    actual_close_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]
    lead_source: Mapped[str | None]
    competitor: Mapped[str | None]
    next_step: Mapped[str | None]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tags: Mapped[list[str]] = mapped_column(default=list)
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    policy_id: Mapped[UUID | None]
    pipeline_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    owner_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document("title", "description")


class DealProduct(VersionedRow):
    """A line of a deal, in its currency; the value of a deal with lines is the sum of their `total_price`.

    total_price = quantity * unit_price - discount_amount - discount_percent of (quantity * unit_price).
    """

    __tablename__ = "deal_products"
    __table_args__ = (
        tenant_root(),
        tenant_fk("deal_id", "deals", ondelete="CASCADE"),
        tenant_fk("created_by_id", "users"),
        Index(None, "tenant_id", "deal_id", "position", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("position > 0", name="position_positive"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount_percent_range"),
        CheckConstraint("discount_amount >= 0", name="discount_amount_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_format"),
    )

    deal_id: Mapped[UUID]
    position: Mapped[int]
    product_name: Mapped[str]
    product_code: Mapped[str | None]
    description: Mapped[str | None]
    quantity: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=Decimal(1))
    unit_price: Mapped[Decimal]
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    discount_amount: Mapped[Decimal] = mapped_column(default=Decimal(0))
    total_price: Mapped[Decimal]
    currency: Mapped[str]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by_id: Mapped[UUID | None]


class DealStageChange(TenantRow):
    """A move of a deal, at `created_at`. The first one, on creation, comes from no stage.

    `time_in_stage_seconds` is how long the deal had been in the stage it left.
    """

    __tablename__ = "deal_stage_changes"
    __table_args__ = (
        tenant_root(),
        tenant_fk("deal_id", "deals", ondelete="CASCADE"),
        tenant_fk("from_stage_id", "pipeline_stages"),
        tenant_fk("to_stage_id", "pipeline_stages"),
        tenant_fk("changed_by_id", "users"),
        Index(None, "tenant_id", "deal_id", "created_at", "id"),
        Index(None, "tenant_id", "from_stage_id", "created_at", "id"),
        Index(None, "tenant_id", "to_stage_id", "created_at", "id"),
        Index(None, "tenant_id", "changed_by_id", "created_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("from_probability BETWEEN 0 AND 100", name="from_probability_range"),
        CheckConstraint("to_probability BETWEEN 0 AND 100", name="to_probability_range"),
        CheckConstraint("time_in_stage_seconds >= 0", name="time_in_stage_not_negative"),
    )

    deal_id: Mapped[UUID]
    from_stage_id: Mapped[UUID | None]
    to_stage_id: Mapped[UUID]
    from_probability: Mapped[int | None]
    to_probability: Mapped[int]
    time_in_stage_seconds: Mapped[int | None] = mapped_column(BigInteger)
    notes: Mapped[str | None]
    changed_by_id: Mapped[UUID | None]
