"""What happens to webhook endpoints: set up, changed, given another secret, tested, deleted; sent to once more."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from db.core.base import TenantRow
from db.core.keys import Crypter
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryKind
from db.events import TenantClock
from db.webhooks import WebhookEndpoint
from resolvers.core.writes import Outcome, Values, Write
from resolvers.rules import Invalid
from resolvers.rules import webhooks as rules
from resolvers.rules.events import readable_types
from resolvers.webhooks.queue import enqueue, enqueue_events, events_between, log_positions

KEY_VERSION: Final = 1  # of the tenant's key: the Keyring makes no other so far


async def create_endpoint(write: Write, values: Values) -> Outcome:
    """Add an endpoint, told of what follows a position, by default of what happens from now on.

    Raises Invalid for its values, LimitExceeded. Its secret is among the outcome's secrets, this once.
    """
    types = values["event_types"]
    draft = rules.normalise(rules.EndpointDraft(values["url"], types, values.get("description")), _readable(write))
    rules.check_count(await write.session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0)
    endpoint = WebhookEndpoint(
        id=uuid7(),
        url=draft.url,
        event_types=[type.value for type in draft.event_types],
        description=draft.description,
        is_active=values.get("is_active") is not False,
        circuit=WebhookCircuit.CLOSED,
        consecutive_failure_count=0,
        last_sequence=0,
        secret_key_version=KEY_VERSION,
        created_by_id=write.viewer.user_id,
    )
    endpoint.secret_encrypted, shown = await _new_secret(write, endpoint)
    endpoint.queued_position = endpoint.delivered_position = await _begin_after(write, values.get("after"))
    write.add(endpoint)
    _record(write, EventType.WEBHOOK_ENDPOINT_CREATED, endpoint)
    return Outcome(ids={"webhook_endpoint": endpoint.id}, secrets={"secret": shown})


async def update_endpoint(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Change an endpoint. One that is switched on again is tried at once. Raises Invalid, NotFound and Conflict."""
    endpoint = await write.lock(WebhookEndpoint, values["id"], version=values.get("expected_version"))
    stored = tuple(EventType[name] for name in endpoint.event_types)
    types = values.get("event_types")
    draft = rules.normalise(
        rules.EndpointDraft(
            endpoint.url if values.get("url") is None else values["url"],
            stored if types is None else types,
            values.get("description", endpoint.description),
        ),
        _readable(write) | frozenset(stored),
    )
    changes: dict[str, Any] = {
        "url": draft.url,
        "event_types": [type.value for type in draft.event_types],
        "description": draft.description,
    }
    is_active = values.get("is_active")
    if is_active is not None:
        changes["is_active"] = is_active
    if is_active or draft.url != endpoint.url:
        changes |= {"gone_at": None, "next_attempt_at": None, "consecutive_failure_count": 0}
        changes["circuit"] = WebhookCircuit.CLOSED
    if write.change(endpoint, changes):
        write.change(endpoint, {"updated_by_id": write.viewer.user_id})
        _record(write, EventType.WEBHOOK_ENDPOINT_UPDATED, endpoint)
    return {"webhook_endpoint": endpoint}


async def rotate_secret(write: Write, values: Values) -> Outcome:
    """Give an endpoint a new secret; the old one signs too for a while. Raises Invalid, NotFound and Conflict."""
    endpoint = await write.lock(WebhookEndpoint, values["id"], version=values.get("expected_version"))
    expires_at = write.now + rules.overlap(values.get("overlap_seconds"))
    is_kept = expires_at > write.now
    kept = {
        "previous_secret_encrypted": endpoint.secret_encrypted if is_kept else None,
        "previous_secret_key_version": endpoint.secret_key_version if is_kept else None,
        "previous_secret_expires_at": expires_at if is_kept else None,
    }
    sealed, shown = await _new_secret(write, endpoint)
    present = {"secret_encrypted": sealed, "secret_key_version": KEY_VERSION, "rotated_at": write.now}
    write.change(endpoint, {**kept, **present, "updated_by_id": write.viewer.user_id})
    _record(write, EventType.WEBHOOK_ENDPOINT_ROTATED, endpoint)
    return Outcome(ids={"webhook_endpoint": endpoint.id}, secrets={"secret": shown})


