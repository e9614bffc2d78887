"""Calls and their transcripts through the API."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import update

from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus
from db.organizations import Tenant
from db.voice_agents import VoiceAgent
from tests.factories import calls, contacts, telephony, voice_agents
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_a_call_is_read_with_everything_around_it(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant, first_name="Asha", last_name="Rao")
    version = await voice_agents.voice_agent_version(store, tenant, version_number=3)
    renamed = update(VoiceAgent).where(VoiceAgent.id == version.voice_agent_id)
    await store.execute(renamed.values(name="Maya"))
    number = await telephony.phone_number(store, tenant, number="+912248001234")
    call = await calls.call(
        store,
        tenant,
        contact_id=person.id,
        voice_agent_id=version.voice_agent_id,
        voice_agent_version_id=version.id,
        phone_number_id=number.id,
        answered_by=CallAnsweredBy.HUMAN,
        sip_response_code=200,
        cost_amount=Decimal("0.0085"),
        details={"forwarded_from": "+912248009999"},
    )
    await calls.call_transcript(store, tenant, call_id=call.id)
    client = await sign_in(tenant)
    query = """
    query ($id: ID!) {
      call(id: $id) {
        direction status isLive initiatedAt answeredAt endedAt durationSeconds answeredBy sipResponseCode
        costAmount currency isOverLimit details
        contact { fullName calls { nodes { id } } }
        voiceAgent { name }
        voiceAgentVersion { versionNumber }
        phoneNumber { number }
        integration { provider }
        transcript { summary turns { speaker text startedMs confidence } call { id } redactedBy { id } }
        callbackRequests { nodes { id } }
        activities { nodes { id } }
      }
    }
    """
    assert (await client.run(query, {"id": gid(call)})).ok()["call"] == {
        "direction": "INBOUND",
        "status": "COMPLETED",
        "isLive": False,
        "initiatedAt": "2026-11-20T09:00:00Z",
        "answeredAt": "2026-11-20T09:00:05Z",
        "endedAt": "2026-11-20T09:01:05Z",
        "durationSeconds": 60,
        "answeredBy": "HUMAN",
        "sipResponseCode": 200,
        "costAmount": "0.008500",
        "currency": "USD",
        "isOverLimit": False,
        "details": {"forwarded_from": "+912248009999"},
        "contact": {"fullName": "Asha Rao", "calls": {"nodes": [{"id": gid(call)}]}},
        "voiceAgent": {"name": "Maya"},
        "voiceAgentVersion": {"versionNumber": 3},
        "phoneNumber": {"number": "+912248001234"},
        "integration": {"provider": "twilio"},
        "transcript": {
            "summary": "The caller wants to renew a policy.",
            "turns": [
                {"speaker": "VOICE_AGENT", "text": "Good morning.", "startedMs": 0, "confidence": 0.98},
                {"speaker": "CONTACT", "text": "I want to renew my policy.", "startedMs": 1200, "confidence": None},
            ],
            "call": {"id": gid(call)},
            "redactedBy": None,
        },
        "callbackRequests": {"nodes": []},
        "activities": {"nodes": []},
    }
    assert len(client.statements) == 4  # the call with its to-one relations, and three lists


async def test_relations_of_many_calls_take_one_statement_each(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    for _ in range(5):
        person = await contacts.contact(store, tenant)
        call = await calls.call(store, tenant, contact_id=person.id)
        await calls.call_transcript(store, tenant, call_id=call.id)
    client = await sign_in(tenant)
    query = "{ calls { nodes { contact { id } transcript { wordCount } activities { nodes { id } } } } }"
    nodes = (await client.run(query)).ok()["calls"]["nodes"]
    assert [node["transcript"] for node in nodes] == [{"wordCount": 8}] * 5
    assert len(client.statements) == 2


async def test_calls_are_listed_filtered_and_ordered(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant)
    long = await calls.call(store, tenant, contact_id=person.id, duration_seconds=600)
    live = await calls.call(
        store,
        tenant,
        direction=CallDirection.OUTBOUND,
        status=CallStatus.RINGING,
        initiated_at=START + timedelta(minutes=1),
        answered_at=None,
        ended_at=None,
        duration_seconds=0,
        is_over_limit=True,
    )
    other = await calls.call(store, other_tenant)
    client = await sign_in(tenant)
    query = """
    query ($contact: ID!, $other: ID!, $from: String!) {
      all: calls { totalCount nodes { id } }
      live: calls(filter: { status: { in: [INITIATED, RINGING, ANSWERED] }, endedAt: { isNull: true } }) {
        nodes { id isLive }
      }
      theirs: calls(filter: { contactId: { eq: $contact }, durationSeconds: { gte: 600 } }) { nodes { id } }
      outbound: calls(filter: { direction: { eq: OUTBOUND }, isOverLimit: { eq: true } }) { nodes { id } }
      from: calls(filter: { or: [{ fromNumber: { eq: $from } }] }) { nodes { id } }
      longest: calls(orderBy: { field: DURATION_SECONDS, direction: DESC }, first: 1) { nodes { id } }
      none: call(id: $other) { id }
    }
    """
    variables = {"contact": gid(person), "other": gid(other), "from": live.from_number}
    assert (await client.run(query, variables)).ok() == {
        "all": {"totalCount": 2, "nodes": [{"id": gid(live)}, {"id": gid(long)}]},
        "live": {"nodes": [{"id": gid(live), "isLive": True}]},
        "theirs": {"nodes": [{"id": gid(long)}]},
        "outbound": {"nodes": [{"id": gid(live)}]},
        "from": {"nodes": [{"id": gid(live)}]},
        "longest": {"nodes": [{"id": gid(long)}]},
        "none": None,
    }


async def test_transcripts_are_listed_filtered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    english = await calls.call_transcript(store, tenant)
    hindi = await calls.call_transcript(
        store, tenant, language="hi-IN", summary="Claim", full_text="claim", key_topics=["claim"], is_redacted=True
    )
    other = await calls.call_transcript(store, other_tenant)
    client = await sign_in(tenant)
    query = """
    query ($id: ID!, $other: ID!) {
      all: callTranscripts(orderBy: { field: CREATED_AT }) { totalCount }
      hindi: callTranscripts(filter: { language: { eq: "hi-IN" }, isRedacted: { eq: true } }) { nodes { id } }
      topic: callTranscripts(filter: { keyTopics: { has: "claim" } }) { nodes { id } }
      found: callTranscripts(search: "renew policy") { nodes { id } }
      one: callTranscript(id: $id) { fullText language call { status } }
      none: callTranscript(id: $other) { id }
    }
    """
    assert (await client.run(query, {"id": gid(hindi), "other": gid(other)})).ok() == {
        "all": {"totalCount": 2},
        "hindi": {"nodes": [{"id": gid(hindi)}]},
        "topic": {"nodes": [{"id": gid(hindi)}]},
        "found": {"nodes": [{"id": gid(english)}]},
        "one": {"fullText": "claim", "language": "hi-IN", "call": {"status": "COMPLETED"}},
        "none": None,
    }


async def test_what_was_said_needs_a_permission_of_its_own(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    call = await calls.call(store, tenant, has_recording=True, recording_url="https://example.com/RE1")
    transcript = await calls.call_transcript(store, tenant, call_id=call.id)
    listener = await sign_in(tenant, permissions={"call:read"})
    query = "query ($id: ID!) { call(id: $id) { status hasRecording recordingUrl transcript { fullText } } }"
    answer = await listener.run(query, {"id": gid(call)})
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data["call"] == {
        "status": "COMPLETED",
        "hasRecording": True,
        "recordingUrl": None,
        "transcript": None,
    }
    for query in (
        "query ($id: ID!) { callTranscript(id: $id) { id } }",
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { callTranscripts(filter: { callId: { eq: $id } }) { nodes { id } } }",
    ):
        assert (await listener.run(query, {"id": gid(transcript)})).codes == ["FORBIDDEN"]


async def test_calls_need_their_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant)
    call = await calls.call(store, tenant, contact_id=person.id)
    stranger = await sign_in(tenant, permissions={"contact:read", "call:transcript:read"})
    assert (await stranger.run("{ calls { nodes { id } } }")).codes == ["FORBIDDEN"]
    assert (await stranger.run("query ($id: ID!) { call(id: $id) { id } }", {"id": gid(call)})).codes == ["FORBIDDEN"]
    nested = "query ($id: ID!) { contact(id: $id) { calls { nodes { id } } } }"
    assert (await stranger.run(nested, {"id": gid(person)})).codes == ["FORBIDDEN"]
