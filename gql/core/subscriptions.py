"""Subscriptions: the fields that follow the event log.

A domain declares its messages and its field, one statement each:

    @strawberry.type(description="…")
    class CallChange(Change[Call, CallStatus]):
        pass

    CallStatusChanged = Annotated[CallSnapshotItem | SnapshotEnd | CallChange | …, strawberry.union(…)]

    call_status_changed: CallStatusChanged = subscription(loaders.call_by_id, …)
"""

import dataclasses
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import strawberry
from strawberry import UNSET

from db.enums import Choice
from db.enums.events import EventType
from gql.core.arguments import ID_TYPE
from gql.core.fields import Source, argument, make
from gql.core.ids import decode_id
from gql.core.messages import ChangeMessage, RemovalMessage
from gql.core.scalars import Position
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput, InvalidId, camel
from resolvers.core.filtering import MAX_LIST
from resolvers.core.loaders import ByUnique
from resolvers.events import MAX_SNAPSHOT, Current, Interest, Wanted

if TYPE_CHECKING:
    from strawberry import Info

FOLLOWS: Final = "follows"  # metadata of a filter's field: the name that the interest compares


@dataclass(frozen=True, slots=True)
class Live(Source):
    """A subscription field: which events it follows, and what they mean to who asks."""

    types: frozenset[EventType]

    @property
    def current(self) -> Current[Any] | None:
        """The list with which a stream can begin; None where there is none."""
        return None

    def interest(self, context: Context, filter_: Any) -> Interest:
        """What the viewer follows, with this filter. Raises InvalidId and BadUserInput."""
        return Interest(self.types, wanted(filter_))

    def message(self, interest: Interest, event: Any) -> ChangeMessage | RemovalMessage | None:
        """What an event means to somebody with this interest; None when nothing."""
        raise NotImplementedError

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> "Opening":
        """What is asked for: the dispatcher serves it."""
        return Opening(
            self,
            self.interest(info.context, arguments.get("filter")),
            arguments.get("after"),
            bool(arguments.get("snapshot")),
            arguments.get("snapshot_first"),
        )


@dataclass(frozen=True, slots=True)
class LiveObjects(Live):
    """A subscription field about objects of one type.

    `loader` shows an object, `statuses` is the enumeration of `old_status` and `new_status` in the events, `listed`
    the list with which a stream can begin.
    """

    loader: ByUnique[Any]
    statuses: type[Choice] | None
    listed: Current[Any]

    @property
    def current(self) -> Current[Any]:
        """The list."""
        return self.listed

    def message(self, interest: Interest, event: Any) -> ChangeMessage | RemovalMessage | None:
        """A change of what is wanted, and a removal of what was wanted before the event."""
        if interest.is_in(event):
            return ChangeMessage(event, self.statuses)
        return RemovalMessage(event) if interest.was_in(event) else None


@dataclass(frozen=True, slots=True)
class Opening:
    """A subscription that the viewer may have, with its arguments: what comes first, before any event."""

    live: Live
    interest: Interest
    after: int | None
    has_snapshot: bool = False
    snapshot_first: int | None = None

    def resumed(self, after: int | None) -> "Opening":
        """As it is, but behind this position; None changes nothing."""
        return self if after is None else replace(self, after=after)

    @property
    def begins_at(self) -> int | None:
        """The position behind which the stream begins; None for the present one, or for a list where it has one."""
        return None if self.has_snapshot and self.after == 0 else self.after

    def __aiter__(self) -> AsyncIterator[Any]:
        """What graphql-core asks of a source of events; ours come through the dispatcher, group by group."""
        raise TypeError("the dispatcher serves subscriptions")


