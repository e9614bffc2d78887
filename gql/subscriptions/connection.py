"""One WebSocket: graphql-transport-ws as its protocol has it, every operation a task of its own."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import structlog
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from gql.execution.errors import describe, is_unavailable
from gql.execution.run import Executor, Prepared, dumps
from gql.subscriptions import protocol
from gql.subscriptions.dispatcher import Dispatcher
from gql.subscriptions.limits import SocketLimits
from gql.subscriptions.opening import Asked
from gql.subscriptions.protocol import Close, Complete, Init, Ping, Subscribe
from gql.subscriptions.subscriber import Subscriber
from gql.subscriptions.watch import Holder, Watch, sees_the_same
from resolvers.access.reviews import Finding
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import LimitExceeded, ServiceUnavailable, Unauthenticated
from resolvers.core.viewer import Viewer

CLOSE_SECONDS: Final = 2.0
EXPIRED: Final = "the credential has expired"
NARROWED: Final = "the permissions have changed; connect again"
log = structlog.get_logger(__name__)

Authenticate = Callable[[WebSocket, str | None], Awaitable[Viewer | None]]


@dataclass(slots=True)
class Operation:
    """An operation under way; `subscriber` is a subscription's."""

    task: asyncio.Task[None] | None = None
    subscriber: Subscriber | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a process share.

    `authenticate` takes the handshake and `payload.authorization`; `keep` holds a task until it is done, since an
    operation may outlive its connection.
    """

    executor: Executor
    services: Services
    dispatcher: Dispatcher
    watch: Watch
    authenticate: Authenticate
    keep: Callable[[asyncio.Task[None]], None]
    limits: SocketLimits

    def seconds_left(self, viewer: Viewer | None) -> float:
        """How long the viewer's credential still lasts."""
        if viewer is None or viewer.expires_at is None:
            return math.inf
        return (viewer.expires_at - self.services.clock.now()).total_seconds()


