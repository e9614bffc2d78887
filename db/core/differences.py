"""The statements of a migration between what the revisions make and what the rows declare, and back.

Alembic sees tables, columns, indexes, foreign keys and unique constraints. What it does not see (the text of CHECK
constraints, of generated columns and of indexes' conditions) is compared between two databases, one migrated and one
made from the rows, both as PostgreSQL writes it.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext, produce_migrations
from alembic.autogenerate.render import render_op
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Column, Connection, MetaData, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

CHECKS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'c'
"""
INDEXES = """
SELECT i.tablename, i.indexname, i.indexdef
  FROM pg_indexes i
 WHERE i.schemaname = 'public'
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname AND c.contype IN ('p', 'u', 'x'))
"""
GENERATED = """
SELECT a.attrelid::regclass::text, a.attname, pg_get_expr(d.adbin, d.adrelid)
  FROM pg_attribute a
  JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attgenerated <> '' AND NOT a.attisdropped
"""
SEARCHED = "search_document"
ENUMERATION = re.compile(r"\(*\"?(\w+)\"?\)?::text = ANY \(+ARRAY\[(.+)\]\)?(?:::text\[\])?\)+")

EMPTY: dict[str, dict[type, str]] = {  # the SQL texts of `default=dict` and `default=list`, by the column's type
    "dict": {postgresql.JSONB: "'{}'::jsonb"},
    "list": {postgresql.JSONB: "'[]'::jsonb", sa.ARRAY: "'{}'"},
}

Texts = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Step:
    """Lines of Python that change something, and those that undo it."""

    up: list[str]
    down: list[str]


@dataclass(frozen=True)
class Draft:
    """The bodies of `upgrade` and `downgrade`, and what a person should look at."""

    upgrade: list[str]
    downgrade: list[str]
    advice: list[str]


@dataclass(frozen=True)
class Known:
    """The texts of a database's objects, by table and name."""

    checks: Texts
    indexes: Texts
    generated: Texts

    @classmethod
    def read(cls, connection: Connection) -> "Known":
        """Read those of the schema `public`."""
        return cls(*({(row[0], row[1]): row[2] for row in connection.execute(text(sql))} for sql in SOURCES))


SOURCES = (CHECKS, INDEXES, GENERATED)


def compare(migrated: Connection, wanted: Known, metadata: MetaData) -> Draft:
    """Compare a freshly migrated database with the rows; `wanted` is read from one made by `create_all`."""
    drafter = Drafter(migrated, wanted, metadata)
    steps = list(drafter.steps())
    return Draft(
        upgrade=[line for step in steps for line in step.up],
        downgrade=[line for step in reversed(steps) for line in step.down],
        advice=drafter.advice,
    )


