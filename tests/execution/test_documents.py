"""The cache of documents: what it keeps, what it weighs, and what new documents cost whoever sends them."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from db.enums.events import ActorKind
from gql.execution.cold import Budget, TooManyNewDocuments
from gql.execution.documents import MAX_BYTES, MAX_ENTRIES, MAX_PLANS, Documents, ValidationFailed, forget_tokens
from gql.execution.limits import Limits, TooComplex
from gql.execution.run import Executor
from gql.schema import schema
from resolvers.core.bounded import Bounded
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer


@pytest.fixture
def documents() -> Documents:
    """An empty cache."""
    return Documents(schema._schema, Limits())


def test_a_document_is_made_once_and_known_by_its_text(documents: Documents) -> None:
    text = "{ viewer { kind } }"
    assert documents.known(text) is None
    made = documents.make(text)
    assert documents.known(text) is made


def test_a_document_that_does_not_fit_the_schema_is_refused_from_memory(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "{ viewer { kind nothing } }"
    with pytest.raises(ValidationFailed) as first:
        documents.make(text)
    with pytest.raises(ValidationFailed) as second:
        documents.known(text)
    assert [error.message for error in second.value.errors] == [error.message for error in first.value.errors]
    assert second.value.errors[0].locations == first.value.errors[0].locations


def test_the_cache_ends_by_number_and_by_weight(documents: Documents) -> None:
    for number in range(MAX_ENTRIES + 50):
        documents.make(f"{{ a{number}: viewer {{ kind }} }}")
    assert len(documents.cached) <= MAX_ENTRIES
    assert documents.cached.bytes <= MAX_BYTES
    assert documents.known("{ a0: viewer { kind } }") is None
    assert documents.known(f"{{ a{MAX_ENTRIES + 49}: viewer {{ kind }} }}") is not None


def test_what_was_used_last_stays_longest() -> None:
    cache: Bounded[str, int] = Bounded(10, 100)
    cache.put("a", 1, 40)
    cache.put("b", 2, 40)
    assert cache.get("a") == 1
    cache.put("c", 3, 40)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    cache.put("c", 4, 60)
    assert (len(cache), cache.bytes) == (2, 100)


def test_a_single_entry_may_weigh_more_than_all_should() -> None:
    cache: Bounded[str, int] = Bounded(10, 100)
    cache.put("a", 1, 500)
    assert cache.get("a") == 1
    cache.put("b", 1, 1)
    assert (cache.get("a"), cache.bytes) == (None, 1)


def test_plans_weigh_too_and_are_as_many_as_are_worth_it() -> None:
    executor = Executor(schema)
    names = [f"b{number}" for number in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: title @include(if: ${name})" for name in names)
    text = f"query ({declared}) {{ deals {{ nodes {{ id {fields} }} }} }}"
    document = executor._documents.make(text)
    before = executor._documents.cached.bytes
    for number in range(2**6):
        prepared = executor.prepare(text, {name: bool(number >> place & 1) for place, name in enumerate(names)}, None)
        assert executor._plan(prepared) is not None
    assert len(document.plans) == MAX_PLANS
    assert executor._documents.cached.bytes > 2 * before


def test_tokens_are_forgotten_and_positions_are_not(documents: Documents) -> None:
    node = documents.make("{ viewer { kind } }").node
    assert node.loc is not None
    assert (node.loc.start, node.loc.end) == (0, 19)
    assert vars_of(node.loc)["start_token"] is None
    assert forget_tokens(node) == 8  # document, operation, two fields with their names, two selections


def vars_of(location: Any) -> dict[str, Any]:
    """The attributes of a location, which graphql-core never expects to lack a token."""
    return {name: getattr(location, name) for name in location.__slots__}


REPEATED: list[Callable[[int], str]] = [
    lambda times: f"{{ viewer {{ {'kind ' * times} }} }}",
    lambda times: f"{{ deals {{ {'nodes { id } ' * (times // 2)} }} }}",
    lambda times: f"{{ viewer {{ {'... on Viewer { kind } ' * (times // 2)} }} }}",
    lambda times: (
        f"{{ viewer {{ {' '.join(f'...F{number}' for number in range(times // 3))} }} }} "
        + " ".join(f"fragment F{number} on Viewer {{ kind permissions }}" for number in range(times // 3))
    ),
]


@pytest.mark.parametrize("make", REPEATED)
def test_what_validation_would_compare_for_seconds_is_refused(documents: Documents, make: Callable[[int], str]) -> None:
    with pytest.raises(TooComplex):
        documents.make(make(1_200))
    documents.make(make(30))


def test_a_payer_runs_out_of_budget_and_gets_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    budget = Budget(burst=2.0, refill=0.5)
    budget.check("a")
    budget.charge("a", 3.0)
    with pytest.raises(TooManyNewDocuments):
        budget.check("a")
    budget.check("b")
    now += 3
    budget.check("a")
    assert budget.left("a") == 0.5
    now += 100
    assert budget.left("a") == 2.0


async def test_who_sends_ever_new_documents_is_slowed_down_and_others_are_not(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Executor(schema)
    executor._budget = Budget(burst=1e-6, refill=0.0)  # less than any document costs, on any machine

    def context_of(tenant: int) -> Context:
        identity = UUID(int=tenant)
        viewer = Viewer(ActorKind.API_KEY, identity, identity, identity, identity, None, frozenset())
        return Context(services, viewer)

    codes = []
    for number in range(30):
        answer = await executor.answer(context_of(1), f"{{ a{number}: viewer {{ kind }} }}")
        codes += [error["extensions"]["code"] for error in answer.errors]
    assert set(codes) == {"RATE_LIMITED"}
    assert (await executor.answer(context_of(1), "{ a0: viewer { kind } }")).errors == []  # it is known
    assert (await executor.answer(context_of(2), "{ other: viewer { kind } }")).errors == []
