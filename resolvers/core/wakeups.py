"""Wake-ups: hints after a commit that a tenant's log grew. The log is the truth; a lost hint only costs time."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from db.core.reading import LOST
from db.core.url import plain_url

CHANNEL: Final = "event_log"
TIMEOUT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 15.0  # a listening connection that died without a word is found out after this
RETRY_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)

Heard = Callable[[UUID], None]


class HintLost(Exception):
    """What carries the hints cannot be reached, or was lost."""


class Channel(Protocol):
    """What carries hints from process to process. Each direction has a connection of its own, made when needed."""

    async def send(self, tenants: Sequence[UUID]) -> None:
        """Tell all who listen. Raises HintLost; the next call connects again."""

    async def listen(self, heard: Heard) -> None:
        """Call `heard` for each hint until the connection is lost. Raises HintLost, or returns."""

    async def close(self) -> None:
        """Let go of the sending connection."""


class Wakeups:
    """Sends and receives the hints of one process, outside all business transactions.

    Over the channel given, or by LISTEN and NOTIFY of the database at the address given. Sending is coalesced:
    however many commits happen while hints are on their way, they are told of together by the next.
    """

    def __init__(self, channel: str | Channel) -> None:
        self._channel = PostgresChannel(channel) if isinstance(channel, str) else channel
        self._pending: set[UUID] = set()
        self._sending: asyncio.Task[None] | None = None

    def committed(self, tenant_id: UUID) -> None:
        """Say that the tenant's log grew. Returns at once; failures are only logged."""
        self._pending.add(tenant_id)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(), name="wakeups")

    async def _send(self) -> None:
        while self._pending:
            tenants, self._pending = self._pending, set()
            try:
                await self._channel.send(list(tenants))
            except HintLost as error:
                log.warning("wakeup_not_sent", error=str(error))

    async def listen(self, heard: Heard) -> None:
        """Call `heard` for each hint, until cancelled; connects again by itself. What is sent meanwhile is lost."""
        while True:
            try:
                await self._channel.listen(heard)
            except HintLost as error:
                log.warning("wakeups_not_heard", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Send what is pending and close the sending connection."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=TIMEOUT_SECONDS)
            self._sending.cancel()
        await self._channel.close()


class PostgresChannel:
    """LISTEN and NOTIFY, on connections that are never the pool's."""

    def __init__(self, database_url: str) -> None:
        self._url = plain_url(database_url)
        self._connection: asyncpg.Connection[Any] | None = None

    async def send(self, tenants: Sequence[UUID]) -> None:
        """Notify all who listen, in one transaction. Raises HintLost."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url, timeout=TIMEOUT_SECONDS)
            await self._connection.execute(
                "SELECT pg_notify($1, tenant::text) FROM unnest($2::uuid[]) AS tenant",
                CHANNEL,
                list(tenants),
                timeout=TIMEOUT_SECONDS,
            )
        except LOST as error:
            self._give_up()
            raise HintLost(repr(error)) from error

    def _give_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def listen(self, heard: Heard) -> None:
        """Listen on one connection until it is lost. Raises HintLost."""
        try:
            connection = await asyncpg.connect(self._url, timeout=TIMEOUT_SECONDS)
        except LOST as error:
            raise HintLost(repr(error)) from error
        lost = asyncio.Event()

        def hear(_connection: object, _process: int, _channel: str, payload: object) -> None:
            tell(heard, str(payload))

        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, hear)
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), HEARTBEAT_SECONDS)
                    continue
                await connection.execute("SELECT 1", timeout=TIMEOUT_SECONDS)
        except LOST as error:
            raise HintLost(repr(error)) from error
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Close the sending connection."""
        if self._connection is not None:
            with contextlib.suppress(*LOST):
                await self._connection.close(timeout=2)
            self._give_up()


def tell(heard: Heard, payload: str) -> None:
    """Pass on the tenants that a message names; whoever reaches the channel may have sent anything."""
    for name in payload.split():
        with contextlib.suppress(ValueError):
            heard(UUID(name))
