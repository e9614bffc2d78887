"""Add the tables of calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1011"
down_revision = "2026_11_20_1010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "calls",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("provider_call_id", sa.Text(), nullable=True),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("voice_agent_id", sa.Uuid(), nullable=True),
        sa.Column("voice_agent_version_id", sa.Uuid(), nullable=True),
        sa.Column("phone_number_id", sa.Uuid(), nullable=True),
        sa.Column("initiated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("billable_duration_seconds", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("sip_response_code", sa.Integer(), nullable=True),
        sa.Column("provider_error_code", sa.Text(), nullable=True),
        sa.Column("cost_amount", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_over_limit", sa.Boolean(), nullable=False),
        sa.Column("is_recording_enabled", sa.Boolean(), nullable=False),
        sa.Column("has_recording", sa.Boolean(), nullable=False),
        sa.Column("recording_url", sa.Text(), nullable=True),
        sa.Column("recording_duration_seconds", sa.Integer(), nullable=True),
        sa.Column("quality_score", sa.Double(), nullable=True),
        sa.Column("sentiment_score", sa.Double(), nullable=True),
        sa.Column("edge_region", sa.Text(), nullable=True),
        sa.Column("processing_region", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("answered_by IN ('HUMAN', 'MACHINE', 'FAX', 'UNKNOWN')", name=op.f("ck_calls_answered_by")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_calls_currency")),
        sa.CheckConstraint("direction IN ('INBOUND', 'OUTBOUND')", name=op.f("ck_calls_direction")),
        sa.CheckConstraint(
            "status IN ('INITIATED', 'RINGING', 'ANSWERED', 'COMPLETED', 'BUSY', 'NO_ANSWER', 'FAILED', 'CANCELLED')",
            name=op.f("ck_calls_status"),
        ),
        sa.CheckConstraint("billable_duration_seconds >= 0", name=op.f("ck_calls_billable_duration_seconds")),
        sa.CheckConstraint("cost_amount >= 0", name=op.f("ck_calls_cost_amount")),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_calls_duration_seconds")),
        sa.CheckConstraint("quality_score BETWEEN 0 AND 1", name=op.f("ck_calls_quality_score")),
        sa.CheckConstraint("recording_duration_seconds >= 0", name=op.f("ck_calls_recording_duration_seconds")),
        sa.CheckConstraint("sentiment_score BETWEEN -1 AND 1", name=op.f("ck_calls_sentiment_score")),
        sa.CheckConstraint("sip_response_code BETWEEN 100 AND 699", name=op.f("ck_calls_sip_response_code")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contacts.tenant_id", "contacts.id"],
            name=op.f("fk_calls_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "integration_id"],
            ["integrations.tenant_id", "integrations.id"],
            name=op.f("fk_calls_tenant_id_integration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "phone_number_id"],
            ["phone_numbers.tenant_id", "phone_numbers.id"],
            name=op.f("fk_calls_tenant_id_phone_number_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "voice_agent_id"],
            ["voice_agents.tenant_id", "voice_agents.id"],
            name=op.f("fk_calls_tenant_id_voice_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "voice_agent_version_id"],
            ["voice_agent_versions.tenant_id", "voice_agent_versions.id"],
            name=op.f("fk_calls_tenant_id_voice_agent_version_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_calls_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_calls")),
        sa.UniqueConstraint(
            "tenant_id",
            "integration_id",
            "provider_call_id",
            name=op.f("uq_calls_tenant_id_integration_id_provider_call_id"),
        ),
    )
    op.create_index(
        "ix_calls_live",
        "calls",
        ["tenant_id", "initiated_at", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('INITIATED', 'RINGING', 'ANSWERED')"),
    )
    op.create_index(
        op.f("ix_calls_tenant_id_contact_id_initiated_at_id"),
        "calls",
        ["tenant_id", "contact_id", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_calls_tenant_id_created_at_id"), "calls", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_calls_tenant_id_duration_seconds_id"), "calls", ["tenant_id", "duration_seconds", "id"], unique=False
    )
    op.create_index(
        op.f("ix_calls_tenant_id_from_number_initiated_at_id"),
        "calls",
        ["tenant_id", "from_number", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_initiated_at_id"), "calls", ["tenant_id", "initiated_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_calls_tenant_id_integration_id_initiated_at_id"),
        "calls",
        ["tenant_id", "integration_id", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_phone_number_id_initiated_at_id"),
        "calls",
        ["tenant_id", "phone_number_id", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_status_initiated_at_id"),
        "calls",
        ["tenant_id", "status", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_to_number_initiated_at_id"),
        "calls",
        ["tenant_id", "to_number", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_voice_agent_id_initiated_at_id"),
        "calls",
        ["tenant_id", "voice_agent_id", "initiated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_calls_tenant_id_voice_agent_version_id_initiated_at_id"),
        "calls",
        ["tenant_id", "voice_agent_version_id", "initiated_at", "id"],
        unique=False,
    )
    op.create_table(
        "call_transcripts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("turns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("full_text", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("key_topics", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("speaker_count", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("processing_time_ms", sa.Integer(), nullable=True),
        sa.Column("is_redacted", sa.Boolean(), nullable=False),
        sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redacted_by_id", sa.Uuid(), nullable=True),
        sa.Column("pii_detected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(left(summary, 20000), '') || ' ' || coalesce(left(full_text, 100000), ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_call_transcripts_confidence")),
        sa.CheckConstraint("speaker_count >= 0", name=op.f("ck_call_transcripts_speaker_count")),
        sa.CheckConstraint("word_count >= 0", name=op.f("ck_call_transcripts_word_count")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "call_id"],
            ["calls.tenant_id", "calls.id"],
            name=op.f("fk_call_transcripts_tenant_id_call_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "redacted_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_call_transcripts_tenant_id_redacted_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_call_transcripts_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_call_transcripts")),
        sa.UniqueConstraint("tenant_id", "call_id", name=op.f("uq_call_transcripts_tenant_id_call_id")),
    )
    op.create_index(
        op.f("ix_call_transcripts_tenant_id_created_at_id"),
        "call_transcripts",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_call_transcripts_tenant_id_is_redacted_redacted_at_id"),
        "call_transcripts",
        ["tenant_id", "is_redacted", "redacted_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_call_transcripts_tenant_id_language_confidence_id"),
        "call_transcripts",
        ["tenant_id", "language", "confidence", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_call_transcripts_tenant_id_redacted_by_id"),
        "call_transcripts",
        ["tenant_id", "redacted_by_id"],
        unique=False,
    )
    ddl.protect("calls")
    ddl.protect("call_transcripts")
    ddl.make_searchable("call_transcripts")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("call_transcripts")
    op.drop_table("call_transcripts")
    op.drop_table("calls")
