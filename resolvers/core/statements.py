"""Statements compiled once: SQLAlchemy Core to text for asyncpg, kept by their shape, run with other values.

Each carries the tenant as the parameter `tenant` on every tenant table, and is refused when made if it does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec

from sqlalchemy import Enum, Select, Text, Uuid, and_, any_, bindparam, cast, func, select, true
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.orm import outerjoin, with_loader_criteria

from db.core.base import TenantRow
from db.core.session import ReadTransaction
from db.core.tenancy import UnscopedStatement, unscoped_table
from resolvers.core.bounded import Bounded
from resolvers.core.loaders import ByUnique, keys_parameter
from resolvers.core.pagination import Listing, PagesBy, PageShape, parent_keys

CACHED: Final = 4_000
CACHED_BYTES: Final = 4 * 1024 * 1024
P = ParamSpec("P")
_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """SQL for asyncpg, the names of its parameters in their order, and the values of those that never change."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values in the order of `$1, $2, …`."""
        fixed = self.fixed
        return [parameters[name] if name in parameters else fixed[name] for name in self.names]


Step = tuple[str, ByUnique[Any]]
"""A to-one relation that is folded into its parent's statement: the parent's column, and the source of the row."""


@dataclass(frozen=True, slots=True)
class Output:
    """A column as a statement gives it: as text where the answer needs no other form of it.

    `path` leads from the statement's own row to the row that has the column, over joins.
    """

    name: str
    is_text: bool = False
    path: tuple[Step, ...] = ()


def kept(make: Callable[P, Compiled]) -> Callable[P, Compiled]:
    """Compile a shape once, and keep it as long as it is used; the cache is one for all."""

    @wraps(make)
    def made(*args: P.args, **_: P.kwargs) -> Compiled:
        key = (make, *args)
        found = _cache.get(key)
        if found is None:
            found = make(*args)  # type: ignore[call-arg]  # none of them takes keywords
            _cache.put(key, found, _weight(found, args))
        return found

    return made


def _weight(made: Compiled, args: tuple[Any, ...]) -> int:
    """About how many bytes it keeps alive: the text (also in the caches of the driver), the columns of the key."""
    columns = sum(len(part) for part in args if isinstance(part, tuple))
    return 1_500 + 2 * len(made.sql) + 250 * columns + 100 * len(made.names)


_cache: Bounded[tuple[Any, ...], Compiled] = Bounded(CACHED, CACHED_BYTES)


def compiled(statement: Select[*tuple[Any, ...]]) -> Compiled:
    """Compile an ORM select with its tenant. Raises UnscopedStatement when a tenant table would go without."""
    scoped = statement.options(
        with_loader_criteria(
            TenantRow,
            lambda row: row.tenant_id == bindparam("tenant", type_=Uuid(as_uuid=True)),
            include_aliases=True,
        )
    )
    made = scoped.compile(dialect=_DIALECT)
    unscoped = unscoped_table(made.string)
    if unscoped is not None:
        raise UnscopedStatement(f"{unscoped} is read without its tenant: {made.string[:500]}")
    fixed = {name: value for name, value in made.params.items() if value is not None}
    return Compiled(made.string, tuple(made.positiontup or ()), fixed)


