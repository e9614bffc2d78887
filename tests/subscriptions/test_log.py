"""Reading the event log: pages, gaps, both tenant locks, and the one read across tenants."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.core.cluster import Addresses
from db.core.session import Database
from db.enums.calls import CallStatus
from db.enums.events import EventType
from db.events import Event
from db.organizations import Tenant
from resolvers.core.context import Request, Services
from resolvers.events import OBJECT_ID, Interest, LogSlice, last_positions, positions, read_events
from tests.factories import calls
from tests.subscriptions.support import Credentials, forget_events, move_call
from tests.support.store import Store

OBJECT = UUID(int=5)
FOLLOWED = frozenset({EventType.CALL_STATUS_CHANGED})


async def grow(services: Services, store: Store, tenant: Tenant, times: int) -> None:
    """Let the tenant's log grow by so many events."""
    credentials = Credentials()
    viewer = await credentials.viewer(credentials.issue(tenant), Request())
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for _ in range(times):
        await move_call(services, viewer, call, CallStatus.RINGING)


def numbers(found: LogSlice) -> list[int]:
    return [event.position for event in found.events]


async def test_the_log_is_read_in_pages_from_a_position_on(services: Services, store: Store, tenant: Tenant) -> None:
    assert await positions(services.database, tenant.id) == (1, 0)
    assert await read_events(services.database, tenant.id, 0, 10) == LogSlice(1, 0, ())
    await grow(services, store, tenant, 5)
    assert await positions(services.database, tenant.id) == (1, 5)
    first = await read_events(services.database, tenant.id, 0, 3)
    assert (first.first_position, first.last_position, numbers(first)) == (1, 5, [1, 2, 3])
    assert numbers(await read_events(services.database, tenant.id, 3, 3)) == [4, 5]
    assert numbers(await read_events(services.database, tenant.id, 5, 3)) == []
    assert first.gap_after(0) is None


async def test_what_is_no_longer_kept_is_a_gap(services: Services, store: Store, tenant: Tenant) -> None:
    await grow(services, store, tenant, 5)
    await forget_events(store, tenant, first_position=4)
    found = await read_events(services.database, tenant.id, 0, 10)
    assert numbers(found) == [4, 5]
    assert (found.gap_after(0), found.gap_after(2), found.gap_after(3)) == ((1, 3), (3, 3), None)
    await forget_events(store, tenant, first_position=6)
    empty = await read_events(services.database, tenant.id, 2, 10)
    assert (numbers(empty), empty.gap_after(2), empty.gap_after(5)) == ([], (3, 5), None)


async def test_a_tenant_without_a_clock_is_a_defect(services: Services) -> None:
    nobody = UUID(int=7)
    with pytest.raises(RuntimeError):
        await read_events(services.database, nobody, 0, 10)
    with pytest.raises(RuntimeError):
        await positions(services.database, nobody)


