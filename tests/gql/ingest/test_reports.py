"""Reports of calls: what becomes of them, whatever their order and repetitions."""

from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import func, select

from db.calls import Call
from db.compliance import AuditLogEntry
from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus
from db.enums.events import ActorKind, EventType
from db.enums.voice_agents import VoiceAgentVersionStatus
from db.events import Event
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from tests.factories import contacts, organizations, telephony, voice_agents
from tests.gql.ingest.support import after, calls_of, connect, events_of, traces
from tests.support.chance import seeded
from tests.support.fixtures import SignIn
from tests.support.store import START, Store
from tests.support.twilio import CALL_SID, CUSTOMER, OUR_NUMBER, Twilio, callback, recorded


def check_recorded(call: Call) -> None:
    """The call is as the recorded callbacks tell it, all of them."""
    assert call.provider_call_id == CALL_SID
    assert (call.status, call.provider_status) == (CallStatus.COMPLETED, "completed")
    assert call.direction is CallDirection.OUTBOUND
    assert (call.from_number, call.to_number) == (OUR_NUMBER, CUSTOMER)
    times = [call.initiated_at, call.ringing_at, call.answered_at, call.ended_at]
    assert times == [after(0), after(3), after(7), after(67)]
    assert (call.duration_seconds, call.billable_duration_seconds) == (60, 60)
    assert (call.sip_response_code, call.last_reported_at) == (200, after(67))


def check_chain(events: list[Event]) -> None:
    """The call is created once, and each status follows the one before it, each once."""
    steps = [event for event in events if event.type is not EventType.CALL_UPDATED]
    assert steps[0].type is EventType.CALL_CREATED
    assert [event.type for event in steps[1:]] == [EventType.CALL_STATUS_CHANGED] * (len(steps) - 1)
    statuses = [None, *(event.payload["new_status"] for event in steps)]
    assert [event.payload["old_status"] for event in steps] == statuses[:-1]
    assert len(set(statuses)) == len(statuses)
    assert statuses[-1] == "COMPLETED"


