"""Add the tables of deals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1012"
down_revision = "2026_11_20_1011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "pipelines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("pipeline_type", sa.String(length=64), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("probability_calculation", sa.String(length=64), nullable=False),
        sa.Column("is_stage_order_enforced", sa.Boolean(), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_pipelines_currency_format")),
        sa.CheckConstraint(
            "pipeline_type IN ('SALES', 'MARKETING', 'SUPPORT', 'CUSTOM')", name=op.f("ck_pipelines_pipeline_type")
        ),
        sa.CheckConstraint(
            "probability_calculation IN ('MANUAL', 'AUTOMATIC', 'STAGE_BASED')",
            name=op.f("ck_pipelines_probability_calculation"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_pipelines_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_pipelines_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_pipelines_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_pipelines_tenant_id_name")),
    )
    op.create_index(
        op.f("ix_pipelines_tenant_id_created_at_id"), "pipelines", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_pipelines_tenant_id_created_by_id"), "pipelines", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(op.f("ix_pipelines_tenant_id_name_id"), "pipelines", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        op.f("ix_pipelines_tenant_id_updated_by_id"), "pipelines", ["tenant_id", "updated_by_id"], unique=False
    )
    op.create_index(
        "uq_pipelines_default", "pipelines", ["tenant_id"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "pipeline_stages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage_type", sa.String(length=64), nullable=False),
        sa.Column("default_probability", sa.Integer(), nullable=False),
        sa.Column("required_fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("ck_pipeline_stages_color_format")),
        sa.CheckConstraint(
            "stage_type IN ('OPEN', 'CLOSED_WON', 'CLOSED_LOST')", name=op.f("ck_pipeline_stages_stage_type")
        ),
        sa.CheckConstraint(
            "default_probability BETWEEN 0 AND 100", name=op.f("ck_pipeline_stages_default_probability_range")
        ),
        sa.CheckConstraint("position > 0", name=op.f("ck_pipeline_stages_position_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_pipeline_stages_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["pipelines.tenant_id", "pipelines.id"],
            name=op.f("fk_pipeline_stages_tenant_id_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_pipeline_stages_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_pipeline_stages_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pipeline_stages")),
        sa.UniqueConstraint("tenant_id", "pipeline_id", "id", name=op.f("uq_pipeline_stages_tenant_id_pipeline_id_id")),
        sa.UniqueConstraint(
            "tenant_id", "pipeline_id", "name", name=op.f("uq_pipeline_stages_tenant_id_pipeline_id_name")
        ),
        sa.UniqueConstraint(
            "tenant_id", "pipeline_id", "position", name=op.f("uq_pipeline_stages_tenant_id_pipeline_id_position")
        ),
    )
    op.create_index(
        op.f("ix_pipeline_stages_tenant_id_created_at_id"),
        "pipeline_stages",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pipeline_stages_tenant_id_created_by_id"),
        "pipeline_stages",
        ["tenant_id", "created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pipeline_stages_tenant_id_position_id"),
        "pipeline_stages",
        ["tenant_id", "position", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pipeline_stages_tenant_id_updated_by_id"),
        "pipeline_stages",
        ["tenant_id", "updated_by_id"],
        unique=False,
    )
    op.create_table(
        "deals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("value", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.String(length=64), nullable=False),
        sa.Column("deal_type", sa.String(length=64), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("actual_close_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("lead_source", sa.Text(), nullable=True),
        sa.Column("competitor", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(title, '') || ' ' || coalesce(description, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_deals_currency_format")),
        sa.CheckConstraint(
            "deal_type IN ('NEW_BUSINESS', 'EXISTING_BUSINESS', 'RENEWAL', 'UPSELL', 'CROSS_SELL')",
            name=op.f("ck_deals_deal_type"),
        ),
        sa.CheckConstraint("priority IN ('LOW', 'MEDIUM', 'HIGH', 'URGENT')", name=op.f("ck_deals_priority")),
        sa.CheckConstraint("status IN ('OPEN', 'WON', 'LOST', 'ARCHIVED')", name=op.f("ck_deals_status")),
        sa.CheckConstraint(
            "(coalesce(value, 0) = 0) = (value_minor = 0)", name=op.f("ck_deals_value_has_its_minor_units")
        ),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_deals_probability_range")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_deals_value_not_negative")),
        sa.CheckConstraint("value_minor >= 0", name=op.f("ck_deals_value_minor_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name=op.f("fk_deals_tenant_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contacts.tenant_id", "contacts.id"],
            name=op.f("fk_deals_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_deals_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_deals_tenant_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "stage_id"],
            ["pipeline_stages.tenant_id", "pipeline_stages.pipeline_id", "pipeline_stages.id"],
            name=op.f("fk_deals_tenant_id_pipeline_id_stage_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["pipelines.tenant_id", "pipelines.id"],
            name=op.f("fk_deals_tenant_id_pipeline_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_id"], ["policies.tenant_id", "policies.id"], name=op.f("fk_deals_tenant_id_policy_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"], ["teams.tenant_id", "teams.id"], name=op.f("fk_deals_tenant_id_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_deals_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_deals_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deals")),
    )
    op.create_index(
        op.f("ix_deals_tenant_id_account_id_created_at_id"),
        "deals",
        ["tenant_id", "account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_contact_id_created_at_id"),
        "deals",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_deals_tenant_id_created_at_id"), "deals", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_deals_tenant_id_created_by_id"), "deals", ["tenant_id", "created_by_id"], unique=False)
    op.create_index(
        op.f("ix_deals_tenant_id_expected_close_on_id"), "deals", ["tenant_id", "expected_close_on", "id"], unique=False
    )
    op.create_index(
        op.f("ix_deals_tenant_id_owner_id_created_at_id"),
        "deals",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_pipeline_id_created_at_id"),
        "deals",
        ["tenant_id", "pipeline_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_pipeline_id_stage_id_created_at_id"),
        "deals",
        ["tenant_id", "pipeline_id", "stage_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_policy_id_created_at_id"),
        "deals",
        ["tenant_id", "policy_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_stage_entered_at_id"), "deals", ["tenant_id", "stage_entered_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_deals_tenant_id_stage_id_created_at_id"),
        "deals",
        ["tenant_id", "stage_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_status_created_at_id"),
        "deals",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deals_tenant_id_team_id_created_at_id"),
        "deals",
        ["tenant_id", "team_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_deals_tenant_id_title_id"), "deals", ["tenant_id", "title", "id"], unique=False)
    op.create_index(op.f("ix_deals_tenant_id_updated_at_id"), "deals", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_index(op.f("ix_deals_tenant_id_updated_by_id"), "deals", ["tenant_id", "updated_by_id"], unique=False)
    op.create_index(
        op.f("ix_deals_tenant_id_value_minor_id"), "deals", ["tenant_id", "value_minor", "id"], unique=False
    )
    op.create_table(
        "deal_products",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("total_price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_deal_products_currency_format")),
        sa.CheckConstraint("discount_amount >= 0", name=op.f("ck_deal_products_discount_amount_not_negative")),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("ck_deal_products_discount_percent_range")),
        sa.CheckConstraint("position > 0", name=op.f("ck_deal_products_position_positive")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_deal_products_quantity_positive")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_deal_products_unit_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_deal_products_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["deals.tenant_id", "deals.id"],
            name=op.f("fk_deal_products_tenant_id_deal_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_deal_products_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deal_products")),
    )
    op.create_index(
        op.f("ix_deal_products_tenant_id_created_at_id"),
        "deal_products",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deal_products_tenant_id_created_by_id"), "deal_products", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_deal_products_tenant_id_deal_id_position_id"),
        "deal_products",
        ["tenant_id", "deal_id", "position", "id"],
        unique=False,
    )
    op.create_table(
        "deal_stage_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("from_stage_id", sa.Uuid(), nullable=True),
        sa.Column("to_stage_id", sa.Uuid(), nullable=False),
        sa.Column("from_probability", sa.Integer(), nullable=True),
        sa.Column("to_probability", sa.Integer(), nullable=False),
        sa.Column("time_in_stage_seconds", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_probability BETWEEN 0 AND 100", name=op.f("ck_deal_stage_changes_from_probability_range")
        ),
        sa.CheckConstraint("time_in_stage_seconds >= 0", name=op.f("ck_deal_stage_changes_time_in_stage_not_negative")),
        sa.CheckConstraint("to_probability BETWEEN 0 AND 100", name=op.f("ck_deal_stage_changes_to_probability_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "changed_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_deal_stage_changes_tenant_id_changed_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["deals.tenant_id", "deals.id"],
            name=op.f("fk_deal_stage_changes_tenant_id_deal_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "from_stage_id"],
            ["pipeline_stages.tenant_id", "pipeline_stages.id"],
            name=op.f("fk_deal_stage_changes_tenant_id_from_stage_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "to_stage_id"],
            ["pipeline_stages.tenant_id", "pipeline_stages.id"],
            name=op.f("fk_deal_stage_changes_tenant_id_to_stage_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_deal_stage_changes_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deal_stage_changes")),
    )
    op.create_index(
        op.f("ix_deal_stage_changes_tenant_id_changed_by_id_created_at_id"),
        "deal_stage_changes",
        ["tenant_id", "changed_by_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deal_stage_changes_tenant_id_created_at_id"),
        "deal_stage_changes",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deal_stage_changes_tenant_id_deal_id_created_at_id"),
        "deal_stage_changes",
        ["tenant_id", "deal_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deal_stage_changes_tenant_id_from_stage_id_created_at_id"),
        "deal_stage_changes",
        ["tenant_id", "from_stage_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deal_stage_changes_tenant_id_to_stage_id_created_at_id"),
        "deal_stage_changes",
        ["tenant_id", "to_stage_id", "created_at", "id"],
        unique=False,
    )
    ddl.protect("pipelines")
    ddl.protect("pipeline_stages")
    ddl.protect("deals")
    ddl.protect("deal_products")
    ddl.protect("deal_stage_changes")
    ddl.make_searchable("deals")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("deals")
    op.drop_table("deal_stage_changes")
    op.drop_table("deal_products")
    op.drop_table("deals")
    op.drop_table("pipeline_stages")
    op.drop_table("pipelines")
