"""Policies under concurrency: one profile for a contact, one winner of a race, figures equal to a recount."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from db.enums.events import ActorKind
from db.enums.policies import PolicyStatus
from db.events import Event
from db.insurance_agents import InsuranceAgent
from db.organizations import Tenant
from db.policies import Policy, Policyholder
from resolvers.core.context import Context, Services
from resolvers.core.errors import TransitionRefused
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Action, Outcome, perform
from resolvers.policies import change_policy_status, create_policy
from resolvers.rules.access import PERMISSIONS
from tests.factories import contacts, insurance_agents, policies
from tests.support.store import Store


async def run(services: Services, tenant: Tenant, action: Action, values: dict[str, Any]) -> Outcome:
    """One mutation of somebody who may do everything."""
    viewer = Viewer(ActorKind.SYSTEM, uuid4(), uuid4(), tenant.organization_id, tenant.id, None, frozenset(PERMISSIONS))
    context = Context(services, viewer)
    try:
        return await perform(context, "test", action, values)
    finally:
        await context.close()


async def test_ten_policies_drafted_at_once_for_a_contact_share_one_new_profile(
    store: Store, tenant: Tenant, services: Services
) -> None:
    person = await contacts.contact(store, tenant)
    provider = await insurance_agents.insurance_provider(store, tenant)
    term = await policies.policy_type(store, tenant)
    outcomes = await asyncio.gather(
        *(
            run(
                services,
                tenant,
                create_policy,
                {
                    "contact_id": person.id,
                    "policy_type_id": term.id,
                    "provider_id": provider.id,
                    "policy_number": f"P-{number}",
                    "plan_name": "Plan",
                    "sum_assured": Decimal(1000),
                    "premium_amount": Decimal(10),
                    "start_on": date(2026, 12, 1),
                },
            )
            for number in range(10)
        )
    )
    assert [outcome.errors for outcome in outcomes] == [[]] * 10
    holders = await store.all(select(Policyholder.id).where(Policyholder.tenant_id == tenant.id))
    assert len(holders) == 1
    drafted = await store.all(select(Policy.policyholder_id).where(Policy.tenant_id == tenant.id))
    assert drafted == holders * 10
    assert await store.counts(tenant, Event) == [11]


async def test_of_concurrent_changes_of_a_status_one_wins(store: Store, tenant: Tenant, services: Services) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    policy = await policies.policy(store, tenant, insurance_agent_id=agent.id, status=PolicyStatus.APPROVED)
    wanted = {"id": policy.id, "status": PolicyStatus.ACTIVE}
    outcomes = await asyncio.gather(*(run(services, tenant, change_policy_status, wanted) for _ in range(6)))
    errors = [error for outcome in outcomes for error in outcome.errors]
    assert len(errors) == 5
    assert all(isinstance(error, TransitionRefused) for error in errors)
    counted = await store.get(InsuranceAgent, tenant.id, agent.id)
    assert counted is not None
    assert (counted.total_policies_sold, counted.active_policyholder_count) == (1, 1)


async def test_the_agents_figures_equal_a_recount_after_many_changes_at_once(
    store: Store, tenant: Tenant, services: Services
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    holders = [await policies.policyholder(store, tenant) for _ in range(2)]
    made = [
        await policies.policy(
            store,
            tenant,
            policyholder_id=holder.id,
            insurance_agent_id=agent.id,
            status=PolicyStatus.APPROVED,
        )
        for holder in holders
        for _ in range(3)
    ]

    async def to(status: PolicyStatus, chosen: list[Policy]) -> None:
        outcomes = await asyncio.gather(
            *(run(services, tenant, change_policy_status, {"id": policy.id, "status": status}) for policy in chosen)
        )
        assert [outcome.errors for outcome in outcomes] == [[]] * len(chosen)

    async def figures() -> tuple[int, int]:
        counted = await store.get(InsuranceAgent, tenant.id, agent.id)
        assert counted is not None
        recount = select(func.count(Policy.policyholder_id.distinct())).where(
            Policy.tenant_id == tenant.id, Policy.status == PolicyStatus.ACTIVE
        )
        assert [counted.active_policyholder_count] == await store.all(recount)
        return counted.total_policies_sold, counted.active_policyholder_count

    await to(PolicyStatus.ACTIVE, made)
    assert await figures() == (6, 2)
    await to(PolicyStatus.SURRENDERED, made[:2])
    assert await figures() == (6, 2)
    await to(PolicyStatus.SURRENDERED, [made[2], made[3]])
    assert await figures() == (6, 1)
    await to(PolicyStatus.CLAIMED, made[4:])
    assert await figures() == (6, 0)
