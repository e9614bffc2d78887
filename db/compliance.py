"""Rows of compliance: the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import TenantRow, tenant_root
from db.enums.compliance import AuditCategory, AuditOutcome
from db.enums.events import ActorKind


class AuditLogEntry(TenantRow):
    """Who did what, at `created_at`, with old and new values. Entries are added, never changed.

    `action` is the name of what was done, such as deal.moved; the names in `changed_fields` are those of
    columns. The values are JSON, encrypted with the data key of `key_subject_id`: the contact they are about,
    whose anonymising destroys the key, or else the tenant. `details` holds no personal data. Actor and object
    have no foreign keys: the entry outlives them. `event_id` is the event of the same change.
    """

    __tablename__ = "audit_log_entries"
    __table_args__ = (
        tenant_root(),
        Index(None, "tenant_id", "created_at", "id"),
        Index("ix_audit_log_entries_object", "tenant_id", "object_type", "object_id", "created_at", "id"),
        Index(None, "tenant_id", "actor_id", "created_at", "id"),
        Index(None, "tenant_id", "action", "created_at", "id"),
        Index(None, "tenant_id", "category", "created_at", "id"),
        CheckConstraint(
            "key_subject_id IS NOT NULL OR num_nonnulls(old_values_encrypted, new_values_encrypted) = 0",
            name="values_have_their_key",
        ),
        CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
    )

    actor_kind: Mapped[ActorKind]
    actor_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    action: Mapped[str]
    category: Mapped[AuditCategory] = mapped_column(default=AuditCategory.DATA_ACCESS)
    compliance_category: Mapped[str | None]
    object_type: Mapped[str]
    object_id: Mapped[UUID | None]
    changed_fields: Mapped[list[str]] = mapped_column(default=list)
    key_subject_id: Mapped[UUID | None]
    old_values_encrypted: Mapped[bytes | None]
    new_values_encrypted: Mapped[bytes | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    outcome: Mapped[AuditOutcome] = mapped_column(default=AuditOutcome.SUCCESS)
    error_message: Mapped[str | None]
    duration_ms: Mapped[int | None]
    event_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
