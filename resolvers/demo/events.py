"""The event log that the latest calls and callbacks would have left, and the tenant's clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from db.callbacks import CallbackActivity
from db.enums.calls import CallStatus
from db.enums.events import ActorKind, EventType
from db.events import Event
from resolvers.demo.book import Book, Row

REMEMBERED: Final = timedelta(days=7)

_CALL_STATES: Final = (
    (CallStatus.INITIATED, "initiated_at"),
    (CallStatus.RINGING, "ringing_at"),
    (CallStatus.ANSWERED, "answered_at"),
)


def remember(book: Book, calls: Iterable[Row], requests: Iterable[Row], next_due_at: datetime | None) -> Row:
    """Add the events of the last week in their order, without gaps; returns the row of the clock that counts them."""
    since = book.now - REMEMBERED
    told = [
        *(event for call in calls if call["last_reported_at"] >= since for event in _of_call(call)),
        *_of_callbacks(book.all(CallbackActivity), {request["id"]: request for request in requests}),
    ]
    told = [event for event in told if since <= event["occurred_at"] <= book.now]
    told.sort(key=itemgetter("occurred_at"))
    for position, event in enumerate(told, start=1):
        at = event.pop("occurred_at")
        book.add(Event, at, position=position, occurred_at=at, **event)
    return {
        "tenant_id": book.tenant_id,
        "first_position": 1,
        "last_position": len(told),
        "next_due_at": next_due_at,
    }


def _of_call(call: Row) -> Iterator[dict[str, Any]]:
    """The first report makes the call known, each later state changes it."""
    states: list[tuple[CallStatus, datetime]] = [
        (status, call[column]) for status, column in _CALL_STATES if call[column] is not None
    ]
    if call["ended_at"] is not None:
        states.append((call["status"], call["ended_at"]))
    before: CallStatus | None = None
    for status, at in states:
        yield {
            "type": EventType.CALL_STATUS_CHANGED if before else EventType.CALL_CREATED,
            "object_type": "Call",
            "object_id": call["id"],
            "payload": {
                "changed": ["status"],
                "old_status": before,
                "new_status": status,
                "contact_id": call["contact_id"],
                "voice_agent_id": call["voice_agent_id"],
                "phone_number_id": call["phone_number_id"],
                "direction": call["direction"],
            },
            "actor_kind": ActorKind.INTEGRATION,
            "actor_id": call["integration_id"],
            "occurred_at": at,
        }
        before = status


def _of_callbacks(entries: Sequence[Row], requests: Mapping[Any, Row]) -> Iterator[dict[str, Any]]:
    """Each entry of a callback's history that brought it into a status."""
    for entry in entries:
        if entry["new_status"] is None:
            continue
        request = requests[entry["callback_request_id"]]
        is_moved = entry["old_status"] is not entry["new_status"]
        happened = EventType.CALLBACK_STATUS_CHANGED if is_moved else EventType.CALLBACK_UPDATED
        yield {
            "type": happened if entry["old_status"] else EventType.CALLBACK_CREATED,
            "object_type": "CallbackRequest",
            "object_id": request["id"],
            "payload": {
                "changed": ["status"],
                "old_status": entry["old_status"],
                "new_status": entry["new_status"],
                "queue_id": request["queue_id"],
                "insurance_agent_id": entry["insurance_agent_id"],
                "contact_id": request["contact_id"],
                "priority": request["priority"],
            },
            "actor_kind": ActorKind.USER if entry["user_id"] else ActorKind.SYSTEM,
            "actor_id": entry["user_id"],
            "occurred_at": entry["created_at"],
        }
