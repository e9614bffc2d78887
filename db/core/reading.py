"""Connections for read transactions: each ends with the BEGIN of the next one, a round trip less for every operation.

Figures in bench/README.md: reading one row takes a fifth less of the server's CPU by it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util import greenlet_spawn

log = structlog.get_logger(__name__)

GRACE_SECONDS: Final = 0.005  # so long a transaction that is over may stay open, waiting for the next
GLANCE_SECONDS: Final = 0.05  # who waits looks at the pool so often, should nobody have told
END: Final = "COMMIT; "

# What comes of a statement on a connection that is gone; the last, while only the server's farewell has come.
LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class ReadConnections:
    """The pool's connections on their way from one read transaction to the next."""

    def __init__(
        self, engine: Engine, checkout: Callable[[], Awaitable[Any]], *, most: int, timeout_seconds: float
    ) -> None:
        self._pool: Any = engine.pool
        self._checkout = checkout
        self._most = most
        self._timeout_seconds = timeout_seconds
        self._writers = 0  # who wait for the pool, besides reads
        self._parked: deque[tuple[float, Any]] = deque()  # since when, and the connection
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._glance: asyncio.TimerHandle | None = None
        self._ending = 0  # connections whose transaction is being ended
        self._tasks: set[asyncio.Task[None]] = set()
        event.listen(engine, "checkin", self._look_again)

    def __len__(self) -> int:
        """How many connections are between two transactions, or on their way back to the pool."""
        return len(self._parked) + self._ending

    async def take(self) -> tuple[Any, str]:
        """A connection, and what stands before BEGIN on it. Raises SQLAlchemy's TimeoutError."""
        until: float | None = None
        while True:
            if self._parked:
                pooled = self._parked.pop()[1]
                if not pooled.driver_connection.is_closed():
                    return pooled, END
                await end(pooled)
            if self._has_room(self._writers + 1):
                return await self._checkout(), ""
            now = asyncio.get_running_loop().time()
            until = until or now + self._timeout_seconds
            if now >= until:
                raise PoolTimeout(f"No connection within {self._timeout_seconds} s.")
            pooled = await self._given()
            if pooled is not None:
                return pooled, END

    @contextmanager
    def making_room(self) -> Iterator[None]:
        """Around the moment in which somebody else takes a connection from the pool: reads leave one for each."""
        self._writers += 1
        try:
            if self._parked and not self._has_room(self._writers):
                self._end_apart(self._parked.popleft()[1])
            yield
        finally:
            self._writers -= 1
            self._look_again()

    def _has_room(self, wanted: int) -> bool:
        """Whether the pool has so many connections to give."""
        return bool(self._pool.checkedout() + wanted <= self._most)

    async def _given(self) -> Any:
        """The connection that somebody else leaves; None when the pool is worth another look."""
        loop = asyncio.get_running_loop()
        given: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(given)
        if self._glance is None:  # one for all who wait: a timer for each costs a twentieth of reading one row
            self._glance = loop.call_later(GLANCE_SECONDS, self._let_all_look)
        try:
            return await given
        except BaseException:
            pooled = given.result() if given.done() and not given.cancelled() else None
            if pooled is not None:
                self._spawn(self.leave(pooled))
            raise

    async def leave(self, pooled: Any) -> None:
        """Take back a connection whose transaction is over: for who waits, or who comes soon."""
        if not self._has_room(self._writers):
            await end(pooled)
            return
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(pooled)
                return
        loop = asyncio.get_running_loop()
        self._parked.append((loop.time(), pooled))
        if self._timer is None:
            self._timer = loop.call_later(GRACE_SECONDS, self._end_late)

    def _look_again(self, *_: object) -> None:
        """A connection comes back to the pool: let one of those who wait look."""
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return

    def _let_all_look(self) -> None:
        """Whatever nobody told of: let all who wait look, and give up if they must."""
        waiting, self._waiting = self._waiting, deque()
        for given in waiting:
            if not given.done():
                given.set_result(None)
        loop = asyncio.get_running_loop()
        self._glance = loop.call_later(GLANCE_SECONDS, self._let_all_look) if waiting else None

    def _end_late(self) -> None:
        """End the transactions that nobody followed in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() - GRACE_SECONDS * 0.9
        while self._parked and self._parked[0][0] <= until:
            self._end_apart(self._parked.popleft()[1])
        self._timer = loop.call_later(GRACE_SECONDS, self._end_late) if self._parked else None

    def _end_apart(self, pooled: Any) -> None:
        """End a connection's transaction while nobody waits for it."""

        async def finish() -> None:
            try:
                await end(pooled)
            finally:
                self._ending -= 1

        self._ending += 1
        self._spawn(finish())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End all that are open."""
        for timer in (self._timer, self._glance):
            if timer is not None:
                timer.cancel()
        self._timer = self._glance = None
        while self._parked:
            await end(self._parked.popleft()[1])
        if self._tasks:
            await asyncio.wait(self._tasks)


async def end(pooled: Any) -> None:
    """End the transaction and give the connection back to the pool."""
    try:
        await pooled.driver_connection.execute("COMMIT")
    except LOST as error:
        log.warning("connection_lost", error=repr(error))  # what was read stays valid: nothing to tell anybody
        if pooled.is_valid:
            await greenlet_spawn(pooled.invalidate)
        await greenlet_spawn(pooled.close)
    except BaseException:
        await greenlet_spawn(pooled.invalidate)
        raise
    else:
        pooled.close()  # SQLAlchemy has begun nothing on it, so that nothing waits: no greenlet
