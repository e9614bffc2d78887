"""Rows of telephone calls and of what was said on them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus


class Call(VersionedRow):
    """A telephone call, as its provider reported it.

    `provider_call_id` is the provider's own id, null until a call that the tenant places is accepted. Numbers
    are E.164; a caller who withholds the number, or a SIP address, is stored as reported. A timestamp stays
    null until the provider reports that state. `cost_amount` has six decimals, as providers bill fractions of
    a cent. `quality_score` is within 0..1, `sentiment_score` within -1..1. `is_over_limit` marks a call that
    was reported when the tenant already held all the calls its plan allows. `details` has what only some
    providers say: `parent_call_id`, the provider's id of the call that this one is a leg of, and
    `forwarded_from`, the number that was dialled first.
    """

    __tablename__ = "calls"
    __table_args__ = (
        tenant_root(),
        tenant_fk("integration_id", "integrations"),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("voice_agent_id", "voice_agents"),
        tenant_fk("voice_agent_version_id", "voice_agent_versions"),
        tenant_fk("phone_number_id", "phone_numbers"),
        UniqueConstraint("tenant_id", "integration_id", "provider_call_id"),
        Index(None, "tenant_id", "initiated_at", "id"),
        Index(None, "tenant_id", "integration_id", "initiated_at", "id"),
        Index(None, "tenant_id", "contact_id", "initiated_at", "id"),
        Index(None, "tenant_id", "voice_agent_id", "initiated_at", "id"),
        Index(None, "tenant_id", "voice_agent_version_id", "initiated_at", "id"),
        Index(None, "tenant_id", "phone_number_id", "initiated_at", "id"),
        Index(None, "tenant_id", "status", "initiated_at", "id"),
        Index(None, "tenant_id", "from_number", "initiated_at", "id"),
        Index(None, "tenant_id", "to_number", "initiated_at", "id"),
        Index(None, "tenant_id", "duration_seconds", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(
            "ix_calls_live",
            "tenant_id",
            "initiated_at",
            "id",
            postgresql_where=text("status IN ('INITIATED', 'RINGING', 'ANSWERED')"),
        ),
        CheckConstraint("duration_seconds >= 0", name="duration_seconds"),
        CheckConstraint("billable_duration_seconds >= 0", name="billable_duration_seconds"),
        CheckConstraint("recording_duration_seconds >= 0", name="recording_duration_seconds"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("cost_amount >= 0", name="cost_amount"),
        CheckConstraint("sip_response_code BETWEEN 100 AND 699", name="sip_response_code"),
        CheckConstraint("quality_score BETWEEN 0 AND 1", name="quality_score"),
        CheckConstraint("sentiment_score BETWEEN -1 AND 1", name="sentiment_score"),
    )

    integration_id: Mapped[UUID]
    provider_call_id: Mapped[str | None]
    direction: Mapped[CallDirection]
    status: Mapped[CallStatus] = mapped_column(default=CallStatus.INITIATED)
    from_number: Mapped[str]
    to_number: Mapped[str]

    contact_id: Mapped[UUID | None]
    voice_agent_id: Mapped[UUID | None]
    voice_agent_version_id: Mapped[UUID | None]
    phone_number_id: Mapped[UUID | None]

    initiated_at: Mapped[datetime]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_reported_at: Mapped[datetime | None]
    duration_seconds: Mapped[int] = mapped_column(default=0)
    billable_duration_seconds: Mapped[int] = mapped_column(default=0)
    answered_by: Mapped[CallAnsweredBy | None]
    end_reason: Mapped[str | None]
    provider_status: Mapped[str | None]
    sip_response_code: Mapped[int | None]
    provider_error_code: Mapped[str | None]

    cost_amount: Mapped[Decimal] = mapped_column(Numeric(18, 6), default=Decimal(0))
    currency: Mapped[str] = mapped_column(default="USD")
    is_over_limit: Mapped[bool] = mapped_column(default=False)

    is_recording_enabled: Mapped[bool] = mapped_column(default=False)
    has_recording: Mapped[bool] = mapped_column(default=False)
    recording_url: Mapped[str | None]
    recording_duration_seconds: Mapped[int | None]

    quality_score: Mapped[float | None]
    sentiment_score: Mapped[float | None]
    edge_region: Mapped[str | None]
    processing_region: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CallTranscript(VersionedRow):
    """What was said on a call, at most one for each call.

    `turns` are in order, each `{"speaker", "text", "started_ms", "ended_ms", "confidence"}`: a value of
    TranscriptSpeaker, milliseconds since the call was answered, confidence within 0..1. `language` is a BCP
    47 tag.
    """

    __tablename__ = "call_transcripts"
    __table_args__ = (
        tenant_root(),
        tenant_fk("call_id", "calls", ondelete="CASCADE"),
        tenant_fk("redacted_by_id", "users"),
        UniqueConstraint("tenant_id", "call_id"),
        Index(None, "tenant_id", "redacted_by_id"),
        Index(None, "tenant_id", "is_redacted", "redacted_at", "id"),
        Index(None, "tenant_id", "language", "confidence", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("word_count >= 0", name="word_count"),
        CheckConstraint("speaker_count >= 0", name="speaker_count"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    )

    call_id: Mapped[UUID]
    language: Mapped[str | None]
    turns: Mapped[list[Any]] = mapped_column(default=list)
    full_text: Mapped[str | None]
    summary: Mapped[str | None]
    key_topics: Mapped[list[str]] = mapped_column(default=list)
    word_count: Mapped[int] = mapped_column(default=0)
    speaker_count: Mapped[int] = mapped_column(default=2)
    confidence: Mapped[float] = mapped_column(default=0.0)
    processing_time_ms: Mapped[int | None]

    is_redacted: Mapped[bool] = mapped_column(default=False)
    redacted_at: Mapped[datetime | None]
    redacted_by_id: Mapped[UUID | None]
    pii_detected: Mapped[dict[str, Any]] = mapped_column(default=dict)

    # A tsvector holds at most a megabyte: the cut keeps even the longest call storable.
    search_document: Mapped[str] = search_document("left(summary, 20000)", "left(full_text, 100000)")
