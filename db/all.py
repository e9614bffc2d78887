"""Every table of the server: importing this module fills the metadata."""

from db import (
    access,
    activities,
    callbacks,
    calls,
    compliance,
    contacts,
    deals,
    events,
    insurance_agents,
    integrations,
    organizations,
    policies,
    telephony,
    voice_agents,
    webhooks,
)
from db.core import keys
from db.core.base import Base

__all__ = [
    "access",
    "activities",
    "callbacks",
    "calls",
    "compliance",
    "contacts",
    "deals",
    "events",
    "insurance_agents",
    "integrations",
    "keys",
    "organizations",
    "policies",
    "telephony",
    "voice_agents",
    "webhooks",
]

metadata = Base.metadata
