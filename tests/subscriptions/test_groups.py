"""Who shares an execution: the key of a group."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from db.enums.events import ActorKind
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions.opening import Asked, group_key
from resolvers.core.errors import BadUserInput
from resolvers.core.viewer import Viewer

EXECUTOR = Executor(schema)
FIELD = "callStatusChanged(after: $after, filter: $filter) { __typename }"
PLAIN = f"subscription ($after: Position, $filter: CallStatusChangedFilter) {{ {FIELD} }}"
SPREAD = (
    "subscription ($after: Position, $filter: CallStatusChangedFilter) { ...root }"
    f" fragment root on Subscription {{ ... on Subscription {{ {FIELD} }} }}"
)
TWICE = f"subscription ($after: Position, $filter: CallStatusChangedFilter) {{ {FIELD} {FIELD} }}"
ELSEWHERE = """
subscription ($after: String) {
  callStatusChanged { ... on CallChange { object { activities(after: $after) { nodes { id } } } } }
}
"""


def viewer(number: int = 1, permissions: frozenset[str] = frozenset({"call:read"})) -> Viewer:
    return Viewer(ActorKind.USER, UUID(int=number), UUID(int=number), UUID(int=9), UUID(int=9), None, permissions)


def key(
    query: str, variables: dict[str, Any] | None = None, who: Viewer | None = None, name: str | None = None
) -> Hashable:
    return group_key(Asked(query, EXECUTOR.prepare(query, variables, name)), who or viewer())


@pytest.mark.parametrize("query", [PLAIN, SPREAD, TWICE])
def test_where_a_client_begins_does_not_part_it_from_the_others(query: str) -> None:
    same = {key(query, variables) for variables in ({"after": "1"}, {"after": "20"}, {}, {"unused": True})}
    assert len(same) == 1


def test_what_a_client_is_sent_does() -> None:
    keys = {
        key(PLAIN),
        key(SPREAD),
        key(PLAIN, {"filter": {}}),
        key(PLAIN, {"filter": {"statuses": ["BUSY"]}}),
        key(PLAIN, {"filter": {"statuses": ["FAILED"]}}),
        key(PLAIN, None, viewer(permissions=frozenset({"call:read", "contact:read"}))),
    }
    assert len(keys) == 6


def test_viewers_who_may_see_the_same_share() -> None:
    assert key(PLAIN, None, viewer(1)) == key(PLAIN, None, viewer(2))


def test_the_order_of_variables_does_not_matter() -> None:
    one = {"filter": {"statuses": ["BUSY"], "direction": "INBOUND"}, "after": "1"}
    other = {"after": "2", "filter": {"direction": "INBOUND", "statuses": ["BUSY"]}}
    assert key(PLAIN, one) == key(PLAIN, other)


def test_a_variable_that_is_used_elsewhere_counts_whatever_its_name() -> None:
    assert key(ELSEWHERE, {"after": "a"}) != key(ELSEWHERE, {"after": "b"})


def test_the_operation_counts() -> None:
    two = "subscription a { callStatusChanged { __typename } } subscription b { callbackChanged { __typename } }"
    assert key(two, name="a") != key(two, name="b")


def test_variables_too_deep_to_be_compared_are_refused() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    prepared = EXECUTOR.prepare(PLAIN, None, None)
    own, other = (replace(prepared, given={name: deep}) for name in ("after", "filter"))
    assert group_key(Asked(PLAIN, own), viewer()) == key(PLAIN)
    with pytest.raises(BadUserInput):
        group_key(Asked(PLAIN, other), viewer())
