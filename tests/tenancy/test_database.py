"""What the database itself refuses, whatever is asked of it: rows that point abroad, and reads without a tenant."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import ForeignKeyConstraint, Table

from db.core.base import Base
from db.core.roles import CLOCK
from db.core.tenancy import tenant_tables
from gql.execution.run import Executor
from resolvers.events import last_positions
from tests.tenancy.conftest import EnterWorld
from tests.tenancy.worlds import Inhabitant, Locks, World, connect

TABLES = sorted(tenant_tables())
Connection: TypeAlias = "asyncpg.Connection[Any]"
CREATE = "mutation ($input: ContactCreateInput!) { contactCreate(input: $input) { errors { code } } }"


@pytest.fixture
async def world(enter: EnterWorld, executors: dict[str, Executor]) -> World:
    """A world with rows in every table: a change in each tenant has left its traces."""
    world = await enter(Locks.BOTH, "database")
    if not (await world.contents())[world.a.tenant.id].get("events"):
        for inhabitant in (world.a, world.b):
            given = {"firstName": "Ada", "phone": "+919800000000", "idempotencyKey": "traces"}
            answer = await world.run(executors["planned"], CREATE, {"input": given}, of=inhabitant.tenant)
            assert answer.data == {"contactCreate": {"errors": []}}
    return world


@asynccontextmanager
async def undone(url: str) -> AsyncIterator[Connection]:
    """A connection in a transaction that leaves nothing behind."""
    connection = await connect(url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


def table(name: str) -> Table:
    return Base.metadata.tables[name]


def stored_columns(name: str) -> str:
    return ", ".join(column.name for column in table(name).columns if column.computed is None)


def foreign_keys() -> list[tuple[str, ForeignKeyConstraint]]:
    """Every foreign key from a tenant's table to another, or to itself."""
    return [
        (name, constraint)
        for name in TABLES
        for constraint in sorted(table(name).foreign_key_constraints, key=lambda each: str(each.name))
        if constraint.elements[0].column.table.name in TABLES
    ]


async def row_of(world: World, name: str, tenant: Inhabitant) -> str:
    """A row of the tenant, as JSON: the one that refers to all it can, where the world knows one."""
    known = (row.id for key, row in tenant.rows.items() if row.__tablename__ == name and " " not in key)
    async with undone(world.addresses.owner) as connection:
        found: str = await connection.fetchval(
            f"SELECT to_jsonb(t)::text FROM {name} t"
            " WHERE tenant_id = $1 AND coalesce(to_jsonb(t) ->> 'id' = $2, true) LIMIT 1",
            tenant.tenant.id,
            str(next(known, "")) or None,
        )
    return found


async def insert(connection: Connection, name: str, row: str, tenant_id: UUID) -> None:
    """Insert a row, which was read as JSON, for a tenant."""
    columns = stored_columns(name)
    await connection.execute(
        f"INSERT INTO {name} ({columns}) SELECT {columns}"
        f" FROM jsonb_populate_record(NULL::{name}, $1::jsonb || jsonb_build_object('tenant_id', $2::uuid))",
        row,
        tenant_id,
    )


async def test_every_table_has_rows_of_both_tenants(world: World) -> None:
    contents = await world.contents()
    assert [name for name in TABLES for each in (world.a, world.b) if name not in contents[each.tenant.id]] == []


@pytest.mark.parametrize(("name", "constraint"), foreign_keys(), ids=lambda value: getattr(value, "name", value))
async def test_no_row_can_be_made_to_point_at_another_tenants(
    world: World, name: str, constraint: ForeignKeyConstraint
) -> None:
    own = next(row for key, row in world.a.rows.items() if row.__tablename__ == name and " " not in key)
    foreign = next(row for key, row in world.b.rows.items() if row.__tablename__ == name and " " not in key)
    columns = [element.parent.name for element in constraint.elements if element.parent.name != "tenant_id"]
    assert len(columns) == len(constraint.elements) - 1, "the tenant is part of the key"
    assert all(getattr(own, column) is not None for column in columns)
    changes = ", ".join(f"{column} = ${index}" for index, column in enumerate(columns, start=3))
    statement = f"UPDATE {name} SET {changes} WHERE tenant_id = $1 AND id = $2"
    for pointed_at, is_refused in ((own, False), (foreign, True)):
        async with undone(world.addresses.owner) as connection:
            values = [getattr(pointed_at, column) for column in columns]
            try:
                assert await connection.execute(statement, own.tenant_id, own.id, *values) == "UPDATE 1"
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except asyncpg.ForeignKeyViolationError:
                assert is_refused
            else:
                assert not is_refused


@pytest.mark.parametrize("name", sorted({name for name, _ in foreign_keys()}))
async def test_no_row_can_be_added_that_points_at_another_tenants(world: World, name: str) -> None:
    row = await row_of(world, name, world.b)
    async with undone(world.addresses.owner) as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await insert(connection, name, row, world.a.tenant.id)


