"""Rows of access: who may enter (logins, users, keys, sessions) and what they may do (roles, teams)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import ReferenceRow, VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.access import (
    InterfaceTheme,
    LoginStatus,
    RoleScope,
    SessionRevocationReason,
    TeamMemberRole,
    TeamType,
    TimeFormat,
    UserStatus,
)


class Login(ReferenceRow):
    """A person's identity in an organization: what signs in. It has a User in each tenant it may enter.

    `email` is stored in lower case. `failed_attempts` counts since the last success. The password is hashed
    with argon2; codes sent by e-mail are stored as SHA-256.
    """

    __tablename__ = "logins"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id"], ["organizations.id"]),
        UniqueConstraint("email"),
        Index(None, "organization_id", "email"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint("failed_attempts >= 0", name="failed_attempts_not_negative"),
    )

    organization_id: Mapped[UUID]
    email: Mapped[str]
    email_verified_at: Mapped[datetime | None]
    email_verification_hash: Mapped[bytes | None]
    email_verification_expires_at: Mapped[datetime | None]
    status: Mapped[LoginStatus] = mapped_column(default=LoginStatus.ACTIVE)
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    is_password_change_required: Mapped[bool] = mapped_column(default=False)
    password_reset_hash: Mapped[bytes | None]
    password_reset_expires_at: Mapped[datetime | None]
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until_at: Mapped[datetime | None]
    last_signed_in_at: Mapped[datetime | None]
    sign_in_count: Mapped[int] = mapped_column(default=0)


class User(VersionedRow):
    """A login in one tenant: who owns, creates and changes things there.

    `number` is USR-XXXXXXXXXX in capital letters and digits. `email` is where the tenant reaches the user;
    signing in goes by the login's. Telephone numbers are E.164, `locale` is a BCP 47 tag, `timezone` an IANA
    name.
    """

    __tablename__ = "users"
    __table_args__ = (
        tenant_root(),
        ForeignKeyConstraint(["login_id"], ["logins.id"]),
        tenant_fk("manager_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "login_id"),
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "email"),
        UniqueConstraint("tenant_id", "username"),
        UniqueConstraint("tenant_id", "employee_number"),
        Index(None, "tenant_id", "manager_id", "display_name", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "display_name", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        CheckConstraint("number ~ '^USR-[0-9A-Z]{10}$'", name="number_format"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{1,14}$'", name="phone_e164"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{1,14}$'", name="mobile_e164"),
        CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name="default_currency_format"),
        CheckConstraint("manager_id <> id", name="not_their_own_manager"),
    )

    login_id: Mapped[UUID]
    number: Mapped[str]
    username: Mapped[str | None]
    email: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    display_name: Mapped[str]
    avatar_url: Mapped[str | None]
    phone: Mapped[str | None]
    phone_verified_at: Mapped[datetime | None]
    mobile: Mapped[str | None]
    job_title: Mapped[str | None]
    department_name: Mapped[str | None]
    manager_id: Mapped[UUID | None]
    employee_number: Mapped[str | None]
    hired_on: Mapped[date | None]
    born_on: Mapped[date | None]
    gender: Mapped[str | None]
    address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    emergency_contact: Mapped[dict[str, Any]] = mapped_column(default=dict)
    locale: Mapped[str] = mapped_column(default="en-US")
    timezone: Mapped[str] = mapped_column(default="UTC")
    date_format: Mapped[str] = mapped_column(default="MM/DD/YYYY")
    time_format: Mapped[TimeFormat] = mapped_column(default=TimeFormat.HOURS_12)
    default_currency: Mapped[str] = mapped_column(default="USD")
    theme: Mapped[InterfaceTheme] = mapped_column(default=InterfaceTheme.LIGHT)
    notification_preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[UserStatus] = mapped_column(default=UserStatus.ACTIVE)
    last_signed_in_at: Mapped[datetime | None]
    last_active_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]
    deactivation_reason: Mapped[str | None]
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document(
        "first_name", "last_name", "display_name", "username", "email", "number", "employee_number"
    )


class Role(VersionedRow):
    """A named set of permissions. `key` never changes; a system role comes with the server and stays so."""

    __tablename__ = "roles"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "name"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
    )

    key: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    scope: Mapped[RoleScope] = mapped_column(default=RoleScope.TENANT)
    is_system: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    permissions: Mapped[list[str]] = mapped_column(default=list)
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]


class RoleAssignment(VersionedRow):
    """A role of a user. It counts while it is active and not expired."""

    __tablename__ = "role_assignments"
    __table_args__ = (
        tenant_root(),
        tenant_fk("user_id", "users"),
        tenant_fk("role_id", "roles"),
        tenant_fk("assigned_by_id", "users"),
        UniqueConstraint("tenant_id", "user_id", "role_id"),
        Index(None, "tenant_id", "role_id", "created_at", "id"),
        Index(None, "tenant_id", "assigned_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
    )

    user_id: Mapped[UUID]
    role_id: Mapped[UUID]
    assigned_by_id: Mapped[UUID | None]
    assigned_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)


class Team(VersionedRow):
    """Users who work together; teams may stand below other teams."""

    __tablename__ = "teams"
    __table_args__ = (
        tenant_root(),
        tenant_fk("parent_team_id", "teams"),
        tenant_fk("manager_id", "users"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "name"),
        Index(None, "tenant_id", "parent_team_id", "name", "id"),
        Index(None, "tenant_id", "manager_id", "name", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("parent_team_id <> id", name="not_its_own_parent"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    team_type: Mapped[TeamType] = mapped_column(default=TeamType.FUNCTIONAL)
    parent_team_id: Mapped[UUID | None]
    manager_id: Mapped[UUID | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]
    search_document: Mapped[str] = search_document("name")


class TeamMember(VersionedRow):
    """A user's place in a team, until `left_at`."""

    __tablename__ = "team_members"
    __table_args__ = (
        tenant_root(),
        tenant_fk("team_id", "teams", ondelete="CASCADE"),
        tenant_fk("user_id", "users"),
        tenant_fk("added_by_id", "users"),
        UniqueConstraint("tenant_id", "team_id", "user_id"),
        Index(None, "tenant_id", "team_id", "joined_at", "id"),
        Index(None, "tenant_id", "user_id", "joined_at", "id"),
        Index(None, "tenant_id", "added_by_id"),
        CheckConstraint("left_at >= joined_at", name="left_after_joining"),
    )

    team_id: Mapped[UUID]
    user_id: Mapped[UUID]
    role: Mapped[TeamMemberRole] = mapped_column(default=TeamMemberRole.MEMBER)
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    added_by_id: Mapped[UUID | None]


