"""Pages by keyset: Relay's `first/after/last/before`, of one list or of the lists of many parents at once."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from aiodataloader import DataLoader
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.core.base import TenantRow
from resolvers.core.errors import BadUserInput, InvalidCursor
from resolvers.core.filtering import Condition, fields_of, parameterise, shape_to_sql, words_to_tsquery

if TYPE_CHECKING:
    from resolvers.core.context import Context

R = TypeVar("R", bound=TenantRow)

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100
COUNT_CAP: Final = 10_000  # `totalCount` stops counting here, and says so
SEARCH: Final = "search"  # among the filters that are guarded
SEARCH_CAP: Final = 1_000  # a search considers this many matches, the best ranked

Link = Callable[[ColumnElement[UUID]], ColumnElement[bool]]


@dataclass(frozen=True)
class PageArgs:
    """What a client asks of a connection. `order` is a key of the listing's orders."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    condition: Condition | None = None
    search: str | None = None
    order: str | None = None
    is_descending: bool = False

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadUserInput("Give first or last, not both.", ("first",))
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MAX_SIZE:
                raise BadUserInput(f"{name} must be between 0 and {MAX_SIZE}, not {size}.", (name,))

    @property
    def size(self) -> int:
        """How many rows the page holds at most."""
        if self.last is not None:
            return self.last
        return DEFAULT_SIZE if self.first is None else self.first

    @property
    def is_backward(self) -> bool:
        """Whether the page is taken from the end."""
        return self.last is not None


@dataclass(frozen=True, eq=False)
class Listing(Generic[R]):
    """A list that clients page through: its row, the orders that an index serves, and what may be filtered.

    Each order is a column that is never null; the id settles ties. `guarded` has the filters, and SEARCH, that take
    a permission of their own: what may not be read may not be found out by asking for it either.
    """

    row: type[R]
    orders: Mapping[str, InstrumentedAttribute[Any]]
    default_order: str
    is_default_descending: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)
    is_searchable: bool = False
    guarded: Mapping[str, str] = field(default_factory=dict)

    def permissions(self, args: PageArgs) -> Iterator[str]:
        """What a viewer has to hold for these arguments."""
        if not self.guarded:
            return
        used = fields_of(args.condition) if args.condition else frozenset()
        for name, permission in self.guarded.items():
            if name in used or (name == SEARCH and args.search is not None):
                yield permission

    def order_of(self, args: PageArgs) -> tuple[str, bool]:
        """The order's name, and whether it runs downwards."""
        if args.order is None:
            return self.default_order, self.is_default_descending
        return args.order, args.is_descending

    def asked(self, args: PageArgs) -> "Asked":
        """The arguments, split. Raises BadUserInput and InvalidCursor."""
        name, is_descending = self.order_of(args)
        values: dict[str, Any] = {"size": args.size + 1}
        for mark in ("after", "before"):
            cursor = getattr(args, mark)
            if cursor is not None:
                value, row_id = decode_cursor(cursor, name, self.orders[name])
                values |= {f"{mark}_value": value, f"{mark}_id": row_id}
        if args.search is not None:
            values["words"] = words_to_tsquery(args.search)
            if values["words"] is None or not self.is_searchable:
                raise BadUserInput("search must contain a letter or a digit.", ("search",))
        condition = parameterise(args.condition, self.filters, values) if args.condition else None
        shape = PageShape(
            name,
            is_descending,
            args.is_backward,
            args.after is not None,
            args.before is not None,
            args.search is not None,
            condition,
        )
        return Asked(shape, values)

    def matching(self, shape: "PageShape") -> ColumnElement[bool]:
        """The condition of the filter and the search together."""
        found = shape_to_sql(shape.condition, self.filters)
        if not shape.has_search:
            return found
        function = getattr(func.app, f"search_{self.row.__tablename__}")
        ids = function(cast(bindparam("words", type_=Text), Text), cast(SEARCH_CAP, Integer)).table_valued("id")
        return and_(found, self.row.id.in_(select(ids.c.id)))

    def select_page(self, shape: "PageShape", within: ColumnElement[bool], columns: Sequence[Any] = ()) -> Select[Any]:
        """The rows of one page and one more, which tells whether there is a next page; whole, or some columns."""
        column = self.orders[shape.order]
        statement: Select[Any] = select(*(columns or (self.row,))).where(within, self.matching(shape))
        for mark, is_set, is_below in (
            ("after", shape.has_after, shape.is_descending),
            ("before", shape.has_before, not shape.is_descending),
        ):
            if is_set:
                statement = statement.where(_beyond(column, self.row.id, mark, is_below))
        is_downward = shape.is_descending != shape.is_backward
        keys = (self.row.id,) if column.key == "id" else (column, self.row.id)
        order = [key.desc() if is_downward else key.asc() for key in keys]
        return statement.order_by(*order).limit(bindparam("size", type_=Integer))

    def select_matches(self, shape: "PageShape", within: ColumnElement[bool]) -> Select[Any]:
        """The ids of all matches, no further than one past the cap."""
        return select(self.row.id).where(within, self.matching(shape)).limit(COUNT_CAP + 1)


