"""Add the tables of webhooks, their events, and from where on a tenant's log is followed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1252"
down_revision = "2026_11_20_1014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    ddl.begin()
    op.create_table(
        "webhook_endpoints",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("event_types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("secret_key_version", sa.Integer(), nullable=False),
        sa.Column("previous_secret_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_key_version", sa.Integer(), nullable=True),
        sa.Column("previous_secret_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_position", sa.BigInteger(), nullable=False),
        sa.Column("delivered_position", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("circuit", sa.String(length=64), nullable=False),
        sa.Column("consecutive_failure_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lease_id", sa.Uuid(), nullable=True),
        sa.Column("lease_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("circuit IN ('CLOSED', 'OPEN', 'HALF_OPEN')", name=op.f("ck_webhook_endpoints_circuit")),
        sa.CheckConstraint(
            "(lease_id IS NULL) = (lease_ends_at IS NULL)", name=op.f("ck_webhook_endpoints_lease_ends")
        ),
        sa.CheckConstraint(
            "(previous_secret_encrypted IS NULL) = (previous_secret_key_version IS NULL) AND (previous_secret_encrypted IS NULL) = (previous_secret_expires_at IS NULL)",
            name=op.f("ck_webhook_endpoints_previous_secret_key_known"),
        ),
        sa.CheckConstraint("cardinality(event_types) > 0", name=op.f("ck_webhook_endpoints_event_types_not_empty")),
        sa.CheckConstraint(
            "consecutive_failure_count >= 0", name=op.f("ck_webhook_endpoints_consecutive_failure_count")
        ),
        sa.CheckConstraint("delivered_position >= 0", name=op.f("ck_webhook_endpoints_delivered_position")),
        sa.CheckConstraint("queued_position >= 0", name=op.f("ck_webhook_endpoints_queued_position")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_webhook_endpoints_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_webhook_endpoints_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_endpoints_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(
        op.f("ix_webhook_endpoints_tenant_id_created_at_id"),
        "webhook_endpoints",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_webhook_endpoints_tenant_id_created_by_id"),
        "webhook_endpoints",
        ["tenant_id", "created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_webhook_endpoints_tenant_id_updated_by_id"),
        "webhook_endpoints",
        ["tenant_id", "updated_by_id"],
        unique=False,
    )
    ddl.protect("webhook_endpoints")
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("is_redelivery", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("from_position", sa.BigInteger(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("first_attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'DELIVERED') = (delivered_at IS NOT NULL)", name=op.f("ck_webhook_deliveries_delivered_at_known")
        ),
        sa.CheckConstraint("kind IN ('EVENT', 'GAP', 'TEST')", name=op.f("ck_webhook_deliveries_kind")),
        sa.CheckConstraint("status IN ('QUEUED', 'RETRYING', 'DELIVERED')", name=op.f("ck_webhook_deliveries_status")),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_webhook_deliveries_attempt_count")),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_webhook_deliveries_duration_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "webhook_endpoint_id"],
            ["webhook_endpoints.tenant_id", "webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_tenant_id_webhook_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_deliveries_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "tenant_id",
            "webhook_endpoint_id",
            "sequence",
            name=op.f("uq_webhook_deliveries_tenant_id_webhook_endpoint_id_sequence"),
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_queue",
        "webhook_deliveries",
        ["tenant_id", "webhook_endpoint_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("status IN ('QUEUED', 'RETRYING')"),
    )
    op.create_index(
        op.f("ix_webhook_deliveries_tenant_id_created_at_id"),
        "webhook_deliveries",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_webhook_deliveries_tenant_id_webhook_endpoint_id_created_at_id"),
        "webhook_deliveries",
        ["tenant_id", "webhook_endpoint_id", "created_at", "id"],
        unique=False,
    )
    ddl.protect("webhook_deliveries")
    op.add_column("tenant_clock", sa.Column("followed_position", sa.BigInteger(), nullable=True))
    op.drop_constraint(op.f("ck_events_type"), "events", type_="check")
    op.create_check_constraint(
        op.f("ck_events_type"),
        "events",
        "type IN ('CALL_CREATED', 'CALL_STATUS_CHANGED', 'CALL_UPDATED', 'CALLBACK_CREATED', 'CALLBACK_STATUS_CHANGED', 'CALLBACK_UPDATED', 'CONTACT_CREATED', 'CONTACT_UPDATED', 'DEAL_CREATED', 'DEAL_STAGE_CHANGED', 'DEAL_UPDATED', 'POLICYHOLDER_CREATED', 'POLICY_CREATED', 'POLICY_STATUS_CHANGED', 'SIGNED_IN', 'SESSION_REFRESHED', 'SESSION_REVOKED', 'SIGNED_OUT', 'API_KEY_CREATED', 'API_KEY_REVOKED', 'INTEGRATION_CREATED', 'INTEGRATION_ROTATED', 'WEBHOOK_ENDPOINT_CREATED', 'WEBHOOK_ENDPOINT_UPDATED', 'WEBHOOK_ENDPOINT_ROTATED', 'WEBHOOK_ENDPOINT_DELETED', 'WEBHOOK_REDELIVERY_REQUESTED')",
    )


def downgrade() -> None:
    """Drop them. Fails while the log still has events of webhooks: its positions must stay without gaps."""
    ddl.begin()
    op.drop_column("tenant_clock", "followed_position")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
    op.drop_constraint(op.f("ck_events_type"), "events", type_="check")
    op.create_check_constraint(
        op.f("ck_events_type"),
        "events",
        "type IN ('CALL_CREATED', 'CALL_STATUS_CHANGED', 'CALL_UPDATED', 'CALLBACK_CREATED', 'CALLBACK_STATUS_CHANGED', 'CALLBACK_UPDATED', 'CONTACT_CREATED', 'CONTACT_UPDATED', 'DEAL_CREATED', 'DEAL_STAGE_CHANGED', 'DEAL_UPDATED', 'POLICYHOLDER_CREATED', 'POLICY_CREATED', 'POLICY_STATUS_CHANGED', 'SIGNED_IN', 'SESSION_REFRESHED', 'SESSION_REVOKED', 'SIGNED_OUT', 'API_KEY_CREATED', 'API_KEY_REVOKED', 'INTEGRATION_CREATED', 'INTEGRATION_ROTATED')",
    )
