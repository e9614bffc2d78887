"""Contacts and accounts for tests."""

from typing import Any

from db.contacts import Account, Contact
from db.organizations import Tenant
from tests.support.store import Store


async def account(store: Store, tenant: Tenant, **values: Any) -> Account:
    """A company."""
    number = store.number()
    return await store.add(Account(**{"tenant_id": tenant.id, "name": f"Company {number}", **values}))


async def contact(store: Store, tenant: Tenant, **values: Any) -> Contact:
    """A person with a name, an e-mail address and a telephone number that nobody else has."""
    number = store.number()
    return await store.add(
        Contact(
            **{
                "tenant_id": tenant.id,
                "first_name": "Asha",
                "last_name": f"Rao {number}",
                "email": f"asha.rao.{number}@example.com",
                "phone": f"+91981{number:07d}",
                **values,
            }
        )
    )
