"""When an insurance agent works: weekly hours in a time zone, with exceptions for single days."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final

from resolvers.rules import Invalid
from resolvers.rules.core import Path, time_zone

WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")

Hours = tuple[tuple[int, int], ...]
"""Spans of a day in minutes since midnight; the end is no longer part of the span."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Working hours on the wall clock of `zone`: by weekday, or always; `exceptions` go before them."""

    zone: tzinfo
    weekly: Mapping[str, Hours] | None = None
    exceptions: Mapping[date, Hours] = field(default_factory=dict)

    def is_open(self, now: datetime) -> bool:
        """Whether the instant lies within the working hours. A weekday that `weekly` leaves out has none."""
        local = now.astimezone(self.zone)
        hours = self.exceptions.get(local.date())
        if hours is None:
            if self.weekly is None:
                return True
            hours = self.weekly.get(WEEKDAYS[local.weekday()], ())
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in hours)


def parse_schedule(path: Path, stored: Mapping[str, object]) -> Schedule | None:
    """A schedule out of its JSON; None when that is empty: open at any time.

    `{"timezone": "Asia/Kolkata", "weekly": {"MONDAY": [["09:00", "18:00"]]}, "exceptions": {"2026-12-25":
    []}}`; the time zone must be there, the other two may be left out, and a day may end at 24:00.
    """
    if not stored:
        return None
    unknown = stored.keys() - {"timezone", "weekly", "exceptions"}
    if unknown:
        raise Invalid((*path, min(unknown)), "is no part of a schedule", "UNKNOWN")
    zone = _zone((*path, "timezone"), stored.get("timezone"))
    weekly: dict[str, Hours] | None = None
    if "weekly" in stored:
        weekly = {}
        for day, hours in _mapping((*path, "weekly"), stored["weekly"]).items():
            if day not in WEEKDAYS:
                raise Invalid((*path, "weekly", day), f"must be one of {', '.join(WEEKDAYS)}", "UNKNOWN")
            weekly[day] = _hours((*path, "weekly", day), hours)
    exceptions: dict[date, Hours] = {}
    for day, hours in _mapping((*path, "exceptions"), stored.get("exceptions", {})).items():
        exceptions[_day((*path, "exceptions", day), day)] = _hours((*path, "exceptions", day), hours)
    return Schedule(zone, weekly, exceptions)


def _zone(path: Path, name: object) -> tzinfo:
    if not isinstance(name, str) or not name:
        raise Invalid(path, "must be given", "REQUIRED")
    return time_zone(path, name)


def _day(path: Path, day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise Invalid(path, "must be a date such as 2026-12-25", "FORMAT") from None


def _mapping(path: Path, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Invalid(path, "must be an object", "FORMAT")
    return value


def _hours(path: Path, value: object) -> Hours:
    """Spans from a list of pairs of times; each must end after it starts."""
    if not isinstance(value, list):
        raise Invalid(path, "must be a list of spans", "FORMAT")
    spans: list[tuple[int, int]] = []
    for position, span in enumerate(value):
        if not isinstance(span, list) or len(span) != 2:
            raise Invalid((*path, position), 'must be a span such as ["09:00", "18:00"]', "FORMAT")
        start, end = (_minute((*path, position), time) for time in span)
        if start >= end:
            raise Invalid((*path, position), "must end after it starts", "OUT_OF_RANGE")
        spans.append((start, end))
    return tuple(spans)


def _minute(path: Path, time: object) -> int:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise Invalid(path, "must be times from 00:00 to 24:00", "FORMAT")
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)
