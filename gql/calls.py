"""What clients see of calls: telephone calls as their providers report them, and what was said on them."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import calls as enums
from db.enums.events import EventType
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import by_hand, column, computed, to_one
from gql.core.filters import (
    BooleanFilter,
    DateTimeFilter,
    EnumFilter,
    IdFilter,
    IntFilter,
    StringFilter,
    StringListFilter,
)
from gql.core.messages import Change, Gap, Reconnect, Removal, SnapshotEnd, SnapshotItem
from gql.core.node import Node, object_type, root_one
from gql.core.subscriptions import followed, subscription
from resolvers.events import OBJECT_ID, Current
from resolvers.loaders import access as access_loaders
from resolvers.loaders import activities as activity_loaders
from resolvers.loaders import callbacks as callback_loaders
from resolvers.loaders import calls as loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import integrations as integration_loaders
from resolvers.loaders import telephony as phone_number_loaders
from resolvers.loaders import voice_agents as voice_agent_loaders
from resolvers.rules import calls as rules

if TYPE_CHECKING:
    from gql.access import User
    from gql.activities import Activity
    from gql.callbacks import CallbackRequest
    from gql.contacts import Contact
    from gql.integrations import Integration
    from gql.telephony import PhoneNumber
    from gql.voice_agents import VoiceAgent, VoiceAgentVersion

register(enums)


@enum_type
class CallOrderField(Choice):
    """What calls can be ordered by."""

    INITIATED_AT = "INITIATED_AT", "When the call began."
    CREATED_AT = "CREATED_AT", "When the call became known."
    DURATION_SECONDS = "DURATION_SECONDS", "How long the talk was."


@strawberry.input(description="An order of calls.")
class CallOrder(OrderBy[CallOrderField]):
    pass


@filter_type("Which calls to list: all given conditions hold.")
class CallFilter:
    status: EnumFilter[enums.CallStatus] | None = where("Where the call stands.")
    direction: EnumFilter[enums.CallDirection] | None = where("Who placed the call.")
    from_number: StringFilter | None = where("The number that called.")
    to_number: StringFilter | None = where("The number that was called.")
    provider_call_id: StringFilter | None = where("The call's id at the telephone company.")
    contact_id: IdFilter | None = where("The person on the other side.", id_of="Contact")
    voice_agent_id: IdFilter | None = where("The voice agent on the call.", id_of="VoiceAgent")
    voice_agent_version_id: IdFilter | None = where("The version that ran.", id_of="VoiceAgentVersion")
    phone_number_id: IdFilter | None = where("The tenant's number on the call.", id_of="PhoneNumber")
    integration_id: IdFilter | None = where("The account with the telephone company.", id_of="Integration")
    initiated_at: DateTimeFilter | None = where("When the call began.")
    answered_at: DateTimeFilter | None = where("When somebody answered.")
    ended_at: DateTimeFilter | None = where("When the call ended.")
    duration_seconds: IntFilter | None = where("How long the talk was, in seconds.")
    answered_by: EnumFilter[enums.CallAnsweredBy] | None = where("Who or what picked up.")
    is_over_limit: BooleanFilter | None = where("Whether it was one call more than the plan allows.")
    has_recording: BooleanFilter | None = where("Whether the call was recorded.")
    created_at: DateTimeFilter | None = where("When the call became known.")


@strawberry.type(description="One turn of a talk: what one speaker said before another did.")
class TranscriptTurn:
    speaker: enums.TranscriptSpeaker = by_hand(lambda turn, _: enums.TranscriptSpeaker[turn["speaker"]], "Who spoke.")
    text: str = by_hand(lambda turn, _: turn["text"], "What was said.")
    started_ms: int | None = by_hand(
        lambda turn, _: turn.get("started_ms"), "When it began, in milliseconds since the call was answered."
    )
    ended_ms: int | None = by_hand(
        lambda turn, _: turn.get("ended_ms"), "When it ended, in milliseconds since the call was answered."
    )
    confidence: float | None = by_hand(
        lambda turn, _: turn.get("confidence"), "How sure the speech recognition was, 0 to 1."
    )


@enum_type
class CallTranscriptOrderField(Choice):
    """What transcripts can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the transcript was begun."


@strawberry.input(description="An order of transcripts.")
class CallTranscriptOrder(OrderBy[CallTranscriptOrderField]):
    pass


