"""The types: queue, callback, and the entries of its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.enums import callbacks as enums
from db.enums.contacts import CustomerValue
from gql.callbacks.filters import (
    CallbackActivityFilter,
    CallbackActivityOrder,
    CallbackRequestFilter,
    CallbackRequestOrder,
)
from gql.core.connections import Connection, connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.ids import encode_id
from gql.core.node import Node, object_type
from resolvers.core.context import Context
from resolvers.core.errors import camel
from resolvers.loaders import access as access_loaders
from resolvers.loaders import callbacks as loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import insurance_agents as insurance_agent_loaders
from resolvers.rules import callbacks as rules

if TYPE_CHECKING:
    from gql.access import Team, User
    from gql.calls import Call
    from gql.contacts import Contact
    from gql.insurance_agents import InsuranceAgent

register(enums)
enum_type(CustomerValue)

_TIMES = (
    "status",
    "created_at",
    "due_at",
    "reopened_at",
    "paused_at",
    "paused_seconds",
    "completed_at",
    "cancelled_at",
)
_SCORED = (*_TIMES, "request_type", "urgency", "customer_value")


def _times(request: Any) -> rules.CallbackTimes:
    return rules.CallbackTimes(**{name: getattr(request, name) for name in _TIMES})


def _score(context: Context, request: Any) -> float:
    return rules.score_as_of(
        request.request_type, request.urgency, request.customer_value, _times(request), context.now
    )


def _priority_category(context: Context, request: Any) -> enums.CallbackPriority:
    settled: enums.CallbackPriority = request.priority
    return settled if request.is_priority_manual else rules.priority_of(_score(context, request))


def _with_global_ids(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details of an entry, their names and ids as clients know them."""
    return {
        camel(name): encode_id("InsuranceAgent", value) if name.endswith("insurance_agent_id") else value
        for name, value in details.items()
    }


