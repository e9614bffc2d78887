"""A server that is told to stop: its streams are told where to go on, and the process ends soon."""

import asyncio
import os
import signal
import socket as socket_
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from db.core.base import TenantRow
from db.core.cluster import Addresses
from db.enums.calls import CallStatus
from db.organizations import Tenant
from resolvers.core.context import Request, Services
from resolvers.core.writes import Values, Write
from tests.factories import calls
from tests.subscriptions.raw import first_bytes, frame, upgrade
from tests.subscriptions.served import Trusting
from tests.subscriptions.streaming import WIDE, request_for, stream
from tests.subscriptions.support import FOLLOW_CALLS, PROTOCOL, SECONDS, Socket, commit, happen, move_call
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
                while not (line := await process.stdout.readline()).strip().isdigit():
                    assert line, "it ended before it had a port"
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
        async with asyncio.timeout(SECONDS):
            await process.wait()
        assert process.returncode in (0, -signal.SIGTERM)


async def test_a_signal_drains_event_streams_too(
    serve: Serve, services: Services, store: Store, tenant: Tenant
) -> None:
    """Also where they are all that there is."""
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    viewer = await Trusting().viewer(str(tenant.id), Request())
    async with serve() as (process, port), stream(port, str(tenant.id), FOLLOW_CALLS, {"after": "0"}) as events:
        position = await move_call(services, viewer, call, CallStatus.RINGING)
        assert (await events.event()).id == str(position)
        process.send_signal(signal.SIGTERM)
        last = await events.event()
        assert (last.value["__typename"], last.id) == ("Reconnect", str(position))
        end = await events.event()
        assert (end.name, end.retry) == ("complete", str(last.value["afterMs"]))
        await events.ended()
        async with asyncio.timeout(SECONDS):
            await process.wait()
        assert process.returncode in (0, -signal.SIGTERM)


async def test_a_worker_takes_a_terminals_ctrl_c_and_its_supervisors_signal_for_one(
    serve: Serve, services: Services, store: Store, tenant: Tenant
) -> None:
    async with serve() as (process, port), connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL]) as raw:
        socket = Socket(raw)
        await socket.init(str(tenant.id))
        id_ = await socket.follow(FOLLOW_CALLS)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert (await socket.next())["__typename"] == "Reconnect"
        assert await socket.receive() == {"type": "complete", "id": id_}
        assert await socket.closed() == (1001, "Going away")
        async with asyncio.timeout(SECONDS):
            await process.wait()


async def test_clients_that_take_nothing_hold_no_process_back(
    serve: Serve, services: Services, store: Store, tenant: Tenant
) -> None:
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)

    async def act(write: Write, _: Values) -> Mapping[str, TenantRow]:
        for _number in range(1_000):
            happen(write, call, CallStatus.INITIATED, CallStatus.RINGING)
        return {}

    await commit(services, await Trusting().viewer(str(tenant.id), Request()), act)
    async with serve() as (process, port):
        with socket_.create_connection(("127.0.0.1", port)) as events, socket_.socket() as socket:
            events.sendall(request_for(WIDE, str(tenant.id)))
            socket.connect(("127.0.0.1", port))
            await asyncio.to_thread(upgrade, socket)
            socket.sendall(frame("connection_init", payload={"authorization": f"Bearer {tenant.id}"}))
            socket.sendall(frame("subscribe", id="1", payload={"query": WIDE}))
            await asyncio.to_thread(first_bytes, events, socket)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(120):
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
        async with asyncio.timeout(SECONDS):
            await process.wait()
