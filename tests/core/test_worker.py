"""The worker's frame: which tenants are due, and that nothing that falls due meanwhile is forgotten."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from db.events import TenantClock
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from resolvers.core.clocks import Due, due_tenants, earliest, settle
from resolvers.core.context import Services
from resolvers.core.worker import Worker
from tests.support.store import START, Store
from tests.support.waiting import eventually

HOUR = timedelta(hours=1)


class Alarms:
    """A job whose due times the test sets, and which notes when it was called."""

    def __init__(self) -> None:
        self.due_at: dict[UUID, datetime] = {}
        self.rang: list[UUID] = []
        self.failing: Exception | None = None

    async def begin(self, services: Services, tenant_id: UUID) -> Sequence[Coroutine[Any, Any, None]]:
        """Ring, once for each time."""
        at = self.due_at.get(tenant_id)
        if at is None or at > services.clock.now():
            return ()
        del self.due_at[tenant_id]
        return [self._ring(tenant_id)]

    async def _ring(self, tenant_id: UUID) -> None:
        self.rang.append(tenant_id)
        if self.failing is not None:
            raise self.failing

    async def due(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Due:
        """When to ring next."""
        return Due(self.due_at.get(tenant_id))


async def set_due(store: Store, tenant: Tenant, at: datetime | None, followed: int | None = None) -> None:
    """What a transaction leaves in the tenant's clock."""
    clock = update(TenantClock).where(TenantClock.tenant_id == tenant.id)
    await store.execute(clock.values(next_due_at=at, followed_position=followed))


async def clock_of(store: Store, tenant: Tenant) -> TenantClock:
    """The tenant's clock."""
    [found] = await store.all(select(TenantClock).where(TenantClock.tenant_id == tenant.id))
    assert isinstance(found, TenantClock)
    return found


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({"next_due_at": START}, True),
        ({"next_due_at": START + timedelta(seconds=1)}, False),
        ({"next_due_at": None}, False),
        ({"next_due_at": None, "last_position": 1}, True),  # nobody has looked at this log yet
        ({"next_due_at": START + HOUR, "last_position": 1}, False),
        ({"next_due_at": START + HOUR, "last_position": 5, "followed_position": 5}, False),
        ({"next_due_at": START + HOUR, "last_position": 5, "followed_position": 4}, True),
    ],
)
async def test_a_tenant_is_due_at_its_time_or_when_its_log_grows_behind_who_follows_it(
    quiet: None, services: Services, store: Store, tenant: Tenant, values: dict[str, Any], *, is_due: bool
) -> None:
    await store.execute(update(TenantClock).where(TenantClock.tenant_id == tenant.id).values(values))
    found = await due_tenants(services.database, START, 100)
    assert list(found) == ([tenant.id] if is_due else [])


def test_the_earliest_counts() -> None:
    assert earliest([]) == Due()
    assert earliest([Due(), Due(START + HOUR, 7), Due(START), Due(after=5)]) == Due(START, 5)


async def test_work_is_done_at_its_time_and_once(
    quiet: None, services: Services, clock: FixedClock, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    alarms = Alarms()
    worker = Worker(services, [alarms])
    alarms.due_at = {tenant.id: START + HOUR, other_tenant.id: START + 2 * HOUR}
    for each in (tenant, other_tenant):
        await set_due(store, each, START)
    await worker.work_off()
    assert alarms.rang == []
    assert (await clock_of(store, tenant)).next_due_at == START + HOUR
    clock.instant = START + HOUR
    await worker.work_off()
    assert alarms.rang == [tenant.id]
    clock.instant = START + 3 * HOUR
    await worker.work_off()
    assert alarms.rang == [tenant.id, other_tenant.id]
    assert (await clock_of(store, tenant)).next_due_at is None


async def test_what_falls_due_while_a_clock_is_settled_is_not_lost(
    services: Services, store: Store, tenant: Tenant
) -> None:
    """Whoever commits meanwhile waits for the clock, and then tells it of a time that settling has not seen."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def ask(_: AsyncSession) -> list[Due]:
        asked.set()
        await go_on.wait()
        return [Due(START + 5 * HOUR)]

    async def commit() -> None:
        async with services.database.write(tenant.id) as session:
            clock = update(TenantClock).where(TenantClock.tenant_id == tenant.id)
            await session.execute(clock.values(next_due_at=START + HOUR).execution_options(synchronize_session=False))

    settling = asyncio.create_task(settle(services.database, tenant.id, ask))
    await asked.wait()
    committing = asyncio.create_task(commit())
    await wait_for_lock(store)
    assert not committing.done()
    go_on.set()
    await asyncio.gather(settling, committing)
    assert (await clock_of(store, tenant)).next_due_at == START + HOUR


async def wait_for_lock(store: Store) -> None:
    """Wait until somebody waits for somebody else in this database."""
    from sqlalchemy import text

    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    async with asyncio.timeout(30):
        while True:
            if await store.all(waiting) != [0]:
                return
            await asyncio.sleep(0.01)


async def test_a_failure_is_logged_and_keeps_nobody_else_from_working(
    quiet: None, services: Services, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    class Broken(Alarms):
        async def begin(self, services: Services, tenant_id: UUID) -> Sequence[Coroutine[Any, Any, None]]:
            raise ValueError("broken")

    alarms = Alarms()
    alarms.failing = ValueError("failing")
    for each in (tenant, other_tenant):
        alarms.due_at[each.id] = START
        await set_due(store, each, START)
    with capture_logs() as logs:
        await Worker(services, [Broken(), alarms]).work_off()
    assert sorted(alarms.rang) == sorted([tenant.id, other_tenant.id])
    assert sorted(entry["event"] for entry in logs) == ["job_failed"] * 2 + ["work_failed"] * 2


async def test_a_worker_that_is_told_to_stop_ends_and_leaves_nothing_running(
    quiet: None, services: Services, store: Store, tenant: Tenant
) -> None:
    alarms = Alarms()
    alarms.due_at[tenant.id] = START
    await set_due(store, tenant, START)
    running = asyncio.create_task(Worker(services, [alarms]).run())
    await eventually(lambda: alarms.rang)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"worker listens", "Alarms"}


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (OSError("gone"), "worker_cannot_look"),
        (asyncpg.InternalClientError("half gone"), "worker_cannot_look"),
        (LookupError("a defect"), "look_failed"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
async def test_a_look_that_fails_is_no_reason_to_end(
    quiet: None,
    services: Services,
    store: Store,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    told: str,
) -> None:
    failures = [failure, failure]

    async def failing(*arguments: Any) -> Sequence[UUID]:
        if failures:
            raise failures.pop()
        return await due_tenants(*arguments)

    monkeypatch.setattr("resolvers.core.worker.due_tenants", failing)
    alarms = Alarms()
    alarms.due_at[tenant.id] = START
    await set_due(store, tenant, START)
    with capture_logs() as logs:
        running = asyncio.create_task(Worker(services, [alarms], poll_seconds=0.05).run())
        await eventually(lambda: alarms.rang)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [entry["event"] for entry in logs].count(told) == 2
