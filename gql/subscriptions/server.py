"""The streams of a process, WebSockets and event streams: what opens them, and the way they go down."""

import asyncio
import secrets
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import structlog
from starlette.requests import Request as HttpRequest
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gql.core.authentication import Authenticator, authenticate_request, bearer
from gql.core.http import Asked, HttpRefusal, is_explained, request_of
from gql.execution.run import Executor
from gql.subscriptions import protocol
from gql.subscriptions.connection import Connection, Shared
from gql.subscriptions.dispatcher import Dispatcher
from gql.subscriptions.limits import SocketLimits
from gql.subscriptions.sse import EventStream
from gql.subscriptions.watch import Watch
from gql.subscriptions.work import Sizes
from resolvers.core.context import Services
from resolvers.core.errors import LimitExceeded
from resolvers.core.viewer import Viewer

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger(__name__)


class SubscriptionServer:
    """Serves graphql-transport-ws and event streams: queries, mutations, and subscriptions from the event log.

    `start` and `stop` belong around the application's life. On SIGTERM and SIGINT the streams are drained first,
    and whoever handled the signal before, handles it then; `reconnect_ms` is the time over which clients are told
    to come back. `is_origin_allowed` judges a handshake's Origin header.
    """

    def __init__(
        self,
        executor: Executor,
        services: Services,
        authenticator: Authenticator,
        limits: SocketLimits | None = None,
        *,
        sizes: Sizes | None = None,
        reconnect_ms: int = 5_000,
        is_origin_allowed: Callable[[str | None], bool] = lambda _: True,
    ) -> None:
        self.executor = executor
        self.dispatcher = Dispatcher(executor, services, sizes)
        self.connections: set[Connection] = set()
        self.streams: set[EventStream] = set()
        self.authenticator = authenticator
        self._limits = limits or SocketLimits()
        self.watch = Watch(authenticator, self._limits)
        self._shared = Shared(executor, services, self.dispatcher, self.watch, self._viewer, self._keep, self._limits)
        self._reconnect_ms = reconnect_ms
        self._is_origin_allowed = is_origin_allowed
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining: asyncio.Task[None] | None = None
        self._before: dict[int, Any] = {}

    def routes(self, path: str) -> list[WebSocketRoute]:
        """The route that answers a WebSocket handshake at the path."""
        return [WebSocketRoute(path, self.serve)]

    async def start(self) -> None:
        """Begin to follow the event log."""
        await self.dispatcher.start()
        await self.watch.start()
        if threading.current_thread() is threading.main_thread():
            self._drain_on_signals(asyncio.get_running_loop())

    async def stop(self) -> None:
        """Drain, and let go of everything."""
        await self.drain()
        await self.watch.stop()
        await self.dispatcher.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one WebSocket."""
        if not self._is_origin_allowed(socket.headers.get("origin")):
            await socket.close()  # before it is accepted: the handshake is answered with 403
            return
        if protocol.SUBPROTOCOL not in socket.scope["subprotocols"]:
            await self._refuse(socket, protocol.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        if self._draining is not None:
            await self._refuse(socket, protocol.GOING_AWAY, "Going away", protocol.SUBPROTOCOL)
            return
        await socket.accept(protocol.SUBPROTOCOL)
        connection = Connection(self._shared, socket, request_of(socket))
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)

    def stream(self, request: HttpRequest, asked: Asked, viewer: Viewer | None) -> ASGIApp:
        """What answers a request by an event stream. Raises HttpRefusal."""
        if self._draining is not None:
            raise HttpRefusal(503, "SERVICE_UNAVAILABLE", "This server goes down; connect again.", {"Retry-After": "1"})
        last_event_id = request.headers.get("last-event-id", "").strip() or None
        opened = EventStream(
            self._shared, request_of(request), asked, last_event_id=last_event_id, is_explained=is_explained(request)
        )
        try:
            self.watch.admit(opened, viewer)
        except LimitExceeded as error:
            raise HttpRefusal(429, error.code, error.message, {"Retry-After": "5"}) from error

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            self.streams.add(opened)
            try:
                await opened(scope, receive, send)
            finally:
                self.streams.discard(opened)

        return serve

    async def _refuse(self, socket: WebSocket, code: int, reason: str, subprotocol: str | None = None) -> None:
        """Accept and close: only an accepted socket can tell why."""
        try:
            await socket.accept(subprotocol)
            await socket.close(code, reason)
        except WebSocketDisconnect:
            log.debug("refused_socket_was_gone")

    async def _viewer(self, socket: WebSocket, authorization: str | None) -> Viewer | None:
        if authorization is None:
            return await authenticate_request(self.authenticator, socket)
        return await self.authenticator.viewer(bearer(authorization), request_of(socket))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---------------------------------------------------------------------------------------------- going down

    async def drain(self) -> None:
        """Take no new operations, send every stream Reconnect and its position, close with 1001; only once."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain(), name="sockets drain")
        await asyncio.shield(self._draining)

    async def _drain(self) -> None:
        await asyncio.gather(
            *(one.drain(secrets.randbelow(self._reconnect_ms + 1)) for one in (*self.connections, *self.streams))
        )
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._limits.drain_seconds)

    def _drain_on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drain before the server's own handler hears of the signal, since that cuts every socket off at once."""

        first: list[int] = []

        def handle(number: int, frame: FrameType | None) -> None:
            handler = self._before[number]
            if first == [signal.SIGINT] and number == signal.SIGTERM:
                return  # Ctrl-C reaches a worker by itself and, through who supervises it, once more
            first.append(number)
            if self._draining is not None or not (self.connections or self.streams) or loop.is_closed():
                handler(number, frame)  # nothing to drain, or somebody has lost patience
                return

            def drained(_: object) -> None:
                handler(number, None)

            def begin() -> None:
                task = asyncio.ensure_future(self.drain())
                task.add_done_callback(drained)
                self._keep(task)

            loop.call_soon_threadsafe(begin)

        for number in SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                self._before[number] = signal.signal(number, handle)
