"""What runs on the reference executor, and why: by few reasons, counted, with the operation's name in the log."""

from typing import Any, Final

import pytest
import structlog
from graphql import GraphQLObjectType, OperationType

from gql.execution import run as running
from gql.execution.fallback import Reason
from gql.execution.run import Executor
from gql.schema import schema
from resolvers.core.context import Context, Services
from tests.execution.comparison import ROOMY
from tests.execution.operations import SCHEMA, Maker, Operation
from tests.execution.population import World
from tests.execution.test_both_executors import viewer_of
from tests.support.chance import seeded

ROOTS: Final = [
    (kind.value, name)
    for kind in OperationType
    if (root := SCHEMA.get_root_type(kind)) is not None
    for name in root.fields
]


def whole(world: World, kind: str, name: str) -> Operation:
    """An operation with one root field and, over some tries, most of what it leads to."""
    root = SCHEMA.type_map[kind.capitalize()]
    assert isinstance(root, GraphQLObjectType)
    maker = Maker(seeded(f"{kind} {name}"), world, objects=40)
    field = maker._field(name, root.fields[name], 0)
    declared = f"({', '.join(maker.declared)})" if maker.declared else ""
    return Operation(f"{kind} Q{declared} {{ {field} }} {' '.join(maker.fragments)}", maker.variables)


@pytest.mark.parametrize(("kind", "name"), ROOTS, ids=str)
def test_every_root_field_has_a_plan(world: World, kind: str, name: str) -> None:
    executor = Executor(schema, ROOMY)
    operation = whole(world, kind, name)
    prepared = executor.prepare(operation.text, operation.variables, None)
    assert executor._plan(prepared) is not None, executor.fallbacks


async def fallbacks(services: Services, viewer: Any, text: str, variables: Any = None) -> tuple[dict[Any, int], Any]:
    """What an operation falls back for, and its answer."""
    executor = Executor(schema)
    context = Context(services, viewer)
    try:
        answer = await executor.answer(context, text, variables)
    finally:
        await context.close()
    return dict(executor.fallbacks), answer


@pytest.mark.parametrize(
    ("text", "variables", "reason"),
    [
        ("{ __schema { queryType { name } } }", None, Reason.INTROSPECTION),
        ('{ __type(name: "Deal") { name } }', None, Reason.INTROSPECTION),
        ('{ deal(id: "nonsense") { id } }', None, Reason.REFUSED),
        ("{ deals(first: 1, last: 1) { totalCount } }", None, Reason.REFUSED),
        ('{ deals(after: "x") { totalCount } }', None, Reason.REFUSED),
        ("query ($b: Boolean = true) { viewer { kind @skip(if: $b) __typename } }", {"b": None}, Reason.CONDITION),
    ],
)
async def test_what_a_plan_does_not_answer_is_counted_by_its_reason(
    own_services: Services, world: World, text: str, variables: Any, reason: Reason
) -> None:
    viewer = viewer_of(world, seeded(3))
    assert viewer is not None
    found, _ = await fallbacks(own_services, viewer, text, variables)
    assert found == {reason: 1}


async def test_a_missing_permission_reads_nothing_and_is_told_by_the_reference(
    own_services: Services, world: World
) -> None:
    statements: list[str] = []
    own_services.database.observers.append(statements.append)
    found, answer = await fallbacks(own_services, None, "query Who { deals { totalCount } }")
    own_services.database.observers.remove(statements.append)
    assert found == {Reason.PERMISSION: 1}
    assert [error["extensions"]["code"] for error in answer.errors] == ["UNAUTHENTICATED"]
    assert statements == []


async def test_the_log_names_the_operation_and_no_value(
    own_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = viewer_of(world, seeded(3))
    monkeypatch.setattr(running, "log", structlog.get_logger("test"))
    with structlog.testing.capture_logs() as logged:
        await fallbacks(own_services, viewer, 'query Secret { deal(id: "hunter2") { id } }')
    told = [entry for entry in logged if entry["event"] == "fallback"]
    assert [(entry["reason"], entry["operation"]) for entry in told] == [("refused", "Secret")]
    assert "hunter2" not in str(told)


async def test_a_plan_that_fails_where_the_reference_does_not_is_an_error_in_the_log(
    own_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    viewer = viewer_of(world, seeded(3))
    monkeypatch.setattr("gql.execution.planner.Plan.run", broken)
    monkeypatch.setattr(running, "log", structlog.get_logger("test"))
    with structlog.testing.capture_logs() as logged:
        found, answer = await fallbacks(own_services, viewer, "query Q { deals { totalCount } }")
    assert found == {Reason.ERROR: 1}
    assert answer.errors == []
    assert [entry["log_level"] for entry in logged if entry["event"] == "plan_failed"] == ["error"]


@pytest.mark.falls_back
async def test_a_planner_that_fails_leaves_the_operation_to_the_reference(
    own_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    viewer = viewer_of(world, seeded(3))
    monkeypatch.setattr(running, "plan_operation", broken)
    monkeypatch.setattr(running, "log", structlog.get_logger("test"))
    with structlog.testing.capture_logs():
        found, answer = await fallbacks(own_services, viewer, "{ viewer { kind } }")
    assert found == {Reason.DEFECT: 1}
    assert answer.errors == []
    assert answer.data is not None
