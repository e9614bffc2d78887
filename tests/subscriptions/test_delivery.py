"""Delivery: in order, nothing lost, nothing twice, executed once for a group, and nothing left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from websockets.exceptions import ConnectionClosed

from db.calls import Call
from db.contacts import Contact
from db.core.cluster import Addresses
from db.enums.calls import CallStatus
from db.events import Event
from db.organizations import Tenant
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SubscriptionServer
from gql.subscriptions.work import Sizes
from resolvers.core.context import Services
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups
from tests.factories import calls, contacts
from tests.subscriptions.support import (
    FOLLOW_CALLS,
    Credentials,
    Server,
    Socket,
    count_connections,
    cut_connections,
    move_call,
)
from tests.support.chance import seeded
from tests.support.store import Store
from tests.support.waiting import eventually, eventually_true

STATUSES = list(CallStatus)
POSITIONS = """
subscription ($after: Position) {
  callStatusChanged(after: $after) { ... on CallChange { position } ... on Reconnect { afterMs position } }
}
"""


# So that every client falls behind all the time, however slow the machine is.
NARROW = Sizes(batch=3, queue=2, shared_seconds=60)


@pytest.fixture
async def narrow(services: Services, credentials: Credentials) -> AsyncIterator[Server]:
    """A server that reads the log in small batches and queues next to nothing."""
    async with serving(services, credentials, NARROW) as running:
        yield running


@pytest.fixture(params=[Sizes(), NARROW], ids=["wide", "narrow"])
async def either(request: pytest.FixtureRequest, services: Services, credentials: Credentials) -> AsyncIterator[Server]:
    """A server as it is, then a narrow one."""
    async with serving(services, credentials, request.param) as running:
        yield running


@pytest.fixture
async def unpolled(
    database_urls: Addresses, store: Store, services: Services, credentials: Credentials
) -> AsyncIterator[Server]:
    """A server that reads the log for hints alone: a poll amid a delivery would read it once more."""
    [since] = await store.all(select(func.clock_timestamp()))
    own = f"query ILIKE 'LISTEN%' AND state = 'idle' AND backend_start > '{since.isoformat()}'"
    async with serving(services, credentials, Sizes(poll_seconds=3_600)) as running:
        await eventually_true(lambda: count_connections(database_urls, own))
        yield running


@contextlib.asynccontextmanager
async def serving(services: Services, credentials: Credentials, sizes: Sizes) -> AsyncIterator[Server]:
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, sizes=sizes)
    async with Server(sockets, services, executor).running() as running:
        yield running
    assert running.sockets.dispatcher.feeds == {}


async def write(services: Services, viewer: Viewer, call: Call, times: int, writers: int = 35) -> list[int]:
    """Commit so many changes, by concurrent writers; returns the positions."""
    gate = asyncio.Semaphore(writers)

    async def one(number: int) -> int:
        async with gate:
            return await move_call(services, viewer, call, STATUSES[number % len(STATUSES)])

    return await asyncio.gather(*(one(number) for number in range(times)))


async def several_calls(store: Store, tenant: Tenant, count: int = 8) -> list[Call]:
    first = await calls.call(store, tenant, status=CallStatus.INITIATED)
    more = [
        await calls.call(store, tenant, status=CallStatus.INITIATED, integration_id=first.integration_id)
        for _ in range(count - 1)
    ]
    return [first, *more]


async def log_positions(store: Store, tenant_id: UUID) -> list[int]:
    """The positions that the log really has."""
    return await store.all(select(Event.position).where(Event.tenant_id == tenant_id).order_by(Event.position))


async def take(socket: Socket, count: int) -> list[int]:
    """The positions of the next changes."""
    return [int((await socket.next())["position"]) for _ in range(count)]


async def test_concurrent_commits_arrive_in_order_none_lost_none_twice(
    either: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    server = either
    credential = credentials.issue(tenant)
    rows = await several_calls(store, tenant)
    async with server.connect(credential) as live, server.connect(credential) as late:
        await live.follow(POSITIONS)
        writing = asyncio.gather(*(write(server.services, server.viewer(credential), row, 12) for row in rows))
        await asyncio.sleep(0.05)
        await late.subscribe(POSITIONS, {"after": "0"})
        told, told_late = await asyncio.gather(take(live, 96), take(late, 96))
        await writing
        await live.silence()
        await late.silence(0.05)
    assert told == told_late == list(range(1, 97)) == await log_positions(store, tenant.id)


async def test_clients_that_reconnect_amid_the_writing_miss_nothing_and_get_nothing_twice(
    either: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    server = either
    credential = credentials.issue(tenant)
    rows = await several_calls(store, tenant)
    total = 160
    chance = seeded(7)

    async def client() -> list[int]:
        told: list[int] = []
        while len(told) < total:
            async with server.connect(credential) as socket:
                await socket.subscribe(POSITIONS, {"after": str(told[-1] if told else 0)})
                told += await take(socket, min(chance.randint(1, 25), total - len(told)))
                if chance.random() < 0.5:
                    socket.raw.transport.abort()
        return told

    viewer = server.viewer(credential)
    writing = asyncio.gather(*(write(server.services, viewer, row, total // len(rows)) for row in rows))
    told = await asyncio.gather(*(client() for _ in range(5)))
    await writing
    assert await log_positions(store, tenant.id) == list(range(1, total + 1))
    for one in told:
        assert one == list(range(1, total + 1))
    await eventually(lambda: server.subscribers == 0)


async def test_a_group_is_executed_once_whatever_its_size(
    unpolled: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """One read of the log, one of the object; the clients differ in their credential, `after` and socket."""
    server = unpolled
    executed, statements = count_executions(server), count_statements(server)
    one, other = credentials.issue(tenant), credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.RINGING)
    async with server.connect(one) as first, server.connect(other) as second:
        await first.follow(FOLLOW_CALLS)
        await first.follow(FOLLOW_CALLS)
        await second.follow(FOLLOW_CALLS, {"after": "0"})
        await second.follow(FOLLOW_CALLS, {"filter": None})  # other variables: a group of its own
        await move_call(server.services, server.viewer(one), call, CallStatus.ANSWERED)
        del executed[:], statements[:]
        messages = [await first.receive() for _ in range(2)] + [await second.receive() for _ in range(2)]
        assert server.groups == 2
        assert len({str(message["payload"]) for message in messages}) == 1
        assert len(executed) == 2
        reads = [statement for statement in statements if "calls" in statement and "SELECT" in statement]
        assert len(reads) == 2
        assert len([statement for statement in statements if "FROM events" in statement]) == 1


async def test_stragglers_of_a_group_share_what_is_executed_for_them(
    narrow: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Twenty clients come back at once, twelve events behind: twelve executions, not 240."""
    credential = credentials.issue(tenant)
    [call] = await several_calls(store, tenant, 1)
    await write(narrow.services, narrow.viewer(credential), call, 12)
    executed = count_executions(narrow)
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(narrow.connect(credential)) for _ in range(20)]
        for socket in sockets:
            await socket.subscribe(POSITIONS, {"after": "0"})
        for told in await asyncio.gather(*(take(socket, 12) for socket in sockets)):
            assert told == list(range(1, 13))
    assert len(executed) == 12


