"""What happens to webhooks: endpoints are set up and changed, and told of the events of the log."""

from resolvers.webhooks.delivery import WebhookDelivering
from resolvers.webhooks.endpoints import (
    create_endpoint,
    delete_endpoint,
    redeliver,
    rotate_secret,
    send_test,
    update_endpoint,
)
from resolvers.webhooks.sending import Sender

__all__ = [
    "Sender",
    "WebhookDelivering",
    "create_endpoint",
    "delete_endpoint",
    "redeliver",
    "rotate_secret",
    "send_test",
    "update_endpoint",
]