class Drafter:
    """One comparison; `steps` yields its result in an order that PostgreSQL accepts."""

    def __init__(self, migrated: Connection, wanted: Known, metadata: MetaData) -> None:
        options = {"compare_type": True, "include_object": is_declared, "target_metadata": metadata}
        self._context = MigrationContext.configure(migrated, opts=options)
        self._metadata = metadata
        self._stored = Known.read(migrated)
        self._wanted = wanted
        self._inspector = sa.inspect(migrated)
        self._rendering = AutogenContext(
            self._context,
            metadata,
            opts={
                "sqlalchemy_module_prefix": "sa.",
                "alembic_module_prefix": "op.",
                "user_module_prefix": None,
                "render_item": render_item,
            },
        )
        self.advice: list[str] = []

    def steps(self) -> Iterator[Step]:
        """What changes: from checks that go, over tables and columns, to checks that come."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Computed default")  # `_generated` sees to those
            script = produce_migrations(self._context, self._metadata)
        assert script.upgrade_ops is not None
        found = list(script.upgrade_ops.ops)
        dropped = [op for op in found if isinstance(op, ops.DropTableOp)]
        created = [op for op in found if isinstance(op, ops.CreateTableOp)]
        gone, new = {op.table_name for op in dropped}, {op.table_name for op in created}
        changes = [op for op in found if isinstance(op, ops.ModifyTableOps)]

        yield from self._dropped_checks(gone)
        for create in created:
            yield from self._create(create, [change for change in changes if change.table_name == create.table_name])
        for change in changes:
            if change.table_name not in new | gone:
                for inner in change.ops:
                    yield from self._modify(inner)
        yield from self._generated()
        yield from self._redefined_indexes()
        order = [name for name, _ in self._inspector.get_sorted_table_and_fkc_names() if name]
        for drop in sorted(dropped, key=lambda op: order.index(op.table_name), reverse=True):
            yield from self._drop(drop, [change for change in changes if change.table_name == drop.table_name])
        yield from self._added_checks(new)

    # ------------------------------------------------------------------------------------------------ tables

    def _create(self, op: ops.CreateTableOp, changes: list[ops.ModifyTableOps]) -> Iterator[Step]:
        """A new table with its indexes, policy and search."""
        table = op.to_table()
        indexes = [inner for change in changes for inner in change.ops]
        up = [line for each in (op, *indexes) for line in self._rendered(each)]
        down = self._rendered(op.reverse())
        if "tenant_id" in table.c:
            up.append(f"ddl.protect({table.name!r})")
        if SEARCHED in table.c:
            up.append(f"ddl.make_searchable({table.name!r})")
            down.insert(0, f"ddl.forget_searchable({table.name!r})")
        yield Step(up, down)

    def _drop(self, op: ops.DropTableOp, changes: list[ops.ModifyTableOps]) -> Iterator[Step]:
        """A table that goes. Its way back is read from the database, so the rows' own words are lost."""
        table = op.to_table()
        for constraint in table.constraints:
            if isinstance(constraint, sa.CheckConstraint):
                constraint.sqltext = text(condition(self._stored.checks[table.name, str(constraint.name)]))
        indexes = [inner for change in changes for inner in change.ops if isinstance(inner, ops.DropIndexOp)]
        down = self._rendered(ops.CreateTableOp.from_table(table))
        down += [line for index in indexes for line in self._rendered(index.reverse())]
        up = self._rendered(op)
        if "tenant_id" in table.c:
            down.append(f"ddl.protect({table.name!r})")
        if SEARCHED in table.c:
            up.insert(0, f"ddl.forget_searchable({table.name!r})")
            down.append(f"ddl.make_searchable({table.name!r})")
        yield Step(up, down)

    # ----------------------------------------------------------------------------------------------- columns

    def _modify(self, op: ops.MigrateOperation) -> Iterator[Step]:
        """A change within a table that stays."""
        match op:
            case ops.AddColumnOp():
                yield from self._add_column(op)
            case ops.AlterColumnOp(modify_nullable=False, table_name=table, column_name=name):
                self.advice.append(f"{table}.{name} must not be null any more: fill the rows that are, before.")
                yield Step(self._rendered(op), self._rendered(op.reverse()))
            case ops.DropColumnOp(column_name=name, table_name=table) if name == SEARCHED:
                yield Step([f"ddl.forget_searchable({table!r})"], [f"ddl.make_searchable({table!r})"])
                yield Step(self._rendered(op), self._rendered(op.reverse()))
            case _:
                yield Step(self._rendered(op), self._rendered(op.reverse()))

    def _add_column(self, op: ops.AddColumnOp) -> Iterator[Step]:
        """A new column. One that must not be null fills the rows that are there with its default."""
        column, table = op.column, op.table_name
        down = self._rendered(op.reverse())
        if column.nullable or column.computed is not None:
            yield Step(self._rendered(op), down)
        elif (filling := default_of(column)) is None:
            self.advice.append(
                f"{table}.{column.name} must not be null and has no fixed default: add it nullable, fill the rows "
                "that are there, then set nullable=False."
            )
            yield Step(self._rendered(op), down)
        else:
            filled: Column[Any] = Column(column.name, column.type, server_default=text(filling), nullable=False)
            forget = f"op.alter_column({table!r}, {column.name!r}, server_default=None)"
            yield Step([*self._rendered(ops.AddColumnOp(table, filled)), forget], down)
        if column.name == SEARCHED:
            yield Step([f"ddl.make_searchable({table!r})"], [f"ddl.forget_searchable({table!r})"])

    def _generated(self) -> Iterator[Step]:
        """Generated columns with another expression: they are made anew, with what stands on them."""
        for (table, name), old in changed(self._stored.generated, self._wanted.generated):
            column = self._metadata.tables[table].c[name]
            before: Column[Any] = Column(name, column.type, sa.Computed(old, persisted=True), nullable=column.nullable)
            drop = self._rendered(ops.DropColumnOp(table, name))
            up = [*drop, *self._rendered(ops.AddColumnOp.from_column_and_tablename(None, table, column))]
            down = [*drop, *self._rendered(ops.AddColumnOp(table, before))]
            if name == SEARCHED:
                around = (f"ddl.forget_searchable({table!r})", f"ddl.make_searchable({table!r})")
                up, down = [around[0], *up, around[1]], [around[0], *down, around[1]]
            yield Step(up, down)

    # --------------------------------------------------------------------------------- indexes and CHECKs

    def _redefined_indexes(self) -> Iterator[Step]:
        """Indexes that differ in what Alembic does not compare, such as their condition."""
        for (table, name), old in changed(self._stored.indexes, self._wanted.indexes):
            (index,) = (index for index in self._metadata.tables[table].indexes if index.name == name)
            stored = next(each for each in self._inspector.get_indexes(table) if each["name"] == name)
            if stored["column_names"] != [column.name for column in index.columns] or stored["unique"] != index.unique:
                continue  # Alembic has seen it
            drop = f"op.drop_index(op.f({name!r}), table_name={table!r})"
            yield Step(
                [drop, *self._rendered(ops.CreateIndexOp.from_index(index))],
                [drop, f"op.execute({old!r})"],
            )

    def _dropped_checks(self, gone: set[str]) -> Iterator[Step]:
        """CHECK constraints that go or change, of tables that stay."""
        for (table, name), old in sorted(self._stored.checks.items()):
            if table not in gone and self._wanted.checks.get((table, name)) != old:
                yield Step([dropped_check(table, name)], [added_check(table, name, condition(old))])

    def _added_checks(self, new: set[str]) -> Iterator[Step]:
        """CHECK constraints that come or have changed, of tables that were there."""
        for (table, name), wanted in sorted(self._wanted.checks.items()):
            if table not in new and self._stored.checks.get((table, name)) != wanted:
                yield Step([added_check(table, name, self._declared(table, name))], [dropped_check(table, name)])

    def _declared(self, table: str, name: str) -> str:
        """The condition of a CHECK constraint as the rows write it."""
        for constraint in self._metadata.tables[table].constraints:
            if isinstance(constraint, sa.CheckConstraint) and str(constraint.name) == name:
                return str(constraint.sqltext.compile(dialect=DIALECT, compile_kwargs=WITHIN_TABLE))
        raise LookupError(f"{table} declares no CHECK constraint {name}.")

    def _rendered(self, op: ops.MigrateOperation) -> list[str]:
        """The lines of an operation, without what Alembic says of columns that it read from the database."""
        return [line.replace(", autoincrement=False", "") for line in render_op(self._rendering, op)]


