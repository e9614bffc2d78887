"""Who is told of which events: of each, whoever may read the object that it happened to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from db.enums.events import EventType

OBJECT_TYPES: Final[Mapping[EventType, str]] = MappingProxyType(
    {
        EventType.CALL_CREATED: "Call",
        EventType.CALL_STATUS_CHANGED: "Call",
        EventType.CALL_UPDATED: "Call",
        EventType.CALLBACK_CREATED: "CallbackRequest",
        EventType.CALLBACK_STATUS_CHANGED: "CallbackRequest",
        EventType.CALLBACK_UPDATED: "CallbackRequest",
        EventType.CONTACT_CREATED: "Contact",
        EventType.CONTACT_UPDATED: "Contact",
        EventType.DEAL_CREATED: "Deal",
        EventType.DEAL_STAGE_CHANGED: "Deal",
        EventType.DEAL_UPDATED: "Deal",
        EventType.POLICYHOLDER_CREATED: "Policyholder",
        EventType.POLICY_CREATED: "Policy",
        EventType.POLICY_STATUS_CHANGED: "Policy",
        EventType.SIGNED_IN: "UserSession",
        EventType.SESSION_REFRESHED: "UserSession",
        EventType.SESSION_REVOKED: "UserSession",
        EventType.SIGNED_OUT: "UserSession",
        EventType.API_KEY_CREATED: "ApiKey",
        EventType.API_KEY_REVOKED: "ApiKey",
        EventType.INTEGRATION_CREATED: "Integration",
        EventType.INTEGRATION_ROTATED: "Integration",
        EventType.WEBHOOK_ENDPOINT_CREATED: "WebhookEndpoint",
        EventType.WEBHOOK_ENDPOINT_UPDATED: "WebhookEndpoint",
        EventType.WEBHOOK_ENDPOINT_ROTATED: "WebhookEndpoint",
        EventType.WEBHOOK_ENDPOINT_DELETED: "WebhookEndpoint",
        EventType.WEBHOOK_REDELIVERY_REQUESTED: "WebhookEndpoint",
    }
)
"""The type of the object that each event happens to."""

PERMISSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Call": "call:read",
        "CallbackRequest": "callback:read",
        "Contact": "contact:read",
        "Deal": "deal:read",
        "Policyholder": "policyholder:read",
        "Policy": "policy:read",
        "UserSession": "audit_log:read",  # sessions have no type of their own: who signs in when is for auditors
        "ApiKey": "api_key:read",
        "Integration": "integration:read",
        "WebhookEndpoint": "webhook:read",
    }
)
"""What it takes to read an object of each type, and so to be told what happens to it."""


def permission_of(type: EventType) -> str:
    """What it takes to be told of events of a type, beside `event:read` where any of the log is shown."""
    return PERMISSIONS[OBJECT_TYPES[type]]


def readable_types(permissions: frozenset[str]) -> frozenset[EventType]:
    """The types of the events that somebody with these permissions may be told of; of others they never hear."""
    return frozenset(type for type in EventType if permission_of(type) in permissions)
