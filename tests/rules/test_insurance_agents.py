"""Working hours of an insurance agent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.rules import Invalid
from resolvers.rules.insurance_agents import Schedule, parse_schedule

PATH = ("availability_schedule",)
HOURS = {
    "timezone": "Asia/Kolkata",
    "weekly": {"FRIDAY": [["09:00", "13:00"], ["14:00", "24:00"]], "SATURDAY": []},
    "exceptions": {"2026-11-27": [["10:00", "11:00"]], "2026-11-22": [["00:00", "24:00"]]},
}


def schedule(stored: dict[str, Any]) -> Schedule:
    parsed = parse_schedule(PATH, stored)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        ("2026-11-20T03:29:59Z", False),  # Friday 08:59:59 in Kolkata
        ("2026-11-20T03:30:00Z", True),
        ("2026-11-20T07:29:59Z", True),
        ("2026-11-20T07:30:00Z", False),  # 13:00: the end is no longer part of the span
        ("2026-11-20T18:29:59Z", True),  # Friday to its last second
        ("2026-11-20T18:30:00Z", False),  # Saturday
        ("2026-11-22T12:00:00Z", True),  # an exceptional Sunday
        ("2026-11-23T06:00:00Z", False),  # Monday is not there
        ("2026-11-27T04:00:00Z", False),  # an exceptional Friday, 09:30
        ("2026-11-27T05:00:00Z", True),
    ],
)
def test_hours_are_those_of_the_agents_own_wall_clock(instant: str, is_open: bool) -> None:
    assert schedule(HOURS).is_open(datetime.fromisoformat(instant)) is is_open


def test_hours_follow_daylight_saving() -> None:
    hours = schedule({"timezone": "Europe/Berlin", "weekly": {"FRIDAY": [["09:00", "10:00"]]}})
    assert hours.is_open(datetime(2026, 7, 3, 7, 30, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 12, 4, 8, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 12, 4, 7, 30, tzinfo=UTC))


def test_no_schedule_and_one_with_exceptions_alone_are_open_otherwise() -> None:
    assert parse_schedule(PATH, {}) is None
    hours = schedule({"timezone": "UTC", "exceptions": {"2026-12-25": []}})
    assert hours.is_open(datetime(2026, 12, 24, 23, 59, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 12, 25, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("stored", "path"),
    [
        ({"weekly": {}}, ("timezone",)),
        ({"timezone": 5}, ("timezone",)),
        ({"timezone": "Asia/Nowhere"}, ("timezone",)),
        ({"timezone": "America"}, ("timezone",)),
        ({"timezone": "../../etc/passwd"}, ("timezone",)),
        ({"timezone": "UTC\x00"}, ("timezone",)),
        ({"timezone": "UTC", "holidays": []}, ("holidays",)),
        ({"timezone": "UTC", "weekly": []}, ("weekly",)),
        ({"timezone": "UTC", "weekly": {"Friday": []}}, ("weekly", "Friday")),
        ({"timezone": "UTC", "weekly": {"FRIDAY": "09:00"}}, ("weekly", "FRIDAY")),
        ({"timezone": "UTC", "weekly": {"FRIDAY": [["09:00"]]}}, ("weekly", "FRIDAY", 0)),
        ({"timezone": "UTC", "weekly": {"FRIDAY": [["9:00", "10:00"]]}}, ("weekly", "FRIDAY", 0)),
        ({"timezone": "UTC", "weekly": {"FRIDAY": [["09:00", "24:01"]]}}, ("weekly", "FRIDAY", 0)),
        ({"timezone": "UTC", "weekly": {"FRIDAY": [["09:00", "09:00"]]}}, ("weekly", "FRIDAY", 0)),
        ({"timezone": "UTC", "exceptions": {"25.12.": []}}, ("exceptions", "25.12.")),
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused_where_it_is_wrong(
    stored: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule(PATH, stored)
    assert refusal.value.path == PATH + path
