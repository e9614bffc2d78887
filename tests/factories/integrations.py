"""Connections to outside systems for tests."""

from typing import Any

from db.enums.integrations import IntegrationKind
from db.integrations import Integration
from db.organizations import Tenant
from tests.support.store import Store


async def integration(store: Store, tenant: Tenant, **values: Any) -> Integration:
    """An account with Twilio, without secret and address: `integrationCreate` makes those."""
    number = store.number()
    return await store.add(
        Integration(
            **{
                "tenant_id": tenant.id,
                "kind": IntegrationKind.TELEPHONY,
                "provider": "twilio",
                "name": f"Twilio {number}",
                "account_identifier": f"AC{number:032x}",
                **values,
            }
        )
    )