@dataclass(frozen=True)
class PageShape:
    """What the statement of a page depends on, besides its values."""

    order: str
    is_descending: bool
    is_backward: bool
    has_after: bool
    has_before: bool
    has_search: bool
    condition: Condition | None


@dataclass(frozen=True)
class Asked:
    """A page's arguments, split into the shape of its statement and the values by parameter."""

    shape: PageShape
    values: Mapping[str, Any]


def _beyond(column: Any, identity: Any, mark: str, is_below: bool) -> ColumnElement[bool]:
    """Rows past a cursor.

    As a comparison of rows: an index finds its place in one step, also where thousands share the value. Its operators
    have to be leakproof for that under row-level security, as those of every order are.
    """
    row_id = bindparam(f"{mark}_id", type_=Uuid(as_uuid=True))
    if column.key == "id":
        return identity < row_id if is_below else identity > row_id  # type: ignore[no-any-return]  # a column
    here = tuple_(column, identity)
    there = tuple_(bindparam(f"{mark}_value", type_=column.type), row_id)
    return here < there if is_below else here > there


class Page(Generic[R]):
    """The rows of one page in the order asked for, with what Relay's connection needs."""

    def __init__(
        self,
        listing: Listing[R],
        args: PageArgs,
        found: Sequence[R],
        count: Callable[[], Coroutine[Any, Any, int]],
    ) -> None:
        rows = list(found[: args.size])
        has_more = len(found) > args.size
        if args.is_backward:
            rows.reverse()
        self.rows = rows
        self.has_next_page = args.before is not None if args.is_backward else has_more
        self.has_previous_page = has_more if args.is_backward else args.after is not None
        self._order = listing.order_of(args)[0]
        self._column = listing.orders[self._order].key
        self._count = count
        self._counting: asyncio.Future[int] | None = None

    def cursor(self, row: R) -> str:
        """The opaque position of a row in this order."""
        return encode_cursor(self._order, getattr(row, self._column), row.id)

    async def count(self) -> int:
        """How many rows match over all pages, at most COUNT_CAP + 1; counted once per page."""
        if self._counting is None:
            self._counting = asyncio.ensure_future(self._count())
        return await self._counting


async def list_page(context: "Context", listing: Listing[R], args: PageArgs) -> Page[R]:
    """One page of all the tenant's rows."""
    asked = listing.asked(args)
    values = dict(asked.values)

    async def count() -> int:
        matches = listing.select_matches(asked.shape, true()).subquery()
        found: int = (await context.reads.scalars(select(func.count()).select_from(matches), values))[0]
        return found

    return Page(listing, args, await context.reads.scalars(listing.select_page(asked.shape, true()), values), count)


