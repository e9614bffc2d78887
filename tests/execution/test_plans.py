"""Pieces of plans that made-up operations meet too seldom: joins, positions, shapes, and columns of every kind."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
from sqlalchemy import text as sql_text

from db.deals import Deal
from db.organizations import Tenant
from gql.execution.plan import MAX_JOINS
from gql.execution.run import dumps
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from tests.execution.comparison import Pair, unequal
from tests.execution.operations import Operation
from tests.execution.population import World
from tests.execution.test_both_executors import viewer_of
from tests.factories import calls, contacts, deals, organizations, telephony, voice_agents
from tests.support.chance import seeded
from tests.support.ids import gid
from tests.support.store import Store


class Desk:
    """Runs operations of one tenant both ways. `statements` are those of the plan's last run."""

    def __init__(self, services: Services, store: Store, tenant: Tenant, viewer: Viewer) -> None:
        self.store = store
        self.tenant = tenant
        self.viewer = viewer
        self.statements: list[str] = []
        self.pair = Pair(services)

    async def run(self, text: str, variables: dict[str, Any] | None = None) -> Any:
        """The data, which both ways agree on and the plan alone has made."""
        operation = Operation(text, variables or {})
        planned, reference = await self.pair.answers(operation, self.viewer)
        assert unequal(planned, reference) is None
        assert (planned.errors, dict(self.pair.executor.fallbacks)) == ([], {})
        self.statements = await self._statements(operation)
        return orjson.loads(dumps(planned.data))

    async def _statements(self, operation: Operation) -> list[str]:
        context = Context(self.pair.services, self.viewer)
        reads = context.record()
        executor = self.pair.executor
        await executor.run(context, executor.prepare(operation.text, operation.variables, None))
        await context.close()
        return [read.sql for read in reads]


@pytest.fixture
async def desk(own_services: Services, own_store: Store, world: World) -> Desk:
    """A tenant without rows, and somebody who may do everything in it."""
    tenant = await organizations.tenant(own_store)
    viewer = viewer_of(world, seeded(3))
    assert viewer is not None
    viewer = replace(viewer, tenant_id=tenant.id, organization_id=tenant.organization_id)
    return Desk(own_services, own_store, tenant, viewer)


async def test_a_joined_row_that_is_not_there_is_null_with_all_below_it(desk: Desk) -> None:
    account = await contacts.account(desk.store, desk.tenant, name="Company")
    person = await contacts.contact(desk.store, desk.tenant, account_id=account.id, last_name="Rao")
    loner = await contacts.contact(desk.store, desk.tenant, last_name="Sen")
    for title, contact_id in (("a", person.id), ("b", loner.id), ("c", None)):
        await deals.deal(desk.store, desk.tenant, title=title, contact_id=contact_id)
    found = await desk.run(
        """{ deals(orderBy: {field: TITLE}) { nodes {
            title contact { lastName fullName account { name owner { id } } }
        } } }"""
    )
    shown = [
        (node["title"], node["contact"] and (node["contact"]["lastName"], node["contact"]["account"]))
        for node in found["deals"]["nodes"]
    ]
    assert shown == [("a", ("Rao", {"name": "Company", "owner": None})), ("b", ("Sen", None)), ("c", None)]
    assert len(desk.statements) == 1


async def test_a_selection_of_nothing_but_what_is_joined_reads_its_own_table_with_its_tenant(desk: Desk) -> None:
    person = await contacts.contact(desk.store, desk.tenant, last_name="Rao")
    await deals.deal(desk.store, desk.tenant, contact_id=person.id)
    found = await desk.run("{ deals { nodes { contact { lastName } } } }")
    assert found == {"deals": {"nodes": [{"contact": {"lastName": "Rao"}}]}}
    (sql,) = desk.statements
    assert "deals.tenant_id = $" in sql
    assert "j1.tenant_id = $" in sql


async def test_children_of_joined_rows_keep_to_their_rows(desk: Desk) -> None:
    """A list, a computed value and a relation by another key, each below a joined row, some of which are absent."""
    people = [await contacts.contact(desk.store, desk.tenant, last_name=name) for name in ("Rao", "Sen")]
    for number, person in enumerate([people[0], None, people[1], people[0]]):
        await deals.deal(desk.store, desk.tenant, title=f"{number}", contact_id=person.id if person else None)
    found = await desk.run(
        """{ deals(orderBy: {field: TITLE}) { nodes {
            contact {
                fullName policyholder { id } deals(first: 2, orderBy: {field: TITLE}) { totalCount nodes { title } }
            }
        } } }"""
    )
    shown = [
        node["contact"] and (node["contact"]["fullName"], [deal["title"] for deal in node["contact"]["deals"]["nodes"]])
        for node in found["deals"]["nodes"]
    ]
    assert shown == [("Asha Rao", ["0", "3"]), None, ("Asha Sen", ["2"]), ("Asha Rao", ["0", "3"])]
    counts = [node["contact"] and node["contact"]["deals"]["totalCount"] for node in found["deals"]["nodes"]]
    assert counts == [2, None, 1, 2]


