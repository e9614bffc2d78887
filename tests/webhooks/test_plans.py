"""What a worker asks costs what is to be done, not what was done: looked at as the application role."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from db.organizations import Tenant
from gql.core.ids import decode_id
from gql.worker import worker as make_worker
from resolvers.core.context import Services
from tests.factories import webhooks
from tests.support.client import Client
from tests.support.store import Store
from tests.webhooks.conftest import SETTINGS
from tests.webhooks.support import follow

MANY = 20_000


@pytest.fixture
async def long_record(client: Client, store: Store, tenant: Tenant) -> None:
    """An endpoint where nobody listens, with many deliveries that have arrived and one that waits."""
    endpoint_id, _ = await follow(client, "http://127.0.0.1:1/")
    waiting = {"webhook_endpoint_id": decode_id("WebhookEndpoint", endpoint_id), "sequence": MANY + 1}
    delivery = await webhooks.webhook_delivery(store, tenant, **waiting)
    columns = [column.name for column in delivery.__table__.columns]
    made = {
        "id": "gen_random_uuid()",
        "sequence": "g",
        "status": "'DELIVERED'",
        "delivered_at": "created_at",
        "created_at": "created_at + g * interval '1 second'",
    }
    shown = ", ".join(made.get(name, name) for name in columns)
    copied = f"SELECT {shown} FROM webhook_deliveries, generate_series(1, {MANY}) g WHERE id = '{delivery.id}'"
    await store.execute(text(f"INSERT INTO webhook_deliveries ({', '.join(columns)}) {copied}"))
    await store.execute(text("ANALYZE webhook_deliveries"))


@pytest.mark.usefixtures("long_record")
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_waits_is_found_without_looking_at_what_arrived(
    services: Services, tenant: Tenant, mode: str
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM webhook_deliveries" in statement:
            asked.append((statement, parameters))

    engine = services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await make_worker(services, SETTINGS).work_off()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) >= 4  # begin, the turn's own, and when to come again
    for statement, parameters in asked:
        async with services.database.reads(tenant.id) as reads:
            await reads.fetch(f"SET LOCAL plan_cache_mode = {mode}", [])
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {without_locks(statement)}"
            ((found,),) = await reads.fetch(explained, list(parameters))
        looked_at = sum(rows_of(found[0]["Plan"]))
        assert looked_at < 100, (statement, looked_at)


def without_locks(statement: str) -> str:
    """A transaction that only reads may lock nothing."""
    return re.sub(r"\s+FOR NO KEY UPDATE.*$", "", statement, flags=re.DOTALL)


def rows_of(plan: dict[str, Any]) -> Iterator[int]:
    """How many deliveries each part of a plan looked at."""
    if plan.get("Relation Name") == "webhook_deliveries":
        yield (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    for part in plan.get("Plans", []):
        yield from rows_of(part)
