"""Delivering: a worker takes an endpoint for a while and sends what is queued, one after the other."""

import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Exists, Select, delete, exists, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.core.base import TenantRow
from db.enums.compliance import AuditCategory
from db.enums.events import ActorKind, EventType
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryStatus
from db.events import TenantClock
from db.webhooks import WebhookDelivery, WebhookEndpoint
from resolvers.access.standing import SessionReads, open_organization
from resolvers.core.clocks import Due, earliest
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Values, Write, perform
from resolvers.rules import webhooks as rules
from resolvers.webhooks.endpoints import secrets_of
from resolvers.webhooks.queue import IS_UNFINISHED, next_in_queue, queue_from_log
from resolvers.webhooks.sending import Answer, Line, Sender

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)  # longer than any attempt may take; renewed with each
SENT_AT_ONCE: Final = 100  # deliveries, before the endpoint is left to whoever comes next
READ_AT_ONCE: Final = 20
FORGOTTEN_AT_ONCE: Final = 1_000
CLOSED: Final = timedelta(minutes=5)  # so long until a tenant that is suspended is looked at again

Show = Callable[[WebhookDelivery], tuple[str, bytes]]
"""Gives the id by which a receiver knows a delivery again, and its body."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker that holds an endpoint sends next, and with which secrets it signs."""

    url: str
    secrets: tuple[str, ...]
    deliveries: Sequence[WebhookDelivery]


