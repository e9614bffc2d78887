"""Callbacks, their queues and their history for tests."""

from datetime import timedelta
from typing import Any

from db.callbacks import CallbackActivity, CallbackQueue, CallbackRequest
from db.enums.callbacks import CallbackActivityType, CallbackPriority, CallbackRequestType
from db.organizations import Tenant
from tests.factories import contacts
from tests.support.store import START, Store


async def callback_queue(store: Store, tenant: Tenant, **values: Any) -> CallbackQueue:
    """A PRIORITY queue that takes everything."""
    number = store.number()
    return await store.add(CallbackQueue(**{"tenant_id": tenant.id, "name": f"Queue {number}", **values}))


async def callback_request(store: Store, tenant: Tenant, **values: Any) -> CallbackRequest:
    """A pending question, due in eight hours, of a person of its own unless one is given."""
    number = store.number()
    if "contact_id" not in values:
        values["contact_id"] = (await contacts.contact(store, tenant)).id
    return await store.add(
        CallbackRequest(
            **{
                "tenant_id": tenant.id,
                "number": f"CBR9{number:08d}",
                "request_type": CallbackRequestType.GENERAL_INQUIRY,
                "description": "Please explain the bonus.",
                "priority": CallbackPriority.MEDIUM,
                "priority_score": 70.0,
                "due_at": START + timedelta(hours=8),
                **values,
            }
        )
    )


async def callback_activity(store: Store, tenant: Tenant, **values: Any) -> CallbackActivity:
    """That a callback, of its own unless one is given, was promised."""
    if "callback_request_id" not in values:
        values["callback_request_id"] = (await callback_request(store, tenant)).id
    return await store.add(
        CallbackActivity(
            **{
                "tenant_id": tenant.id,
                "activity_type": CallbackActivityType.CREATED,
                "description": CallbackActivityType.CREATED.description,
                **values,
            }
        )
    )
