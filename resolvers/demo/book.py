"""The rows of one tenant, gathered in memory with their ids and times, and then written in bulk."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import JSON, Insert, Table, Text, bindparam, cast, column, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.core.base import Base
from resolvers.demo.plan import SEED, TenantPlan

Row = dict[str, Any]
"""A row by column; what refers to it takes its `id`."""

T = TypeVar("T")

BATCH: Final = 2_000  # rows of one INSERT
OPENS: Final = 9.25  # hours of the day
CLOSES: Final = 18.5


class Book:
    """What a tenant holds. The same plan, seed and time always make the same book, but for secrets."""

    def __init__(self, plan: TenantPlan, now: datetime) -> None:
        self.plan = plan
        self.market = plan.market
        self.words = plan.market.words
        self.size = plan.size
        self.tenant_id = plan.id
        self.now = now.replace(microsecond=0)
        self.zone = ZoneInfo(plan.market.timezone)
        self.today = self.local_date(self.now)
        self.rng = Random(f"{SEED}/{plan.slug}")  # noqa: S311  # believable, not secret; secrets come from `secrets`
        self.rows: dict[str, list[Row]] = {}

    def add(self, kind: type[Base], at: datetime, /, **values: Any) -> Row:
        """A new row that came about at that time, with the defaults of its columns."""
        shape = _shape(kind)
        row = {**shape.defaults, "tenant_id": self.tenant_id, **values}
        if shape.has_id and row["id"] is None:
            row["id"] = self.new_id(at)
        if shape.has_created_at:
            row["created_at"] = at
        if shape.has_updated_at and row["updated_at"] is None:
            row["updated_at"] = at
        if len(row) != shape.width:
            raise AttributeError(f"{kind.__name__} has no {', '.join(row.keys() - shape.defaults.keys())}")
        self.rows.setdefault(kind.__tablename__, []).append(row)
        return row

    def all(self, kind: type[Base]) -> list[Row]:
        """The rows of a kind, in the order in which they were added."""
        return self.rows.get(kind.__tablename__, [])

    def new_id(self, at: datetime) -> UUID:
        """A UUIDv7 of that time, the rest of it drawn."""
        drawn = self.rng.getrandbits(74)
        milliseconds = int(at.timestamp() * 1_000)
        return UUID(int=milliseconds << 80 | 7 << 76 | (drawn >> 62) << 64 | 2 << 62 | drawn & ((1 << 62) - 1))

    # ------------------------------------------------------------------------------------------------- times

    def local_date(self, at: datetime) -> date:
        """The date where the tenant is."""
        return at.astimezone(self.zone).date()

    def at(self, day: date, hours: float) -> datetime:
        """The instant so many hours into a day where the tenant is."""
        midnight = datetime.combine(day, time(), self.zone)
        return (midnight + timedelta(minutes=int(hours * 60))).astimezone(self.now.tzinfo)

    def between(self, earliest: datetime, latest: datetime) -> datetime:
        """Any second between the two; the later one when they are the wrong way round."""
        seconds = int((latest - earliest).total_seconds())
        return latest if seconds <= 0 else earliest + timedelta(seconds=self.rng.randint(0, seconds))

    def working_time(self, earliest: datetime, latest: datetime) -> datetime:
        """A time between the two, within working hours where the two leave any."""
        drawn = self.between(earliest, latest)
        day = drawn.astimezone(self.zone).date()
        day -= timedelta(days=max(0, day.weekday() - self.market.working_days + 1))
        found = self.at(day, self.rng.uniform(OPENS, CLOSES)) + timedelta(seconds=self.rng.randint(0, 59))
        return found if earliest <= found <= latest else drawn

    def ago(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
        """So long before now, to the second."""
        return (self.now - timedelta(days=days, hours=hours, minutes=minutes)).replace(microsecond=0)

    # ------------------------------------------------------------------------------------------------ chances

    def chance(self, share: float) -> bool:
        """True in that share of all cases."""
        return self.rng.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[int(self.rng.random() * len(choices))]

    def weighted(self, choices: Iterable[tuple[T, float]]) -> T:
        """One of them, by their weights."""
        values, weights = zip(*choices, strict=True)
        found: T = self.rng.choices(values, weights)[0]
        return found

    def amount(self, low: int, high: int, step: int) -> Decimal:
        """A round amount between the two."""
        return Decimal(low + step * self.rng.randint(0, (high - low) // step))

    # ------------------------------------------------------------------------------------------------ writing

    async def write(self, session: AsyncSession) -> None:
        """Insert all rows, referred ones first, into a transaction of the tenant; the book is empty then.

        Row-level security refuses COPY, and parameters for each row cost more than the rows: so each
        statement takes its rows as one JSON text.
        """
        for table in Base.metadata.sorted_tables:
            rows = self.rows.pop(table.name, [])
            for start in range(0, len(rows), BATCH):
                await insert_rows(session, table, rows[start : start + BATCH])


async def insert_rows(session: AsyncSession, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all name the same columns."""
    if rows:
        text = orjson.dumps(rows, default=_plain).decode()
        await session.execute(_insert(table, tuple(rows[0])), {"rows": text})


@dataclass(frozen=True, slots=True)
class _Shape:
    """The columns of a table that are given, with their defaults."""

    defaults: Row
    width: int
    has_id: bool
    has_created_at: bool
    has_updated_at: bool


@cache
def _shape(kind: type[Base]) -> _Shape:
    columns = [column for column in kind.__table__.columns if column.computed is None]
    defaults: Row = {}
    for each in columns:
        default = each.default
        made: Callable[[None], Any] | None = default.arg if default is not None and default.is_callable else None
        if each.name == "id" or default is None:
            defaults[each.name] = None
        else:
            defaults[each.name] = made(None) if made else default.arg
    names = defaults.keys()
    return _Shape(defaults, len(names), "id" in names, "created_at" in names, "updated_at" in names)


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    columns = [column(name, table.c[name].type) for name in names]
    given = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON)).table_valued(*columns, name="given")
    typed = given.render_derived(with_types=True)
    return insert(table).from_select(names, select(*(typed.c[name] for name in names)), include_defaults=False)


def _plain(value: Any) -> str:
    """What JSON has no word for, as PostgreSQL reads it."""
    match value:
        case Decimal():
            return str(value)
        case bytes():
            return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} is no value of a column")
