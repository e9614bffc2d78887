"""Add the tables of compliance."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1004"
down_revision = "2026_11_20_1003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "audit_log_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("compliance_category", sa.Text(), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("changed_fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("key_subject_id", sa.Uuid(), nullable=True),
        sa.Column("old_values_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("new_values_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('USER', 'API_KEY', 'INTEGRATION', 'SYSTEM')", name=op.f("ck_audit_log_entries_actor_kind")
        ),
        sa.CheckConstraint(
            "category IN ('AUTHENTICATION', 'AUTHORIZATION', 'DATA_ACCESS', 'DATA_PRIVACY', 'CONFIGURATION', 'BILLING', 'SECURITY')",
            name=op.f("ck_audit_log_entries_category"),
        ),
        sa.CheckConstraint("outcome IN ('SUCCESS', 'FAILURE', 'ERROR')", name=op.f("ck_audit_log_entries_outcome")),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_audit_log_entries_duration_not_negative")),
        sa.CheckConstraint(
            "key_subject_id IS NOT NULL OR num_nonnulls(old_values_encrypted, new_values_encrypted) = 0",
            name=op.f("ck_audit_log_entries_values_have_their_key"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_audit_log_entries_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_log_entries")),
    )
    op.create_index(
        "ix_audit_log_entries_object",
        "audit_log_entries",
        ["tenant_id", "object_type", "object_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_entries_tenant_id_action_created_at_id"),
        "audit_log_entries",
        ["tenant_id", "action", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_entries_tenant_id_actor_id_created_at_id"),
        "audit_log_entries",
        ["tenant_id", "actor_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_entries_tenant_id_category_created_at_id"),
        "audit_log_entries",
        ["tenant_id", "category", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_entries_tenant_id_created_at_id"),
        "audit_log_entries",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    ddl.protect("audit_log_entries")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    op.drop_table("audit_log_entries")
