"""What clients see of callbacks: the promises, the queues that hand them out, and their history."""

from gql.callbacks.filters import (
    CallbackActivityFilter,
    CallbackActivityOrder,
    CallbackQueueFilter,
    CallbackQueueOrder,
    CallbackRequestFilter,
    CallbackRequestOrder,
)
from gql.callbacks.operations import CallbackMutations, CallbackQueries
from gql.callbacks.subscriptions import CallbackSubscriptions
from gql.callbacks.types import CallbackActivity, CallbackQueue, CallbackRequest

__all__ = [
    "CallbackActivity",
    "CallbackActivityFilter",
    "CallbackActivityOrder",
    "CallbackMutations",
    "CallbackQueries",
    "CallbackQueue",
    "CallbackQueueFilter",
    "CallbackQueueOrder",
    "CallbackRequest",
    "CallbackRequestFilter",
    "CallbackRequestOrder",
    "CallbackSubscriptions",
]
