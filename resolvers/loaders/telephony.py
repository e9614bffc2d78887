"""Batched reads of telephone numbers."""

from db import telephony as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import Listing, PagesBy

phone_number_by_id = ById(rows.PhoneNumber)

phone_numbers = Listing(
    rows.PhoneNumber,
    orders={
        "CREATED_AT": rows.PhoneNumber.created_at,
        "NUMBER": rows.PhoneNumber.number,
    },
    default_order="NUMBER",
    filters={
        "number": rows.PhoneNumber.number,
        "label": rows.PhoneNumber.label,
        "country_code": rows.PhoneNumber.country_code,
        "region": rows.PhoneNumber.region,
        "status": rows.PhoneNumber.status,
        "acquisition_method": rows.PhoneNumber.acquisition_method,
        "health_status": rows.PhoneNumber.health_status,
        "capabilities": rows.PhoneNumber.capabilities,
        "provider": rows.PhoneNumber.provider,
        "voice_agent_id": rows.PhoneNumber.voice_agent_id,
        "integration_id": rows.PhoneNumber.integration_id,
        "created_at": rows.PhoneNumber.created_at,
    },
    is_searchable=True,
)

phone_numbers_by_voice_agent = PagesBy(phone_numbers, lambda key: rows.PhoneNumber.voice_agent_id == key)
phone_numbers_by_integration = PagesBy(phone_numbers, lambda key: rows.PhoneNumber.integration_id == key)