async def as_nobody(_: Connection, __: World) -> None:
    """The application role, before any tenant is set."""


async def as_a(connection: Connection, world: World) -> None:
    """The application role, acting for A."""
    await connection.execute("SELECT app.set_tenant($1)", str(world.a.tenant.id))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("become", [as_nobody, as_a])
async def test_nothing_of_another_tenant_can_be_seen_added_changed_or_removed(
    world: World, name: str, become: Callable[[Connection, World], Awaitable[None]]
) -> None:
    row = await row_of(world, name, world.b)
    b = world.b.tenant.id
    async with undone(world.addresses.app) as connection:
        await become(connection, world)
        seen = {each["tenant_id"] for each in await connection.fetch(f"SELECT tenant_id FROM {name}")}
        assert seen == ({world.a.tenant.id} if become is as_a else set())
        assert (
            await connection.execute(f"UPDATE {name} SET tenant_id = tenant_id WHERE tenant_id = $1", b) == "UPDATE 0"
        )
        assert await connection.execute(f"DELETE FROM {name} WHERE tenant_id = $1", b) == "DELETE 0"
        assert await is_refused(connection, lambda: insert(connection, name, row, b))
        own = world.a.tenant.id
        assert await is_refused(connection, lambda: insert(connection, name, row, own)) == (become is as_nobody)
        if become is as_a:  # and none of one's own can be given away
            assert await is_refused(connection, lambda: connection.execute(f"UPDATE {name} SET tenant_id = $1", b))


async def is_refused(connection: Connection, act: Callable[[], Awaitable[Any]]) -> bool:
    """Whether the act is against the policy. It leaves nothing behind, and may break another constraint."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        await act()
    except asyncpg.InsufficientPrivilegeError as error:
        return "row-level security" in str(error)
    except asyncpg.IntegrityConstraintViolationError:
        return False
    else:
        return False
    finally:
        await savepoint.rollback()


async def test_the_tenant_is_forgotten_with_the_transaction(world: World) -> None:
    connection = await connect(world.addresses.app)
    try:
        for ends in ("COMMIT", "ROLLBACK"):
            await connection.execute("BEGIN")
            await as_a(connection, world)
            assert await connection.fetchval("SELECT count(*) FROM contacts") > 0
            await connection.execute(ends)
            assert await connection.fetchval("SELECT count(*) FROM contacts") == 0
    finally:
        await connection.close()


async def test_the_application_role_cannot_lift_the_lock(world: World) -> None:
    for statement in (
        "ALTER TABLE contacts DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON contacts",
        "TRUNCATE contacts",
        "CREATE FUNCTION app.all() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.contacts'",
        "SET LOCAL row_security = off; SELECT count(*) FROM contacts",
        "SET ROLE customer_graph_owner",
    ):
        async with undone(world.addresses.app) as connection:
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)):
                await connection.execute(statement)


async def test_the_search_functions_find_within_the_tenant(world: World) -> None:
    functions = [name for name in TABLES if "search_document" in table(name).columns]
    assert functions
    for name in functions:
        async with undone(world.addresses.app) as connection:
            for words, has_tenant, is_found in (
                (world.a.word, True, True),
                (world.b.word, True, False),
                (world.a.word, False, False),
            ):
                if has_tenant:
                    await as_a(connection, world)
                else:
                    await connection.execute("SET LOCAL app.tenant_id = ''")
                found = await connection.fetch(f"SELECT id FROM app.search_{name}($1, 100)", f"'{words}'")
                assert bool(found) == is_found, (name, words)


async def test_only_the_clock_role_reads_the_clocks_of_all_tenants(world: World) -> None:
    everybody = {each.tenant.id for each in (world.a, *world.others.values())}
    async with undone(world.addresses.app) as connection:
        assert await connection.fetch("SELECT tenant_id FROM tenant_clock") == []
        await connection.execute(f"SET LOCAL ROLE {CLOCK}")
        assert {row["tenant_id"] for row in await connection.fetch("SELECT tenant_id FROM tenant_clock")} == everybody
    for statement in (
        "UPDATE tenant_clock SET next_due_at = NULL",
        "DELETE FROM tenant_clock",
        *(f"SELECT 1 FROM {name}" for name in Base.metadata.tables if name != "tenant_clock"),
    ):
        async with undone(world.addresses.app) as connection:
            await connection.execute(f"SET LOCAL ROLE {CLOCK}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_the_poll_of_the_clocks_leaves_no_rights_behind(world: World) -> None:
    """It tells positions of the tenants that it was asked for; the connection goes back to the pool as it was."""
    found = await last_positions(world.database, [world.a.tenant.id])
    assert set(found) == {world.a.tenant.id}
    async with world.database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        role, user = await raw.driver_connection.fetchrow("SELECT current_user, session_user")
        assert role == user
        assert await raw.driver_connection.fetch("SELECT tenant_id FROM tenant_clock") == []
