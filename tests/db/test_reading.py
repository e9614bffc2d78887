"""Connections between read transactions: each ends with the next one's BEGIN, none is lost, and nobody starves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.core.cluster import Addresses
from db.core.session import Database, ReadTransaction
from tests.support.waiting import PATIENCE_SECONDS, eventually, eventually_true

TENANT = "SELECT current_setting('app.tenant_id', true), pg_backend_pid(), txid_current_if_assigned(), now()"
SLEEP = "SELECT pg_sleep($1)"


@pytest.fixture
async def one(database_urls: Addresses) -> AsyncIterator[Database]:
    """A database with a single connection."""
    database = Database(database_urls.app, pool_size=1, pool_timeout_seconds=PATIENCE_SECONDS)
    yield database
    await database.close()


async def look(database: Database, tenant: UUID | None = None) -> tuple[str, int]:
    """The tenant that a read of its own sees, and the process that answers."""
    async with database.reads(tenant or uuid4()) as reads:
        found = (await reads.fetch(TENANT, []))[0]
    return found[0], found[1]


async def nap(database: Database, seconds: float) -> None:
    """A read that takes so long."""
    async with database.reads(uuid4()) as reads:
        await reads.fetch(SLEEP, [seconds])


async def ended(database: Database) -> None:
    """Wait until no transaction is open."""
    pool: Any = database.engine.pool
    await eventually(lambda: not pool.checkedout())


async def test_each_read_sees_its_own_tenant_on_the_connection_of_the_one_before(one: Database) -> None:
    tenants = [uuid4() for _ in range(60)]
    seen = [await look(one, tenant) for tenant in tenants]
    assert [tenant for tenant, _ in seen] == [str(tenant) for tenant in tenants]
    assert len({process for _, process in seen}) == 1


async def test_a_later_read_sees_what_was_committed_meanwhile(one: Database) -> None:
    async with one.reads(uuid4()) as reads:
        first = (await reads.fetch("SELECT now()", []))[0][0]
        await asyncio.sleep(0.002)
        assert (await reads.fetch("SELECT now()", []))[0][0] == first
    async with one.reads(uuid4()) as reads:
        assert (await reads.fetch("SELECT now()", []))[0][0] > first


async def test_a_transaction_that_nobody_follows_ends_by_itself(one: Database) -> None:
    await look(one)
    assert len(one.reading) == 1
    assert one.in_use == 0
    await ended(one)
    assert len(one.reading) == 0


async def test_reads_that_wait_get_the_connection_from_each_other(one: Database) -> None:
    tenants = [uuid4() for _ in range(100)]
    seen = await asyncio.gather(*(look(one, tenant) for tenant in tenants))
    assert [tenant for tenant, _ in seen] == [str(tenant) for tenant in tenants]


async def test_a_write_gets_its_turn_while_reads_follow_each_other(one: Database) -> None:
    is_over = False

    async def read_on() -> None:
        while not is_over:
            await look(one)

    readers = [asyncio.create_task(read_on()) for _ in range(3)]
    for _ in range(3):
        async with asyncio.timeout(PATIENCE_SECONDS), one.write(uuid4()) as session:
            await session.connection()
    is_over = True
    await asyncio.gather(*readers)


async def test_a_read_that_is_given_up_while_it_waits_loses_no_connection(one: Database) -> None:
    for pause in (0.0, 0.005, 0.01, 0.02):
        napping = asyncio.create_task(nap(one, 0.01))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(look(one)) for _ in range(4)]
        await asyncio.sleep(pause)
        for task in waiting[:3]:
            task.cancel()
        await asyncio.gather(napping, *waiting, return_exceptions=True)
        await look(one)
    await ended(one)


async def test_a_read_that_finds_no_connection_in_time_is_refused(database_urls: Addresses) -> None:
    database = Database(database_urls.app, pool_size=1, pool_timeout_seconds=0.2)
    async with database.reads(uuid4()) as reads:
        await reads.fetch(TENANT, [])
        with pytest.raises(PoolTimeout):
            await look(database)
    await look(database)
    await database.close()


async def test_a_connection_that_died_between_two_reads_is_replaced(one: Database, database_urls: Addresses) -> None:
    other = Database(database_urls.app, pool_size=1)
    _, process = await look(one)
    async with other.reads(uuid4()) as reads:
        await reads.fetch("SELECT pg_terminate_backend($1)", [process])
    await asyncio.sleep(0.001)
    try:
        await look(one)
    except Exception:  # the server may tell of its end only when asked
        await look(one)
    await other.close()


async def test_a_statement_that_failed_leaves_nothing_behind(one: Database) -> None:
    with pytest.raises(Exception, match="division by zero"):
        async with one.reads(uuid4()) as reads:
            await reads.fetch("SELECT 1/0", [])
    assert isinstance(one.reads(uuid4()), ReadTransaction)
    assert len(one.reading) == 0
    await look(one)


async def test_a_write_begins_anew_when_its_connection_died_in_the_pool(
    one: Database, database_urls: Addresses
) -> None:
    async def process() -> int:
        async with one.write(uuid4()) as session:
            found: int = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        return found

    before = await process()
    other = await asyncpg.connect(database_urls.superuser)
    try:
        await other.execute("SELECT pg_terminate_backend($1)", before)
        await eventually_true(
            lambda: other.fetchval("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", before)
        )
    finally:
        await other.close()
    assert await process() != before
    assert one.in_use == 0
