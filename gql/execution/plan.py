"""Plans: the levels of an operation, each with its one statement and a compiled builder of answers.

A plan runs only where everything goes well. Whatever does not (an error in a resolver, a null where none may be,
a missing permission) raises, and the reference executor runs the operation again to say exactly what and where.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from graphql.execution.values import VariableValues

from gql.core.fields import SIGNED_IN
from gql.execution.fallback import Fallback, Reason
from resolvers.core import statements
from resolvers.core.context import Context
from resolvers.core.loaders import ByUnique
from resolvers.core.pagination import COUNT_CAP, Listing, PagesBy, PageShape, encode_cursor
from resolvers.core.recording import RecordedTransaction
from resolvers.core.statements import Compiled, Output, Step

Object = dict[str, Any]
MAX_SHAPES: Final = 4  # of statements that one connection of a plan keeps: filters in variables make ever others
MAX_JOINS: Final = 7  # with its own table that is join_collapse_limit, beyond which PostgreSQL stops looking
_EVERYBODYS: Final = {SIGNED_IN}


@dataclass(slots=True)
class Run:
    """One run of a plan."""

    context: Context
    variables: VariableValues | None

    def may(self, permissions: frozenset[str]) -> bool:
        """Whether the viewer holds them all."""
        return self.context.has_viewer and permissions - _EVERYBODYS <= self.context.viewer.permissions

    async def fetch(self, statement: Compiled, parameters: Mapping[str, Any], place: str) -> Sequence[Any]:
        """The records of a statement, under the viewer's tenant. `place` is the level that they are for."""
        tenant = self.context.tenant_id
        return await self.context.reads.fetch(statement.sql, statement.values({**parameters, "tenant": tenant}))


class RecordedRun(Run):
    """A run whose reads are written down, each with its place."""

    __slots__ = ()

    async def fetch(self, statement: Compiled, parameters: Mapping[str, Any], place: str) -> Sequence[Any]:
        """As any run; tells the transaction what the statement is for."""
        reads = self.context.reads
        assert isinstance(reads, RecordedTransaction)
        reads.place = place
        return await super().fetch(statement, parameters, place)


class Child(Protocol):
    """Something read for all rows of a level at once."""

    async def read(self, rows: Sequence[Any], run: Run) -> Any:
        """What the level's builder takes: a dict by key, or a list along the rows."""


class Outputs:
    """The columns that a statement gives, each once; shared by the levels that read the same rows."""

    def __init__(self, offset: int, place: str) -> None:
        self.place = place  # in the answer
        self.offset = offset  # of the first column: the parent's key may stand before it
        self._found: dict[Output, int] = {}
        self._joins: set[tuple[Step, ...]] = set()

    def index(self, name: str, *, is_text: bool = False, path: tuple[Step, ...] = ()) -> int:
        """The position of a column in the records."""
        return self._found.setdefault(Output(name, is_text, path), len(self._found)) + self.offset

    def can_join(self, path: tuple[Step, ...]) -> bool:
        """Whether the row at the path may be folded in: PostgreSQL plans so many joins well, and no more."""
        source = path[-1][1]
        if source.criteria or "tenant_id" not in source.row.__table__.columns:
            return False
        if path not in self._joins and len(self._joins) >= MAX_JOINS:
            return False
        self._joins.add(path)
        return True

    @property
    def columns(self) -> tuple[Output, ...]:
        """The columns in their order: the id where nothing was asked for, since a row has to give something."""
        return tuple(self._found) or (Output("id", is_text=True),)


@dataclass(slots=True)
class RowLevel:
    """Objects of one type at one place of the operation, read from rows of the database.

    `build` is compiled for the selection: it takes the rows and what the children read, and returns dicts.
    """

    outputs: Outputs
    children: list[Child] = field(default_factory=list)
    build: Callable[..., list[Object]] = lambda *_: []

    async def run(self, rows: Sequence[Any], run: Run) -> list[Object]:
        """The answers, along the rows."""
        if not self.children:
            return self.build(rows, run.context)
        read = [await child.read(rows, run) for child in self.children]
        return self.build(rows, run.context, *read)


@dataclass(slots=True)
class One:
    """The one object whose key stands in a column of each row; read once per distinct key."""

    key: Callable[[Any], Any]
    source: ByUnique[Any]
    level: RowLevel
    statement: Compiled | None = None

    async def read(self, rows: Sequence[Any], run: Run) -> dict[Any, Object]:
        """The objects by key, as text."""
        key = self.key
        keys = list({value: None for row in rows if (value := key(row)) is not None})
        if not keys:
            return {}
        if self.statement is None:
            self.statement = statements.rows_by_key(self.source, self.level.outputs.columns)
        records = await run.fetch(self.statement, {"keys": keys}, self.level.outputs.place)
        objects = await self.level.run(records, run)
        return {record[0]: answer for record, answer in zip(records, objects, strict=True)}


@dataclass(slots=True)
class PageLevel:
    """What is asked of a connection: the objects of its page, and what is told about the page.

    `parts` are (key, kind, detail). The detail of nodes is the RowLevel of the objects; that of edges their RowLevels,
    one for each time that the objects are asked for, and the edges' own parts: (key, kind, number of the RowLevel).
    """

    listing: Listing[Any]
    outputs: Outputs
    parts: list[tuple[str, str, Any]] = field(default_factory=list)
    has_count: bool = False
    order_index: Callable[[str], int] = lambda _: 0
    id_index: int = 0
    _statements: dict[PageShape, Compiled] = field(default_factory=dict)

    def statement(self, shape: PageShape, make: Callable[[PageShape, tuple[Output, ...]], Compiled]) -> Compiled:
        """The statement of a shape, made by `make` with the columns of the page and of its order, and kept."""
        found = self._statements.get(shape)
        if found is None:
            self.order_index(shape.order)
            if len(self._statements) >= MAX_SHAPES:
                self._statements.clear()
            found = self._statements[shape] = make(shape, self.outputs.columns)
        return found


