"""What tenant A reads shows nothing of tenant B, nor of A's twin: behind both locks, and behind either alone.

Behind neither, every question of these tests shows something of them: so each of them can fail.
"""

from collections import defaultdict
from collections.abc import Iterable

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from db.contacts import Account
from gql.core.fields import RootMany, RootOne
from gql.core.ids import encode_id
from gql.execution.run import Answer, Executor, dumps
from tests.support.schema import fields_from, node_types, root_type
from tests.tenancy.baseline import BY_HAND, own_questions
from tests.tenancy.conftest import EnterWorld
from tests.tenancy.probes import (
    Probe,
    by_id,
    found_nothing,
    related_connections,
    relations,
    root_connections,
    rows_of,
)
from tests.tenancy.worlds import PROTECTED, Locks, World, connect

behind_each_lock = pytest.mark.parametrize(
    ("executor", "locks"),
    [*(("planned", locks) for locks in PROTECTED), ("reference", Locks.CRITERION)],  # the database sees no difference
    ids=lambda value: value.value if isinstance(value, Locks) else value,
)


async def shown(world: World, executor: Executor, probes: Iterable[Probe]) -> dict[str, list[str]]:
    """What A is shown for the values of the others, by the names of the probes: their marks, or anything at all."""
    seen: dict[str, list[str]] = defaultdict(list)
    for probe in probes:
        own = probe.variables(world.a)
        for inhabitant in world.others.values():
            variables = probe.variables(inhabitant)
            if variables == own:
                continue  # the twin's ids are A's: what A is shown for its own values is compared elsewhere
            answer = await world.run(executor, probe.text, variables)
            seen[probe.name] += world.leaks(answer.data) + answer_codes(answer)
            if probe.is_private(inhabitant) and not found_nothing(answer.data):
                seen[probe.name].append("something")
    return {name: marks for name, marks in seen.items() if marks}


def answer_codes(answer: Answer) -> list[str]:
    """The codes of the errors: the others' values are refused nowhere, they just find nothing."""
    return [error["extensions"]["code"] for error in answer.errors]


def all_probes() -> list[Probe]:
    """Every root field that takes an id, and every root connection in every way it can be asked."""
    probes = list(by_id())
    for connection in root_connections():
        probes += connection.all()
    return probes


def test_the_world_has_a_row_of_every_type_and_asks_every_root_field() -> None:
    query = root_type("Query")
    others = set(query.fields) - set(fields_from(query, RootOne, RootMany)) - {"node", "nodes"}
    assert others == set(BY_HAND)


async def test_every_foreign_key_of_the_world_is_set(enter: EnterWorld) -> None:
    world = await enter(Locks.BOTH)
    for inhabitant in (world.a, *world.others.values()):
        assert set(node_types()) <= set(inhabitant.rows)
        open_ends = [
            f"{key}.{element.parent.name}"
            for key, row in inhabitant.rows.items()
            if " " not in key and hasattr(row, "tenant_id")
            for constraint in row.__table__.foreign_key_constraints
            for element in constraint.elements
            if getattr(row, element.parent.name) is None
        ]
        assert open_ends == []
    assert {key: row.id for key, row in world.a.rows.items() if hasattr(row, "tenant_id")} == {
        key: row.id for key, row in world.twin.rows.items() if hasattr(row, "tenant_id")
    }


async def test_a_lock_is_off_when_it_is_said_to_be(enter: EnterWorld) -> None:
    for locks in Locks:
        world = await enter(locks)
        connection = await connect(world.addresses.app)
        tenants = await connection.fetchval("SELECT count(DISTINCT tenant_id) FROM contacts")
        await connection.close()
        assert tenants == (0 if locks.has_row_level_security else 3)
        world.database.blinded.clear()
        async with world.database.reads(world.a.tenant.id) as reads:  # as a plan reads, and as the reference does
            await reads.fetch("SELECT count(*) FROM contacts WHERE contacts.tenant_id = $1", [world.a.tenant.id])
            await reads.rows(select(Account.id))
        statements = " ".join(world.database.blinded)
        for criterion in ("(contacts.tenant_id = $1 OR true)", "(accounts.tenant_id = $1::UUID OR true)"):
            assert (criterion in statements) == (not locks.has_criterion)


@behind_each_lock
async def test_no_id_of_another_tenant_leads_anywhere(
    enter: EnterWorld, executors: dict[str, Executor], executor: str, locks: Locks
) -> None:
    assert await shown(await enter(locks), executors[executor], by_id()) == {}


@behind_each_lock
async def test_no_list_shows_another_tenants_rows_however_it_is_asked(
    enter: EnterWorld, executors: dict[str, Executor], executor: str, locks: Locks
) -> None:
    """In every order, searched, by every filter of ids and of texts, behind every cursor."""
    assert await shown(await enter(locks), executors[executor], all_probes()) == {}


