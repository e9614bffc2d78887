"""Subscriptions: the field that follows the event log, and the messages that every stream is made of.

A domain declares its messages and its field, one statement each:

    @strawberry.type(description="…")
    class CallChange(Change[Call, CallStatus]):
        pass

    CallStatusChanged = Annotated[CallSnapshotItem | SnapshotEnd | CallChange | …, strawberry.union(…)]

    call_status_changed: CallStatusChanged = subscription(loaders.call_by_id, …)
"""

import dataclasses
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import strawberry
from strawberry import UNSET

from db.enums import Choice
from db.enums.events import EventType
from gql.core.arguments import ID_TYPE
from gql.core.fields import ByHand, Source, argument, by_hand, make
from gql.core.ids import decode_id, encode_id
from gql.core.node import by_key
from gql.core.scalars import Position
from resolvers.core.context import Context
from resolvers.core.errors import InvalidId, camel
from resolvers.core.loaders import ByUnique
from resolvers.events import Interest

if TYPE_CHECKING:
    from strawberry import Info

    from gql.events import Event

T = TypeVar("T")
S = TypeVar("S")

FOLLOWS: Final = "follows"  # metadata of a filter's field: the name that the interest compares


@dataclass(frozen=True, slots=True)
class Live(Source):
    """A subscription field: which events it follows, whose object it shows, and what the object's statuses are."""

    loader: ByUnique[Any]
    types: frozenset[EventType]
    status: type[Choice] | None

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> "Opening":
        """What is asked for: the dispatcher serves it."""
        interest = Interest(self.types, _wanted(arguments.get("filter")))
        return Opening(self, interest, arguments.get("after"))

    def message(self, interest: Interest, event: Any) -> "ChangeMessage | RemovalMessage | None":
        """What an event means to somebody with this interest; None when nothing."""
        if interest.is_in(event):
            return ChangeMessage(self, event)
        return RemovalMessage(event) if interest.was_in(event) else None


@dataclass(frozen=True, slots=True)
class Opening:
    """A subscription that the viewer may have, with its arguments: what comes first, before any event."""

    live: Live
    interest: Interest
    after: int | None

    def __aiter__(self) -> AsyncIterator[Any]:
        """What graphql-core asks of a source of events; ours come through the dispatcher, group by group."""
        raise TypeError("the dispatcher serves subscriptions")


@dataclass(frozen=True, slots=True)
class ItemMessage:
    """An object of the list with which a stream begins."""

    live: Live
    object_id: Any


@dataclass(frozen=True, slots=True)
class EndMessage:
    """The list with which the stream began is complete, as of the position."""

    position: int


@dataclass(frozen=True, slots=True)
class ChangeMessage:
    """An event about an object that the stream follows."""

    live: Live
    event: Any

    @property
    def object_id(self) -> Any:
        """The object's id."""
        return self.event.object_id

    def status(self, name: str) -> Any:
        """A status from the event's payload."""
        value = self.event.payload.get(name)
        return None if value is None or self.live.status is None else self.live.status[value]


@dataclass(frozen=True, slots=True)
class RemovalMessage:
    """An event after which its object is no longer among those that the stream follows."""

    event: Any


