"""A server that is told to stop: its streams are told where to go on, and the process ends soon."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from db.core.cluster import Addresses
from db.enums.calls import CallStatus
from db.organizations import Tenant
from resolvers.core.context import Request, Services
from tests.factories import calls
from tests.subscriptions.served import Trusting
from tests.subscriptions.support import FOLLOW_CALLS, PROTOCOL, Socket, move_call
from tests.support.store import Store

ROOT = Path(__file__).parents[2]
Process = asyncio.subprocess.Process
Serve = Callable[[], AbstractAsyncContextManager[tuple[Process, int]]]


@pytest.fixture
def serve(database_urls: Addresses) -> Serve:
    """Starts a server in a process of its own; gives the process and its port."""

    @asynccontextmanager
    async def start() -> AsyncIterator[tuple[Process, int]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.subscriptions.served",
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_urls.app},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(30):
                while not (line := (await process.stdout.readline()).strip()).isdigit():
                    assert process.returncode is None
            yield process, int(line)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return start


async def test_a_signal_drains_the_streams_and_ends_the_process(
    serve: Serve, services: Services, store: Store, tenant: Tenant
) -> None:
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    viewer = await Trusting().viewer(str(tenant.id), Request())
    async with (
        serve() as (process, port),
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL]) as raw,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL]) as silent,
    ):
        socket = Socket(raw)
        await socket.init(str(tenant.id))
        id_ = await socket.follow(FOLLOW_CALLS)
        position = await move_call(services, viewer, call, CallStatus.RINGING)
        assert (await socket.next())["position"] == str(position)
        process.send_signal(signal.SIGTERM)
        message = await socket.next()
        assert (message["__typename"], message["position"]) == ("Reconnect", str(position))
        assert await socket.receive() == {"type": "complete", "id": id_}
        assert await socket.closed() == (1001, "Going away")
        assert await Socket(silent).closed() == (1001, "Going away")
        async with asyncio.timeout(5):
            await process.wait()
        assert process.returncode in (0, -signal.SIGTERM)


async def test_a_second_signal_does_not_wait_for_the_draining(serve: Serve, tenant: Tenant) -> None:
    """A client that reads nothing may hold the draining up for a while, and the operator may not want to wait."""
    async with (
        serve() as (process, port),
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL]) as raw,
    ):
        await Socket(raw).init(str(tenant.id))
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(5):
            await process.wait()
