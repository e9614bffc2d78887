"""The root fields: reading callbacks, queues and history, and promising, assigning and keeping callbacks."""

import strawberry

from db.enums import callbacks as enums
from gql.callbacks.filters import (
    CallbackActivityFilter,
    CallbackActivityOrder,
    CallbackQueueFilter,
    CallbackQueueOrder,
    CallbackRequestFilter,
    CallbackRequestOrder,
)
from gql.callbacks.types import CallbackActivity, CallbackQueue, CallbackRequest
from gql.core.connections import Connection, root_connection
from gql.core.mutations import (
    MutationPayload,
    affected,
    expected_version,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
)
from gql.core.node import root_one
from resolvers import callbacks as actions
from resolvers.loaders import callbacks as loaders


@strawberry.type
class CallbackQueries:
    callback_queue: CallbackQueue | None = root_one(
        loaders.callback_queue_by_id, "CallbackQueue", permission="callback_queue:read"
    )
    callback_queues: Connection[CallbackQueue] = root_connection(
        loaders.callback_queues,
        "The tenant's callback queues.",
        permission="callback_queue:read",
        filter=CallbackQueueFilter,
        order_by=CallbackQueueOrder,
    )
    callback_request: CallbackRequest | None = root_one(
        loaders.callback_request_by_id, "CallbackRequest", permission="callback:read"
    )
    callback_requests: Connection[CallbackRequest] = root_connection(
        loaders.callback_requests,
        "The tenant's callbacks.",
        permission="callback:read",
        filter=CallbackRequestFilter,
        order_by=CallbackRequestOrder,
    )
    callback_activity: CallbackActivity | None = root_one(
        loaders.callback_activity_by_id, "CallbackActivity", permission="callback:read"
    )
    callback_activities: Connection[CallbackActivity] = root_connection(
        loaders.callback_activities,
        "The history of all the tenant's callbacks.",
        permission="callback:read",
        filter=CallbackActivityFilter,
        order_by=CallbackActivityOrder,
    )


@strawberry.input(description="A callback to promise: score, priority and due time follow from it.")
class CallbackCreateInput:
    contact_id: strawberry.ID = required("The person to call.", id_of="Contact")
    request_type: enums.CallbackRequestType = required("What it is about.")
    description: str = required("What the customer wants, at most 10,000 characters.")
    category: enums.CallbackCategory | None = given("The field that it belongs to; GENERAL when left out.")
    urgency: enums.CallbackUrgency | None = given("How soon the customer needs it; MEDIUM when left out.")
    queue_id: strawberry.ID | None = given(
        "The queue; when left out, the active one whose `assignmentRules` fit most closely, if any.",
        id_of="CallbackQueue",
    )
    call_id: strawberry.ID | None = given("The call on which it was asked for.", id_of="Call")
    phone_number: str | None = given(
        "The number to call, with its country code or one of the contact's country; else the contact's own."
    )
    sla_hours: int | None = given("The hours it has, 1 to 8760; by queue or priority when left out.")
    source: enums.CallbackSource | None = given(
        "Where it was asked for; when left out CALL with a call, API by a program, else PORTAL."
    )
    source_reference: str | None = given("What identifies it there, at most 200 characters.")
    tags: list[str] | None = given("Labels, at most 50 of at most 50 characters.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Whom to give a callback.")
class CallbackAssignInput:
    id: strawberry.ID = required("The callback.", id_of="CallbackRequest")
    insurance_agent_id: strawberry.ID | None = given(
        "The insurance agent; when left out, the callback's queue chooses one who may get it.",
        id_of="InsuranceAgent",
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Which callback its assignee begins.")
class CallbackStartInput:
    id: strawberry.ID = required("The callback.", id_of="CallbackRequest")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="How a callback was kept.")
class CallbackCompleteInput:
    id: strawberry.ID = required("The callback.", id_of="CallbackRequest")
    outcome: enums.CallbackOutcome | None = given("How it ended, never CANCELLED; RESOLVED when left out.")
    resolution: str | None = given("How it was settled, at most 10,000 characters.")
    notes: str | None = given("Notes for the history, at most 10,000 characters.")
    satisfaction_rating: int | None = given("The customer's rating, 1 to 5.")
    satisfaction_comment: str | None = given("What the customer said about it, at most 2,000 characters.")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Which callback to call off.")
class CallbackCancelInput:
    id: strawberry.ID = required("The callback.", id_of="CallbackRequest")
    reason: str | None = given("Why, at most 1,000 characters.")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@payload_type("What `callbackCreate` answers.")
class CallbackCreatePayload(MutationPayload):
    callback_request: CallbackRequest | None = affected(
        loaders.callback_request_by_id, "callback_request", "The new callback."
    )


@payload_type("What `callbackAssign` answers.")
class CallbackAssignPayload(MutationPayload):
    callback_request: CallbackRequest | None = affected(
        loaders.callback_request_by_id, "callback_request", "The callback as it is now."
    )


@payload_type("What `callbackStart` answers.")
class CallbackStartPayload(MutationPayload):
    callback_request: CallbackRequest | None = affected(
        loaders.callback_request_by_id, "callback_request", "The callback as it is now."
    )


@payload_type("What `callbackComplete` answers.")
class CallbackCompletePayload(MutationPayload):
    callback_request: CallbackRequest | None = affected(
        loaders.callback_request_by_id, "callback_request", "The callback as it is now."
    )


@payload_type("What `callbackCancel` answers.")
class CallbackCancelPayload(MutationPayload):
    callback_request: CallbackRequest | None = affected(
        loaders.callback_request_by_id, "callback_request", "The callback as it is now."
    )


@strawberry.type
class CallbackMutations:
    callback_create: CallbackCreatePayload = mutation(
        actions.create_callback,
        CallbackCreateInput,
        "Promise to call a contact back.",
        permission="callback:write",
    )
    callback_assign: CallbackAssignPayload = mutation(
        actions.assign_callback,
        CallbackAssignInput,
        "Give a callback to an insurance agent, or to another one.",
        permission="callback:assign",
    )
    callback_start: CallbackStartPayload = mutation(
        actions.start_callback,
        CallbackStartInput,
        "Begin with a callback.",
        permission="callback:write",
    )
    callback_complete: CallbackCompletePayload = mutation(
        actions.complete_callback, CallbackCompleteInput, "Keep a callback.", permission="callback:write"
    )
    callback_cancel: CallbackCancelPayload = mutation(
        actions.cancel_callback, CallbackCancelInput, "Call a callback off.", permission="callback:write"
    )
