"""Add the tables of callbacks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1014"
down_revision = "2026_11_20_1013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "callback_queues",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue_type", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("max_concurrent_callbacks", sa.Integer(), nullable=False),
        sa.Column("sla_hours", sa.Integer(), nullable=True),
        sa.Column("is_auto_assignment_enabled", sa.Boolean(), nullable=False),
        sa.Column("assignment_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("last_insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(name, '') || ' ' || coalesce(description, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "queue_type IN ('PRIORITY', 'FIFO', 'ROUND_ROBIN')", name=op.f("ck_callback_queues_queue_type")
        ),
        sa.CheckConstraint("max_concurrent_callbacks >= 0", name=op.f("ck_callback_queues_max_concurrent_callbacks")),
        sa.CheckConstraint("sla_hours > 0", name=op.f("ck_callback_queues_sla_hours")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "last_insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_callback_queues_tenant_id_last_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"], ["teams.tenant_id", "teams.id"], name=op.f("fk_callback_queues_tenant_id_team_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_callback_queues_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_callback_queues")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_callback_queues_tenant_id_name")),
    )
    op.create_index(
        op.f("ix_callback_queues_tenant_id_created_at_id"),
        "callback_queues",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_queues_tenant_id_last_insurance_agent_id"),
        "callback_queues",
        ["tenant_id", "last_insurance_agent_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_queues_tenant_id_name_id"), "callback_queues", ["tenant_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_callback_queues_tenant_id_team_id_id"), "callback_queues", ["tenant_id", "team_id", "id"], unique=False
    )
    op.create_table(
        "callback_requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("request_type", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("source_reference", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("queue_id", sa.Uuid(), nullable=True),
        sa.Column("insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column("priority", sa.String(length=64), nullable=False),
        sa.Column("priority_score", sa.Double(), nullable=False),
        sa.Column("is_priority_manual", sa.Boolean(), nullable=False),
        sa.Column("urgency", sa.String(length=64), nullable=False),
        sa.Column("customer_value", sa.String(length=64), nullable=False),
        sa.Column("sla_hours", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_seconds", sa.Integer(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_to_user_id", sa.Uuid(), nullable=True),
        sa.Column("escalation_reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("satisfaction_rating", sa.Integer(), nullable=True),
        sa.Column("satisfaction_comment", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_by_id", sa.Uuid(), nullable=True),
        sa.Column("completed_by_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(number, '') || ' ' || coalesce(description, '') || ' ' || coalesce(source_reference, '') || ' ' || coalesce(phone_number, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "category IN ('TECHNICAL', 'BILLING', 'POLICY', 'GENERAL')", name=op.f("ck_callback_requests_category")
        ),
        sa.CheckConstraint(
            "customer_value IN ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM')",
            name=op.f("ck_callback_requests_customer_value"),
        ),
        sa.CheckConstraint(
            "outcome IN ('RESOLVED', 'ESCALATED', 'TRANSFERRED', 'CANCELLED')",
            name=op.f("ck_callback_requests_outcome"),
        ),
        sa.CheckConstraint("phone_number ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_callback_requests_phone_number")),
        sa.CheckConstraint("priority IN ('HIGH', 'MEDIUM', 'LOW')", name=op.f("ck_callback_requests_priority")),
        sa.CheckConstraint(
            "request_type IN ('POLICY_ISSUE', 'PAYMENT_PROBLEM', 'CLAIM_ASSISTANCE', 'GENERAL_INQUIRY', 'FEEDBACK', 'SUGGESTION', 'OTHER')",
            name=op.f("ck_callback_requests_request_type"),
        ),
        sa.CheckConstraint(
            "source IN ('PORTAL', 'WHATSAPP', 'MOBILE', 'API', 'CALL')", name=op.f("ck_callback_requests_source")
        ),
        sa.CheckConstraint(
            "status <> 'CANCELLED' OR cancelled_at IS NOT NULL", name=op.f("ck_callback_requests_cancelled_at_known")
        ),
        sa.CheckConstraint(
            "status <> 'COMPLETED' OR completed_at IS NOT NULL", name=op.f("ck_callback_requests_completed_at_known")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'OVERDUE')",
            name=op.f("ck_callback_requests_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('ASSIGNED', 'IN_PROGRESS') OR insurance_agent_id IS NOT NULL",
            name=op.f("ck_callback_requests_assignee_known"),
        ),
        sa.CheckConstraint(
            "urgency IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')", name=op.f("ck_callback_requests_urgency")
        ),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_callback_requests_attempt_count")),
        sa.CheckConstraint("escalation_level >= 0", name=op.f("ck_callback_requests_escalation_level")),
        sa.CheckConstraint("paused_seconds >= 0", name=op.f("ck_callback_requests_paused_seconds")),
        sa.CheckConstraint("priority_score BETWEEN 0 AND 100", name=op.f("ck_callback_requests_priority_score")),
        sa.CheckConstraint(
            "satisfaction_rating BETWEEN 1 AND 5", name=op.f("ck_callback_requests_satisfaction_rating")
        ),
        sa.CheckConstraint("sla_hours > 0", name=op.f("ck_callback_requests_sla_hours")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assigned_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_assigned_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "call_id"],
            ["calls.tenant_id", "calls.id"],
            name=op.f("fk_callback_requests_tenant_id_call_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cancelled_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_cancelled_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "completed_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_completed_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contacts.tenant_id", "contacts.id"],
            name=op.f("fk_callback_requests_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "escalated_to_user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_escalated_to_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_callback_requests_tenant_id_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "queue_id"],
            ["callback_queues.tenant_id", "callback_queues.id"],
            name=op.f("fk_callback_requests_tenant_id_queue_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_requests_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_callback_requests_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_callback_requests")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_callback_requests_tenant_id_number")),
    )
    op.create_index(
        "ix_callback_requests_open_due",
        "callback_requests",
        ["tenant_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('COMPLETED', 'CANCELLED')"),
    )
    op.create_index(
        "ix_callback_requests_open_score",
        "callback_requests",
        ["tenant_id", "priority_score", "id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('COMPLETED', 'CANCELLED')"),
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_assigned_by_id"),
        "callback_requests",
        ["tenant_id", "assigned_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_call_id"), "callback_requests", ["tenant_id", "call_id"], unique=False
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_cancelled_by_id"),
        "callback_requests",
        ["tenant_id", "cancelled_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_completed_by_id"),
        "callback_requests",
        ["tenant_id", "completed_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_contact_id_created_at_id"),
        "callback_requests",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_created_at_id"),
        "callback_requests",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_created_by_id"),
        "callback_requests",
        ["tenant_id", "created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_due_at_id"),
        "callback_requests",
        ["tenant_id", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_escalated_to_user_id"),
        "callback_requests",
        ["tenant_id", "escalated_to_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_insurance_agent_id_assigned_at"),
        "callback_requests",
        ["tenant_id", "insurance_agent_id", "assigned_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_insurance_agent_id_created_at_id"),
        "callback_requests",
        ["tenant_id", "insurance_agent_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_insurance_agent_id_status_due_at_id"),
        "callback_requests",
        ["tenant_id", "insurance_agent_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_priority_created_at_id"),
        "callback_requests",
        ["tenant_id", "priority", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_priority_score_id"),
        "callback_requests",
        ["tenant_id", "priority_score", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_queue_id_created_at_id"),
        "callback_requests",
        ["tenant_id", "queue_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_queue_id_status_priority_score_id"),
        "callback_requests",
        ["tenant_id", "queue_id", "status", "priority_score", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_status_created_at_id"),
        "callback_requests",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_status_due_at_id"),
        "callback_requests",
        ["tenant_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_requests_tenant_id_updated_by_id"),
        "callback_requests",
        ["tenant_id", "updated_by_id"],
        unique=False,
    )
    op.create_table(
        "callback_activities",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("callback_request_id", sa.Uuid(), nullable=False),
        sa.Column("activity_type", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("old_status", sa.String(length=64), nullable=True),
        sa.Column("new_status", sa.String(length=64), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("contact_method", sa.String(length=64), nullable=True),
        sa.Column("contact_outcome", sa.String(length=64), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "activity_type IN ('CREATED', 'ASSIGNED', 'REASSIGNED', 'UNASSIGNED', 'STARTED', 'CALLED', 'COMPLETED', 'CANCELLED', 'REOPENED', 'OVERDUE', 'ESCALATED', 'PRIORITY_CHANGED', 'SCHEDULED', 'SNOOZED', 'PAUSED', 'RESUMED', 'RATED', 'NOTE_ADDED')",
            name=op.f("ck_callback_activities_activity_type"),
        ),
        sa.CheckConstraint(
            "contact_method IN ('PHONE', 'WHATSAPP', 'EMAIL', 'SMS', 'IN_PERSON')",
            name=op.f("ck_callback_activities_contact_method"),
        ),
        sa.CheckConstraint(
            "contact_outcome IN ('SUCCESSFUL', 'NO_ANSWER', 'BUSY', 'WRONG_NUMBER', 'VOICEMAIL', 'OTHER')",
            name=op.f("ck_callback_activities_contact_outcome"),
        ),
        sa.CheckConstraint(
            "new_status IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'OVERDUE')",
            name=op.f("ck_callback_activities_new_status"),
        ),
        sa.CheckConstraint(
            "old_status IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'OVERDUE')",
            name=op.f("ck_callback_activities_old_status"),
        ),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_callback_activities_duration_seconds")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "call_id"],
            ["calls.tenant_id", "calls.id"],
            name=op.f("fk_callback_activities_tenant_id_call_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "callback_request_id"],
            ["callback_requests.tenant_id", "callback_requests.id"],
            name=op.f("fk_callback_activities_tenant_id_callback_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_callback_activities_tenant_id_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_callback_activities_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_callback_activities_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_callback_activities")),
    )
    op.create_index(
        op.f("ix_callback_activities_tenant_id_call_id"), "callback_activities", ["tenant_id", "call_id"], unique=False
    )
    op.create_index(
        op.f("ix_callback_activities_tenant_id_callback_request_id_created_at_id"),
        "callback_activities",
        ["tenant_id", "callback_request_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_activities_tenant_id_created_at_id"),
        "callback_activities",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_activities_tenant_id_insurance_agent_id_created_at_id"),
        "callback_activities",
        ["tenant_id", "insurance_agent_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_callback_activities_tenant_id_user_id_created_at_id"),
        "callback_activities",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
    )
    ddl.protect("callback_queues")
    ddl.protect("callback_requests")
    ddl.protect("callback_activities")
    ddl.make_searchable("callback_queues")
    ddl.make_searchable("callback_requests")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("callback_requests")
    ddl.forget_searchable("callback_queues")
    op.drop_table("callback_activities")
    op.drop_table("callback_requests")
    op.drop_table("callback_queues")
