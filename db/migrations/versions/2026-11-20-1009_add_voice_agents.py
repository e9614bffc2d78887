"""Add the tables of voice agents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1009"
down_revision = "2026_11_20_1008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "voice_agents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("voice_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("model_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("automation_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edge_optimization", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("latency_level", sa.String(length=64), nullable=False),
        sa.Column("phone_integration", sa.String(length=64), nullable=False),
        sa.Column("max_turn_time_ms", sa.Integer(), nullable=False),
        sa.Column("interruption_threshold", sa.Double(), nullable=False),
        sa.Column("context_window_size", sa.Integer(), nullable=False),
        sa.Column("temperature", sa.Double(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
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
            "latency_level IN ('ULTRA_LOW', 'LOW', 'BALANCED', 'QUALITY')", name=op.f("ck_voice_agents_latency_level")
        ),
        sa.CheckConstraint(
            "phone_integration IN ('MANAGED', 'SIP_TRUNK', 'TWILIO')", name=op.f("ck_voice_agents_phone_integration")
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'ACTIVE', 'INACTIVE', 'ARCHIVED')", name=op.f("ck_voice_agents_status")
        ),
        sa.CheckConstraint("context_window_size > 0", name=op.f("ck_voice_agents_context_window_size")),
        sa.CheckConstraint(
            "interruption_threshold BETWEEN 0 AND 1", name=op.f("ck_voice_agents_interruption_threshold")
        ),
        sa.CheckConstraint("max_turn_time_ms > 0", name=op.f("ck_voice_agents_max_turn_time_ms")),
        sa.CheckConstraint("temperature BETWEEN 0 AND 2", name=op.f("ck_voice_agents_temperature")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_voice_agents_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_voice_agents_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_voice_agents_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_voice_agents")),
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_created_at_id"), "voice_agents", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_created_by_id"), "voice_agents", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_name_id"), "voice_agents", ["tenant_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_status_created_at_id"),
        "voice_agents",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_status_name_id"),
        "voice_agents",
        ["tenant_id", "status", "name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agents_tenant_id_updated_by_id"), "voice_agents", ["tenant_id", "updated_by_id"], unique=False
    )
    op.create_table(
        "voice_agent_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("voice_agent_id", sa.Uuid(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("change_note", sa.Text(), nullable=True),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("voice_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("model_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("automation_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ab_test_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("traffic_weight", sa.Integer(), nullable=False),
        sa.Column("performance_metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("testing_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.Uuid(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'PUBLISHED' OR published_at IS NOT NULL", name=op.f("ck_voice_agent_versions_published_at_known")
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'TESTING', 'PUBLISHED', 'ARCHIVED')", name=op.f("ck_voice_agent_versions_status")
        ),
        sa.CheckConstraint("traffic_weight BETWEEN 0 AND 100", name=op.f("ck_voice_agent_versions_traffic_weight")),
        sa.CheckConstraint("version_number >= 1", name=op.f("ck_voice_agent_versions_version_number")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_voice_agent_versions_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "published_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_voice_agent_versions_tenant_id_published_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "voice_agent_id"],
            ["voice_agents.tenant_id", "voice_agents.id"],
            name=op.f("fk_voice_agent_versions_tenant_id_voice_agent_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_voice_agent_versions_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_voice_agent_versions")),
        sa.UniqueConstraint(
            "tenant_id",
            "voice_agent_id",
            "version_number",
            name=op.f("uq_voice_agent_versions_tenant_id_voice_agent_id_version_number"),
        ),
    )
    op.create_index(
        op.f("ix_voice_agent_versions_tenant_id_created_at_id"),
        "voice_agent_versions",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agent_versions_tenant_id_created_by_id"),
        "voice_agent_versions",
        ["tenant_id", "created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agent_versions_tenant_id_published_by_id"),
        "voice_agent_versions",
        ["tenant_id", "published_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agent_versions_tenant_id_status_created_at_id"),
        "voice_agent_versions",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_voice_agent_versions_tenant_id_voice_agent_id_created_at_id"),
        "voice_agent_versions",
        ["tenant_id", "voice_agent_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_voice_agent_versions_published",
        "voice_agent_versions",
        ["tenant_id", "voice_agent_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    ddl.protect("voice_agents")
    ddl.protect("voice_agent_versions")
    ddl.make_searchable("voice_agents")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("voice_agents")
    op.drop_table("voice_agent_versions")
    op.drop_table("voice_agents")
