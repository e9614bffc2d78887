"""Policy types, policyholders and policies through the API: reading them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from db.enums.policies import PolicyCategory, PolicyStatus
from db.organizations import Tenant
from tests.factories import access, activities, contacts, deals, insurance_agents, policies
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store

POLICY = """
query ($id: ID!) {
  policy(id: $id) {
    id policyNumber currency sumAssured premiumAmount premiumFrequency startOn nextDueOn status version
    riders { code name sumAssured premiumAmount }
    documents { kind name url }
    policyholder { id contact { firstName } }
    contact { firstName }
    insuranceAgent { displayName }
    provider { name }
    policyType { name category }
    createdBy { displayName }
    approvedBy { displayName }
    cancelledBy { displayName }
    deals { nodes { title } }
    activities { nodes { id } }
  }
}
"""


async def test_a_policy_is_read_with_everything_around_it(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    user = await access.user(store, tenant, display_name="Clerk")
    person = await contacts.contact(store, tenant, first_name="Asha")
    holder = await policies.policyholder(store, tenant, contact_id=person.id)
    agent = await insurance_agents.insurance_agent(store, tenant, display_name="Vikram")
    provider = await insurance_agents.insurance_provider(store, tenant, name="LIC")
    term = await policies.policy_type(store, tenant, name="Term")
    policy = await policies.policy(
        store,
        tenant,
        policy_number="P-1",
        policyholder_id=holder.id,
        insurance_agent_id=agent.id,
        provider_id=provider.id,
        policy_type_id=term.id,
        created_by_id=user.id,
        approved_by_id=user.id,
        riders=[{"code": "ADB", "name": "Accident", "sum_assured": "500000.00", "premium_amount": None}],
        documents=[{"kind": "form", "name": "Form", "url": "https://files.example/1"}],
    )
    await deals.deal(store, tenant, title="Renewal", policy_id=policy.id)
    activity = await activities.activity(store, tenant, policy_id=policy.id)
    client = await sign_in(tenant)
    found = (await client.run(POLICY, {"id": gid(policy)})).ok()["policy"]
    assert found == {
        "id": gid(policy),
        "policyNumber": "P-1",
        "currency": "INR",
        "sumAssured": "1000000.00",
        "premiumAmount": "2500.50",
        "premiumFrequency": "MONTHLY",
        "startOn": "2025-11-01",
        "nextDueOn": "2026-12-01",
        "status": "ACTIVE",
        "version": 1,
        "riders": [{"code": "ADB", "name": "Accident", "sumAssured": "500000.00", "premiumAmount": None}],
        "documents": [{"kind": "form", "name": "Form", "url": "https://files.example/1"}],
        "policyholder": {"id": gid(holder), "contact": {"firstName": "Asha"}},
        "contact": {"firstName": "Asha"},
        "insuranceAgent": {"displayName": "Vikram"},
        "provider": {"name": "LIC"},
        "policyType": {"name": "Term", "category": "LIFE"},
        "createdBy": {"displayName": "Clerk"},
        "approvedBy": {"displayName": "Clerk"},
        "cancelledBy": None,
        "deals": {"nodes": [{"title": "Renewal"}]},
        "activities": {"nodes": [{"id": gid(activity)}]},
    }
    # policy; policyholder, contact, agent, provider, type, two users, deals, activities; the policyholder's contact
    assert len(client.statements) <= 11


async def test_a_policyholder_is_read_with_contact_and_policies_one_statement_each(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant, display_name="Vikram")
    user = await access.user(store, tenant, display_name="Asha Rao")
    holders = [
        await policies.policyholder(
            store,
            tenant,
            insurance_agent_id=agent.id,
            annual_income=Decimal("1200000.50"),
            currency="INR",
            **({"user_id": user.id} if index == 0 else {}),
        )
        for index in range(3)
    ]
    for holder in holders:
        for suffix in ("a", "b"):
            await policies.policy(store, tenant, policyholder_id=holder.id, policy_number=f"{holder.id}-{suffix}")
    client = await sign_in(tenant)
    query = """{ policyholders { totalCount nodes {
        id annualIncome currency contact { firstName } user { displayName } insuranceAgent { displayName }
        policies { nodes { policyNumber policyholder { id } contact { id } } } } } }"""
    page = (await client.run(query)).ok()["policyholders"]
    assert page["totalCount"] == 3
    assert [node["id"] for node in page["nodes"]] == [gid(holder) for holder in reversed(holders)]
    last = page["nodes"][-1]
    assert (last["annualIncome"], last["contact"], last["user"], last["insuranceAgent"]) == (
        "1200000.50",
        {"firstName": "Asha"},
        {"displayName": "Asha Rao"},
        {"displayName": "Vikram"},
    )
    assert [node["policyNumber"][-1] for node in last["policies"]["nodes"]] == ["b", "a"]
    assert {node["policyholder"]["id"] for node in last["policies"]["nodes"]} == {last["id"]}
    # policyholders, their count; contacts, users, agents, policies; the policies' policyholders and contacts
    assert len(client.statements) <= 8


async def test_contacts_are_read_each_with_the_own_profile_and_policies(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    holders = [await policies.policyholder(store, tenant) for _ in range(2)]
    await contacts.contact(store, tenant, first_name="Nobody's holder")
    for holder, number in ((holders[0], "A"), (holders[1], "B"), (holders[0], "C")):
        await policies.policy(store, tenant, policyholder_id=holder.id, policy_number=number)
    client = await sign_in(tenant)
    query = """{ contacts(orderBy: {field: CREATED_AT}) { nodes { id policyholder { id }
        policies(first: 1, orderBy: {field: POLICY_NUMBER}) {
          totalCount nodes { policyNumber contact { id } } } } } }"""
    found = (await client.run(query)).ok()["contacts"]["nodes"]
    first, second, third = ((node["policyholder"], node["policies"]) for node in found)
    ids = [node["id"] for node in found]
    assert first == (
        {"id": gid(holders[0])},
        {"totalCount": 2, "nodes": [{"policyNumber": "A", "contact": {"id": ids[0]}}]},
    )
    assert second == (
        {"id": gid(holders[1])},
        {"totalCount": 1, "nodes": [{"policyNumber": "B", "contact": {"id": ids[1]}}]},
    )
    assert third == (None, {"totalCount": 0, "nodes": []})
    assert len(client.statements) <= 5  # contacts; profiles, policies and their count; the policies' contacts


async def test_a_policy_type_is_read_with_its_provider_and_policies(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    provider = await insurance_agents.insurance_provider(store, tenant, name="LIC")
    term = await policies.policy_type(
        store, tenant, name="Term", provider_id=provider.id, max_sum_assured=Decimal(5_000_000)
    )
    await policies.policy(store, tenant, policy_number="P-1", policy_type_id=term.id, provider_id=provider.id)
    client = await sign_in(tenant)
    query = """query ($id: ID!) { policyType(id: $id) {
        name maxSumAssured provider { name } policies { nodes { policyNumber policyType { name } } } } }"""
    assert (await client.run(query, {"id": gid(term)})).ok()["policyType"] == {
        "name": "Term",
        "maxSumAssured": "5000000.00",
        "provider": {"name": "LIC"},
        "policies": {"nodes": [{"policyNumber": "P-1", "policyType": {"name": "Term"}}]},
    }


async def test_policies_are_ordered_filtered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    holder = await policies.policyholder(store, tenant)
    for number, premium, status, due in (
        ("LIC-100", "900.00", PolicyStatus.ACTIVE, date(2026, 12, 1)),
        ("LIC-200", "10000.00", PolicyStatus.LAPSED, date(2026, 9, 1)),
        ("HDFC-300", "2000.00", PolicyStatus.CANCELLED, None),
    ):
        await policies.policy(
            store,
            tenant,
            policyholder_id=holder.id,
            policy_number=number,
            plan_name=f"Plan {number}",
            premium_amount=Decimal(premium),
            status=status,
            next_due_on=due,
            **({"cancellation_reason": "WITHDRAWN"} if status is PolicyStatus.CANCELLED else {}),
        )
    await policies.policy(store, other_tenant, policy_number="LIC-999")
    client = await sign_in(tenant)

    async def numbers(**arguments: Any) -> list[str]:
        query = """query ($filter: PolicyFilter, $search: String, $order: PolicyOrder) {
            policies(filter: $filter, search: $search, orderBy: $order) { nodes { policyNumber } } }"""
        data = (await client.run(query, arguments)).ok()
        return [node["policyNumber"] for node in data["policies"]["nodes"]]

    def by(field: str, direction: str = "ASC") -> dict[str, str]:
        return {"field": field, "direction": direction}

    assert await numbers() == ["HDFC-300", "LIC-200", "LIC-100"]
    assert await numbers(order=by("POLICY_NUMBER")) == ["HDFC-300", "LIC-100", "LIC-200"]
    assert await numbers(order=by("PREMIUM_AMOUNT", "DESC")) == ["LIC-200", "HDFC-300", "LIC-100"]
    assert await numbers(filter={"premiumAmount": {"gt": "900", "lte": "2000.00"}}) == ["HDFC-300"]
    assert await numbers(filter={"premiumAmount": {"gte": "899.995", "lt": "900.001"}}) == ["LIC-100"]
    assert await numbers(filter={"premiumAmount": {"eq": "900.001"}}) == []
    assert await numbers(filter={"premiumAmount": {"eq": 900}}) == ["LIC-100"]
    assert await numbers(filter={"status": {"in": ["LAPSED", "ACTIVE"]}}) == ["LIC-200", "LIC-100"]
    assert await numbers(filter={"nextDueOn": {"lt": "2026-11-20"}}) == ["LIC-200"]
    assert await numbers(filter={"nextDueOn": {"isNull": True}}) == ["HDFC-300"]
    assert await numbers(filter={"cancellationReason": {"eq": "WITHDRAWN"}}) == ["HDFC-300"]
    assert await numbers(filter={"policyNumber": {"startsWith": "LIC-"}}) == ["LIC-200", "LIC-100"]
    assert len(await numbers(filter={"policyholderId": {"eq": gid(holder)}})) == 3
    assert await numbers(search="lic 200") == ["LIC-200"]
    assert await numbers(search="lic-2") == ["LIC-200"]
    assert await numbers(search="200") == ["LIC-200"]
    assert await numbers(search="lic-999") == []


async def test_policy_types_and_policyholders_are_filtered_and_searched(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    await policies.policy_type(store, tenant, name="Term life", is_active=False)
    await policies.policy_type(store, tenant, name="Motor comprehensive", category=PolicyCategory.MOTOR)
    holder = await policies.policyholder(store, tenant, customer_number="C-1", has_marketing_consent=True)
    await policies.policyholder(store, tenant, customer_number="C-2")
    client = await sign_in(tenant)

    async def types(**arguments: Any) -> list[str]:
        query = """query ($filter: PolicyTypeFilter, $search: String) {
            policyTypes(filter: $filter, search: $search) { nodes { name } } }"""
        return [node["name"] for node in (await client.run(query, arguments)).ok()["policyTypes"]["nodes"]]

    async def holders(filter_: Any) -> list[str]:
        query = "query ($f: PolicyholderFilter) { policyholders(filter: $f) { nodes { customerNumber } } }"
        data = (await client.run(query, {"f": filter_})).ok()
        return [node["customerNumber"] for node in data["policyholders"]["nodes"]]

    assert await types() == ["Motor comprehensive", "Term life"]
    assert await types(filter={"category": {"eq": "MOTOR"}}) == ["Motor comprehensive"]
    assert await types(filter={"isActive": {"eq": False}}) == ["Term life"]
    assert await types(search="compre") == ["Motor comprehensive"]
    assert await holders({"hasMarketingConsent": {"eq": True}}) == ["C-1"]
    contact_id = f"contact_{holder.contact_id}"
    assert await holders({"contactId": {"in": [contact_id]}}) == ["C-1"]


async def test_secrets_are_no_part_of_the_graph(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    for type_name in ("Policy", "Policyholder", "InsuranceAgent"):
        query = f'{{ __type(name: "{type_name}") {{ fields {{ name }} }} }}'
        names = {field["name"] for field in (await client.run(query)).ok()["__type"]["fields"]}
        assert not {name for name in names if "ncrypt" in name or "earchDocument" in name}
        assert not names & {"nominee", "bankDetails", "assignee", "medicalReports", "panNumber"}


async def test_an_income_is_shown_only_with_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    holder = await policies.policyholder(store, tenant, annual_income=Decimal(100), currency="INR")
    client = await sign_in(tenant, permissions={"policyholder:read"})
    query = "query ($id: ID!) { policyholder(id: $id) { currency annualIncome investmentPortfolio } }"
    answer = await client.run(query, {"id": gid(holder)})
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data["policyholder"] == {
        "currency": "INR",
        "annualIncome": None,
        "investmentPortfolio": None,
    }


async def test_another_tenants_policies_are_not_there(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    foreign = await policies.policy(store, other_tenant)
    client = await sign_in(tenant)
    query = """query ($policy: ID!, $holder: ID!, $type: ID!) {
      policy(id: $policy) { id }
      policyholder(id: $holder) { id }
      policyType(id: $type) { id }
      nodes(ids: [$policy, $holder, $type]) { id }
      policies(filter: {policyholderId: {eq: $holder}}) { totalCount }
      policyholders { totalCount }
      policyTypes { totalCount }
    }"""
    ids = {
        "policy": gid(foreign),
        "holder": f"policyholder_{foreign.policyholder_id}",
        "type": f"policy_type_{foreign.policy_type_id}",
    }
    assert (await client.run(query, ids)).ok() == {
        "policy": None,
        "policyholder": None,
        "policyType": None,
        "nodes": [None, None, None],
        "policies": {"totalCount": 0},
        "policyholders": {"totalCount": 0},
        "policyTypes": {"totalCount": 0},
    }


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("query ($id: ID!) { policy(id: $id) { id } }", "policy:read"),
        ("{ policies { nodes { id } } }", "policy:read"),
        ("query ($id: ID!) { policyType(id: $id) { id } }", "policy:read"),
        ("{ policyTypes { nodes { id } } }", "policy:read"),
        ("query ($id: ID!) { policyholder(id: $id) { id } }", "policyholder:read"),
        ("{ policyholders { nodes { id } } }", "policyholder:read"),
    ],
)
async def test_without_the_permission_nothing_is_read(
    store: Store, tenant: Tenant, sign_in: SignIn, query: str, permission: str
) -> None:
    policy = await policies.policy(store, tenant)
    client = await sign_in(tenant, permissions={"contact:read"})
    answer = await client.run(query, {"id": gid(policy)})
    assert answer.codes == ["FORBIDDEN"]
    assert answer.errors[0]["extensions"]["permission"] == permission


async def test_a_path_to_another_type_needs_its_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    policy = await policies.policy(store, tenant)
    client = await sign_in(tenant, permissions={"policy:read"})
    query = "query ($id: ID!) { policy(id: $id) { policyNumber contact { id } policyholder { id } } }"
    answer = await client.run(query, {"id": gid(policy)})
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data["policy"] == {
        "policyNumber": policy.policy_number,
        "contact": None,
        "policyholder": None,
    }


async def test_a_policyholder_is_read_by_id_with_the_contact(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    holder = await policies.policyholder(store, tenant)
    client = await sign_in(tenant)
    query = "query ($id: ID!) { policyholder(id: $id) { id contact { id policyholder { id } } } }"
    shown = (await client.run(query, {"id": gid(holder)})).ok()["policyholder"]
    assert shown["id"] == gid(holder)
    assert shown["contact"] == {"id": f"contact_{holder.contact_id}", "policyholder": {"id": gid(holder)}}
