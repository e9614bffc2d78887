"""Add the tables of insurance agents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1007"
down_revision = "2026_11_20_1006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "insurance_providers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider_type", sa.String(length=64), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("license_number", sa.Text(), nullable=True),
        sa.Column("regulatory_authority", sa.Text(), nullable=True),
        sa.Column("established_year", sa.Integer(), nullable=True),
        sa.Column("headquarters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("supported_languages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("business_hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("service_regions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("commission_structure", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=True),
        sa.Column("integration_status", sa.String(length=64), nullable=False),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(code, '') || ' ' || coalesce(name, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "integration_status IN ('PENDING', 'TESTING', 'ACTIVE')",
            name=op.f("ck_insurance_providers_integration_status"),
        ),
        sa.CheckConstraint(
            "provider_type IN ('LIFE_INSURANCE', 'HEALTH_INSURANCE', 'GENERAL_INSURANCE')",
            name=op.f("ck_insurance_providers_provider_type"),
        ),
        sa.CheckConstraint(
            "status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED', 'UNDER_MAINTENANCE')",
            name=op.f("ck_insurance_providers_status"),
        ),
        sa.CheckConstraint(
            "established_year BETWEEN 1600 AND 2200", name=op.f("ck_insurance_providers_established_year")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "integration_id"],
            ["integrations.tenant_id", "integrations.id"],
            name=op.f("fk_insurance_providers_tenant_id_integration_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_insurance_providers_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_insurance_providers")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_insurance_providers_tenant_id_code")),
    )
    op.create_index(
        op.f("ix_insurance_providers_tenant_id_created_at_id"),
        "insurance_providers",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_providers_tenant_id_integration_id"),
        "insurance_providers",
        ["tenant_id", "integration_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_providers_tenant_id_name_id"),
        "insurance_providers",
        ["tenant_id", "name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_providers_tenant_id_status_name_id"),
        "insurance_providers",
        ["tenant_id", "status", "name", "id"],
        unique=False,
    )
    op.create_table(
        "insurance_agents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("agent_code", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("license_number", sa.Text(), nullable=True),
        sa.Column("license_expires_on", sa.Date(), nullable=True),
        sa.Column("license_issuing_authority", sa.Text(), nullable=True),
        sa.Column("business_name", sa.Text(), nullable=True),
        sa.Column("business_address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("business_email", sa.Text(), nullable=True),
        sa.Column("whatsapp_business_number", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("gst_number", sa.Text(), nullable=True),
        sa.Column("pan_number_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("territory", sa.Text(), nullable=True),
        sa.Column("regions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("experience_years", sa.Integer(), nullable=True),
        sa.Column("product_specializations", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("commission_rate", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("commission_structure", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("performance_bonus_structure", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("parent_insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column("hierarchy_level", sa.Integer(), nullable=False),
        sa.Column("downline_count", sa.Integer(), nullable=False),
        sa.Column("specialities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("availability_schedule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("max_daily_callbacks", sa.Integer(), nullable=False),
        sa.Column("max_concurrent_callbacks", sa.Integer(), nullable=False),
        sa.Column("active_callback_count", sa.Integer(), nullable=False),
        sa.Column("total_policies_sold", sa.Integer(), nullable=False),
        sa.Column("total_premium_collected", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("active_policyholder_count", sa.Integer(), nullable=False),
        sa.Column("customer_satisfaction_score", sa.Double(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("verification_status", sa.String(length=64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(agent_code, '') || ' ' || coalesce(display_name, '') || ' ' || coalesce(business_name, '') || ' ' || coalesce(business_email, '') || ' ' || coalesce(license_number, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_insurance_agents_currency")),
        sa.CheckConstraint(
            "status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED', 'PENDING_APPROVAL', 'REJECTED')",
            name=op.f("ck_insurance_agents_status"),
        ),
        sa.CheckConstraint(
            "verification_status IN ('PENDING', 'VERIFIED', 'REJECTED')",
            name=op.f("ck_insurance_agents_verification_status"),
        ),
        sa.CheckConstraint(
            "whatsapp_business_number ~ '^\\+[1-9][0-9]{1,14}$'",
            name=op.f("ck_insurance_agents_whatsapp_business_number"),
        ),
        sa.CheckConstraint("active_callback_count >= 0", name=op.f("ck_insurance_agents_active_callback_count")),
        sa.CheckConstraint("business_email = lower(business_email)", name=op.f("ck_insurance_agents_business_email")),
        sa.CheckConstraint("commission_rate BETWEEN 0 AND 100", name=op.f("ck_insurance_agents_commission_rate")),
        sa.CheckConstraint(
            "customer_satisfaction_score BETWEEN 0 AND 5", name=op.f("ck_insurance_agents_customer_satisfaction_score")
        ),
        sa.CheckConstraint("experience_years >= 0", name=op.f("ck_insurance_agents_experience_years")),
        sa.CheckConstraint("hierarchy_level >= 1", name=op.f("ck_insurance_agents_hierarchy_level")),
        sa.CheckConstraint("max_concurrent_callbacks >= 0", name=op.f("ck_insurance_agents_max_concurrent_callbacks")),
        sa.CheckConstraint("max_daily_callbacks >= 0", name=op.f("ck_insurance_agents_max_daily_callbacks")),
        sa.CheckConstraint("parent_insurance_agent_id <> id", name=op.f("ck_insurance_agents_own_parent")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "approved_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_insurance_agents_tenant_id_approved_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_insurance_agents_tenant_id_parent_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["insurance_providers.tenant_id", "insurance_providers.id"],
            name=op.f("fk_insurance_agents_tenant_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_insurance_agents_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_insurance_agents_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_insurance_agents")),
        sa.UniqueConstraint("tenant_id", "agent_code", name=op.f("uq_insurance_agents_tenant_id_agent_code")),
        sa.UniqueConstraint("tenant_id", "license_number", name=op.f("uq_insurance_agents_tenant_id_license_number")),
        sa.UniqueConstraint("tenant_id", "user_id", name=op.f("uq_insurance_agents_tenant_id_user_id")),
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_approved_by_id"),
        "insurance_agents",
        ["tenant_id", "approved_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_created_at_id"),
        "insurance_agents",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_display_name_id"),
        "insurance_agents",
        ["tenant_id", "display_name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_parent_insurance_agent_id_id"),
        "insurance_agents",
        ["tenant_id", "parent_insurance_agent_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_provider_id_status_id"),
        "insurance_agents",
        ["tenant_id", "provider_id", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_status_display_name_id"),
        "insurance_agents",
        ["tenant_id", "status", "display_name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_agents_tenant_id_territory_id"),
        "insurance_agents",
        ["tenant_id", "territory", "id"],
        unique=False,
    )
    ddl.protect("insurance_providers")
    ddl.protect("insurance_agents")
    ddl.make_searchable("insurance_providers")
    ddl.make_searchable("insurance_agents")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("insurance_agents")
    ddl.forget_searchable("insurance_providers")
    op.drop_table("insurance_agents")
    op.drop_table("insurance_providers")
