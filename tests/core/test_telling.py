"""The watch over all tests that changes are told, and that events tell nothing personal: it sees what it is to see."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db.contacts import Contact
from db.core.session import Database
from db.enums.calls import CallStatus
from db.enums.events import EventType
from resolvers.core.eventlog import Draft
from tests.support.telling import complaints, is_real, written_by

CONTACT = uuid4()


async def found(database: Database, payload: dict[str, Any], object_type: str = "Contact") -> list[str]:
    """What is wrong about an event of a contact in a transaction that has the contact."""
    async with AsyncSession(database.engine) as session:
        with session.no_autoflush:
            session.add(Contact(id=CONTACT, first_name="Ada", phone="+919812345678"))
            return list(complaints(session, Draft(uuid4(), EventType.CONTACT_UPDATED, object_type, CONTACT, payload)))


async def test_ids_statuses_and_names_of_values_may_be_told(database: Database) -> None:
    payload = {
        "changed": ["first_name"],
        "account_id": uuid4(),
        "old_status": CallStatus.RINGING,
        "count": 3,
        "no": None,
    }
    assert await found(database, payload) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"first_name": "Ada"},
        {"who": {"called": ["Somebody"]}},
        {"changed": ["Ada Lovelace"]},
        {"amount": 2.5},
        {"provider": "+919812345678", "other": "+919812345678"},
    ],
)
async def test_a_text_is_found_wherever_it_stands(database: Database, payload: dict[str, Any]) -> None:
    assert await found(database, payload)


async def test_an_event_about_another_kind_of_object_is_found(database: Database) -> None:
    assert await found(database, {}, "Deal") == ["happened to a Deal"]


def test_what_is_written_is_read_off_the_statements() -> None:
    statements = [
        "SELECT contacts.id FROM contacts WHERE contacts.tenant_id = $1",
        "INSERT INTO events (tenant_id) VALUES ($1)",
        "UPDATE deals SET version=$1 WHERE deals.tenant_id = $2",
        "DELETE FROM webhook_endpoints WHERE webhook_endpoints.tenant_id = $1",
        "INSERT INTO logins (id) VALUES ($1)",
    ]
    assert written_by(statements) == {"deals", "webhook_endpoints"}


def test_a_change_of_the_server_is_told_from_one_that_a_test_makes_up() -> None:
    assert is_real("contact_create")  # as `perform` names it
    assert is_real("ingest")
    assert not is_real("test")
