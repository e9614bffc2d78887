"""The worker: finds the tenants that have something due, and does it, beside any number of other workers."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from db.core.reading import LOST
from resolvers.core.clocks import Due, due_tenants, settle
from resolvers.core.context import Services

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0  # a hint that is lost costs no more
LEAST_SECONDS: Final = 0.1  # between two looks, however many hints there are
TENANTS: Final = 64  # that one look finds
PIECES: Final = 64  # of work at a time
STOP_SECONDS: Final = 5.0
UNAVAILABLE: Final = (DBAPIError, PoolTimeout, *LOST)


class Job(Protocol):
    """One kind of work. Both methods read from the tenant's rows what there is to do: nothing is kept in a worker.

    Several workers may begin at once: who takes work marks it as taken, for a time after which others may take it.
    """

    async def begin(self, services: Services, tenant_id: UUID) -> Sequence[Coroutine[Any, Any, None]]:
        """Take what is due in the tenant; returns the pieces of work, which run independently of each other."""

    async def due(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Due:
        """When to begin again. Reads only: the tenant's clock is locked meanwhile."""


class Worker:
    """Does what the jobs have to do, for all tenants. A tenant whose clock is not due costs nothing."""

    def __init__(self, services: Services, jobs: Iterable[Job], *, poll_seconds: float = POLL_SECONDS) -> None:
        self._services = services
        self._jobs = tuple(jobs)
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._pieces: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; what is under way then is given some seconds."""
        listening = asyncio.create_task(
            self._services.wakeups.listen(lambda _: self._woken.set()), name="worker listens"
        )
        try:
            while True:
                await self._look()
                await asyncio.sleep(LEAST_SECONDS)
                try:
                    async with asyncio.timeout(self._poll_seconds):
                        await self._woken.wait()
                except TimeoutError:
                    pass
        finally:
            listening.cancel()
            await self._finish()
            await asyncio.gather(listening, return_exceptions=True)

    async def work_off(self) -> None:
        """Do all that is due now, and return when nothing is."""
        while tenants := await due_tenants(self._services.database, self._services.clock.now(), TENANTS):
            for tenant_id in tenants:
                await self._begin(tenant_id)
            while self._pieces:
                await asyncio.wait(self._pieces)

    async def _look(self) -> None:
        self._woken.clear()
        try:
            for tenant_id in await due_tenants(self._services.database, self._services.clock.now(), TENANTS):
                if len(self._pieces) >= PIECES:
                    return  # whatever is left is still due when a piece is done
                await self._begin(tenant_id)
        except UNAVAILABLE as error:  # the next look tries again
            log.warning("worker_cannot_look", error=repr(error))
        except Exception:  # a defect: it is not to end the worker, of which nobody would hear
            log.exception("look_failed")

    async def _begin(self, tenant_id: UUID) -> None:
        for job in self._jobs:
            try:
                pieces = await job.begin(self._services, tenant_id)
            except Exception:
                log.exception("job_failed", job=type(job).__name__, tenant_id=str(tenant_id))
                continue
            for piece in pieces:
                task = asyncio.create_task(self._do(piece, tenant_id), name=type(job).__name__)
                self._pieces.add(task)
                task.add_done_callback(self._pieces.discard)
        await self._settle(tenant_id)

    async def _do(self, piece: Coroutine[Any, Any, None], tenant_id: UUID) -> None:
        try:
            await piece
        except Exception:
            log.exception("work_failed", tenant_id=str(tenant_id))
        await self._settle(tenant_id)
        self._woken.set()

    async def _settle(self, tenant_id: UUID) -> None:
        async def ask(session: AsyncSession) -> list[Due]:
            now = self._services.clock.now()
            return [await job.due(session, tenant_id, now) for job in self._jobs]

        try:
            await settle(self._services.database, tenant_id, ask)
        except UNAVAILABLE as error:
            log.warning("worker_cannot_settle", tenant_id=str(tenant_id), error=repr(error))
        except Exception:
            log.exception("settling_failed", tenant_id=str(tenant_id))

    async def _finish(self) -> None:
        if self._pieces:
            _, late = await asyncio.wait(self._pieces, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