class WebhookDelivering:
    """The job that tells webhook endpoints of the log, and forgets old deliveries after `keep`."""

    def __init__(self, show: Show, sender: Sender, keep: timedelta | None = None) -> None:
        self._show = show
        self._sender = sender
        self._keep = keep

    async def begin(self, services: Services, tenant_id: UUID) -> Sequence[Coroutine[Any, Any, None]]:
        """Take the endpoints that have something to be sent and that nobody else holds."""
        now, lease_id = services.clock.now(), uuid7()
        async with services.database.write(tenant_id) as session:
            organization_id = await open_organization(SessionReads(session), tenant_id)
            if organization_id is None:
                return ()
            endpoints = list(
                await session.scalars(
                    select(WebhookEndpoint)
                    .where(*_free(now), await _has_work(session, tenant_id))
                    .with_for_update(skip_locked=True, key_share=True)
                )
            )
            for endpoint in endpoints:
                endpoint.lease_id, endpoint.lease_ends_at = lease_id, now + LEASE
                if endpoint.circuit is WebhookCircuit.OPEN:
                    endpoint.circuit = WebhookCircuit.HALF_OPEN
            old = list(await session.scalars(self._old(now).limit(1)))
        viewer = _system(tenant_id, organization_id, lease_id)
        turns = [Turn(services, self._show, viewer, each.id, lease_id).take(self._sender) for each in endpoints]
        return [*turns, *([self._forget(services, tenant_id)] if old else [])]

    async def due(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Due:
        """When an endpoint can be taken that has something to be sent, or will have by the next event."""
        if await open_organization(SessionReads(session), tenant_id) is None:
            return Due(now + CLOSED)
        is_queued = _queue().label("is_queued")
        found = await session.execute(select(WebhookEndpoint, is_queued).where(WebhookEndpoint.is_active))
        return earliest(_due(endpoint, now, is_queued=is_queued) for endpoint, is_queued in found)

    def _old(self, now: datetime) -> Select[UUID]:
        """The ids of deliveries that have had their time, none when all are kept."""
        row = WebhookDelivery
        ids = select(row.id).where(row.status == WebhookDeliveryStatus.DELIVERED).order_by(row.created_at)
        return ids.where(false() if self._keep is None else row.created_at < now - self._keep)

    async def _forget(self, services: Services, tenant_id: UUID) -> None:
        """Delete them, in batches."""
        while True:
            async with services.database.write(tenant_id) as session:
                old = list(await session.scalars(self._old(services.clock.now()).limit(FORGOTTEN_AT_ONCE)))
                gone = delete(WebhookDelivery).where(WebhookDelivery.id.in_(old))
                await session.execute(gone.execution_options(synchronize_session=False))
            if len(old) < FORGOTTEN_AT_ONCE:
                return


class Turn:
    """One worker's turn at one endpoint, as long as it holds the lease."""

    def __init__(self, services: Services, show: Show, viewer: Viewer, endpoint_id: UUID, lease_id: UUID) -> None:
        self._services = services
        self._show = show
        self._viewer = viewer
        self._tenant_id = viewer.tenant_id
        self._endpoint_id = endpoint_id
        self._lease_id = lease_id

    async def take(self, sender: Sender) -> None:
        """Send until nothing is left, an attempt fails, or enough was sent. The lease ends in any case."""
        try:
            sent = 0
            while sent < SENT_AT_ONCE and (batch := await self._next()) is not None:
                async with sender.line(batch.url) as line:
                    for delivery in batch.deliveries:
                        if not await self._attempt(line, batch, delivery):
                            return
                        sent += 1
        except Exception:  # a defect of ours, such as a secret that cannot be read: not to be met again at once
            log.exception("webhook_turn_failed", endpoint_id=str(self._endpoint_id))
            await self._give_up()
        finally:
            await self._release()

    async def _next(self) -> Batch | None:
        """What is queued, the log's next events among it; None when there is nothing, or the lease was lost."""
        now = self._services.clock.now()
        async with self._services.database.write(self._tenant_id) as session:
            endpoint = await self._held(session)
            if endpoint is None:
                return None
            endpoint.lease_ends_at = now + LEASE
            deliveries = await next_in_queue(session, endpoint, READ_AT_ONCE)
            while not deliveries and await queue_from_log(session, endpoint, now):
                await session.flush()
                deliveries = await next_in_queue(session, endpoint, READ_AT_ONCE)
            if not deliveries:
                endpoint.delivered_position = endpoint.queued_position
                return None
            crypter = await self._services.keyring.for_tenant(session, self._tenant_id, now)
            return Batch(endpoint.url, secrets_of(endpoint, crypter, now), deliveries)

    async def _attempt(self, line: Line, batch: Batch, delivery: WebhookDelivery) -> bool:
        """Send it, and write down how that went; returns whether to go on with the next."""
        sent_id, body = self._show(delivery)
        signature = rules.signature(batch.secrets, self._services.clock.now(), body)
        answer = await line.post(body, _headers(delivery, sent_id, signature))
        is_noted = False

        async def note(write: Write, _: Values) -> Mapping[str, TenantRow]:
            nonlocal is_noted
            endpoint = await self._held(write.session)
            is_noted = endpoint is not None and endpoint.url == batch.url
            if endpoint is not None:  # else deleted, switched off, or taken by another worker, who sends it again
                endpoint.lease_ends_at = write.now + LEASE
                await _note(write, endpoint, delivery, answer)
            return {}

        # Only what changes about the endpoint itself is told as an event: one for each delivery would never end.
        await perform(Context(self._services, self._viewer), "webhookDelivery", note, {})
        return is_noted and answer.is_success

    async def _give_up(self) -> None:
        """Leave the endpoint alone for a while."""
        now = self._services.clock.now()
        async with self._services.database.write(self._tenant_id) as session:
            endpoint = await self._held(session)
            if endpoint is not None:
                _fail(endpoint, "This server failed to deliver.", now)

    async def _held(self, session: AsyncSession) -> WebhookEndpoint | None:
        """The endpoint, locked; None when the lease is not ours any more, or it is switched off."""
        found: WebhookEndpoint | None = await session.scalar(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.id == self._endpoint_id, WebhookEndpoint.lease_id == self._lease_id)
            .where(WebhookEndpoint.is_active)
            .with_for_update(key_share=True)
        )
        return found

    async def _release(self) -> None:
        async with self._services.database.write(self._tenant_id) as session:
            await session.execute(
                update(WebhookEndpoint)
                .where(WebhookEndpoint.id == self._endpoint_id, WebhookEndpoint.lease_id == self._lease_id)
                .values(lease_id=None, lease_ends_at=None)
                .execution_options(synchronize_session=False)
            )


def _headers(delivery: WebhookDelivery, sent_id: str, signature: str) -> dict[str, str]:
    named = {
        "Content-Type": "application/json",
        "User-Agent": "customer-graph",
        "Webhook-Id": sent_id,
        "Webhook-Attempt": str(delivery.attempt_count + 1),
        "Webhook-Signature": signature,
    }
    if delivery.position is not None:
        named["Webhook-Position"] = str(delivery.position)
    return named


