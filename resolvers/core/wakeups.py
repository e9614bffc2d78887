"""Wake-ups: hints after a commit that a tenant's log grew. The log is the truth; a lost hint only costs time."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from db.core.url import plain_url

CHANNEL: Final = "event_log"
TIMEOUT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 15.0  # a listening connection that died without a word is found out after this
RETRY_SECONDS: Final = 1.0

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
log = structlog.get_logger(__name__)


class Wakeups:
    """Sends and receives the hints of one process over LISTEN and NOTIFY, outside all business transactions.

    Sending is coalesced: however many commits happen while one NOTIFY is under way, one more follows it. Both
    directions have a connection of their own, opened when first needed and never one of the pool.
    """

    def __init__(self, database_url: str) -> None:
        self._url = plain_url(database_url)
        self._pending: set[UUID] = set()
        self._sending: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[Any] | None = None

    def committed(self, tenant_id: UUID) -> None:
        """Say that the tenant's log grew. Returns at once; failures are only logged."""
        self._pending.add(tenant_id)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(), name="wakeups")

    async def _send(self) -> None:
        while self._pending:
            tenants, self._pending = self._pending, set()
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
                log.warning("wakeup_not_sent", error=repr(error))
                self._give_up()

    def _give_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def listen(self, heard: Callable[[UUID], None]) -> None:
        """Call `heard` for each hint, until cancelled; connects again by itself. What is sent meanwhile is lost."""
        while True:
            try:
                await self._listen_once(heard)
            except LOST as error:
                log.warning("wakeups_not_heard", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self, heard: Callable[[UUID], None]) -> None:
        """Listen on one connection until it is lost."""
        connection = await asyncpg.connect(self._url, timeout=TIMEOUT_SECONDS)
        lost = asyncio.Event()

        def hear(_connection: object, _process: int, _channel: str, payload: object) -> None:
            with contextlib.suppress(ValueError):  # anybody in this database may notify anything
                heard(UUID(str(payload)))

        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, hear)
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), HEARTBEAT_SECONDS)
                    continue
                await connection.execute("SELECT 1", timeout=TIMEOUT_SECONDS)
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Send what is pending and close the sending connection."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=TIMEOUT_SECONDS)
            self._sending.cancel()
        if self._connection is not None:
            with contextlib.suppress(*LOST):
                await self._connection.close(timeout=2)
            self._give_up()
