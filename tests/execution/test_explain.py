"""`extensions.explain`: what an operation ran, for who asks with X-Explain and may know."""

from typing import Any

from db.organizations import Tenant
from resolvers.rules.access import PERMISSIONS
from tests.factories import contacts, deals
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.store import Store

QUERY = (
    "query Q { deals(first: 5) { totalCount nodes { title contact { lastName } products { nodes { productName } } } } }"
)


async def explained(client: Client, query: str, accept: str = "application/json") -> Any:
    headers = {**client.headers, "x-explain": "1", "accept": accept}
    return (await client.http.post("/graphql", json={"query": query}, headers=headers)).json()


async def test_each_level_tells_its_sql_rows_and_time(sign_in: SignIn, store: Store, tenant: Tenant) -> None:
    contact = await contacts.contact(store, tenant)
    for _ in range(2):
        deal = await deals.deal(store, tenant, contact_id=contact.id)
        await deals.deal_product(store, tenant, deal_id=deal.id)
    body = await explained(await sign_in(tenant), QUERY)
    assert len(body["data"]["deals"]["nodes"]) == 2
    explain = body["extensions"]["explain"]
    assert [(read["place"], read["rows"]) for read in explain["statements"]] == [
        ("deals", 2),
        ("deals", 1),
        ("deals.nodes.products", 2),
    ]
    assert all(read["sql"].startswith("SELECT") and read["milliseconds"] > 0 for read in explain["statements"])
    assert "contacts AS j1" in explain["statements"][0]["sql"]
    assert explain["fallbacks"] == []
    assert explain["cost"] > 0
    assert explain["milliseconds"] >= sum(read["milliseconds"] for read in explain["statements"])


async def test_who_may_not_know_is_refused(sign_in: SignIn, tenant: Tenant) -> None:
    body = await explained(await sign_in(tenant, permissions=set(PERMISSIONS) - {"operation:explain"}), QUERY)
    assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    assert "data" not in body


async def test_nobody_is_refused(sign_in: SignIn, tenant: Tenant) -> None:
    client = await sign_in(tenant)
    client.headers.pop("authorization")
    body = await explained(client, "{ viewer { kind } }")
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]


async def test_the_reference_is_explained_with_the_reason_for_it(sign_in: SignIn, store: Store, tenant: Tenant) -> None:
    await deals.deal(store, tenant)
    query = "{ deals(first: 1) { nodes { id contact { id } } } __schema { queryType { name } } }"
    explain = (await explained(await sign_in(tenant), query))["extensions"]["explain"]
    assert explain["fallbacks"] == ["introspection"]
    assert [(read["place"], read["rows"]) for read in explain["statements"]] == [(None, 1)]


async def test_without_the_header_nothing_is_told(sign_in: SignIn, tenant: Tenant) -> None:
    client = await sign_in(tenant)
    response = await client.http.post("/graphql", json={"query": QUERY}, headers=client.headers)
    assert "extensions" not in response.json()
