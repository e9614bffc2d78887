"""Rows of webhooks: who outside is told of the events of the log, and what was delivered to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import TenantRow, VersionedRow, tenant_fk, tenant_root
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryKind, WebhookDeliveryStatus

UNFINISHED = "status IN ('QUEUED', 'RETRYING')"


class WebhookEndpoint(VersionedRow):
    """An address outside that is told of the events of some types, in the order of the log.

    What the log holds up to `queued_position` has become deliveries, of which the newest is `last_sequence`;
    `delivered_position` is how far they arrived. A worker that delivers holds the lease until `lease_ends_at`.
    `secret_encrypted` signs, under version `secret_key_version` of the tenant's key, and the previous secret beside
    it until `previous_secret_expires_at`. `gone_at` is when the receiver answered 410, which switches it off.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("cardinality(event_types) > 0", name="event_types_not_empty"),
        CheckConstraint(
            "(previous_secret_encrypted IS NULL) = (previous_secret_key_version IS NULL)"
            " AND (previous_secret_encrypted IS NULL) = (previous_secret_expires_at IS NULL)",
            name="previous_secret_key_known",
        ),
        CheckConstraint("(lease_id IS NULL) = (lease_ends_at IS NULL)", name="lease_ends"),
        CheckConstraint("queued_position >= 0", name="queued_position"),
        CheckConstraint("delivered_position >= 0", name="delivered_position"),
        CheckConstraint("consecutive_failure_count >= 0", name="consecutive_failure_count"),
    )

    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(default=True)
    gone_at: Mapped[datetime | None]

    secret_encrypted: Mapped[bytes]
    secret_key_version: Mapped[int]
    previous_secret_encrypted: Mapped[bytes | None]
    previous_secret_key_version: Mapped[int | None]
    previous_secret_expires_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]

    queued_position: Mapped[int] = mapped_column(BigInteger)
    delivered_position: Mapped[int] = mapped_column(BigInteger)
    last_sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    circuit: Mapped[WebhookCircuit] = mapped_column(default=WebhookCircuit.CLOSED)
    consecutive_failure_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    lease_id: Mapped[UUID | None]
    lease_ends_at: Mapped[datetime | None]

    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]


class WebhookDelivery(TenantRow):
    """Something to tell a webhook endpoint, and how that went. Deliveries go out in the order of `sequence`.

    `content` is the event as the log had it, so that it can be sent again when the log no longer has it; a gap
    has the positions from `from_position` to `position`. `event_type` is one of EventType.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        tenant_root(),
        tenant_fk("webhook_endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "webhook_endpoint_id", "sequence"),
        Index(None, "tenant_id", "webhook_endpoint_id", "created_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(
            "ix_webhook_deliveries_queue",
            "tenant_id",
            "webhook_endpoint_id",
            "sequence",
            postgresql_where=text(UNFINISHED),
        ),
        CheckConstraint("attempt_count >= 0", name="attempt_count"),
        CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
        CheckConstraint("(status = 'DELIVERED') = (delivered_at IS NOT NULL)", name="delivered_at_known"),
    )

    webhook_endpoint_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[WebhookDeliveryKind]
    is_redelivery: Mapped[bool] = mapped_column(default=False)
    status: Mapped[WebhookDeliveryStatus] = mapped_column(default=WebhookDeliveryStatus.QUEUED)
    event_id: Mapped[UUID | None]
    event_type: Mapped[str | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
    from_position: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempt_count: Mapped[int] = mapped_column(default=0)
    response_status: Mapped[int | None]
    duration_ms: Mapped[int | None]
    error: Mapped[str | None]
    first_attempted_at: Mapped[datetime | None]
    last_attempted_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
