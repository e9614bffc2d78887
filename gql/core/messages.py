"""The messages that every stream is made of: what the dispatcher gives, and how clients see it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from db.enums import Choice
from gql.core.fields import ByHand, by_hand, make
from gql.core.ids import encode_id
from gql.core.node import by_key
from gql.core.scalars import Position
from resolvers.core.context import Context

if TYPE_CHECKING:
    from gql.events import Event

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class ItemMessage:
    """An object of the list with which a stream begins."""

    object_id: Any


@dataclass(frozen=True, slots=True)
class EndMessage:
    """The list with which the stream began has ended: it is as of the position, and held so many objects."""

    position: int
    count: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class ChangeMessage:
    """An event about an object that the stream follows. `statuses` is the enumeration of the object's statuses."""

    event: Any
    statuses: type[Choice] | None = None

    @property
    def object_id(self) -> Any:
        """The object's id."""
        return self.event.object_id

    def status(self, name: str) -> Any:
        """A status from the event's payload."""
        value = self.event.payload.get(name)
        return None if value is None or self.statuses is None else self.statuses[value]


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
    object: T | None = by_key(_key, "The object and what it leads to, all as of the position that `SnapshotEnd` tells.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ItemMessage)


@strawberry.type(description="The list with which the stream began is complete: what follows are changes.")
class SnapshotEnd:
    position: Position = by_hand(
        lambda end, _: end.position,
        "The list is exactly as of this position, and every change behind it follows, once; come back `after` it.",
    )
    count: int = by_hand(lambda end, _: end.count, "How many objects the list held.")
    has_more: bool = by_hand(
        lambda end, _: end.has_more,
        "Whether more objects match than `snapshotFirst` let through; their changes are told all the same.",
    )

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
    position: Position = by_hand(
        lambda removal, _: removal.event.position, "The event's position; come back `after` it."
    )
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


@strawberry.type(
    description="Events that the stream should have had are no longer kept. With `snapshot` a new list follows: forget"
    " the old one. Without it, read the objects anew."
)
class Gap:
    from_: Position = make(ByHand(lambda gap, _: gap.first), "The first position that is missing.", name="from")
    to: Position = by_hand(lambda gap, _: gap.last, "The last one; the stream goes on behind it.")

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, GapMessage)


@strawberry.type(
    description="The stream ends, and is to be opened anew: this server goes down, or the client has not kept up."
)
class Reconnect:
    after_ms: int = by_hand(
        lambda reconnect, _: reconnect.after_ms, "How many milliseconds to wait, so that not all come at once."
    )
    position: Position = by_hand(
        lambda reconnect, _: reconnect.position,
        "Come back `after` it, with the same `snapshot`; 0 when the list had not come to its end, and begins again.",
    )

    @classmethod
    def is_type_of(cls, message: Any, _: Any) -> bool:
        """Whether the message is shown so."""
        return isinstance(message, ReconnectMessage)