@filter_type("Which transcripts to list: all given conditions hold.")
class CallTranscriptFilter:
    call_id: IdFilter | None = where("The call.", id_of="Call")
    language: StringFilter | None = where("The language, a BCP 47 tag.")
    is_redacted: BooleanFilter | None = where("Whether personal data were removed.")
    key_topics: StringListFilter | None = where("What the talk was about.")
    word_count: IntFilter | None = where("How many words were said.")
    created_at: DateTimeFilter | None = where("When the transcript was begun.")


@object_type(
    loaders.call_transcript_by_id,
    permission="call:transcript:read",
    description="What was said on a call.",
)
class CallTranscript(Node):
    language: str | None = column("The language, a BCP 47 tag.")
    turns: list[TranscriptTurn] = computed(
        lambda _, transcript: transcript.turns, ("turns",), "What was said, turn by turn, in order."
    )
    full_text: str | None = column("All that was said, as one text.")
    summary: str | None = column("The talk in a few sentences.")
    key_topics: list[str] = column("What the talk was about.")
    word_count: int = column("How many words were said.")
    speaker_count: int = column("How many spoke.")
    confidence: float = column("How sure the speech recognition was over all, 0 to 1.")
    processing_time_ms: int | None = column("How long writing it down took, in milliseconds.")
    is_redacted: bool = column("Whether personal data were removed.")
    redacted_at: datetime | None = column("When personal data were removed.")
    pii_detected: JSON = column("Which kinds of personal data were found, and where.")
    call: Annotated["Call", strawberry.lazy("gql.calls")] | None = to_one(loaders.call_by_id, "call_id", "The call.")
    redacted_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "redacted_by_id", "The user who had personal data removed."
    )
    created_at: datetime = column("When the transcript was begun.")
    updated_at: datetime = column("When the transcript was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(loaders.call_by_id, permission="call:read", description="A telephone call, as its provider reports it.")
class Call(Node):
    provider_call_id: str | None = column("The call's id at the telephone company.")
    direction: enums.CallDirection = column("Who placed the call.")
    status: enums.CallStatus = column("Where the call stands.")
    is_live: bool = computed(
        lambda _, call: not rules.is_final(call.status), ("status",), "Whether the call has not ended."
    )
    from_number: str = column("The number that called: in E.164, or as reported when there is none.")
    to_number: str = column("The number that was called: in E.164, or as reported when there is none.")
    initiated_at: datetime = column("When the call began.")
    ringing_at: datetime | None = column("When the other side began to ring, if that was reported.")
    answered_at: datetime | None = column("When somebody answered, if that was reported.")
    ended_at: datetime | None = column("When the call ended.")
    last_reported_at: datetime | None = column("The time of the latest report that told something new.")
    duration_seconds: int = column("How long the talk was, in seconds.")
    billable_duration_seconds: int = column("How long the talk was for the bill, in seconds.")
    answered_by: enums.CallAnsweredBy | None = column("Who or what picked up, if the provider listened.")
    end_reason: str | None = column("Why the call ended, in the provider's words.")
    provider_status: str | None = column("The status in the provider's own word.")
    sip_response_code: int | None = column("The SIP code with which the call ended, such as 486.")
    provider_error_code: str | None = column("The provider's code of what went wrong.")
    cost_amount: Decimal = column("What the call cost, in `currency`.")
    currency: str = column("The currency of the cost, in ISO 4217.")
    is_over_limit: bool = column("Whether the tenant held all the calls its plan allows when this one began.")
    is_recording_enabled: bool = column("Whether the call was to be recorded.")
    has_recording: bool = column("Whether there is a recording.")
    recording_url: str | None = column("Where the recording can be heard.", permission="call:transcript:read")
    recording_duration_seconds: int | None = column("How long the recording is, in seconds.")
    quality_score: float | None = column("How well the call went, 0 to 1.")
    sentiment_score: float | None = column("How the person felt about it, -1 to 1.")
    edge_region: str | None = column("Where the call entered the platform.")
    processing_region: str | None = column("Where the call was processed.")
    details: JSON = column("What only some providers tell, such as `forwarded_from`.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.contact_by_id, "contact_id", "The person on the other side, known by the number."
    )
    voice_agent: Annotated["VoiceAgent", strawberry.lazy("gql.voice_agents")] | None = to_one(
        voice_agent_loaders.voice_agent_by_id, "voice_agent_id", "The voice agent on the call."
    )
    voice_agent_version: Annotated["VoiceAgentVersion", strawberry.lazy("gql.voice_agents")] | None = to_one(
        voice_agent_loaders.voice_agent_version_by_id,
        "voice_agent_version_id",
        "The version of the voice agent that ran.",
    )
    phone_number: Annotated["PhoneNumber", strawberry.lazy("gql.telephony")] | None = to_one(
        phone_number_loaders.phone_number_by_id, "phone_number_id", "The tenant's number on the call."
    )
    integration: Annotated["Integration", strawberry.lazy("gql.integrations")] | None = to_one(
        integration_loaders.integration_by_id, "integration_id", "The account that carried the call."
    )
    transcript: CallTranscript | None = to_one(loaders.call_transcript_by_call, "id", "What was said on the call.")
    callback_requests: Connection[Annotated["CallbackRequest", strawberry.lazy("gql.callbacks")]] = connection(
        callback_loaders.callback_requests_by_call,
        "The callbacks that were asked for on the call.",
        filter=lazy("CallbackRequestFilter", "gql.callbacks"),
        order_by=lazy("CallbackRequestOrder", "gql.callbacks"),
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_call,
        "What was done and is to be done because of the call.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_at: datetime = column("When the call became known.")
    updated_at: datetime = column("When the call was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class CallQueries:
    call: Call | None = root_one(loaders.call_by_id, "Call", permission="call:read")
    calls: Connection[Call] = root_connection(
        loaders.calls,
        "The tenant's calls.",
        permission="call:read",
        filter=CallFilter,
        order_by=CallOrder,
    )
    call_transcript: CallTranscript | None = root_one(
        loaders.call_transcript_by_id, "CallTranscript", permission="call:transcript:read"
    )
    call_transcripts: Connection[CallTranscript] = root_connection(
        loaders.call_transcripts,
        "What was said on the tenant's calls.",
        permission="call:transcript:read",
        filter=CallTranscriptFilter,
        order_by=CallTranscriptOrder,
    )


@strawberry.input(description="Which calls to follow: all that is given must hold.")
class CallStatusChangedFilter:
    call_id: strawberry.ID | None = followed("This call.", of=OBJECT_ID, id_of="Call")
    call_ids: list[strawberry.ID] | None = followed("One of these calls.", of=OBJECT_ID, id_of="Call")
    voice_agent_id: strawberry.ID | None = followed("This voice agent is on it.", id_of="VoiceAgent")
    contact_id: strawberry.ID | None = followed("This person is on the other side.", id_of="Contact")
    phone_number_id: strawberry.ID | None = followed("This number of the tenant is on it.", id_of="PhoneNumber")
    integration_id: strawberry.ID | None = followed(
        "This account with the telephone company carries it.", id_of="Integration"
    )
    direction: enums.CallDirection | None = followed("Who placed it.")
    statuses: list[enums.CallStatus] | None = followed("It has one of these statuses.", of="status")


@strawberry.input(description="Which calls to follow: all that is given must hold.")
class CallChangedFilter(CallStatusChangedFilter):
    pass


@strawberry.type(description="A call of the list with which the stream begins.")
class CallSnapshotItem(SnapshotItem[Call]):
    pass


@strawberry.type(description="Something happened to a call that the stream follows.")
class CallChange(Change[Call, enums.CallStatus]):
    pass


@strawberry.type(description="A call no longer matches the filter: take it off the list.")
class CallRemoval(Removal):
    pass


CallStatusChanged = Annotated[
    CallSnapshotItem | SnapshotEnd | CallChange | CallRemoval | Gap | Reconnect,
    strawberry.union("CallStatusChanged", description="A message of `callStatusChanged`."),
]
CallChanged = Annotated[
    CallSnapshotItem | SnapshotEnd | CallChange | CallRemoval | Gap | Reconnect,
    strawberry.union("CallChanged", description="A message of `callChanged`."),
]


@strawberry.type
class CallSubscriptions:
    call_status_changed: CallStatusChanged = subscription(
        loaders.call_by_id,
        "Calls that become known or go on to another status, in the order of the log.",
        events=(EventType.CALL_CREATED, EventType.CALL_STATUS_CHANGED),
        current=Current(loaders.calls),
        permission="call:read",
        status=enums.CallStatus,
        filter=CallStatusChangedFilter,
    )
    call_changed: CallChanged = subscription(
        loaders.call_by_id,
        "Whatever happens to calls, in the order of the log: also what leaves their status as it is, such as a"
        " timestamp that comes late.",
        events=(EventType.CALL_CREATED, EventType.CALL_STATUS_CHANGED, EventType.CALL_UPDATED),
        current=Current(loaders.calls),
        permission="call:read",
        status=enums.CallStatus,
        filter=CallChangedFilter,
    )
