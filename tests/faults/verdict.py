"""What must hold after a run: every client has the log, and what was acknowledged, and nothing else, was done once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import orjson

from tests.faults.world import Client, Place, tenant_id

CALL_EVENTS: Final = frozenset({"CALL_CREATED", "CALL_STATUS_CHANGED"})
CALLBACK_EVENTS: Final = frozenset({"CALLBACK_CREATED", "CALLBACK_STATUS_CHANGED", "CALLBACK_UPDATED"})


@dataclass(frozen=True)
class Logged:
    """An event as the log has it. `object_id` is global."""

    position: int
    type: str
    object_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """What a client has to be told: changes with their new statuses, and removals."""

    changes: list[tuple[int, str]] = field(default_factory=list)
    removals: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The position of the last message."""
        return max([*(position for position, _ in self.changes[-1:]), *self.removals[-1:], 0])


def expected(client: Client, log: Iterable[Logged]) -> Expected:
    """What follows from the log for a client, worked out without the server's code."""
    found = Expected()
    types = CALL_EVENTS if client.field == "calls" else CALLBACK_EVENTS
    for event in log:
        if event.type not in types:
            continue
        before, after = (matches(client.filter, event, side) for side in ("old_status", "new_status"))
        if after:
            found.changes.append((event.position, event.payload["new_status"]))
        elif before:
            found.removals.append(event.position)
    return found


def matches(filter_: Mapping[str, Any], event: Logged, side: str) -> bool:
    """Whether a filter lets the event's object in, by its status before or after."""
    if "callId" in filter_ and event.object_id != filter_["callId"]:
        return False
    if "direction" in filter_ and event.payload["direction"] != filter_["direction"]:
        return False
    return "statuses" not in filter_ or event.payload[side] in filter_["statuses"]


def differences(client: Client, told: Mapping[str, Any], log: Sequence[Logged], calls: Iterable[str]) -> list[str]:
    """What a client was told otherwise than it should have been; empty when all is well. `calls` are there from the
    start, INITIATED."""
    found = list(told["wrong"])
    wanted = expected(client, log)
    for stretch in told["stretches"]:
        is_last = stretch is told["stretches"][-1]
        if stretch["start"] is not None:
            end = wanted.last if is_last else reached(stretch)  # the client gave up the others, and began anew
            found += compared(client, stretch, between(wanted, stretch["start"], end))
        elif is_last:
            found.append("a list that never came to its end")
    for stretch in told["stretches"]:
        if client.has_snapshot and stretch["start"] is not None:
            listed = snapshot(client, log, calls, stretch["start"])
            if stretch["items"] != listed:
                found.append(f"the list as of {stretch['start']}: {explain_list(stretch['items'], listed)}")
    return [f"client {client.number} ({client.field} {client.filter}): {what}" for what in found]


def reached(stretch: Mapping[str, Any]) -> int:
    """The position of the last message of a stretch."""
    return max([position for position, _ in stretch["changes"][-1:]] + stretch["removals"][-1:], default=0)


def between(wanted: Expected, start: int, end: int) -> Expected:
    """What is expected behind one position, up to another."""
    return Expected(
        [(position, status) for position, status in wanted.changes if start < position <= end],
        [position for position in wanted.removals if start < position <= end],
    )


def compared(client: Client, told: Mapping[str, Any], wanted: Expected) -> list[str]:
    """How what was told differs."""
    found = []
    changes = [(position, status) for position, status in told["changes"]]
    if changes != wanted.changes:
        found.append(explain(changes, wanted.changes))
    removals = sorted(set(told["removals"])) if client.number % 2 == 0 else told["removals"]
    if removals != wanted.removals:
        found.append(f"removals: {explain(removals, wanted.removals)}")
    return found


def snapshot(client: Client, log: Iterable[Logged], calls: Iterable[str], position: int) -> dict[str, str]:
    """The calls that a client's list must hold as of a position, with their statuses."""
    statuses = dict.fromkeys(calls, "INITIATED")
    for event in log:
        if event.type == "CALL_STATUS_CHANGED" and event.position <= position:
            statuses[event.object_id] = event.payload["new_status"]
    return {call: status for call, status in statuses.items() if status in client.filter["statuses"]}


