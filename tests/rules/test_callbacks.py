"""Scores, due times, transitions, assignment and order of callbacks."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.callbacks import CallbackActivityType as Activity
from db.enums.callbacks import CallbackCategory as Category
from db.enums.callbacks import CallbackOutcome as Outcome
from db.enums.callbacks import CallbackPriority as Priority
from db.enums.callbacks import CallbackQueueType as QueueType
from db.enums.callbacks import CallbackRequestType as RequestType
from db.enums.callbacks import CallbackSlaState as SlaState
from db.enums.callbacks import CallbackStatus as Status
from db.enums.callbacks import CallbackUrgency as Urgency
from db.enums.contacts import CustomerValue
from resolvers.rules import IllegalTransition, Invalid, LimitExceeded
from resolvers.rules.callbacks import (
    NUMBERS,
    Assignee,
    CallbackChange,
    CallbackDraft,
    CallbackState,
    CallbackTimes,
    QueuedCallback,
    QueueTerms,
    Service,
    age_hours,
    allowed_statuses,
    assign,
    at_risk_at,
    cancel,
    check_assignable,
    check_rating,
    choose_assignee,
    choose_queue,
    complete,
    due_at,
    in_order,
    is_overdue,
    normalise,
    number,
    overdue,
    pick_assignee,
    priority_of,
    priority_score,
    queue_terms,
    score_as_of,
    sla_hours,
    sla_state,
    start,
    start_of_day,
)
from resolvers.rules.insurance_agents import parse_schedule

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DUE = NOW + timedelta(hours=2)
HOUR = timedelta(hours=1)
ANN, BEN, CIM = UUID(int=1), UUID(int=2), UUID(int=3)

PENDING = CallbackState(Status.PENDING, DUE)
ASSIGNED = CallbackState(Status.ASSIGNED, DUE, ANN, assigned_at=NOW - HOUR)
STARTED = replace(ASSIGNED, status=Status.IN_PROGRESS, started_at=NOW, first_response_at=NOW)
REASSIGNED = replace(STARTED, status=Status.ASSIGNED, insurance_agent_id=BEN, assigned_at=NOW + HOUR)
COMPLETED = replace(STARTED, status=Status.COMPLETED)
CANCELLED = replace(PENDING, status=Status.CANCELLED)


def late(state: CallbackState) -> CallbackState:
    """The same callback after its due time has passed."""
    return replace(state, status=Status.OVERDUE, overdue_at=DUE)


@pytest.mark.parametrize(
    ("request_type", "urgency", "value", "age", "score"),
    [
        (RequestType.POLICY_ISSUE, Urgency.LOW, CustomerValue.BRONZE, 0, 90.0),
        (RequestType.GENERAL_INQUIRY, Urgency.MEDIUM, CustomerValue.SILVER, 1, 75.25),
        (RequestType.FEEDBACK, Urgency.HIGH, CustomerValue.GOLD, 7, 66.75),
        (RequestType.SUGGESTION, Urgency.LOW, CustomerValue.BRONZE, 39, 39.75),
        (RequestType.SUGGESTION, Urgency.LOW, CustomerValue.BRONZE, 40, 40.0),
        (RequestType.SUGGESTION, Urgency.LOW, CustomerValue.BRONZE, 4000, 40.0),
        (RequestType.OTHER, Urgency.CRITICAL, CustomerValue.PLATINUM, 0, 85.0),
        (RequestType.POLICY_ISSUE, Urgency.CRITICAL, CustomerValue.PLATINUM, 40, 100.0),
        (RequestType.SUGGESTION, Urgency.LOW, CustomerValue.BRONZE, -400, 1.0),
    ],
)
def test_the_score_is_the_sources_figure_for_figure(
    request_type: RequestType, urgency: Urgency, value: CustomerValue, age: int, score: float
) -> None:
    assert priority_score(request_type, urgency, value, age) == score


@given(st.integers(0, 10**6))
def test_every_score_lies_between_1_and_100_in_steps_of_a_quarter_and_grows_with_age(age: int) -> None:
    for kind in itertools.product(RequestType, Urgency, CustomerValue):
        score = priority_score(*kind, age)
        assert 1 <= score <= 100
        assert (score * 4).is_integer()
        assert priority_score(*kind, age + 1) >= score


@pytest.mark.parametrize(
    ("score", "priority"),
    [(100, "HIGH"), (85, "HIGH"), (84.75, "MEDIUM"), (70, "MEDIUM"), (69.75, "LOW"), (1, "LOW")],
)
def test_the_category_follows_the_score(score: float, priority: str) -> None:
    assert priority_of(score) == priority


def test_age_counts_whole_hours() -> None:
    assert age_hours(NOW, NOW + HOUR - timedelta(microseconds=1)) == 0
    assert age_hours(NOW, NOW + HOUR) == 1
    assert age_hours(NOW, NOW + 30 * HOUR + timedelta(minutes=59)) == 30
    assert age_hours(NOW, NOW - HOUR) == 0


@pytest.mark.parametrize(("priority", "hours"), [(Priority.HIGH, 2), (Priority.MEDIUM, 8), (Priority.LOW, 24)])
def test_the_requests_own_hours_go_before_the_queues_and_those_before_the_prioritys(
    priority: Priority, hours: int
) -> None:
    assert sla_hours(5, 12, priority) == 5
    assert sla_hours(None, 12, priority) == 12
    assert sla_hours(None, None, priority) == hours
    assert due_at(NOW, hours) == NOW + hours * HOUR


@pytest.mark.parametrize("own", [0, -1, 8761])
def test_hours_of_the_request_that_are_none_are_refused(own: int) -> None:
    with pytest.raises(Invalid):
        sla_hours(own, None, Priority.LOW)


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (PENDING, ["ASSIGNED", "CANCELLED"]),
        (ASSIGNED, ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        (STARTED, ["ASSIGNED", "COMPLETED", "CANCELLED"]),
        (REASSIGNED, ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        (late(PENDING), ["ASSIGNED", "CANCELLED"]),
        (late(ASSIGNED), ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        (late(STARTED), ["ASSIGNED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]),
        (late(REASSIGNED), ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        (COMPLETED, []),
        (CANCELLED, []),
    ],
)
def test_each_state_leads_to_those_and_refuses_the_others(state: CallbackState, allowed: list[str]) -> None:
    assert list(allowed_statuses(state)) == allowed
    steps: dict[Status, Callable[[], CallbackChange]] = {
        Status.ASSIGNED: lambda: assign(state, CIM, NOW),
        Status.IN_PROGRESS: lambda: start(state, NOW),
        Status.COMPLETED: lambda: complete(state, NOW),
        Status.CANCELLED: lambda: cancel(state, NOW),
    }
    for wanted, step in steps.items():
        if wanted in allowed:
            change = step()
            assert (change.old_status, change.new_status) == (state.status, wanted)
            continue
        with pytest.raises(IllegalTransition) as refusal:
            step()
        assert refusal.value.allowed == tuple(allowed)


def test_assigning_sets_the_assignee_and_the_time() -> None:
    assert assign(PENDING, ANN, NOW) == CallbackChange(
        Status.PENDING,
        Status.ASSIGNED,
        {"insurance_agent_id": ANN, "assigned_at": NOW},
        Activity.ASSIGNED,
    )


@pytest.mark.parametrize("state", [ASSIGNED, STARTED, late(STARTED)])
def test_reassigning_is_told_apart_and_needs_somebody_else(state: CallbackState) -> None:
    assert assign(state, BEN, NOW).activity_type is Activity.REASSIGNED
    with pytest.raises(Invalid):
        assign(state, ANN, NOW)


def test_starting_sets_its_time_and_the_first_response_only_once() -> None:
    first = start(ASSIGNED, NOW)
    assert (first.values, first.activity_type) == (
        {"started_at": NOW, "first_response_at": NOW},
        Activity.STARTED,
    )
    assert start(REASSIGNED, NOW + 2 * HOUR).values == {"started_at": NOW + 2 * HOUR}


def test_what_had_begun_before_it_was_overdue_keeps_its_start() -> None:
    assert start(late(STARTED), NOW + 3 * HOUR).values == {}


def test_completing_sets_time_outcome_and_resolution() -> None:
    change = complete(STARTED, NOW, Outcome.TRANSFERRED, " to claims ")
    assert change.values == {"completed_at": NOW, "outcome": Outcome.TRANSFERRED, "resolution": "to claims"}
    with pytest.raises(Invalid):
        complete(STARTED, NOW, Outcome.CANCELLED)
    with pytest.raises(Invalid):
        complete(STARTED, NOW, resolution="x" * 10_001)


def test_cancelling_sets_time_outcome_and_reason() -> None:
    assert cancel(late(PENDING), NOW, " ").values == {
        "cancelled_at": NOW,
        "outcome": Outcome.CANCELLED,
        "cancellation_reason": None,
    }


@pytest.mark.parametrize("state", [PENDING, ASSIGNED, STARTED])
def test_an_open_callback_is_overdue_once_its_time_has_passed(state: CallbackState) -> None:
    assert overdue(state, DUE) is None
    after = DUE + timedelta(microseconds=1)
    change = overdue(state, after)
    assert change == CallbackChange(state.status, Status.OVERDUE, {"overdue_at": after}, Activity.OVERDUE)


@pytest.mark.parametrize("state", [COMPLETED, CANCELLED, late(PENDING), replace(STARTED, overdue_at=DUE)])
def test_what_is_finished_or_was_overdue_before_does_not_become_so(state: CallbackState) -> None:
    assert overdue(state, DUE + HOUR) is None


def refused(assignee: Assignee, queue_max_concurrent: int | None = None) -> str | None:
    """What speaks against this assignee for a policy issue now; None when nothing does."""
    try:
        check_assignable(RequestType.POLICY_ISSUE, Category.BILLING, assignee, queue_max_concurrent, NOW)
    except (Invalid, LimitExceeded) as refusal:
        return str(refusal)
    return None


def test_an_agent_without_bounds_gets_any_callback() -> None:
    assert refused(Assignee(ANN)) is None


def test_an_agent_gets_callbacks_of_their_specialities() -> None:
    assert refused(Assignee(ANN, specialities=frozenset({"POLICY_ISSUE"}))) is None
    assert refused(Assignee(ANN, specialities=frozenset({"BILLING", "FEEDBACK"}))) is None
    assert "takes neither" in (refused(Assignee(ANN, specialities=frozenset({"FEEDBACK"}))) or "")


def test_an_agent_gets_callbacks_when_available_and_at_work() -> None:
    open_now = parse_schedule((), {"timezone": "UTC", "weekly": {"FRIDAY": [["09:00", "09:01"]]}})
    closed_now = parse_schedule((), {"timezone": "UTC", "weekly": {"FRIDAY": [["09:01", "24:00"]]}})
    assert refused(Assignee(ANN, schedule=open_now)) is None
    assert "does not work" in (refused(Assignee(ANN, schedule=closed_now)) or "")
    assert "not available" in (refused(Assignee(ANN, is_available=False)) or "")


@pytest.mark.parametrize(
    ("active", "own", "queue", "maximum"),
    [(2, 3, None, None), (3, 3, None, 3), (2, 3, 5, None), (2, 3, 2, 2), (3, 3, 5, 3), (0, 3, 0, 0)],
)
def test_of_two_limits_at_a_time_the_lower_counts(
    active: int, own: int, queue: int | None, maximum: int | None
) -> None:
    answer = refused(Assignee(ANN, max_concurrent_callbacks=own, active_now=active), queue)
    assert answer == (None if maximum is None else f"callbacks at a time is limited to {maximum}")


def test_an_agent_gets_no_more_a_day_than_the_limit() -> None:
    assert refused(Assignee(ANN, max_daily_callbacks=5, assigned_today=4)) is None
    assert refused(Assignee(ANN, max_daily_callbacks=5, assigned_today=5)) == "callbacks a day is limited to 5"


def test_a_queue_hands_out_by_score_or_by_age() -> None:
    old = QueuedCallback(UUID(int=1), 50.0, DUE, NOW - 5 * HOUR)
    urgent = QueuedCallback(UUID(int=2), 90.0, DUE + HOUR, NOW)
    sooner = QueuedCallback(UUID(int=3), 90.0, DUE, NOW)
    twin = QueuedCallback(UUID(int=4), 90.0, DUE, NOW)
    for waiting in itertools.permutations([old, urgent, sooner, twin]):
        assert in_order(QueueType.PRIORITY, waiting) == [sooner, twin, urgent, old]
        for queue_type in (QueueType.FIFO, QueueType.ROUND_ROBIN):
            assert in_order(queue_type, waiting) == [old, urgent, sooner, twin]


def test_a_round_robin_queue_serves_each_in_turn() -> None:
    agents = [Assignee(CIM), Assignee(ANN, active_now=2), Assignee(BEN)]
    last: UUID | None = None
    served = []
    for _ in range(4):
        assignee = pick_assignee(QueueType.ROUND_ROBIN, agents, last)
        assert assignee is not None
        last = assignee.insurance_agent_id
        served.append(last)
    assert served == [ANN, BEN, CIM, ANN]
    assert pick_assignee(QueueType.ROUND_ROBIN, [Assignee(ANN), Assignee(CIM)], BEN) == Assignee(CIM)


@pytest.mark.parametrize("queue_type", [QueueType.PRIORITY, QueueType.FIFO])
def test_other_queues_serve_the_one_with_the_least_to_do(queue_type: QueueType) -> None:
    busy, fresh, idle = Assignee(ANN, active_now=1), Assignee(BEN, assigned_today=3), Assignee(CIM)
    assert pick_assignee(queue_type, [busy, fresh, idle], CIM) == idle
    assert pick_assignee(queue_type, [busy, fresh], None) == fresh


@pytest.mark.parametrize("queue_type", QueueType)
def test_nobody_is_picked_of_none(queue_type: QueueType) -> None:
    assert pick_assignee(queue_type, [], ANN) is None


def test_a_rating_is_one_to_five() -> None:
    for rating in range(1, 6):
        check_rating(rating)
    for rating in (0, 6):
        with pytest.raises(Invalid):
            check_rating(rating)


def times(**values: object) -> CallbackTimes:
    """An open callback that was promised now and is due in ten hours."""
    return replace(CallbackTimes(Status.PENDING, NOW, NOW + 10 * HOUR), **values)  # type: ignore[arg-type]  # names of its fields


MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(0), SlaState.ON_TRACK),
        (8 * HOUR - MOMENT, SlaState.ON_TRACK),
        (8 * HOUR, SlaState.AT_RISK),
        (10 * HOUR, SlaState.AT_RISK),
        (10 * HOUR + MOMENT, SlaState.BREACHED),
    ],
)
def test_a_callback_is_at_risk_from_80_percent_of_its_time_and_breached_past_it(
    after: timedelta, state: SlaState
) -> None:
    assert sla_state(times(), NOW + after) is state
    assert is_overdue(times(), NOW + after) is (state is SlaState.BREACHED)


def test_the_80_percent_are_of_the_time_without_pauses_and_since_the_reopening() -> None:
    assert at_risk_at(times()) == NOW + 8 * HOUR
    paused = times(due_at=NOW + 15 * HOUR, paused_seconds=5 * 3600)
    assert at_risk_at(paused) == NOW + 13 * HOUR
    assert at_risk_at(times(reopened_at=NOW + 5 * HOUR)) == NOW + 9 * HOUR
    assert at_risk_at(times(paused_seconds=11 * 3600)) == NOW + 10 * HOUR


def test_while_the_clock_is_stopped_a_callback_comes_no_closer_to_its_due_time() -> None:
    paused = times(paused_at=NOW + HOUR)
    assert sla_state(paused, NOW + 20 * HOUR) is SlaState.ON_TRACK
    assert not is_overdue(paused, NOW + 20 * HOUR)


@pytest.mark.parametrize("end", [(Status.COMPLETED, "completed_at"), (Status.CANCELLED, "cancelled_at")])
def test_a_callback_that_has_ended_is_judged_by_its_end(end: tuple[Status, str]) -> None:
    status, column = end
    for hours, state in ((1, SlaState.ON_TRACK), (9, SlaState.AT_RISK), (11, SlaState.BREACHED)):
        ended = times(status=status, **{column: NOW + hours * HOUR})
        assert sla_state(ended, NOW + 99 * HOUR) is state
        assert not is_overdue(ended, NOW + 99 * HOUR)
        score = score_as_of(RequestType.FEEDBACK, Urgency.LOW, CustomerValue.BRONZE, ended, NOW + 99 * HOUR)
        assert score == 40 + hours / 4


def test_the_score_of_an_open_callback_grows_as_it_ages() -> None:
    kind = (RequestType.GENERAL_INQUIRY, Urgency.MEDIUM, CustomerValue.BRONZE)
    assert score_as_of(*kind, times(), NOW + 59 * HOUR / 60) == 70
    assert score_as_of(*kind, times(), NOW + 6 * HOUR) == 71.5
    assert score_as_of(*kind, times(status=Status.OVERDUE), NOW + 60 * HOUR) == 80


def test_a_draft_is_tidied_and_all_its_faults_are_told_at_once() -> None:
    draft = CallbackDraft("  Call me. ", [" vip", "VIP", "new"], "  ", 8)
    assert normalise(draft) == CallbackDraft("Call me.", ["vip", "new"], None, 8)
    with pytest.raises(Invalid) as refusal:
        normalise(CallbackDraft(" ", ["x" * 51], "x" * 201, 0))
    assert [problem.path for problem in refusal.value.problems] == [
        ("description",),
        ("tags", 0),
        ("source_reference",),
        ("sla_hours",),
    ]


def test_a_number_has_eight_digits() -> None:
    assert [number(0), number(NUMBERS - 1)] == ["CBR00000000", "CBR99999999"]


def chosen(assignees: list[Assignee], service: Service | None = None) -> UUID:
    return choose_assignee(
        RequestType.POLICY_ISSUE, Category.BILLING, service or Service(), assignees, NOW
    ).insurance_agent_id


def test_of_those_who_may_get_a_callback_the_queue_chooses() -> None:
    away, busy, free = Assignee(ANN, is_available=False), Assignee(BEN, active_now=2), Assignee(CIM, active_now=1)
    assert chosen([away, busy, free]) == CIM
    assert chosen([away, busy, free], Service(QueueType.ROUND_ROBIN, None, ANN)) == BEN
    assert chosen([away, busy, free], Service(QueueType.ROUND_ROBIN, 2, ANN)) == CIM


def test_when_all_are_full_that_is_told_apart_from_nobody_being_there() -> None:
    with pytest.raises(LimitExceeded) as full:
        chosen([Assignee(ANN, is_available=False), Assignee(BEN, active_now=3), Assignee(CIM, active_now=9)])
    assert full.value.maximum == 3
    for nobody in ([], [Assignee(ANN, is_available=False)], [Assignee(BEN, specialities=frozenset({"FEEDBACK"}))]):
        with pytest.raises(Invalid) as refusal:
            chosen(nobody)
        assert (refusal.value.path, refusal.value.code) == (("insurance_agent_id",), "REQUIRED")


def test_the_day_begins_at_midnight_where_the_agent_is() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    late_evening = datetime(2026, 11, 20, 18, 29, tzinfo=UTC)  # 23:59 there
    assert start_of_day(late_evening, kolkata) == datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    assert start_of_day(late_evening + timedelta(minutes=1), kolkata) == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    after_the_change = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
    assert start_of_day(after_the_change, berlin) == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


ALL, BILLING, URGENT_BILLING = UUID(int=11), UUID(int=12), UUID(int=13)
QUEUES = [
    queue_terms(ALL, {}),
    queue_terms(BILLING, {"categories": ["BILLING"], "priorities": []}),
    queue_terms(URGENT_BILLING, {"categories": ["BILLING"], "priorities": ["HIGH"], "unknown": 1}),
]


@pytest.mark.parametrize(
    ("category", "priority", "queue"),
    [
        (Category.GENERAL, Priority.HIGH, ALL),
        (Category.BILLING, Priority.LOW, BILLING),
        (Category.BILLING, Priority.HIGH, URGENT_BILLING),
    ],
)
def test_the_queue_with_the_narrowest_terms_that_fit_takes_a_callback(
    category: Category, priority: Priority, queue: UUID
) -> None:
    for queues in itertools.permutations(QUEUES):
        assert choose_queue(queues, RequestType.OTHER, category, priority) == queue


def test_of_equally_narrow_queues_the_first_takes_it_and_what_fits_none_stays_without() -> None:
    twin = QueueTerms(UUID(int=14))
    assert choose_queue([twin, QUEUES[0]], RequestType.OTHER, Category.GENERAL, Priority.LOW) == twin.queue_id
    only = [queue_terms(BILLING, {"request_types": ["FEEDBACK"]})]
    assert choose_queue(only, RequestType.OTHER, Category.GENERAL, Priority.LOW) is None
    assert choose_queue([], RequestType.OTHER, Category.GENERAL, Priority.LOW) is None
