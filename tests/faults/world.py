"""What a run is made of: how much of everything, the tenants and their calls, and who follows what."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from db.enums.calls import CallDirection, CallStatus


@dataclass(frozen=True)
class Plan:
    """How much of everything. `seconds` is how long the writing goes on, faults all the time; the end takes more."""

    events: int = 300
    clients: int = 20
    seconds: float = 4.0
    tenants: int = 3
    calls: int = 20
    servers: int = 2
    crowds: int = 1  # processes of clients
    writers: int = 1  # processes
    mutators: int = 2
    seed: int = 1

    @classmethod
    def from_environment(cls) -> Self:
        """The short form, or what FAULT_EVENTS, FAULT_CLIENTS and FAULT_SECONDS ask for."""
        if "FAULT_EVENTS" not in os.environ:
            return cls()
        return cls(
            events=int(os.environ["FAULT_EVENTS"]),
            clients=int(os.environ["FAULT_CLIENTS"]),
            seconds=float(os.environ["FAULT_SECONDS"]),
            tenants=int(os.environ.get("FAULT_TENANTS", "40")),
            calls=20,
            servers=3,
            crowds=4,
            writers=2,
            mutators=4,
            seed=int(os.environ.get("FAULT_SEED", "1")),
        )

    @property
    def is_short(self) -> bool:
        """Whether this is the form that `test` runs."""
        return "FAULT_EVENTS" not in os.environ


@dataclass(frozen=True)
class Place:
    """A tenant: its key, and the rows that its events are about. Ids are UUIDs in hexadecimal; `contact` is global."""

    id: str
    organization_id: str
    key: str
    calls: list[str]
    contact: str


@dataclass(frozen=True)
class Client:
    """Who follows what: `field` with `filter`, in a tenant. `query` is the whole document.

    Some begin with a snapshot, and every now and then with another one; the others with the first event.
    """

    number: int
    tenant: int
    field: str
    filter: dict[str, Any]
    query: str
    has_snapshot: bool


@dataclass(frozen=True)
class World:
    """Everything that the processes of a run share, as they read it from a file."""

    plan: Plan
    tenants: list[Place]
    clients: list[Client]
    folder: str

    def save(self) -> Path:
        """Write it down."""
        path = Path(self.folder) / "world.json"
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        found = json.loads(path.read_text())
        return cls(
            Plan(**found["plan"]),
            [Place(**one) for one in found["tenants"]],
            [Client(**one) for one in found["clients"]],
            found["folder"],
        )

    @property
    def ports(self) -> Path:
        """The file with the ports of the servers that run, as JSON."""
        return Path(self.folder) / "ports.json"


CALLS: Final = """
subscription ($filter: CallStatusChangedFilter, $after: Position, $snapshot: Boolean! = false) {
  changes: callStatusChanged(filter: $filter, after: $after, snapshot: $snapshot) {
    __typename
    ... on CallSnapshotItem { object { id status } }
    ... on SnapshotEnd { position }
    ... on CallChange { position newStatus %s }
    ... on CallRemoval { position }
    ... on Gap { from to }
    ... on Reconnect { afterMs position }
  }
}
"""
CALLBACKS: Final = """
subscription ($filter: CallbackChangedFilter, $after: Position) {
  changes: callbackChanged(filter: $filter, after: $after) {
    __typename
    ... on CallbackRequestChange { position newStatus object { id number contact { fullName } } }
    ... on CallbackRequestRemoval { position }
    ... on Gap { from to }
    ... on Reconnect { afterMs position }
  }
}
"""
NESTED: Final = "event { type objectId } object { id status contact { fullName } }"
STATUSES: Final = [CallStatus.RINGING, CallStatus.ANSWERED]


def client(number: int, tenants: list[Place], call_ids: Mapping[int, str]) -> Client:
    """A client of one of six kinds, in turn."""
    tenant = number % len(tenants)
    statuses = [status.value for status in STATUSES]
    kinds: list[tuple[str, dict[str, Any], str, bool]] = [
        ("calls", {}, CALLS % "", False),
        ("calls", {"callId": call_ids[tenant]}, CALLS % NESTED, False),
        ("calls", {"statuses": statuses}, CALLS % "", True),
        ("calls", {"direction": CallDirection.OUTBOUND.value}, CALLS % NESTED, False),
        ("calls", {"statuses": statuses}, CALLS % "", False),
        ("callbacks", {}, CALLBACKS, False),
    ]
    return Client(number, tenant, *kinds[number // len(tenants) % len(kinds)])


def tenant_id(place: Place) -> UUID:
    """The id of a tenant."""
    return UUID(place.id)
