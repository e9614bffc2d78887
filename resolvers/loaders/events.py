"""Reading the event log as a client does: a page of what follows a position, without what the viewer may not see."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db import events as rows
from db.enums.events import EventType
from resolvers.core.errors import BadUserInput
from resolvers.rules.events import permission_of, readable_types

if TYPE_CHECKING:
    from resolvers.core.context import Context

DEFAULT_SIZE: Final = 100
MAX_SIZE: Final = 1_000
SCANNED: Final = 10_000  # positions that one page looks at: rare types cost as much as frequent ones


@dataclass(frozen=True, slots=True)
class EventGap:
    """Positions, first to last, that are no longer kept."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """What follows a position. `position` is how far it leads: nothing up to there is left untold."""

    events: tuple[rows.Event, ...]
    gap: EventGap | None
    position: int
    has_more: bool
    first_position: int
    last_position: int


async def events_after(
    context: "Context", after: int, types: Iterable[EventType] | None = None, size: int = DEFAULT_SIZE
) -> EventPage:
    """At most `size` events that follow a position, of these types or all, in their order, if the viewer may see them.

    Raises BadUserInput for a position that the log has not reached, and for a size that is none; Forbidden for a type
    that is asked for and that the viewer may not be told of.
    """
    if not 1 <= size <= MAX_SIZE:
        raise BadUserInput(f"first must be between 1 and {MAX_SIZE}, not {size}.", ("first",))
    wanted = readable_types(context.viewer.permissions)
    if types is not None:
        wanted = frozenset(types)
        for type in wanted:
            context.viewer.require(permission_of(type))
    clock = rows.TenantClock
    [(first, last)] = await context.reads.rows(
        select(clock.first_position, clock.last_position).where(clock.tenant_id == context.tenant_id)
    )
    if after > last:
        raise BadUserInput(f"The event log has only come to position {last}, not {after}.", ("after",))
    gap = EventGap(after + 1, first - 1) if first > after + 1 else None
    begin = max(after, first - 1)
    until = min(last, begin + SCANNED)
    found = await context.reads.scalars(
        select(rows.Event)
        .where(rows.Event.tenant_id == context.tenant_id, rows.Event.position > begin, rows.Event.position <= until)
        .where(rows.Event.type.in_(sorted(wanted)))
        .order_by(rows.Event.position)
        .limit(size)
    )
    position: int = found[-1].position if len(found) == size else until
    return EventPage(tuple(found), gap, position, position < last, first, last)
