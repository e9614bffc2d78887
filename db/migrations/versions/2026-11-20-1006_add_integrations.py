"""Add the tables of integrations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1006"
down_revision = "2026_11_20_1005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "integrations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("account_identifier", sa.Text(), nullable=True),
        sa.Column("endpoint_url", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("secret_key_version", sa.Integer(), nullable=True),
        sa.Column("previous_secret_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_key_version", sa.Integer(), nullable=True),
        sa.Column("previous_secret_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_address_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_address_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("access_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("token_key_version", sa.Integer(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("consecutive_error_count", sa.Integer(), nullable=False),
        sa.Column("rate_limit_per_hour", sa.Integer(), nullable=True),
        sa.Column("requests_this_hour", sa.Integer(), nullable=False),
        sa.Column("rate_limit_reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(name, '') || ' ' || coalesce(provider, '') || ' ' || coalesce(account_identifier, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('TELEPHONY', 'SMS', 'WHATSAPP', 'INSTAGRAM', 'FACEBOOK', 'EMAIL', 'STRIPE', 'INSURANCE_PROVIDER', 'WEBHOOK')",
            name=op.f("ck_integrations_kind"),
        ),
        sa.CheckConstraint("status IN ('ACTIVE', 'EXPIRED', 'REVOKED', 'ERROR')", name=op.f("ck_integrations_status")),
        sa.CheckConstraint(
            "(previous_address_token_hash IS NULL) = (previous_address_expires_at IS NULL)",
            name=op.f("ck_integrations_previous_address_expires"),
        ),
        sa.CheckConstraint(
            "(previous_secret_encrypted IS NULL) = (previous_secret_key_version IS NULL) AND (previous_secret_encrypted IS NULL) = (previous_secret_expires_at IS NULL)",
            name=op.f("ck_integrations_previous_secret_key_known"),
        ),
        sa.CheckConstraint(
            "(secret_encrypted IS NULL) = (secret_key_version IS NULL)", name=op.f("ck_integrations_secret_key_known")
        ),
        sa.CheckConstraint("consecutive_error_count >= 0", name=op.f("ck_integrations_consecutive_error_count")),
        sa.CheckConstraint("error_count >= 0", name=op.f("ck_integrations_error_count")),
        sa.CheckConstraint("octet_length(address_token_hash) = 32", name=op.f("ck_integrations_address_token_hash")),
        sa.CheckConstraint(
            "octet_length(previous_address_token_hash) = 32", name=op.f("ck_integrations_previous_address_token_hash")
        ),
        sa.CheckConstraint("rate_limit_per_hour > 0", name=op.f("ck_integrations_rate_limit_per_hour")),
        sa.CheckConstraint("requests_this_hour >= 0", name=op.f("ck_integrations_requests_this_hour")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_integrations_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_integrations_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_integrations_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_integrations")),
        sa.UniqueConstraint(
            "tenant_id", "address_token_hash", name=op.f("uq_integrations_tenant_id_address_token_hash")
        ),
        sa.UniqueConstraint(
            "tenant_id", "kind", "account_identifier", name=op.f("uq_integrations_tenant_id_kind_account_identifier")
        ),
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_created_at_id"), "integrations", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_created_by_id"), "integrations", ["tenant_id", "created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_kind_name_id"),
        "integrations",
        ["tenant_id", "kind", "name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_last_sync_at_id"),
        "integrations",
        ["tenant_id", "last_sync_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_name_id"), "integrations", ["tenant_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_status_name_id"),
        "integrations",
        ["tenant_id", "status", "name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_integrations_tenant_id_updated_by_id"), "integrations", ["tenant_id", "updated_by_id"], unique=False
    )
    ddl.protect("integrations")
    ddl.make_searchable("integrations")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("integrations")
    op.drop_table("integrations")
