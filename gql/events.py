"""What clients see of the event log: its entries."""

from datetime import datetime

import strawberry

from db.enums import events as enums
from gql.core.enums import register
from gql.core.fields import computed
from gql.core.ids import encode_id
from gql.core.scalars import Position
from resolvers.core.errors import camel

register(enums)


@strawberry.type(
    description="An entry of the tenant's event log: what happened to which object. It holds no personal data."
)
class Event:
    position: Position = computed(
        lambda _, event: event.position, ("position",), "Its place in the log: without gaps, in the order of commits."
    )
    id: strawberry.ID = computed(
        lambda _, event: encode_id("Event", event.id), ("id",), "The event's id: the same wherever it is told."
    )
    type: enums.EventType = computed(lambda _, event: event.type, ("type",), "What happened.")
    object_type: str = computed(
        lambda _, event: event.object_type, ("object_type",), "The type of the object that it happened to."
    )
    object_id: strawberry.ID = computed(
        lambda _, event: encode_id(event.object_type, event.object_id),
        ("object_type", "object_id"),
        "The global id of the object.",
    )
    changed_fields: list[str] = computed(
        lambda _, event: [camel(name) for name in event.payload.get("changed", ())],
        ("payload",),
        "The names of the values that changed.",
    )
    actor_kind: enums.ActorKind = computed(lambda _, event: event.actor_kind, ("actor_kind",), "Who did it.")
    occurred_at: datetime = computed(lambda _, event: event.occurred_at, ("occurred_at",), "When it happened.")
