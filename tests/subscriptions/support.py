"""What the subscription tests stand on: a real server, sockets to it, and commits that it has to tell of."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import uvicorn
from sqlalchemy import delete, update
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from db.calls import Call
from db.core.base import TenantRow
from db.core.cluster import Addresses
from db.enums.calls import CallStatus
from db.enums.events import ActorKind, EventType
from db.events import Event, TenantClock
from db.organizations import Tenant
from gql.core.authentication import authenticate_request
from gql.core.http import GraphQLEndpoint
from gql.core.middleware import RequestLog
from gql.core.wire import UVICORN
from gql.execution.run import Executor
from gql.subscriptions import SubscriptionServer
from resolvers.access.reviews import Finding, Held
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import Unauthenticated
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Action, Values, Write, perform
from resolvers.rules.access import PERMISSIONS
from tests.support import traffic
from tests.support.store import Store
from tests.support.waiting import eventually

PROTOCOL = Subprotocol("graphql-transport-ws")
SECONDS = 30.0  # after which a test gives up waiting


class Credentials:
    """An authenticator whose credentials the tests hand out."""

    def __init__(self) -> None:
        self._viewers: dict[str, Viewer] = {}
        self._names: dict[UUID, str] = {}
        self._numbers = itertools.count(1)

    def issue(self, tenant: Tenant, permissions: frozenset[str] = frozenset(PERMISSIONS), **values: Any) -> str:
        """A credential of the tenant."""
        credential = f"credential-{next(self._numbers)}"
        self._viewers[credential] = Viewer(
            kind=ActorKind.SYSTEM,
            actor_id=uuid4(),
            credential_id=uuid4(),
            organization_id=tenant.organization_id,
            tenant_id=tenant.id,
            user_id=None,
            permissions=permissions,
            **values,
        )
        self._names[self._viewers[credential].credential_id] = credential
        return credential

    def replace(self, credential: str, viewer: Viewer | None) -> None:
        """Let the credential vouch for another viewer, or for nobody."""
        if viewer is None:
            del self._viewers[credential]
        else:
            self._viewers[credential] = viewer

    async def viewer(self, credential: str, request: Request) -> Viewer:
        """The viewer. Raises Unauthenticated."""
        assert request.id
        if credential not in self._viewers:
            raise Unauthenticated("The credential is not valid.")
        return self._viewers[credential]

    async def review(self, tenant_id: UUID, held: Sequence[Held]) -> list[Finding]:
        """What has become of them."""
        assert {one.viewer.tenant_id for one in held} == {tenant_id}
        nobody = Unauthenticated("The credential is not valid.")
        return [self._viewers.get(self._names[one.viewer.credential_id], nobody) for one in held]


class InLoop(uvicorn.Server):
    """A server within the loop of the tests, whose signals are none of its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


