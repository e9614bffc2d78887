"""Where somebody stands: whether tenant, login and user are open, and what the user's roles allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.access import Login, Role, RoleAssignment, User
from db.core.session import ReadTransaction
from db.organizations import Organization, Tenant
from resolvers.core.statements import Lookup
from resolvers.rules import access as rules

# Every user who is active is looked up each few seconds: by statements that are compiled once.
ORGANIZATION = Lookup(
    select(Organization.id, Organization.status, Tenant.status)
    .join(Tenant, Tenant.organization_id == Organization.id)
    .where(Tenant.id == bindparam("id"))
)
STATUSES = Lookup(
    select(Login.status, User.status).join(User, User.login_id == Login.id).where(User.id == bindparam("id"))
)
PERMISSIONS = Lookup(
    select(Role.permissions)
    .join(RoleAssignment, RoleAssignment.role_id == Role.id)
    .where(
        RoleAssignment.user_id == bindparam("id"),
        RoleAssignment.is_active,
        or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > bindparam("now")),
        Role.is_active,
    )
)


class Reads(Protocol):
    """What reads rows within a tenant."""

    async def find(self, lookup: Lookup, **values: Any) -> Sequence[Sequence[Any]]:
        """The rows of a lookup."""


@dataclass(frozen=True, slots=True)
class SessionReads:
    """Reads within a transaction that also writes."""

    session: AsyncSession

    async def find(self, lookup: Lookup, **values: Any) -> Sequence[Sequence[Any]]:
        """The rows of a lookup."""
        return (await self.session.execute(lookup.statement, values)).all()


@dataclass(frozen=True, slots=True)
class PlainReads:
    """Reads within a transaction that only reads."""

    reads: ReadTransaction

    async def find(self, lookup: Lookup, **values: Any) -> Sequence[Sequence[Any]]:
        """The rows of a lookup."""
        return await lookup.rows(self.reads, values)


async def open_organization(reads: Reads, tenant_id: UUID) -> UUID | None:
    """The organization of a tenant that may be entered; None when it is closed to everybody, or unknown."""
    found = await reads.find(ORGANIZATION, id=tenant_id)
    return next((row[0] for row in found if rules.is_tenant_open(row[1], row[2])), None)


async def may_user_act(reads: Reads, user_id: UUID) -> bool:
    """Whether login and user are both active."""
    found = await reads.find(STATUSES, id=user_id)
    return any(rules.may_act(login, user) for login, user in found)


async def permissions_of_user(reads: Reads, user_id: UUID, now: datetime) -> frozenset[str]:
    """The union of the user's roles, of those that are active and assigned now."""
    found = await reads.find(PERMISSIONS, id=user_id, now=now)
    return rules.permissions_of(permissions for (permissions,) in found)
