"""Several rows of every type, for generated operations: clones of one row of each, differently connected, with gaps."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLObjectType
from sqlalchemy import ForeignKey, LargeBinary, Table, Text, UniqueConstraint, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.core.base import Base
from db.organizations import Tenant
from gql.core.ids import encode_id
from gql.core.node import node_type_named
from gql.schema import schema
from tests.factories import everything
from tests.support.chance import seeded
from tests.support.store import Store

CLONES: Final = 5
Row = dict[str, Any]


class World:
    """A tenant and its rows as they are stored, by table."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.rows: dict[str, list[Row]] = {}

    def of_type(self, type_name: str) -> list[Row]:
        """The rows that the type shows."""
        node_type = node_type_named(type_name)
        assert node_type is not None, type_name
        return self.rows.get(node_type.loader.row.__tablename__, [])

    def ids(self, type_name: str) -> list[str]:
        """The global ids of the type's objects."""
        return [encode_id(type_name, row["id"]) for row in self.of_type(type_name)]


def node_type_names() -> list[str]:
    """Every type with a global id."""
    return [name for name, type_ in schema._schema.type_map.items() if _is_node(type_)]


def _is_node(type_: Any) -> bool:
    return isinstance(type_, GraphQLObjectType) and any(each.name == "Node" for each in type_.interfaces)


async def populate(store: Store, tenant: Tenant) -> World:
    """One row of everything, and its clones; some are in the same instant, some have no value where none is needed."""
    random = ("ApiKey", "UserSession")  # ids that are made with their secrets
    await everything.populate(store, tenant, {name: store.new_id() for name in random})
    world = World(tenant)
    tables = [table for table in Base.metadata.sorted_tables if table.name in _shown()]
    async with store.engine.begin() as connection:
        for table in tables:
            await _read(connection, world, table)
        for table in tables:
            if "tenant_id" in table.columns:
                for number in range(CLONES):
                    await _clone(connection, world, table, number, store.new_id())
        for table in tables:
            await _read(connection, world, table)
    return world


def _shown() -> set[str]:
    found = set()
    for name in node_type_names():
        node_type = node_type_named(name)
        assert node_type is not None
        found.add(node_type.loader.row.__tablename__)
    return found


async def _read(connection: AsyncConnection, world: World, table: Table) -> None:
    owner = {"tenants": "id", "organizations": "id"}.get(table.name, "tenant_id")
    own = world.tenant.organization_id if table.name == "organizations" else world.tenant.id
    columns = [column for column in table.columns if column.name != "search_document"]
    found = await connection.execute(select(*columns).where(table.columns[owner] == own).order_by(table.columns["id"]))
    world.rows[table.name] = [dict(row._mapping) for row in found]


async def _clone(connection: AsyncConnection, world: World, table: Table, number: int, row_id: UUID) -> None:
    rnd = seeded(f"{table.name} {number}")
    originals = world.rows[table.name]
    if not originals:
        return
    for gaps in (0.4, 0.1, 0.0):
        values = _changed(world, table, dict(originals[0], id=row_id), number, rnd, gaps)
        try:
            async with connection.begin_nested():
                await connection.execute(insert(table).values(values))
        except IntegrityError:
            continue
        world.rows[table.name].append(values)
        return


def _changed(world: World, table: Table, values: Row, number: int, rnd: Random, gaps: float) -> Row:
    values["created_at"] += timedelta(seconds=number // 2)
    targets = _references(table)
    kept = _tied(table)
    unique = unique_columns(table)
    for column in table.columns:
        name = column.name
        if column.computed is not None:
            values.pop(name, None)
        if name in {"id", "created_at", *kept} or name not in values:
            continue
        if name in targets:
            values[name] = _reference(world, targets[name], is_nullable=bool(column.nullable), rnd=rnd)
        elif column.nullable and rnd.random() < gaps:
            values[name] = None
        elif name in unique:
            values[name] = _other(column.type, values[name], number)
    return values


def _references(table: Table) -> dict[str, str]:
    """The table that each column refers to alone."""
    return {
        each.parent.name: each.column.table.name for each in _elements(table) if each.parent.name not in _tied(table)
    }


def _tied(table: Table) -> set[str]:
    """The columns that refer together with another one, such as a pipeline and its stage, and the tenant."""
    found = {"tenant_id"}
    for constraint in table.foreign_key_constraints:
        others = [each.parent.name for each in constraint.elements if each.parent.name != "tenant_id"]
        if len(others) > 1:
            found.update(others)
    return found


def _elements(table: Table) -> Iterator[ForeignKey]:
    for constraint in table.foreign_key_constraints:
        yield from constraint.elements


def _reference(world: World, table: str, *, is_nullable: bool, rnd: Random) -> UUID | None:
    ids: list[UUID | None] = [row["id"] for row in world.rows.get(table, ())]
    if is_nullable:
        ids.append(None)
    return rnd.choice(ids) if ids else None


def unique_columns(table: Table) -> set[str]:
    """The columns that are unique, alone or with others."""
    found = {column.name for each in table.constraints if isinstance(each, UniqueConstraint) for column in each.columns}
    found |= {column.name for index in table.indexes if index.unique for column in index.columns}
    return found


def _other(type_: Any, value: Any, number: int) -> Any:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return value + 10 * (number + 1)
    if isinstance(type_, LargeBinary) and value is not None:
        return secrets.token_bytes(len(value))
    if isinstance(type_, Text) and isinstance(value, str):
        return f"{value[:-1]}{number}" if value[-1:].isdigit() else f"{value}{number}"
    return value
