"""Rows of promised callbacks, of the queues that hand them out, and of what was done about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import TenantRow, VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.callbacks import (
    CallbackActivityType,
    CallbackCategory,
    CallbackContactMethod,
    CallbackContactOutcome,
    CallbackOutcome,
    CallbackPriority,
    CallbackQueueType,
    CallbackRequestType,
    CallbackSource,
    CallbackStatus,
    CallbackUrgency,
)
from db.enums.contacts import CustomerValue

OPEN = "status NOT IN ('COMPLETED', 'CANCELLED')"


class CallbackQueue(VersionedRow):
    """A queue that hands callbacks to insurance agents.

    `sla_hours` is the time its callbacks have unless they bring their own; null leaves it to their priority.
    `max_concurrent_callbacks` bounds what one insurance agent works on at a time, together with the agent's
    own bound: the lower counts. `last_insurance_agent_id` is whom a ROUND_ROBIN queue chose last; it chooses
    from the members of its team, from all insurance agents when it has none. `assignment_rules` say which
    callbacks it takes that name no queue: `{"request_types": ["FEEDBACK"], "categories": ["BILLING"],
    "priorities": ["HIGH"]}`, where a list that is missing or empty takes all.
    """

    __tablename__ = "callback_queues"
    __table_args__ = (
        tenant_root(),
        tenant_fk("team_id", "teams"),
        tenant_fk("last_insurance_agent_id", "insurance_agents"),
        UniqueConstraint("tenant_id", "name"),
        Index(None, "tenant_id", "team_id", "id"),
        Index(None, "tenant_id", "last_insurance_agent_id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("max_concurrent_callbacks >= 0", name="max_concurrent_callbacks"),
        CheckConstraint("sla_hours > 0", name="sla_hours"),
    )

    name: Mapped[str]
    queue_type: Mapped[CallbackQueueType] = mapped_column(default=CallbackQueueType.PRIORITY)
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    team_id: Mapped[UUID | None]
    max_concurrent_callbacks: Mapped[int] = mapped_column(default=5)
    sla_hours: Mapped[int | None]
    is_auto_assignment_enabled: Mapped[bool] = mapped_column(default=True)
    assignment_rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    last_insurance_agent_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("name", "description")


class CallbackRequest(VersionedRow):
    """A promise to call somebody back.

    `number` is what people quote, CBR and digits. `phone_number` is E.164, null when the contact's own is to
    be called. `insurance_agent_id` is the assignee, `call_id` the call on which the callback was asked for,
    `customer_value` the contact's at that time. `priority_score` is within 1..100, in steps of a quarter, as
    last computed; `is_priority_manual` says that a person or rule set the priority, and scoring leaves it.
    `sla_hours` is the request's own, null when the queue or the priority decides. The transitions set their
    timestamps. `due_at` moves by the seconds that a pause lasted, which add up in `paused_seconds`;
    `paused_at` is set while a pause lasts. `satisfaction_rating` is 1..5.
    """

    __tablename__ = "callback_requests"
    __table_args__ = (
        tenant_root(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("insurance_agent_id", "insurance_agents"),
        tenant_fk("queue_id", "callback_queues"),
        tenant_fk("call_id", "calls"),
        tenant_fk("escalated_to_user_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        tenant_fk("assigned_by_id", "users"),
        tenant_fk("completed_by_id", "users"),
        tenant_fk("cancelled_by_id", "users"),
        UniqueConstraint("tenant_id", "number"),
        Index(None, "tenant_id", "contact_id", "created_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "status", "due_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "created_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "assigned_at"),
        Index(None, "tenant_id", "queue_id", "created_at", "id"),
        Index(None, "tenant_id", "queue_id", "status", "priority_score", "id"),
        Index(None, "tenant_id", "call_id"),
        Index(None, "tenant_id", "escalated_to_user_id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "assigned_by_id"),
        Index(None, "tenant_id", "completed_by_id"),
        Index(None, "tenant_id", "cancelled_by_id"),
        Index(None, "tenant_id", "status", "due_at", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "priority", "created_at", "id"),
        Index(None, "tenant_id", "priority_score", "id"),
        Index(None, "tenant_id", "due_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index("ix_callback_requests_open_due", "tenant_id", "due_at", "id", postgresql_where=text(OPEN)),
        Index(
            "ix_callback_requests_open_score",
            "tenant_id",
            "priority_score",
            "id",
            postgresql_where=text(OPEN),
        ),
        CheckConstraint(r"phone_number ~ '^\+[1-9][0-9]{1,14}$'", name="phone_number"),
        CheckConstraint("priority_score BETWEEN 0 AND 100", name="priority_score"),
        CheckConstraint("sla_hours > 0", name="sla_hours"),
        CheckConstraint("satisfaction_rating BETWEEN 1 AND 5", name="satisfaction_rating"),
        CheckConstraint("attempt_count >= 0", name="attempt_count"),
        CheckConstraint("escalation_level >= 0", name="escalation_level"),
        CheckConstraint("paused_seconds >= 0", name="paused_seconds"),
        CheckConstraint(
            "status NOT IN ('ASSIGNED', 'IN_PROGRESS') OR insurance_agent_id IS NOT NULL",
            name="assignee_known",
        ),
        CheckConstraint("status <> 'COMPLETED' OR completed_at IS NOT NULL", name="completed_at_known"),
        CheckConstraint("status <> 'CANCELLED' OR cancelled_at IS NOT NULL", name="cancelled_at_known"),
    )

    number: Mapped[str]
    contact_id: Mapped[UUID]
    phone_number: Mapped[str | None]
    call_id: Mapped[UUID | None]
    request_type: Mapped[CallbackRequestType]
    category: Mapped[CallbackCategory] = mapped_column(default=CallbackCategory.GENERAL)
    description: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(default=list)
    source: Mapped[CallbackSource] = mapped_column(default=CallbackSource.PORTAL)
    source_reference: Mapped[str | None]

    status: Mapped[CallbackStatus] = mapped_column(default=CallbackStatus.PENDING)
    queue_id: Mapped[UUID | None]
    insurance_agent_id: Mapped[UUID | None]
    priority: Mapped[CallbackPriority] = mapped_column(default=CallbackPriority.LOW)
    priority_score: Mapped[float] = mapped_column(default=0.0)
    is_priority_manual: Mapped[bool] = mapped_column(default=False)
    urgency: Mapped[CallbackUrgency] = mapped_column(default=CallbackUrgency.MEDIUM)
    customer_value: Mapped[CustomerValue] = mapped_column(default=CustomerValue.BRONZE)

    sla_hours: Mapped[int | None]
    due_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    snoozed_until_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_seconds: Mapped[int] = mapped_column(default=0)
    attempt_count: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime | None]

    escalation_level: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[datetime | None]
    escalated_to_user_id: Mapped[UUID | None]
    escalation_reason: Mapped[str | None]

    outcome: Mapped[CallbackOutcome | None]
    resolution: Mapped[str | None]
    cancellation_reason: Mapped[str | None]
    satisfaction_rating: Mapped[int | None]
    satisfaction_comment: Mapped[str | None]

    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    assigned_by_id: Mapped[UUID | None]
    completed_by_id: Mapped[UUID | None]
    cancelled_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("number", "description", "source_reference", "phone_number")


class CallbackActivity(TenantRow):
    """One entry in the history of a callback; never changed.

    `user_id` is who acted, null for a program or the clock. `insurance_agent_id` is the assignee that the
    entry is about. A transition gives `old_status` and `new_status`, a reassignment the same twice.
    """

    __tablename__ = "callback_activities"
    __table_args__ = (
        tenant_root(),
        tenant_fk("callback_request_id", "callback_requests", ondelete="CASCADE"),
        tenant_fk("insurance_agent_id", "insurance_agents"),
        tenant_fk("user_id", "users"),
        tenant_fk("call_id", "calls"),
        Index(None, "tenant_id", "callback_request_id", "created_at", "id"),
        Index(None, "tenant_id", "insurance_agent_id", "created_at", "id"),
        Index(None, "tenant_id", "user_id", "created_at", "id"),
        Index(None, "tenant_id", "call_id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("duration_seconds >= 0", name="duration_seconds"),
    )

    callback_request_id: Mapped[UUID]
    activity_type: Mapped[CallbackActivityType]
    description: Mapped[str]
    user_id: Mapped[UUID | None]
    insurance_agent_id: Mapped[UUID | None]
    call_id: Mapped[UUID | None]
    old_status: Mapped[CallbackStatus | None]
    new_status: Mapped[CallbackStatus | None]
    duration_seconds: Mapped[int | None]
    contact_method: Mapped[CallbackContactMethod | None]
    contact_outcome: Mapped[CallbackContactOutcome | None]
    notes: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
