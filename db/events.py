"""Rows of the event log: what happened in a tenant, in order, and the clock row that numbers it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from db.core.base import Base, TenantRow, tenant_root
from db.enums.events import ActorKind, EventType


class Event(Base):
    """One entry of a tenant's log. Positions are gapless and in the order of commits.

    `payload` holds ids, names of changed fields and statuses: never personal data.
    """

    __tablename__ = "events"
    __table_args__ = (
        tenant_root(),
        Index(None, "tenant_id", "object_id", "position"),
        Index(None, "tenant_id", "occurred_at", "position"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(default=uuid7)
    type: Mapped[EventType]
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    actor_kind: Mapped[ActorKind]
    actor_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    occurred_at: Mapped[datetime]


class TenantClock(Base):
    """The counter of a tenant's log and its next due time: the one table that workers read across tenants.

    The log holds the positions first_position to last_position; first_position is last_position + 1 when it is
    empty. `followed_position` is where the first of those stands who want to be woken by what follows in the log,
    such as webhook endpoints; null when nobody does.
    """

    __tablename__ = "tenant_clock"
    __table_args__ = (tenant_root(), Index(None, "tenant_id", "next_due_at"))

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_position: Mapped[int] = mapped_column(BigInteger, default=1)
    last_position: Mapped[int] = mapped_column(BigInteger, default=0)
    next_due_at: Mapped[datetime | None]
    followed_position: Mapped[int | None] = mapped_column(BigInteger)


class IdempotencyRecord(TenantRow):
    """What a mutation did under an idempotency key: enough to answer the same request again, and no secret."""

    __tablename__ = "idempotency_records"
    __table_args__ = (
        tenant_root(),
        Index("uq_idempotency_records_key", "tenant_id", "credential_id", "key", unique=True),
        Index(None, "tenant_id", "expires_at"),
    )

    credential_id: Mapped[UUID]
    key: Mapped[str]
    mutation: Mapped[str]
    input_hash: Mapped[bytes]
    object_ids: Mapped[dict[str, Any]] = mapped_column(default=dict)
    position: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]