async def delete_endpoint(write: Write, values: Values) -> Outcome:
    """Delete an endpoint with the record of its deliveries. Raises NotFound and Conflict."""
    endpoint = await write.lock(WebhookEndpoint, values["id"], version=values.get("expected_version"))
    write.record(EventType.WEBHOOK_ENDPOINT_DELETED, endpoint, category=AuditCategory.SECURITY)
    await write.session.delete(endpoint)
    return Outcome(ids={"webhook_endpoint": endpoint.id})


async def send_test(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Send the endpoint something that says that it is a test. Raises NotFound, Conflict; Invalid when it is off."""
    endpoint = await _active(write, values)
    delivery = enqueue(write.session, endpoint, write.now, WebhookDeliveryKind.TEST)
    _record(write, EventType.WEBHOOK_REDELIVERY_REQUESTED, endpoint)
    return {"webhook_endpoint": endpoint, "webhook_delivery": delivery}


async def redeliver(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Send events once more, from the log. Raises NotFound, Conflict, and Invalid for a range that is none."""
    endpoint = await _active(write, values)
    kept_from, _ = await log_positions(write.session, endpoint)
    first, last = values["from_position"], values["to_position"]
    rules.check_range(first, last, kept_from, endpoint.queued_position)
    events = await events_between(write.session, endpoint, first - 1, last, rules.REDELIVERED_AT_ONCE)
    enqueue_events(write.session, endpoint, write.now, events, is_redelivery=True)
    asked = {"from_position": first, "to_position": last}
    _record(write, EventType.WEBHOOK_REDELIVERY_REQUESTED, endpoint, asked)
    return {"webhook_endpoint": endpoint}


def secrets_of(endpoint: WebhookEndpoint, crypter: Crypter, now: Any) -> tuple[str, ...]:
    """The secrets that sign at this time, in plain: the present one, and the previous one while it lasts."""
    sealed = [endpoint.secret_encrypted]
    if endpoint.previous_secret_expires_at is not None and now < endpoint.previous_secret_expires_at:
        assert endpoint.previous_secret_encrypted is not None
        sealed.append(endpoint.previous_secret_encrypted)
    return tuple(crypter.decrypt(one, _about(endpoint)).decode() for one in sealed)


async def _active(write: Write, values: Values) -> WebhookEndpoint:
    endpoint = await write.lock(WebhookEndpoint, values["id"], version=values.get("expected_version"))
    if not endpoint.is_active:
        raise Invalid(("id",), "is of an endpoint that is switched off", "NOT_ALLOWED")
    return endpoint


def _readable(write: Write) -> frozenset[EventType]:
    return readable_types(write.viewer.permissions)


def _record(write: Write, type: EventType, endpoint: WebhookEndpoint, payload: Mapping[str, Any] | None = None) -> None:
    told = {"is_active": endpoint.is_active, **(payload or {})}
    write.record(type, endpoint, told, category=AuditCategory.SECURITY)
    write.due_at(write.now)  # workers look at the tenant again: the log may be followed from another position


async def _begin_after(write: Write, position: int | None) -> int:
    last: int = (
        await write.session.scalars(select(TenantClock.last_position).where(TenantClock.tenant_id == write.tenant_id))
    ).one()
    if position is not None and position > last:
        raise Invalid(("after",), f"lies ahead of the log, which has only come to position {last}", "OUT_OF_RANGE")
    return last if position is None else position


async def _new_secret(write: Write, endpoint: WebhookEndpoint) -> tuple[bytes, str]:
    """A fresh secret, encrypted, and as its owner sees it."""
    crypter = await write.context.services.keyring.for_tenant(write.session, write.tenant_id, write.now)
    shown = rules.secret_text(secrets.token_bytes(rules.SECRET_BYTES))
    return crypter.encrypt(shown.encode(), _about(endpoint)), shown


def _about(endpoint: WebhookEndpoint) -> str:
    return f"secret of webhook endpoint {endpoint.id}"
