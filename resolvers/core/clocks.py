"""The tenants' clocks as workers use them: which tenants have something due, and when each is to be looked at again."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.core.roles import CLOCK
from db.core.session import Database
from db.events import TenantClock

# A log that no worker has looked at yet is due too: when its events run out, only a worker finds out.
_DUE: Final = """
SELECT tenant_id FROM tenant_clock
WHERE next_due_at <= $1 OR followed_position < last_position
   OR (next_due_at IS NULL AND last_position >= first_position)
ORDER BY next_due_at NULLS FIRST LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Due:
    """When somebody has to be woken: at a time, or by the first event after a position; None for never."""

    at: datetime | None = None
    after: int | None = None


def earliest(dues: Iterable[Due]) -> Due:
    """When the first of them has to be woken."""
    dues = list(dues)
    return Due(
        min((due.at for due in dues if due.at is not None), default=None),
        min((due.after for due in dues if due.after is not None), default=None),
    )


@asynccontextmanager
async def as_clock(database: Database) -> AsyncIterator[Any]:
    """A connection of the driver in a transaction of the clock's role, which sees every tenant's clock, and no more."""
    async with database.connect() as connection:
        try:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            # On the driver itself: the listener that refuses statements without a tenant is right about all others.
            async with driver.transaction(readonly=True):
                await driver.execute(f"SET LOCAL ROLE {CLOCK}")
                yield driver
        except BaseException:
            await connection.invalidate()  # SQLAlchemy knows of no transaction here, and so would not end one
            raise


async def due_tenants(database: Database, now: datetime, limit: int) -> Sequence[UUID]:
    """Tenants that have something to do, those that have waited longest first."""
    async with as_clock(database) as driver:
        return [row["tenant_id"] for row in await driver.fetch(_DUE, now, limit)]


async def settle(
    database: Database, tenant_id: UUID, ask: Callable[[AsyncSession], Coroutine[Any, Any, Iterable[Due]]]
) -> None:
    """Write down when the tenant has to be looked at again, as `ask` finds it.

    Whoever makes something due says so in the clock's row, as the last statement before the commit. It is locked
    here before `ask` looks: what was made due before is seen, what is made due later is told after this.
    """
    async with database.write(tenant_id) as session:
        await session.execute(
            select(TenantClock.tenant_id).where(TenantClock.tenant_id == tenant_id).with_for_update(key_share=True)
        )
        due = earliest(await ask(session))
        await session.execute(
            update(TenantClock)
            .where(TenantClock.tenant_id == tenant_id)
            .values(next_due_at=due.at, followed_position=due.after)
            .execution_options(synchronize_session=False)
        )
