"""Add the tables of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1002"
down_revision = "2026_11_20_1001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_kind", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('USER', 'API_KEY', 'INTEGRATION', 'SYSTEM')", name=op.f("ck_events_actor_kind")
        ),
        sa.CheckConstraint(
            "type IN ('CALL_CREATED', 'CALL_STATUS_CHANGED', 'CALL_UPDATED', 'CALLBACK_CREATED', 'CALLBACK_STATUS_CHANGED', 'CALLBACK_UPDATED', 'CONTACT_CREATED', 'CONTACT_UPDATED', 'DEAL_CREATED', 'DEAL_STAGE_CHANGED', 'DEAL_UPDATED', 'POLICYHOLDER_CREATED', 'POLICY_CREATED', 'POLICY_STATUS_CHANGED', 'SIGNED_IN', 'SESSION_REFRESHED', 'SESSION_REVOKED', 'SIGNED_OUT', 'API_KEY_CREATED', 'API_KEY_REVOKED', 'INTEGRATION_CREATED', 'INTEGRATION_ROTATED')",
            name=op.f("ck_events_type"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_events_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "position", name=op.f("pk_events")),
    )
    op.create_index(
        op.f("ix_events_tenant_id_object_id_position"), "events", ["tenant_id", "object_id", "position"], unique=False
    )
    op.create_index(
        op.f("ix_events_tenant_id_occurred_at_position"),
        "events",
        ["tenant_id", "occurred_at", "position"],
        unique=False,
    )
    op.create_table(
        "idempotency_records",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("object_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_idempotency_records_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_idempotency_records")),
    )
    op.create_index(
        op.f("ix_idempotency_records_tenant_id_expires_at"),
        "idempotency_records",
        ["tenant_id", "expires_at"],
        unique=False,
    )
    op.create_index(
        "uq_idempotency_records_key", "idempotency_records", ["tenant_id", "credential_id", "key"], unique=True
    )
    op.create_table(
        "tenant_clock",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_tenant_clock_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant_clock")),
    )
    op.create_index(
        op.f("ix_tenant_clock_tenant_id_next_due_at"), "tenant_clock", ["tenant_id", "next_due_at"], unique=False
    )
    ddl.protect("events")
    ddl.protect("idempotency_records")
    ddl.protect("tenant_clock")
    op.execute("CREATE POLICY clock ON tenant_clock FOR SELECT TO app_clock USING (true)")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    op.drop_table("tenant_clock")
    op.drop_table("idempotency_records")
    op.drop_table("events")
