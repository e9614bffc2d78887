"""Hints over PostgreSQL: whatever happens to their connections costs hints, and never the listener."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.core.cluster import Addresses
from resolvers.core import wakeups
from resolvers.core.wakeups import Wakeups
from tests.support.waiting import eventually

FAILURES = [OSError("refused"), asyncpg.InternalClientError("half gone"), asyncpg.CannotConnectNowError("starting")]


@pytest.fixture
async def hints(database_urls: Addresses, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wakeups]:
    """Hints that are sent and heard by this process."""
    monkeypatch.setattr(wakeups, "RETRY_SECONDS", 0.01)
    made = Wakeups(database_urls.app)
    yield made
    await made.close()


async def arrives(hints: Wakeups) -> None:
    """Wait until a hint, given again and again, is heard."""
    tenant, heard = uuid4(), set[UUID]()

    def is_heard() -> bool:
        hints.committed(tenant)
        return tenant in heard

    listening = asyncio.create_task(hints.listen(heard.add))
    try:
        await eventually(is_heard)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_who_cannot_connect_tries_again(
    hints: Wakeups, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failures, connect = [failure, failure], asyncpg.connect

    async def failing(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return await connect(*arguments, **options)

    monkeypatch.setattr(asyncpg, "connect", failing)
    await arrives(hints)
    assert failures == []


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_connection_that_fails_is_given_up_for_another(
    hints: Wakeups, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    await arrives(hints)
    failures, execute = [failure], asyncpg.Connection.execute

    async def failing(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return await execute(*arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", failing)
    await arrives(hints)
    assert failures == []
