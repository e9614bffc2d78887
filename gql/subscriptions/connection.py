"""One WebSocket: graphql-transport-ws as its protocol has it, every operation a task of its own."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

import structlog
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from gql.execution.errors import describe, is_unavailable
from gql.execution.run import Executor, Prepared, dumps
from gql.subscriptions import protocol
from gql.subscriptions.dispatcher import Dispatcher
from gql.subscriptions.opening import Asked
from gql.subscriptions.protocol import Close, Complete, Init, Ping, Subscribe
from gql.subscriptions.subscriber import Subscriber
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import LimitExceeded, ServiceUnavailable, Unauthenticated
from resolvers.core.viewer import Viewer

CLOSE_SECONDS: Final = 2.0
SHORTEST_PAUSE: Final = 0.02
log = structlog.get_logger(__name__)

Authenticate = Callable[[WebSocket, str | None], Awaitable[Viewer | None]]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do, and how long it may take."""

    frame_characters: int = 262_144
    operations: int = 100
    init_seconds: float = 10.0
    ping_seconds: float = 20.0
    notice_seconds: float = 60.0
    drain_seconds: float = 2.0


@dataclass(slots=True)
class Operation:
    """An operation under way; `subscriber` is a subscription's."""

    task: asyncio.Task[None] | None = None
    subscriber: Subscriber | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sockets of a process share.

    `authenticate` takes the handshake and `payload.authorization`; `keep` holds a task until it is done, since an
    operation may outlive its socket.
    """

    executor: Executor
    services: Services
    dispatcher: Dispatcher
    authenticate: Authenticate
    keep: Callable[[asyncio.Task[None]], None]
    limits: SocketLimits


class Connection:
    """A socket from its handshake to its end."""

    def __init__(self, shared: Shared, socket: WebSocket, request: Request) -> None:
        self._shared = shared
        self._limits = shared.limits
        self._socket = socket
        self._request = request
        self._authorization: str | None = None
        self._viewer: Viewer | None = None
        self._is_acknowledged = False
        self._is_closed = False
        self._is_draining = False
        self._operations: dict[str, Operation] = {}
        self._unheard: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Speak with the client until either side closes the socket; what it had under way ends with it."""
        watch: asyncio.Task[None] | None = None
        try:
            await self._wait_for_init()
            watch = asyncio.create_task(self._watch(), name="socket watch")
            while True:
                await self._handle(await self._receive())
        except Close as close:
            await self._close(close)
        except WebSocketDisconnect:
            pass
        except Exception:
            log.exception("socket_failed")
            await self._close(Close(protocol.INTERNAL_ERROR, "Internal server error"))
        finally:
            self._is_closed = True
            if watch is not None:
                watch.cancel()
            for id_ in list(self._operations):
                self._give_up(id_)

    # ---------------------------------------------------------------------------------------------- messages

    async def _wait_for_init(self) -> None:
        try:
            async with asyncio.timeout(self._limits.init_seconds) as waiting:
                while not self._is_acknowledged:
                    message = await self._receive()
                    if isinstance(message, Init):
                        waiting.reschedule(None)
                    await self._handle(message)
        except TimeoutError:
            if not waiting.expired():
                raise
            raise Close(protocol.INITIALISATION_TIMEOUT, "Connection initialisation timeout") from None

    async def _receive(self) -> protocol.ClientMessage:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        return protocol.parse(message.get("text"), self._limits.frame_characters)

    async def _handle(self, message: protocol.ClientMessage) -> None:
        match message:
            case Init():
                await self._init(message)
            case Ping():
                payload = {} if message.payload is None else {"payload": message.payload}
                await self._send(protocol.message("pong", **payload))
            case Subscribe():
                await self._subscribe(message)
            case Complete():
                self._give_up(message.id)
            case _:
                pass  # a pong says that the client is there, and so does any message

    async def _init(self, message: Init) -> None:
        if self._is_acknowledged:
            raise Close(protocol.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        self._authorization = message.authorization
        try:
            await self._see_viewer()
        except Exception as error:
            if not is_unavailable(error):
                raise
            raise Close(protocol.TRY_AGAIN_LATER, "The database cannot be reached") from error
        self._is_acknowledged = True
        await self._send(protocol.message("connection_ack"))

    async def _see_viewer(self) -> None:
        """Learn, or learn again, whom the credential vouches for. Raises Close when it vouches for nobody."""
        try:
            viewer = await self._shared.authenticate(self._socket, self._authorization)
        except Unauthenticated as error:
            raise Close(protocol.FORBIDDEN, f"Forbidden: {error.message}") from error
        before, self._viewer = self._viewer, viewer
        has_streams = any(operation.subscriber is not None for operation in self._operations.values())
        if before is not None and viewer is not None and before.permissions != viewer.permissions and has_streams:
            raise Close(protocol.FORBIDDEN, "Forbidden: the permissions have changed; connect again")

    async def _subscribe(self, message: Subscribe) -> None:
        """Start an operation. A subscription is in place when this returns: what the client does next reaches it."""
        if not self._is_acknowledged:
            raise Close(protocol.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Close(protocol.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        try:
            self._check_room()
            await self._see_viewer()
            prepared = self._shared.executor.prepare(
                message.query, message.variables, message.operation_name, self._context()
            )
            operation = Operation()
            if prepared.kind is OperationType.SUBSCRIPTION:
                operation.subscriber = await self._open(Asked(message.query, prepared))
        except Close:
            raise
        except Exception as error:  # describe masks what it does not know
            await self._send(protocol.message("error", id=message.id, payload=describe(error)))
            return
        self._operations[message.id] = operation
        operation.task = asyncio.create_task(self._run(message.id, operation, prepared), name="operation")
        self._shared.keep(operation.task)

    def _check_room(self) -> None:
        if self._is_draining:
            raise ServiceUnavailable("This server goes down; connect again.")
        if len(self._operations) + len(self._unheard) >= self._limits.operations:
            most = self._limits.operations
            raise LimitExceeded(f"A connection may have {most} operations at a time.", most)

    async def _open(self, asked: Asked) -> Subscriber:
        context = self._context()
        try:
            return await self._shared.dispatcher.subscribe(asked, context)
        finally:
            await context.close()

    # -------------------------------------------------------------------------------------------- operations

    async def _run(self, id_: str, operation: Operation, prepared: Prepared) -> None:
        """Run an operation to its end and say how it ended, unless the client has given it up."""
        try:
            if operation.subscriber is not None:
                await self._stream(id_, operation.subscriber)
            else:
                await self._answer(id_, operation, prepared)
            ending = protocol.message("complete", id=id_)
        except WebSocketDisconnect:
            return
        except Exception as error:  # describe masks what it does not know
            ending = protocol.message("error", id=id_, payload=describe(error))
        finally:
            is_wanted = self._operations.get(id_) is operation
            if is_wanted:
                del self._operations[id_]
            if operation.subscriber is not None:
                operation.subscriber.close()
        if is_wanted:
            with contextlib.suppress(WebSocketDisconnect):
                await self._send(ending)

    async def _stream(self, id_: str, subscriber: Subscriber) -> None:
        start = protocol.head(id_)
        async with contextlib.aclosing(subscriber.payloads()) as payloads:
            async for payload in payloads:
                await self._send(protocol.next_message(start, payload))

    async def _answer(self, id_: str, operation: Operation, prepared: Prepared) -> None:
        context = self._context()
        try:
            answer = await self._shared.executor.run(context, prepared)
        finally:
            await context.close()
        if self._operations.get(id_) is operation:
            payload = dumps(answer.body()).decode()
            await self._send(protocol.next_message(protocol.head(id_), payload))

    def _give_up(self, id_: str) -> None:
        """End an operation that nobody wants any more.

        A stream ends at once. A query or mutation goes on, unheard: half a mutation would be a riddle, and a
        statement cut short would cost the pool its connection.
        """
        operation = self._operations.pop(id_, None)
        if operation is None or operation.task is None:
            return
        if operation.subscriber is not None:
            operation.subscriber.close()
            operation.task.cancel()
        else:
            self._unheard.add(operation.task)
            operation.task.add_done_callback(self._unheard.discard)

    def _context(self) -> Context:
        """A context of one operation: nothing that it reads is remembered for the next."""
        return Context(self._shared.services, self._viewer, replace(self._request, id=uuid4().hex))

    # ------------------------------------------------------------------------------------------- life and end

    async def _watch(self) -> None:
        """Ping the client, and see that the credential still holds; the client is told before it expires."""
        while True:
            await asyncio.sleep(self._pause())
            try:
                left = self._seconds_left()
                if left <= 0:
                    raise Close(protocol.FORBIDDEN, "Forbidden: the credential has expired")
                await self._send(self._ping(left))
                await self._see_viewer()
            except Close as close:
                await self._close(close)
                return
            except WebSocketDisconnect:
                return
            except Exception as error:  # nobody is shut out because the database is away
                if not is_unavailable(error):
                    log.exception("watch_failed")

    def _ping(self, left: float) -> str:
        if left > self._limits.notice_seconds or self._viewer is None or self._viewer.expires_at is None:
            return protocol.message("ping")
        return protocol.message("ping", payload={"credentialExpiresAt": self._viewer.expires_at})

    def _pause(self) -> float:
        """Seconds until there is something to see to: the next ping, the notice, or the credential's end."""
        left = self._seconds_left()
        until_notice = left - self._limits.notice_seconds
        return max(min(self._limits.ping_seconds, until_notice if until_notice > 0 else left), SHORTEST_PAUSE)

    def _seconds_left(self) -> float:
        if self._viewer is None or self._viewer.expires_at is None:
            return math.inf
        return (self._viewer.expires_at - self._shared.services.clock.now()).total_seconds()

    async def drain(self, after_ms: int) -> None:
        """Take nothing new, tell every stream to come back after so many milliseconds, and close."""
        self._is_draining = True
        operations = list(self._operations.values())
        for operation in operations:
            if operation.subscriber is not None:
                operation.subscriber.end(after_ms)
        tasks = [operation.task for operation in operations if operation.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.drain_seconds)
        await self._close(Close(protocol.GOING_AWAY, "Going away"))

    async def _send(self, text: str) -> None:
        if self._is_closed:
            raise WebSocketDisconnect(protocol.GOING_AWAY)
        try:
            await self._socket.send_text(text)
        except RuntimeError as error:
            if not self._is_closed:
                raise
            # Closed while it waited for the client to read.
            raise WebSocketDisconnect(protocol.GOING_AWAY) from error

    async def _close(self, close: Close) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):  # a client that reads nothing is not waited for
                await self._socket.close(close.code, close.reason)
