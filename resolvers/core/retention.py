"""How long the event log is kept: what is older goes, from its beginning on, in batches."""

from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.core.session import Database
from db.events import Event, TenantClock
from resolvers.core.clocks import Due
from resolvers.core.context import Services

BATCH: Final = 1_000  # events that go in one transaction, which holds the tenant's counter at its end
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class EventRetention:
    """The job that forgets events after some time. Without one nothing is ever forgotten."""

    def __init__(self, keep: timedelta | None) -> None:
        self._keep = keep

    async def begin(self, services: Services, tenant_id: UUID) -> Sequence[Coroutine[Any, Any, None]]:
        """What there is to do now."""
        keep = self._keep
        if keep is None:
            return ()
        before = services.clock.now() - keep
        async with services.database.write(tenant_id) as session:
            oldest = await _oldest(session, tenant_id)
        return (_forget_all(services.database, tenant_id, before),) if oldest is not None and oldest < before else ()

    async def due(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Due:
        """At the full hour after the oldest event has had its time; after a day anyway: the setting may change."""
        oldest = await _oldest(session, tenant_id) if self._keep is not None else None
        if oldest is None or self._keep is None:
            return Due(now + DAY)
        return Due(min(next_hour(oldest + self._keep), now + DAY))


def next_hour(instant: datetime) -> datetime:
    """The first full hour after an instant: so that events go in some number, not one by one."""
    return instant.replace(minute=0, second=0, microsecond=0) + HOUR


async def forget_events(database: Database, tenant_id: UUID, before: datetime, batch: int = BATCH) -> int:
    """Forget up to `batch` events from the beginning of the log, all of them older; returns their number.

    In one transaction with the clock's `first_position`, so that nobody sees events missing without being told. An
    event that is older and follows one that is not stays with it: positions are in the order of commits, and the
    times of two that commit at once need not be.
    """
    async with database.write(tenant_id) as session:
        events = select(Event.position, Event.occurred_at).where(Event.tenant_id == tenant_id)
        first = events.order_by(Event.position).limit(batch).subquery()
        kept = select(func.min(first.c.position)).where(first.c.occurred_at >= before)
        end = await session.scalar(select(func.coalesce(kept.scalar_subquery(), func.max(first.c.position) + 1)))
        if end is None:
            return 0
        gone = await session.execute(
            delete(Event)
            .where(Event.tenant_id == tenant_id, Event.position < end)
            .execution_options(synchronize_session=False)
        )
        clock = update(TenantClock).where(TenantClock.tenant_id == tenant_id)
        await session.execute(  # last, since it takes the tenant's counter
            clock.values(first_position=func.greatest(TenantClock.first_position, end)).execution_options(
                synchronize_session=False
            )
        )
    return int(getattr(gone, "rowcount", 0))


async def _forget_all(database: Database, tenant_id: UUID, before: datetime) -> None:
    while await forget_events(database, tenant_id, before) >= BATCH:
        pass


async def _oldest(session: AsyncSession, tenant_id: UUID) -> datetime | None:
    found: datetime | None = await session.scalar(
        select(Event.occurred_at).where(Event.tenant_id == tenant_id).order_by(Event.position).limit(1)
    )
    return found
