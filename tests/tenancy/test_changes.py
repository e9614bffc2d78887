"""No mutation touches, or refers to, what belongs to another tenant: behind both locks, and behind either alone."""

from typing import Any

import pytest

from gql.execution.run import Executor
from tests.support.schema import root_type
from tests.tenancy.changes import CASES, Case, id_fields, ids_in, named, replaced
from tests.tenancy.conftest import EnterWorld
from tests.tenancy.worlds import PROTECTED, Locks, World

REFUSED = {"NOT_FOUND", "VALIDATION_FAILED"}
STOPPED_BY_FOREIGN_KEYS = {"dealMove", "callbackAssign", "callbackStart", "callbackComplete", "callbackCancel"}


def name_of(case: Case) -> str:
    """What the test is called."""
    return case.prepare.__name__.strip("_")


def takes(case: Case) -> set[str]:
    """The fields of the input, on its first level, that take ids."""
    return {str(path[0]) for path in id_fields(root_type("Mutation").fields[case.mutation])}


async def change(world: World, executor: Executor, case: Case, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the mutation as A; the errors of its payload."""
    input_type = root_type("Mutation").fields[case.mutation].args["input"].type
    text = f"mutation ($input: {input_type}) {{ {case.mutation}(input: $input) {{ errors {{ code path }} }} }}"
    answer = await world.run(executor, text, {"input": given})
    assert answer.errors == [], answer.errors
    assert answer.data is not None
    errors: list[dict[str, Any]] = answer.data[case.mutation]["errors"]
    return errors


def test_every_input_that_takes_an_id_is_tried() -> None:
    taken = {(name, path) for name, field in root_type("Mutation").fields.items() for path in id_fields(field)}
    assert {name for name, _ in taken} == {case.mutation for case in CASES}


async def test_the_inputs_fill_in_every_id(enter: EnterWorld) -> None:
    world = await enter(Locks.BOTH, "changes")
    taken = {(name, path) for name, field in root_type("Mutation").fields.items() for path in id_fields(field)}
    filled: set[tuple[str, Any]] = set()
    for case in CASES:
        given = await case.prepare(world.store, world.a)
        filled |= {(case.mutation, named(path)) for path in ids_in(given, case.mutation)}
    assert taken - filled == set()


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.parametrize("locks", PROTECTED, ids=lambda locks: locks.value)
async def test_another_tenants_id_is_refused_and_nothing_changes_anywhere(
    enter: EnterWorld, executors: dict[str, Executor], locks: Locks, case: Case
) -> None:
    world = await enter(locks, "changes")
    own, foreign = [await case.prepare(world.store, each) for each in (world.a, world.b)]
    own["idempotencyKey"] = f"key {world.store.number()}"
    before = await world.contents()
    for path in ids_in(own, case.mutation):
        errors = await change(world, executors["planned"], case, replaced(own, path, foreign))
        assert {error["code"] for error in errors} <= REFUSED, path
        assert [error["path"] for error in errors] == [["input", *(str(part) for part in path)]]
        assert await world.contents() == before, path
    assert await change(world, executors["planned"], case, own) == []
    after = await world.contents()
    assert {tenant for tenant in after if after[tenant] != before[tenant]} == {world.a.tenant.id}


@pytest.mark.parametrize("case", [case for case in CASES if "id" in takes(case)], ids=name_of)
async def test_behind_no_lock_another_tenants_object_is_changed(
    enter: EnterWorld, executors: dict[str, Executor], case: Case
) -> None:
    """Else the refusals above could have any other reason. What writes a row of A besides meets a foreign key."""
    world = await enter(Locks.NONE, "changes")
    world.database.spared = "UPDATE tenant_clock"  # it would count on in every tenant, and have no room for the event
    own, foreign = [await case.prepare(world.store, each) for each in (world.a, world.b)]
    given = {name: value for name, value in own.items() if name not in takes(case)} | {"id": foreign["id"]}
    if case.mutation == "dealMove":
        given["stageId"] = foreign["stageId"]
    if case.mutation == "callbackAssign":
        given["insuranceAgentId"] = foreign["insuranceAgentId"]
    before = await world.contents()
    errors = await change(world, executors["planned"], case, given)
    after = await world.contents()
    if case.mutation in STOPPED_BY_FOREIGN_KEYS:
        assert [error["code"] for error in errors] == ["NOT_FOUND"]
        assert errors[0]["path"] != ["input", "id"]
        assert before == after
    else:
        assert errors == []
        assert before[world.b.tenant.id] != after[world.b.tenant.id]
