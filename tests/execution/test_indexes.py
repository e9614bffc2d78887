"""Pages come out of an index at any depth: looked at as the application role, under row-level security.

Half of the rows share one value in every order, so that a page among them has to be found by its id as well.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Table, Text, insert, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.core.session import Database
from resolvers.core import statements
from resolvers.core.context import Services
from resolvers.core.pagination import Listing, PageArgs, decode_cursor, encode_cursor
from resolvers.core.statements import Output
from resolvers.loaders import callbacks, calls, contacts, deals
from tests.execution.population import World, populate, unique_columns
from tests.factories import organizations
from tests.support.store import Store

ROWS: Final = int(os.environ.get("INDEX_ROWS", "12000"))  # of each list; `prove pages` makes it a million
PAGE: Final = 20
FEW: Final = 120  # rows that a page may look at, and pages of the database that it may read

HALF: Final = "(CASE WHEN g % 2 = 0 THEN 0 ELSE g END)"
SOME_TIME: Final = f"timestamptz '2026-01-01Z' + {HALF} * interval '1 minute'"
COLUMNS: Final[dict[str, dict[str, str]]] = {
    "calls": {
        "provider_call_id": "'many ' || g",
        "initiated_at": SOME_TIME,
        "duration_seconds": HALF,
    },
    "deals": {
        "number": "'many ' || g",
        "title": f"'Deal ' || {HALF}",
        "value": HALF,
        "value_minor": f"{HALF} * 100",
        "stage_entered_at": SOME_TIME,
    },
    "contacts": {"email": "'many' || g || '@example.com'", "lead_score": "g % 2 * g % 100", "number": "'many ' || g"},
    "callback_requests": {
        "number": "'CBR' || 1000000 + g",
        "due_at": SOME_TIME,
        "priority_score": f"{HALF} % 100000 / 1000.0",
    },
}
LISTINGS: Final[list[Listing[Any]]] = [calls.calls, deals.deals, contacts.contacts, callbacks.callback_requests]


@pytest.fixture(scope="module")
async def many(own_store: Store) -> World:
    """A tenant with many rows in the tables that grow."""
    world = await populate(own_store, await organizations.tenant(own_store))
    async with own_store.engine.begin() as connection:
        for listing in LISTINGS:
            table = listing.row.__table__
            assert isinstance(table, Table)
            await _multiply(connection, table, world.rows[table.name][0]["id"])
    async with own_store.engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("VACUUM ANALYZE calls, deals, contacts, callback_requests"))
    return world


async def _multiply(connection: AsyncConnection, table: Table, original: UUID) -> None:
    unique = [column.name for column in table.columns if column.name in unique_columns(table)]
    made = {
        **{name: "'many ' || g" for name in unique if isinstance(table.columns[name].type, Text)},
        "id": "gen_random_uuid()",
        "created_at": SOME_TIME,
        "updated_at": SOME_TIME,
        **{name: made for name, made in COLUMNS[table.name].items() if name in table.columns},
    }
    columns = [column for column in table.columns if column.computed is None]
    shown = [literal_column(made[each.name]) if each.name in made else each for each in columns]
    numbers = text(f"generate_series(1, {ROWS}) g")
    found = select(*shown).select_from(table, numbers).where(table.columns["id"] == original)
    await connection.execute(insert(table).from_select(columns, found))


@dataclass(frozen=True)
class Case:
    """A page: of which list, in which order, from which end, and how far in, as a share of the rows."""

    listing: Listing[Any]
    order: str
    is_descending: bool
    is_backward: bool
    depth: float | None

    def __str__(self) -> str:
        direction = "DESC" if self.is_descending else "ASC"
        end = "last" if self.is_backward else "first"
        return f"{self.listing.row.__tablename__} by {self.order} {direction}, {end}, at {self.depth}"


def cases() -> Iterator[Case]:
    """Every order of every list, both ways, from both ends, at the beginning and deep within."""
    for listing in LISTINGS:
        for order in listing.orders:
            for is_descending in (False, True):
                for is_backward in (False, True):
                    for depth in (None, 0.3, 0.95):
                        yield Case(listing, order, is_descending, is_backward, depth)


@pytest.mark.parametrize("is_generic", [False, True], ids=["planned for the values", "planned for all values"])
async def test_every_page_of_every_order_comes_out_of_an_index(
    many: World, own_services: Services, *, is_generic: bool
) -> None:
    wrong = []
    for case in cases():
        plan = await explained(own_services.database, many.tenant.id, case, is_generic=is_generic)
        wrong += [f"{case}: {fault}" for fault in faults(plan)]
    assert wrong == []


async def test_a_page_deep_within_costs_what_the_first_costs(many: World, own_services: Services) -> None:
    for listing in LISTINGS:
        order = next(iter(listing.orders))
        blocks, times = [], []
        for depth in (None, 0.8):  # from the end: page 10,000 of a million rows
            case = Case(listing, order, is_descending=True, is_backward=False, depth=depth)
            found = [await explained(own_services.database, many.tenant.id, case, is_generic=False) for _ in range(9)]
            blocks.append(min(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in found))
            times.append(median(plan["Actual Total Time"] for plan in found))
        assert blocks[1] <= blocks[0] + PAGE  # its rows lie elsewhere: none is passed over
        told = f"{listing.row.__tablename__}, {ROWS} rows, page 1 and {ROWS // 5 // PAGE}"
        print(f"{told}: {blocks} blocks, {times} ms")  # noqa: T201  # `prove pages` shows it


async def explained(database: Database, tenant_id: UUID, case: Case, *, is_generic: bool) -> dict[str, Any]:
    """What PostgreSQL did for the page, as the application role."""
    async with database.reads(tenant_id) as reads:
        mark = "before" if case.is_backward else "after"
        size = "last" if case.is_backward else "first"
        args: dict[str, Any] = {size: PAGE, "order": case.order, "is_descending": case.is_descending}
        if case.depth is not None:
            args[mark] = await _cursor(reads, case)
        asked = case.listing.asked(PageArgs(**args))
        outputs = (Output("id", is_text=True), Output(case.listing.orders[case.order].key))
        statement = statements.page(case.listing, asked.shape, outputs)
        await reads.fetch(f"SET LOCAL plan_cache_mode = force_{'generic' if is_generic else 'custom'}_plan", [])
        values = statement.values({**asked.values, "tenant": tenant_id})
        ((found,),) = await reads.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}", values)
    made: dict[str, Any] = found[0]["Plan"]
    return made


async def _cursor(reads: Any, case: Case) -> str:
    column = case.listing.orders[case.order]
    table = case.listing.row.__tablename__
    place = int(ROWS * (case.depth or 0))
    ((value, row_id),) = await reads.fetch(
        f"SELECT {column.key}, id FROM {table} WHERE {table}.tenant_id = $1"
        f" ORDER BY {column.key}, id OFFSET {place} LIMIT 1",
        [reads.tenant_id],
    )
    cursor = encode_cursor(case.order, value, row_id)
    assert decode_cursor(cursor, case.order, column)[1] == row_id
    return cursor


def faults(plan: dict[str, Any]) -> Iterator[str]:
    """What a plan does that grows with the table."""
    if plan["Node Type"] in {"Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan"}:
        yield plan["Node Type"]
    for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck"):
        if plan.get(name, 0) > FEW:
            yield f"{plan[name]} {name}"
    if plan["Actual Rows"] > FEW:
        yield f"{plan['Actual Rows']} rows of {plan['Node Type']}"
    if plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] > FEW:
        yield f"{plan['Shared Hit Blocks'] + plan['Shared Read Blocks']} blocks"
    for inner in plan.get("Plans", ()):
        yield from faults(inner)