@contextlib.asynccontextmanager
async def serve(app: Starlette) -> AsyncIterator[int]:
    """Serve an application for as long as the block lasts; gives the port."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        lifespan="on",
        log_config=None,
        timeout_graceful_shutdown=5,
        **UVICORN,
    )
    server = InLoop(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        async with asyncio.timeout(SECONDS):
            await serving


@contextlib.asynccontextmanager
async def open_socket(
    port: int, credential: str | None = None, *, protocols: tuple[str, ...] = (PROTOCOL,), **options: Any
) -> AsyncIterator["Socket"]:
    """A socket; with a credential it is initialised."""
    async with connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=[Subprotocol(name) for name in protocols] or None,
        compression=None,
        close_timeout=0.5,  # a client with unread messages does not see the server's answer to its close
        **options,
    ) as raw:
        socket = Socket(raw)
        if credential is not None:
            await socket.init(credential)
        yield socket


def endpoint(sockets: SubscriptionServer, services: Services) -> GraphQLEndpoint:
    """What answers requests over HTTP, event streams among them, as the application has it."""
    return GraphQLEndpoint(
        sockets.executor,
        services,
        lambda request: authenticate_request(sockets.authenticator, request),
        sockets.stream,
        max_body_bytes=10_000,
    )


class Server:
    """A running server, without the rest of the application."""

    def __init__(self, sockets: SubscriptionServer, services: Services, executor: Executor) -> None:
        self.sockets = sockets
        self.services = services
        self.executor = executor
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        """Serve for as long as the block lasts."""

        @contextlib.asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            await self.sockets.start()
            yield
            await self.sockets.stop()

        routes = [Route("/graphql", endpoint(self.sockets, self.services)), *self.sockets.routes("/graphql")]
        app = Starlette(routes=routes, middleware=[Middleware(RequestLog)], lifespan=lifespan)
        async with serve(app) as self.port:
            yield self

    def connect(
        self, credential: str | None = None, **options: Any
    ) -> contextlib.AbstractAsyncContextManager["Socket"]:
        """A socket to this server."""
        return open_socket(self.port, credential, **options)

    @property
    def subscribers(self) -> int:
        """How many streams the dispatcher has."""
        return sum(
            len(group.members) for feed in self.sockets.dispatcher.feeds.values() for group in feed.groups.values()
        )

    @property
    def groups(self) -> int:
        """How many groups the dispatcher has."""
        return sum(len(feed.groups) for feed in self.sockets.dispatcher.feeds.values())

    async def commit(self, credential: str, tell: Callable[[Write], None]) -> int:
        """Commit, as the credential's viewer, what `tell` records; returns the position."""

        async def act(write: Write, _: Values) -> Mapping[str, TenantRow]:
            tell(write)
            return {}

        return await commit(self.services, self.viewer(credential), act)

    def viewer(self, credential: str) -> Viewer:
        """Whom the credential vouches for."""
        credentials: Any = self.sockets.authenticator
        found: Viewer = credentials._viewers[credential]
        return found


