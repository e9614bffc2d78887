"""What the lists of streams cost on long tables: the plans of their statements, as the application role."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from db.calls import Call
from db.core.cluster import Addresses
from db.enums.calls import CallStatus
from db.organizations import Tenant
from resolvers.core.context import Services
from resolvers.events import OBJECT_ID, Current, Wanted, read_current
from resolvers.loaders.calls import calls as listing
from tests.factories import calls, contacts
from tests.support.store import Store

LONG = 20_000
LIMIT = 20


async def long_table(store: Store, tenant: Tenant) -> Call:
    """Many calls, all over; one of a contact that rings."""
    call = await calls.call(store, tenant, status=CallStatus.COMPLETED)
    columns = [column.name for column in Call.__table__.columns]
    changed = {
        "id": "gen_random_uuid()",
        "provider_call_id": "'copy ' || n",
        "initiated_at": "initiated_at - n * interval '1 minute'",
    }
    values = ", ".join(changed.get(name, name) for name in columns)
    copy = text(
        f"INSERT INTO calls ({', '.join(columns)}) SELECT {values} FROM calls, generate_series(1, :count) n"
        " WHERE tenant_id = :tenant"
    )
    await store.execute(copy.bindparams(count=LONG, tenant=tenant.id))
    person = await contacts.contact(store, tenant)
    rare = await calls.call(
        store, tenant, status=CallStatus.RINGING, contact_id=person.id, integration_id=call.integration_id
    )
    await store.execute(text("ANALYZE calls"))
    return rare


async def test_a_list_reads_what_it_holds_and_little_else(
    database_urls: Addresses, services: Services, store: Store, tenant: Tenant
) -> None:
    rare = await long_table(store, tenant)
    ringing = ("status", frozenset({"RINGING"}))
    live = ("status", frozenset({"RINGING", "ANSWERED", "INITIATED"}))
    contact = ("contact_id", frozenset({str(rare.contact_id)}))
    itself = (OBJECT_ID, frozenset({str(rare.id)}))
    for wanted in ((), (ringing,), (live,), (contact,), (contact, live), (itself,)):
        async with services.database.reads(tenant.id) as reads:
            position, ids = await read_current(reads, Current(listing), wanted, LIMIT)
        assert position == 0
        assert ids == [rare.id] if wanted else len(ids) == LIMIT
        plan = await explained(database_urls, tenant, wanted)
        scans = [node for node in nodes(plan) if node.get("Relation Name") == "calls"]
        assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}, wanted
        assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in scans) <= LIMIT, wanted


async def explained(addresses: Addresses, tenant: Tenant, wanted: Wanted) -> dict[str, Any]:
    """The plan of the statement that finds the list's ids, with the tenant as reads put it in."""
    select = Current(listing).select_ids(wanted, LIMIT).where(Call.tenant_id == tenant.id)
    compiled = select.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    assert compiled.positiontup is not None
    values = [compiled.params[name] for name in compiled.positiontup]
    connection = await asyncpg.connect(addresses.app)
    try:
        async with connection.transaction():
            await connection.execute("SELECT app.set_tenant($1)", str(tenant.id))
            text_ = f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled.string}"
            [plan] = json.loads(await connection.fetchval(text_, *values))
    finally:
        await connection.close()
    found: dict[str, Any] = plan["Plan"]
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
