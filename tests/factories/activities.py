"""Activities for tests."""

from typing import Any

from db.activities import Activity
from db.enums.activities import ActivityType
from db.organizations import Tenant
from tests.factories import access, contacts
from tests.support.store import Store

ABOUT = ("contact_id", "account_id", "deal_id", "policy_id", "call_id")


async def activity(store: Store, tenant: Tenant, **values: Any) -> Activity:
    """A scheduled task of a new user, about a new contact unless it is about something else."""
    number = store.number()
    if "owner_id" not in values:
        values["owner_id"] = (await access.user(store, tenant)).id
    if not any(values.get(name) for name in ABOUT):
        values["contact_id"] = (await contacts.contact(store, tenant)).id
    return await store.add(
        Activity(
            **{
                "tenant_id": tenant.id,
                "activity_type": ActivityType.TASK,
                "subject": f"Send the offer {number}",
                **values,
            }
        )
    )
