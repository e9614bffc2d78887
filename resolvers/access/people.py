"""People without a client's request: logins, users and roles for new tenants, demo data and the command line."""

import secrets
import string
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.access import Login, Role, RoleAssignment, User
from db.organizations import Tenant
from resolvers.access.passwords import passwords
from resolvers.access.sessions import begin_session, entries
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import UserError
from resolvers.rules import access as rules

NUMBER_LENGTH: Final = 10
NUMBER_LETTERS: Final = string.digits + string.ascii_uppercase


async def ensure_system_roles(session: AsyncSession, tenant_id: UUID, now: datetime) -> dict[str, Role]:
    """The system roles of a tenant by key: the missing ones made, the others brought to today's permissions."""
    for wanted in rules.SYSTEM_ROLES.values():
        values = {**asdict(wanted), "permissions": sorted(wanted.permissions), "is_system": True}
        made = {"id": uuid7(), "tenant_id": tenant_id, "created_at": now, "updated_at": now, "version": 1}
        await session.execute(insert(Role).values(**values, **made, is_active=True).on_conflict_do_nothing())
    found = await session.scalars(select(Role).where(Role.tenant_id == tenant_id, Role.is_system))
    roles = {role.key: role for role in found if role.key in rules.SYSTEM_ROLES}
    for key, role in roles.items():
        _bring_to_date(role, rules.SYSTEM_ROLES[key], now)
    await session.flush()
    return roles


def _bring_to_date(role: Role, wanted: rules.SystemRole, now: datetime) -> None:
    permissions = sorted(wanted.permissions)
    if (role.permissions, role.scope) != (permissions, wanted.scope):
        role.permissions, role.scope = permissions, wanted.scope
        role.updated_at, role.version = now, role.version + 1


async def create_login_and_user(
    session: AsyncSession,
    tenant: Tenant,
    now: datetime,
    *,
    email: str,
    password: str | None,
    display_name: str,
    roles: Iterable[str] = (),
    **columns: Any,
) -> User:
    """A person who may sign in to a tenant, with roles by their keys; the session is of `Database.write`.

    A login or user that is there already is kept, and gets the password (unless it is None) and the roles.
    `columns` are further ones of the user. Raises Invalid for address and password, LookupError for a login
    of another organization, and for a role that there is not.
    """
    address = rules.login_email(email)
    login = await session.scalar(select(Login).where(Login.email == address).with_for_update(key_share=True))
    if login is None:
        login = Login(id=uuid7(), email=address, created_at=now, updated_at=now)
        login.organization_id = tenant.organization_id
        login.email_verified_at = now
        session.add(login)
    if login.organization_id != tenant.organization_id:
        raise LookupError(f"{address} signs in to another organization")
    if password is not None:
        await set_password(login, password, now)
    await session.flush()
    user = await session.scalar(select(User).where(User.tenant_id == tenant.id, User.login_id == login.id))
    if user is None:
        stamps = {"id": uuid7(), "tenant_id": tenant.id, "created_at": now, "updated_at": now}
        given = {"number": _user_number(), "email": address, "display_name": display_name, **columns}
        user = User(login_id=login.id, **stamps, **given)
        session.add(user)
        await session.flush()
    await assign_roles(session, user, roles, now)
    return user


async def set_password(login: Login, password: str, now: datetime) -> None:
    """Give a login a new password, and open it if it was locked. Raises Invalid and RateLimited."""
    rules.check_password(password, login.email)
    login.password_hash = await passwords.hash(password)
    login.password_changed_at = login.updated_at = now
    login.failed_attempts = 0
    login.locked_until_at = None


async def assign_roles(session: AsyncSession, user: User, keys: Iterable[str], now: datetime) -> None:
    """Give a user roles of their tenant by key, those that they lack. Raises LookupError for an unknown one."""
    found = await session.scalars(select(Role).where(Role.tenant_id == user.tenant_id))
    roles = {role.key: role for role in found}
    for key in keys:
        if key not in roles:
            raise LookupError(f"there is no role {key}")
        await session.execute(
            insert(RoleAssignment)
            .values(
                id=uuid7(),
                tenant_id=user.tenant_id,
                user_id=user.id,
                role_id=roles[key].id,
                assigned_at=now,
                is_active=True,
                created_at=now,
                updated_at=now,
                version=1,
            )
            .on_conflict_do_nothing()
        )


async def issue_access_token(services: Services, email: str, tenant_slug: str | None = None) -> str:
    """An access token for the person with this address, in a session that ends with the token.

    For whoever runs the server's commands: no password is asked for, and the audit log says so. Raises
    LookupError, with a sentence, when there is no such person, or no one tenant that they may enter.
    """
    context = Context(services, None, Request(user_agent="command line"))
    async with services.database.reference() as session:
        login = await session.scalar(select(Login).where(Login.email == email.strip().lower()))
    if login is None:
        raise LookupError(f"Nobody signs in as {email}.")
    try:
        found = await entries(context, login, tenant_slug)
    except UserError as error:
        raise LookupError(error.message) from error
    if len(found) != 1:
        slugs = ", ".join(entry.slug for entry in found)
        where = f"several tenants; name one of {slugs}" if found else "no such tenant now"
        raise LookupError(f"{email} may enter {where}.")
    outcome = await begin_session(context, "token", found[0], "COMMAND_LINE", lifetime=rules.ACCESS_TOKEN_LIFETIME)
    if outcome.errors:
        raise LookupError(outcome.errors[0].message)
    token: str = outcome.secrets["access_token"]
    return token


def _user_number() -> str:
    return "USR-" + "".join(secrets.choice(NUMBER_LETTERS) for _ in range(NUMBER_LENGTH))