async def _note(write: Write, endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer) -> None:
    """Write down an attempt: on the delivery, and on the endpoint, which is locked."""
    was = (endpoint.is_active, endpoint.circuit is WebhookCircuit.CLOSED)
    outcome: dict[str, Any] = {
        "attempt_count": delivery.attempt_count + 1,
        "response_status": answer.status,
        "duration_ms": answer.duration_ms,
        "error": answer.error,
        "first_attempted_at": delivery.first_attempted_at or write.now,
        "last_attempted_at": write.now,
        "next_attempt_at": None,
    }
    if answer.is_success:
        outcome |= {"status": WebhookDeliveryStatus.DELIVERED, "delivered_at": write.now}
        endpoint.last_success_at = write.now
        endpoint.consecutive_failure_count, endpoint.next_attempt_at = 0, None
        if delivery.position is not None and not delivery.is_redelivery:
            endpoint.delivered_position = delivery.position
        if endpoint.circuit is not WebhookCircuit.CLOSED:
            write.change(endpoint, {"circuit": WebhookCircuit.CLOSED})
    else:
        failed = _fail(endpoint, answer.error, write.now)
        outcome["status"] = WebhookDeliveryStatus.RETRYING
        if answer.is_gone:
            write.change(endpoint, {"is_active": False, "gone_at": write.now, "circuit": WebhookCircuit.CLOSED})
            endpoint.next_attempt_at = None
        else:
            outcome["next_attempt_at"] = failed.next_attempt_at
            if was[1] and failed.circuit is WebhookCircuit.OPEN:
                write.change(endpoint, {"circuit": failed.circuit})
            else:
                endpoint.circuit = failed.circuit
    await write.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery.id)
        .values(outcome)
        .execution_options(synchronize_session=False)
    )
    if was != (endpoint.is_active, endpoint.circuit is WebhookCircuit.CLOSED):
        told = {"is_active": endpoint.is_active, "circuit": endpoint.circuit}
        write.record(EventType.WEBHOOK_ENDPOINT_UPDATED, endpoint, told, category=AuditCategory.SECURITY)


def _fail(endpoint: WebhookEndpoint, error: str | None, now: datetime) -> rules.AfterFailure:
    """Keep that an attempt failed, and let nothing go out for a while."""
    chance = random.random()  # noqa: S311  # to spread attempts, not to hide anything
    failed = rules.after_failure(endpoint.consecutive_failure_count, now, chance)
    endpoint.consecutive_failure_count = failed.consecutive_failure_count
    endpoint.next_attempt_at = failed.next_attempt_at
    endpoint.last_failure_at, endpoint.last_error = now, error
    return failed


def _free(now: datetime) -> Sequence[ColumnElement[bool]]:
    """What holds for an endpoint that may be taken."""
    row = WebhookEndpoint
    return (
        row.is_active.is_(True),
        or_(row.lease_ends_at.is_(None), row.lease_ends_at <= now),
        or_(row.next_attempt_at.is_(None), row.next_attempt_at <= now),
    )


async def _has_work(session: AsyncSession, tenant_id: UUID) -> ColumnElement[bool]:
    """What holds for an endpoint to which something is to be sent."""
    last = await session.scalar(select(TenantClock.last_position).where(TenantClock.tenant_id == tenant_id))
    return or_(_queue(), WebhookEndpoint.queued_position < last)


def _queue() -> Exists:
    """Whether an endpoint has deliveries that are not finished."""
    of_endpoint = WebhookDelivery.webhook_endpoint_id == WebhookEndpoint.id
    return exists().where(of_endpoint, IS_UNFINISHED)


def _due(endpoint: WebhookEndpoint, now: datetime, *, is_queued: bool) -> Due:
    if endpoint.lease_ends_at is not None and endpoint.lease_ends_at > now:
        return Due(endpoint.lease_ends_at)
    if endpoint.next_attempt_at is not None and endpoint.next_attempt_at > now:
        return Due(endpoint.next_attempt_at)
    return Due(now) if is_queued else Due(after=endpoint.queued_position)


def _system(tenant_id: UUID, organization_id: UUID, lease_id: UUID) -> Viewer:
    """This server itself, which may do nothing by permission."""
    return Viewer(ActorKind.SYSTEM, lease_id, lease_id, organization_id, tenant_id, None, frozenset())