async def test_no_more_is_joined_than_postgresql_plans_well(desk: Desk) -> None:
    await calls.call(desk.store, desk.tenant)
    people = "createdBy { id } updatedBy { id }"
    found = await desk.run(
        f"""{{ deals {{ nodes {{ id owner {{ id }} {people} account {{ id {people} }}
            contact {{ id {people} owner {{ id }} }} stage {{ id pipeline {{ id }} }} }} }} }}"""
    )
    assert found == {"deals": {"nodes": []}}
    assert desk.statements[0].count("LEFT OUTER JOIN") == MAX_JOINS
    stage = await deals.pipeline_stage(desk.store, desk.tenant)
    await deals.deal(desk.store, desk.tenant, stage_id=stage.id, pipeline_id=stage.pipeline_id)
    found = await desk.run(
        f"""{{ deals {{ nodes {{ owner {{ id }} {people} account {{ id {people} }}
            contact {{ id {people} owner {{ id }} }} stage {{ id pipeline {{ id }} }} }} }} }}"""
    )
    assert found["deals"]["nodes"][0]["stage"] == {
        "id": gid(stage),
        "pipeline": {"id": f"pipeline_{stage.pipeline_id}"},
    }


async def test_one_connection_asked_twice_with_other_arguments_is_two(desk: Desk) -> None:
    deal = await deals.deal(desk.store, desk.tenant)
    for position in range(1, 4):
        await deals.deal_product(
            desk.store, desk.tenant, deal_id=deal.id, position=position, product_name=f"p{position}"
        )
    found = await desk.run(
        """query ($n: Int) { deals { nodes {
            a: products(first: 1) { nodes { productName } }
            b: products(last: $n) { totalCount edges { x: node { productName } y: node { position } cursor } }
            c: products(first: 0) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
        } } }""",
        {"n": 2},
    )
    (node,) = found["deals"]["nodes"]
    assert node["a"] == {"nodes": [{"productName": "p1"}]}
    assert node["b"]["totalCount"] == 3
    assert [(edge["x"]["productName"], edge["y"]["position"]) for edge in node["b"]["edges"]] == [("p2", 2), ("p3", 3)]
    page = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert node["c"] == {"nodes": [], "pageInfo": page}


async def test_a_plan_serves_other_variables_orders_and_filters(desk: Desk) -> None:
    for title in ("b", "a", "c"):
        await deals.deal(desk.store, desk.tenant, title=title, value=Decimal(ord(title)), value_minor=ord(title) * 100)
    text = """query ($o: DealOrder, $f: DealFilter, $n: Int, $after: String) {
        deals(orderBy: $o, filter: $f, first: $n, after: $after) { edges { cursor node { title } } }
    }"""

    async def titles(**variables: Any) -> list[str]:
        found = await desk.run(text, variables)
        cursors.extend(edge["cursor"] for edge in found["deals"]["edges"])
        return [edge["node"]["title"] for edge in found["deals"]["edges"]]

    cursors: list[str] = []
    assert await titles(o={"field": "TITLE", "direction": "ASC"}) == ["a", "b", "c"]
    assert await titles(o={"field": "VALUE", "direction": "DESC"}, n=2) == ["c", "b"]
    assert await titles(o={"field": "VALUE", "direction": "DESC"}, n=2, after=cursors[-1]) == ["a"]
    assert await titles(f={"title": {"in": ["b", "c"]}}, o={"field": "TITLE", "direction": "DESC"}) == ["c", "b"]
    assert await titles(f={"not": {"title": {"eq": "b"}}}, o={"field": "TITLE", "direction": "ASC"}, n=1) == ["a"]
    assert len(desk.pair.executor._documents.cached) == 1


