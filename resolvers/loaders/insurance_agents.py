"""Batched reads of insurance providers and of the licensed agents who sell for them."""

from db import insurance_agents as rows
from resolvers.core.loaders import ById, ByUnique
from resolvers.core.pagination import Listing, PagesBy

insurance_provider_by_id = ById(rows.InsuranceProvider)
insurance_agent_by_id = ById(rows.InsuranceAgent)
insurance_agent_by_user = ByUnique(rows.InsuranceAgent, rows.InsuranceAgent.user_id)

insurance_providers = Listing(
    rows.InsuranceProvider,
    orders={
        "CREATED_AT": rows.InsuranceProvider.created_at,
        "NAME": rows.InsuranceProvider.name,
    },
    default_order="NAME",
    filters={
        "code": rows.InsuranceProvider.code,
        "name": rows.InsuranceProvider.name,
        "provider_type": rows.InsuranceProvider.provider_type,
        "status": rows.InsuranceProvider.status,
        "integration_status": rows.InsuranceProvider.integration_status,
        "integration_id": rows.InsuranceProvider.integration_id,
        "service_regions": rows.InsuranceProvider.service_regions,
        "created_at": rows.InsuranceProvider.created_at,
    },
    is_searchable=True,
)

insurance_agents = Listing(
    rows.InsuranceAgent,
    orders={
        "CREATED_AT": rows.InsuranceAgent.created_at,
        "DISPLAY_NAME": rows.InsuranceAgent.display_name,
    },
    default_order="DISPLAY_NAME",
    filters={
        "agent_code": rows.InsuranceAgent.agent_code,
        "display_name": rows.InsuranceAgent.display_name,
        "license_number": rows.InsuranceAgent.license_number,
        "license_expires_on": rows.InsuranceAgent.license_expires_on,
        "status": rows.InsuranceAgent.status,
        "verification_status": rows.InsuranceAgent.verification_status,
        "is_available": rows.InsuranceAgent.is_available,
        "territory": rows.InsuranceAgent.territory,
        "regions": rows.InsuranceAgent.regions,
        "languages": rows.InsuranceAgent.languages,
        "specialities": rows.InsuranceAgent.specialities,
        "product_specializations": rows.InsuranceAgent.product_specializations,
        "hierarchy_level": rows.InsuranceAgent.hierarchy_level,
        "user_id": rows.InsuranceAgent.user_id,
        "provider_id": rows.InsuranceAgent.provider_id,
        "upline_id": rows.InsuranceAgent.parent_insurance_agent_id,
        "created_at": rows.InsuranceAgent.created_at,
    },
    is_searchable=True,
)

insurance_agents_by_upline = PagesBy(insurance_agents, lambda key: rows.InsuranceAgent.parent_insurance_agent_id == key)
insurance_agents_by_provider = PagesBy(insurance_agents, lambda key: rows.InsuranceAgent.provider_id == key)
