"""Operations made up at random answer the same by their plan and on graphql-core, whoever asks, whatever goes wrong.

EXECUTOR_CASES sets how many are tried (`prove executors` does); each test stops after EXECUTOR_SECONDS at the latest.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.enums.events import ActorKind
from gql.execution.fallback import Reason
from resolvers.core.context import Services
from resolvers.core.viewer import Viewer
from resolvers.rules.access import PERMISSIONS, SYSTEM_ROLES
from tests.execution.comparison import Pair, Refused
from tests.execution.faults import bent
from tests.execution.operations import Maker, Operation
from tests.execution.payloads import message, outcomes
from tests.execution.population import World
from tests.support.chance import seeded

CASES: Final = int(os.environ.get("EXECUTOR_CASES", "0"))  # 0: the few of every test run, the same each time
Test = TypeVar("Test", bound=Callable[..., Any])
SECONDS: Final = float(os.environ.get("EXECUTOR_SECONDS", "12"))
GIVEN_BY_CLIENTS: Final = {Reason.PERMISSION, Reason.REFUSED}


def tried(share: int) -> Callable[[Test], Test]:
    """The settings of a test: its cases are `share` in a run of all tests, or its share of EXECUTOR_CASES."""
    return settings(
        max_examples=max(1, CASES * share // 750) if CASES else share,
        derandomize=not CASES,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Tally:
    """What a test has tried so far."""

    began: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)

    def is_over(self) -> bool:
        """Whether the time is up; what is left of the cases passes then."""
        return not CASES and time.monotonic() - self.began > SECONDS


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """The tally of each test."""
    return {}


# Random itself decides: hypothesis draws where it begins and how much there may be, and makes that smaller.
seeds = st.tuples(st.integers(0, 2**48), st.integers(0, 14), st.integers(1, 3))


async def compare(
    services: Services,
    operation: Operation,
    viewer: Viewer | None,
    tally: Tally,
    *,
    root: Any = None,
    settled: Callable[[], dict[str, Any]] = dict,
    is_bent: bool = False,
) -> None:
    """Run it both ways. Fails on a difference, and where nothing went wrong and the plan was of no use all the same."""
    pair = Pair(services)
    try:
        with structlog.testing.capture_logs() as logged:
            difference = await pair.difference(operation, viewer, root=root, settled=settled)
    except Refused:
        tally.counts["refused"] += 1
        return
    assert difference is None, f"{difference}\n{operation.text}\n{operation.variables}"
    unexpected = pair.executor.fallbacks.keys() - GIVEN_BY_CLIENTS
    assert is_bent or not unexpected, f"{unexpected} {logged}\n{operation.text}\n{operation.variables}"
    tally.counts["fell back" if pair.executor.fallbacks else "planned"] += 1
    assert services.database.in_use == 0, f"a connection is still out\n{operation.text}"


def viewer_of(world: World, rnd: Random) -> Viewer | None:
    """Somebody: who may do all, has one of the roles, lacks something, or is nobody."""
    kind = rnd.choices(["all", "role", "lacking", "nobody"], [70, 15, 12, 3])[0]
    if kind == "nobody":
        return None
    held = set(PERMISSIONS)
    if kind == "role":
        held = set(SYSTEM_ROLES[rnd.choice(list(SYSTEM_ROLES))].permissions)
    elif kind == "lacking":
        held -= set(rnd.sample(sorted(held), 4))
    user = rnd.choice(world.rows["users"])["id"]
    key = rnd.choice(world.rows["api_keys"])["id"]
    is_user = rnd.random() < 0.5
    return Viewer(
        kind=ActorKind.USER if is_user else ActorKind.API_KEY,
        actor_id=user if is_user else key,
        credential_id=UUID(int=1),
        organization_id=world.tenant.organization_id,
        tenant_id=world.tenant.id,
        user_id=user if is_user else None,
        permissions=frozenset(held),
    )


@tried(300)
@given(seeds)
async def test_queries_answer_the_same(
    own_services: Services, world: World, tallies: dict[str, Tally], seed: tuple[int, int, int]
) -> None:
    tally = tallies.setdefault("queries", Tally())
    if tally.is_over():
        return
    rnd = seeded(seed[0])
    operation = Maker(rnd, world, objects=seed[1]).operation(root_fields=seed[2])
    await compare(own_services, operation, viewer_of(world, rnd), tally)


@pytest.mark.falls_back
@tried(200)
@given(seeds)
async def test_what_goes_wrong_goes_wrong_the_same_way(
    own_services: Services, world: World, tallies: dict[str, Tally], seed: tuple[int, int, int]
) -> None:
    tally = tallies.setdefault("faults", Tally())
    if tally.is_over():
        return
    rnd = seeded(seed[0])
    operation = Maker(rnd, world, objects=seed[1]).operation(root_fields=seed[2])
    viewer = viewer_of(world, rnd)
    with bent(rnd, operation.text):
        await compare(own_services, operation, viewer, tally, is_bent=True)


@tried(150)
@given(seeds)
async def test_mutations_show_the_same(
    own_services: Services, world: World, tallies: dict[str, Tally], seed: tuple[int, int, int]
) -> None:
    tally = tallies.setdefault("mutations", Tally())
    if tally.is_over():
        return
    rnd = seeded(seed[0])
    operation = Maker(rnd, world, objects=seed[1]).operation("mutation", seed[2])
    viewer = viewer_of(world, rnd)
    came = outcomes(rnd, world, operation.text)
    has_failed = any(isinstance(outcome, Exception) for outcome in came.values())
    await compare(own_services, operation, viewer, tally, settled=lambda: dict(came), is_bent=has_failed)


@tried(100)
@given(seeds)
async def test_streams_show_the_same(
    own_services: Services, world: World, tallies: dict[str, Tally], seed: tuple[int, int, int]
) -> None:
    tally = tallies.setdefault("streams", Tally())
    if tally.is_over():
        return
    rnd = seeded(seed[0])
    operation = Maker(rnd, world, objects=seed[1]).operation("subscription", 1)
    viewer = viewer_of(world, rnd)
    if viewer is not None:  # a stream is opened by somebody, and its messages are for nobody else
        await compare(own_services, operation, viewer, tally, root=message(rnd, world, operation.text))


def test_enough_was_tried(tallies: dict[str, Tally]) -> None:
    print({name: dict(tally.counts) for name, tally in tallies.items()})  # noqa: T201  # shown by prove
    for name, tally in tallies.items():
        assert tally.counts["planned"] > tally.counts["refused"], name
