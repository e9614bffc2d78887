"""What happens to organizations and tenants: they are founded, and others ask what day it is there."""

import secrets
import string
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from db.core.session import Database
from db.events import TenantClock
from db.organizations import Organization, Tenant
from resolvers.access import ensure_system_roles
from resolvers.core.writes import Write

_LETTERS: Final = string.digits + string.ascii_uppercase


async def create_organization(database: Database, now: datetime, **columns: Any) -> Organization:
    """Found an organization: `name` and `slug` at least; its account number is made here unless given."""
    number = {"account_number": "-".join(["AYB", *(_four() for _ in range(3))])}
    organization = Organization(id=uuid7(), created_at=now, updated_at=now, **{**number, **columns})
    async with database.reference() as session:
        session.add(organization)
    return organization


async def create_tenant(database: Database, organization_id: UUID, now: datetime, **columns: Any) -> Tenant:
    """Found a tenant: `name` and `slug` at least. It gets its clock and the system roles in the same step."""
    tenant = Tenant(id=uuid7(), organization_id=organization_id, created_at=now, updated_at=now, **columns)
    async with database.write(tenant.id) as session:
        session.add(tenant)
        await session.flush()
        session.add(TenantClock(tenant_id=tenant.id))
        await ensure_system_roles(session, tenant.id, now)
    return tenant


async def home_zone(write: Write) -> ZoneInfo:
    """The time zone of the tenant; read once in a transaction."""
    return ZoneInfo((await write.session.get_one(Tenant, write.tenant_id)).timezone)


async def today(write: Write) -> date:
    """The business date: what day it is where the tenant is."""
    return write.now.astimezone(await home_zone(write)).date()


def _four() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))
