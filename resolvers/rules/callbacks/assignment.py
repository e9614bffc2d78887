"""Who gets which callback: the queue that takes it, who is able to, and whose turn it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from uuid import UUID

from db.enums.callbacks import (
    CallbackCategory,
    CallbackPriority,
    CallbackQueueType,
    CallbackRequestType,
)
from resolvers.rules import Invalid, LimitExceeded
from resolvers.rules.insurance_agents import Schedule


@dataclass(frozen=True, slots=True)
class Assignee:
    """An insurance agent as assignment sees them; the numbers are counts of callbacks.

    `specialities` are values of CallbackRequestType and CallbackCategory, none meaning all. `is_available`
    is false for one who is away or not active. `assigned_today` counts by the day where the agent is.
    Without a schedule the agent works at any time.
    """

    insurance_agent_id: UUID
    max_daily_callbacks: int = 50
    max_concurrent_callbacks: int = 3
    assigned_today: int = 0
    active_now: int = 0
    is_available: bool = True
    specialities: frozenset[str] = field(default_factory=frozenset)
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """Which callbacks a queue takes: values of the enumerations, an empty set taking all."""

    queue_id: UUID
    request_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Service:
    """How callbacks are handed out, by their queue; the defaults are for those in none."""

    queue_type: CallbackQueueType = CallbackQueueType.PRIORITY
    max_concurrent_callbacks: int | None = None
    last_insurance_agent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class QueuedCallback:
    """A waiting callback as its queue orders it; `score` is as of now."""

    id: UUID
    score: float
    due_at: datetime
    created_at: datetime


def check_assignable(
    request_type: CallbackRequestType,
    category: CallbackCategory,
    assignee: Assignee,
    queue_max_concurrent: int | None,
    now: datetime,
) -> None:
    """Refuse an agent who is away, off duty, not for such callbacks (Invalid), or full (LimitExceeded).

    Of the queue's and the agent's limit of callbacks at a time the lower counts; no queue, no limit of its
    own.
    """
    path = ("insurance_agent_id",)
    if not assignee.is_available:
        raise Invalid(path, "is not available", "NOT_ALLOWED")
    if assignee.schedule is not None and not assignee.schedule.is_open(now):
        raise Invalid(path, "does not work at this time", "NOT_ALLOWED")
    if assignee.specialities and not assignee.specialities & {request_type.value, category.value}:
        raise Invalid(path, f"takes neither {request_type} nor {category}", "NOT_ALLOWED")
    concurrent = assignee.max_concurrent_callbacks
    if queue_max_concurrent is not None:
        concurrent = min(concurrent, queue_max_concurrent)
    if assignee.active_now >= concurrent:
        raise LimitExceeded("callbacks at a time", concurrent)
    if assignee.assigned_today >= assignee.max_daily_callbacks:
        raise LimitExceeded("callbacks a day", assignee.max_daily_callbacks)


def in_order(queue_type: CallbackQueueType, waiting: Iterable[QueuedCallback]) -> list[QueuedCallback]:
    """The waiting callbacks, the next one first.

    PRIORITY: the highest score, then the earliest due. FIFO and ROUND_ROBIN: the oldest. Ties go by age,
    then id.
    """
    if queue_type is CallbackQueueType.PRIORITY:
        return sorted(waiting, key=lambda item: (-item.score, item.due_at, item.created_at, item.id))
    return sorted(waiting, key=lambda item: (item.created_at, item.id))


def pick_assignee(
    queue_type: CallbackQueueType, assignees: Sequence[Assignee], last_insurance_agent_id: UUID | None
) -> Assignee | None:
    """Which of the insurance agents that may get the callback gets it; None when there are none.

    ROUND_ROBIN: the one after whom the queue served last, in the order of their ids, whether or not that
    one is still among them. Otherwise the one who works on the fewest, then who got the fewest today, then
    by id.
    """
    by_id = sorted(assignees, key=lambda assignee: assignee.insurance_agent_id)
    if queue_type is CallbackQueueType.ROUND_ROBIN:
        later = (
            assignee
            for assignee in by_id
            if last_insurance_agent_id is None or assignee.insurance_agent_id > last_insurance_agent_id
        )
        return next(later, by_id[0] if by_id else None)
    return min(by_id, key=lambda assignee: (assignee.active_now, assignee.assigned_today), default=None)


def choose_assignee(
    request_type: CallbackRequestType,
    category: CallbackCategory,
    service: Service,
    assignees: Iterable[Assignee],
    now: datetime,
) -> Assignee:
    """Who gets a callback when nobody was named: `pick_assignee` of those whom `check_assignable` lets pass.

    Raises LimitExceeded when those who would take it are full, Invalid when nobody would.
    """
    able: list[Assignee] = []
    full: LimitExceeded | None = None
    for assignee in assignees:
        try:
            check_assignable(request_type, category, assignee, service.max_concurrent_callbacks, now)
        except LimitExceeded as limit:
            full = full or limit
        except Invalid:
            continue
        else:
            able.append(assignee)
    chosen = pick_assignee(service.queue_type, able, service.last_insurance_agent_id)
    if chosen is not None:
        return chosen
    if full is not None:
        raise full
    raise Invalid(("insurance_agent_id",), "must be given: nobody on duty takes such callbacks", "REQUIRED")


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """When the day began that it is now in the zone: what `assigned_today` counts from."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def queue_terms(queue_id: UUID, assignment_rules: Mapping[str, object]) -> QueueTerms:
    """The terms in a queue's stored rules: its lists `request_types`, `categories` and `priorities`."""

    def values(name: str) -> frozenset[str]:
        stored = assignment_rules.get(name)
        return frozenset(map(str, stored)) if isinstance(stored, list) else frozenset()

    return QueueTerms(queue_id, values("request_types"), values("categories"), values("priorities"))


def choose_queue(
    queues: Iterable[QueueTerms],
    request_type: CallbackRequestType,
    category: CallbackCategory,
    priority: CallbackPriority,
) -> UUID | None:
    """The queue for a callback that names none: of those that take it, the one with the most terms.

    Of several equally narrow ones the first; None when no queue takes it.
    """
    best: UUID | None = None
    most = -1
    for queue in queues:
        terms = (
            (queue.request_types, request_type),
            (queue.categories, category),
            (queue.priorities, priority),
        )
        narrowness = sum(bool(accepted) for accepted, _ in terms)
        if narrowness > most and all(not accepted or value in accepted for accepted, value in terms):
            best, most = queue.queue_id, narrowness
    return best