async def test_a_client_that_reads_nothing_for_a_while_gets_everything_later(
    narrow: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Its socket is full and its queue too: it reads the log at its own pace, and others are not held up."""
    credential = credentials.issue(tenant)
    contact = await contacts.contact(store, tenant, notes="long " * 20_000)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED, contact_id=contact.id)
    heavy = "subscription { callStatusChanged { ... on CallChange { position object { contact { %s } } } } }"
    query = heavy % " ".join(f"n{number}: notes" for number in range(10))
    async with (
        narrow.connect(credential, max_queue=1, max_size=None) as slow,
        narrow.connect(credential) as quick,
    ):
        await slow.subscribe(query)
        await quick.follow(POSITIONS)
        await eventually(lambda: narrow.subscribers == 2)
        await write(narrow.services, narrow.viewer(credential), call, 40)
        assert await take(quick, 40) == list(range(1, 41))
        members = [
            member
            for feed in narrow.sockets.dispatcher.feeds.values()
            for group in feed.groups.values()
            for member in group.members
        ]
        await eventually(lambda: sorted(member.is_live for member in members) == [False, True])
        assert await take(slow, 40) == list(range(1, 41))
        await eventually(lambda: all(member.is_live for member in members))
        await move_call(narrow.services, narrow.viewer(credential), call, CallStatus.BUSY)
        assert await take(slow, 1) == await take(quick, 1) == [41]


async def test_a_group_that_takes_long_holds_up_nobody_and_loses_nothing(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    gate = asyncio.Event()
    async with serving(services, credentials, Sizes(patience_seconds=0.1)) as server:
        run = server.executor.run

        async def hindered(context: Any, prepared: Any, root: Any = None) -> Any:
            if prepared.operation.selection_set.selections[0].arguments:
                await gate.wait()
            return await run(context, prepared, root)

        server.executor.run = hindered  # type: ignore[method-assign]  # some executions never seem to end
        async with server.connect(credential) as slow, server.connect(credential) as quick:
            await slow.follow(POSITIONS)
            await quick.follow("subscription { callStatusChanged { ... on CallChange { position } } }")
            await write(services, server.viewer(credential), call, 5, 1)
            assert await take(quick, 5) == [1, 2, 3, 4, 5]
            await slow.silence(0.1)
            gate.set()
            assert await take(slow, 5) == [1, 2, 3, 4, 5]
            await write(services, server.viewer(credential), call, 1, 1)
            assert await take(slow, 1) == await take(quick, 1) == [6]


async def test_what_goes_wrong_in_an_execution_is_told_and_masked(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """The event counts as delivered: the stream goes on behind it."""
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    run = server.executor.run

    async def broken(context: Any, prepared: Any, root: Any = None) -> Any:
        server.executor.run = run  # type: ignore[method-assign]  # once
        raise LookupError("the secret of the house")

    server.executor.run = broken  # type: ignore[method-assign]  # a defect
    async with server.connect(credential) as socket:
        await socket.follow(POSITIONS)
        await write(server.services, server.viewer(credential), call, 2, 1)
        payload = (await socket.receive())["payload"]
        assert payload["data"] is None
        [error] = payload["errors"]
        assert error["extensions"]["code"] == "INTERNAL_ERROR"
        assert "secret" not in str(payload)
        assert await take(socket, 1) == [2]


async def test_an_idle_subscription_holds_no_connection_and_a_client_that_leaves_leaves_nothing(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    pool: Any = server.services.database.engine.pool
    before = asyncio.all_tasks()
    for is_abrupt in (False, True):
        async with server.connect(credential) as socket, server.connect(credential) as other:
            for _ in range(20):
                await socket.follow(FOLLOW_CALLS)
            await other.follow(FOLLOW_CALLS, {"filter": {"statuses": ["BUSY"]}})
            await eventually(lambda: pool.checkedout() == 0)
            await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
            for _ in range(20):
                await socket.next()
            await eventually(lambda: pool.checkedout() == 0)
            if is_abrupt:
                socket.raw.transport.abort()
                other.raw.transport.abort()
        await eventually(lambda: server.sockets.connections == set())
        assert server.sockets.dispatcher.feeds == {}
    # What a closed socket leaves to its transport is not ours, and is soon gone too.
    await eventually(lambda: not (asyncio.all_tasks() - before) or sent_only(asyncio.all_tasks() - before))


def sent_only(tasks: set[asyncio.Task[Any]]) -> bool:
    """Whether the tasks are the sender of hints."""
    return {task.get_name() for task in tasks} <= {"wakeups"}


async def test_unsubscribing_amid_deliveries_frees_the_group(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    [call] = await several_calls(store, tenant, 1)
    async with server.connect(credential) as socket:
        writing = asyncio.create_task(write(server.services, server.viewer(credential), call, 60, 4))
        for number in range(30):
            id_ = await socket.subscribe(POSITIONS, {"after": "0"}, id_=f"s{number}")
            await asyncio.sleep(0.002)
            await socket.send("complete", id=id_)
        await writing
        await eventually(lambda: server.subscribers == 0)
        assert server.sockets.dispatcher.feeds == {}


async def test_a_lost_hint_costs_a_second_at_most(
    database_urls: Addresses, services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    class Mute(Wakeups):
        def committed(self, tenant_id: UUID) -> None:
            """Say nothing."""

    quiet = Services(services.database, services.keyring, services.clock, Mute(database_urls.app))
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, quiet, credentials)
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with Server(sockets, quiet, executor).running() as server, server.connect(credential) as socket:
        await socket.follow(POSITIONS)
        for position in (1, 2):
            await move_call(quiet, server.viewer(credential), call, STATUSES[position])
            assert int((await socket.next())["position"]) == position


async def test_the_listening_connection_comes_back_by_itself(
    database_urls: Addresses, server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with server.connect(credential) as socket:
        await socket.follow(POSITIONS)
        await eventually_true(lambda: count_connections(database_urls, "query ILIKE 'LISTEN%'"))
        assert await cut_connections(database_urls, "query ILIKE 'LISTEN%'") > 0
        for position in (1, 2, 3):
            await move_call(server.services, server.viewer(credential), call, STATUSES[position])
            assert await take(socket, 1) == [position]

        await eventually_true(lambda: count_connections(database_urls, "query ILIKE 'LISTEN%'"))


async def test_a_database_that_goes_away_costs_no_event(
    database_urls: Addresses, server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Every connection of the server is cut while events are on their way."""
    credential = credentials.issue(tenant)
    [call] = await several_calls(store, tenant, 1)

    async def write_in_spite_of_all(times: int) -> None:
        for number in range(times):
            while True:
                try:
                    await move_call(server.services, server.viewer(credential), call, STATUSES[number])
                    break
                except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.01)  # a connection of the pool that was cut before it did anything

    async with server.connect(credential) as socket, server.connect(credential) as late:
        await socket.follow(POSITIONS)
        for _ in range(3):
            await write_in_spite_of_all(5)
            assert await cut_connections(database_urls, "state = 'idle'") > 0
            await late.subscribe(POSITIONS, {"after": "0"}, id_=str(uuid4()))
        assert await take(socket, 15) == list(range(1, 16))
    await eventually(lambda: server.sockets.connections == set())
    await server.services.database.engine.dispose()  # the next test is not to find the dead ones


