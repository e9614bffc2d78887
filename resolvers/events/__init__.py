"""The event log as others follow it: how it is read, who is told what, and the lists with which streams begin."""

from resolvers.events.interest import OBJECT_ID, Interest, Wanted
from resolvers.events.log import Entry, LogSlice, last_positions, positions, read_events, read_positions
from resolvers.events.snapshots import MAX_SNAPSHOT, Current, read_current

__all__ = [
    "MAX_SNAPSHOT",
    "OBJECT_ID",
    "Current",
    "Entry",
    "Interest",
    "LogSlice",
    "Wanted",
    "last_positions",
    "positions",
    "read_current",
    "read_events",
    "read_positions",
]