Groups = dict[Any, list[Any]]


@dataclass(slots=True)
class Many:
    """A page of rows for each parent."""

    key: Callable[[Any], Any]
    source: PagesBy[Any]
    arguments: Callable[[Run], Any]
    page: PageLevel

    async def read(self, rows: Sequence[Any], run: Run) -> dict[Any, Object]:
        """The connections by parent's key, as text."""
        keys = list({key: None for row in rows if (key := self.key(row)) is not None})
        if not keys:
            return {}
        args = self.arguments(run)
        asked = self.source.listing.asked(args)
        statement = self.page.statement(asked.shape, partial(statements.pages_by, self.source))
        groups: Groups = {str(key): [] for key in keys}
        values = {**asked.values, "keys": keys}
        for record in await run.fetch(statement, values, self.page.outputs.place):
            groups[record[0]].append(record)
        counts: dict[Any, int] = {}
        if self.page.has_count:
            counting = statements.counts_by(self.source, asked.shape)
            counts = dict(await run.fetch(counting, values, self.page.outputs.place))
        return await connections(self.page, groups, counts, args, asked.shape.order, run)


async def connections(
    page: PageLevel, groups: Groups, counts: Mapping[Any, int], args: Any, order: str, run: Run
) -> dict[Any, Object]:
    """The connections of all parents, from the records of their pages (each with one more, when there is more)."""
    size = args.size
    more = {key: len(found) > size for key, found in groups.items()}
    rows = {key: found[:size] for key, found in groups.items()}
    if args.is_backward:
        rows = {key: found[::-1] for key, found in rows.items()}
    flat = [record for found in rows.values() for record in found]
    answers: dict[Any, Object] = {key: {} for key in groups}

    def cursor(record: Any) -> str:
        return encode_cursor(order, record[page.order_index(order)], record[page.id_index])

    for name, kind, detail in page.parts:
        if kind in {"nodes", "edges"}:
            if kind == "nodes":
                built: list[Any] = await detail.run(flat, run)
            else:
                levels, edge_parts = detail
                built = _edges(edge_parts, flat, [await level.run(flat, run) for level in levels], cursor)
            start = 0
            for key, found in rows.items():
                answers[key][name] = built[start : start + len(found)]
                start += len(found)
            continue
        for key, found in rows.items():
            answers[key][name] = _told(kind, detail, found, more[key], counts.get(key, 0), args, cursor)
    return answers


def _edges(parts: Any, records: list[Any], objects: list[list[Object]], cursor: Callable[[Any], str]) -> list[Object]:
    return [
        {
            name: cursor(record) if kind == "cursor" else objects[detail][place] if kind == "node" else detail
            for name, kind, detail in parts
        }
        for place, record in enumerate(records)
    ]


def _told(
    kind: str, detail: Any, found: list[Any], has_more: bool, count: int, args: Any, cursor: Callable[[Any], str]
) -> Any:
    match kind:
        case "page_info":
            told = {
                "hasNextPage": args.before is not None if args.is_backward else has_more,
                "hasPreviousPage": has_more if args.is_backward else args.after is not None,
            }
            return {name: told[of] if of in told else _end(of, found, cursor) for name, of in detail}
        case "total_count":
            return min(count, COUNT_CAP)
        case "is_total_count_capped":
            return count > COUNT_CAP
    return detail  # __typename


def _end(of: str, found: list[Any], cursor: Callable[[Any], str]) -> str | None:
    if of == "startCursor":
        return cursor(found[0]) if found else None
    if of == "endCursor":
        return cursor(found[-1]) if found else None
    return of  # __typename


@dataclass(slots=True)
class RootRow:
    """A root field that reads one row by its id."""

    loader: ByUnique[Any]
    row_id: Callable[[Run], Any]
    level: RowLevel
    may_be_null: bool
    statement: Compiled | None = None

    async def answers(self, values: Sequence[Any], run: Run) -> list[Any]:
        """The object, or None. Raises InvalidId."""
        row_id = self.row_id(run)
        if self.statement is None:
            self.statement = statements.row_by_key(self.loader, self.level.outputs.columns)
        records = await run.fetch(self.statement, {"key": row_id}, self.level.outputs.place)
        found = await self.level.run(records, run)
        if not found and not self.may_be_null:
            raise Fallback(Reason.NULL)
        return found or [None]


@dataclass(slots=True)
class RootPage:
    """A root field that pages through all rows of a type."""

    arguments: Callable[[Run], Any]
    page: PageLevel

    async def answers(self, values: Sequence[Any], run: Run) -> list[Any]:
        """The connection. Raises BadUserInput and InvalidCursor."""
        listing = self.page.listing
        args = self.arguments(run)
        asked = listing.asked(args)
        statement = self.page.statement(asked.shape, partial(statements.page, listing))
        records = await run.fetch(statement, asked.values, self.page.outputs.place)
        counts: dict[Any, int] = {}
        if self.page.has_count:
            counting = statements.count(listing, asked.shape)
            counts[None] = (await run.fetch(counting, asked.values, self.page.outputs.place))[0][0]
        return [(await connections(self.page, {None: list(records)}, counts, args, asked.shape.order, run))[None]]