class Lookup:
    """A select of columns with parameters, written once; it is compiled when it first runs."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement
        self._compiled: Compiled | None = None
        types = [(place, column.type) for place, column in enumerate(statement.selected_columns)]
        self._enumerations = [
            (place, type_.enum_class) for place, type_ in types if isinstance(type_, Enum) and type_.enum_class
        ]

    async def rows(self, reads: ReadTransaction, values: Mapping[str, Any]) -> list[Sequence[Any]]:
        """The rows for these values, enumerations as their members."""
        if self._compiled is None:
            self._compiled = compiled(self.statement)
        parameters = self._compiled.values({**values, "tenant": reads.tenant_id})
        return [self._row(record) for record in await reads.fetch(self._compiled.sql, parameters)]

    def _row(self, record: Any) -> Sequence[Any]:
        row = list(record)
        for place, enumeration in self._enumerations:
            row[place] = None if row[place] is None else enumeration(row[place])
        return row


@kept
def rows_by_key(source: ByUnique[Any], outputs: tuple[Output, ...]) -> Compiled:
    """The rows whose key is among the parameter `keys`; the key comes first, as text."""
    key = cast(source.column, Text).label("_key")
    columns, joined = _columns(source.row, outputs)
    statement = select(key, *columns).select_from(joined)
    return compiled(statement.where(source.column == any_(keys_parameter()), *source.criteria))


@kept
def row_by_key(source: ByUnique[Any], outputs: tuple[Output, ...]) -> Compiled:
    """The row whose key is the parameter `key`; the key comes first, as text.

    PostgreSQL keeps a plan for `=`, and plans `= ANY` of an array anew each time, which costs more than the row.
    """
    key = cast(source.column, Text).label("_key")
    columns, joined = _columns(source.row, outputs)
    statement = select(key, *columns).select_from(joined)
    wanted = bindparam("key", type_=Uuid(as_uuid=True))
    return compiled(statement.where(source.column == wanted, *source.criteria))


@kept
def page(listing: Listing[Any], shape: PageShape, outputs: tuple[Output, ...]) -> Compiled:
    """One page of a listing, and one row more."""
    columns, joined = _columns(listing.row, outputs)
    return compiled(listing.select_page(shape, true(), columns).select_from(joined))


@kept
def pages_by(source: PagesBy[Any], shape: PageShape, outputs: tuple[Output, ...]) -> Compiled:
    """One page, and one row more, for each parent among `keys`; the parent's key comes first, as text."""
    parents = parent_keys()
    columns, joined = _columns(source.listing.row, outputs)
    found = source.listing.select_page(shape, source.link(parents.c.key), columns).select_from(joined).lateral("page")
    return compiled(select(cast(parents.c.key, Text).label("_key"), *found.c).join_from(parents, found, true()))


@kept
def count(listing: Listing[Any], shape: PageShape) -> Compiled:
    """How many rows match, counted no further than one past the cap."""
    return compiled(select(func.count()).select_from(listing.select_matches(shape, true()).subquery()))


@kept
def counts_by(source: PagesBy[Any], shape: PageShape) -> Compiled:
    """Each parent's key among `keys`, as text, with its number of matches; parents without any are left out."""
    parents = parent_keys()
    matches = source.listing.select_matches(shape, source.link(parents.c.key)).lateral("matches")
    key = cast(parents.c.key, Text)
    return compiled(select(key, func.count()).select_from(parents).join(matches, true()).group_by(parents.c.key))


def _columns(row: Any, outputs: Sequence[Output]) -> tuple[list[Any], Any]:
    """The labelled columns, and the row's table with all that is joined to it: at most one row each."""
    places: dict[tuple[Step, ...], Any] = {(): row.__table__}
    joined = row  # the class and not its table, so that the tenant is put on it whatever columns are asked for
    columns = []
    for index, output in enumerate(outputs):
        for length in range(1, len(output.path) + 1):
            path = output.path[:length]
            if path not in places:
                column, source = path[-1]
                places[path] = other = source.row.__table__.alias(f"j{len(places)}")
                joined = outerjoin(joined, other, _on(places[path[:-1]].c[column], other, source))
        found = places[output.path].c[output.name] if output.path else getattr(row, output.name)
        columns.append((cast(found, Text) if output.is_text else found).label(f"c{index}"))
    return columns, joined


def _on(column: Any, other: Any, source: ByUnique[Any]) -> Any:
    """The condition of a join, with the tenant: a table that is joined by its alias gets it from nobody else."""
    if source.criteria:
        raise ValueError("a source with criteria of its own cannot be joined")
    tenant = bindparam("tenant", type_=Uuid(as_uuid=True))
    return and_(other.c[source.column.key] == column, other.c.tenant_id == tenant)
