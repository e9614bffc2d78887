"""The verdict on a run: whatever a client could be told wrongly is noticed."""

from typing import Any

import pytest

from tests.faults import verdict
from tests.faults.verdict import Logged
from tests.faults.world import Client

FOLLOWED = ["RINGING", "ANSWERED"]
CALL = "call_1"


def moved(position: int, before: str, after: str, key: str = "k", of: int = 1) -> Logged:
    payload = {"old_status": before, "new_status": after, "direction": "INBOUND", "key": key, "of": of}
    return Logged(position, "CALL_STATUS_CHANGED", CALL, payload)


LOG = [
    moved(1, "INITIATED", "RINGING"),
    moved(2, "RINGING", "ANSWERED"),
    Logged(3, "CALLBACK_CREATED", "callback_request_1", {"old_status": None, "new_status": "PENDING"}),
    moved(4, "ANSWERED", "BUSY"),
    moved(5, "BUSY", "RINGING"),
]
RIGHT: dict[str, Any] = {
    "start": 0,
    "items": {},
    "changes": [[1, "RINGING"], [2, "ANSWERED"], [5, "RINGING"]],
    "removals": [4],
}


def follower(number: int = 1, *, has_snapshot: bool = False) -> Client:
    return Client(number, 0, "calls", {"statuses": FOLLOWED}, "", has_snapshot)


def told(*stretches: dict[str, Any], wrong: list[str] | None = None) -> dict[str, Any]:
    return {"stretches": list(stretches), "wrong": wrong or []}


def test_what_the_log_has_is_expected_of_each_client() -> None:
    assert verdict.expected(follower(), LOG) == verdict.Expected([(1, "RINGING"), (2, "ANSWERED"), (5, "RINGING")], [4])
    callbacks = Client(0, 0, "callbacks", {}, "", has_snapshot=False)
    assert verdict.expected(callbacks, LOG) == verdict.Expected([(3, "PENDING")], [])
    assert verdict.differences(follower(), told(RIGHT), LOG, [CALL]) == []


@pytest.mark.parametrize(
    "stretch",
    [
        {"changes": [[1, "RINGING"], [5, "RINGING"]]},
        {"changes": [[1, "RINGING"], [2, "ANSWERED"]]},
        {"changes": [[1, "RINGING"], [2, "ANSWERED"], [2, "ANSWERED"], [5, "RINGING"]]},
        {"changes": [[2, "ANSWERED"], [1, "RINGING"], [5, "RINGING"]]},
        {"changes": [[1, "RINGING"], [2, "RINGING"], [5, "RINGING"]]},
        {"changes": [[1, "RINGING"], [2, "ANSWERED"], [5, "RINGING"], [6, "BUSY"]]},
        {"removals": []},
        {"removals": [4, 4]},
        {"start": None},
    ],
)
def test_each_mistake_is_noticed(stretch: dict[str, Any]) -> None:
    assert verdict.differences(follower(), told(RIGHT | stretch), LOG, [CALL])


def test_what_a_client_met_on_its_way_is_told() -> None:
    assert verdict.differences(follower(), told(RIGHT, wrong=["a gap"]), LOG, [CALL])


def test_a_removal_may_come_again_only_to_who_came_back_before_it() -> None:
    twice = told(RIGHT | {"removals": [4, 4]})
    assert verdict.differences(follower(2), twice, LOG, [CALL]) == []
    assert verdict.differences(follower(3), twice, LOG, [CALL])


def test_a_snapshot_is_compared_with_the_log_as_of_its_position() -> None:
    client = follower(has_snapshot=True)
    cut: dict[str, Any] = {"start": None, "items": {}, "changes": [], "removals": []}
    given_up = {"start": 1, "items": {CALL: "RINGING"}, "changes": [[2, "ANSWERED"]], "removals": []}
    last = {"start": 4, "items": {}, "changes": [[5, "RINGING"]], "removals": []}
    assert verdict.differences(client, told(cut, given_up, last), LOG, [CALL]) == []
    for wrong in (
        last | {"items": {CALL: "BUSY"}},
        last | {"changes": []},
        last | {"start": 3},
    ):
        assert verdict.differences(client, told(given_up, wrong), LOG, [CALL]), wrong
    for wrong in (given_up | {"items": {}}, given_up | {"changes": [[2, "ANSWERED"], [5, "RINGING"]]}):
        assert verdict.differences(client, told(wrong, last), LOG, [CALL]), wrong


def test_half_a_transaction_is_noticed() -> None:
    whole = [moved(1, "INITIATED", "RINGING", "a", 2), moved(2, "RINGING", "BUSY", "a", 2)]
    assert verdict.half_written(whole) == []
    assert verdict.half_written(whole[:1])
    assert verdict.half_written([*whole, moved(3, "BUSY", "FAILED", "a", 2)])
    apart = [whole[0], moved(2, "RINGING", "BUSY", "b"), moved(3, "BUSY", "FAILED", "a", 2)]
    assert verdict.half_written(apart)


def test_what_was_acknowledged_and_is_not_there_is_noticed() -> None:
    log = [moved(1, "INITIATED", "RINGING", "a", 2), moved(2, "RINGING", "BUSY", "a", 2)]
    assert verdict.unkept(log, [("a", 2, 2)]) == []
    assert verdict.unkept(log, [("b", 3, 1)])
    assert verdict.unkept(log, [("b", 2, 1)])
    assert verdict.unkept(log[1:], [("a", 2, 2)])