async def test_a_call_goes_through_the_states_that_are_reported(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    person = await contacts.contact(store, tenant, phone=CUSTOMER)
    assert await twilio.play(recorded()) == [204] * 5
    [call] = await calls_of(store, tenant)
    check_recorded(call)
    assert call.contact_id == person.id
    events = await events_of(store, tenant)
    assert [(event.type.value, event.payload["new_status"]) for event in events] == [
        ("CALL_CREATED", "INITIATED"),
        ("CALL_STATUS_CHANGED", "RINGING"),
        ("CALL_STATUS_CHANGED", "ANSWERED"),
        ("CALL_STATUS_CHANGED", "COMPLETED"),
    ]
    check_chain(events)
    assert {event.actor_kind for event in events} == {ActorKind.INTEGRATION}
    assert {event.actor_id for event in events} == {call.integration_id}
    assert events[-1].payload == {
        "changed": [
            "billable_duration_seconds",
            "duration_seconds",
            "ended_at",
            "last_reported_at",
            "provider_status",
            "sip_response_code",
            "status",
        ],
        "old_status": "ANSWERED",
        "new_status": "COMPLETED",
        "contact_id": str(person.id),
        "voice_agent_id": None,
        "phone_number_id": None,
        "integration_id": str(call.integration_id),
        "direction": "OUTBOUND",
    }
    audited = select(func.count()).select_from(AuditLogEntry).where(AuditLogEntry.object_id == call.id)
    assert await store.all(audited) == [4]


@pytest.mark.parametrize("seed", range(6))
async def test_shuffled_repeated_and_concurrent_reports_come_to_the_same_call(
    store: Store, tenant: Tenant, twilio: Twilio, seed: int
) -> None:
    shuffled = [*recorded(), *recorded(), *recorded()]
    seeded(seed).shuffle(shuffled)
    if seed % 2:
        assert await twilio.play(shuffled) == [204] * 15
    else:
        assert await twilio.play_at_once(shuffled) == [204] * 15
    [call] = await calls_of(store, tenant)
    check_recorded(call)
    check_chain(await events_of(store, tenant))


async def test_first_reports_that_race_make_one_call(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    for status in ("completed", "ringing"):
        sid = f"CA{status}"
        assert await twilio.play_at_once([callback(status, after(67), CallSid=sid)] * 12) == [204] * 12
    assert len(await calls_of(store, tenant)) == 2
    assert [event.type for event in await events_of(store, tenant)] == [EventType.CALL_CREATED] * 2


async def test_a_repeated_report_changes_nothing(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    await twilio.play(recorded())
    before = await traces(store, tenant)
    assert await twilio.play(recorded()) == [204] * 5
    assert await traces(store, tenant) == before


async def test_a_late_report_fills_its_timestamp_and_the_call_stays_ended(
    store: Store, tenant: Tenant, twilio: Twilio
) -> None:
    queued, _, ringing, answered, completed = recorded()
    await twilio.play([queued, completed])
    assert await twilio.play([answered, ringing]) == [204, 204]
    [call] = await calls_of(store, tenant)
    check_recorded(call)
    late = (await events_of(store, tenant))[2:]
    assert [(event.type, event.payload["new_status"]) for event in late] == [
        (EventType.CALL_UPDATED, "COMPLETED"),
        (EventType.CALL_UPDATED, "COMPLETED"),
    ]
    assert [event.payload["changed"] for event in late] == [["answered_at"], ["ringing_at"]]


async def test_a_report_without_a_time_happened_when_it_arrived(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    await twilio.play([callback("ringing", None), callback("no-answer", None, Timestamp="yesterday")])
    [call] = await calls_of(store, tenant)
    assert (call.status, call.ringing_at, call.ended_at) == (CallStatus.NO_ANSWER, START, START)


async def test_what_only_some_reports_tell_is_kept(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    parent = "CA00000000000000000000000000000001"
    answered = callback("in-progress", after(7), AnsweredBy="machine_end_beep", ParentCallSid=parent)
    ended = callback(
        "completed",
        after(67),
        CallDuration="60",
        Price="-0.00850",
        PriceUnit="eur",
        RecordingUrl="https://api.twilio.com/recordings/RE1",
        RecordingDuration="59",
        ForwardedFrom="+912248009999",
        ErrorCode="13224",
        ErrorMessage="Dial: invalid number",
    )
    await twilio.play([answered, ended, callback("completed", after(67), Price="-9", AnsweredBy="human")])
    [call] = await calls_of(store, tenant)
    assert call.answered_by is CallAnsweredBy.MACHINE
    assert (call.cost_amount, call.currency) == (Decimal("0.008500"), "EUR")
    assert (call.recording_url, call.recording_duration_seconds) == ("https://api.twilio.com/recordings/RE1", 59)
    assert (call.has_recording, call.is_recording_enabled) == (True, True)
    assert (call.provider_error_code, call.end_reason) == ("13224", "Dial: invalid number")
    assert call.details == {"parent_call_id": parent, "forwarded_from": "+912248009999"}


async def test_a_call_that_comes_in_finds_its_contact_its_number_and_the_version_that_runs(
    store: Store, tenant: Tenant, other_tenant: Tenant, twilio: Twilio
) -> None:
    await contacts.contact(store, other_tenant, phone=CUSTOMER)
    await contacts.contact(store, tenant, phone=CUSTOMER, created_at=after(60))
    oldest = await contacts.contact(store, tenant, mobile=CUSTOMER)
    maya = await voice_agents.voice_agent(store, tenant)
    await voice_agents.voice_agent_version(store, tenant, voice_agent_id=maya.id, status=VoiceAgentVersionStatus.DRAFT)
    runs = await voice_agents.voice_agent_version(store, tenant, voice_agent_id=maya.id)
    number = await telephony.phone_number(store, tenant, number=OUR_NUMBER, voice_agent_id=maya.id)
    await twilio.post(callback("ringing", START, Direction="inbound", From=CUSTOMER, To=OUR_NUMBER))
    [call] = await calls_of(store, tenant)
    assert call.direction is CallDirection.INBOUND
    assert (call.contact_id, call.phone_number_id) == (oldest.id, number.id)
    assert (call.voice_agent_id, call.voice_agent_version_id) == (maya.id, runs.id)


@pytest.mark.parametrize("withheld", ["anonymous", "sip:asha@example.com", ""])
async def test_a_caller_without_a_number_is_kept_as_reported(
    store: Store, tenant: Tenant, twilio: Twilio, withheld: str
) -> None:
    report = callback("ringing", START, Direction="inbound", From=withheld, To=OUR_NUMBER)
    assert (await twilio.post(report)).status_code == 204
    [call] = await calls_of(store, tenant)
    assert (call.from_number, call.contact_id) == (withheld, None)


async def test_a_report_stays_in_the_tenant_of_its_address(
    store: Store, tenant: Tenant, other_tenant: Tenant, twilio: Twilio, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    other = await connect(sign_in, other_tenant, http, "another-secret-of-twilio")
    await twilio.play(recorded()[:2])
    await other.play(recorded())
    [call], [others] = await calls_of(store, tenant), await calls_of(store, other_tenant)
    assert (call.status, others.status) == (CallStatus.INITIATED, CallStatus.COMPLETED)
    assert call.provider_call_id == others.provider_call_id


async def test_calls_beyond_the_limit_are_stored_and_flagged_also_when_they_begin_at_once(
    store: Store, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    tenant = await organizations.tenant(store, max_concurrent_calls=3)
    twilio = await connect(sign_in, tenant, http)
    begun = [callback("ringing", START, CallSid=f"CA{number:032x}") for number in range(8)]
    assert await twilio.play_at_once(begun) == [204] * 8
    calls = await calls_of(store, tenant)
    assert sorted(call.is_over_limit for call in calls) == [False] * 3 + [True] * 5


async def test_only_calls_that_go_on_count_for_the_limit(
    store: Store, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    tenant = await organizations.tenant(store, max_concurrent_calls=1)
    twilio = await connect(sign_in, tenant, http)
    await twilio.play(
        [
            callback("ringing", START, CallSid="CA1"),
            callback("busy", START, CallSid="CA2"),
            callback("ringing", START, CallSid="CA3"),
            callback("completed", after(9), CallSid="CA1"),
            callback("canceled", after(9), CallSid="CA3"),
            callback("ringing", after(10), CallSid="CA4"),
        ]
    )
    flags = [(call.provider_call_id, call.is_over_limit) for call in await calls_of(store, tenant)]
    assert flags == [("CA1", False), ("CA2", False), ("CA3", True), ("CA4", False)]


async def test_the_integration_shows_when_it_last_reported(
    tenant: Tenant, twilio: Twilio, clock: FixedClock, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    for seconds, shown in ((0, "09:00:00Z"), (59, "09:00:00Z"), (90, "09:01:30Z")):
        clock.instant = after(seconds)
        await twilio.play(recorded()[:1])
        data = (await client.run("{ integrations { nodes { lastEventAt version } } }")).ok()
        assert data["integrations"]["nodes"] == [{"lastEventAt": f"2026-11-20T{shown}", "version": 1}]
