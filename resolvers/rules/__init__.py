"""What the rules of every domain refuse with: plain exceptions, turned into typed errors above."""

from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class IllegalTransition(Exception):
    """A change of state that is not allowed from the present state.

    `current` and `wanted` name the states, `allowed` those that could be reached instead, in the order in
    which the domain lists them (empty: a final state).
    """

    def __init__(self, current: str, wanted: str, allowed: Iterable[str]) -> None:
        self.current = str(current)
        self.wanted = str(wanted)
        self.allowed = tuple(str(state) for state in allowed)
        choice = ", ".join(self.allowed) or "nothing"
        super().__init__(f"{self.current} cannot become {self.wanted}; allowed: {choice}")


class Invalid(Exception):
    """A value that the rules refuse.

    `path` leads to it: first the name of the argument as the rules write it (snake_case), then keys or
    positions within it, as they were given. `message` is the end of a sentence that begins with the value's
    name, for people; `code` is one word, for programs: REQUIRED, TOO_SHORT, TOO_LONG, TOO_MANY,
    OUT_OF_RANGE, FORMAT, UNKNOWN, NOT_ALLOWED, MISMATCH, TOO_WEAK or IMMUTABLE. Where several values are
    looked at together, one exception carries all that was found: see `problems`.
    """

    def __init__(self, path: Sequence[str | int], message: str, code: str) -> None:
        self.path = tuple(path)
        self.message = message
        self.code = code
        self.others: tuple[Invalid, ...] = ()
        super().__init__(f"{'.'.join(map(str, self.path))}: {message}")

    @property
    def problems(self) -> tuple["Invalid", ...]:
        """This problem and those found together with it, in the order in which they were found."""
        return (self, *self.others)


class LimitExceeded(Exception):
    """One more would be more than is allowed. `limit` names the limit, `maximum` is its figure."""

    def __init__(self, limit: str, maximum: int) -> None:
        self.limit = limit
        self.maximum = maximum
        super().__init__(f"{limit} is limited to {maximum}")


class Findings:
    """Gathers what is wrong with several values, so that one refusal names them all."""

    def __init__(self) -> None:
        self._found: list[Invalid] = []

    def add(self, path: Sequence[str | int], message: str, code: str) -> None:
        """Note one problem."""
        self._found.append(Invalid(path, message, code))

    def of(
        self, check: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result | None:
        """What the check returns; None, and its problems noted, when it refuses."""
        try:
            return check(*args, **kwargs)
        except Invalid as refusal:
            self._found.extend(refusal.problems)
            return None

    def refuse(self) -> None:
        """Raise the first problem with the others attached; do nothing when there is none."""
        if self._found:
            first, *others = self._found
            first.others = tuple(others)
            raise first