def explain_list(told: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """How two lists differ."""
    names = sorted(name for name in told.keys() | wanted.keys() if told.get(name) != wanted.get(name))
    return ", ".join(f"{name} is {told.get(name)} instead of {wanted.get(name)}" for name in names[:5])


def explain(told: Sequence[Any], wanted: Sequence[Any]) -> str:
    """How two sequences differ."""
    times = Counter(told)
    missing = [one for one in wanted if one not in times]
    extra = [one for one in times if one not in set(wanted)]
    twice = [one for one, count in times.items() if count > 1]
    if not missing and not extra and not twice:
        return "the right messages in the wrong order"
    return f"missing {missing[:5]} ({len(missing)}), not in the log {extra[:5]}, more than once {twice[:5]}"


# ---------------------------------------------------------------------------------------------------- the database


async def read_log(connection: "asyncpg.Connection[Any]", place: Place) -> list[Logged]:
    """A tenant's log."""
    rows = await connection.fetch(
        "SELECT position, type, object_type, object_id, payload FROM events WHERE tenant_id = $1 ORDER BY position",
        tenant_id(place),
    )
    starts = {"Call": "call_", "CallbackRequest": "callback_request_"}
    return [
        Logged(
            row["position"],
            row["type"],
            f"{starts[row['object_type']]}{row['object_id']}",
            orjson.loads(row["payload"]),
        )
        for row in rows
    ]


def half_written(log: Sequence[Logged]) -> list[str]:
    """Transactions of writers of which the log has a part, or more than all."""
    events: dict[str, list[Logged]] = {}
    for event in log:
        if "key" in event.payload:
            events.setdefault(event.payload["key"], []).append(event)
    return [
        f"transaction {key}: {len(found)} of {found[0].payload['of']} events, at {[one.position for one in found]}"
        for key, found in events.items()
        if len(found) != found[0].payload["of"] or found[-1].position - found[0].position != len(found) - 1
    ]


def unkept(log: Sequence[Logged], acknowledged: Iterable[tuple[str, int, int]]) -> list[str]:
    """Acknowledged transactions of writers (key, position, number of events) that the log does not have."""
    by_position = {event.position: event for event in log}
    return [
        f"transaction {key} was acknowledged at {position}"
        for key, position, count in acknowledged
        if any(
            number not in by_position or by_position[number].payload.get("key") != key
            for number in range(position - count + 1, position + 1)
        )
    ]


async def contradictions(connection: "asyncpg.Connection[Any]", place: Place, log: Sequence[Logged]) -> list[str]:
    """Where the tenant's rows, counter and audit log say something else than its event log."""
    found = []
    tenant = tenant_id(place)
    positions = [event.position for event in log]
    last = await connection.fetchval("SELECT last_position FROM tenant_clock WHERE tenant_id = $1", tenant)
    if positions != list(range(1, last + 1)):
        found.append(f"the counter is at {last}, and the log has {len(positions)} positions")
    audited = await connection.fetchval("SELECT count(*) FROM audit_log_entries WHERE tenant_id = $1", tenant)
    if audited != len(log):
        found.append(f"{len(log)} events, and {audited} audit entries")
    created = Counter(event.object_id for event in log if event.type == "CALLBACK_CREATED")
    stored = await connection.fetch("SELECT id FROM callback_requests WHERE tenant_id = $1", tenant)
    if created != Counter(f"callback_request_{row['id']}" for row in stored):
        found.append(f"{created.total()} callbacks were told, and {len(stored)} are there")
    moved = Counter(event.object_id for event in log if event.type == "CALL_STATUS_CHANGED")
    statuses = {event.object_id: event.payload["new_status"] for event in log if event.type == "CALL_STATUS_CHANGED"}
    for row in await connection.fetch("SELECT id, version, status FROM calls WHERE tenant_id = $1", tenant):
        name = f"call_{row['id']}"
        if row["version"] != 1 + moved[name] or row["status"] != statuses.get(name, row["status"]):
            found.append(f"{name} is {row['status']}, version {row['version']}, after {moved[name]} events")
    return [f"tenant {tenant}: {one}" for one in found]
