"""Following callbacks live: what happens to them, as it happens."""

from typing import Annotated

import strawberry

from db.enums import callbacks as enums
from db.enums.events import EventType
from gql.callbacks.types import CallbackRequest
from gql.core.messages import Change, Gap, Reconnect, Removal, SnapshotEnd, SnapshotItem
from gql.core.subscriptions import followed, subscription
from resolvers.events import OBJECT_ID, Current
from resolvers.loaders import callbacks as loaders


@strawberry.input(description="Which callbacks to follow: all that is given must hold.")
class CallbackChangedFilter:
    callback_request_id: strawberry.ID | None = followed("This callback.", of=OBJECT_ID, id_of="CallbackRequest")
    callback_request_ids: list[strawberry.ID] | None = followed(
        "One of these callbacks.", of=OBJECT_ID, id_of="CallbackRequest"
    )
    queue_id: strawberry.ID | None = followed("It waits in this queue.", id_of="CallbackQueue")
    insurance_agent_id: strawberry.ID | None = followed("It is assigned to this agent.", id_of="InsuranceAgent")
    contact_id: strawberry.ID | None = followed("It was promised to this person.", id_of="Contact")
    call_id: strawberry.ID | None = followed("It was asked for on this call.", id_of="Call")
    statuses: list[enums.CallbackStatus] | None = followed("It has one of these statuses.", of="status")
    priorities: list[enums.CallbackPriority] | None = followed("It has one of these priorities.", of="priority")
    request_types: list[enums.CallbackRequestType] | None = followed("It is about one of these.", of="request_type")
    categories: list[enums.CallbackCategory] | None = followed("It belongs to one of these fields.", of="category")


@strawberry.type(description="A callback of the list with which the stream begins.")
class CallbackRequestSnapshotItem(SnapshotItem[CallbackRequest]):
    pass


@strawberry.type(description="Something happened to a callback that the stream follows.")
class CallbackRequestChange(Change[CallbackRequest, enums.CallbackStatus]):
    pass


@strawberry.type(description="A callback no longer matches the filter: take it off the list.")
class CallbackRequestRemoval(Removal):
    pass


CallbackChanged = Annotated[
    CallbackRequestSnapshotItem | SnapshotEnd | CallbackRequestChange | CallbackRequestRemoval | Gap | Reconnect,
    strawberry.union("CallbackChanged", description="A message of `callbackChanged`."),
]


@strawberry.type
class CallbackSubscriptions:
    callback_changed: CallbackChanged = subscription(
        loaders.callback_request_by_id,
        "Whatever happens to callbacks, in the order of the log.",
        events=(EventType.CALLBACK_CREATED, EventType.CALLBACK_STATUS_CHANGED, EventType.CALLBACK_UPDATED),
        current=Current(loaders.callback_requests),
        permission="callback:read",
        status=enums.CallbackStatus,
        filter=CallbackChangedFilter,
    )
