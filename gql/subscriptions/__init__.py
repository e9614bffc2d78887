"""Subscriptions: graphql-transport-ws and the dispatcher over the event log."""

from gql.subscriptions.limits import SocketLimits
from gql.subscriptions.server import SubscriptionServer

__all__ = ["SocketLimits", "SubscriptionServer"]
