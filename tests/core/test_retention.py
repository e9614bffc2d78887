"""How the event log is forgotten: from its beginning, in batches, and nobody sees a hole without being told."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from db.enums.calls import CallStatus
from db.events import TenantClock
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from resolvers.core.context import Request, Services
from resolvers.core.retention import EventRetention, forget_events, next_hour
from resolvers.core.viewer import Viewer
from resolvers.core.worker import Worker
from resolvers.events import LogSlice, positions, read_events
from tests.factories import calls
from tests.subscriptions.support import Credentials, move_call
from tests.support.store import START, Store

KEEP = timedelta(days=30)
DAY = timedelta(days=1)


async def grow(services: Services, store: Store, tenant: Tenant, times: int) -> Viewer:
    """Let the tenant's log grow by so many events; returns who did it."""
    credentials = Credentials()
    viewer = await credentials.viewer(credentials.issue(tenant), Request())
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for _ in range(times):
        await move_call(services, viewer, call, CallStatus.RINGING)
    return viewer


async def aged_log(services: Services, clock: FixedClock, store: Store, tenant: Tenant) -> None:
    """Five events of the start, three of a day later."""
    await grow(services, store, tenant, 5)
    clock.instant = START + DAY
    await grow(services, store, tenant, 3)


def numbers(found: LogSlice) -> list[int]:
    return [event.position for event in found.events]


async def test_what_is_older_goes_from_the_beginning_on(
    services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    await aged_log(services, clock, store, tenant)
    assert await forget_events(services.database, tenant.id, START) == 0
    assert await positions(services.database, tenant.id) == (1, 8)
    assert await forget_events(services.database, tenant.id, START + DAY) == 5
    found = await read_events(services.database, tenant.id, 0, 10)
    assert (found.first_position, numbers(found), found.gap_after(0)) == (6, [6, 7, 8], (1, 5))


async def test_a_batch_takes_so_many_and_the_next_one_goes_on(
    services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    await aged_log(services, clock, store, tenant)
    gone = []
    for _ in range(5):
        gone.append(await forget_events(services.database, tenant.id, START + DAY, batch=2))
        found = await read_events(services.database, tenant.id, 0, 10)
        assert numbers(found) == list(range(found.first_position, 9))
    assert gone == [2, 2, 1, 0, 0]


async def test_an_empty_log_begins_behind_its_last_position_and_grows_on(
    services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    await aged_log(services, clock, store, tenant)
    await forget_events(services.database, tenant.id, START + 2 * DAY)
    assert await positions(services.database, tenant.id) == (9, 8)
    assert await forget_events(services.database, tenant.id, START + 2 * DAY) == 0
    await grow(services, store, tenant, 1)
    assert await positions(services.database, tenant.id) == (9, 9)
    assert numbers(await read_events(services.database, tenant.id, 8, 10)) == [9]


async def test_what_stands_behind_a_younger_event_stays_with_it(
    services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    """Times are those at which operations began, positions those at which they were committed."""
    await grow(services, store, tenant, 1)
    clock.instant = START + DAY
    await grow(services, store, tenant, 1)
    clock.instant = START
    await grow(services, store, tenant, 1)
    assert await forget_events(services.database, tenant.id, START + DAY) == 1
    assert numbers(await read_events(services.database, tenant.id, 0, 10)) == [2, 3]


async def test_readers_writers_and_two_who_forget_at_once_agree(
    services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    viewer = await grow(services, store, tenant, 40)
    clock.instant = START + DAY
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    is_over = False

    async def forget() -> None:
        while await forget_events(services.database, tenant.id, START + DAY, batch=3):
            pass

    async def write() -> None:
        for _ in range(20):
            await move_call(services, viewer, call, CallStatus.RINGING)

    async def read() -> None:
        position = 0
        while not is_over:
            found = await read_events(services.database, tenant.id, position, 7)
            gap = found.gap_after(position)
            begin = position + 1 if gap is None else gap[1] + 1
            assert numbers(found) == list(range(begin, begin + len(found.events)))
            position = found.events[-1].position if found.events else 0

    reading = [asyncio.create_task(read()) for _ in range(2)]
    try:
        await asyncio.gather(forget(), forget(), write())
    finally:
        is_over = True
        await asyncio.gather(*reading)
    found = await read_events(services.database, tenant.id, 0, 100)
    assert (found.first_position, numbers(found)) == (41, list(range(41, 61)))


async def test_the_worker_forgets_when_the_oldest_event_has_had_its_time(
    quiet: None, services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    worker = Worker(services, [EventRetention(KEEP)])

    async def due_in() -> timedelta:
        [at] = await store.all(select(TenantClock.next_due_at).where(TenantClock.tenant_id == tenant.id))
        left: timedelta = at - clock.instant
        return left

    await aged_log(services, clock, store, tenant)
    await worker.work_off()
    assert await due_in() == DAY  # once a day, in case the setting changes
    clock.instant = START + KEEP - timedelta(minutes=10)
    await worker.work_off()
    assert await due_in() == timedelta(hours=1, minutes=10)  # with all others of the same hour
    assert await positions(services.database, tenant.id) == (1, 8)
    clock.instant = START + KEEP + timedelta(hours=1)
    await worker.work_off()
    assert await positions(services.database, tenant.id) == (6, 8)
    clock.instant = START + KEEP + 2 * DAY
    await worker.work_off()
    assert await positions(services.database, tenant.id) == (9, 8)


async def test_without_a_time_nothing_is_forgotten(
    quiet: None, services: Services, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    await aged_log(services, clock, store, tenant)
    clock.instant = START + 1000 * DAY
    await Worker(services, [EventRetention(None)]).work_off()
    assert await positions(services.database, tenant.id) == (1, 8)


def test_the_next_hour_is_a_full_one_and_never_now() -> None:
    assert next_hour(START) == START + timedelta(hours=1)
    assert next_hour(START + timedelta(minutes=59, seconds=59, microseconds=5)) == START + timedelta(hours=1)
