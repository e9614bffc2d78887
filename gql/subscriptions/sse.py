"""One event stream: an operation over server-sent events, as graphql-sse has it (distinct connections mode).

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
import contextlib
import re
from typing import Any, Final

import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from gql.core.http import Asked
from gql.execution.errors import describe
from gql.execution.run import Prepared, dumps
from gql.subscriptions.connection import EXPIRED, NARROWED, Shared
from gql.subscriptions.opening import Asked as Opened
from gql.subscriptions.subscriber import Subscriber
from gql.subscriptions.watch import Holder, sees_the_same
from resolvers.access.reviews import Finding
from resolvers.core.context import Context, Request
from resolvers.core.errors import BadUserInput, Refusal, ServiceUnavailable, Unauthenticated

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),  # nobody on the way may keep, or pack and so hold up, what is sent
    (b"x-accel-buffering", b"no"),
]
COMMENT: Final = b":\n\n"  # says that somebody is there, and makes some browsers look at the headers
END_SECONDS: Final = 2.0
POSITION: Final = re.compile(r"[0-9]{1,19}")
LAST_POSITION: Final = 2**63 - 1
log = structlog.get_logger(__name__)


class Narrowed(Refusal):
    """The viewer may not see any more what the stream shows."""

    code = "FORBIDDEN"


class EventStream(Holder):
    """The answer to one request: the events `next` and `complete`, lines that end in LF, and comments in between.

    A message after which a client may come back carries its position as `id`; a browser returns it as Last-Event-ID.
    What ends a stream early is told by a last `next`, which holds only the error.
    """

    def __init__(
        self, shared: Shared, request: Request, asked: Asked, *, last_event_id: str | None, is_explained: bool
    ) -> None:
        super().__init__(request)
        self._shared = shared
        self._asked = asked
        self._last_event_id = last_event_id
        self._is_explained = is_explained
        self._is_closed = False
        self._is_draining = False
        self._is_abandoned = False
        self._reconnect_ms = 0
        self._subscriber: Subscriber | None = None
        self._serving: asyncio.Task[Any] | None = None
        self._running: asyncio.Task[None] | None = None
        self._commenting: asyncio.Task[None] | None = None
        self._busy_since: float | None = None
        self._idle_since = 0.0
        self._send: Send

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the operation has ended or the client is gone; then nothing of it is left."""
        self._send = send
        self._serving = asyncio.current_task()
        self._run_next(self._run())
        try:
            while (await receive())["type"] != "http.disconnect":  # also said when the answer is complete
                pass
        except asyncio.CancelledError:
            if not self._is_abandoned:
                raise
        finally:
            self._serving = None
            self._shared.watch.leave(self)
            self._stop()

    # ------------------------------------------------------------------------------------------------ the stream

    async def _run(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        await self._write(COMMENT)
        try:
            await self._shared.watch.trust(self, is_patient=False)
            context = self._context()
            prepared = self._shared.executor.prepare(
                self._asked.query, self._asked.variables, self._asked.operation_name, context
            )
            if prepared.kind is OperationType.SUBSCRIPTION:
                await self._stream(prepared, context)
            else:
                await self._answer(context)
        except Exception as error:  # describe masks what it does not know
            await self._fail(error)
        self._is_closed = True
        await self._complete()

    async def _stream(self, prepared: Prepared, context: Context) -> None:
        try:
            subscriber = await self._shared.dispatcher.subscribe(
                Opened(self._asked.query, prepared), context, after=self._resumed_after()
            )
        finally:
            await context.close()
        self._subscriber = subscriber
        try:
            if self._is_draining:
                subscriber.end(self._reconnect_ms)
            async with contextlib.aclosing(subscriber.payloads()) as payloads:
                async for payload in payloads:
                    if not self._shared.watch.is_trusted(self):
                        await self._shared.watch.trust(self)
                    if self._shared.seconds_left(self.viewer) <= 0:
                        raise Unauthenticated(_sentence(EXPIRED))
                    await self._next(payload, subscriber.told)
        finally:
            subscriber.close()

    def _resumed_after(self) -> int | None:
        text = self._last_event_id
        if text is None:
            return None
        if not POSITION.fullmatch(text) or int(text) > LAST_POSITION:
            raise BadUserInput("Last-Event-ID is the id of an event of this stream: a position.", ("after",))
        return int(text)

    async def _answer(self, context: Context) -> None:
        """A query or mutation: it runs to its end even if the client leaves, as half a mutation would be a riddle."""
        running = asyncio.create_task(self._execute(self._asked, context), name="operation")
        self._shared.keep(running)
        await asyncio.shield(running)

    async def _execute(self, asked: Asked, context: Context) -> None:
        try:
            answer = await self._shared.executor.answer(
                context, asked.query, asked.variables, asked.operation_name, is_explained=self._is_explained
            )
        finally:
            await context.close()
        if not self._is_closed:
            await self._next(dumps(answer.body()).decode())

    def _context(self) -> Context:
        return Context(self._shared.services, self.viewer, self.request)

    # ------------------------------------------------------------------------------------------------ its events

    async def _next(self, payload: str, position: int | None = None) -> None:
        place = "" if position is None else f"id: {position}\n"
        await self._write(f"event: next\n{place}data: {payload}\n\n".encode())

    async def _fail(self, error: Exception) -> None:
        await self._next(dumps({"errors": describe(error)}).decode())

    async def _complete(self) -> None:
        """The last event; its empty data make it one for a browser's EventSource, too."""
        wait = f"retry: {self._reconnect_ms}\n" if self._is_draining else ""
        await self._write(f"event: complete\n{wait}data:\n\n".encode(), is_last=True)

    async def _write(self, chunk: bytes, *, is_last: bool = False) -> None:
        loop = asyncio.get_running_loop()
        self._busy_since = loop.time()
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
        self._busy_since = None
        self._idle_since = loop.time()

    # ------------------------------------------------------------------------------------------- life and end

    def tick(self, now: float) -> None:
        """Keep a quiet stream alive; end it for a client that takes nothing, or whose credential has expired."""
        limits = self._shared.limits
        if self._busy_since is not None and now - self._busy_since >= limits.silence_seconds:
            self._stop()
            self._abandon()
        elif self._is_closed or self._busy_since is not None:
            return
        elif self._shared.seconds_left(self.viewer) <= 0:
            self._end(Unauthenticated(_sentence(EXPIRED)))
        elif now - self._idle_since >= limits.ping_seconds and self._commenting is None:
            self._commenting = asyncio.create_task(self._comment(), name="event stream comment")

    async def _comment(self) -> None:
        try:
            await self._write(COMMENT)
        finally:
            self._commenting = None

    def found(self, finding: Finding) -> None:
        """What a review of the credential found."""
        if isinstance(finding, Unauthenticated):
            self._end(finding)
        elif self._subscriber is not None and self.viewer is not None and not sees_the_same(finding, self.viewer):
            self._end(Narrowed(_sentence(NARROWED)))
        else:
            self._shared.watch.adopt(self, finding)

    async def drain(self, after_ms: int) -> None:
        """Tell the client to come back after so many milliseconds, and complete."""
        self._is_draining, self._reconnect_ms = True, after_ms
        if self._subscriber is not None:
            self._subscriber.end(after_ms)
        if self._running is not None:
            await asyncio.wait([self._running], timeout=self._shared.limits.drain_seconds)
        if self._subscriber is not None:
            self._end(ServiceUnavailable("This server goes down; connect again."))
        if self._running is not None:
            await asyncio.wait([self._running], timeout=END_SECONDS)

    def _run_next(self, work: Any) -> None:
        self._running = asyncio.create_task(work, name="event stream")
        self._running.add_done_callback(self._ran)
        self._shared.keep(self._running)

    def _ran(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            if not isinstance(error, OSError):  # what is sent to a client that has just gone is nobody's loss
                log.error("event_stream_failed", exc_info=error)
            self._abandon()

    def _stop(self) -> None:
        """From here on nothing of the operation is sent."""
        self._is_closed = True
        if self._subscriber is not None:
            self._subscriber.close()
        for task in (self._running, self._commenting):
            if task is not None:
                task.cancel()

    def _end(self, error: Refusal) -> None:
        """Say why the stream ends, and end it."""
        if self._is_closed:
            return
        self._stop()
        self._run_next(self._say_goodbye(error))

    async def _say_goodbye(self, error: Refusal) -> None:
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._fail(error)
                await self._complete()
        except TimeoutError:  # a client that reads nothing is not waited for
            self._abandon()

    def _abandon(self) -> None:
        """Let go of a client that takes nothing."""
        if self._serving is not None:
            self._is_abandoned = True
            self._serving.cancel()


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."
