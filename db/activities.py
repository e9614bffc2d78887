"""Rows of activities: what users do, did or plan about contacts, accounts, deals, policies and calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.activities import ActivityPriority, ActivityStatus, ActivityType


class Activity(VersionedRow):
    """Something a user does about at least one contact, account, deal, policy or call.

    The owner answers for it; the assignee does it.
    """

    __tablename__ = "activities"
    __table_args__ = (
        tenant_root(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("account_id", "accounts"),
        tenant_fk("deal_id", "deals"),
        tenant_fk("policy_id", "policies"),
        tenant_fk("call_id", "calls"),
        tenant_fk("owner_id", "users"),
        tenant_fk("assignee_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        Index(None, "tenant_id", "contact_id", "created_at", "id"),
        Index(None, "tenant_id", "account_id", "created_at", "id"),
        Index(None, "tenant_id", "deal_id", "created_at", "id"),
        Index(None, "tenant_id", "policy_id", "created_at", "id"),
        Index(None, "tenant_id", "call_id", "created_at", "id"),
        Index(None, "tenant_id", "owner_id", "created_at", "id"),
        Index(None, "tenant_id", "assignee_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "scheduled_at", "id"),
        Index(None, "tenant_id", "due_at", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "activity_type", "created_at", "id"),
        CheckConstraint(
            "num_nonnulls(contact_id, account_id, deal_id, policy_id, call_id) > 0", name="is_about_something"
        ),
        CheckConstraint("duration_seconds > 0", name="duration_positive"),
        CheckConstraint("meeting_url ~* '^https?://'", name="meeting_url_format"),
    )

    activity_type: Mapped[ActivityType]
    subject: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[ActivityStatus] = mapped_column(default=ActivityStatus.SCHEDULED)
    priority: Mapped[ActivityPriority] = mapped_column(default=ActivityPriority.MEDIUM)
    scheduled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    location: Mapped[str | None]
    meeting_url: Mapped[str | None]
    outcome: Mapped[str | None]
    outcome_notes: Mapped[str | None]
    is_follow_up_required: Mapped[bool] = mapped_column(default=False)
    follow_up_at: Mapped[datetime | None]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tags: Mapped[list[str]] = mapped_column(default=list)
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    policy_id: Mapped[UUID | None]
    call_id: Mapped[UUID | None]
    owner_id: Mapped[UUID]
    assignee_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document("subject")
