"""Organizations and tenants for tests."""

from typing import Any

from db.events import TenantClock
from db.organizations import Organization, Tenant
from tests.support.store import Store


async def organization(store: Store, **values: Any) -> Organization:
    """An organization."""
    number = store.number()
    return await store.add(
        Organization(
            **{
                "name": f"Organization {number}",
                "slug": f"organization-{number}",
                "account_number": f"AYB-TEST-{number >> 16:04X}-{number & 0xFFFF:04X}",
                **values,
            }
        )
    )


async def tenant(store: Store, **values: Any) -> Tenant:
    """A tenant with its clock, of an organization of its own unless one is given."""
    number = store.number()
    if "organization_id" not in values:
        values["organization_id"] = (await organization(store)).id
    made = await store.add(Tenant(**{"name": f"Tenant {number}", "slug": f"tenant-{number}", **values}))
    await store.add(TenantClock(tenant_id=made.id))
    return made
