"""How a callback goes on: the states, and what each transition writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from db.enums.callbacks import CallbackActivityType, CallbackOutcome, CallbackStatus
from resolvers.rules import IllegalTransition, Invalid
from resolvers.rules.core import clean_text

FINAL_STATUSES: Final = (CallbackStatus.COMPLETED, CallbackStatus.CANCELLED)
OPEN_STATUSES: Final = tuple(status for status in CallbackStatus if status not in FINAL_STATUSES)

_ALLOWED: Final[Mapping[CallbackStatus, tuple[CallbackStatus, ...]]] = MappingProxyType(
    {
        CallbackStatus.PENDING: (CallbackStatus.ASSIGNED, CallbackStatus.CANCELLED),
        CallbackStatus.ASSIGNED: (
            CallbackStatus.ASSIGNED,
            CallbackStatus.IN_PROGRESS,
            CallbackStatus.CANCELLED,
        ),
        CallbackStatus.IN_PROGRESS: (
            CallbackStatus.ASSIGNED,
            CallbackStatus.COMPLETED,
            CallbackStatus.CANCELLED,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class CallbackState:
    """Where a callback stands; the names are those of its columns."""

    status: CallbackStatus
    due_at: datetime
    insurance_agent_id: UUID | None = None
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    first_response_at: datetime | None = None
    overdue_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallbackChange:
    """What a transition writes: the status, other columns by name, and the kind of CallbackActivity."""

    old_status: CallbackStatus
    new_status: CallbackStatus
    values: Mapping[str, object]
    activity_type: CallbackActivityType


def is_open(status: CallbackStatus) -> bool:
    """Whether the promise is still to be kept."""
    return status not in FINAL_STATUSES


def allowed_statuses(state: CallbackState) -> tuple[CallbackStatus, ...]:
    """What somebody can do next; ASSIGNED from ASSIGNED or IN_PROGRESS is a reassignment.

    An overdue callback goes on from where it was when its time passed: without assignee it can be assigned,
    with one also started, once started also completed.
    """
    if not is_open(state.status):
        return ()
    if state.status is not CallbackStatus.OVERDUE:
        return _ALLOWED[state.status]
    if state.insurance_agent_id is None:
        return _ALLOWED[CallbackStatus.PENDING]
    if not _has_begun(state):
        return _ALLOWED[CallbackStatus.ASSIGNED]
    return (CallbackStatus.ASSIGNED, CallbackStatus.IN_PROGRESS, *FINAL_STATUSES)


def check_transition(state: CallbackState, wanted: CallbackStatus) -> None:
    """Refuse a status that the callback cannot go on to from where it stands (IllegalTransition)."""
    allowed = allowed_statuses(state)
    if wanted not in allowed:
        raise IllegalTransition(state.status, wanted, allowed)


def assign(state: CallbackState, insurance_agent_id: UUID, now: datetime) -> CallbackChange:
    """Give the callback to an insurance agent, or to another one; who may get it, `check_assignable` says.

    `assigned_at` is the time of the latest assignment. `started_at` stays as it was, and tells of the new
    assignee only once it is later than `assigned_at`.
    """
    check_transition(state, CallbackStatus.ASSIGNED)
    if state.insurance_agent_id == insurance_agent_id:
        raise Invalid(("insurance_agent_id",), "is the assignee already", "NOT_ALLOWED")
    is_first = state.insurance_agent_id is None
    activity = CallbackActivityType.ASSIGNED if is_first else CallbackActivityType.REASSIGNED
    values = {"insurance_agent_id": insurance_agent_id, "assigned_at": now}
    return CallbackChange(state.status, CallbackStatus.ASSIGNED, values, activity)


def start(state: CallbackState, now: datetime) -> CallbackChange:
    """The assignee begins: sets `started_at`, and `first_response_at` the first time that anybody does.

    Begun already and overdue since, the callback only goes back to IN_PROGRESS.
    """
    check_transition(state, CallbackStatus.IN_PROGRESS)
    values = {} if _has_begun(state) else {"started_at": now}
    if state.first_response_at is None:
        values["first_response_at"] = now
    return CallbackChange(state.status, CallbackStatus.IN_PROGRESS, values, CallbackActivityType.STARTED)


def complete(
    state: CallbackState,
    now: datetime,
    outcome: CallbackOutcome = CallbackOutcome.RESOLVED,
    resolution: str | None = None,
) -> CallbackChange:
    """The promise is kept: sets `completed_at`, the outcome, and the resolution in words, if any."""
    check_transition(state, CallbackStatus.COMPLETED)
    if outcome is CallbackOutcome.CANCELLED:
        raise Invalid(("outcome",), "cannot be CANCELLED: cancel the callback instead", "NOT_ALLOWED")
    text = clean_text(("resolution",), resolution, 10_000)
    values = {"completed_at": now, "outcome": outcome, "resolution": text}
    return CallbackChange(state.status, CallbackStatus.COMPLETED, values, CallbackActivityType.COMPLETED)


def cancel(state: CallbackState, now: datetime, reason: str | None = None) -> CallbackChange:
    """Call the promise off, from any open state; sets `cancelled_at`, the outcome, and the reason if any."""
    check_transition(state, CallbackStatus.CANCELLED)
    text = clean_text(("reason",), reason, 1000)
    values = {"cancelled_at": now, "outcome": CallbackOutcome.CANCELLED, "cancellation_reason": text}
    return CallbackChange(state.status, CallbackStatus.CANCELLED, values, CallbackActivityType.CANCELLED)


def overdue(state: CallbackState, now: datetime) -> CallbackChange | None:
    """What the clock does once the due time has passed: OVERDUE, still open, with the same assignee.

    None when there is nothing to do: not open, not yet due (at the due time itself it is still met), or
    marked before. Going on to ASSIGNED or IN_PROGRESS afterwards does not bring OVERDUE back.
    """
    if not is_open(state.status) or state.overdue_at is not None or now <= state.due_at:
        return None
    return CallbackChange(state.status, CallbackStatus.OVERDUE, {"overdue_at": now}, CallbackActivityType.OVERDUE)


def check_rating(rating: int) -> None:
    """Refuse a customer's satisfaction outside 1..5."""
    if not 1 <= rating <= 5:
        raise Invalid(("satisfaction_rating",), "must lie between 1 and 5", "OUT_OF_RANGE")


def _has_begun(state: CallbackState) -> bool:
    """Whether the present assignee has started, rather than one before."""
    return state.started_at is not None and state.assigned_at is not None and state.started_at >= state.assigned_at