_AFTER: Final = "Begin with what follows this position, from the log; by default with what happens from now on."
_AFTER_OR_LIST: Final = (
    f"{_AFTER} With `snapshot`, a stream that resumes so has no list, unless the log no longer reaches back to the"
    " position: then a Gap comes first and a new list follows. Position 0 is as if left out."
)
_SNAPSHOT: Final = (
    "Begin with all objects that match, each a snapshot item, then `SnapshotEnd`, then what happens behind its"
    " position: the list is exactly as of that position, so that nothing is missed in between and nothing told twice."
    f" When more than {MAX_SNAPSHOT:,} objects match, the stream is refused with `LIMIT_EXCEEDED`: narrow the filter,"
    " or give `snapshotFirst`. A list that was cut midway begins again when the client comes back; who has seen its"
    " end comes back `after` the last position."
)
_SNAPSHOT_FIRST: Final = (
    f"How many objects the list holds at most, the newest ones, 1 to {MAX_SNAPSHOT:,}; `SnapshotEnd` tells whether"
    " there are more."
)


def subscription(
    loader: ByUnique[Any],
    description: str,
    *,
    events: Iterable[EventType],
    current: Current[Any],
    permission: str,
    status: type[Choice] | None = None,
    filter: Any,
) -> Any:
    """A subscription field: follows these events of the loader's objects, in the order of the log.

    `status` is the enumeration of `old_status` and `new_status` in the events' payloads, `filter` an input of
    `followed` fields, each of which both the events and the `current` list know.
    """
    unknown = [name for name in followed_names(filter).values() if not current.knows(name)]
    if unknown:
        raise TypeError(f"{filter.__name__}: the list knows nothing of {unknown}")
    arguments = [
        argument("filter", filter | None, "Only what matches, in all that is given."),
        argument("after", Position | None, _AFTER_OR_LIST),
        argument("snapshot", bool | None, _SNAPSHOT),
        argument("snapshot_first", int | None, _SNAPSHOT_FIRST),
    ]
    made = make(
        LiveObjects(frozenset(events), loader, status, current),
        description,
        permission=permission,
        arguments=arguments,
    )
    made.is_subscription = True
    return made


def stream(live: Live, description: str, *, permission: str, filter: Any) -> Any:
    """A subscription field that follows the log itself, and has no list to begin with."""
    arguments = [
        argument("filter", filter | None, "Only what matches, in all that is given."),
        argument("after", Position | None, _AFTER),
    ]
    made = make(live, description, permission=permission, arguments=arguments)
    made.is_subscription = True
    return made


def followed(description: str, *, of: str | None = None, id_of: str | None = None) -> Any:
    """A field of a subscription's filter, one value or a list of which any will do.

    `of` is the name that events have it under (see `Interest`), by default the field's own; `id_of` names the
    type whose id the field takes.
    """
    return strawberry.field(default=UNSET, description=description, metadata={FOLLOWS: of, ID_TYPE: id_of})


def followed_names(filter_: Any) -> Mapping[str, str]:
    """The names that events have a filter's fields under, by those of the fields."""
    return {field.name: field.metadata[FOLLOWS] or field.name for field in dataclasses.fields(filter_)}


def wanted(filter_: Any) -> Wanted:
    """A filter as an interest takes it; a null is as if left out. Raises InvalidId and BadUserInput."""
    if not filter_:
        return ()
    found = []
    for field in dataclasses.fields(filter_):
        values = given(filter_, field.name)
        if values is None:
            continue
        id_type = field.metadata[ID_TYPE]
        if id_type is not None:
            values = [_decode(id_type, text, field.name) for text in values]
        found.append((field.metadata[FOLLOWS] or field.name, frozenset(str(one) for one in values)))
    return tuple(found)


def given(filter_: Any, name: str) -> list[Any] | None:
    """The values of a filter's field; None when it was left out. Raises BadUserInput when they are too many."""
    value = getattr(filter_, name)
    if value is UNSET or value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_LIST:
        message = f"A list in a filter holds at most {MAX_LIST} values, this one {len(values)}."
        raise BadUserInput(message, ("filter", camel(name)))
    return values


def _decode(id_type: str, text: str, name: str) -> Any:
    try:
        return decode_id(id_type, text)
    except InvalidId as error:
        error.path = ("filter", camel(name))
        raise
