"""What happens to contacts: they are created and changed. Accounts are read, here and in the loaders."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from db import contacts as rows
from db.access import User
from db.core.base import TenantRow
from db.enums.contacts import ContactStatus
from db.enums.events import EventType
from resolvers.core.phones import to_e164
from resolvers.core.writes import Values, Write
from resolvers.organizations import today
from resolvers.rules import contacts as rules

_DRAFTED: Final = frozenset(field.name for field in fields(rules.ContactDraft))
_EMPTY: Final[Mapping[str, Any]] = {"tags": [], "social_profiles": {}, "custom_fields": {}}


async def create_contact(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Add a contact. Raises Invalid for its values, NotFound for an account or owner of nowhere."""
    await _check(write, values)
    contact = write.add(rows.Contact(**_normalised(values, {}), created_by_id=write.viewer.user_id))
    await write.session.flush()  # for the event tells what the row has by default too
    write.record(EventType.CONTACT_CREATED, contact, _event_payload(contact, None), subject_id=contact.id)
    return {"contact": contact}


async def update_contact(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Change the given values of a contact; a null clears one. Raises as `create_contact`, and Conflict."""
    contact_id = values.pop("id")
    contact = await write.lock(rows.Contact, contact_id, version=values.pop("expected_version", None))
    await _check(write, values)
    old_status = contact.status
    current = {name: getattr(contact, name) for name in _DRAFTED}
    changes = _normalised(values, current)
    if write.change(contact, changes):
        write.change(contact, {"updated_by_id": write.viewer.user_id})
        write.record(EventType.CONTACT_UPDATED, contact, _event_payload(contact, old_status), subject_id=contact.id)
    return {"contact": contact}


def _event_payload(contact: rows.Contact, old_status: ContactStatus | None) -> Values:
    """What subscriptions filter contacts by: ids and statuses, nothing personal."""
    return {
        "old_status": old_status,
        "new_status": contact.status,
        "account_id": contact.account_id,
        "owner_id": contact.owner_id,
        "customer_value": contact.customer_value,
    }


def _normalised(values: Values, current: Mapping[str, Any]) -> Values:
    """The given values as they are stored, judged together with the contact's other ones."""
    drafted = {**current, **{name: value for name, value in values.items() if name in _DRAFTED}}
    for name, empty in _EMPTY.items():  # what null makes of them
        drafted[name] = empty if drafted.get(name) is None else drafted[name]
    settled = asdict(rules.normalise(rules.ContactDraft(**drafted)))
    settled["tags"] = list(settled["tags"])
    normalised = {name: settled.get(name, value) for name, value in values.items()}
    for name in ("phone", "mobile"):
        number = normalised.get(name)
        if number:
            normalised[name] = to_e164(number, settled["country"], (name,))
    return normalised


async def _check(write: Write, values: Values) -> None:
    """Refuse references to nothing, and a birth that was not yet."""
    await write.check_references(values, {"account_id": rows.Account, "owner_id": User})
    if values.get("born_on") is not None:
        rules.check_born_on(values["born_on"], await today(write))
