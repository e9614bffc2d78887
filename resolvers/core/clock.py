"""The time: the only place that reads it, so that tests and other processes can set it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one place that may


class FileClock:
    """The instant (ISO 8601) that a file names, read anew each time: for tests that span processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The instant in the file, in UTC."""
        return datetime.fromisoformat(self._path.read_text().strip()).astimezone(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant


def clock_from(path: Path | None) -> Clock:
    """The clock of a process: the file's when CLOCK_FILE names one."""
    return FileClock(path) if path else SystemClock()
