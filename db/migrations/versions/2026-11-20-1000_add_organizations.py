"""Begin: the tenant of a transaction, and the reference tables of organizations and tenants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1000"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema `app` with what all tenant tables need, then the tables."""
    ddl.begin()
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute("CREATE SCHEMA app")
    # SET LOCAL in plpgsql rather than set_config: Citus passes on the one, not the other.
    op.execute(
        """
        CREATE FUNCTION app.set_tenant(tenant text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          EXECUTE format('SET LOCAL app.tenant_id = %L', tenant::uuid);
        END $$
        """
    )
    op.create_table(
        "organizations",
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("business_type", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("target_market", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("tax_id", sa.Text(), nullable=True),
        sa.Column("address_line1", sa.Text(), nullable=True),
        sa.Column("address_line2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("compliance_status", sa.String(length=64), nullable=False),
        sa.Column("compliance_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compliance_documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data_residency_region", sa.Text(), nullable=True),
        sa.Column("edge_regions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("hybrid_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "account_number ~ '^AYB(-[0-9A-Z]{4}){3}$'", name=op.f("ck_organizations_account_number_format")
        ),
        sa.CheckConstraint(
            "compliance_status IN ('PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED')",
            name=op.f("ck_organizations_compliance_status"),
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_organizations_country_format")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name=op.f("ck_organizations_slug_format")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACTIVE', 'INACTIVE', 'SUSPENDED')", name=op.f("ck_organizations_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("account_number", name=op.f("uq_organizations_account_number")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_table(
        "tenants",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("parent_tenant_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("subdomain", sa.Text(), nullable=True),
        sa.Column("custom_domain", sa.Text(), nullable=True),
        sa.Column("tenant_type", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("company_size", sa.String(length=64), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("default_currency", sa.Text(), nullable=False),
        sa.Column("plan_tier", sa.String(length=64), nullable=False),
        sa.Column("billing_cycle", sa.String(length=64), nullable=False),
        sa.Column("subscription_status", sa.String(length=64), nullable=False),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_concurrent_calls", sa.Integer(), nullable=False),
        sa.Column("max_voice_agents", sa.Integer(), nullable=False),
        sa.Column("max_phone_numbers", sa.Integer(), nullable=False),
        sa.Column("max_users", sa.Integer(), nullable=False),
        sa.Column("max_storage_gb", sa.Integer(), nullable=False),
        sa.Column("max_api_requests_per_hour", sa.Integer(), nullable=False),
        sa.Column("features", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("logo_url", sa.Text(), nullable=True),
        sa.Column("favicon_url", sa.Text(), nullable=True),
        sa.Column("theme", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("billing_cycle IN ('MONTHLY', 'YEARLY')", name=op.f("ck_tenants_billing_cycle")),
        sa.CheckConstraint(
            "company_size IN ('STARTUP', 'SMALL', 'MEDIUM', 'LARGE', 'ENTERPRISE')",
            name=op.f("ck_tenants_company_size"),
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_tenants_country_format")),
        sa.CheckConstraint(
            "custom_domain ~ '^[a-z0-9][a-z0-9.-]*[a-z0-9]$'", name=op.f("ck_tenants_custom_domain_format")
        ),
        sa.CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name=op.f("ck_tenants_default_currency_format")),
        sa.CheckConstraint(
            "plan_tier IN ('TRIAL', 'STARTER', 'BASIC', 'STANDARD', 'GROWTH', 'PROFESSIONAL', 'PREMIUM', 'SCALE', 'ENTERPRISE', 'CUSTOM')",
            name=op.f("ck_tenants_plan_tier"),
        ),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name=op.f("ck_tenants_slug_format")),
        sa.CheckConstraint("status IN ('TRIAL', 'ACTIVE', 'INACTIVE', 'SUSPENDED')", name=op.f("ck_tenants_status")),
        sa.CheckConstraint("subdomain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name=op.f("ck_tenants_subdomain_format")),
        sa.CheckConstraint(
            "subscription_status IN ('TRIAL', 'ACTIVE', 'PAST_DUE', 'SUSPENDED', 'CANCELLED', 'EXPIRED')",
            name=op.f("ck_tenants_subscription_status"),
        ),
        sa.CheckConstraint(
            "tenant_type IN ('INSURANCE_PROVIDER', 'INDEPENDENT_AGENT', 'AGENT_NETWORK', 'BUSINESS')",
            name=op.f("ck_tenants_tenant_type"),
        ),
        sa.CheckConstraint(
            "least(max_concurrent_calls, max_voice_agents, max_phone_numbers, max_users, max_storage_gb, max_api_requests_per_hour) >= 0",
            name=op.f("ck_tenants_limits_not_negative"),
        ),
        sa.CheckConstraint("parent_tenant_id <> id", name=op.f("ck_tenants_not_its_own_parent")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_tenants_organization_id")),
        sa.ForeignKeyConstraint(["parent_tenant_id"], ["tenants.id"], name=op.f("fk_tenants_parent_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("custom_domain", name=op.f("uq_tenants_custom_domain")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
        sa.UniqueConstraint("subdomain", name=op.f("uq_tenants_subdomain")),
    )
    op.create_index(
        op.f("ix_tenants_organization_id_name_id"), "tenants", ["organization_id", "name", "id"], unique=False
    )
    op.create_index(op.f("ix_tenants_parent_tenant_id"), "tenants", ["parent_tenant_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    op.drop_table("tenants")
    op.drop_table("organizations")
    op.execute("DROP SCHEMA app CASCADE")
    op.execute("DROP EXTENSION btree_gin")