async def test_what_is_asked_about_others_finds_the_tenants_own(enter: EnterWorld) -> None:
    world = await enter(Locks.BOTH)
    probes = [probe for probe in all_probes() if probe.finds is not None]
    assert [
        probe.name
        for probe in probes
        if probe.finds is not None and str(probe.finds(world.a)).encode() not in world.baseline[probe.name]
    ] == []


@behind_each_lock
async def test_every_answer_is_what_it_was_before_others_moved_in(
    enter: EnterWorld, executors: dict[str, Executor], executor: str, locks: Locks
) -> None:
    """Lists, counts, sums, cursors, and every relation of every type two levels deep: byte for byte."""
    world = await enter(locks)
    assert await differing(world, executors[executor]) == {}
    assert len(world.baseline) > 500


async def differing(world: World, executor: Executor) -> dict[str, list[str]]:
    """The questions of A about itself that are answered otherwise than when A was alone, with the marks they show."""
    changed: dict[str, list[str]] = {}
    for name, text, variables in own_questions(world.a):
        answer = await world.run(executor, text, variables)
        marks = world.leaks(answer.data) + answer_codes(answer)
        if marks or dumps(answer.data) != world.baseline[name]:
            changed[name] = marks
    return changed


@behind_each_lock
async def test_no_relation_leads_to_another_tenant_however_it_is_asked(
    enter: EnterWorld, executors: dict[str, Executor], executor: str, locks: Locks
) -> None:
    world = await enter(locks)
    assert await led_astray(world, executors[executor]) == {}


async def led_astray(world: World, executor: Executor) -> dict[str, list[str]]:
    """The relations of A's rows that, filtered or searched by the others' values, show something of them."""
    seen: dict[str, list[str]] = {}
    for parent, connection in related_connections():
        for probe in connection.selected():
            for inhabitant in world.others.values():
                for row in rows_of(world.a, parent):
                    variables = {"id": encode_id(parent, row.id), **probe.variables(inhabitant)}
                    answer = await world.run(executor, probe.text, variables)
                    if marks := world.leaks(answer.data) + answer_codes(answer):
                        seen.setdefault(connection.name, []).extend(marks)
    return seen


@behind_each_lock
async def test_sums_are_of_the_tenants_own_deals(
    enter: EnterWorld, executors: dict[str, Executor], executor: str, locks: Locks
) -> None:
    world = await enter(locks)
    filters = {"contactId": "Contact", "pipelineId": "Pipeline", "stageId": "PipelineStage", "ownerId": "User"}
    text = "query ($filter: DealFilter) { dealsAggregate(groupBy: STAGE, filter: $filter) { count } }"
    for name, type_name in filters.items():
        for inhabitant, expected in ((world.a, [{"count": 1}]), (world.b, [])):
            wanted = {name: {"eq": encode_id(type_name, inhabitant.rows[type_name].id)}}
            answer = await world.run(executors[executor], text, {"filter": wanted})
            assert answer.errors == []
            assert answer.data == {"dealsAggregate": expected}, name


async def test_every_relation_leads_somewhere(enter: EnterWorld) -> None:
    """Else the tests above would follow relations that show nothing anyway."""
    world = await enter(Locks.BOTH)
    answers: dict[str, bytes] = defaultdict(bytes)
    for name, answer in world.baseline.items():
        if " of row " in name:
            answers[name.rsplit(" of row ", 1)[0]] += answer
    empty = [name for name, answer in answers.items() if b'"createdAt"' not in answer]
    assert empty == []


async def test_behind_no_lock_every_question_shows_somebody_else(
    enter: EnterWorld, executors: dict[str, Executor]
) -> None:
    world, executor = await enter(Locks.NONE), executors["planned"]
    probes = [probe for probe in all_probes() if not is_of_reference_rows(probe)]
    asked = {connection.name for _, connection in related_connections() if connection.is_selective}
    with capture_logs():  # some statements fail outright when ids are not unique: tracebacks by the hundred
        seen = await shown(world, executor, probes)
        changed = await differing(world, executor)
        astray = await led_astray(world, executor)
    assert {probe.name for probe in probes} - set(seen) - set(changed) == set()
    followed = {each.name for each in relations()}
    assert followed - {name.rsplit(" of row ", 1)[0] for name in changed} == {"Tenant.organization"}
    assert {"dealsAggregate"} <= set(changed)
    assert asked - set(astray) == set()


async def test_behind_no_lock_the_reference_shows_somebody_else_too(
    enter: EnterWorld, executors: dict[str, Executor]
) -> None:
    probes = [probe for probe in by_id() if not is_of_reference_rows(probe)]
    seen = await shown(await enter(Locks.NONE), executors["reference"], probes)
    assert {probe.name for probe in probes} - set(seen) == set()


def is_of_reference_rows(probe: Probe) -> bool:
    """Tenants and organizations have no tenant to lock them by: their own source names the viewer's."""
    return probe.name.endswith((" Tenant", " Organization"))
