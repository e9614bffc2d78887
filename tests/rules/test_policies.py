"""Statuses of a policy, and when its premiums are due."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.policies import PolicyCancellationReason as Reason
from db.enums.policies import PolicyStatus as Status
from db.enums.policies import PremiumFrequency as Frequency
from db.enums.policies import PremiumMode
from resolvers.rules import IllegalTransition, Invalid
from resolvers.rules.policies import (
    TRANSITIONS,
    Cancellation,
    PolicyDates,
    PolicyProduct,
    PolicyTerms,
    change_status,
    check_digits,
    check_product,
    check_terms,
    due_dates,
    grace_ends_on,
    next_due_on,
    permission_for,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
TERMS = PolicyTerms(
    " LIC-1 ",
    "Jeevan",
    "INR",
    Decimal(500000),
    Decimal("12500.50"),
    TODAY,
    date(2026, 12, 1),
    date(2046, 12, 1),
)
PRODUCT = PolicyProduct(True, "INR", Decimal(100000), Decimal(1000000), 120, 240, 18, 60)
UNPAID = PolicyDates(next_due_on=TODAY - timedelta(days=31))

FIRST_DATES = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("status", "wanted", "column"),
    [
        (Status.DRAFT, Status.PENDING_APPROVAL, "submitted_at"),
        (Status.PENDING_APPROVAL, Status.UNDER_REVIEW, "review_started_at"),
        (Status.UNDER_REVIEW, Status.APPROVED, "approved_at"),
        (Status.APPROVED, Status.ACTIVE, "activated_at"),
        (Status.ACTIVE, Status.LAPSED, "lapsed_at"),
        (Status.LAPSED, Status.ACTIVE, "revived_at"),
        (Status.ACTIVE, Status.SURRENDERED, "surrendered_at"),
        (Status.ACTIVE, Status.MATURED, "matured_at"),
        (Status.ACTIVE, Status.CLAIMED, "claimed_at"),
    ],
)
def test_a_policy_goes_from_status_to_status_and_each_sets_its_time(
    status: Status, wanted: Status, column: str
) -> None:
    dates = replace(UNPAID, maturity_on=TODAY) if wanted is Status.MATURED else UNPAID
    change = change_status(status, wanted, NOW, today=TODAY, dates=dates)
    assert (change.old_status, change.new_status) == (status, wanted)
    assert change.timestamps == {"status_changed_at": NOW, column: NOW}
    assert change.cancellation is None


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("wanted", Status)
def test_what_may_not_follow_is_refused_with_what_may(status: Status, wanted: Status) -> None:
    if wanted in TRANSITIONS[status]:
        return
    with pytest.raises(IllegalTransition) as refusal:
        change_status(status, wanted, NOW, today=TODAY, dates=UNPAID)
    assert (refusal.value.current, refusal.value.wanted) == (status, wanted)
    assert refusal.value.allowed == tuple(TRANSITIONS[status])


@pytest.mark.parametrize(
    ("status", "reason", "is_fitting"),
    [
        (Status.DRAFT, Reason.WITHDRAWN, True),
        (Status.DRAFT, Reason.REJECTED, False),
        (Status.PENDING_APPROVAL, Reason.REJECTED, True),
        (Status.UNDER_REVIEW, Reason.WITHDRAWN, True),
        (Status.APPROVED, Reason.REJECTED, True),
        (Status.APPROVED, Reason.REQUESTED, False),
        (Status.ACTIVE, Reason.REQUESTED, True),
        (Status.ACTIVE, Reason.REJECTED, False),
    ],
)
def test_a_cancellation_has_a_reason_that_fits_the_status(status: Status, reason: Reason, is_fitting: bool) -> None:
    cancellation = Cancellation(reason, " found elsewhere ")
    if is_fitting:
        change = change_status(status, Status.CANCELLED, NOW, today=TODAY, dates=UNPAID, cancellation=cancellation)
        assert change.cancellation == Cancellation(reason, "found elsewhere")
        assert change.timestamps == {"status_changed_at": NOW, "cancelled_at": NOW}
        return
    with pytest.raises(Invalid) as refusal:
        change_status(status, Status.CANCELLED, NOW, today=TODAY, dates=UNPAID, cancellation=cancellation)
    assert (refusal.value.path, refusal.value.code) == (("cancellation_reason",), "NOT_ALLOWED")


def test_a_cancellation_without_a_reason_and_a_reason_without_a_cancellation_are_refused() -> None:
    with pytest.raises(Invalid) as missing:
        change_status(Status.ACTIVE, Status.CANCELLED, NOW, today=TODAY, dates=UNPAID)
    assert missing.value.code == "REQUIRED"
    with pytest.raises(Invalid) as idle:
        change_status(
            Status.ACTIVE,
            Status.LAPSED,
            NOW,
            today=TODAY,
            dates=UNPAID,
            cancellation=Cancellation(Reason.REQUESTED),
        )
    assert idle.value.code == "NOT_ALLOWED"


def test_another_reason_is_given_in_words() -> None:
    with pytest.raises(Invalid) as refusal:
        change_status(
            Status.ACTIVE,
            Status.CANCELLED,
            NOW,
            today=TODAY,
            dates=UNPAID,
            cancellation=Cancellation(Reason.OTHER, " "),
        )
    assert (refusal.value.path, refusal.value.code) == (("cancellation_note",), "REQUIRED")


@pytest.mark.parametrize("maturity_on", [None, TODAY + timedelta(days=1)])
def test_a_policy_does_not_mature_before_its_maturity(maturity_on: date | None) -> None:
    with pytest.raises(Invalid) as refusal:
        change_status(Status.ACTIVE, Status.MATURED, NOW, today=TODAY, dates=PolicyDates(maturity_on))
    assert refusal.value.path == ("status",)


@pytest.mark.parametrize(
    "dates",
    [
        PolicyDates(),
        PolicyDates(next_due_on=TODAY - timedelta(days=30)),
        PolicyDates(next_due_on=TODAY - timedelta(days=31), grace_period_days=31),
    ],
)
def test_a_policy_does_not_lapse_before_a_premium_is_overdue_beyond_its_grace(dates: PolicyDates) -> None:
    with pytest.raises(Invalid) as refusal:
        change_status(Status.ACTIVE, Status.LAPSED, NOW, today=TODAY, dates=dates)
    assert (refusal.value.path, refusal.value.code) == (("status",), "NOT_ALLOWED")


def test_a_lapsed_policy_is_revived_until_its_maturity() -> None:
    last_chance = PolicyDates(maturity_on=TODAY + timedelta(days=1))
    assert change_status(Status.LAPSED, Status.ACTIVE, NOW, today=TODAY, dates=last_chance).is_revival
    with pytest.raises(Invalid) as refusal:
        change_status(Status.LAPSED, Status.ACTIVE, NOW, today=TODAY, dates=PolicyDates(maturity_on=TODAY))
    assert refusal.value.path == ("status",)


def test_accepting_and_rejecting_takes_the_permission_to_approve() -> None:
    assert permission_for(Status.APPROVED) == "policy:approve"
    assert permission_for(Status.CANCELLED, Reason.REJECTED) == "policy:approve"
    assert permission_for(Status.CANCELLED, Reason.WITHDRAWN) == "policy:write"
    assert permission_for(Status.PENDING_APPROVAL) == "policy:write"


def test_terms_come_back_trimmed() -> None:
    assert check_terms(TERMS, TODAY) == replace(TERMS, policy_number="LIC-1")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("policy_number", " ", "REQUIRED"),
        ("plan_name", "x" * 256, "TOO_LONG"),
        ("currency", "inr", "FORMAT"),
        ("sum_assured", Decimal(-1), "OUT_OF_RANGE"),
        ("premium_amount", Decimal("0.005"), "FORMAT"),
        ("commission_rate", Decimal("100.01"), "OUT_OF_RANGE"),
        ("grace_period_days", -1, "OUT_OF_RANGE"),
        ("grace_period_days", 366, "OUT_OF_RANGE"),
        ("maturity_on", date(2026, 12, 1), "OUT_OF_RANGE"),
        ("maturity_on", date.max, "OUT_OF_RANGE"),
        ("renewal_on", date(2026, 11, 30), "OUT_OF_RANGE"),
        ("applied_on", TODAY + timedelta(days=1), "OUT_OF_RANGE"),
        ("start_on", date(1899, 12, 31), "OUT_OF_RANGE"),
        ("premiums_end_on", date(2036, 12, 1), "NOT_ALLOWED"),
        ("premium_mode", PremiumMode.LIMITED_PAY, "REQUIRED"),
    ],
)
def test_terms_that_cannot_be_are_refused(name: str, value: Any, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_terms(replace(TERMS, **{name: value}), TODAY)
    found = "premiums_end_on" if name == "premium_mode" else name
    assert (refusal.value.path, refusal.value.code) == ((found,), code)


@pytest.mark.parametrize("end_on", [date(2026, 12, 1), date(2046, 12, 1)])
def test_a_limited_payment_ends_within_the_term(end_on: date) -> None:
    limited = replace(TERMS, premium_mode=PremiumMode.LIMITED_PAY, premiums_end_on=date(2036, 12, 1))
    assert check_terms(limited, TODAY).premiums_end_on == date(2036, 12, 1)
    with pytest.raises(Invalid) as refusal:
        check_terms(replace(limited, premiums_end_on=end_on), TODAY)
    assert (refusal.value.path, refusal.value.code) == (("premiums_end_on",), "OUT_OF_RANGE")


def test_amounts_have_no_more_digits_than_their_currency() -> None:
    check_digits(TERMS, 2)
    check_digits(TERMS, 3)
    with pytest.raises(Invalid) as refusal:
        check_digits(replace(TERMS, currency="JPY"), 0)
    assert [problem.path for problem in refusal.value.problems] == [("premium_amount",)]


def test_what_is_wrong_with_terms_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        check_terms(replace(TERMS, policy_number="", sum_assured=Decimal(-1)), TODAY)
    assert [problem.path for problem in refusal.value.problems] == [("policy_number",), ("sum_assured",)]


@pytest.mark.parametrize(
    ("terms", "product", "path"),
    [
        ({}, {"is_active": False}, "policy_type_id"),
        ({"currency": "USD"}, {}, "currency"),
        ({"sum_assured": Decimal("99999.99")}, {}, "sum_assured"),
        ({"sum_assured": Decimal("1000000.01")}, {}, "sum_assured"),
        ({"maturity_on": date(2036, 11, 29)}, {}, "maturity_on"),
        ({"maturity_on": date(2046, 12, 31)}, {}, "maturity_on"),
        ({"maturity_on": None}, {}, "maturity_on"),
        ({}, {"min_entry_age": 37}, "start_on"),
        ({}, {"max_entry_age": 35}, "start_on"),
    ],
)
def test_terms_that_the_policy_type_does_not_allow_are_refused(
    terms: dict[str, Any], product: dict[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check_product(replace(TERMS, **terms), replace(PRODUCT, **product), date(1990, 3, 14))
    assert [problem.path for problem in refusal.value.problems] == [(path,)]


@pytest.mark.parametrize("maturity_on", [date(2036, 11, 30), date(2036, 12, 1), date(2046, 12, 30)])
def test_terms_at_the_bounds_of_the_policy_type_are_allowed(maturity_on: date) -> None:
    check_product(replace(TERMS, maturity_on=maturity_on), PRODUCT, date(2008, 12, 1))
    check_product(replace(TERMS, maturity_on=maturity_on), PRODUCT, date(1965, 12, 2))
    check_product(replace(TERMS, maturity_on=None), PolicyProduct(True, "INR"), None)


@pytest.mark.parametrize(
    ("start_on", "frequency", "dates"),
    [
        (
            "2026-01-31",
            Frequency.MONTHLY,
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
        ),
        ("2024-01-30", Frequency.MONTHLY, ["2024-01-30", "2024-02-29", "2024-03-30"]),
        ("2025-11-30", Frequency.QUARTERLY, ["2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30"]),
        ("2025-08-31", Frequency.HALF_YEARLY, ["2025-08-31", "2026-02-28", "2026-08-31"]),
        (
            "2024-02-29",
            Frequency.ANNUAL,
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
    ],
)
def test_premiums_keep_the_day_of_the_start_or_take_the_last_of_the_month(
    start_on: str, frequency: Frequency, dates: list[str]
) -> None:
    start, expected = date.fromisoformat(start_on), [date.fromisoformat(day) for day in dates]
    assert due_dates(start, frequency, expected[-1] + timedelta(days=1)) == tuple(expected)
    assert due_dates(start, frequency, expected[-1]) == tuple(expected[:-1])


def test_a_single_premium_is_due_once_at_the_start() -> None:
    start, until = date(2026, 1, 31), date(2046, 1, 31)
    assert due_dates(start, Frequency.MONTHLY, until, PremiumMode.SINGLE) == (start,)
    assert next_due_on(start, Frequency.MONTHLY, date(2026, 1, 30), until, PremiumMode.SINGLE) == start
    assert next_due_on(start, Frequency.MONTHLY, start, until, PremiumMode.SINGLE) is None


@given(FIRST_DATES, st.sampled_from(Frequency), st.integers(1, 40))
def test_a_term_of_whole_years_has_as_many_premiums_as_its_frequency_says(
    start_on: date, frequency: Frequency, years: int
) -> None:
    a_year = {Frequency.MONTHLY: 12, Frequency.QUARTERLY: 4, Frequency.HALF_YEARLY: 2, Frequency.ANNUAL: 1}
    until = due_dates(start_on, Frequency.ANNUAL, date(2110, 1, 1))[years]
    dates = due_dates(start_on, frequency, until)
    assert len(dates) == years * a_year[frequency]
    assert dates[0] == start_on
    assert list(dates) == sorted(set(dates))
    assert all(day.day == start_on.day or (day + timedelta(days=1)).day == 1 for day in dates)


@given(FIRST_DATES, st.sampled_from(Frequency), st.integers(-400, 8000), st.integers(0, 8000))
def test_the_next_due_date_is_the_first_of_all_that_is_later(
    start_on: date, frequency: Frequency, days: int, term: int
) -> None:
    after, until = start_on + timedelta(days=days), start_on + timedelta(days=term)
    later = [day for day in due_dates(start_on, frequency, until) if day > after]
    assert next_due_on(start_on, frequency, after, until) == (later[0] if later else None)


def test_the_calendar_ends_and_so_do_the_dates() -> None:
    start = date(9999, 11, 30)
    assert due_dates(start, Frequency.MONTHLY, date.max) == (start, date(9999, 12, 30))
    assert next_due_on(start, Frequency.ANNUAL, start) is None


def test_the_grace_period_counts_days_from_the_due_date() -> None:
    assert grace_ends_on(date(2024, 2, 1)) == date(2024, 3, 2)
    assert grace_ends_on(date(2026, 2, 1), 15) == date(2026, 2, 16)
    assert grace_ends_on(date(2026, 2, 1), 0) == date(2026, 2, 1)
