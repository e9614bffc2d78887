"""What clients see of webhooks: endpoints that are told of events, what was delivered to them, and how it looks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
import strawberry

from db.enums import Choice
from db.enums import events as event_enums
from db.enums import webhooks as enums
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import by_hand, column, computed, to_one
from gql.core.filters import BooleanFilter, DateTimeFilter, EnumFilter, IdFilter, IntFilter, StringFilter
from gql.core.ids import encode_id
from gql.core.mutations import (
    MutationPayload,
    affected,
    expected_version,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
    shown_once,
)
from gql.core.node import Node, object_type, root_one
from gql.core.scalars import Position
from resolvers import webhooks as actions
from resolvers.core.errors import camel
from resolvers.loaders import access as access_loaders
from resolvers.loaders import webhooks as loaders
from resolvers.rules import webhooks as rules

if TYPE_CHECKING:
    from gql.access import User

register(enums)


@enum_type
class WebhookEndpointOrderField(Choice):
    """What webhook endpoints can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the endpoint was set up."


@strawberry.input(description="An order of webhook endpoints.")
class WebhookEndpointOrder(OrderBy[WebhookEndpointOrderField]):
    pass


@filter_type("Which webhook endpoints to list: all given conditions hold.")
class WebhookEndpointFilter:
    url: StringFilter | None = where("The address.")
    is_active: BooleanFilter | None = where("Whether it is switched on.")
    circuit: EnumFilter[enums.WebhookCircuit] | None = where("Whether deliveries go out.")
    created_at: DateTimeFilter | None = where("When the endpoint was set up.")


