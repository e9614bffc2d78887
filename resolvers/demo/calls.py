"""Calls: with whom, about what, how they went, and what was said on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

from db.calls import Call, CallTranscript
from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus, TranscriptSpeaker
from db.enums.policies import PolicyPaymentStatus, PolicyStatus
from resolvers.demo.book import Book, Row
from resolvers.demo.insurance import Portfolio
from resolvers.demo.telephony import Line
from resolvers.demo.words import Dialogue
from resolvers.rules.calls import CallState, Report, apply_report
from resolvers.rules.telephony import TWILIO_STATUSES

STRANGERS: Final = 0.08  # of those who call: nobody the tenant knows
INBOUND: Final = 0.6
MINUTE_PRICE: Final = Decimal("0.0085")  # USD
WORD_MS: Final = 410
PAUSE_MS: Final = 900

_TWILIO_WORDS: Final = {status: word for word, status in TWILIO_STATUSES.items() if word != "queued"}
_ENDS: Final = {
    CallDirection.INBOUND: (
        (CallStatus.COMPLETED, 90.0),
        (CallStatus.CANCELLED, 7.0),
        (CallStatus.FAILED, 3.0),
    ),
    CallDirection.OUTBOUND: (
        (CallStatus.COMPLETED, 56.0),
        (CallStatus.NO_ANSWER, 24.0),
        (CallStatus.BUSY, 10.0),
        (CallStatus.FAILED, 5.0),
        (CallStatus.CANCELLED, 5.0),
    ),
}
_SIP_CODES: Final = {
    CallStatus.COMPLETED: 200,
    CallStatus.BUSY: 486,
    CallStatus.NO_ANSWER: 480,
    CallStatus.FAILED: 503,
    CallStatus.CANCELLED: 487,
}
_LIVE: Final = (  # seconds ago that each state was reached
    (CallDirection.INBOUND, (240, 238, 237)),
    (CallDirection.OUTBOUND, (9, 7)),
    (CallDirection.INBOUND, (95, 94, 92)),
    (CallDirection.OUTBOUND, (2,)),
)


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks about what: nobody known, or a contact, about a policy of theirs or a product."""

    dialogue: Dialogue
    contact: Row | None
    policy: Row | None

    @property
    def since(self) -> datetime | None:
        """Since when there is something to talk about."""
        times = (self.contact and self.contact["created_at"], self.policy and self.policy["activated_at"])
        return max(filter(None, times), default=None)