class Socket:
    """A client's end of a socket."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw
        self.pings: list[Any] = []
        self._ids = itertools.count(1)
        self._queries: dict[str, str] = {}

    def _note(self, message: Any) -> None:
        """Tell the record of the tests' traffic what an operation got."""
        query = self._queries.get(message.get("id", ""))
        if query is None or message["type"] not in {"next", "error"}:
            return
        payload = message["payload"]
        is_result = message["type"] == "next"
        traffic.record(
            query, payload.get("data") if is_result else None, payload.get("errors", []) if is_result else payload
        )

    async def send(self, type_: str, **parts: Any) -> None:
        """Send a message."""
        await self.raw.send(json.dumps({"type": type_, **parts}))

    async def receive(self, seconds: float = SECONDS) -> Any:
        """The next message; pings are only noted."""
        async with asyncio.timeout(seconds):
            while True:
                message = json.loads(await self.raw.recv())
                if message["type"] != "ping":
                    self._note(message)
                    return message
                self.pings.append(message.get("payload"))

    async def init(self, credential: str) -> None:
        """Begin as the credential's viewer."""
        await self.send("connection_init", payload={"authorization": f"Bearer {credential}"})
        message = await self.receive()
        assert message == {"type": "connection_ack"}, message

    async def subscribe(self, query: str, variables: Mapping[str, Any] | None = None, *, id_: str | None = None) -> str:
        """Start an operation and wait until the server has seen it; returns its id."""
        id_ = id_ or str(next(self._ids))
        self._queries[id_] = query
        await self.send("subscribe", id=id_, payload={"query": query, "variables": variables})
        return id_

    async def settle(self) -> None:
        """Wait until the server has handled all that was sent so far; nothing else may be on its way here."""
        await self.send("ping", payload={"settle": True})
        message = await self.receive()
        assert message == {"type": "pong", "payload": {"settle": True}}, message

    async def follow(self, query: str, variables: Mapping[str, Any] | None = None) -> str:
        """Subscribe, and return when the subscription is in place."""
        id_ = await self.subscribe(query, variables)
        await self.settle()
        return id_

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run a query or mutation to its end and return its result."""
        id_ = await self.subscribe(query, variables)
        message = await self.receive()
        assert message["id"] == id_, message
        if message["type"] == "error":
            return {"errors": message["payload"]}
        assert await self.receive() == {"type": "complete", "id": id_}
        return message["payload"]

    async def next(self, seconds: float = SECONDS) -> Any:
        """The value of the next result's one field."""
        message = await self.receive(seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        [value] = message["payload"]["data"].values()
        return value

    async def silence(self, seconds: float = 0.3) -> None:
        """Nothing comes for a while."""
        try:
            message = await self.receive(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"unexpected {message}")

    async def answer_pings(self) -> None:
        """Answer pings, which is all that may come, until the socket is closed."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = json.loads(await self.raw.recv())
                assert message["type"] == "ping", message
                self.pings.append(message.get("payload"))
                await self.send("pong")

    async def refresh(self, credential: str) -> Any:
        """Send another credential in-band; returns the answer."""
        await self.send("ping", payload={"authorization": f"Bearer {credential}"})
        message = await self.receive()
        assert message["type"] == "pong", message
        return message["payload"]

    async def closed_after(self) -> list[Any]:
        """What still comes, but for pings, before the server closes."""
        found = []
        async with asyncio.timeout(SECONDS):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    found.append(await self.receive())
        return found

    async def closed(self) -> tuple[int, str]:
        """The code and reason with which the server closes."""
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    await self.raw.recv()
            except ConnectionClosed:
                pass
        return self.raw.close_code or 0, self.raw.close_reason or ""


FOLLOW_CALLS = """
subscription ($filter: CallStatusChangedFilter, $after: Position) {
  callStatusChanged(filter: $filter, after: $after) {
    __typename
    ... on CallChange {
      position
      oldStatus
      newStatus
      event { type objectType objectId changedFields }
      object { id status direction }
    }
    ... on CallRemoval { position objectId }
    ... on Gap { from to }
    ... on Reconnect { afterMs position }
  }
}
"""


async def move_call(services: Services, viewer: Viewer, call: Call, status: CallStatus) -> int:
    """Commit a call's next status; returns the event's position."""

    async def act(write: Write, _: Values) -> Mapping[str, TenantRow]:
        row = await write.lock(Call, call.id)
        before = row.status
        write.change(row, {"status": status})
        happen(write, row, before, status)
        return {"call": row}

    return await commit(services, viewer, act)


def happen(write: Write, call: Call, before: CallStatus, after: CallStatus) -> None:
    """Record that a call's status changed."""
    payload = {
        "old_status": before,
        "new_status": after,
        "contact_id": call.contact_id,
        "voice_agent_id": call.voice_agent_id,
        "direction": call.direction,
    }
    write.record(EventType.CALL_STATUS_CHANGED, call, payload)


async def commit(services: Services, viewer: Viewer, action: Action) -> int:
    """Perform an action as the viewer; returns the position of its last event."""
    outcome = await perform(Context(services, viewer), "test", action, {})
    assert outcome.errors == []
    assert outcome.position is not None
    return outcome.position


async def forget_events(store: Store, tenant: Tenant, *, first_position: int) -> None:
    """Do what retention does: the log begins at this position."""
    await store.execute(delete(Event).where(Event.tenant_id == tenant.id, Event.position < first_position))
    clock = update(TenantClock).where(TenantClock.tenant_id == tenant.id)
    await store.execute(clock.values(first_position=first_position))


async def cut_connections(addresses: Addresses, which: str) -> int:
    """End the application role's connections to this database that match; returns their number."""
    return await _connections(addresses, "count(pg_terminate_backend(pid))", which)


async def count_connections(addresses: Addresses, which: str) -> int:
    """How many connections of the application role to this database match."""
    return await _connections(addresses, "count(*)", which)


async def _connections(addresses: Addresses, what: str, which: str) -> int:
    connection = await asyncpg.connect(addresses.superuser)
    try:
        found: int = await connection.fetchval(
            f"SELECT {what} FROM pg_stat_activity WHERE usename = $1 AND datname = current_database() AND {which}",
            urlsplit(addresses.app).username,
        )
        return found
    finally:
        await connection.close()