class Connection(Holder):
    """A socket from its handshake to its end."""

    def __init__(self, shared: Shared, socket: WebSocket, request: Request) -> None:
        super().__init__(request)
        self._shared = shared
        self._limits = shared.limits
        self._socket = socket
        self._is_acknowledged = False
        self._is_closed = False
        self._is_abandoned = False
        self._is_draining = False
        self._reconnect_ms = 0
        self._is_handling = False
        self._operations: dict[str, Operation] = {}
        self._unheard: set[asyncio.Task[None]] = set()
        self._serving: asyncio.Task[Any] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._next_ping_at = 0.0
        self._unanswered = 0
        self._was_told_of_the_end = False

    async def serve(self) -> None:
        """Speak with the client until either side closes the socket; what it had under way ends with it."""
        self._serving = asyncio.current_task()
        try:
            await self._wait_for_init()
            while True:
                await self._handle(await self._receive())
        except Close as close:
            self._end(close)
        except WebSocketDisconnect:
            pass
        except asyncio.CancelledError:
            if not self._is_abandoned:
                raise
        except Exception:
            log.exception("socket_failed")
            self._end(Close(protocol.INTERNAL_ERROR, "Internal server error"))
        finally:
            self._serving = None
            self._shared.watch.leave(self)
            self._stop()
        if self._closing is not None:
            await asyncio.wait([self._closing])

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
        self._is_handling = False
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        self._is_handling = True
        self._unanswered = 0
        return protocol.parse(message.get("text"), self._limits.frame_characters)

    async def _handle(self, message: protocol.ClientMessage) -> None:
        match message:
            case Init():
                await self._init(message)
            case Ping(authorization=None):
                await self._send(protocol.pong(message))
            case Ping():
                await self._send(protocol.message("pong", payload=await self._refresh(message)))
            case Subscribe():
                await self._subscribe(message)
            case Complete():
                self._give_up(message.id)
            case _:
                pass  # a pong says that the client is there, and so does any message

    async def _init(self, message: Init) -> None:
        if self._is_acknowledged:
            raise Close(protocol.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        try:
            self._shared.watch.admit(self, await self._shared.authenticate(self._socket, message.authorization))
        except Unauthenticated as error:
            raise _forbidden(error.message) from error
        except LimitExceeded as error:
            raise Close(protocol.TRY_AGAIN_LATER, error.message) from error
        except Exception as error:
            if not is_unavailable(error):
                raise
            raise Close(protocol.TRY_AGAIN_LATER, "The database cannot be reached") from error
        self._is_acknowledged = True
        self._next_ping_at = asyncio.get_running_loop().time() + self._limits.ping_seconds
        await self._send(protocol.message("connection_ack"))

    async def _refresh(self, message: Ping) -> dict[str, Any]:
        """Take a new credential of the same viewer, and go on; what came of it. Raises Close for another viewer's."""
        if not self._is_acknowledged:
            raise Close(protocol.UNAUTHORIZED, "Unauthorized")
        try:
            viewer = await self._shared.authenticate(self._socket, message.authorization)
            if viewer is None or (self.viewer is not None and not _is_same(viewer, self.viewer)):
                raise _forbidden("the credential is somebody else's")
            self._check_permissions(viewer)
            self._shared.watch.admit(self, viewer)
        except Close:
            raise
        except Exception as error:  # describe masks what it does not know
            [entry] = describe(error)
            return {"accepted": False, "code": entry["extensions"]["code"], "message": entry["message"]}
        self._was_told_of_the_end = False
        return {"accepted": True, "credentialExpiresAt": viewer.expires_at}

    async def _subscribe(self, message: Subscribe) -> None:
        """Start an operation. A subscription is in place when this returns: what the client does next reaches it."""
        if not self._is_acknowledged:
            raise Close(protocol.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Close(protocol.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        self._check_expiry()
        try:
            self._check_room()
            await self._shared.watch.trust(self, is_patient=False)
            if self._has_ended():  # the credential turned out to be worth nothing
                return
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
        if self._has_ended() and operation.subscriber is not None:  # while it was being opened
            operation.subscriber.close()
            return
        if self._is_draining and operation.subscriber is not None:  # as of while it was being opened
            operation.subscriber.end(self._reconnect_ms)
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
        except Close as close:
            self._end(close)
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
                if not self._shared.watch.is_trusted(self):
                    await self._shared.watch.trust(self)
                self._check_expiry()
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
        return Context(self._shared.services, self.viewer, replace(self.request, id=uuid4().hex))

    # --------------------------------------------------------------------------------------------- credential

    def found(self, finding: Finding) -> None:
        """What a review of the credential found."""
        try:
            if isinstance(finding, Unauthenticated):
                raise _forbidden(finding.message)
            self._check_permissions(finding)
        except Close as close:
            self._end(close)
        else:
            self._shared.watch.adopt(self, finding)

    def _check_permissions(self, viewer: Viewer) -> None:
        """Raise Close when streams under way were opened for somebody who sees something else."""
        has_streams = any(operation.subscriber is not None for operation in self._operations.values())
        if has_streams and self.viewer is not None and not sees_the_same(viewer, self.viewer):
            raise _forbidden(NARROWED)

    def _check_expiry(self) -> None:
        if self._shared.seconds_left(self.viewer) <= 0:
            raise _forbidden(EXPIRED)

    # ------------------------------------------------------------------------------------------- life and end

    def tick(self, now: float) -> None:
        """Ping a client when it is time, tell it of its credential's end, and close for who is gone or expired."""
        if self._is_closed or not self._is_acknowledged:
            return
        left = self._shared.seconds_left(self.viewer)
        if left <= 0:
            self._end(_forbidden(EXPIRED))
            return
        is_due = now >= self._next_ping_at
        if is_due:
            if self._unanswered >= self._limits.unanswered_pings and not self._is_handling:
                self._end(Close(protocol.SILENCE, "No answer to pings"))
                return
            self._next_ping_at = now + self._limits.ping_seconds
            self._unanswered += 1
        is_near = left <= self._limits.notice_seconds
        if self._pinging is None and (is_due or (is_near and not self._was_told_of_the_end)):
            self._was_told_of_the_end = is_near
            self._pinging = asyncio.create_task(self._ping(is_near=is_near), name="ping")

    async def _ping(self, *, is_near: bool) -> None:
        payload = {"payload": {"credentialExpiresAt": self.viewer.expires_at}} if is_near and self.viewer else {}
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await self._send(protocol.message("ping", **payload))
        finally:
            self._pinging = None

    async def drain(self, after_ms: int) -> None:
        """Take nothing new, tell every stream to come back after so many milliseconds, and close."""
        self._is_draining, self._reconnect_ms = True, after_ms
        for operation in self._operations.values():
            if operation.subscriber is not None:
                operation.subscriber.end(after_ms)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.drain_seconds):
                while tasks := [one.task for one in self._operations.values() if one.task is not None]:
                    await asyncio.wait(tasks)
        self._end(Close(protocol.GOING_AWAY, "Going away"))
        if self._closing is not None:
            await asyncio.wait([self._closing])

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

    def _has_ended(self) -> bool:
        return self._is_closed

    def _stop(self) -> None:
        """From here on nothing is sent, and whatever was to be sent is given up."""
        self._is_closed = True
        for id_ in list(self._operations):
            self._give_up(id_)
        if self._pinging is not None:
            self._pinging.cancel()

    def _end(self, close: Close) -> None:
        """Close the socket, from wherever."""
        if self._is_closed:
            return
        self._stop()
        self._closing = asyncio.create_task(self._close(close), name="socket closes")
        self._shared.keep(self._closing)

    async def _close(self, close: Close) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(close.code, close.reason)
        except (WebSocketDisconnect, RuntimeError):
            pass
        except TimeoutError:  # a client that reads nothing is not waited for
            self._is_abandoned = True
            if self._serving is not None:
                self._serving.cancel()


def _is_same(viewer: Viewer, other: Viewer) -> bool:
    """Whether two credentials vouch for the same."""
    return (viewer.kind, viewer.actor_id, viewer.tenant_id) == (other.kind, other.actor_id, other.tenant_id)


def _forbidden(reason: str) -> Close:
    return Close(protocol.FORBIDDEN, f"Forbidden: {reason}")
