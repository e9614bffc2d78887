"""Sums over deals through the API."""

from decimal import Decimal
from typing import Any

import pytest

from db.organizations import Tenant
from resolvers import deals as actions
from tests.factories import access, deals
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store

AGGREGATE = """
query ($by: DealGroupBy!, $f: DealFilter) {
  dealsAggregate(groupBy: $by, filter: $f) {
    currency count sum average weightedSum stage { name } owner { displayName }
  }
}
"""


async def test_deals_are_summed_up_by_stage_and_owner_never_across_currencies(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant)
    user = await access.user(store, tenant, display_name="Meera")
    await deals.deal(store, other_tenant)
    for stage, owner, value, currency, probability in (
        (flow.new, user, "100.01", "EUR", 50),
        (flow.new, user, "0.02", "EUR", 50),
        (flow.new, None, None, "EUR", 50),
        (flow.new, None, "7.00", "INR", 10),
        (flow.won, user, "5.00", "EUR", 100),
        (flow.lost, user, None, "USD", 0),
    ):
        await deals.deal(
            store,
            tenant,
            pipeline_id=flow.pipeline.id,
            stage_id=stage.id,
            owner_id=owner.id if owner else None,
            value=None if value is None else Decimal(value),
            currency=currency,
            probability=probability,
        )
    client = await sign_in(tenant)

    def row(currency: str, count: int, total: str, average: str | None, weighted: str, **groups: Any) -> Any:
        sums = {"currency": currency, "count": count, "sum": total, "average": average, "weightedSum": weighted}
        return sums | {"stage": None, "owner": None} | groups

    by_stage = (await client.run(AGGREGATE, {"by": "STAGE"})).ok()["dealsAggregate"]
    # the weighted sum adds what each deal shows: 50.01 (of 50.005) and 0.01
    assert by_stage == [
        row("EUR", 3, "100.03", "50.02", "50.02", stage={"name": "New"}),
        row("INR", 1, "7.00", "7.00", "0.70", stage={"name": "New"}),
        row("EUR", 1, "5.00", "5.00", "5.00", stage={"name": "Won"}),
        row("USD", 1, "0.00", None, "0.00", stage={"name": "Lost"}),
    ]
    assert len(client.statements) == 2
    by_owner = (await client.run(AGGREGATE, {"by": "OWNER"})).ok()["dealsAggregate"]
    meera = {"displayName": "Meera"}
    assert by_owner == [
        row("EUR", 3, "105.03", "35.01", "55.02", owner=meera),
        row("USD", 1, "0.00", None, "0.00", owner=meera),
        row("EUR", 1, "0.00", None, "0.00"),
        row("INR", 1, "7.00", "7.00", "0.70"),
    ]
    assert len(client.statements) == 2
    won = (await client.run(AGGREGATE, {"by": "OWNER", "f": {"stageId": {"eq": gid(flow.won)}}})).ok()
    assert won["dealsAggregate"] == [row("EUR", 1, "5.00", "5.00", "5.00", owner=meera)]
    without_objects = "{ dealsAggregate(groupBy: STAGE) { count } }"
    assert (await client.run(without_objects)).ok() == {"dealsAggregate": [{"count": n} for n in (3, 1, 1, 1)]}
    assert len(client.statements) == 1


async def test_too_many_groups_are_refused_rather_than_cut_off(
    store: Store, tenant: Tenant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_GROUPS", 1)
    await deals.deal(store, tenant)
    client = await sign_in(tenant)
    assert len((await client.run(AGGREGATE, {"by": "STAGE"})).ok()["dealsAggregate"]) == 1
    await deals.deal(store, tenant)
    assert (await client.run(AGGREGATE, {"by": "STAGE"})).codes == ["BAD_USER_INPUT"]


async def test_a_groups_object_needs_the_permission_of_its_type(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    await deals.deal(store, tenant, owner_id=(await access.user(store, tenant)).id)
    reader = await sign_in(tenant, permissions={"deal:read"})
    for by, field in (("STAGE", "stage"), ("OWNER", "owner")):
        answer = await reader.run(f"{{ dealsAggregate(groupBy: {by}) {{ count {field} {{ id }} }} }}")
        assert answer.codes == ["FORBIDDEN"]
        assert answer.data == {"dealsAggregate": [{"count": 1, field: None}]}
