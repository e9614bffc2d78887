"""Add the tables of policies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1008"
down_revision = "2026_11_20_1007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "policy_types",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("min_sum_assured", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("max_sum_assured", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("min_term_months", sa.Integer(), nullable=True),
        sa.Column("max_term_months", sa.Integer(), nullable=True),
        sa.Column("min_entry_age", sa.Integer(), nullable=True),
        sa.Column("max_entry_age", sa.Integer(), nullable=True),
        sa.Column("default_premium_frequency", sa.String(length=64), nullable=False),
        sa.Column("default_premium_mode", sa.String(length=64), nullable=False),
        sa.Column("default_grace_period_days", sa.Integer(), nullable=False),
        sa.Column("commission_rate", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("available_riders", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms_and_conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("required_documents", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_renewable", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
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
        sa.CheckConstraint("category IN ('LIFE', 'HEALTH', 'GENERAL', 'MOTOR')", name=op.f("ck_policy_types_category")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_policy_types_currency")),
        sa.CheckConstraint(
            "default_premium_frequency IN ('MONTHLY', 'QUARTERLY', 'HALF_YEARLY', 'ANNUAL')",
            name=op.f("ck_policy_types_default_premium_frequency"),
        ),
        sa.CheckConstraint(
            "default_premium_mode IN ('REGULAR', 'SINGLE', 'LIMITED_PAY')",
            name=op.f("ck_policy_types_default_premium_mode"),
        ),
        sa.CheckConstraint("commission_rate BETWEEN 0 AND 100", name=op.f("ck_policy_types_commission_rate")),
        sa.CheckConstraint(
            "default_grace_period_days BETWEEN 0 AND 365", name=op.f("ck_policy_types_default_grace_period_days")
        ),
        sa.CheckConstraint("min_entry_age <= max_entry_age", name=op.f("ck_policy_types_entry_age_range")),
        sa.CheckConstraint("min_sum_assured <= max_sum_assured", name=op.f("ck_policy_types_sum_assured_range")),
        sa.CheckConstraint("min_term_months <= max_term_months", name=op.f("ck_policy_types_term_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["insurance_providers.tenant_id", "insurance_providers.id"],
            name=op.f("fk_policy_types_tenant_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_policy_types_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_policy_types")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_policy_types_tenant_id_code")),
    )
    op.create_index(
        op.f("ix_policy_types_tenant_id_category_name_id"),
        "policy_types",
        ["tenant_id", "category", "name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policy_types_tenant_id_created_at_id"), "policy_types", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policy_types_tenant_id_name_id"), "policy_types", ["tenant_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policy_types_tenant_id_provider_id_name_id"),
        "policy_types",
        ["tenant_id", "provider_id", "name", "id"],
        unique=False,
    )
    op.create_table(
        "policyholders",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column("customer_number", sa.Text(), nullable=True),
        sa.Column("marital_status", sa.String(length=64), nullable=True),
        sa.Column("occupation", sa.Text(), nullable=True),
        sa.Column("education_level", sa.Text(), nullable=True),
        sa.Column("annual_income", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("risk_preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("investment_horizon", sa.Text(), nullable=True),
        sa.Column("investment_portfolio", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("communication_preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("has_marketing_consent", sa.Boolean(), nullable=False),
        sa.Column("preferred_contact_time", sa.String(length=64), nullable=True),
        sa.Column("family_members_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("nominee_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("bank_details_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("encryption_key_version", sa.Integer(), nullable=False),
        sa.Column("digital_literacy_score", sa.Integer(), nullable=True),
        sa.Column("engagement_score", sa.Double(), nullable=True),
        sa.Column("churn_risk_score", sa.Double(), nullable=True),
        sa.Column("onboarding_status", sa.String(length=64), nullable=False),
        sa.Column("last_interaction_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interaction_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_policyholders_currency")),
        sa.CheckConstraint(
            "marital_status IN ('SINGLE', 'MARRIED', 'DIVORCED', 'WIDOWED', 'SEPARATED')",
            name=op.f("ck_policyholders_marital_status"),
        ),
        sa.CheckConstraint(
            "onboarding_status IN ('PENDING', 'IN_PROGRESS', 'COMPLETED')",
            name=op.f("ck_policyholders_onboarding_status"),
        ),
        sa.CheckConstraint(
            "preferred_contact_time IN ('MORNING', 'AFTERNOON', 'EVENING')",
            name=op.f("ck_policyholders_preferred_contact_time"),
        ),
        sa.CheckConstraint(
            "annual_income IS NULL OR currency IS NOT NULL", name=op.f("ck_policyholders_annual_income_currency")
        ),
        sa.CheckConstraint("churn_risk_score BETWEEN 0 AND 1", name=op.f("ck_policyholders_churn_risk_score")),
        sa.CheckConstraint(
            "digital_literacy_score BETWEEN 1 AND 10", name=op.f("ck_policyholders_digital_literacy_score")
        ),
        sa.CheckConstraint("engagement_score BETWEEN 0 AND 10", name=op.f("ck_policyholders_engagement_score")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contacts.tenant_id", "contacts.id"],
            name=op.f("fk_policyholders_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_policyholders_tenant_id_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name=op.f("fk_policyholders_tenant_id_user_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_policyholders_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_policyholders")),
        sa.UniqueConstraint("tenant_id", "contact_id", name=op.f("uq_policyholders_tenant_id_contact_id")),
        sa.UniqueConstraint("tenant_id", "user_id", name=op.f("uq_policyholders_tenant_id_user_id")),
    )
    op.create_index(
        op.f("ix_policyholders_tenant_id_created_at_id"),
        "policyholders",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policyholders_tenant_id_customer_number"),
        "policyholders",
        ["tenant_id", "customer_number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policyholders_tenant_id_insurance_agent_id_created_at_id"),
        "policyholders",
        ["tenant_id", "insurance_agent_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policyholders_tenant_id_last_interaction_at_id"),
        "policyholders",
        ["tenant_id", "last_interaction_at", "id"],
        unique=False,
    )
    op.create_table(
        "policies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_number", sa.Text(), nullable=False),
        sa.Column("provider_policy_id", sa.Text(), nullable=True),
        sa.Column("policyholder_id", sa.Uuid(), nullable=False),
        sa.Column("insurance_agent_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("policy_type_id", sa.Uuid(), nullable=False),
        sa.Column("plan_name", sa.Text(), nullable=False),
        sa.Column("plan_code", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("sum_assured", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("premium_amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("premium_frequency", sa.String(length=64), nullable=False),
        sa.Column("premium_mode", sa.String(length=64), nullable=False),
        sa.Column("outstanding_amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("commission_rate", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("commission_amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column(
            "sum_assured_minor",
            sa.BigInteger(),
            sa.Computed("(sum_assured * 100)::bigint", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "premium_amount_minor",
            sa.BigInteger(),
            sa.Computed("(premium_amount * 100)::bigint", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "outstanding_amount_minor",
            sa.BigInteger(),
            sa.Computed("(outstanding_amount * 100)::bigint", persisted=True),
            nullable=False,
        ),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("maturity_on", sa.Date(), nullable=True),
        sa.Column("renewal_on", sa.Date(), nullable=True),
        sa.Column("premiums_end_on", sa.Date(), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("grace_period_days", sa.Integer(), nullable=False),
        sa.Column("payment_status", sa.String(length=64), nullable=False),
        sa.Column("last_payment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("sub_status", sa.Text(), nullable=True),
        sa.Column("status_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("surrendered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("matured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancellation_reason", sa.String(length=64), nullable=True),
        sa.Column("cancellation_note", sa.Text(), nullable=True),
        sa.Column("coverage_details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("riders", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms_and_conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("nominee_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("assignee_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("medical_reports_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("encryption_key_version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(policy_number, '') || ' ' || coalesce(plan_name, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cancellation_reason IN ('REJECTED', 'WITHDRAWN', 'REQUESTED', 'OTHER')",
            name=op.f("ck_policies_cancellation_reason"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_policies_currency")),
        sa.CheckConstraint(
            "payment_status IN ('PENDING', 'REGULAR', 'OVERDUE', 'LAPSED')", name=op.f("ck_policies_payment_status")
        ),
        sa.CheckConstraint(
            "premium_frequency IN ('MONTHLY', 'QUARTERLY', 'HALF_YEARLY', 'ANNUAL')",
            name=op.f("ck_policies_premium_frequency"),
        ),
        sa.CheckConstraint(
            "premium_mode IN ('REGULAR', 'SINGLE', 'LIMITED_PAY')", name=op.f("ck_policies_premium_mode")
        ),
        sa.CheckConstraint(
            "status <> 'CANCELLED' OR cancellation_reason IS NOT NULL",
            name=op.f("ck_policies_cancellation_reason_given"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'PENDING_APPROVAL', 'UNDER_REVIEW', 'APPROVED', 'ACTIVE', 'LAPSED', 'SURRENDERED', 'MATURED', 'CLAIMED', 'CANCELLED')",
            name=op.f("ck_policies_status"),
        ),
        sa.CheckConstraint("commission_rate BETWEEN 0 AND 100", name=op.f("ck_policies_commission_rate")),
        sa.CheckConstraint("grace_period_days BETWEEN 0 AND 365", name=op.f("ck_policies_grace_period_days")),
        sa.CheckConstraint("maturity_on >= start_on", name=op.f("ck_policies_maturity_on")),
        sa.CheckConstraint("premium_amount >= 0", name=op.f("ck_policies_premium_amount")),
        sa.CheckConstraint("premiums_end_on > start_on", name=op.f("ck_policies_premiums_end_on")),
        sa.CheckConstraint("sum_assured >= 0", name=op.f("ck_policies_sum_assured")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "approved_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_policies_tenant_id_approved_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cancelled_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_policies_tenant_id_cancelled_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_policies_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "insurance_agent_id"],
            ["insurance_agents.tenant_id", "insurance_agents.id"],
            name=op.f("fk_policies_tenant_id_insurance_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_type_id"],
            ["policy_types.tenant_id", "policy_types.id"],
            name=op.f("fk_policies_tenant_id_policy_type_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policyholder_id"],
            ["policyholders.tenant_id", "policyholders.id"],
            name=op.f("fk_policies_tenant_id_policyholder_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["insurance_providers.tenant_id", "insurance_providers.id"],
            name=op.f("fk_policies_tenant_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_policies_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_policies")),
        sa.UniqueConstraint(
            "tenant_id", "provider_id", "policy_number", name=op.f("uq_policies_tenant_id_provider_id_policy_number")
        ),
    )
    op.create_index(
        op.f("ix_policies_tenant_id_approved_by_id"), "policies", ["tenant_id", "approved_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_cancelled_by_id"), "policies", ["tenant_id", "cancelled_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_created_at_id"), "policies", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_created_by_id"), "policies", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_insurance_agent_id_created_at_id"),
        "policies",
        ["tenant_id", "insurance_agent_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_insurance_agent_id_status_id"),
        "policies",
        ["tenant_id", "insurance_agent_id", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_maturity_on_id"), "policies", ["tenant_id", "maturity_on", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_next_due_on_id"), "policies", ["tenant_id", "next_due_on", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_outstanding_amount_minor_id"),
        "policies",
        ["tenant_id", "outstanding_amount_minor", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_policy_number_id"), "policies", ["tenant_id", "policy_number", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_policy_type_id_created_at_id"),
        "policies",
        ["tenant_id", "policy_type_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_policyholder_id_created_at_id"),
        "policies",
        ["tenant_id", "policyholder_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_policyholder_id_status_id"),
        "policies",
        ["tenant_id", "policyholder_id", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_premium_amount_minor_id"),
        "policies",
        ["tenant_id", "premium_amount_minor", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_provider_id_created_at_id"),
        "policies",
        ["tenant_id", "provider_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_renewal_on_id"), "policies", ["tenant_id", "renewal_on", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_start_on_id"), "policies", ["tenant_id", "start_on", "id"], unique=False
    )
    op.create_index(
        op.f("ix_policies_tenant_id_status_created_at_id"),
        "policies",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_status_next_due_on_id"),
        "policies",
        ["tenant_id", "status", "next_due_on", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_policies_tenant_id_sum_assured_minor_id"),
        "policies",
        ["tenant_id", "sum_assured_minor", "id"],
        unique=False,
    )
    ddl.protect("policy_types")
    ddl.protect("policyholders")
    ddl.protect("policies")
    ddl.make_searchable("policy_types")
    ddl.make_searchable("policies")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("policies")
    ddl.forget_searchable("policy_types")
    op.drop_table("policies")
    op.drop_table("policyholders")
    op.drop_table("policy_types")
