"""The deliveries of an endpoint, queued: from the log as it grows, or because somebody asks for them once more."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.enums.webhooks import WebhookDeliveryKind, WebhookDeliveryStatus
from db.events import Event, TenantClock
from db.webhooks import WebhookDelivery, WebhookEndpoint

QUEUED_AT_ONCE: Final = 20  # events of the log that become deliveries together
SCANNED: Final = 2_000  # positions that are looked through for them

# Written into the statement: a plan for any values could not use the index of what is unfinished.
_UNFINISHED: Final[BindParameter[Any]] = bindparam(
    "unfinished",
    (WebhookDeliveryStatus.QUEUED, WebhookDeliveryStatus.RETRYING),
    expanding=True,
    literal_execute=True,
)
IS_UNFINISHED: Final = WebhookDelivery.status.in_(_UNFINISHED)


def enqueue(
    session: AsyncSession, endpoint: WebhookEndpoint, now: datetime, kind: WebhookDeliveryKind, **values: Any
) -> WebhookDelivery:
    """Put a delivery at the end of the endpoint's queue. The endpoint is locked."""
    endpoint.last_sequence += 1
    made = WebhookDelivery(
        tenant_id=endpoint.tenant_id,
        id=uuid7(),
        created_at=now,
        webhook_endpoint_id=endpoint.id,
        sequence=endpoint.last_sequence,
        kind=kind,
        status=WebhookDeliveryStatus.QUEUED,
        **values,
    )
    session.add(made)
    return made


def enqueue_events(
    session: AsyncSession, endpoint: WebhookEndpoint, now: datetime, events: Iterable[Event], *, is_redelivery: bool
) -> None:
    """Put events at the end of the endpoint's queue."""
    for event in events:
        enqueue(
            session,
            endpoint,
            now,
            WebhookDeliveryKind.EVENT,
            is_redelivery=is_redelivery,
            event_id=event.id,
            event_type=event.type.value,
            position=event.position,
            content={
                "object_type": event.object_type,
                "object_id": str(event.object_id),
                "payload": event.payload,
                "actor_kind": event.actor_kind.value,
                "occurred_at": event.occurred_at.isoformat(),
            },
        )


async def log_positions(session: AsyncSession, endpoint: WebhookEndpoint) -> tuple[int, int]:
    """The first and the last position of the tenant's log."""
    clock = select(TenantClock.first_position, TenantClock.last_position)
    first, last = (await session.execute(clock.where(TenantClock.tenant_id == endpoint.tenant_id))).all()[0]
    return first, last


async def events_between(
    session: AsyncSession, endpoint: WebhookEndpoint, after: int, until: int, limit: int
) -> list[Event]:
    """The events within these positions that the endpoint is told of, oldest first."""
    found = await session.scalars(
        select(Event)
        .where(Event.tenant_id == endpoint.tenant_id, Event.position > after, Event.position <= until)
        .where(Event.type.in_(endpoint.event_types))
        .order_by(Event.position)
        .limit(limit)
    )
    return list(found)


async def queue_from_log(session: AsyncSession, endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Queue what follows in the log, and a gap where it is no longer kept; returns whether there was anything to see.

    The endpoint is locked. What it is not told of counts as delivered, once all before it is.
    """
    first, last = await log_positions(session, endpoint)
    if endpoint.queued_position >= last:
        return False
    if endpoint.queued_position + 1 < first:
        gap = {"from_position": endpoint.queued_position + 1, "position": first - 1}
        enqueue(session, endpoint, now, WebhookDeliveryKind.GAP, **gap)
        endpoint.queued_position = first - 1
    until = min(last, endpoint.queued_position + SCANNED)
    events = await events_between(session, endpoint, endpoint.queued_position, until, QUEUED_AT_ONCE)
    enqueue_events(session, endpoint, now, events, is_redelivery=False)
    endpoint.queued_position = events[-1].position if len(events) == QUEUED_AT_ONCE else until
    return True


async def next_in_queue(session: AsyncSession, endpoint: WebhookEndpoint, limit: int) -> list[WebhookDelivery]:
    """The deliveries that are not finished, the oldest first."""
    found = await session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_endpoint_id == endpoint.id, IS_UNFINISHED)
        .order_by(WebhookDelivery.sequence)
        .limit(limit)
    )
    return list(found)
