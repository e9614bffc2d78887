"""Callbacks: how each was promised, assigned and kept, or where it waits, all by the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from db.callbacks import CallbackActivity, CallbackQueue, CallbackRequest
from db.calls import CallTranscript
from db.enums.callbacks import (
    CallbackActivityType,
    CallbackCategory,
    CallbackContactMethod,
    CallbackContactOutcome,
    CallbackOutcome,
    CallbackQueueType,
    CallbackRequestType,
    CallbackSource,
    CallbackStatus,
    CallbackUrgency,
)
from db.enums.calls import CallStatus
from db.enums.policies import PolicyStatus
from resolvers.demo.book import Book, Row
from resolvers.demo.calls import Switchboard, Talk
from resolvers.demo.insurance import Portfolio
from resolvers.demo.staff import Staff
from resolvers.demo.words import Asked
from resolvers.rules import Invalid, LimitExceeded
from resolvers.rules import callbacks as rules
from resolvers.rules.insurance_agents import Schedule, parse_schedule

NUMBER_STEP: Final = 7_654_321  # prime to rules.NUMBERS, so that no number comes twice
FIRST_NUMBER: Final = 18_493_948
_CALLED: Final = 0.45  # of the callbacks: asked for on a call
_CANCELLED: Final = 0.25  # of those that came to their end
_LATE: Final = 0.15  # of those that were kept
_RATED: Final = 0.5
_HANDED_ON: Final = 0.1

_TYPES: Final = (
    (CallbackRequestType.GENERAL_INQUIRY, 28.0),
    (CallbackRequestType.PAYMENT_PROBLEM, 20.0),
    (CallbackRequestType.POLICY_ISSUE, 18.0),
    (CallbackRequestType.CLAIM_ASSISTANCE, 18.0),
    (CallbackRequestType.FEEDBACK, 7.0),
    (CallbackRequestType.OTHER, 6.0),
    (CallbackRequestType.SUGGESTION, 3.0),
)
_CATEGORIES: Final[Mapping[CallbackRequestType, CallbackCategory]] = {
    CallbackRequestType.POLICY_ISSUE: CallbackCategory.POLICY,
    CallbackRequestType.CLAIM_ASSISTANCE: CallbackCategory.POLICY,
    CallbackRequestType.PAYMENT_PROBLEM: CallbackCategory.BILLING,
    CallbackRequestType.SUGGESTION: CallbackCategory.TECHNICAL,
}
_SOURCES: Final = (
    (CallbackSource.PORTAL, 35.0),
    (CallbackSource.WHATSAPP, 35.0),
    (CallbackSource.MOBILE, 25.0),
    (CallbackSource.API, 5.0),
)
_QUEUES: Final[
    tuple[tuple[CallbackQueueType, int | None, dict[str, list[str]]], ...]
] = (  # kind, hours, what it takes; the last takes the rest
    (CallbackQueueType.PRIORITY, None, {"categories": [CallbackCategory.POLICY.value]}),
    (CallbackQueueType.FIFO, 12, {"categories": [CallbackCategory.BILLING.value]}),
    (CallbackQueueType.ROUND_ROBIN, 24, {}),
)


def make_callbacks(
    book: Book,
    staff: Staff,
    contacts: Sequence[Row],
    portfolio: Portfolio,
    switchboard: Switchboard,
) -> list[Row]:
    """Queues, and callbacks in every state; assigned ones lie within the capacity of their insurance agents."""
    queues = _queues(book, staff)
    roster = _Roster(book, staff)
    wanted = [status for status, number in book.size.open_callbacks.items() for _ in range(number)]
    ended = max(book.size.callbacks - len(wanted), 0)
    cancelled = round(ended * _CANCELLED)
    wanted += [CallbackStatus.CANCELLED] * cancelled + [CallbackStatus.COMPLETED] * (ended - cancelled)
    # Later ones are assigned with earlier ones in the books, so they are made in the order of their promises.
    asks = [_ask(book, contacts, portfolio, switchboard, status, queues) for status in wanted]
    asks.sort(key=lambda ask: ask.at)
    requests = [_Promise(book, staff, roster, switchboard, ask).keep() for ask in asks]
    for agent in staff.agents:
        agent["active_callback_count"] = sum(
            request["insurance_agent_id"] == agent["id"] and rules.is_open(request["status"]) for request in requests
        )
    return requests


def next_due_at(requests: Sequence[Row]) -> datetime | None:
    """When the clock has to look at callbacks again."""
    waiting = (
        request["due_at"] for request in requests if rules.is_open(request["status"]) and request["overdue_at"] is None
    )
    return min(waiting, default=None)


def _queues(book: Book, staff: Staff) -> list[Row]:
    at = book.ago(days=365 * 3)
    return [
        book.add(
            CallbackQueue,
            at + timedelta(minutes=position),
            name=named.name,
            queue_type=queue_type,
            description=named.description,
            team_id=staff.teams[1]["id"] if queue_type is CallbackQueueType.FIFO else None,
            max_concurrent_callbacks=5,
            sla_hours=hours,
            assignment_rules=terms,
        )
        for position, (named, (queue_type, hours, terms)) in enumerate(zip(book.words.queues, _QUEUES, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Ask:
    """A callback before it is promised: what is asked for, when, and how it is to stand now."""

    status: CallbackStatus
    at: datetime
    due_at: datetime
    asked: Asked
    urgency: CallbackUrgency
    contact: Row
    policy: Row | None
    queue: Row
    talk: Talk | None


def _ask(
    book: Book,
    contacts: Sequence[Row],
    portfolio: Portfolio,
    switchboard: Switchboard,
    status: CallbackStatus,
    queues: Sequence[Row],
) -> _Ask:
    """Somebody who asks for a callback, long enough ago for what is to come of it."""
    talk = None
    if book.chance(_CALLED):
        talk = switchboard.about(book.pick([each for each in book.words.dialogues if each.asked]))
    if talk is not None and talk.contact is not None and talk.dialogue.asked is not None:
        contact, policy, asked = talk.contact, talk.policy, talk.dialogue.asked
    else:
        contact = book.pick(contacts)
        held = [each for each in portfolio.held.get(contact["id"], []) if each["status"] is PolicyStatus.ACTIVE]
        policy = book.pick(held) if held else None
        asked = _written(book, policy)
    urgency = book.pick(asked.urgencies)
    score = rules.priority_score(asked.request_type, urgency, contact["customer_value"])
    priority = rules.priority_of(score)
    terms = [rules.queue_terms(queue["id"], queue["assignment_rules"]) for queue in queues]
    queue_id = rules.choose_queue(terms, asked.request_type, asked.category, priority)
    queue = next(each for each in queues if each["id"] == queue_id)
    hours = rules.sla_hours(None, queue["sla_hours"], priority)
    activated_at = policy and policy["activated_at"]
    known_since = max(filter(None, (contact["created_at"], activated_at))) + timedelta(minutes=10)
    at = _asked_at(book, status, hours, known_since)
    return _Ask(status, at, rules.due_at(at, hours), asked, urgency, contact, policy, queue, talk)


def _written(book: Book, policy: Row | None) -> Asked:
    """What somebody asks for in writing; those without a policy ask in general."""
    request_type = book.weighted(_TYPES) if policy else CallbackRequestType.GENERAL_INQUIRY
    category = _CATEGORIES.get(request_type, CallbackCategory.GENERAL)
    return Asked(request_type, category, tuple(CallbackUrgency))


def _asked_at(book: Book, status: CallbackStatus, hours: int, known_since: datetime) -> datetime:
    """Open and not overdue: within the hours there are. Overdue: just past them. Ended: some days ago."""
    if status is CallbackStatus.OVERDUE:
        at = book.ago(hours=hours + book.rng.uniform(0.2, 3))
    elif rules.is_open(status):
        at = book.ago(hours=hours * book.rng.uniform(0.15, 0.8))
    else:
        at = book.working_time(max(book.ago(days=book.size.days), known_since), book.ago(hours=30))
    return max(at, known_since)


class _Roster:
    """Who works on how many callbacks at what time."""

    def __init__(self, book: Book, staff: Staff) -> None:
        self.book = book
        self.agents = staff.agents
        self.members = staff.members
        self.by_id = {agent["id"]: agent for agent in staff.agents}
        self._schedules: dict[UUID, Schedule | None] = {
            agent["id"]: parse_schedule(("availability_schedule",), agent["availability_schedule"])
            for agent in staff.agents
        }
        self._spans: dict[UUID, list[tuple[datetime, datetime]]] = {agent["id"]: [] for agent in staff.agents}

    def choose(self, ask: _Ask, now: datetime, but: UUID | None = None) -> UUID | None:
        """The insurance agent whom the rules give the callback then; None when nobody may get it."""
        queue = ask.queue
        team = self.members.get(queue["team_id"]) if queue["team_id"] else None
        able = [
            self._assignee(agent, now)
            for agent in self.agents
            if agent["id"] != but and (team is None or agent["user_id"] in team)
        ]
        service = rules.Service(
            queue["queue_type"], queue["max_concurrent_callbacks"], queue["last_insurance_agent_id"]
        )
        asked = ask.asked
        try:
            chosen = rules.choose_assignee(asked.request_type, asked.category, service, able, now)
        except (Invalid, LimitExceeded):
            return None
        queue["last_insurance_agent_id"] = chosen.insurance_agent_id
        return chosen.insurance_agent_id

    def occupy(self, agent_id: UUID, start: datetime, end: datetime) -> None:
        """Count a callback to an agent from its assignment to its end."""
        self._spans[agent_id].append((start, end))

    def _assignee(self, agent: Row, now: datetime) -> rules.Assignee:
        since = rules.start_of_day(now, self.book.zone)
        spans = self._spans[agent["id"]]
        return rules.Assignee(
            agent["id"],
            agent["max_daily_callbacks"],
            agent["max_concurrent_callbacks"],
            assigned_today=sum(since <= start for start, _ in spans),
            active_now=sum(end > now for _, end in spans),
            is_available=agent["is_available"],
            specialities=frozenset(agent["specialities"]),
            schedule=self._schedules[agent["id"]],
        )


@dataclass(slots=True)
class _Promise:
    """One callback, from its promise to where it stands now."""

    book: Book
    staff: Staff
    roster: _Roster
    switchboard: Switchboard
    ask: _Ask
    request: Row = field(default_factory=dict)

    def keep(self) -> Row:
        """The callback with its history."""
        self._promise()
        match self.ask.status:
            case CallbackStatus.COMPLETED:
                self._complete()
            case CallbackStatus.CANCELLED:
                self._cancel()
            case CallbackStatus.OVERDUE:
                self._run_late()
            case CallbackStatus.ASSIGNED:
                self._assign(self._soon(0.1, 0.5))
            case CallbackStatus.IN_PROGRESS:
                if self._assign(self._soon(0.05, 0.3)):
                    self._start(self._soon(0.4, 0.7))
                    self._attempt(self._soon(0.75, 0.9), CallbackContactOutcome.NO_ANSWER)
        return self.request

    # ------------------------------------------------------------------------------------------------ the ways

    def _complete(self) -> None:
        book, ask = self.book, self.ask
        is_late = book.chance(_LATE)
        start = ask.due_at + timedelta(minutes=30) if is_late else ask.at
        limit = ask.at + (ask.due_at - ask.at) / 3
        assigned_at = min(ask.at + timedelta(minutes=book.rng.randint(2, 30)), limit)
        if not self._assign(assigned_at):
            self._overdue(ask.due_at + timedelta(seconds=5))
            return
        if book.chance(_HANDED_ON) and not is_late:
            self._assign(assigned_at + timedelta(minutes=3))
        if is_late:
            self._overdue(ask.due_at + timedelta(seconds=book.rng.randint(1, 20)))
        started_at = max(start, self.request["assigned_at"]) + timedelta(minutes=book.rng.randint(4, 35))
        ended_at = started_at + timedelta(minutes=book.rng.randint(5, 40))
        self._start(started_at)
        self._attempt(started_at + timedelta(minutes=2), CallbackContactOutcome.SUCCESSFUL)
        resolution = book.words.resolutions[ask.asked.request_type]
        change = rules.complete(self._state(), ended_at, CallbackOutcome.RESOLVED, resolution)
        user_id = self._agent()["user_id"]
        seconds = int((ended_at - started_at).total_seconds())
        self._change(change, ended_at, user_id, {"completed_by_id": user_id}, duration_seconds=seconds)
        if book.chance(_RATED):
            rating = 3 if is_late else book.pick((5, 5, 5, 4, 4, 2))
            self.request["satisfaction_rating"] = rating
            self.request["satisfaction_comment"] = book.words.ratings[rating]

    def _cancel(self) -> None:
        book, ask = self.book, self.ask
        assigned_at = ask.at + timedelta(minutes=20)
        is_assigned = book.chance(0.5) and self._assign(assigned_at)
        at = assigned_at + timedelta(minutes=book.rng.randint(5, 50))
        user_id = self._agent()["user_id"] if is_assigned else book.pick(self.staff.support)["id"]
        reason = book.pick(book.words.cancellations)
        change = rules.cancel(self._state(), at, reason)
        self._change(change, at, user_id, {"cancelled_by_id": user_id}, notes=reason)

    def _run_late(self) -> None:
        """Nobody got it, or somebody did and has not begun, or has begun and not reached the customer."""
        kind = self.book.rng.randrange(3)
        if kind and self._assign(self._soon(0.05, 0.3)) and kind == 2:
            self._start(self._soon(0.4, 0.6))
            self._attempt(self._soon(0.65, 0.8), CallbackContactOutcome.BUSY)
        self._overdue(self.ask.due_at + timedelta(seconds=self.book.rng.randint(1, 20)))

    def _soon(self, low: float, high: float) -> datetime:
        """A time within that part of what has passed since the promise, but no later than it is due."""
        end = min(self.book.now, self.ask.due_at)
        passed = (end - self.ask.at) * self.book.rng.uniform(low, high)
        return (self.ask.at + passed).replace(microsecond=0)

    # ----------------------------------------------------------------------------------------------- the steps

    def _promise(self) -> None:
        book, ask = self.book, self.ask
        call = None
        text = book.pick(book.words.callbacks[ask.asked.request_type]).format_map(self._facts())
        if ask.talk is not None:
            call = self.switchboard.call(ask.talk, CallStatus.COMPLETED, ask.at, ended_at=ask.at)
            text = book.all(CallTranscript)[-1]["summary"]
        score = rules.priority_score(ask.asked.request_type, ask.urgency, ask.contact["customer_value"])
        self.request = book.add(
            CallbackRequest,
            ask.at,
            number=rules.number((len(book.all(CallbackRequest)) * NUMBER_STEP + FIRST_NUMBER) % rules.NUMBERS),
            contact_id=ask.contact["id"],
            call_id=call and call["id"],
            request_type=ask.asked.request_type,
            category=ask.asked.category,
            description=text,
            source=CallbackSource.CALL if call else book.weighted(_SOURCES),
            queue_id=ask.queue["id"],
            priority=rules.priority_of(score),
            priority_score=score,
            urgency=ask.urgency,
            customer_value=ask.contact["customer_value"],
            due_at=ask.due_at,
            tags=[],
        )
        self._note(CallbackActivityType.CREATED, ask.at, None, new_status=CallbackStatus.PENDING)

    def _assign(self, at: datetime) -> bool:
        """Let the rules choose an insurance agent; False when nobody may get it at that time."""
        before = self.request["insurance_agent_id"]
        agent_id = self.roster.choose(self.ask, at, but=before)
        if agent_id is None:
            return False
        is_ended = not rules.is_open(self.ask.status)
        busy_until = at + timedelta(hours=1) if is_ended else self.book.now + timedelta(days=1)
        self.roster.occupy(agent_id, at, busy_until)
        user_id = self.staff.manager["id"]
        self._change(rules.assign(self._state(), agent_id, at), at, user_id, {"assigned_by_id": user_id})
        return True

    def _start(self, at: datetime) -> None:
        self._change(rules.start(self._state(), at), at, self._agent()["user_id"])

    def _attempt(self, at: datetime, outcome: CallbackContactOutcome) -> None:
        """The agent reaches for the customer."""
        position = {CallbackContactOutcome.NO_ANSWER: 0, CallbackContactOutcome.SUCCESSFUL: 1}.get(outcome, 2)
        self.request["attempt_count"] += 1
        self.request["last_attempt_at"] = at
        self.request["updated_at"] = at
        self.request["version"] += 1
        self._note(
            CallbackActivityType.CALLED,
            at,
            self._agent()["user_id"],
            contact_method=CallbackContactMethod.PHONE,
            contact_outcome=outcome,
            notes=self.book.words.attempts[position],
        )

    def _overdue(self, at: datetime) -> None:
        change = rules.overdue(self._state(), at)
        if change is not None:
            self._change(change, at, None)

    def _change(
        self,
        change: rules.CallbackChange,
        at: datetime,
        user_id: UUID | None,
        values: Mapping[str, Any] | None = None,
        **noted: Any,
    ) -> None:
        """Write down a transition, with the score as of then."""
        ask = self.ask
        age = rules.age_hours(ask.at, at)
        score = rules.priority_score(ask.asked.request_type, ask.urgency, ask.contact["customer_value"], age)
        self.request |= {
            "status": change.new_status,
            "priority": rules.priority_of(score),
            "priority_score": score,
            "updated_at": at,
            "updated_by_id": user_id,
            "version": self.request["version"] + 1,
            **change.values,
            **(values or {}),
        }
        self._note(
            change.activity_type,
            at,
            user_id,
            old_status=change.old_status,
            new_status=change.new_status,
            **noted,
        )

    def _note(self, activity_type: CallbackActivityType, at: datetime, user_id: UUID | None, **values: Any) -> None:
        self.book.add(
            CallbackActivity,
            at,
            callback_request_id=self.request["id"],
            activity_type=activity_type,
            description=activity_type.description,
            user_id=user_id,
            insurance_agent_id=self.request["insurance_agent_id"],
            **values,
        )

    def _state(self) -> rules.CallbackState:
        names = ("due_at", "insurance_agent_id", "assigned_at", "started_at", "first_response_at", "overdue_at")
        return rules.CallbackState(self.request["status"], **{name: self.request[name] for name in names})

    def _agent(self) -> Row:
        return self.roster.by_id[self.request["insurance_agent_id"]]

    def _facts(self) -> dict[str, str]:
        ask = self.ask
        policy = ask.policy
        product = policy["plan_name"] if policy else self.book.pick(self.book.market.products).name
        return {
            "first": ask.contact["first_name"],
            "name": f"{ask.contact['first_name']} {ask.contact['last_name']}",
            "product": product,
            "policy": policy["policy_number"] if policy else "",
        }