@dataclass(frozen=True, eq=False)
class PagesBy(Generic[R]):
    """The pages of many parents in one statement: a LATERAL page per key. `link` ties a row to its parent's key."""

    listing: Listing[R]
    link: Link

    async def load(self, context: "Context", key: UUID, args: PageArgs) -> Page[R]:
        """The page of one parent, read together with those of its siblings."""
        rows = await context.loader((self, args), PagesLoader, self, args).load(key)

        async def count() -> int:
            counter = context.loader((self, args, "count"), CountsLoader, self, args)
            return await counter.load(key)  # type: ignore[no-any-return]  # CountsLoader yields integers

        return Page(self.listing, args, rows, count)

    def select_counts(self, shape: PageShape) -> Select[Any]:
        """Each parent's key with its number of matches, for those that have any."""
        parents = parent_keys()
        matches = self.listing.select_matches(shape, self.link(parents.c.key)).lateral("matches")
        return select(parents.c.key, func.count()).join(matches, true()).group_by(parents.c.key)


class PagesLoader(DataLoader[UUID, Sequence[Any]]):
    """Rows of a page for each parent of a level."""

    def __init__(self, context: "Context", source: PagesBy[Any], args: PageArgs) -> None:
        super().__init__()
        self._context, self._source = context, source
        self._asked = source.listing.asked(args)

    async def batch_load_fn(self, keys: list[UUID]) -> list[Sequence[Any]]:
        """The rows per key, in the page's order, empty where there are none."""
        source, parents = self._source, parent_keys()
        page = source.listing.select_page(self._asked.shape, source.link(parents.c.key)).lateral("page")
        statement = select(parents.c.key, aliased(source.listing.row, page)).join(page, true())
        found: dict[UUID, list[Any]] = {key: [] for key in keys}
        for key, row in await self._context.reads.rows(statement, {**self._asked.values, "keys": keys}):
            found[key].append(row)
        return [found[key] for key in keys]


class CountsLoader(DataLoader[UUID, int]):
    """The number of matching rows for each parent of a level."""

    def __init__(self, context: "Context", source: PagesBy[Any], args: PageArgs) -> None:
        super().__init__()
        self._context, self._source = context, source
        self._asked = source.listing.asked(args)

    async def batch_load_fn(self, keys: list[UUID]) -> list[int]:
        """The counts in the order of the keys."""
        statement = self._source.select_counts(self._asked.shape)
        rows = await self._context.reads.rows(statement, {**self._asked.values, "keys": keys})
        found = {row[0]: row[1] for row in rows}
        return [found.get(key, 0) for key in keys]


def parent_keys() -> Any:
    """The keys of a level's parents, as a table with the column `key`."""
    keys = bindparam("keys", type_=ARRAY(Uuid(as_uuid=True)))
    return func.unnest(keys, type_=Uuid(as_uuid=True)).table_valued("key", name="parents").render_derived()


def encode_cursor(order: str, value: Any, row_id: UUID) -> str:
    """An opaque cursor: the order's name, the row's value in it, and its id."""
    packed = orjson.dumps([order, value.isoformat() if isinstance(value, date) else value, str(row_id)])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(cursor: str, order: str, column: Any) -> tuple[Any, UUID]:
    """The value and id in a cursor. Raises InvalidCursor unless it was made for this order."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, value, row_id = orjson.loads(packed)
        if made_for != order:
            raise ValueError("another order")
        expected = column.type.python_type
        if expected in (datetime, date):
            value = expected.fromisoformat(value)
            if expected is datetime and value.tzinfo is None:
                raise ValueError("no time zone")
        elif expected is UUID:
            value = UUID(value)
        elif expected is str and isinstance(value, str) and "\0" in value:
            raise ValueError("no such text")
        elif not isinstance(value, expected) or isinstance(value, bool):
            raise ValueError("another type")
        return value, UUID(row_id)
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        raise InvalidCursor("This cursor does not belong to this connection and order.") from error
