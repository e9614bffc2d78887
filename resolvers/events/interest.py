"""Which events somebody follows, told from each event alone."""

from dataclasses import dataclass
from typing import Final

from db.enums.events import EventType
from resolvers.events.log import Entry

OBJECT_ID: Final = "object_id"
"""The name under which an interest compares the object itself."""

Wanted = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events somebody follows, told from the event alone: nothing is read for it.

    `wanted` holds names with the texts that each may have; all must hold. A name is OBJECT_ID or a key of the
    payload. Where an event changed such a value, its payload has it as `old_<name>` and `new_<name>`, or the old
    one as `old_<name>` and the new one under the plain name.
    """

    types: frozenset[EventType]
    wanted: Wanted = ()

    def is_in(self, event: Entry) -> bool:
        """Whether the event is followed and its object is, as the event left it, wanted."""
        return event.type in self.types and self._holds(event, "new")

    def was_in(self, event: Entry) -> bool:
        """Whether the event is followed and its object was, as the event found it, wanted."""
        return event.type in self.types and self._holds(event, "old")

    def _holds(self, event: Entry, side: str) -> bool:
        return all(_value(event, name, side) in texts for name, texts in self.wanted)


def _value(event: Entry, name: str, side: str) -> str | None:
    if name == OBJECT_ID:
        return str(event.object_id)
    sided = f"{side}_{name}"
    value = event.payload[sided] if sided in event.payload else event.payload.get(name)
    return None if value is None else str(value)
