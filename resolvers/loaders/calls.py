"""Batched reads of calls and their transcripts."""

from db import calls as rows
from resolvers.core.loaders import ById, ByUnique
from resolvers.core.pagination import Listing, PagesBy

call_by_id = ById(rows.Call)
call_transcript_by_id = ById(rows.CallTranscript)
call_transcript_by_call = ByUnique(rows.CallTranscript, rows.CallTranscript.call_id)

calls = Listing(
    rows.Call,
    orders={
        "INITIATED_AT": rows.Call.initiated_at,
        "CREATED_AT": rows.Call.created_at,
        "DURATION_SECONDS": rows.Call.duration_seconds,
    },
    default_order="INITIATED_AT",
    is_default_descending=True,
    filters={
        "status": rows.Call.status,
        "direction": rows.Call.direction,
        "from_number": rows.Call.from_number,
        "to_number": rows.Call.to_number,
        "provider_call_id": rows.Call.provider_call_id,
        "contact_id": rows.Call.contact_id,
        "voice_agent_id": rows.Call.voice_agent_id,
        "voice_agent_version_id": rows.Call.voice_agent_version_id,
        "phone_number_id": rows.Call.phone_number_id,
        "integration_id": rows.Call.integration_id,
        "initiated_at": rows.Call.initiated_at,
        "answered_at": rows.Call.answered_at,
        "ended_at": rows.Call.ended_at,
        "duration_seconds": rows.Call.duration_seconds,
        "answered_by": rows.Call.answered_by,
        "is_over_limit": rows.Call.is_over_limit,
        "has_recording": rows.Call.has_recording,
        "created_at": rows.Call.created_at,
    },
)

call_transcripts = Listing(
    rows.CallTranscript,
    orders={"CREATED_AT": rows.CallTranscript.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "call_id": rows.CallTranscript.call_id,
        "language": rows.CallTranscript.language,
        "is_redacted": rows.CallTranscript.is_redacted,
        "key_topics": rows.CallTranscript.key_topics,
        "word_count": rows.CallTranscript.word_count,
        "created_at": rows.CallTranscript.created_at,
    },
    is_searchable=True,
)

calls_by_contact = PagesBy(calls, lambda key: rows.Call.contact_id == key)
calls_by_voice_agent = PagesBy(calls, lambda key: rows.Call.voice_agent_id == key)
calls_by_voice_agent_version = PagesBy(calls, lambda key: rows.Call.voice_agent_version_id == key)
calls_by_phone_number = PagesBy(calls, lambda key: rows.Call.phone_number_id == key)
calls_by_integration = PagesBy(calls, lambda key: rows.Call.integration_id == key)