async def test_columns_of_every_kind_are_spelled_as_their_scalars_spell_them(desk: Desk) -> None:
    odd = {"text": 'quote " and \\ and é', "deep": [{"x": [None, True, 1.5, -0.0, 10**15]}], "empty": {}}
    await calls.call(
        desk.store,
        desk.tenant,
        cost_amount=Decimal("0.000001"),
        quality_score=0.1,
        sentiment_score=-0.0,
        details=odd,
        end_reason=None,
    )
    found = await desk.run(
        """{ calls { nodes { id direction status answeredBy initiatedAt answeredAt durationSeconds costAmount
            qualityScore sentimentScore details isRecordingEnabled endReason isLive createdAt version } } }"""
    )
    (node,) = found["calls"]["nodes"]
    assert (node["costAmount"], node["qualityScore"], node["endReason"]) == ("0.000001", 0.1, None)
    assert node["details"] == odd
    assert node["initiatedAt"] == "2026-11-20T09:00:00Z"


async def test_numbers_that_json_knows_and_64_bits_do_not_are_shown_all_the_same(desk: Desk) -> None:
    await calls.call(desk.store, desk.tenant, details={"big": 10**30, "at": "é"})
    operation = Operation("{ calls { nodes { createdAt costAmount details } } }", {})
    planned, reference = await desk.pair.answers(operation, desk.viewer)
    assert dumps(planned.data) == dumps(reference.data)
    (node,) = json.loads(dumps(planned.data))["calls"]["nodes"]
    assert node["details"] == {"big": 10**30, "at": "é"}
    assert node["createdAt"] == "2026-11-20T09:00:00Z"


async def test_lists_of_texts_and_of_enumerations_come_as_they_are(desk: Desk) -> None:
    await telephony.phone_number(desk.store, desk.tenant, capabilities=["VOICE", "SMS"])
    await contacts.contact(desk.store, desk.tenant, tags=["a", 'b"c', "é"])
    found = await desk.run("{ phoneNumbers { nodes { capabilities } } contacts { nodes { tags } } }")
    assert found["phoneNumbers"]["nodes"] == [{"capabilities": ["VOICE", "SMS"]}]
    assert found["contacts"]["nodes"] == [{"tags": ["a", 'b"c', "é"]}]


async def test_node_and_nodes_read_the_columns_asked_for_of_each_type(desk: Desk) -> None:
    deal = await deals.deal(desk.store, desk.tenant, title="Deal")
    person = await contacts.contact(desk.store, desk.tenant, last_name="Rao")
    speaker = await voice_agents.voice_agent(desk.store, desk.tenant)
    gone = f"deal_{person.id}"
    found = await desk.run(
        """query ($ids: [ID!]!) { nodes(ids: $ids) {
            id __typename ... on Deal { title products { totalCount } } ... on Contact { lastName }
            ... on Agent { displayName kind }
        } }""",
        {"ids": [gid(deal), gone, gid(person), gid(speaker), gid(deal)]},
    )
    first, missing, second, third, again = found["nodes"]
    assert first == {"id": gid(deal), "__typename": "Deal", "title": "Deal", "products": {"totalCount": 0}} == again
    assert missing is None
    assert second == {"id": gid(person), "__typename": "Contact", "lastName": "Rao"}
    assert third["kind"] == "VOICE_AGENT"
    assert "search_document" not in " ".join(desk.statements)
    assert all("custom_fields" not in sql for sql in desk.statements)


async def test_a_node_asks_for_the_permissions_of_its_own_type_alone(desk: Desk) -> None:
    deal = await deals.deal(desk.store, desk.tenant, title="Deal")
    desk.viewer = replace(desk.viewer, permissions=frozenset({"deal:read"}))
    text = "query ($id: ID!) { node(id: $id) { id ... on Deal { title } ... on Contact { email account { id } } } }"
    assert await desk.run(text, {"id": gid(deal)}) == {"node": {"id": gid(deal), "title": "Deal"}}


async def test_a_null_in_a_column_that_must_have_a_value_is_told_by_the_reference(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows promise that this cannot be, and a plan that trusts them does not look: so the promise is taken back."""
    monkeypatch.setattr(Deal.__table__.columns["title"], "nullable", True)
    deal = await deals.deal(desk.store, desk.tenant)
    await desk.store.execute(sql_text("ALTER TABLE deals ALTER title DROP NOT NULL"))
    await desk.store.execute(sql_text(f"UPDATE deals SET title = NULL WHERE id = '{deal.id}'"))
    try:
        operation = Operation("{ deals { totalCount nodes { title } } }", {})
        planned, reference = await desk.pair.answers(operation, desk.viewer)
    finally:
        await desk.store.execute(sql_text(f"UPDATE deals SET title = 'x' WHERE id = '{deal.id}'"))
        await desk.store.execute(sql_text("ALTER TABLE deals ALTER title SET NOT NULL"))
    assert unequal(planned, reference) is None
    assert [error["path"] for error in planned.errors] == [["deals", "nodes", 0, "title"]]
    assert dict(desk.pair.executor.fallbacks) == {"null": 1}
