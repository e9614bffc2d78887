"""Insurance providers and insurance agents through the API."""

from typing import Any

import pytest

from db.enums.insurance_agents import InsuranceAgentStatus, InsuranceProviderStatus
from db.organizations import Tenant
from tests.factories import access, callbacks, insurance_agents, policies
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store

AGENT = """
query ($id: ID!) {
  insuranceAgent(id: $id) {
    __typename id displayName kind agentCode status totalPremiumCollected downlineCount
    user { displayName }
    approvedBy { displayName }
    provider { name }
    upline { displayName }
    downline { totalCount nodes { displayName upline { displayName } } }
    policyholders { nodes { contact { firstName } insuranceAgent { id } } }
    policies { nodes { policyNumber insuranceAgent { displayName } } }
    callbackRequests { nodes { id } }
  }
}
"""

PROVIDER = """
query ($id: ID!) {
  insuranceProvider(id: $id) {
    id code name status supportedLanguages integration { id }
    insuranceAgents { nodes { displayName provider { name } } }
    policyTypes { nodes { name provider { name } } }
    policies { nodes { policyNumber provider { name } } }
  }
}
"""


async def test_an_agent_is_read_with_everything_around_the_agent(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    user = await access.user(store, tenant, display_name="Vikram N")
    boss = await access.user(store, tenant, display_name="The Boss")
    provider = await insurance_agents.insurance_provider(store, tenant, name="LIC")
    upline = await insurance_agents.insurance_agent(store, tenant, display_name="Upline", downline_count=1)
    agent = await insurance_agents.insurance_agent(
        store,
        tenant,
        display_name="Vikram Nair",
        agent_code="A-7",
        user_id=user.id,
        approved_by_id=boss.id,
        provider_id=provider.id,
        parent_insurance_agent_id=upline.id,
    )
    for name in ("Zoya", "Anil"):
        await insurance_agents.insurance_agent(store, tenant, display_name=name, parent_insurance_agent_id=agent.id)
    holder = await policies.policyholder(store, tenant, insurance_agent_id=agent.id)
    await policies.policy(store, tenant, policy_number="P-1", policyholder_id=holder.id, insurance_agent_id=agent.id)
    callback = await callbacks.callback_request(store, tenant, insurance_agent_id=agent.id)
    client = await sign_in(tenant)
    found = (await client.run(AGENT, {"id": gid(agent)})).ok()["insuranceAgent"]
    assert found == {
        "__typename": "InsuranceAgent",
        "id": gid(agent),
        "displayName": "Vikram Nair",
        "kind": "INSURANCE_AGENT",
        "agentCode": "A-7",
        "status": "ACTIVE",
        "totalPremiumCollected": "0.00",
        "downlineCount": 0,
        "user": {"displayName": "Vikram N"},
        "approvedBy": {"displayName": "The Boss"},
        "provider": {"name": "LIC"},
        "upline": {"displayName": "Upline"},
        "downline": {
            "totalCount": 2,
            "nodes": [
                {"displayName": "Anil", "upline": {"displayName": "Vikram Nair"}},
                {"displayName": "Zoya", "upline": {"displayName": "Vikram Nair"}},
            ],
        },
        "policyholders": {"nodes": [{"contact": {"firstName": "Asha"}, "insuranceAgent": {"id": gid(agent)}}]},
        "policies": {"nodes": [{"policyNumber": "P-1", "insuranceAgent": {"displayName": "Vikram Nair"}}]},
        "callbackRequests": {"nodes": [{"id": gid(callback)}]},
    }
    # one for each relation at each level: 11, two for the users, and the count
    assert len(client.statements) <= 14


async def test_a_provider_is_read_with_its_agents_policy_types_and_policies(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    provider = await insurance_agents.insurance_provider(store, tenant, code="LIC", name="Life of India")
    await insurance_agents.insurance_agent(store, tenant, display_name="Asif", provider_id=provider.id)
    term = await policies.policy_type(store, tenant, name="Term", provider_id=provider.id)
    for number in ("P-1", "P-2"):
        await policies.policy(store, tenant, policy_number=number, provider_id=provider.id, policy_type_id=term.id)
    client = await sign_in(tenant)
    found = (await client.run(PROVIDER, {"id": gid(provider)})).ok()["insuranceProvider"]
    name = {"name": "Life of India"}
    assert found == {
        "id": gid(provider),
        "code": "LIC",
        "name": "Life of India",
        "status": "ACTIVE",
        "supportedLanguages": ["en"],
        "integration": None,
        "insuranceAgents": {"nodes": [{"displayName": "Asif", "provider": name}]},
        "policyTypes": {"nodes": [{"name": "Term", "provider": name}]},
        "policies": {
            "nodes": [
                {"policyNumber": "P-2", "provider": name},
                {"policyNumber": "P-1", "provider": name},
            ]
        },
    }
    assert len(client.statements) <= 7  # provider; agents, types, policies; the provider of each


async def test_agents_and_providers_are_ordered_filtered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    provider = await insurance_agents.insurance_provider(store, tenant, code="HDFC", name="HDFC Ergo")
    await insurance_agents.insurance_provider(
        store, tenant, code="ACKO", name="Acko", status=InsuranceProviderStatus.SUSPENDED
    )
    chief = await insurance_agents.insurance_agent(
        store, tenant, display_name="Meera Krishnan", regions=["Kerala", "Goa"], provider_id=provider.id
    )
    await insurance_agents.insurance_agent(
        store,
        tenant,
        display_name="Anil Das",
        status=InsuranceAgentStatus.SUSPENDED,
        is_available=False,
        parent_insurance_agent_id=chief.id,
    )
    await insurance_agents.insurance_agent(store, other_tenant, display_name="Meera Elsewhere")
    client = await sign_in(tenant)

    async def agents(**arguments: Any) -> list[str]:
        query = """query ($filter: InsuranceAgentFilter, $search: String, $order: InsuranceAgentOrder) {
            insuranceAgents(filter: $filter, search: $search, orderBy: $order) { nodes { displayName } } }"""
        data = (await client.run(query, arguments)).ok()
        return [node["displayName"] for node in data["insuranceAgents"]["nodes"]]

    async def providers(**arguments: Any) -> list[str]:
        query = """query ($filter: InsuranceProviderFilter, $search: String) {
            insuranceProviders(filter: $filter, search: $search) { nodes { name } } }"""
        data = (await client.run(query, arguments)).ok()
        return [node["name"] for node in data["insuranceProviders"]["nodes"]]

    assert await agents() == ["Anil Das", "Meera Krishnan"]
    assert await agents(order={"field": "DISPLAY_NAME", "direction": "DESC"}) == [
        "Meera Krishnan",
        "Anil Das",
    ]
    assert await agents(search="meer") == ["Meera Krishnan"]
    assert await agents(filter={"regions": {"has": "Goa"}}) == ["Meera Krishnan"]
    assert await agents(filter={"status": {"eq": "SUSPENDED"}}) == ["Anil Das"]
    assert await agents(filter={"isAvailable": {"eq": True}}) == ["Meera Krishnan"]
    assert await agents(filter={"uplineId": {"eq": gid(chief)}}) == ["Anil Das"]
    assert await agents(filter={"providerId": {"isNull": True}}) == ["Anil Das"]
    assert await providers() == ["Acko", "HDFC Ergo"]
    assert await providers(search="ergo") == ["HDFC Ergo"]
    assert await providers(filter={"status": {"ne": "ACTIVE"}}) == ["Acko"]
    assert await providers(filter={"code": {"startsWith": "HD"}}) == ["HDFC Ergo"]


async def test_an_agent_is_an_agent_and_a_node(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant, display_name="Vikram")
    client = await sign_in(tenant)
    query = "query ($id: ID!) { node(id: $id) { __typename id ... on Agent { displayName kind } } }"
    assert (await client.run(query, {"id": gid(agent)})).ok()["node"] == {
        "__typename": "InsuranceAgent",
        "id": gid(agent),
        "displayName": "Vikram",
        "kind": "INSURANCE_AGENT",
    }


async def test_another_tenants_agents_and_providers_are_not_there(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    agent = await insurance_agents.insurance_agent(store, other_tenant)
    provider = await insurance_agents.insurance_provider(store, other_tenant)
    client = await sign_in(tenant)
    query = """query ($agent: ID!, $provider: ID!) {
      insuranceAgent(id: $agent) { id }
      insuranceProvider(id: $provider) { id }
      nodes(ids: [$agent, $provider]) { id }
      insuranceAgents { totalCount }
    }"""
    assert (await client.run(query, {"agent": gid(agent), "provider": gid(provider)})).ok() == {
        "insuranceAgent": None,
        "insuranceProvider": None,
        "nodes": [None, None],
        "insuranceAgents": {"totalCount": 0},
    }


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("query ($id: ID!) { insuranceAgent(id: $id) { id } }", "insurance_agent:read"),
        ("{ insuranceAgents { nodes { id } } }", "insurance_agent:read"),
        ("query ($id: ID!) { insuranceProvider(id: $id) { id } }", "insurance_provider:read"),
        ("{ insuranceProviders { nodes { id } } }", "insurance_provider:read"),
    ],
)
async def test_without_the_permission_nothing_is_read(
    store: Store, tenant: Tenant, sign_in: SignIn, query: str, permission: str
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    client = await sign_in(tenant, permissions={"policy:read"})
    answer = await client.run(query, {"id": gid(agent)})
    assert answer.codes == ["FORBIDDEN"]
    assert answer.errors[0]["extensions"]["permission"] == permission


async def test_a_path_to_another_type_needs_its_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    provider = await insurance_agents.insurance_provider(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant, provider_id=provider.id)
    client = await sign_in(tenant, permissions={"insurance_agent:read"})
    query = "query ($id: ID!) { insuranceAgent(id: $id) { displayName provider { id } } }"
    answer = await client.run(query, {"id": gid(agent)})
    assert answer.codes == ["FORBIDDEN"]
    assert answer.data["insuranceAgent"] == {"displayName": agent.display_name, "provider": None}
