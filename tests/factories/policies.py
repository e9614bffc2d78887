"""Policy types, policyholders and policies for tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from db.enums.policies import PolicyCategory, PolicyStatus, PremiumFrequency
from db.organizations import Tenant
from db.policies import Policy, Policyholder, PolicyType
from tests.factories import contacts, insurance_agents
from tests.support.store import Store


async def policy_type(store: Store, tenant: Tenant, **values: Any) -> PolicyType:
    """Term life, any provider's, in INR."""
    number = store.number()
    return await store.add(
        PolicyType(
            **{
                "tenant_id": tenant.id,
                "code": f"TYPE-{number}",
                "name": f"Term life {number}",
                "category": PolicyCategory.LIFE,
                "currency": "INR",
                **values,
            }
        )
    )


async def policyholder(store: Store, tenant: Tenant, **values: Any) -> Policyholder:
    """The profile of a new contact, unless `contact_id` names one."""
    if "contact_id" not in values:
        values["contact_id"] = (await contacts.contact(store, tenant)).id
    return await store.add(Policyholder(**{"tenant_id": tenant.id, **values}))


async def policy(store: Store, tenant: Tenant, **values: Any) -> Policy:
    """An active policy of twenty years in INR, with new rows for what it refers to and is not given."""
    number = store.number()
    if "policyholder_id" not in values:
        values["policyholder_id"] = (await policyholder(store, tenant)).id
    if "provider_id" not in values:
        values["provider_id"] = (await insurance_agents.insurance_provider(store, tenant)).id
    if "policy_type_id" not in values:
        values["policy_type_id"] = (await policy_type(store, tenant)).id
    return await store.add(
        Policy(
            **{
                "tenant_id": tenant.id,
                "policy_number": f"POL-{number}",
                "plan_name": "Jeevan Anand",
                "currency": "INR",
                "sum_assured": Decimal(1_000_000),
                "premium_amount": Decimal("2500.50"),
                "premium_frequency": PremiumFrequency.MONTHLY,
                "applied_on": date(2025, 10, 1),
                "start_on": date(2025, 11, 1),
                "maturity_on": date(2045, 11, 1),
                "next_due_on": date(2026, 12, 1),
                "status": PolicyStatus.ACTIVE,
                **values,
            }
        )
    )
