"""Reports of a call: whatever their order and repetitions, the call comes to the same end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.calls import CallDirection, CallStatus
from resolvers.rules.calls import (
    LIVE_STATUSES,
    CallReport,
    CallState,
    Report,
    apply_report,
    is_final,
    is_over_limit,
    still_open,
)

T0 = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ENDS = [status for status in CallStatus if is_final(status)]

RECORDED = [
    Report(CallStatus.INITIATED, T0),
    Report(CallStatus.RINGING, T0 + timedelta(seconds=2)),
    Report(CallStatus.ANSWERED, T0 + timedelta(seconds=7)),
    Report(CallStatus.COMPLETED, T0 + timedelta(seconds=67), duration_seconds=60),
]


def after(reports: list[Report], state: CallState | None = None) -> CallState:
    """The call after these reports, in this order."""
    end = reduce(lambda so_far, report: apply_report(so_far, report).after, reports, state)
    assert end is not None
    return end


@st.composite
def shuffled_with_repeats(draw: st.DrawFn, reports: list[Report]) -> list[Report]:
    """All the reports, some of them more than once, in any order."""
    repeats = draw(st.lists(st.sampled_from(reports), max_size=8))
    return draw(st.permutations(reports + repeats))


@st.composite
def sequences(draw: st.DrawFn) -> list[Report]:
    """Live states and at most one end, each reported once, at times that need not make sense."""
    live = draw(st.lists(st.sampled_from(LIVE_STATUSES), unique=True))
    end = draw(st.lists(st.sampled_from(ENDS), max_size=1))
    seconds = st.integers(0, 600)
    reports = [
        Report(status, T0 + timedelta(seconds=draw(seconds)), draw(st.none() | seconds)) for status in [*live, *end]
    ]
    return reports or [Report(CallStatus.FAILED, T0)]


def test_a_call_that_is_reported_in_order_goes_through_every_state() -> None:
    state: CallState | None = None
    seen = []
    for report in RECORDED:
        change = apply_report(state, report)
        assert change.is_status_changed
        seen.append((change.old_status, change.new_status))
        state = change.after
    statuses = [report.status for report in RECORDED]
    assert seen == list(zip([None, *statuses], statuses, strict=False))
    assert state == CallState(CallStatus.COMPLETED, RECORDED[0].at, RECORDED[1].at, RECORDED[2].at, RECORDED[3].at, 60)


@given(shuffled_with_repeats(RECORDED))
def test_any_shuffle_with_repeats_of_a_recorded_sequence_ends_the_same(reports: list[Report]) -> None:
    assert after(reports) == after(RECORDED)


@given(sequences().flatmap(lambda reports: st.tuples(st.just(reports), shuffled_with_repeats(reports))))
def test_any_sequence_with_one_end_ends_the_same_in_any_order(
    pair: tuple[list[Report], list[Report]],
) -> None:
    in_order, shuffled = pair
    assert after(shuffled) == after(in_order)


@given(
    shuffled_with_repeats(
        [
            *RECORDED,
            Report(CallStatus.FAILED, T0 + timedelta(seconds=50)),
            Report(CallStatus.CANCELLED, T0 + timedelta(seconds=3)),
        ]
    )
)
def test_of_conflicting_ends_the_first_received_wins_and_the_rest_is_the_same(reports: list[Report]) -> None:
    first_end = next(report for report in reports if is_final(report.status))
    end = after(reports)
    assert (end.status, end.ended_at) == (first_end.status, first_end.at)
    assert (end.initiated_at, end.ringing_at, end.answered_at) == tuple(report.at for report in RECORDED[:3])


def test_a_late_report_only_fills_its_timestamp() -> None:
    ended = after([RECORDED[0], RECORDED[3]])
    change = apply_report(ended, RECORDED[2])
    assert not change.is_status_changed
    assert change.values == {"answered_at": RECORDED[2].at}


def test_a_repeated_report_changes_nothing() -> None:
    state = after(RECORDED)
    for report in RECORDED:
        later = Report(report.status, report.at + timedelta(hours=1), 999)
        assert not apply_report(state, report).is_changed
        assert not apply_report(state, later).is_changed


def test_a_call_whose_end_alone_is_reported_is_known_by_it() -> None:
    change = apply_report(None, RECORDED[3])
    assert change.old_status is None
    assert change.is_status_changed
    assert change.values == {
        "status": CallStatus.COMPLETED,
        "initiated_at": RECORDED[3].at,
        "ringing_at": None,
        "answered_at": None,
        "ended_at": RECORDED[3].at,
        "duration_seconds": 60,
    }


def test_without_a_reported_duration_it_is_the_time_from_answer_to_end() -> None:
    silent = Report(CallStatus.COMPLETED, RECORDED[3].at, duration_seconds=0)
    assert after([*RECORDED[:3], silent]).duration_seconds == 60
    assert after([silent, RECORDED[2]]).duration_seconds == 60
    assert after([silent]).duration_seconds == 0


def test_clocks_that_disagree_make_no_negative_duration() -> None:
    early = Report(CallStatus.COMPLETED, RECORDED[2].at - timedelta(seconds=1))
    assert after([RECORDED[2], early]).duration_seconds == 0


@pytest.mark.parametrize("end", ENDS)
def test_every_end_is_final(end: CallStatus) -> None:
    ended = after([Report(end, T0)])
    for status in CallStatus:
        assert apply_report(ended, Report(status, T0)).new_status is end


def test_the_first_report_of_a_fact_counts_and_an_amount_brings_its_currency() -> None:
    said = {"cost_amount": Decimal("0.0085"), "currency": "EUR", "sip_response_code": 486, "end_reason": None}
    unknown = {"cost_amount": Decimal("0.000000"), "currency": "USD", "sip_response_code": None, "end_reason": None}
    assert still_open(unknown, said) == {
        "cost_amount": Decimal("0.0085"),
        "currency": "EUR",
        "sip_response_code": 486,
    }
    assert still_open({}, said) == still_open(unknown, said)
    known = {"cost_amount": Decimal("0.01"), "currency": "USD", "sip_response_code": 200, "end_reason": None}
    assert still_open(known, said) == {}


@pytest.mark.parametrize(
    ("status", "live_calls", "is_over"),
    [
        (CallStatus.RINGING, 9, False),
        (CallStatus.RINGING, 10, True),
        (CallStatus.ANSWERED, 25, True),
        (CallStatus.COMPLETED, 25, False),
        (CallStatus.BUSY, 10, False),
    ],
)
def test_a_live_call_beyond_those_allowed_is_over_the_limit(status: CallStatus, live_calls: int, is_over: bool) -> None:
    assert is_over_limit(status, live_calls, 10) is is_over


def test_the_other_side_is_who_calls_in_or_is_called() -> None:
    def report(direction: CallDirection) -> CallReport:
        return CallReport("CA1", RECORDED[0], "queued", direction, "+1", "+2")

    inbound, outbound = report(CallDirection.INBOUND), report(CallDirection.OUTBOUND)
    assert (inbound.other_number, inbound.own_number) == ("+1", "+2")
    assert (outbound.other_number, outbound.own_number) == ("+2", "+1")