class Switchboard:
    """Makes the calls of a tenant."""

    def __init__(
        self, book: Book, integration: Row, lines: Sequence[Line], contacts: Sequence[Row], portfolio: Portfolio
    ) -> None:
        self.book = book
        self.integration = integration
        self.lines = lines
        self.contacts = contacts
        self.by_id = {contact["id"]: contact for contact in contacts}
        self.owners = {policy["id"]: contact_id for contact_id, held in portfolio.held.items() for policy in held}
        self.calls: list[Row] = []
        self._answered = 0
        self._strangers = book.size.contacts + book.size.accounts
        self._pools = {each.key: self._pool(each, portfolio) for each in book.words.dialogues}

    def fill(self) -> None:
        """Calls at working hours until the tenant has as many as it should; some of them are going on now."""
        book = self.book
        for number in range(book.size.live_calls):
            direction, seconds = _LIVE[number % len(_LIVE)]
            self._live(direction, [each + 7 * (number // len(_LIVE)) for each in seconds])
        earliest, latest = book.ago(days=book.size.days), book.ago(minutes=30)
        while len(self.calls) < book.size.calls:
            direction = CallDirection.INBOUND if book.chance(INBOUND) else CallDirection.OUTBOUND
            talk = self.draw(direction)
            known_since = max(earliest, talk.since or earliest)
            self.call(talk, book.weighted(_ENDS[direction]), book.working_time(known_since, latest))

    def draw(self, direction: CallDirection) -> Talk:
        """Somebody with a reason to call, or to be called."""
        book = self.book
        fitting = [each for each in book.words.dialogues if each.direction is direction]
        dialogue = book.pick(fitting)
        if not dialogue.needs_policy and book.chance(STRANGERS * len(fitting)):
            return Talk(dialogue, None, None)
        return self.about(dialogue)

    def about(self, dialogue: Dialogue) -> Talk:
        """A contact who has the matter of the dialogue on their mind."""
        contact_id, policy = self.book.pick(self._pools[dialogue.key])
        return Talk(dialogue, self.by_id[contact_id], policy)

    def call(self, talk: Talk, end: CallStatus, at: datetime, *, ended_at: datetime | None = None) -> Row:
        """A call that has ended: begun at that time, or so that it ended when it had to."""
        book = self.book
        is_talk = end is CallStatus.COMPLETED
        is_inbound = talk.dialogue.direction is CallDirection.INBOUND
        self._answered += is_talk
        facts: dict[str, str] = {}
        turns: list[dict[str, Any]] = []
        seconds = 0
        if is_talk:
            if ended_at is not None or self._answered % book.size.transcribed_every == 0:
                facts = self._facts(talk)
                turns = self._turns(talk.dialogue, facts)
            seconds = turns[-1]["ended_ms"] // 1000 + 1 if turns else book.rng.randint(35, 300)
        ringing = 1 if is_inbound else book.rng.randint(1, 3)
        waiting = ringing + (1 if is_inbound else book.rng.randint(4, 22))
        if ended_at is not None:
            at = ended_at - timedelta(seconds=seconds + waiting)
        reports = [Report(CallStatus.INITIATED, at)]
        if end is not CallStatus.FAILED:
            reports.append(Report(CallStatus.RINGING, at + timedelta(seconds=ringing)))
        if is_talk:
            reports.append(Report(CallStatus.ANSWERED, at + timedelta(seconds=waiting)))
        reports.append(Report(end, at + timedelta(seconds=waiting + seconds), seconds))
        call = self._add(talk, reports)
        if turns:
            self._transcribe(call, talk.dialogue, facts, turns)
        return call

    # ------------------------------------------------------------------------------------------------- calls

    def _live(self, direction: CallDirection, seconds: Sequence[int]) -> None:
        states = (CallStatus.INITIATED, CallStatus.RINGING, CallStatus.ANSWERED)
        times = (self.book.now - timedelta(seconds=each) for each in seconds)
        reports = [Report(state, at) for state, at in zip(states, times, strict=False)]
        fitting = [each for each in self.book.words.dialogues if each.direction is direction]
        self._add(self.about(self.book.pick(fitting)), reports)

    def _add(self, talk: Talk, reports: Sequence[Report]) -> Row:
        """The call as its provider's reports leave it."""
        book = self.book
        state: CallState | None = None
        for report in reports:
            state = apply_report(state, report).after
        assert state is not None
        line = self.lines[talk.dialogue.voice_agent % len(self.lines)]
        first, second = line.versions
        version = second if state.initiated_at >= second["published_at"] else first
        is_inbound = talk.dialogue.direction is CallDirection.INBOUND
        is_talk = state.status is CallStatus.COMPLETED
        theirs, ours = self._their_number(talk), line.number["number"]
        provider_call_id = f"CA{book.rng.getrandbits(128):032x}"
        minutes = -(-state.duration_seconds // 60)
        low, high = talk.dialogue.mood
        call = book.add(
            Call,
            state.initiated_at,
            integration_id=self.integration["id"],
            provider_call_id=provider_call_id,
            direction=talk.dialogue.direction,
            status=state.status,
            from_number=theirs if is_inbound else ours,
            to_number=ours if is_inbound else theirs,
            contact_id=talk.contact and talk.contact["id"],
            voice_agent_id=line.voice_agent["id"],
            voice_agent_version_id=version["id"],
            phone_number_id=line.number["id"],
            initiated_at=state.initiated_at,
            ringing_at=state.ringing_at,
            answered_at=state.answered_at,
            ended_at=state.ended_at,
            last_reported_at=reports[-1].at,
            duration_seconds=state.duration_seconds,
            billable_duration_seconds=minutes * 60,
            answered_by=CallAnsweredBy.HUMAN if state.answered_at and not is_inbound else None,
            provider_status=_TWILIO_WORDS[state.status],
            sip_response_code=_SIP_CODES.get(state.status),
            cost_amount=MINUTE_PRICE * minutes,
            currency="USD",
            is_recording_enabled=True,
            quality_score=round(book.rng.uniform(0.72, 0.99), 2) if is_talk else None,
            sentiment_score=round(book.rng.uniform(low, high), 2) if is_talk else None,
            edge_region=book.market.region,
            processing_region=book.market.region,
            updated_at=reports[-1].at,
            version=len(reports),
        )
        self.calls.append(call)
        if talk.contact is not None and state.answered_at is not None:
            seen = talk.contact["last_contacted_at"]
            talk.contact["last_contacted_at"] = max(filter(None, (seen, state.answered_at)))
        return call

    def _their_number(self, talk: Talk) -> str:
        if talk.contact is not None:
            return str(talk.contact["mobile"])
        self._strangers += 1
        return self.book.market.phone(self._strangers)

    def _pool(self, dialogue: Dialogue, portfolio: Portfolio) -> list[tuple[Any, Row | None]]:
        """The contacts, and policies, that a dialogue can be about."""
        active = [policy for policy in portfolio.policies if policy["status"] is PolicyStatus.ACTIVE]
        if not dialogue.needs_policy:
            return [(contact["id"], None) for contact in self.contacts]
        fitting = active
        if dialogue.key == "late_premium":
            fitting = [each for each in active if each["payment_status"] is PolicyPaymentStatus.OVERDUE]
        elif dialogue.key == "renewal":
            fitting = [each for each in active if each["renewal_on"] is not None]
        elif dialogue.key == "premium_due":
            fitting = [each for each in active if each["next_due_on"] is not None]
        elif dialogue.category is not None:
            codes = {each.code for each in self.book.market.products if each.category is dialogue.category}
            fitting = [each for each in active if each["plan_code"] in codes]
        return [(self.owners[each["id"]], each) for each in fitting or active]

    # ------------------------------------------------------------------------------------------- transcripts

    def _turns(self, dialogue: Dialogue, facts: dict[str, str]) -> list[dict[str, Any]]:
        clock = 300
        turns: list[dict[str, Any]] = []
        for speaker, wordings in _spoken(dialogue):
            text = self.book.pick(wordings).format_map(facts)
            ended = clock + WORD_MS * len(text.split()) + self.book.rng.randint(0, 400)
            turns.append(
                {
                    "speaker": speaker.value,
                    "text": text,
                    "started_ms": clock,
                    "ended_ms": ended,
                    "confidence": round(self.book.rng.uniform(0.86, 0.99), 2),
                }
            )
            clock = ended + PAUSE_MS
        return turns

    def _facts(self, talk: Talk) -> dict[str, str]:
        book = self.book
        person = talk.contact
        if person is None:
            drawn = book.market.person(book.rng)
            first_name, last_name = drawn.first_name, drawn.last_name
        else:
            first_name, last_name = person["first_name"], person["last_name"]
        script = self.lines[talk.dialogue.voice_agent % len(self.lines)].script
        facts = {
            "brand": book.plan.organization.name,
            "agent": script.name.partition(",")[0],
            "first": first_name,
            "name": f"{first_name} {last_name}",
            "product": talk.policy["plan_name"] if talk.policy else book.pick(book.market.products).name,
        }
        if talk.policy is not None:
            due_on = talk.policy["next_due_on"] or talk.policy["renewal_on"] or talk.policy["maturity_on"]
            facts["policy"] = talk.policy["policy_number"]
            facts["amount"] = book.market.money(talk.policy["premium_amount"])
            facts["due"] = book.market.spoken_date(due_on)
        return facts

    def _transcribe(self, call: Row, dialogue: Dialogue, facts: dict[str, str], turns: list[dict[str, Any]]) -> None:
        call["has_recording"] = True
        call["recording_duration_seconds"] = call["duration_seconds"]
        call["recording_url"] = f"https://recordings.{self.book.plan.domain}/{call['provider_call_id']}.mp3"
        words = sum(len(turn["text"].split()) for turn in turns)
        self.book.add(
            CallTranscript,
            min(call["ended_at"] + timedelta(seconds=8), self.book.now),
            call_id=call["id"],
            language=self.book.market.language,
            turns=turns,
            full_text="\n".join(turn["text"] for turn in turns),
            summary=dialogue.summary.format_map(facts),
            key_topics=list(dialogue.topics),
            word_count=words,
            confidence=round(sum(turn["confidence"] for turn in turns) / len(turns), 3),
            processing_time_ms=900 + 12 * words,
        )


@cache
def _spoken(dialogue: Dialogue) -> tuple[tuple[TranscriptSpeaker, tuple[str, ...]], ...]:
    """The turns with their speakers, each with its wordings."""
    speakers = {"A": TranscriptSpeaker.VOICE_AGENT, "C": TranscriptSpeaker.CONTACT}
    turns = []
    for turn in dialogue.turns:
        wordings = [wording.strip() for wording in turn.split(" | ")]
        turns.append((speakers[turn[0]], tuple(wording.removeprefix(f"{turn[0]}:").strip() for wording in wordings)))
    return tuple(turns)
