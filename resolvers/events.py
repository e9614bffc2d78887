"""The event log as it is read: in order, from a position on, and which of its events a follower asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, select, true
from sqlalchemy.orm import aliased

from db.core.roles import CLOCK
from db.core.session import Database
from db.enums.events import EventType
from db.events import Event, TenantClock

Entry: TypeAlias = Event
"""An entry of the log, as the layer above calls it."""

OBJECT_ID: Final = "object_id"
"""The name under which an interest compares the object itself."""


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Some entries of a tenant's log, in order, and the first and last position that the log held then."""

    first_position: int
    last_position: int
    events: tuple[Entry, ...]

    def gap_after(self, position: int) -> tuple[int, int] | None:
        """The positions, first to last, that follow this one and are no longer kept; None when all are."""
        return (position + 1, self.first_position - 1) if self.first_position > position + 1 else None


# The events come through a lateral page: joined directly, they would all be sorted to find the first few.
_tenant = bindparam("tenant", type_=Uuid(as_uuid=True))
_page = (
    select(Event)
    .where(Event.tenant_id == _tenant, Event.position > bindparam("after", type_=BigInteger))
    .order_by(Event.position)
    .limit(bindparam("limit", type_=Integer))
    .lateral("page")
)
_entry = aliased(Event, _page)
_READ = (
    select(TenantClock.first_position, TenantClock.last_position, _entry)
    .select_from(TenantClock)
    .outerjoin(_entry, true())
    .where(TenantClock.tenant_id == _tenant)
    .order_by(_entry.position)
)
_POSITIONS = select(TenantClock.first_position, TenantClock.last_position).where(TenantClock.tenant_id == _tenant)
_LAST_POSITIONS = "SELECT tenant_id, last_position FROM tenant_clock WHERE tenant_id = ANY($1::uuid[])"


async def read_events(database: Database, tenant_id: UUID, after: int, limit: int) -> LogSlice:
    """At most `limit` entries that follow the position `after`, oldest first."""
    async with database.reads(tenant_id) as reads:
        rows: Sequence[Any] = await reads.rows(_READ, {"tenant": tenant_id, "after": after, "limit": limit})
    if not rows:
        raise RuntimeError(f"tenant {tenant_id} has no clock row")
    first, last, _ = rows[0]
    return LogSlice(first, last, tuple(event for _, _, event in rows if event is not None))


async def positions(database: Database, tenant_id: UUID) -> tuple[int, int]:
    """The first and the last position of the tenant's log; the first is one more than the last in an empty log."""
    async with database.reads(tenant_id) as reads:
        rows: Sequence[Any] = await reads.rows(_POSITIONS, {"tenant": tenant_id})
    if not rows:
        raise RuntimeError(f"tenant {tenant_id} has no clock row")
    first, last = rows[0]
    return first, last


async def last_positions(database: Database, tenant_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """The last position of each tenant's log: the one read across tenants, as the clock's role."""
    async with database.connect() as connection:
        try:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            # On the driver itself: the listener that refuses statements without a tenant is right about all others.
            async with driver.transaction(readonly=True):
                await driver.execute(f"SET LOCAL ROLE {CLOCK}")
                rows = await driver.fetch(_LAST_POSITIONS, list(tenant_ids))
        except BaseException:
            await connection.invalidate()  # SQLAlchemy knows of no transaction here, and so would not end one
            raise
    return {row["tenant_id"]: row["last_position"] for row in rows}


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events somebody follows, told from the event alone: nothing is read for it.

    `wanted` holds names with the texts that each may have; all must hold. A name is OBJECT_ID or a key of the
    payload. Where an event changed such a value, its payload has it as `old_<name>` and `new_<name>`, or the old
    one as `old_<name>` and the new one under the plain name.
    """

    types: frozenset[EventType]
    wanted: tuple[tuple[str, frozenset[str]], ...] = ()

    def is_in(self, event: Entry) -> bool:
        """Whether the event is followed and its object is, as the event left it, wanted."""
        return event.type in self.types and self._holds(event, "new")

    def was_in(self, event: Entry) -> bool:
        """Whether the event is followed and its object was, as the event found it, wanted."""
        return event.type in self.types and self._holds(event, "old")

    def _holds(self, event: Entry, side: str) -> bool:
        return all(_value(event, name, side) in texts for name, texts in self.wanted)


def _value(event: Entry, name: str, side: str) -> str | None:
    if name == OBJECT_ID:
        return str(event.object_id)
    sided = f"{side}_{name}"
    value = event.payload[sided] if sided in event.payload else event.payload.get(name)
    return None if value is None else str(value)
