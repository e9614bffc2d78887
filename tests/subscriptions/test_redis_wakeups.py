"""Wake-ups over Redis. TEST_REDIS_URL names a real one (`prove redis`); without it a small one of our own answers."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis, from_url

from db.calls import Call
from db.core.settings import CHECKOUT, DatabaseSettings
from db.enums.calls import CallStatus
from db.organizations import Tenant
from gql.app import wakeups_from
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SubscriptionServer
from gql.subscriptions.work import Sizes
from resolvers.core import redis_wakeups, wakeups
from resolvers.core.context import Request, Services
from resolvers.core.redis_wakeups import REDIS_CHANNEL, RedisChannel
from resolvers.core.wakeups import Wakeups
from tests.factories import calls
from tests.subscriptions.support import FOLLOW_CALLS, Credentials, Server, move_call
from tests.support.resp import RespServer, resp_server
from tests.support.store import Store
from tests.support.waiting import eventually, eventually_true


class Place(Protocol):
    """A Redis, ours or a real one."""

    @property
    def url(self) -> str:
        """Its address."""

    async def cut(self) -> int:
        """Cut off who listens; returns how many that were."""


class RealRedis:
    """A Redis server that is there already."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: Redis = from_url(url, protocol=2, decode_responses=True)

    async def cut(self) -> int:
        """Cut off who listens."""
        killed: int = await self._client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]  # redis leaves it so
        return killed

    async def close(self) -> None:
        """Let go of it."""
        await self._client.aclose()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """A Redis."""
    url = os.environ.get("TEST_REDIS_URL")
    if url is None:
        async with resp_server() as server:
            yield server
    else:
        real = RealRedis(url)
        yield real
        await real.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lost its connection does not wait long."""
    monkeypatch.setattr(wakeups, "RETRY_SECONDS", 0.05)


class Listener:
    """A process that listens; `heard` is what it has heard."""

    def __init__(self, url: str) -> None:
        self.heard: list[UUID] = []
        self._wakeups = Wakeups(RedisChannel(url))

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Listener"]:
        """Listen for as long as the block lasts."""
        task = asyncio.create_task(self._wakeups.listen(self.heard.append))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def hears(self, sender: Wakeups) -> None:
        """Wait until a hint gets here; those sent before it listens are lost."""
        tenant = uuid4()

        async def is_heard() -> bool:
            sender.committed(tenant)
            return tenant in self.heard

        await eventually_true(is_heard)


@pytest.fixture
async def sender(place: Place) -> AsyncIterator[Wakeups]:
    """A process that commits."""
    made = Wakeups(RedisChannel(place.url))
    yield made
    await made.close()


async def test_a_hint_reaches_every_process(place: Place, sender: Wakeups) -> None:
    async with Listener(place.url).listening() as one, Listener(place.url).listening() as other:
        await one.hears(sender)
        await other.hears(sender)


async def test_many_commits_are_told_of_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = RedisChannel(place.url)
    sent: list[int] = []
    send = channel.send

    async def counted(tenants: list[UUID]) -> None:
        sent.append(len(tenants))
        await send(tenants)

    monkeypatch.setattr(channel, "send", counted)
    sender = Wakeups(channel)
    tenants = [uuid4() for _ in range(50)]
    async with Listener(place.url).listening() as listener:
        await listener.hears(sender)
        await eventually(lambda: sender._sending is not None and sender._sending.done())
        sent.clear()
        for tenant in tenants * 3:
            sender.committed(tenant)
        await eventually(lambda: set(tenants) <= set(listener.heard))
        assert sent == [50]
    await sender.close()


async def test_a_listener_that_was_cut_off_connects_again(place: Place, sender: Wakeups) -> None:
    async with Listener(place.url).listening() as listener:
        for _ in range(2):
            await listener.hears(sender)
            assert await place.cut() >= 1
        await listener.hears(sender)


async def test_what_is_no_hint_is_ignored(place: Place, sender: Wakeups) -> None:
    async with Listener(place.url).listening() as listener:
        await listener.hears(sender)
        anybody: Redis = from_url(place.url, protocol=2)
        for text in ("", "nonsense", "1 2 3", "\x00", "x" * 10_000):
            await anybody.publish(REDIS_CHANNEL, text)
        await anybody.aclose()
        await listener.hears(sender)
        assert len(set(listener.heard)) == 2


async def test_without_redis_nothing_fails_and_it_is_found_again() -> None:
    async with resp_server() as server:
        sender = Wakeups(RedisChannel(server.url))
        async with Listener(server.url).listening() as listener:
            await listener.hears(sender)
            await server.stop()
            sender.committed(uuid4())
            await eventually(lambda: sender._sending is not None and sender._sending.done())
            await server.start()
            await listener.hears(sender)
        await sender.close()


async def test_a_redis_that_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_wakeups, "HEARTBEAT_SECONDS", 0.2)
    async with resp_server() as server:
        sender = Wakeups(RedisChannel(server.url))
        async with Listener(server.url).listening() as listener:
            await listener.hears(sender)
            server.is_mute = True
            await eventually(lambda: server.subscribers == 0)
            server.is_mute = False
            await listener.hears(sender)
        await sender.close()


@pytest.fixture
async def call(store: Store, tenant: Tenant) -> Call:
    """A call."""
    return await calls.call(store, tenant, status=CallStatus.INITIATED)


async def test_an_event_reaches_another_process_by_the_hint_alone(
    place: Place, services: Services, credentials: Credentials, tenant: Tenant, call: Call
) -> None:
    """The poll that would find it anyway is far away."""
    mine = replace(services, wakeups=Wakeups(RedisChannel(place.url)))
    theirs = replace(services, wakeups=Wakeups(RedisChannel(place.url)))
    credential = credentials.issue(tenant)
    viewer = await credentials.viewer(credential, Request())
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, mine, credentials, sizes=Sizes(poll_seconds=3_600))
    async with Server(sockets, mine, executor).running() as server, server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)
        heard = asyncio.create_task(socket.next())

        async def is_told() -> bool:  # it may not listen yet
            await move_call(theirs, viewer, call, CallStatus.RINGING)
            return heard.done()

        await eventually_true(is_told)
        assert (await heard)["position"] == "1"
    for one in (mine, theirs):
        await one.wakeups.close()


async def test_without_a_hint_an_event_is_a_second_late(
    services: Services, credentials: Credentials, tenant: Tenant, call: Call
) -> None:
    """No Redis is there at all."""
    async with resp_server() as gone:
        url = gone.url
    deaf = replace(services, wakeups=Wakeups(RedisChannel(url)))
    credential = credentials.issue(tenant)
    viewer = await credentials.viewer(credential, Request())
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, deaf, credentials)
    async with Server(sockets, deaf, executor).running() as server, server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)
        assert await move_call(deaf, viewer, call, CallStatus.RINGING) == int((await socket.next())["position"])
    await deaf.wakeups.close()


def test_the_setting_chooses_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://role:password@host/name"
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert isinstance(wakeups_from(DatabaseSettings(), url)._channel, wakeups.PostgresChannel)
    monkeypatch.setenv("REDIS_URL", "rediss://:secret@redis.example:6379/1")
    settings = DatabaseSettings()
    assert isinstance(wakeups_from(settings, url)._channel, RedisChannel)
    assert "secret" not in repr(settings)
    monkeypatch.setenv("REDIS_URL", "http://:secret@redis.example")
    with pytest.raises(ValueError, match="must be of the form redis://") as refused:
        DatabaseSettings()
    assert "secret" not in str(refused.value)


def test_redis_is_not_loaded_where_none_is_named() -> None:
    program = "import sys, gql.app; sys.exit(any(name.partition('.')[0] == 'redis' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=False).returncode == 0


async def test_our_own_redis_speaks_as_the_client_expects() -> None:
    server = RespServer()
    await server.start()
    client: Redis = from_url(server.url, protocol=2)
    assert await client.ping()
    assert await client.publish("nobody", "listens") == 0
    await client.aclose()
    await server.stop()