@dataclass(frozen=True, slots=True)
class GapMessage:
    """Positions, first to last, that are no longer kept."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReconnectMessage:
    """The stream ends here; the client is to come back."""

    after_ms: int
    position: int


Message = ItemMessage | EndMessage | ChangeMessage | RemovalMessage | GapMessage | ReconnectMessage


def _key(message: Any, _: Context) -> UUID:
    object_id: UUID = message.object_id
    return object_id


@strawberry.type(description="An object of the list with which the stream begins.")
class SnapshotItem(Generic[T]):
    object: T | None = by_key(_key, "The object; null when it was deleted meanwhile.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ItemMessage)


@strawberry.type(description="The list with which the stream began is complete: what follows are changes.")
class SnapshotEnd:
    position: Position = by_hand(lambda end, _: end.position, "The list is as of this position; come back `after` it.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, EndMessage)


@strawberry.type(description="Something happened to an object that the stream follows.")
class Change(Generic[T, S]):
    position: Position = by_hand(lambda change, _: change.event.position, "The event's position; come back `after` it.")
    event: Annotated["Event", strawberry.lazy("gql.events")] = by_hand(lambda change, _: change.event, "What happened.")
    object: T | None = by_key(
        _key, "The object and what it leads to, as they are at delivery; null when it was deleted meanwhile."
    )
    old_status: S | None = by_hand(
        lambda change, _: change.status("old_status"),
        "The status before the event; null when the object is new.",
    )
    new_status: S | None = by_hand(
        lambda change, _: change.status("new_status"), "The status after the event, whatever it is by now."
    )

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ChangeMessage)


@strawberry.type(description="An object no longer matches what the stream follows: take it off the list.")
class Removal:
    position: Position = by_hand(lambda removal, _: removal.event.position, "The event's position.")
    event: Annotated["Event", strawberry.lazy("gql.events")] = by_hand(
        lambda removal, _: removal.event, "What happened."
    )
    object_id: strawberry.ID = by_hand(
        lambda removal, _: encode_id(removal.event.object_type, removal.event.object_id), "The object's global id."
    )

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, RemovalMessage)


@strawberry.type(description="Events that the stream should have had are no longer kept: read the objects anew.")
class Gap:
    from_: Position = make(ByHand(lambda gap, _: gap.first), "The first position that is missing.", name="from")
    to: Position = by_hand(lambda gap, _: gap.last, "The last one; the stream goes on behind it.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, GapMessage)


@strawberry.type(description="This server goes down: the stream ends, and is to be opened anew.")
class Reconnect:
    after_ms: int = by_hand(
        lambda reconnect, _: reconnect.after_ms, "How many milliseconds to wait, so that not all come at once."
    )
    position: Position = by_hand(lambda reconnect, _: reconnect.position, "Come back `after` it.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ReconnectMessage)


def subscription(
    loader: ByUnique[Any],
    description: str,
    *,
    events: Iterable[EventType],
    permission: str,
    status: type[Choice] | None = None,
    filter: Any = None,
) -> Any:
    """A subscription field: follows these events of the loader's objects, in the order of the log.

    `status` is the enumeration of `old_status` and `new_status` in the events' payloads, `filter` an input of
    `followed` fields.
    """
    arguments = [
        argument(
            "after",
            Position | None,
            "Begin with what follows this position, from the log; by default with what happens from now on.",
        )
    ]
    if filter is not None:
        arguments.insert(0, argument("filter", filter | None, "Only what matches, in all that is given."))
    made = make(Live(loader, frozenset(events), status), description, permission=permission, arguments=arguments)
    made.is_subscription = True
    return made


def followed(description: str, *, of: str | None = None, id_of: str | None = None) -> Any:
    """A field of a subscription's filter, one value or a list of which any will do.

    `of` is the name that events have it under (see `Interest`), by default the field's own; `id_of` names the
    type whose id the field takes.
    """
    return strawberry.field(default=UNSET, description=description, metadata={FOLLOWS: of, ID_TYPE: id_of})


def _wanted(filter_: Any) -> tuple[tuple[str, frozenset[str]], ...]:
    """A filter as an interest takes it; a null is as if left out. Raises InvalidId."""
    if not filter_:
        return ()
    wanted = []
    for field in dataclasses.fields(filter_):
        value = getattr(filter_, field.name)
        if value is UNSET or value is None:
            continue
        values = value if isinstance(value, list) else [value]
        id_type = field.metadata[ID_TYPE]
        if id_type is not None:
            values = [_decode(id_type, text, field.name) for text in values]
        wanted.append((field.metadata[FOLLOWS] or field.name, frozenset(str(one) for one in values)))
    return tuple(wanted)


def _decode(id_type: str, text: str, name: str) -> Any:
    try:
        return decode_id(id_type, text)
    except InvalidId as error:
        error.path = ("filter", camel(name))
        raise
