"""The world that operations are generated for has what they need."""

from tests.execution.population import World, node_type_names


def test_most_types_have_several_objects(world: World) -> None:
    few = {name: len(world.of_type(name)) for name in node_type_names() if len(world.of_type(name)) < 3}
    assert few == {"Organization": 1, "Tenant": 1, "User": 2}
