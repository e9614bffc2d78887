"""Batched reads of webhook endpoints and what was delivered to them."""

from db import webhooks as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import Listing, PagesBy

webhook_endpoint_by_id = ById(rows.WebhookEndpoint)
webhook_delivery_by_id = ById(rows.WebhookDelivery)

webhook_endpoints = Listing(
    rows.WebhookEndpoint,
    orders={"CREATED_AT": rows.WebhookEndpoint.created_at},
    default_order="CREATED_AT",
    filters={
        "url": rows.WebhookEndpoint.url,
        "is_active": rows.WebhookEndpoint.is_active,
        "circuit": rows.WebhookEndpoint.circuit,
        "created_at": rows.WebhookEndpoint.created_at,
    },
)

webhook_deliveries = Listing(
    rows.WebhookDelivery,
    orders={"CREATED_AT": rows.WebhookDelivery.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "endpoint_id": rows.WebhookDelivery.webhook_endpoint_id,
        "kind": rows.WebhookDelivery.kind,
        "status": rows.WebhookDelivery.status,
        "is_redelivery": rows.WebhookDelivery.is_redelivery,
        "response_status": rows.WebhookDelivery.response_status,
        "created_at": rows.WebhookDelivery.created_at,
        "delivered_at": rows.WebhookDelivery.delivered_at,
    },
)

webhook_deliveries_by_endpoint = PagesBy(
    webhook_deliveries, lambda key: rows.WebhookDelivery.webhook_endpoint_id == key
)
