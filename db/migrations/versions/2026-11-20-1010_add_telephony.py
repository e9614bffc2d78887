"""Add the tables of telephony."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1010"
down_revision = "2026_11_20_1009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "phone_numbers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("formatted_number", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("local_number", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("acquisition_method", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_number_id", sa.Text(), nullable=True),
        sa.Column("integration_id", sa.Uuid(), nullable=True),
        sa.Column("voice_agent_id", sa.Uuid(), nullable=True),
        sa.Column("capabilities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("monthly_cost", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("setup_cost", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_compliance_verified", sa.Boolean(), nullable=False),
        sa.Column("compliance_documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("has_emergency_services", sa.Boolean(), nullable=False),
        sa.Column("health_status", sa.String(length=64), nullable=False),
        sa.Column("last_health_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(number, '') || ' ' || coalesce(formatted_number, '') || ' ' || coalesce(label, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "acquisition_method IN ('MANAGED', 'SIP_TRUNK', 'TWILIO', 'PORTED')",
            name=op.f("ck_phone_numbers_acquisition_method"),
        ),
        sa.CheckConstraint(
            "capabilities <@ ARRAY['VOICE', 'SMS', 'FAX', 'MMS']", name=op.f("ck_phone_numbers_capabilities")
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_phone_numbers_country_code")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_phone_numbers_currency")),
        sa.CheckConstraint(
            "health_status IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN')",
            name=op.f("ck_phone_numbers_health_status"),
        ),
        sa.CheckConstraint("number ~ '^\\+[1-9][0-9]{3,14}$'", name=op.f("ck_phone_numbers_number")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACTIVE', 'INACTIVE', 'SUSPENDED', 'PORTING', 'FAILED')",
            name=op.f("ck_phone_numbers_status"),
        ),
        sa.CheckConstraint("monthly_cost >= 0", name=op.f("ck_phone_numbers_monthly_cost")),
        sa.CheckConstraint("setup_cost >= 0", name=op.f("ck_phone_numbers_setup_cost")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_phone_numbers_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "integration_id"],
            ["integrations.tenant_id", "integrations.id"],
            name=op.f("fk_phone_numbers_tenant_id_integration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_phone_numbers_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "voice_agent_id"],
            ["voice_agents.tenant_id", "voice_agents.id"],
            name=op.f("fk_phone_numbers_tenant_id_voice_agent_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_phone_numbers_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_phone_numbers_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_acquisition_method_status_id"),
        "phone_numbers",
        ["tenant_id", "acquisition_method", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_created_at_id"),
        "phone_numbers",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_created_by_id"), "phone_numbers", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_health_status_last_health_check_at_id"),
        "phone_numbers",
        ["tenant_id", "health_status", "last_health_check_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_integration_id_id"),
        "phone_numbers",
        ["tenant_id", "integration_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_region_status_id"),
        "phone_numbers",
        ["tenant_id", "region", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_status_created_at_id"),
        "phone_numbers",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_updated_by_id"), "phone_numbers", ["tenant_id", "updated_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_phone_numbers_tenant_id_voice_agent_id_id"),
        "phone_numbers",
        ["tenant_id", "voice_agent_id", "id"],
        unique=False,
    )
    ddl.protect("phone_numbers")
    ddl.make_searchable("phone_numbers")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("phone_numbers")
    op.drop_table("phone_numbers")
