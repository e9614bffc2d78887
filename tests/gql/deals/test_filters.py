"""Amounts in filters."""

from decimal import Decimal

from db.organizations import Tenant
from tests.factories import deals
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store


async def test_an_amount_is_compared_as_it_is_given(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    deal = await deals.deal(store, tenant, value=Decimal("100.00"), value_minor=10_000)
    client = await sign_in(tenant)
    query = "query ($filter: DealFilter) { deals(filter: $filter) { nodes { id } } }"
    for comparison, is_found in (
        ({"eq": "100"}, True),
        ({"eq": "100.004"}, False),
        ({"lt": "100.004"}, True),
        ({"gt": "99.996"}, True),
        ({"lt": "9999999999999999.999"}, True),
    ):
        data = (await client.run(query, {"filter": {"value": comparison}})).ok()["deals"]
        assert [node["id"] for node in data["nodes"]] == [gid(deal)] * is_found, comparison
