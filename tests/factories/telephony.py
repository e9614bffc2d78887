"""Telephone numbers for tests."""

from typing import Any

from db.enums.telephony import PhoneNumberStatus
from db.organizations import Tenant
from db.telephony import PhoneNumber
from tests.support.store import Store


async def phone_number(store: Store, tenant: Tenant, **values: Any) -> PhoneNumber:
    """A number in use that nobody else has, and that nothing answers."""
    number = store.number()
    return await store.add(
        PhoneNumber(
            **{
                "tenant_id": tenant.id,
                "number": f"+91224{number:07d}",
                "formatted_number": f"022 4{number:07d}",
                "country_code": "IN",
                "provider": "twilio",
                "status": PhoneNumberStatus.ACTIVE,
                **values,
            }
        )
    )