WITHIN_TABLE = {"literal_binds": True, "include_table": False}
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy types it so


def is_declared(item: Any, name: str | None, kind: str, is_reflected: bool, _other: Any) -> bool:
    """Whether Alembic should compare it: the indexes of searches are made by their migrations, not by rows."""
    return not (kind == "index" and is_reflected and name == f"ix_{item.table.name}_search")


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | bool:
    """Enumerations are text with a CHECK constraint: a PostgreSQL enum can neither be sharded nor freely changed."""
    return f"sa.String(length={item.length})" if kind == "type" and isinstance(item, sa.Enum) else False


def changed(stored: Texts, wanted: Texts) -> Iterator[tuple[tuple[str, str], str]]:
    """What both sides have, each with its own text: the key and the stored text, in order."""
    for key, old in sorted(stored.items()):
        if key in wanted and wanted[key] != old:
            yield key, old


def dropped_check(table: str, name: str) -> str:
    return f"op.drop_constraint(op.f({name!r}), {table!r}, type_='check')"


def added_check(table: str, name: str, condition: str) -> str:
    return f"op.create_check_constraint(op.f({name!r}), {table!r}, {condition!r})"


def condition(definition: str) -> str:
    """The condition within a constraint's definition; of an enumeration in the words of the rows."""
    inner = definition.removeprefix("CHECK (").removesuffix(")")
    of_values = ENUMERATION.fullmatch(inner)
    if of_values is None:
        return inner
    values = re.findall(r"'(?:[^']|'')*'", of_values[2])
    return f"{of_values[1]} IN ({', '.join(values)})"


def default_of(column: Column[Any]) -> str | None:
    """The SQL text of a column's default, if it is the same for every row: a constant, {} or []."""
    match column.default:
        case ScalarElementColumnDefault(arg=value):
            return str(sa.literal(value, column.type).compile(dialect=DIALECT, compile_kwargs=WITHIN_TABLE))
        case CallableColumnDefault(arg=function):
            return EMPTY.get(getattr(function, "__name__", ""), {}).get(type(column.type))
        case _:
            return None
