"""What is promised: how pressing a callback is, when it is due, and how it stands against that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from db.enums.callbacks import (
    CallbackPriority,
    CallbackRequestType,
    CallbackSlaState,
    CallbackStatus,
    CallbackUrgency,
)
from db.enums.contacts import CustomerValue
from resolvers.rules import Findings, Invalid
from resolvers.rules.callbacks.states import is_open
from resolvers.rules.core import clean_text, normalise_tags, required_text

REQUEST_WEIGHTS: Final[Mapping[CallbackRequestType, int]] = MappingProxyType(
    {
        CallbackRequestType.POLICY_ISSUE: 90,
        CallbackRequestType.PAYMENT_PROBLEM: 85,
        CallbackRequestType.CLAIM_ASSISTANCE: 80,
        CallbackRequestType.GENERAL_INQUIRY: 60,
        CallbackRequestType.FEEDBACK: 40,
        CallbackRequestType.SUGGESTION: 30,
        CallbackRequestType.OTHER: 50,
    }
)
URGENCY_POINTS: Final[Mapping[CallbackUrgency, int]] = MappingProxyType(
    {
        CallbackUrgency.CRITICAL: 20,
        CallbackUrgency.HIGH: 15,
        CallbackUrgency.MEDIUM: 10,
        CallbackUrgency.LOW: 0,
    }
)
VALUE_POINTS: Final[Mapping[CustomerValue, int]] = MappingProxyType(
    {
        CustomerValue.PLATINUM: 15,
        CustomerValue.GOLD: 10,
        CustomerValue.SILVER: 5,
        CustomerValue.BRONZE: 0,
    }
)
SLA_HOURS: Final[Mapping[CallbackPriority, int]] = MappingProxyType(
    {CallbackPriority.HIGH: 2, CallbackPriority.MEDIUM: 8, CallbackPriority.LOW: 24}
)
LONGEST_SLA_HOURS: Final = 8760  # a year: what is promised later than that is no callback

AT_RISK_LEFT: Final = 5  # AT_RISK from the last fifth of the time on: Agent Mitra's 80 %
NUMBERS: Final = 10**8  # how many numbers a tenant's callbacks can have


@dataclass(frozen=True, slots=True)
class CallbackDraft:
    """What a new callback says in words and figures; the names are those of its columns."""

    description: str
    tags: Sequence[str] = ()
    source_reference: str | None = None
    sla_hours: int | None = None


@dataclass(frozen=True, slots=True)
class CallbackTimes:
    """The times that a callback is judged by; the names are those of its columns."""

    status: CallbackStatus
    created_at: datetime
    due_at: datetime
    reopened_at: datetime | None = None
    paused_at: datetime | None = None
    paused_seconds: int = 0
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When the callback came to its end; None while it is open."""
        if is_open(self.status):
            return None
        return self.completed_at if self.status == CallbackStatus.COMPLETED else self.cancelled_at

    def as_of(self, now: datetime) -> datetime:
        """The instant that counts for the due time: of the end, of a pause while it lasts, else now."""
        return self.ended_at or self.paused_at or now


def number(drawn: int) -> str:
    """What people quote: CBR and eight digits, of a number below NUMBERS that somebody drew."""
    return f"CBR{drawn:08d}"


def normalise(draft: CallbackDraft) -> CallbackDraft:
    """The draft with its texts trimmed and its tags tidied. Raises Invalid with all problems at once."""
    findings = Findings()
    settled = CallbackDraft(
        findings.of(required_text, ("description",), draft.description, 10_000) or "",
        findings.of(normalise_tags, ("tags",), draft.tags) or (),
        findings.of(clean_text, ("source_reference",), draft.source_reference, 200),
        draft.sla_hours,
    )
    findings.of(_check_sla_hours, draft.sla_hours)
    findings.refuse()
    return settled


def age_hours(created_at: datetime, now: datetime) -> int:
    """The age in whole hours, rounded down; 0 for what seems to come from the future."""
    return max((now - created_at) // timedelta(hours=1), 0)


def priority_score(
    request_type: CallbackRequestType,
    urgency: CallbackUrgency,
    customer_value: CustomerValue,
    age: int = 0,
) -> float:
    """The points for type, urgency and customer, and a quarter for each hour of age up to 10; within 1..100.

    Agent Mitra's `calculate_callback_priority_score`, figure for figure. Steps of a quarter are exact in a
    float.
    """
    points = REQUEST_WEIGHTS[request_type] + URGENCY_POINTS[urgency] + VALUE_POINTS[customer_value]
    return min(100.0, max(1.0, points + min(age / 4, 10.0)))


def score_as_of(
    request_type: CallbackRequestType,
    urgency: CallbackUrgency,
    customer_value: CustomerValue,
    times: CallbackTimes,
    now: datetime,
) -> float:
    """The score that an open callback has now, and one that has come to its end had then."""
    age = age_hours(times.created_at, times.ended_at or now)
    return priority_score(request_type, urgency, customer_value, age)


def priority_of(score: float) -> CallbackPriority:
    """HIGH from 85 on, MEDIUM from 70 on, else LOW: Agent Mitra's `get_callback_priority_category`."""
    if score >= 85:
        return CallbackPriority.HIGH
    return CallbackPriority.MEDIUM if score >= 70 else CallbackPriority.LOW


def sla_hours(own: int | None, queue: int | None, priority: CallbackPriority) -> int:
    """Hours there are to call back: the request's own, else the queue's, else 2, 8 or 24 by priority."""
    _check_sla_hours(own)
    return own or queue or SLA_HOURS[priority]


def due_at(created_at: datetime, hours: int) -> datetime:
    """When a callback is due, set at creation: Agent Mitra's `calculate_callback_due_date`."""
    return created_at + timedelta(hours=hours)


def is_overdue(times: CallbackTimes, now: datetime) -> bool:
    """Whether an open callback's due time has passed, marked by the clock's worker or not."""
    return is_open(times.status) and times.as_of(now) > times.due_at


def at_risk_at(times: CallbackTimes) -> datetime:
    """When 80 % of the time from creation or reopening to the due time have passed, pauses not counted."""
    begun_at = times.reopened_at or times.created_at
    promised = times.due_at - begun_at - timedelta(seconds=times.paused_seconds)
    return times.due_at - max(promised, timedelta(0)) / AT_RISK_LEFT


def sla_state(times: CallbackTimes, now: datetime) -> CallbackSlaState:
    """How the callback stands now, or stood at its end. At the due time itself it is not yet too late."""
    instant = times.as_of(now)
    if instant > times.due_at:
        return CallbackSlaState.BREACHED
    return CallbackSlaState.AT_RISK if instant >= at_risk_at(times) else CallbackSlaState.ON_TRACK


def _check_sla_hours(hours: int | None) -> None:
    if hours is not None and not 1 <= hours <= LONGEST_SLA_HOURS:
        raise Invalid(("sla_hours",), f"must lie between 1 and {LONGEST_SLA_HOURS}", "OUT_OF_RANGE")
