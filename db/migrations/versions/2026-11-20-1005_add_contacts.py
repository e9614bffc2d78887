"""Add the tables of contacts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1005"
down_revision = "2026_11_20_1004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("account_type", sa.String(length=64), nullable=False),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("sub_industry", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("annual_revenue", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("employee_count", sa.Integer(), nullable=True),
        sa.Column("founded_year", sa.Integer(), nullable=True),
        sa.Column("stock_symbol", sa.Text(), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("fax", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("social_profiles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.String(length=64), nullable=False),
        sa.Column("health_score", sa.Integer(), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent_account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("account_manager_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(name, '') || ' ' || coalesce(account_number, '') || ' ' || coalesce(email, '') || ' ' || coalesce(industry, '') || ' ' || coalesce(website, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "account_type IN ('PROSPECT', 'CUSTOMER', 'PARTNER', 'VENDOR', 'COMPETITOR', 'FORMER_CUSTOMER')",
            name=op.f("ck_accounts_account_type"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_accounts_currency_format")),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_accounts_phone_e164")),
        sa.CheckConstraint("priority IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')", name=op.f("ck_accounts_priority")),
        sa.CheckConstraint("status IN ('ACTIVE', 'INACTIVE', 'ARCHIVED')", name=op.f("ck_accounts_status")),
        sa.CheckConstraint("website ~* '^https?://'", name=op.f("ck_accounts_website_format")),
        sa.CheckConstraint(
            "annual_revenue IS NULL OR currency IS NOT NULL", name=op.f("ck_accounts_revenue_has_its_currency")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_accounts_email_lower_case")),
        sa.CheckConstraint("employee_count >= 0", name=op.f("ck_accounts_employee_count_not_negative")),
        sa.CheckConstraint("health_score BETWEEN 0 AND 100", name=op.f("ck_accounts_health_score_range")),
        sa.CheckConstraint("parent_account_id <> id", name=op.f("ck_accounts_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_manager_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_accounts_tenant_id_account_manager_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_accounts_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_accounts_tenant_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name=op.f("fk_accounts_tenant_id_parent_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_accounts_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_accounts_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("tenant_id", "account_number", name=op.f("uq_accounts_tenant_id_account_number")),
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_account_manager_id_created_at_id"),
        "accounts",
        ["tenant_id", "account_manager_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_account_type_created_at_id"),
        "accounts",
        ["tenant_id", "account_type", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_created_at_id"), "accounts", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_created_by_id"), "accounts", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_industry_id"), "accounts", ["tenant_id", "industry", "id"], unique=False
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_last_activity_at_id"),
        "accounts",
        ["tenant_id", "last_activity_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_accounts_tenant_id_name_id"), "accounts", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        op.f("ix_accounts_tenant_id_owner_id_created_at_id"),
        "accounts",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_parent_account_id_created_at_id"),
        "accounts",
        ["tenant_id", "parent_account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_updated_at_id"), "accounts", ["tenant_id", "updated_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_accounts_tenant_id_updated_by_id"), "accounts", ["tenant_id", "updated_by_id"], unique=False
    )
    op.create_table(
        "contacts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("department_name", sa.Text(), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("address_line1", sa.Text(), nullable=True),
        sa.Column("address_line2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("aadhaar_number_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("pan_number_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("social_profiles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("preferred_contact_method", sa.String(length=64), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("risk_profile", sa.String(length=64), nullable=True),
        sa.Column("customer_value", sa.String(length=64), nullable=False),
        sa.Column("lead_score", sa.Integer(), nullable=False),
        sa.Column("deal_count", sa.Integer(), nullable=False),
        sa.Column("open_deal_count", sa.Integer(), nullable=False),
        sa.Column("won_deal_count", sa.Integer(), nullable=False),
        sa.Column("total_deal_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("won_deal_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("last_contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_anonymised", sa.Boolean(), nullable=False),
        sa.Column("anonymised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' || coalesce(mobile, '') || ' ' || coalesce(company, '') || ' ' || coalesce(job_title, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_contacts_country_format")),
        sa.CheckConstraint(
            "customer_value IN ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM')", name=op.f("ck_contacts_customer_value")
        ),
        sa.CheckConstraint("mobile ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_contacts_mobile_e164")),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_contacts_phone_e164")),
        sa.CheckConstraint(
            "preferred_contact_method IN ('EMAIL', 'PHONE', 'SMS', 'WHATSAPP', 'POST')",
            name=op.f("ck_contacts_preferred_contact_method"),
        ),
        sa.CheckConstraint("risk_profile IN ('LOW', 'MEDIUM', 'HIGH')", name=op.f("ck_contacts_risk_profile")),
        sa.CheckConstraint(
            "status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED', 'ARCHIVED')", name=op.f("ck_contacts_status")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_contacts_email_lower_case")),
        sa.CheckConstraint("first_name IS NOT NULL OR last_name IS NOT NULL", name=op.f("ck_contacts_name_required")),
        sa.CheckConstraint(
            "is_anonymised = (anonymised_at IS NOT NULL)", name=op.f("ck_contacts_anonymised_has_its_time")
        ),
        sa.CheckConstraint("lead_score BETWEEN 0 AND 100", name=op.f("ck_contacts_lead_score_range")),
        sa.CheckConstraint(
            "open_deal_count >= 0 AND won_deal_count >= 0 AND deal_count >= open_deal_count + won_deal_count",
            name=op.f("ck_contacts_deal_counts_add_up"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name=op.f("fk_contacts_tenant_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_contacts_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_contacts_tenant_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_contacts_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_contacts_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_contacts_tenant_id_external_id")),
    )
    op.create_index(
        op.f("ix_contacts_tenant_id_account_id_created_at_id"),
        "contacts",
        ["tenant_id", "account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_contacts_tenant_id_company_id"), "contacts", ["tenant_id", "company", "id"], unique=False)
    op.create_index(
        op.f("ix_contacts_tenant_id_created_at_id"), "contacts", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_contacts_tenant_id_created_by_id"), "contacts", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(op.f("ix_contacts_tenant_id_email_id"), "contacts", ["tenant_id", "email", "id"], unique=False)
    op.create_index(
        op.f("ix_contacts_tenant_id_last_activity_at_id"),
        "contacts",
        ["tenant_id", "last_activity_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_contacts_tenant_id_last_name_first_name_id"),
        "contacts",
        ["tenant_id", "last_name", "first_name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_contacts_tenant_id_lead_score_id"), "contacts", ["tenant_id", "lead_score", "id"], unique=False
    )
    op.create_index(op.f("ix_contacts_tenant_id_mobile"), "contacts", ["tenant_id", "mobile"], unique=False)
    op.create_index(
        op.f("ix_contacts_tenant_id_owner_id_created_at_id"),
        "contacts",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_contacts_tenant_id_phone"), "contacts", ["tenant_id", "phone"], unique=False)
    op.create_index(
        op.f("ix_contacts_tenant_id_updated_at_id"), "contacts", ["tenant_id", "updated_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_contacts_tenant_id_updated_by_id"), "contacts", ["tenant_id", "updated_by_id"], unique=False
    )
    ddl.protect("accounts")
    ddl.protect("contacts")
    ddl.make_searchable("accounts")
    ddl.make_searchable("contacts")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("contacts")
    ddl.forget_searchable("accounts")
    op.drop_table("contacts")
    op.drop_table("accounts")
