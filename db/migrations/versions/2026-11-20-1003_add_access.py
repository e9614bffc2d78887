"""Add the tables of access."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.core import ddl

revision = "2026_11_20_1003"
down_revision = "2026_11_20_1002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with their policies and searches."""
    ddl.begin()
    op.create_table(
        "logins",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_verification_hash", sa.LargeBinary(), nullable=True),
        sa.Column("email_verification_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_password_change_required", sa.Boolean(), nullable=False),
        sa.Column("password_reset_hash", sa.LargeBinary(), nullable=True),
        sa.Column("password_reset_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_in_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('ACTIVE', 'DISABLED')", name=op.f("ck_logins_status")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_logins_email_lower_case")),
        sa.CheckConstraint("failed_attempts >= 0", name=op.f("ck_logins_failed_attempts_not_negative")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_logins_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sa.UniqueConstraint("email", name=op.f("uq_logins_email")),
    )
    op.create_index(op.f("ix_logins_organization_id_email"), "logins", ["organization_id", "email"], unique=False)
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("department_name", sa.Text(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("employee_number", sa.Text(), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("emergency_contact", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("date_format", sa.Text(), nullable=False),
        sa.Column("time_format", sa.String(length=64), nullable=False),
        sa.Column("default_currency", sa.Text(), nullable=False),
        sa.Column("theme", sa.String(length=64), nullable=False),
        sa.Column("notification_preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivation_reason", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(display_name, '') || ' ' || coalesce(username, '') || ' ' || coalesce(email, '') || ' ' || coalesce(number, '') || ' ' || coalesce(employee_number, ''), '-/.@+#', '      '))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name=op.f("ck_users_default_currency_format")),
        sa.CheckConstraint("mobile ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_users_mobile_e164")),
        sa.CheckConstraint("number ~ '^USR-[0-9A-Z]{10}$'", name=op.f("ck_users_number_format")),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{1,14}$'", name=op.f("ck_users_phone_e164")),
        sa.CheckConstraint(
            "status IN ('PENDING_VERIFICATION', 'ACTIVE', 'INACTIVE', 'SUSPENDED', 'DEACTIVATED', 'ARCHIVED')",
            name=op.f("ck_users_status"),
        ),
        sa.CheckConstraint("theme IN ('LIGHT', 'DARK', 'SYSTEM')", name=op.f("ck_users_theme")),
        sa.CheckConstraint("time_format IN ('HOURS_12', 'HOURS_24')", name=op.f("ck_users_time_format")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower_case")),
        sa.CheckConstraint("manager_id <> id", name=op.f("ck_users_not_their_own_manager")),
        sa.ForeignKeyConstraint(["login_id"], ["logins.id"], name=op.f("fk_users_login_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_users_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "manager_id"], ["users.tenant_id", "users.id"], name=op.f("fk_users_tenant_id_manager_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_users_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_users_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_users_tenant_id_email")),
        sa.UniqueConstraint("tenant_id", "employee_number", name=op.f("uq_users_tenant_id_employee_number")),
        sa.UniqueConstraint("tenant_id", "login_id", name=op.f("uq_users_tenant_id_login_id")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_users_tenant_id_number")),
        sa.UniqueConstraint("tenant_id", "username", name=op.f("uq_users_tenant_id_username")),
    )
    op.create_index(op.f("ix_users_tenant_id_created_at_id"), "users", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_users_tenant_id_created_by_id"), "users", ["tenant_id", "created_by_id"], unique=False)
    op.create_index(
        op.f("ix_users_tenant_id_display_name_id"), "users", ["tenant_id", "display_name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_users_tenant_id_manager_id_display_name_id"),
        "users",
        ["tenant_id", "manager_id", "display_name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_users_tenant_id_status_created_at_id"),
        "users",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_users_tenant_id_updated_by_id"), "users", ["tenant_id", "updated_by_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("allowed_addresses", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=False),
        sa.Column("requests_per_hour", sa.Integer(), nullable=False),
        sa.Column("requests_per_day", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_ip_address", sa.Text(), nullable=True),
        sa.Column("usage_count", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "least(requests_per_minute, requests_per_hour, requests_per_day) > 0",
            name=op.f("ck_api_keys_rate_limits_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_api_keys_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "revoked_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_api_keys_tenant_id_revoked_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
    )
    op.create_index(
        op.f("ix_api_keys_tenant_id_created_at_id"), "api_keys", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_api_keys_tenant_id_created_by_id_created_at_id"),
        "api_keys",
        ["tenant_id", "created_by_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_api_keys_tenant_id_name_id"), "api_keys", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        op.f("ix_api_keys_tenant_id_revoked_by_id"), "api_keys", ["tenant_id", "revoked_by_id"], unique=False
    )
    op.create_table(
        "roles",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("scope IN ('ORGANIZATION', 'TENANT')", name=op.f("ck_roles_scope")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_roles_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_roles_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_roles_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_roles")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_roles_tenant_id_key")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_roles_tenant_id_name")),
    )
    op.create_index(op.f("ix_roles_tenant_id_created_at_id"), "roles", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_roles_tenant_id_created_by_id"), "roles", ["tenant_id", "created_by_id"], unique=False)
    op.create_index(op.f("ix_roles_tenant_id_updated_by_id"), "roles", ["tenant_id", "updated_by_id"], unique=False)
    op.create_table(
        "teams",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("team_type", sa.String(length=64), nullable=False),
        sa.Column("parent_team_id", sa.Uuid(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, translate(coalesce(name, ''), '-/.@+#', '      '))", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "team_type IN ('FUNCTIONAL', 'PROJECT', 'CROSS_FUNCTIONAL', 'TEMPORARY')", name=op.f("ck_teams_team_type")
        ),
        sa.CheckConstraint("parent_team_id <> id", name=op.f("ck_teams_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_teams_tenant_id_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "manager_id"], ["users.tenant_id", "users.id"], name=op.f("fk_teams_tenant_id_manager_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_team_id"],
            ["teams.tenant_id", "teams.id"],
            name=op.f("fk_teams_tenant_id_parent_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "updated_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_teams_tenant_id_updated_by_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_teams_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_teams")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_teams_tenant_id_name")),
    )
    op.create_index(op.f("ix_teams_tenant_id_created_at_id"), "teams", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_teams_tenant_id_created_by_id"), "teams", ["tenant_id", "created_by_id"], unique=False)
    op.create_index(
        op.f("ix_teams_tenant_id_manager_id_name_id"), "teams", ["tenant_id", "manager_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_teams_tenant_id_parent_team_id_name_id"),
        "teams",
        ["tenant_id", "parent_team_id", "name", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_teams_tenant_id_updated_by_id"), "teams", ["tenant_id", "updated_by_id"], unique=False)
    op.create_table(
        "user_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("family_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("successor_salt", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rotation_count", sa.Integer(), nullable=False),
        sa.Column("rotation_idempotency_key", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(length=64), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("device_info", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("device_fingerprint", sa.Text(), nullable=True),
        sa.Column("location", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "revocation_reason IN ('SIGNED_OUT', 'TOKEN_REUSED', 'PASSWORD_CHANGED', 'USER_DEACTIVATED', 'ADMINISTRATOR')",
            name=op.f("ck_user_sessions_revocation_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name=op.f("fk_user_sessions_tenant_id_user_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_user_sessions_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_user_sessions")),
    )
    op.create_index(
        op.f("ix_user_sessions_tenant_id_expires_at_id"),
        "user_sessions",
        ["tenant_id", "expires_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_user_sessions_tenant_id_user_id_created_at_id"),
        "user_sessions",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "role_assignments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_by_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assigned_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_role_assignments_tenant_id_assigned_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["roles.tenant_id", "roles.id"],
            name=op.f("fk_role_assignments_tenant_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_role_assignments_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_role_assignments_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_role_assignments")),
        sa.UniqueConstraint(
            "tenant_id", "user_id", "role_id", name=op.f("uq_role_assignments_tenant_id_user_id_role_id")
        ),
    )
    op.create_index(
        op.f("ix_role_assignments_tenant_id_assigned_by_id"),
        "role_assignments",
        ["tenant_id", "assigned_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_role_assignments_tenant_id_created_at_id"),
        "role_assignments",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_role_assignments_tenant_id_role_id_created_at_id"),
        "role_assignments",
        ["tenant_id", "role_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "team_members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("role IN ('MEMBER', 'LEAD', 'ADMIN')", name=op.f("ck_team_members_role")),
        sa.CheckConstraint("left_at >= joined_at", name=op.f("ck_team_members_left_after_joining")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "added_by_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_team_members_tenant_id_added_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["teams.tenant_id", "teams.id"],
            name=op.f("fk_team_members_tenant_id_team_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name=op.f("fk_team_members_tenant_id_user_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_team_members_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_team_members")),
        sa.UniqueConstraint("tenant_id", "team_id", "user_id", name=op.f("uq_team_members_tenant_id_team_id_user_id")),
    )
    op.create_index(
        op.f("ix_team_members_tenant_id_added_by_id"), "team_members", ["tenant_id", "added_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_team_members_tenant_id_team_id_joined_at_id"),
        "team_members",
        ["tenant_id", "team_id", "joined_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_team_members_tenant_id_user_id_joined_at_id"),
        "team_members",
        ["tenant_id", "user_id", "joined_at", "id"],
        unique=False,
    )
    ddl.protect("users")
    ddl.protect("api_keys")
    ddl.protect("roles")
    ddl.protect("teams")
    ddl.protect("user_sessions")
    ddl.protect("role_assignments")
    ddl.protect("team_members")
    ddl.make_searchable("users")
    ddl.make_searchable("teams")


def downgrade() -> None:
    """Drop them."""
    ddl.begin()
    ddl.forget_searchable("teams")
    ddl.forget_searchable("users")
    op.drop_table("team_members")
    op.drop_table("role_assignments")
    op.drop_table("user_sessions")
    op.drop_table("teams")
    op.drop_table("roles")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_table("logins")
