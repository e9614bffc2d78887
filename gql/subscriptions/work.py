"""The dispatcher's use of the database: a few statements at a time, and again while it cannot be reached."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog

from gql.execution.errors import is_unavailable
from gql.execution.run import Answer, Executor
from resolvers.core.context import Services
from resolvers.events import LogSlice, read_events

T = TypeVar("T")

FIRST_RETRY_SECONDS: Final = 0.1
LONGEST_RETRY_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)


class Unavailable(Exception):
    """An execution found no database: its answer is nobody's to see, and it is to be tried again."""


def check_available(answers: Sequence[Answer]) -> None:
    """Raise Unavailable when one of the answers had no database."""
    for answer in answers:
        for error in answer.errors:
            if error["extensions"]["code"] == "SERVICE_UNAVAILABLE":
                raise Unavailable(error["message"])


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much the dispatcher does at a time.

    `connections` of the pool are used at most, so that requests find the others; `batch` entries are read at a
    time; `queue` payloads wait for a slow client at most, who then reads the log at its own pace. A payload is
    shared with stragglers for `shared_seconds`; a group whose execution takes longer than `patience_seconds` holds
    the other groups up no longer, and its members read the log too. A client who is behind, and has come no nearer
    for `behind_seconds`, is told to come back, within `reconnect_ms`. `listings` of the connections at most are for
    the lists with which streams begin; one list takes `list_characters` at most, since it waits in memory.
    """

    connections: int = 4
    listings: int = 2
    list_characters: int = 33_554_432
    batch: int = 500
    queue: int = 64
    shared_seconds: float = 1.0
    patience_seconds: float = 5.0
    behind_seconds: float = 60.0
    reconnect_ms: int = 5_000
    poll_seconds: float = 1.0


class Work:
    """What all groups of a process share: the executor, the services, and their part of the database."""

    def __init__(self, executor: Executor, services: Services, sizes: Sizes) -> None:
        self.executor = executor
        self.services = services
        self.sizes = sizes
        self.listing = asyncio.Semaphore(sizes.listings)  # many who come back at once do not hold the events up
        self._slots = asyncio.Semaphore(sizes.connections)
        self._attempts: set[asyncio.Task[Any]] = set()

    async def read(self, tenant_id: UUID, after: int) -> LogSlice:
        """The next entries of a tenant's log; waits for the database if it must."""
        return await self.patiently(lambda: read_events(self.services.database, tenant_id, after, self.sizes.batch))

    async def patiently(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something with the database, again and again while it cannot be reached. Other errors come through."""
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                return await self.once(work)
            except Exception as error:
                if not isinstance(error, Unavailable) and not is_unavailable(error):
                    raise
                log.warning("events_wait_for_the_database", error=repr(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    async def once(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something with the database, when it is our turn.

        Who is cancelled meanwhile, as all are whose client leaves, leaves it to end by itself: a statement cut short
        would cost the pool its connection.
        """
        await self._slots.acquire()
        attempt = asyncio.create_task(work(), name="dispatcher work")
        self._attempts.add(attempt)
        attempt.add_done_callback(self._ended)
        return await asyncio.shield(attempt)

    def _ended(self, attempt: asyncio.Task[Any]) -> None:
        self._slots.release()
        self._attempts.discard(attempt)
        if not attempt.cancelled():
            attempt.exception()  # looked at, even if nobody waits for it any more

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        if self._attempts:
            await asyncio.wait(self._attempts)
