"""Promising a callback: its number, its queue, how pressing it is and when it is due."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Final
from uuid import UUID

from sqlalchemy import select

from db import callbacks as rows
from db.calls import Call
from db.contacts import Contact
from db.core.base import TenantRow
from db.enums.callbacks import (
    CallbackActivityType,
    CallbackCategory,
    CallbackPriority,
    CallbackRequestType,
    CallbackSource,
    CallbackUrgency,
)
from db.enums.events import ActorKind, EventType
from resolvers.callbacks.transitions import event_payload, note
from resolvers.core.errors import input_path
from resolvers.core.phones import to_e164
from resolvers.core.writes import Values, Write
from resolvers.rules import Invalid
from resolvers.rules import callbacks as rules

_DRAFTED: Final = frozenset(field.name for field in fields(rules.CallbackDraft))


async def create_callback(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Promise to call a contact back; score, priority and due time follow from the rules.

    Without a queue the one is taken whose terms fit, if any. Raises Invalid for its values, NotFound for a
    contact, call or queue of nowhere.
    """
    contact = await write.get(Contact, values["contact_id"], input_path("contact_id"))
    drafted = {name: values[name] for name in _DRAFTED if values.get(name) is not None}
    draft = asdict(rules.normalise(rules.CallbackDraft(**drafted)))
    call_id = await _call_of(write, values.get("call_id"), contact)
    request_type = values["request_type"]
    category = values.get("category") or CallbackCategory.GENERAL
    urgency = values.get("urgency") or CallbackUrgency.MEDIUM
    score = rules.priority_score(request_type, urgency, contact.customer_value)
    priority = rules.priority_of(score)
    queue_id = values.get("queue_id") or await _queue_for(write, request_type, category, priority)
    hours = rules.sla_hours(draft["sla_hours"], await _hours_of(write, queue_id), priority)
    request = await _add_numbered(
        write,
        {
            **draft,
            "tags": list(draft["tags"]),
            "contact_id": contact.id,
            "phone_number": _phone_number(values.get("phone_number"), contact),
            "call_id": call_id,
            "request_type": request_type,
            "category": category,
            "source": values.get("source") or _source(write, call_id),
            "queue_id": queue_id,
            "priority": priority,
            "priority_score": score,
            "urgency": urgency,
            "customer_value": contact.customer_value,
            "due_at": rules.due_at(write.now, hours),
            "created_by_id": write.viewer.user_id,
            "updated_by_id": write.viewer.user_id,
        },
    )
    note(write, request, CallbackActivityType.CREATED, new_status=request.status)
    write.record(EventType.CALLBACK_CREATED, request, event_payload(request, None), subject_id=request.contact_id)
    write.due_at(request.due_at)
    return {"callback_request": request}


async def _add_numbered(write: Write, values: Values) -> rows.CallbackRequest:
    """Add the callback under a number that none of the tenant has: drawn, and again when it is taken."""
    added = None
    while added is None:
        number = rules.number(secrets.randbelow(rules.NUMBERS))
        added = await write.add_unless_taken(rows.CallbackRequest(number=number, **values))
    return added


def _phone_number(given: str | None, contact: Contact) -> str | None:
    """The number to call, null for the contact's own. Raises Invalid when there is neither."""
    path = ("phone_number",)
    if given is not None:
        return to_e164(given, contact.country, path)
    if contact.phone is None and contact.mobile is None:
        raise Invalid(path, "must be given: the contact has none", "REQUIRED")
    return None


def _source(write: Write, call_id: UUID | None) -> CallbackSource:
    """Where it was asked for when nobody says: on the call it names, by a program, else in the portal."""
    if call_id is not None:
        return CallbackSource.CALL
    return CallbackSource.API if write.viewer.kind is ActorKind.API_KEY else CallbackSource.PORTAL


async def _call_of(write: Write, call_id: UUID | None, contact: Contact) -> UUID | None:
    """The call on which it was asked for: of this contact, or of nobody known."""
    if call_id is None:
        return None
    call = await write.get(Call, call_id, input_path("call_id"))
    if call.contact_id not in (None, contact.id):
        raise Invalid(("call_id",), "must be a call of the contact", "MISMATCH")
    return call.id


async def _queue_for(
    write: Write, request_type: CallbackRequestType, category: CallbackCategory, priority: CallbackPriority
) -> UUID | None:
    """The active queue that takes such callbacks; of several equally fitting ones the oldest."""
    queue = rows.CallbackQueue
    found = await write.session.execute(
        select(queue.id, queue.assignment_rules).where(queue.is_active).order_by(queue.created_at, queue.id)
    )
    return rules.choose_queue(
        [rules.queue_terms(queue_id, stored) for queue_id, stored in found], request_type, category, priority
    )


async def _hours_of(write: Write, queue_id: UUID | None) -> int | None:
    """The queue's SLA hours, if any. Raises NotFound, and Invalid for a queue that is closed."""
    if queue_id is None:
        return None
    queue = await write.get(rows.CallbackQueue, queue_id, input_path("queue_id"))
    if not queue.is_active:
        raise Invalid(("queue_id",), "must be a queue that is active", "NOT_ALLOWED")
    return queue.sla_hours
