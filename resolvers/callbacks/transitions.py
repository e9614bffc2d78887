"""How a callback goes on: what every transition writes, and starting, completing and cancelling."""

from collections.abc import Mapping
from typing import Any

from db import callbacks as rows
from db.core.base import TenantRow
from db.enums.callbacks import CallbackActivityType, CallbackOutcome, CallbackStatus
from db.enums.events import EventType
from resolvers.callbacks import capacity
from resolvers.core.writes import Values, Write
from resolvers.rules import callbacks as rules
from resolvers.rules.core import clean_text


async def start_callback(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """The assignee begins. Raises NotFound, Conflict and IllegalTransition."""
    request = await lock_request(write, values)
    advance(write, request, rules.start(state_of(request), write.now))
    return {"callback_request": request}


async def complete_callback(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """The promise is kept: outcome, resolution, the customer's rating if there is one.

    Raises NotFound, Conflict, IllegalTransition, and Invalid for its values.
    """
    request = await lock_request(write, values)
    rating = values.get("satisfaction_rating")
    if rating is not None:
        rules.check_rating(rating)
    change = rules.complete(
        state_of(request),
        write.now,
        values.get("outcome") or CallbackOutcome.RESOLVED,
        values.get("resolution"),
    )
    rated = {
        "satisfaction_rating": rating,
        "satisfaction_comment": clean_text(("satisfaction_comment",), values.get("satisfaction_comment"), 2000),
        "completed_by_id": write.viewer.user_id,
    }
    begun_at = request.started_at or write.now
    await _end(
        write,
        request,
        change,
        rated,
        notes=clean_text(("notes",), values.get("notes"), 10_000),
        duration_seconds=max(int((write.now - begun_at).total_seconds()), 0),
    )
    return {"callback_request": request}


async def cancel_callback(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Call the promise off. Raises NotFound, Conflict, IllegalTransition, and Invalid for the reason."""
    request = await lock_request(write, values)
    change = rules.cancel(state_of(request), write.now, values.get("reason"))
    by = {"cancelled_by_id": write.viewer.user_id}
    await _end(write, request, change, by, notes=change.values["cancellation_reason"])
    return {"callback_request": request}


async def lock_request(write: Write, values: Values) -> rows.CallbackRequest:
    """The callback that the input names: locked first, before its queue, and that before insurance agents."""
    return await write.lock(rows.CallbackRequest, values.pop("id"), version=values.pop("expected_version", None))


def state_of(request: rows.CallbackRequest) -> rules.CallbackState:
    """The callback as the transitions see it."""
    return rules.CallbackState(
        status=request.status,
        due_at=request.due_at,
        insurance_agent_id=request.insurance_agent_id,
        assigned_at=request.assigned_at,
        started_at=request.started_at,
        first_response_at=request.first_response_at,
        overdue_at=request.overdue_at,
    )


def advance(
    write: Write,
    request: rows.CallbackRequest,
    change: rules.CallbackChange,
    values: Mapping[str, Any] | None = None,
    **noted: Any,
) -> None:
    """Write a transition with the score as of now, its entry in the history, its event and its audit entry.

    `values` are further columns of the callback, `noted` further ones of the history's entry.
    """
    age = rules.age_hours(request.created_at, write.now)
    score = rules.priority_score(request.request_type, request.urgency, request.customer_value, age)
    write.change(
        request,
        {
            "status": change.new_status,
            "priority": request.priority if request.is_priority_manual else rules.priority_of(score),
            "priority_score": score,
            "updated_by_id": write.viewer.user_id,
            **change.values,
            **(values or {}),
        },
    )
    note(
        write,
        request,
        change.activity_type,
        old_status=change.old_status,
        new_status=change.new_status,
        **noted,
    )
    is_moved = change.old_status is not change.new_status
    write.record(
        EventType.CALLBACK_STATUS_CHANGED if is_moved else EventType.CALLBACK_UPDATED,
        request,
        event_payload(request, change.old_status),
        subject_id=request.contact_id,
    )


def note(write: Write, request: rows.CallbackRequest, activity_type: CallbackActivityType, **values: Any) -> None:
    """Add an entry to the callback's history, about its present assignee."""
    write.add(
        rows.CallbackActivity(
            callback_request_id=request.id,
            activity_type=activity_type,
            description=activity_type.description,
            user_id=write.viewer.user_id,
            insurance_agent_id=request.insurance_agent_id,
            **values,
        )
    )


def event_payload(request: rows.CallbackRequest, old_status: CallbackStatus | None) -> dict[str, Any]:
    """What subscriptions filter callbacks by: ids and statuses, nothing personal."""
    return {
        "old_status": old_status,
        "new_status": request.status,
        "queue_id": request.queue_id,
        "insurance_agent_id": request.insurance_agent_id,
        "contact_id": request.contact_id,
        "call_id": request.call_id,
        "priority": request.priority,
        "request_type": request.request_type,
        "category": request.category,
    }


async def _end(
    write: Write,
    request: rows.CallbackRequest,
    change: rules.CallbackChange,
    values: Mapping[str, Any],
    **noted: Any,
) -> None:
    """Write a transition to an end, and take the callback off its assignee's open ones."""
    assignees = await capacity.lock_agents(write, request.insurance_agent_id)
    advance(write, request, change, values, **noted)
    await capacity.settle(write, assignees.values())
