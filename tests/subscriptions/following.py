"""What tests of streams do: servers of any size, documents for the subscriptions, a client that keeps a list."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from gql.core.subscriptions import LiveObjects
from gql.execution.limits import Limits
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SubscriptionServer
from gql.subscriptions.work import Sizes
from resolvers.core.context import Services
from tests.subscriptions.support import Credentials, Server, Socket
from tests.support.schema import root_type, source_of


@contextlib.asynccontextmanager
async def serving(
    services: Services, credentials: Credentials, sizes: Sizes | None = None, limits: Limits | None = None
) -> AsyncIterator[Server]:
    """A server of its own; nothing of it may be left afterwards."""
    executor = Executor(schema, limits)
    sockets = SubscriptionServer(executor, services, credentials, sizes=sizes)
    async with Server(sockets, services, executor).running() as running:
        yield running
    assert running.sockets.dispatcher.feeds == {}


def live_objects() -> dict[str, LiveObjects]:
    """The subscriptions about objects of one type."""
    fields = root_type("Subscription").fields.items()
    return {name: source for name, field in fields if isinstance(source := source_of(field), LiveObjects)}


def document(field: str, shown: str = "id", changed: str = "oldStatus newStatus event { type changedFields }") -> str:
    """A subscription that shows all kinds of messages: `shown` of objects, `changed` of changes besides."""
    name = live_objects()[field].loader.row.__name__
    return f"""
subscription ($filter: {field[0].upper()}{field[1:]}Filter, $after: Position, $snapshot: Boolean, $first: Int) {{
  {field}(filter: $filter, after: $after, snapshot: $snapshot, snapshotFirst: $first) {{
    __typename
    ... on {name}SnapshotItem {{ object {{ {shown} }} }}
    ... on SnapshotEnd {{ position count hasMore }}
    ... on {name}Change {{ position {changed} object {{ {shown} }} }}
    ... on {name}Removal {{ position objectId }}
    ... on Gap {{ from to }}
    ... on Reconnect {{ afterMs position }}
  }}
}}
"""


async def listed(socket: Socket) -> tuple[list[Any], Any]:
    """The objects of the list that a stream sends next, and the list's end."""
    found = []
    while (message := await socket.next())["__typename"] != "SnapshotEnd":
        assert message["__typename"].endswith("SnapshotItem"), message
        found.append(message["object"])
    return found, message


async def do(socket: Socket, mutation: str, shown: str, **given: Any) -> Any:
    """Run a mutation on a socket without streams; returns its payload, which has no errors."""
    input_ = f"{mutation[0].upper()}{mutation[1:]}Input"
    text = (
        f"mutation ($input: {input_}!) {{"
        f" {mutation}(input: $input) {{ position errors {{ code message path }} {shown} {{ id }} }} }}"
    )
    payload = (await socket.answer(text, {"input": given}))["data"][mutation]
    assert payload["errors"] == []
    return payload


class Follower:
    """A client that keeps a list by the messages of a stream: objects by their ids, as it has last seen them."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.position: str | None = None
        self.positions: list[int] = []
        self.lists: list[tuple[int, dict[str, Any]]] = []

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what a message says."""
        kind = message["__typename"]
        if kind.endswith("SnapshotItem"):
            assert message["object"]["id"] not in self.objects
            self.objects[message["object"]["id"]] = message["object"]
        elif kind == "SnapshotEnd":
            self.lists.append((int(message["position"]), dict(self.objects)))
        elif kind == "Gap":
            self.objects.clear()
        elif kind.endswith("Change"):
            self.objects[message["object"]["id"]] = message["object"]
        elif kind.endswith("Removal"):
            self.objects.pop(message["objectId"], None)
        if kind == "SnapshotEnd" or kind.endswith(("Change", "Removal")):
            position = int(message["position"])
            if kind != "SnapshotEnd":
                assert position > int(self.position or 0), "no change comes twice"
                self.positions.append(position)
            self.position = message["position"]
