"""Webhook endpoints and deliveries for tests."""

from typing import Any

from db.enums.events import EventType
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryKind, WebhookDeliveryStatus
from db.organizations import Tenant
from db.webhooks import WebhookDelivery, WebhookEndpoint
from tests.support.store import Store


async def webhook_endpoint(store: Store, tenant: Tenant, **values: Any) -> WebhookEndpoint:
    """An endpoint that is told of calls, with a secret that nobody can read: `webhookEndpointCreate` makes one."""
    return await store.add(
        WebhookEndpoint(
            **{
                "tenant_id": tenant.id,
                "url": f"https://hooks.example.com/{store.number()}",
                "event_types": [EventType.CALL_CREATED.value, EventType.CALL_STATUS_CHANGED.value],
                "is_active": True,
                "circuit": WebhookCircuit.CLOSED,
                "secret_encrypted": b"",
                "secret_key_version": 1,
                "queued_position": 0,
                "delivered_position": 0,
                "last_sequence": 0,
                **values,
            }
        )
    )


async def webhook_delivery(store: Store, tenant: Tenant, **values: Any) -> WebhookDelivery:
    """A test that waits to be sent, to an endpoint of its own unless one is given."""
    if "webhook_endpoint_id" not in values:
        values["webhook_endpoint_id"] = (await webhook_endpoint(store, tenant)).id
    return await store.add(
        WebhookDelivery(
            **{
                "tenant_id": tenant.id,
                "sequence": store.number(),
                "kind": WebhookDeliveryKind.TEST,
                "status": WebhookDeliveryStatus.QUEUED,
                "is_redelivery": False,
                "content": {},
                "attempt_count": 0,
                **values,
            }
        )
    )
