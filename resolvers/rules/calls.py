"""How a call goes on by its provider's reports, which come late, twice, out of order, or never."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from db.enums.calls import CallDirection, CallStatus

LIVE_STATUSES: Final = (CallStatus.INITIATED, CallStatus.RINGING, CallStatus.ANSWERED)
"""The states of a call that has not ended, in their order."""

_STEP: Final[Mapping[CallStatus, int]] = MappingProxyType(
    {status: LIVE_STATUSES.index(status) if status in LIVE_STATUSES else 3 for status in CallStatus}
)


@dataclass(frozen=True, slots=True)
class CallState:
    """What reports change about a call; the names are those of its columns.

    `initiated_at` is the earliest time that any report names: a call is stored before its first state is
    known, if that is reported at all. The others stay None until their state is reported; all ends share
    `ended_at`.
    """

    status: CallStatus
    initiated_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says: the state, when the call reached it, and at its end how long the talk was.

    `at` is the provider's time; the time of arrival where the provider names none. `duration_seconds` of 0
    or None says nothing.
    """

    status: CallStatus
    at: datetime
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class CallReport:
    """One report of a call in full, in no provider's words.

    `facts` are columns of the call that only some reports know, such as its cost; `details` go into the
    column of that name. `provider_status` is the state in the provider's own word.
    """

    provider_call_id: str
    state: Report
    provider_status: str
    direction: CallDirection
    from_number: str
    to_number: str
    facts: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def own_number(self) -> str:
        """The tenant's number on the call."""
        return self.to_number if self.direction is CallDirection.INBOUND else self.from_number

    @property
    def other_number(self) -> str:
        """The number on the other side: the contact's."""
        return self.from_number if self.direction is CallDirection.INBOUND else self.to_number


@dataclass(frozen=True, slots=True)
class CallChange:
    """What a report did: the call before it (None: not known so far) and after it."""

    before: CallState | None
    after: CallState

    @property
    def old_status(self) -> CallStatus | None:
        """The status before the report; None for a call that it made known."""
        return self.before.status if self.before else None

    @property
    def new_status(self) -> CallStatus:
        """The status after the report."""
        return self.after.status

    @property
    def is_status_changed(self) -> bool:
        """Whether the call went on; true for a call that the report made known."""
        return self.old_status is not self.new_status

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    @property
    def values(self) -> dict[str, object]:
        """The columns to write: those that differ, or all of a call that the report made known."""
        now = {field.name: getattr(self.after, field.name) for field in fields(self.after)}
        if self.before is None:
            return now
        return {name: value for name, value in now.items() if value != getattr(self.before, name)}


def is_final(status: CallStatus) -> bool:
    """Whether a call in this state has ended."""
    return status not in LIVE_STATUSES


def apply_report(state: CallState | None, report: Report) -> CallChange:
    """What a report does to a call, or to none so far.

    Any state may jump forward; the first final state that arrives wins, and a later one, whatever it says,
    changes nothing. A late report fills its own timestamp and never overwrites one; a repeated one changes
    nothing. So a sequence that reports each state once and one end comes to the same whatever its order and
    repetitions; with several ends, everything but the end's own status, time and duration does.
    """
    if state is None:
        known = CallState(report.status, report.at)
        return CallChange(None, _fill(known, report))
    if is_final(state.status) and is_final(report.status):
        return CallChange(state, replace(state, initiated_at=min(state.initiated_at, report.at)))
    status = max(state.status, report.status, key=_STEP.__getitem__)
    return CallChange(state, _fill(replace(state, status=status), report))


def still_open(current: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """Of what a report says, that of which the call knows nothing yet: the first report of a fact counts."""
    news = {name: value for name, value in said.items() if value and not current.get(name) and name != "currency"}
    if "cost_amount" in news:
        news["currency"] = said["currency"]  # an amount brings its currency, which is never empty before
    return news


def is_over_limit(status: CallStatus, live_calls: int, max_concurrent_calls: int) -> bool:
    """Whether a call first reported in this state, beside so many live ones, is one more than allowed.

    A reported call already exists: it is stored in any case, only flagged.
    """
    return not is_final(status) and live_calls >= max_concurrent_calls


def _fill(state: CallState, report: Report) -> CallState:
    """The state with the report's time where that is still open, and the duration once it can be known."""
    initiated_at = min(state.initiated_at, report.at)
    ringing_at, answered_at, ended_at = state.ringing_at, state.answered_at, state.ended_at
    duration = state.duration_seconds
    if report.status is CallStatus.RINGING:
        ringing_at = ringing_at or report.at
    elif report.status is CallStatus.ANSWERED:
        answered_at = answered_at or report.at
    elif is_final(report.status):
        ended_at = ended_at or report.at
        duration = max(report.duration_seconds or 0, 0)
    if ended_at and answered_at and not duration:
        duration = max(int((ended_at - answered_at).total_seconds()), 0)
    return CallState(state.status, initiated_at, ringing_at, answered_at, ended_at, duration)