async def test_a_mutation_goes_on_when_its_socket_is_gone(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    create = "mutation ($input: ContactCreateInput!) { contactCreate(input: $input) { errors { code } } }"
    for number in range(5):
        async with server.connect(credentials.issue(tenant)) as socket:
            await socket.subscribe(create, {"input": {"firstName": f"Number {number}"}})
    counted = select(func.count()).select_from(Contact).where(Contact.tenant_id == tenant.id)

    async def are_there() -> bool:
        return bool((await store.all(counted))[0] == 5)

    await eventually_true(are_there)


async def test_draining_tells_every_stream_where_to_go_on_and_closes(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with server.connect(credential) as socket, server.connect(credential) as behind:
        await socket.follow(POSITIONS)
        await behind.follow(FOLLOW_CALLS)
        await write(server.services, viewer, call, 3, 1)
        assert await take(socket, 3) == [1, 2, 3]
        draining = asyncio.create_task(server.sockets.drain())
        message = await socket.next()
        assert message["position"] == "3"
        assert 0 <= message["afterMs"] <= 5_000
        assert await socket.receive() == {"type": "complete", "id": "1"}
        assert await socket.closed() == (1001, "Going away")
        told = []
        while (message := await behind.receive())["type"] == "next":
            told.append(message["payload"]["data"]["callStatusChanged"])
        *changes, last = told
        assert [int(change["position"]) for change in changes] == list(range(1, len(told)))
        assert (last["__typename"], int(last["position"])) == ("Reconnect", len(changes))
        assert (await behind.closed())[0] == 1001
        await draining
    async with server.connect() as refused:
        assert await refused.closed() == (1001, "Going away")


async def test_nothing_new_starts_while_draining(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        for connection in server.sockets.connections:
            connection._is_draining = True
        await socket.subscribe(POSITIONS)
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


def count_executions(server: Server) -> list[Any]:
    """The roots of all executions from now on."""
    executed: list[Any] = []
    run = server.executor.run

    async def counted(context: Any, prepared: Any, root: Any = None) -> Any:
        executed.append(root)
        return await run(context, prepared, root)

    server.executor.run = counted  # type: ignore[method-assign]  # the test looks on
    return executed


def count_statements(server: Server) -> list[str]:
    """The statements of all operations from now on, BEGIN and COMMIT left out."""
    statements: list[str] = []
    server.services.database.observers.append(statements.append)
    return statements


async def test_a_closed_connection_is_no_riddle_to_the_client(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    """A socket that the client closes ends with the client's own code."""
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.follow(POSITIONS)
        await socket.raw.close(1000, "bye")
        with pytest.raises(ConnectionClosed):
            await socket.raw.recv()
        assert socket.raw.close_code == 1000