@object_type(
    loaders.callback_queue_by_id,
    permission="callback_queue:read",
    description="A queue that hands callbacks to insurance agents.",
)
class CallbackQueue(Node):
    name: str = column("The queue's name.")
    queue_type: enums.CallbackQueueType = column("In which order it hands out, and to whom.")
    description: str | None = column("What the queue is for.")
    is_active: bool = column("Whether it takes new callbacks.")
    max_concurrent_callbacks: int = column(
        "How many open callbacks an assignee may have; of this and their own limit the lower counts."
    )
    sla_hours: int | None = column("The hours its callbacks have unless they bring their own; null: by priority.")
    is_auto_assignment_enabled: bool = column("Whether it may choose the assignee when nobody is named.")
    assignment_rules: JSON = column(
        "Which callbacks that name no queue it takes: lists `request_types`, `categories`, `priorities`."
    )
    team: Annotated["Team", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.team_by_id,
        "team_id",
        "The team whose members it chooses from; none means all.",
    )
    last_insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_id,
        "last_insurance_agent_id",
        "Whom a ROUND_ROBIN queue chose last.",
    )
    callback_requests: Connection[Annotated["CallbackRequest", strawberry.lazy("gql.callbacks")]] = connection(
        loaders.callback_requests_by_queue,
        "The callbacks in the queue.",
        filter=CallbackRequestFilter,
        order_by=CallbackRequestOrder,
    )
    created_at: datetime = column("When the queue was created.")
    updated_at: datetime = column("When the queue was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(loaders.callback_request_by_id, permission="callback:read", description="A promise to call somebody back.")
class CallbackRequest(Node):
    number: str = column("What people quote: CBR and digits.")
    phone_number: str | None = column(
        "The number to call, in E.164; null for the contact's own.", permission="contact:pii:read"
    )
    request_type: enums.CallbackRequestType = column("What it is about.")
    category: enums.CallbackCategory = column("The field that it belongs to.")
    description: str = column("What the customer wants, in words.")
    tags: list[str] = column("The tenant's labels.")
    source: enums.CallbackSource = column("Where it was asked for.")
    source_reference: str | None = column("What identifies it there.")
    status: enums.CallbackStatus = column("Where it stands; `isOverdue` knows sooner that its time has passed.")
    priority: enums.CallbackPriority = column("The priority at the last change; `priorityCategory` is as of now.")
    priority_category: enums.CallbackPriority = computed(
        _priority_category,
        (*_SCORED, "is_priority_manual", "priority"),
        "The priority as of now: as somebody set it, else HIGH from a score of 85 on, MEDIUM from 70 on.",
    )
    priority_score: float = column("The score as of the last change, which lists are ordered by.")
    score: float = computed(
        _score,
        _SCORED,
        "How pressing it is as of now, 1 to 100: by type, urgency, customer, and a quarter per hour of age.",
    )
    is_priority_manual: bool = column("Whether a person or rule set the priority, and not the score.")
    urgency: enums.CallbackUrgency = column("How soon the customer needs it.")
    customer_value: CustomerValue = column("How much the customer was worth when it was promised.")
    sla_hours: int | None = column("The hours it has of its own; null when queue or priority decide.")
    due_at: datetime = column("When it is due.")
    is_overdue: bool = computed(
        lambda context, request: rules.is_overdue(_times(request), context.now),
        _TIMES,
        "Whether it is open and its due time has passed, as of now.",
    )
    sla_state: enums.CallbackSlaState = computed(
        lambda context, request: rules.sla_state(_times(request), context.now),
        _TIMES,
        "How it stands against its due time: as of now, or as of its end.",
    )
    scheduled_at: datetime | None = column("The time agreed on for the call.")
    assigned_at: datetime | None = column("When it was last assigned.")
    first_response_at: datetime | None = column("When somebody first began to work on it.")
    started_at: datetime | None = column("When an assignee last began: the present one unless before `assignedAt`.")
    overdue_at: datetime | None = column("When it was marked OVERDUE.")
    completed_at: datetime | None = column("When it was kept.")
    cancelled_at: datetime | None = column("When it was called off.")
    reopened_at: datetime | None = column("When it was last opened again.")
    snoozed_until_at: datetime | None = column("Until when it was put off.")
    paused_at: datetime | None = column("When its clock was stopped; null while it runs.")
    paused_seconds: int = column("How long its clock stood still before.")
    attempt_count: int = column("How often somebody tried to reach the customer.")
    last_attempt_at: datetime | None = column("When the customer was last called.")
    escalation_level: int = column("How often it was escalated.")
    escalated_at: datetime | None = column("When it was last escalated.")
    escalation_reason: str | None = column("Why it was escalated.")
    outcome: enums.CallbackOutcome | None = column("How it came to its end.")
    resolution: str | None = column("How it was settled, in words.")
    cancellation_reason: str | None = column("Why it was called off.")
    satisfaction_rating: int | None = column("The customer's rating, 1 to 5.")
    satisfaction_comment: str | None = column("What the customer said about it.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.contact_by_id, "contact_id", "The person to call."
    )
    insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_id, "insurance_agent_id", "The assignee."
    )
    queue: CallbackQueue | None = to_one(loaders.callback_queue_by_id, "queue_id", "The queue that hands it out.")
    call: Annotated["Call", strawberry.lazy("gql.calls")] | None = to_one(
        call_loaders.call_by_id, "call_id", "The call on which it was asked for."
    )
    escalated_to: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "escalated_to_user_id", "The user whom it was escalated to."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who promised it; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    assigned_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "assigned_by_id", "The user who assigned it last."
    )
    completed_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "completed_by_id", "The user who completed it."
    )
    cancelled_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "cancelled_by_id", "The user who called it off."
    )
    activities: Connection[Annotated["CallbackActivity", strawberry.lazy("gql.callbacks")]] = connection(
        loaders.callback_activities_by_callback_request,
        "What happened to it, from its promise on.",
        filter=CallbackActivityFilter,
        order_by=CallbackActivityOrder,
    )
    created_at: datetime = column("When it was promised.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(
    loaders.callback_activity_by_id,
    permission="callback:read",
    description="An entry in the history of a callback; it never changes.",
)
class CallbackActivity(Node):
    activity_type: enums.CallbackActivityType = column("What happened.")
    description: str = column("What happened, in words.")
    old_status: enums.CallbackStatus | None = column("The status before, where the entry tells of one.")
    new_status: enums.CallbackStatus | None = column("The status after, where the entry tells of one.")
    duration_seconds: int | None = column("How long it took.")
    contact_method: enums.CallbackContactMethod | None = column("By which way the customer was reached for.")
    contact_outcome: enums.CallbackContactOutcome | None = column("What came of it.")
    notes: str | None = column("What somebody wrote about it.")
    details: JSON = computed(
        lambda _, activity: _with_global_ids(activity.details),
        ("details",),
        "What else belongs to it, such as `oldInsuranceAgentId` of a reassignment.",
    )
    callback_request: CallbackRequest | None = to_one(
        loaders.callback_request_by_id, "callback_request_id", "The callback."
    )
    insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_id, "insurance_agent_id", "The assignee at that time."
    )
    user: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "user_id", "Who acted; none for a program or the clock."
    )
    call: Annotated["Call", strawberry.lazy("gql.calls")] | None = to_one(
        call_loaders.call_by_id, "call_id", "The call that was made."
    )
    created_at: datetime = column("When it happened.")
