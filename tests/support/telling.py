"""A pytest plugin: in no test of the run does a change go untold, or does an event tell what it must not.

Whatever writes rows writes an event in the same transaction, and an event's payload holds ids, statuses, numbers and
names of values: no text of the row that it is about.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Enum, Text
from sqlalchemy.ext.asyncio import AsyncSession

from db.core.base import TenantRow
from db.core.tenancy import tenant_tables
from db.enums import Choice
from resolvers.core import eventlog, writes
from resolvers.core.errors import camel
from resolvers.rules.events import OBJECT_TYPES
from tests.support import traffic

BESIDES: Final = frozenset({"audit_log_entries", "data_keys", "events", "idempotency_records", "tenant_clock"})
"""Tables that every change writes to."""

NO_CHANGE: Final[Mapping[str, str]] = {
    "ingest": "a report that says nothing new leaves the call as it is; when reports come at all is kept to the minute",
    "webhookDelivery": "what is told of events is none itself, or there would be no end to it",
}
"""What writes rows without an event, and why."""

TEXTS: Final = frozenset({"method", "provider"})
"""What an event tells that is text: how somebody signed in, and companies whose customer the tenant is."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
WRITING: Final = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)

_statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)


def _note(statement: str) -> None:
    found = _statements.get()
    if found is not None:
        found.append(statement)


def written_by(statements: Sequence[str]) -> set[str]:
    """The tables of tenants that the statements write to, but for those that every change writes to."""
    named = {name.lower() for statement in statements for name in WRITING.findall(statement)}
    return (named & tenant_tables()) - BESIDES


@pytest.fixture(autouse=True)
def everything_is_told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test in which a change wrote no event, or an event told too much."""
    wrong: list[str] = []
    attempt, append = writes._attempt, eventlog.append

    async def attempted(context: Any, viewer: Any, mutation: str, *arguments: Any) -> Any:
        if not is_real(mutation):
            return await attempt(context, viewer, mutation, *arguments)
        observers = context.services.database.observers
        token = _statements.set([])
        if _note not in observers:
            observers.append(_note)
        try:
            outcome = await attempt(context, viewer, mutation, *arguments)
            tables = written_by(_statements.get() or ())
        finally:
            _statements.reset(token)
        if outcome.position is not None:
            traffic.note("Mutation", camel(mutation), "event")
        elif tables and not outcome.errors and mutation not in NO_CHANGE:
            wrong.append(f"{mutation} wrote to {', '.join(sorted(tables))} and told nobody")
        return outcome

    async def appended(session: AsyncSession, context: Any, viewer: Any, drafts: Any, **options: Any) -> Any:
        for draft in drafts if _statements.get() is not None else ():
            wrong.extend(f"{draft.type} {complaint}" for complaint in complaints(session, draft))
        return await append(session, context, viewer, drafts, **options)

    monkeypatch.setattr(writes, "_attempt", attempted)
    monkeypatch.setattr(eventlog, "append", appended)
    yield
    assert not wrong, wrong


def is_real(mutation: str) -> bool:
    """Whether the server itself changes things under this name, and not a test that makes up a change."""
    from gql.schema import schema

    root = schema._schema.mutation_type
    assert root is not None
    return camel(mutation) in root.fields or mutation in NO_CHANGE


def complaints(session: AsyncSession, draft: eventlog.Draft) -> Iterator[str]:
    """What is wrong about an event."""
    if OBJECT_TYPES[draft.type] != draft.object_type:
        yield f"happened to a {draft.object_type}"
    for name, value in draft.payload.items():
        for leaf in leaves(value):
            if name == "changed":
                if not (isinstance(leaf, str) and NAME.fullmatch(leaf)):
                    yield f"has {leaf!r} among the names of what changed"
            elif isinstance(leaf, str) and not isinstance(leaf, Choice) and name not in TEXTS:
                yield f"tells the text {leaf!r} as {name}"
            elif not isinstance(leaf, str | bool | int | UUID | datetime | None):
                yield f"tells {leaf!r} as {name}"
    for row in session.sync_session:
        if isinstance(row, TenantRow) and row.id == draft.object_id:
            yield from (f"tells {text!r}" for text in texts_of(row) if text in told_by(draft.payload))


def leaves(value: Any) -> Iterator[Any]:
    """The plain values within a value."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def told_by(payload: Mapping[str, Any]) -> set[str]:
    """The texts of a payload, but for names of columns."""
    return {str(leaf) for name, value in payload.items() if name not in {"changed", *TEXTS} for leaf in leaves(value)}


def texts_of(row: TenantRow) -> set[str]:
    """What a row says in words: names, numbers of telephones, addresses, all that somebody wrote."""
    table: Any = row.__table__
    names = [each.name for each in table.columns if isinstance(each.type, Text) and not isinstance(each.type, Enum)]
    return {value for name in names if isinstance(value := vars(row).get(name), str) and value}
