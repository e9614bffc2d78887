"""Insurance providers and insurance agents for tests."""

from typing import Any

from db.insurance_agents import InsuranceAgent, InsuranceProvider
from db.organizations import Tenant
from tests.support.store import Store


async def insurance_provider(store: Store, tenant: Tenant, **values: Any) -> InsuranceProvider:
    """An insurance company whose policies are sold."""
    number = store.number()
    return await store.add(
        InsuranceProvider(
            **{
                "tenant_id": tenant.id,
                "code": f"PROVIDER-{number}",
                "name": f"Provider {number}",
                **values,
            }
        )
    )


async def insurance_agent(store: Store, tenant: Tenant, **values: Any) -> InsuranceAgent:
    """An active agent who sells for every provider and signs in as nobody."""
    number = store.number()
    return await store.add(
        InsuranceAgent(
            **{
                "tenant_id": tenant.id,
                "agent_code": f"AGENT-{number}",
                "display_name": f"Vikram Nair {number}",
                "currency": "INR",
                **values,
            }
        )
    )
