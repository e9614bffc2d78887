"""What clients see of the event log: its entries, read by position and followed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import strawberry

from db.enums import events as enums
from gql.core.enums import register
from gql.core.fields import ByHand, argument, by_hand, computed, make
from gql.core.ids import encode_id
from gql.core.messages import ChangeMessage, Gap, Reconnect
from gql.core.node import Node, Reference, node_type_named, refer, referred
from gql.core.scalars import Position
from gql.core.subscriptions import Live, followed, given, stream
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput, InvalidId, camel
from resolvers.events import OBJECT_ID, Interest
from resolvers.loaders import events as loaders
from resolvers.rules import events as rules

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


# -------------------------------------------------------------------------------------------------- reading the log


@strawberry.type(description="Events that should have come first are no longer kept: read the objects anew.")
class EventGap:
    from_: Position = make(ByHand(lambda gap, _: gap.first), "The first position that is missing.", name="from")
    to: Position = by_hand(lambda gap, _: gap.last, "The last one.")


@strawberry.type(description="What follows a position in the event log, and how far that leads.")
class EventPage:
    nodes: list[Event] = by_hand(lambda page, _: page.events, "The events, in the order of the log.")
    gap: EventGap | None = by_hand(
        lambda page, _: page.gap, "What followed `after` and is no longer kept; null when nothing is missing."
    )
    position: Position = by_hand(
        lambda page, _: page.position,
        "How far the page leads: all that was asked for up to here is told. Go on `after` it, or subscribe.",
    )
    has_more: bool = by_hand(
        lambda page, _: page.has_more, "Whether the log goes on behind `position`, though maybe not with such events."
    )
    first_position: Position = by_hand(
        lambda page, _: page.first_position, "Where the log begins; one more than `lastPosition` when it is empty."
    )
    last_position: Position = by_hand(lambda page, _: page.last_position, "Where the log ends.")


async def _events(
    _: Any,
    context: Context,
    after: int | None = None,
    types: list[enums.EventType] | None = None,
    first: int | None = None,
) -> loaders.EventPage:
    size = loaders.DEFAULT_SIZE if first is None else first
    return await loaders.events_after(context, after or 0, types, size)


@strawberry.type
class EventQueries:
    events: EventPage = by_hand(
        _events,
        "The event log after a position. Of events about objects of a type the page tells nothing to who has not the"
        " permission to read that type (what happens to sessions needs `audit_log:read`); asking for such events by"
        " their type is refused.",
        permission="event:read",
        arguments=[
            argument(
                "after",
                Position | None,
                "Only what follows this position; from the beginning of the log if left out. One that is no longer"
                " kept is answered by a gap, one ahead of the log by an error.",
            ),
            argument("types", list[enums.EventType] | None, "Only events of these types."),
            argument(
                "first",
                int | None,
                f"How many at most: up to {loaders.MAX_SIZE:,}; {loaders.DEFAULT_SIZE} if left out. A page looks at"
                f" {loaders.SCANNED:,} positions, and may hold fewer although there are more.",
            ),
        ],
    )


# ------------------------------------------------------------------------------------------------ following the log


@strawberry.input(description="Which events to follow: all that is given must hold.")
class EventFilter:
    types: list[enums.EventType] | None = followed("One of these happened.")
    object_types: list[str] | None = followed("It happened to an object of one of these types, such as `Deal`.")
    object_ids: list[strawberry.ID] | None = followed(
        "It happened to one of these objects, of whatever types.", of=OBJECT_ID, id_of="Node"
    )


def _object(change: ChangeMessage, _: Context) -> Reference | None:
    node_type = node_type_named(change.event.object_type)
    return None if node_type is None else Reference(node_type, change.event.object_id)


@strawberry.type(description="Something happened that the stream follows.")
class EventChange:
    position: Position = computed(
        lambda _, change: change.event.position, ("event",), "The event's position; come back `after` it."
    )
    event: Event = computed(lambda _, change: change.event, ("event",), "What happened.")
    object: Node | None = referred(
        _object,
        "The object that it happened to and what that leads to, as they are at delivery; null when it was deleted"
        " meanwhile, and for objects that no type shows.",
    )

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ChangeMessage)


EventStream = Annotated[
    EventChange | Gap | Reconnect,
    strawberry.union("EventStream", description="A message of `events`."),
]


@dataclass(frozen=True, slots=True)
class LiveLog(Live):
    """The subscription to the log itself: to all of it that the viewer may see."""

    def interest(self, context: Context, filter_: EventFilter | None) -> Interest:
        """What is asked for, of what the viewer may be told. Raises Forbidden for what is asked for by its name."""
        types = self.types & rules.readable_types(context.viewer.permissions)
        if filter_ is None:
            return Interest(types)
        for asked in (given(filter_, "types"), _types_about(given(filter_, "object_types"))):
            if asked is not None:
                for type_ in asked:
                    context.viewer.require(rules.permission_of(type_))
                types &= frozenset(asked)
        ids = given(filter_, "object_ids")
        return Interest(types, () if ids is None else ((OBJECT_ID, _ids(context, ids)),))

    def message(self, interest: Interest, event: Any) -> ChangeMessage | None:
        """Every event that is asked for."""
        return ChangeMessage(event) if interest.is_in(event) else None


def _types_about(names: list[str] | None) -> list[enums.EventType] | None:
    """The types of the events that happen to objects of these types. Raises BadUserInput."""
    if names is None:
        return None
    unknown = sorted(set(names) - set(rules.OBJECT_TYPES.values()))
    if unknown:
        known = ", ".join(sorted(set(rules.OBJECT_TYPES.values())))
        raise BadUserInput(f"No event is about a {unknown[0][:60]!r}; they are about {known}.", _path("objectTypes"))
    return [type_ for type_, name in rules.OBJECT_TYPES.items() if name in names]


def _ids(context: Context, texts: list[str]) -> frozenset[str]:
    try:
        return frozenset(str(refer(context, text).key) for text in texts)
    except InvalidId as error:
        error.path = _path("objectIds")
        raise


def _path(name: str) -> tuple[str, ...]:
    return ("filter", name)


@strawberry.type
class EventSubscriptions:
    events: EventStream = stream(
        LiveLog(frozenset(enums.EventType)),
        "Whatever happens in the tenant, in the order of the log. Of events about objects of a type the stream tells"
        " nothing to who has not the permission to read that type (what happens to sessions needs `audit_log:read`);"
        " asking for such events by their type is refused.",
        permission="event:read",
        filter=EventFilter,
    )
