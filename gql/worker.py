"""The worker of a process: which jobs there are, under which settings."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from db.core.prepare import check
from gql.commands import place, with_services
from gql.core.logging import configure
from gql.settings import ServerSettings, server_settings
from gql.webhooks import on_the_wire
from resolvers.core.context import Services
from resolvers.core.retention import EventRetention
from resolvers.core.worker import Worker
from resolvers.webhooks import Sender, WebhookDelivering

log = structlog.get_logger(__name__)


def worker(services: Services, settings: ServerSettings) -> Worker:
    """A worker with every job that there is."""
    sender = Sender(is_private_allowed=settings.webhook_allow_private, timeout_seconds=settings.webhook_timeout_seconds)
    return Worker(
        services,
        [
            WebhookDelivering(on_the_wire, sender, _days(settings.webhook_retention_days)),
            EventRetention(_days(settings.event_retention_days)),
        ],
    )


@contextlib.asynccontextmanager
async def working(services: Services, settings: ServerSettings) -> AsyncIterator[None]:
    """Work beside whatever the block does."""
    task = asyncio.create_task(worker(services, settings).run(), name="worker")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def work() -> int:
    """Work in a process of its own until a signal ends it; returns the exit code."""
    settings = server_settings()
    configure(settings.log_level)
    with place() as found:
        found.prepare()
        check(found.app_url)
        with_services(found, lambda services: _until_told(worker(services, settings)))
    return 0


async def _until_told(working_: Worker) -> None:
    task = asyncio.create_task(working_.run(), name="worker")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    log.info("worker_started")
    with contextlib.suppress(asyncio.CancelledError):
        await task
    log.info("worker_stopped")


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None
