"""A webhook endpoint that was told of the latest calls, and is switched off: it leads nowhere."""

import secrets
from datetime import timedelta
from typing import Any, Final

from db.core.keys import Crypter
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryKind, WebhookDeliveryStatus
from db.events import Event
from db.webhooks import WebhookDelivery, WebhookEndpoint
from resolvers.demo.book import Book, Row
from resolvers.demo.staff import Staff
from resolvers.rules.events import OBJECT_TYPES
from resolvers.rules.webhooks import SECRET_BYTES, secret_text

TOLD: Final = 5
URL: Final = "https://hooks.example.com/customer-graph"


def hook(book: Book, staff: Staff, last_position: int) -> Row:
    """The endpoint, without its secret yet, and its last deliveries."""
    events = [event for event in book.all(Event) if OBJECT_TYPES[event["type"]] == "Call"][-TOLD:]
    endpoint = book.add(
        WebhookEndpoint,
        book.ago(days=30),
        url=URL,
        description="An example. Give it an address of yours, and switch it on.",
        event_types=sorted(type.value for type, name in OBJECT_TYPES.items() if name == "Call"),
        is_active=False,
        queued_position=last_position,
        delivered_position=last_position,
        last_sequence=len(events),
        circuit=WebhookCircuit.CLOSED,
        last_success_at=events[-1]["occurred_at"] if events else None,
        created_by_id=staff.administrator["id"],
    )
    for sequence, event in enumerate(events, start=1):
        at = event["occurred_at"]
        book.add(
            WebhookDelivery,
            at,
            webhook_endpoint_id=endpoint["id"],
            sequence=sequence,
            kind=WebhookDeliveryKind.EVENT,
            status=WebhookDeliveryStatus.DELIVERED,
            event_id=event["id"],
            event_type=event["type"].value,
            position=event["position"],
            content=_content(event),
            attempt_count=1,
            response_status=200,
            duration_ms=80 + 7 * sequence,
            first_attempted_at=at,
            last_attempted_at=at,
            delivered_at=at + timedelta(milliseconds=80 + 7 * sequence),
        )
    return endpoint


def seal_endpoint(endpoint: Row, crypter: Crypter) -> None:
    """Give the endpoint a secret that nobody knows: whoever wants to use it replaces it."""
    secret = secret_text(secrets.token_bytes(SECRET_BYTES)).encode()
    endpoint["secret_encrypted"] = crypter.encrypt(secret, f"secret of webhook endpoint {endpoint['id']}")
    endpoint["secret_key_version"] = 1


def _content(event: Row) -> dict[str, Any]:
    return {
        "object_type": event["object_type"],
        "object_id": str(event["object_id"]),
        "payload": event["payload"],
        "actor_kind": event["actor_kind"].value,
        "occurred_at": event["occurred_at"].isoformat(),
    }