async def test_each_tenant_lock_of_the_log_is_enough_alone(
    database_urls: Addresses, services: Services, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    """The statement's own criterion, read as the owner whom row-level security does not bind; and that alone."""
    await grow(services, store, tenant, 2)
    await grow(services, store, other_tenant, 3)
    unbound = Database(database_urls.owner, pool_size=1)
    try:
        for database in (unbound, services.database):
            found = await read_events(database, tenant.id, 0, 10)
            assert numbers(found) == [1, 2]
            assert {event.tenant_id for event in found.events} == {tenant.id}
            assert await positions(database, tenant.id) == (1, 2)
    finally:
        await unbound.close()
    connection = await asyncpg.connect(database_urls.app)
    try:
        async with connection.transaction():
            await connection.execute("SELECT app.set_tenant($1)", str(tenant.id))
            assert await connection.fetchval("SELECT count(*) FROM events") == 2
            assert await connection.fetchval("SELECT count(*) FROM tenant_clock") == 1
        assert await connection.fetchval("SELECT count(*) FROM events") == 0
        assert await connection.fetchval("SELECT count(*) FROM tenant_clock") == 0
    finally:
        await connection.close()


async def test_positions_across_tenants_are_read_as_the_clocks_role_alone(
    services: Services, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    await grow(services, store, tenant, 2)
    await grow(services, store, other_tenant, 3)
    wanted = {tenant.id: 2, other_tenant.id: 3}
    for _ in range(3):  # the connection goes back to the pool as what it was
        assert await last_positions(services.database, list(wanted)) == wanted
        async with services.database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_user <> 'app_clock'"))
    assert await last_positions(services.database, []) == {}


@pytest.mark.parametrize(
    "statement",
    [
        *(f"SELECT 1 FROM {table}" for table in ("events", "calls", "contacts", "tenants", "idempotency_records")),
        "UPDATE tenant_clock SET last_position = 0",
    ],
)
async def test_the_clocks_role_sees_positions_and_nothing_else(database_urls: Addresses, statement: str) -> None:
    connection = await asyncpg.connect(database_urls.app)
    try:
        await connection.execute("SET ROLE app_clock")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_page_of_a_long_log_costs_a_page(
    database_urls: Addresses, services: Services, store: Store, tenant: Tenant
) -> None:
    """As the application role: the index brings the entries in order, and only those of the page are read."""
    await store.execute(
        text(
            "INSERT INTO events"
            " (tenant_id, position, id, type, object_type, object_id, payload, actor_kind, occurred_at)"
            " SELECT :tenant, n, gen_random_uuid(), 'CALL_UPDATED', 'Call', gen_random_uuid(), '{}', 'SYSTEM', now()"
            " FROM generate_series(1, 20000) n"
        ).bindparams(tenant=tenant.id)
    )
    await store.execute(
        text("UPDATE tenant_clock SET last_position = 20000 WHERE tenant_id = :tenant").bindparams(tenant=tenant.id)
    )
    await store.execute(text("ANALYZE events, tenant_clock"))
    statements: list[str] = []
    services.database.observers.append(statements.append)
    try:
        found = await read_events(services.database, tenant.id, 1_000, 50)
    finally:
        services.database.observers.remove(statements.append)
    assert numbers(found) == list(range(1_001, 1_051))
    [sql] = statements
    values = {"UUID": tenant.id, "BIGINT": 1_000, "INTEGER": 50}
    kinds = dict(re.findall(r"\$(\d+)::(\w+)", sql))
    connection = await asyncpg.connect(database_urls.app)
    try:
        async with connection.transaction():
            await connection.execute("SELECT app.set_tenant($1)", str(tenant.id))
            arguments = [values[kinds[str(number)]] for number in range(1, len(kinds) + 1)]
            [plan] = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments))
    finally:
        await connection.close()
    scans = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "events"]
    assert [(node["Index Name"], node["Actual Rows"]) for node in scans] == [("pk_events", 50)]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


async def test_a_failed_read_across_tenants_costs_the_pool_nothing(services: Services) -> None:
    with pytest.raises((DBAPIError, asyncpg.PostgresError, asyncpg.DataError)):
        await last_positions(services.database, ["no uuid"])  # type: ignore[list-item]  # on purpose
    async with services.database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_user <> 'app_clock'"))


def event(payload: dict[str, object], type_: EventType = EventType.CALL_STATUS_CHANGED) -> Event:
    return Event(type=type_, object_id=OBJECT, payload=payload)


def test_an_interest_looks_at_both_sides_of_a_change() -> None:
    interest = Interest(FOLLOWED, (("status", frozenset({"RINGING"})),))
    comes = event({"old_status": "INITIATED", "new_status": "RINGING"})
    goes = event({"old_status": "RINGING", "new_status": "BUSY"})
    assert (interest.was_in(comes), interest.is_in(comes)) == (False, True)
    assert (interest.was_in(goes), interest.is_in(goes)) == (True, False)


def test_an_interest_takes_a_value_that_stayed_for_both_sides() -> None:
    interest = Interest(FOLLOWED, (("queue_id", frozenset({"q1"})), (OBJECT_ID, frozenset({str(OBJECT)}))))
    stays = event({"queue_id": "q1"})
    assert (interest.was_in(stays), interest.is_in(stays)) == (True, True)
    leaves = event({"old_queue_id": "q1", "queue_id": "q2"})
    assert (interest.was_in(leaves), interest.is_in(leaves)) == (True, False)
    unknown = event({"queue_id": None})
    assert (interest.was_in(unknown), interest.is_in(unknown)) == (False, False)


def test_an_interest_follows_its_types_of_events_only() -> None:
    other = event({}, EventType.CALL_UPDATED)
    assert not Interest(FOLLOWED).is_in(other)
    assert not Interest(FOLLOWED).was_in(other)
    assert Interest(FOLLOWED).is_in(event({}))