class ApiKey(VersionedRow):
    """A program's credential. Its secret is shown once; stored are the hash, and `prefix` to recognise it by.

    It works while it is active, not revoked and not expired, from `allowed_addresses` (IP addresses or CIDR
    networks; none means any), for the permissions in `scopes`.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("revoked_by_id", "users"),
        Index(None, "tenant_id", "created_by_id", "created_at", "id"),
        Index(None, "tenant_id", "revoked_by_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "name", "id"),
        CheckConstraint(
            "least(requests_per_minute, requests_per_hour, requests_per_day) > 0", name="rate_limits_positive"
        ),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    prefix: Mapped[str]
    secret_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(default=list)
    allowed_addresses: Mapped[list[str]] = mapped_column(default=list)
    requests_per_minute: Mapped[int] = mapped_column(default=100)
    requests_per_hour: Mapped[int] = mapped_column(default=1000)
    requests_per_day: Mapped[int] = mapped_column(default=10000)
    is_active: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip_address: Mapped[str | None]
    usage_count: Mapped[int] = mapped_column(BigInteger, default=0)
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]
    created_by_id: Mapped[UUID | None]
    revoked_by_id: Mapped[UUID | None]


class UserSession(VersionedRow):
    """A family of refresh tokens: one sign-in on one device. Each refresh replaces the secret.

    A refresh token has two parts: one that the whole family shares (`family_hash`) and the secret, which
    works once. With the family's part and a spent secret it ends the family, unless that secret is the latest
    one spent (`previous_secret_hash`) and comes with the same idempotency key shortly after `rotated_at`,
    which is a client that missed the answer: `successor_salt` and the spent secret make the successor again.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (
        tenant_root(),
        tenant_fk("user_id", "users"),
        Index(None, "tenant_id", "user_id", "created_at", "id"),
        Index(None, "tenant_id", "expires_at", "id"),
    )

    user_id: Mapped[UUID]
    family_hash: Mapped[bytes]
    secret_hash: Mapped[bytes]
    previous_secret_hash: Mapped[bytes | None]
    successor_salt: Mapped[bytes | None]
    rotated_at: Mapped[datetime | None]
    rotation_count: Mapped[int] = mapped_column(default=0)
    rotation_idempotency_key: Mapped[str | None]
    expires_at: Mapped[datetime]
    last_active_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[SessionRevocationReason | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    device_info: Mapped[dict[str, Any]] = mapped_column(default=dict)
    device_fingerprint: Mapped[str | None]
    location: Mapped[dict[str, Any]] = mapped_column(default=dict)
