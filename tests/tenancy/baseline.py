"""What tenant A was answered while it was alone: whoever moves in beside it must not change a byte of it."""

from collections.abc import Iterator

from gql.core.ids import encode_id
from gql.execution.run import Executor, dumps
from tests.tenancy.probes import Variables, by_id, relations, root_connections, rows_of
from tests.tenancy.worlds import Inhabitant, World

BY_HAND = {
    "viewer": "{ viewer { kind tenant { id name } organization { id name } user { id } apiKey { id } } }",
    "tenant": "{ tenant { id name organization { id name } } }",
    "organization": "{ organization { id name } }",
    "events": "{ events { nodes { id } gap { from to } position hasMore firstPosition lastPosition } }",
    "dealsAggregate": """{
      stages: dealsAggregate(groupBy: STAGE) { count currency sum average weightedSum stage { id name } }
      owners: dealsAggregate(groupBy: OWNER) { count currency sum average weightedSum owner { id displayName } }
    }""",
}
"""The root fields that are resolved by hand, besides `node` and `nodes`."""


def own_questions(inhabitant: Inhabitant) -> Iterator[tuple[str, str, Variables]]:
    """All that a tenant can ask about itself: name, operation and variables."""
    for probe in by_id():
        yield probe.name, probe.text, probe.variables(inhabitant)
    for connection in root_connections():
        for probe in connection.all():
            yield probe.name, probe.text, probe.variables(inhabitant)
    for each in relations():
        for number, row in enumerate(rows_of(inhabitant, each.type_name), start=1):
            yield f"{each.name} of row {number}", each.text, {"id": encode_id(each.type_name, row.id)}
    for name, text in BY_HAND.items():
        yield name, text, {}


async def remember(world: World, executor: Executor) -> None:
    """Ask everything, and keep the answers as they are on the wire."""
    for name, text, variables in own_questions(world.a):
        answer = await world.run(executor, text, variables)
        assert answer.errors == [], (name, answer.errors)
        world.baseline[name] = dumps(answer.data)
