"""Add the tables of activities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1013"
down_revision = "2026_11_20_1012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "activities",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.String(length=64), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("meeting_url", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_notes", sa.Text(), nullable=True),
        sa.Column("is_follow_up_required", sa.Boolean(), nullable=False),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(subject, ''), '-/.@+#', '      '))", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "activity_type IN ('CALL', 'EMAIL', 'MEETING', 'TASK', 'NOTE', 'DEMO', 'PROPOSAL', 'FOLLOW_UP', 'OTHER')",
            name=op.f("ck_activities_activity_type"),
        ),
        sa.CheckConstraint("meeting_url ~* '^https?://'", name=op.f("ck_activities_meeting_url_format")),
        sa.CheckConstraint("priority IN ('LOW', 'MEDIUM', 'HIGH', 'URGENT')", name=op.f("ck_activities_priority")),
        sa.CheckConstraint(
            "status IN ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW')",
            name=op.f("ck_activities_status"),
        ),
        sa.CheckConstraint("duration_seconds > 0", name=op.f("ck_activities_duration_positive")),
        sa.CheckConstraint(
            "num_nonnulls(contact_id, account_id, deal_id, policy_id, call_id) > 0",
            name=op.f("ck_activities_is_about_something"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name=op.f("fk_activities_tenant_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assignee_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_activities_tenant_id_assignee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "call_id"], ["calls.tenant_id", "calls.id"], name=op.f("fk_activities_tenant_id_call_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contacts.tenant_id", "contacts.id"],
            name=op.f("fk_activities_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_activities_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"], ["deals.tenant_id", "deals.id"], name=op.f("fk_activities_tenant_id_deal_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_activities_tenant_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_id"],
            ["policies.tenant_id", "policies.id"],
            name=op.f("fk_activities_tenant_id_policy_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_activities_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_activities_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_activities")),
    )
    op.create_index(
        op.f("ix_activities_tenant_id_account_id_created_at_id"),
        "activities",
        ["tenant_id", "account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_activity_type_created_at_id"),
        "activities",
        ["tenant_id", "activity_type", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_assignee_id_created_at_id"),
        "activities",
        ["tenant_id", "assignee_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_call_id_created_at_id"),
        "activities",
        ["tenant_id", "call_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_contact_id_created_at_id"),
        "activities",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_created_at_id"), "activities", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_tenant_id_created_by_id"), "activities", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_tenant_id_deal_id_created_at_id"),
        "activities",
        ["tenant_id", "deal_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_due_at_id"), "activities", ["tenant_id", "due_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_tenant_id_owner_id_created_at_id"),
        "activities",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_policy_id_created_at_id"),
        "activities",
        ["tenant_id", "policy_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_scheduled_at_id"), "activities", ["tenant_id", "scheduled_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_tenant_id_status_created_at_id"),
        "activities",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activities_tenant_id_updated_at_id"), "activities", ["tenant_id", "updated_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_tenant_id_updated_by_id"), "activities", ["tenant_id", "updated_by_id"], unique=False
    )
    ddl.protect("activities")
    ddl.make_searchable("activities")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("activities")
    op.drop_table("activities")