@enum_type
class WebhookDeliveryOrderField(Choice):
    """What deliveries can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the delivery was queued."


@strawberry.input(description="An order of deliveries.")
class WebhookDeliveryOrder(OrderBy[WebhookDeliveryOrderField]):
    pass


@filter_type("Which deliveries to list: all given conditions hold.")
class WebhookDeliveryFilter:
    endpoint_id: IdFilter | None = where("The endpoint that it goes to.", id_of="WebhookEndpoint")
    kind: EnumFilter[enums.WebhookDeliveryKind] | None = where("What is delivered.")
    status: EnumFilter[enums.WebhookDeliveryStatus] | None = where("How it stands.")
    is_redelivery: BooleanFilter | None = where("Whether somebody asked for it once more.")
    response_status: IntFilter | None = where("The status of HTTP that the receiver answered last.")
    created_at: DateTimeFilter | None = where("When it was queued.")
    delivered_at: DateTimeFilter | None = where("When it arrived.")


@object_type(
    loaders.webhook_endpoint_by_id,
    permission="webhook:read",
    description="An address outside that is told of events by signed requests, in the order of the log, each at least"
    " once. `Webhook-Signature` is `t=<Unix seconds>,v1=<hex>`, with a second `v1` while a replaced secret counts:"
    " HMAC-SHA256, under the secret, of the seconds, a full stop and the body. `Webhook-Id` is the same at every"
    " attempt: what comes twice is known by it. `Webhook-Position` is the event's position. An answer of 2xx in time"
    " takes the delivery; 410 switches the endpoint off; all else, redirects too, is tried again after"
    " pauses that grow to an hour, and what follows waits.",
)
class WebhookEndpoint(Node):
    url: str = column("Its address.")
    description: str | None = column("What it is for.")
    event_types: list[event_enums.EventType] = computed(
        lambda _, endpoint: [event_enums.EventType[name] for name in endpoint.event_types],
        ("event_types",),
        "The types of events that it is told of.",
    )
    is_active: bool = column("Whether it is switched on.")
    gone_at: datetime | None = column("When the receiver answered 410 and it was switched off therefore.")
    circuit: enums.WebhookCircuit = column("Whether deliveries go out.")
    consecutive_failure_count: int = column("How many attempts have failed since the last one that did not.")
    next_attempt_at: datetime | None = column("Until when nothing goes out after a failure.")
    delivered_position: Position = computed(
        lambda _, endpoint: endpoint.delivered_position,
        ("delivered_position",),
        "The position of the log up to which all that it is told of has arrived.",
    )
    last_success_at: datetime | None = column("When an attempt last succeeded.")
    last_failure_at: datetime | None = column("When an attempt last failed.")
    last_error: str | None = column("Why it failed.")
    rotated_at: datetime | None = column("When the secret was last replaced.")
    previous_secret_expires_at: datetime | None = column("Until when the replaced secret signs too.")
    deliveries: Connection["WebhookDelivery"] = connection(
        loaders.webhook_deliveries_by_endpoint,
        "What was delivered, or is to be.",
        filter=WebhookDeliveryFilter,
        order_by=WebhookDeliveryOrder,
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who set it up; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    created_at: datetime = column("When the endpoint was set up.")
    updated_at: datetime = column("When the endpoint was last changed; deliveries are no change.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(
    loaders.webhook_delivery_by_id,
    permission="webhook:read",
    description="Something to tell a webhook endpoint, and how that went. Kept for some days after it arrived.",
)
class WebhookDelivery(Node):
    endpoint: WebhookEndpoint | None = to_one(
        loaders.webhook_endpoint_by_id, "webhook_endpoint_id", "The endpoint that it goes to."
    )
    kind: enums.WebhookDeliveryKind = column("What is delivered.")
    is_redelivery: bool = column("Whether somebody asked for it once more.")
    status: enums.WebhookDeliveryStatus = column("How it stands.")
    event_id: strawberry.ID | None = computed(
        lambda _, delivery: None if delivery.event_id is None else encode_id("Event", delivery.event_id),
        ("event_id",),
        "The id of the event.",
    )
    event_type: event_enums.EventType | None = computed(
        lambda _, delivery: event_enums.EventType.__members__.get(delivery.event_type or ""),
        ("event_type",),
        "What happened.",
    )
    position: Position | None = computed(
        lambda _, delivery: delivery.position, ("position",), "The event's position; of a gap the last one."
    )
    from_position: Position | None = computed(
        lambda _, delivery: delivery.from_position, ("from_position",), "Of a gap the first position."
    )
    attempt_count: int = column("How often it was tried.")
    response_status: int | None = column("The status of HTTP that the receiver answered last.")
    duration_ms: int | None = column("How long the last attempt took, in milliseconds.")
    error: str | None = column("Why the last attempt failed.")
    first_attempted_at: datetime | None = column("When it was first tried.")
    last_attempted_at: datetime | None = column("When it was last tried.")
    next_attempt_at: datetime | None = column("When it will be tried again.")
    delivered_at: datetime | None = column("When it arrived.")
    created_at: datetime = column("When it was queued.")


@strawberry.type
class WebhookQueries:
    webhook_endpoint: WebhookEndpoint | None = root_one(
        loaders.webhook_endpoint_by_id, "WebhookEndpoint", permission="webhook:read"
    )
    webhook_endpoints: Connection[WebhookEndpoint] = root_connection(
        loaders.webhook_endpoints,
        "The tenant's webhook endpoints.",
        permission="webhook:read",
        filter=WebhookEndpointFilter,
        order_by=WebhookEndpointOrder,
    )
    webhook_delivery: WebhookDelivery | None = root_one(
        loaders.webhook_delivery_by_id, "WebhookDelivery", permission="webhook:read"
    )
    webhook_deliveries: Connection[WebhookDelivery] = root_connection(
        loaders.webhook_deliveries,
        "What was delivered to the tenant's webhook endpoints, or is to be.",
        permission="webhook:read",
        filter=WebhookDeliveryFilter,
        order_by=WebhookDeliveryOrder,
    )


@strawberry.input(description="A webhook endpoint to set up.")
class WebhookEndpointCreateInput:
    url: str = required("Its address, of https or http, at most 2,000 characters.")
    event_types: list[event_enums.EventType] = required(
        "The types of events that it is told of: at least one, and none about objects that the viewer may not read."
    )
    description: str | None = given("What it is for, at most 1,000 characters.")
    is_active: bool | None = given("Whether it is switched on; it is, if left out.")
    after: Position | None = given("Begin with what follows this position; if left out, with what happens from now on.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="What to change about a webhook endpoint; what is left out stays.")
class WebhookEndpointUpdateInput:
    id: strawberry.ID = required("The endpoint.", id_of="WebhookEndpoint")
    url: str | None = given("Its address. Another one is tried at once.")
    event_types: list[event_enums.EventType] | None = given("The types of events that it is told of from now on.")
    description: str | None = given("What it is for.")
    is_active: bool | None = given(
        "Whether it is switched on. What happens while it is not is delivered afterwards, as far as the log is kept."
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A webhook endpoint that is to get a new secret.")
class WebhookEndpointSecretRotateInput:
    id: strawberry.ID = required("The endpoint.", id_of="WebhookEndpoint")
    overlap_seconds: int | None = given(
        "How long the replaced secret signs too, in seconds: a day if left out, 0 to 604,800."
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A webhook endpoint to delete.")
class WebhookEndpointDeleteInput:
    id: strawberry.ID = required("The endpoint.", id_of="WebhookEndpoint")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A webhook endpoint to test.")
class WebhookEndpointTestInput:
    id: strawberry.ID = required("The endpoint; it must be switched on.", id_of="WebhookEndpoint")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Events to send to a webhook endpoint once more.")
class WebhookEndpointRedeliverInput:
    id: strawberry.ID = required("The endpoint; it must be switched on.", id_of="WebhookEndpoint")
    from_position: Position = required("The first position.")
    to_position: Position = required(
        f"The last position; at most {rules.REDELIVERED_AT_ONCE:,} positions, and none that it has still to be told of."
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


_SECRET = "The secret that signs its deliveries: shown this once."  # noqa: S105  # a description


@payload_type("What `webhookEndpointCreate` answers.")
class WebhookEndpointCreatePayload(MutationPayload):
    webhook_endpoint: WebhookEndpoint | None = affected(
        loaders.webhook_endpoint_by_id, "webhook_endpoint", "The new endpoint."
    )
    secret: str | None = shown_once("secret", _SECRET)


@payload_type("What `webhookEndpointUpdate` answers.")
class WebhookEndpointUpdatePayload(MutationPayload):
    webhook_endpoint: WebhookEndpoint | None = affected(
        loaders.webhook_endpoint_by_id, "webhook_endpoint", "The endpoint as it is now."
    )


@payload_type("What `webhookEndpointSecretRotate` answers.")
class WebhookEndpointSecretRotatePayload(MutationPayload):
    webhook_endpoint: WebhookEndpoint | None = affected(
        loaders.webhook_endpoint_by_id, "webhook_endpoint", "The endpoint as it is now."
    )
    secret: str | None = shown_once("secret", _SECRET)


@payload_type("What `webhookEndpointDelete` answers.")
class WebhookEndpointDeletePayload(MutationPayload):
    deleted_id: strawberry.ID | None = by_hand(
        lambda outcome, _: encode_id("WebhookEndpoint", outcome.ids["webhook_endpoint"]) if outcome.ids else None,
        "The id of the endpoint that is no more.",
    )


@payload_type("What `webhookEndpointTest` answers.")
class WebhookEndpointTestPayload(MutationPayload):
    webhook_delivery: WebhookDelivery | None = affected(
        loaders.webhook_delivery_by_id, "webhook_delivery", "The delivery that was queued: it goes out soon."
    )


@payload_type("What `webhookEndpointRedeliver` answers.")
class WebhookEndpointRedeliverPayload(MutationPayload):
    webhook_endpoint: WebhookEndpoint | None = affected(
        loaders.webhook_endpoint_by_id, "webhook_endpoint", "The endpoint; its `deliveries` show what was queued."
    )


@strawberry.type
class WebhookMutations:
    webhook_endpoint_create: WebhookEndpointCreatePayload = mutation(
        actions.create_endpoint,
        WebhookEndpointCreateInput,
        "Set up a webhook endpoint.",
        permission="webhook:write",
    )
    webhook_endpoint_update: WebhookEndpointUpdatePayload = mutation(
        actions.update_endpoint,
        WebhookEndpointUpdateInput,
        "Change a webhook endpoint, or switch it on or off.",
        permission="webhook:write",
    )
    webhook_endpoint_secret_rotate: WebhookEndpointSecretRotatePayload = mutation(
        actions.rotate_secret,
        WebhookEndpointSecretRotateInput,
        "Replace the secret of a webhook endpoint; the old one signs too for a while.",
        permission="webhook:write",
    )
    webhook_endpoint_delete: WebhookEndpointDeletePayload = mutation(
        actions.delete_endpoint,
        WebhookEndpointDeleteInput,
        "Delete a webhook endpoint with the record of its deliveries.",
        permission="webhook:write",
    )
    webhook_endpoint_test: WebhookEndpointTestPayload = mutation(
        actions.send_test,
        WebhookEndpointTestInput,
        "Send a webhook endpoint a test, behind what is queued already.",
        permission="webhook:write",
    )
    webhook_endpoint_redeliver: WebhookEndpointRedeliverPayload = mutation(
        actions.redeliver,
        WebhookEndpointRedeliverInput,
        "Send events of the log to a webhook endpoint once more, behind what is queued already.",
        permission="webhook:write",
    )


# ---------------------------------------------------------------------------------------------------------- on the wire


def on_the_wire(delivery: Any) -> tuple[str, bytes]:
    """The id of a delivery, and its body: JSON that names things as the API does, with the event's statuses."""
    sent_id = encode_id("WebhookDelivery", delivery.id)
    body: dict[str, Any] = {"kind": delivery.kind}
    if delivery.kind == enums.WebhookDeliveryKind.EVENT:
        sent_id = encode_id("Event", delivery.event_id)
        told, payload = delivery.content, delivery.content["payload"]
        body |= {
            "id": sent_id,
            "position": str(delivery.position),
            "type": delivery.event_type,
            "objectType": told["object_type"],
            "objectId": encode_id(told["object_type"], UUID(told["object_id"])),
            "changedFields": [camel(name) for name in payload.get("changed", ())],
            "actorKind": told["actor_kind"],
            "occurredAt": told["occurred_at"],
        }
        body |= {camel(name): payload[name] for name in ("old_status", "new_status") if name in payload}
    elif delivery.kind == enums.WebhookDeliveryKind.GAP:
        body |= {"from": str(delivery.from_position), "to": str(delivery.position)}
    return sent_id, orjson.dumps(body)
