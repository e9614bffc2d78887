"""The event log as it is read: in order, from a position on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, select, true
from sqlalchemy.orm import aliased

from db.core.session import Database, ReadTransaction
from db.events import Event, TenantClock
from resolvers.core.clocks import as_clock

Entry: TypeAlias = Event
"""An entry of the log, as the layer above calls it."""


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Some entries of a tenant's log, in order, and the first and last position that the log held then."""

    first_position: int
    last_position: int
    events: tuple[Entry, ...]

    def gap_after(self, position: int) -> tuple[int, int] | None:
        """The positions, first to last, that follow this one and are no longer kept; None when all are.

        Told by the entries themselves where there are any, since positions have no holes.
        """
        kept_from = self.events[0].position if self.events else self.first_position
        return (position + 1, kept_from - 1) if kept_from > position + 1 else None


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
        return await read_positions(reads)


async def read_positions(reads: ReadTransaction) -> tuple[int, int]:
    """As `positions`, as of a transaction."""
    rows: Sequence[Any] = await reads.rows(_POSITIONS, {"tenant": reads.tenant_id})
    if not rows:
        raise RuntimeError(f"tenant {reads.tenant_id} has no clock row")
    first, last = rows[0]
    return first, last


async def last_positions(database: Database, tenant_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """The last position of each tenant's log: the one read across tenants, as the clock's role."""
    async with as_clock(database) as driver:
        rows = await driver.fetch(_LAST_POSITIONS, list(tenant_ids))
    return {row["tenant_id"]: row["last_position"] for row in rows}
