"""Reading deals and their pipelines through the API."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from db.deals import Deal
from db.enums.deals import DealPriority, DealStatus, DealType
from db.organizations import Tenant
from tests.factories import access, activities, contacts, deals, policies
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

ONE = """
query ($id: ID!) {
  deal(id: $id) {
    id title description value currency weightedValue status priority dealType probability stageEnteredAt
    expectedCloseOn actualCloseOn closedAt closeReason leadSource competitor nextStep customFields tags version
    createdAt updatedAt
    contact { id } account { id } policy { id } owner { id } team { id } createdBy { id } updatedBy { id }
    pipeline { id name } stage { id name pipeline { id } }
    products { nodes { position productName totalPrice deal { id } } }
    stageChanges { nodes { fromProbability toProbability timeInStageSeconds notes
                           deal { id } fromStage { name } toStage { name } changedBy { id } } }
    activities { nodes { subject } }
  }
}
"""


async def titles(client: Client, filter_: Any = None, order: Any = None, search: str | None = None) -> list[str]:
    """The titles of the deals that a list answers."""
    data = (
        await client.run(
            "query ($f: DealFilter, $o: DealOrder, $s: String) {"
            " deals(filter: $f, orderBy: $o, search: $s) { nodes { title } } }",
            {"f": filter_, "o": order} | ({} if search is None else {"s": search}),
        )
    ).ok()
    return [node["title"] for node in data["deals"]["nodes"]]


async def test_a_deal_is_read_with_everything_around_it(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant, name="Sales")
    user = await access.user(store, tenant)
    team = await access.team(store, tenant)
    person, company = await contacts.contact(store, tenant), await contacts.account(store, tenant)
    policy = await policies.policy(store, tenant)
    deal = await deals.deal(
        store,
        tenant,
        title="Cover for the fleet",
        pipeline_id=flow.pipeline.id,
        stage_id=flow.talk.id,
        value=Decimal("100.01"),
        probability=50,
        expected_close_on=date(2026, 12, 31),
        tags=["fleet"],
        contact_id=person.id,
        account_id=company.id,
        policy_id=policy.id,
        owner_id=user.id,
        team_id=team.id,
        created_by_id=user.id,
        updated_by_id=user.id,
    )
    for position in (2, 1):
        await deals.deal_product(store, tenant, deal_id=deal.id, position=position, product_name=f"Van {position}")
    await deals.deal_stage_change(store, tenant, deal_id=deal.id, to_stage_id=flow.new.id)
    await deals.deal_stage_change(
        store,
        tenant,
        deal_id=deal.id,
        from_stage_id=flow.new.id,
        to_stage_id=flow.talk.id,
        from_probability=10,
        to_probability=50,
        time_in_stage_seconds=60,
        notes="They called.",
        changed_by_id=user.id,
        created_at=START + timedelta(minutes=1),
    )
    await activities.activity(store, tenant, subject="Call back", deal_id=deal.id, owner_id=user.id)
    client = await sign_in(tenant)
    data = (await client.run(ONE, {"id": gid(deal)})).ok()["deal"]
    assert data == {
        "id": gid(deal),
        "title": "Cover for the fleet",
        "description": None,
        "value": "100.01",
        "currency": "EUR",
        "weightedValue": "50.01",
        "status": "OPEN",
        "priority": "MEDIUM",
        "dealType": "NEW_BUSINESS",
        "probability": 50,
        "stageEnteredAt": "2026-11-20T09:00:00Z",
        "expectedCloseOn": "2026-12-31",
        "actualCloseOn": None,
        "closedAt": None,
        "closeReason": None,
        "leadSource": None,
        "competitor": None,
        "nextStep": None,
        "customFields": {},
        "tags": ["fleet"],
        "version": 1,
        "createdAt": "2026-11-20T09:00:00Z",
        "updatedAt": "2026-11-20T09:00:00Z",
        "contact": {"id": gid(person)},
        "account": {"id": gid(company)},
        "policy": {"id": gid(policy)},
        "owner": {"id": gid(user)},
        "team": {"id": gid(team)},
        "createdBy": {"id": gid(user)},
        "updatedBy": {"id": gid(user)},
        "pipeline": {"id": gid(flow.pipeline), "name": "Sales"},
        "stage": {"id": gid(flow.talk), "name": "Talk", "pipeline": {"id": gid(flow.pipeline)}},
        "products": {
            "nodes": [
                {"position": n, "productName": f"Van {n}", "totalPrice": "1000.00", "deal": {"id": gid(deal)}}
                for n in (1, 2)
            ]
        },
        "stageChanges": {
            "nodes": [
                {
                    "fromProbability": 10,
                    "toProbability": 50,
                    "timeInStageSeconds": 60,
                    "notes": "They called.",
                    "deal": {"id": gid(deal)},
                    "fromStage": {"name": "New"},
                    "toStage": {"name": "Talk"},
                    "changedBy": {"id": gid(user)},
                },
                {
                    "fromProbability": None,
                    "toProbability": 10,
                    "timeInStageSeconds": None,
                    "notes": None,
                    "deal": {"id": gid(deal)},
                    "fromStage": None,
                    "toStage": {"name": "New"},
                    "changedBy": None,
                },
            ]
        },
        "activities": {"nodes": [{"subject": "Call back"}]},
    }


async def test_a_board_costs_one_statement_a_relation(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant)
    user = await access.user(store, tenant)
    for stage in (flow.new, flow.talk, flow.won):
        for _ in range(3):
            await deals.deal(
                store,
                tenant,
                pipeline_id=flow.pipeline.id,
                stage_id=stage.id,
                owner_id=user.id,
                contact_id=(await contacts.contact(store, tenant)).id,
            )
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($id: ID!) { pipeline(id: $id) { stages { nodes { name position
                 deals(first: 2) { totalCount nodes { title contact { id } owner { id } } } } } } }""",
            {"id": gid(flow.pipeline)},
        )
    ).ok()
    stages = data["pipeline"]["stages"]["nodes"]
    assert [stage["name"] for stage in stages] == ["New", "Talk", "Offer", "Won", "Lost"]
    assert [stage["deals"]["totalCount"] for stage in stages] == [3, 3, 0, 3, 0]
    assert [len(stage["deals"]["nodes"]) for stage in stages] == [2, 2, 0, 2, 0]
    assert len(client.statements) <= 6  # pipeline, stages, deals, their counts, contacts, owners


async def test_pipelines_and_stages_are_read_listed_and_filtered(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    user = await access.user(store, tenant)
    flow = await deals.flow(store, tenant, name="Sales", is_default=True, created_by_id=user.id, updated_by_id=user.id)
    await deals.pipeline(store, tenant, name="Renewals", is_active=False)
    deal = await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id)
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($pipeline: ID!, $stage: ID!) {
              pipeline(id: $pipeline) {
                name description pipelineType isDefault isActive currency probabilityCalculation
                isStageOrderEnforced customFields version createdBy { id } updatedBy { id }
                deals { nodes { id } }
                stages(first: 1, orderBy: {field: POSITION, direction: DESC}) { nodes { name } }
              }
              pipelineStage(id: $stage) {
                name description position stageType defaultProbability requiredFields color icon isActive version
                pipeline { id } deals { nodes { id } } createdBy { id } updatedBy { id }
              }
              pipelines { nodes { name } }
              active: pipelines(filter: {isActive: {eq: true}}) { nodes { name } }
              pipelineStages(filter: {stageType: {ne: OPEN}}, orderBy: {field: POSITION}) { nodes { name } }
            }""",
            {"pipeline": gid(flow.pipeline), "stage": gid(flow.new)},
        )
    ).ok()
    assert data["pipeline"] == {
        "name": "Sales",
        "description": None,
        "pipelineType": "SALES",
        "isDefault": True,
        "isActive": True,
        "currency": "EUR",
        "probabilityCalculation": "MANUAL",
        "isStageOrderEnforced": False,
        "customFields": {},
        "version": 1,
        "createdBy": {"id": gid(user)},
        "updatedBy": {"id": gid(user)},
        "deals": {"nodes": [{"id": gid(deal)}]},
        "stages": {"nodes": [{"name": "Lost"}]},
    }
    assert data["pipelineStage"] == {
        "name": "New",
        "description": None,
        "position": 1,
        "stageType": "OPEN",
        "defaultProbability": 10,
        "requiredFields": [],
        "color": "#007bff",
        "icon": None,
        "isActive": True,
        "version": 1,
        "pipeline": {"id": gid(flow.pipeline)},
        "deals": {"nodes": [{"id": gid(deal)}]},
        "createdBy": None,
        "updatedBy": None,
    }
    assert [node["name"] for node in data["pipelines"]["nodes"]] == ["Renewals", "Sales"]
    assert [node["name"] for node in data["active"]["nodes"]] == ["Sales"]
    assert [node["name"] for node in data["pipelineStages"]["nodes"]] == ["Won", "Lost"]


async def test_deals_are_filtered_by_each_of_their_columns(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant)
    user, team = await access.user(store, tenant), await access.team(store, tenant)
    person, company = await contacts.contact(store, tenant), await contacts.account(store, tenant)
    policy = await policies.policy(store, tenant)
    later = START + timedelta(days=1)
    await deals.deal(store, tenant, title="Other")
    await deals.deal(
        store,
        tenant,
        title="Wanted",
        value=Decimal("2500.50"),
        currency="INR",
        status=DealStatus.WON,
        priority=DealPriority.URGENT,
        deal_type=DealType.RENEWAL,
        probability=100,
        stage_entered_at=later,
        expected_close_on=date(2026, 12, 1),
        actual_close_on=date(2026, 12, 2),
        closed_at=later,
        close_reason="PRICE",
        lead_source="WEB",
        competitor="Acme",
        tags=["vip"],
        contact_id=person.id,
        account_id=company.id,
        policy_id=policy.id,
        pipeline_id=flow.pipeline.id,
        stage_id=flow.won.id,
        owner_id=user.id,
        team_id=team.id,
        created_by_id=user.id,
        created_at=later,
        updated_at=later,
    )
    client = await sign_in(tenant)
    instant, day = {"gt": "2026-11-20T12:00:00Z"}, {"gte": "2026-12-01"}
    for name, comparison in {
        "title": {"startsWith": "Want"},
        "status": {"in": ["WON", "LOST"]},
        "priority": {"eq": "URGENT"},
        "dealType": {"ne": "NEW_BUSINESS"},
        "value": {"gt": "2500.49", "lt": "2500.51"},
        "currency": {"eq": "INR"},
        "probability": {"gte": 100},
        "stageEnteredAt": instant,
        "expectedCloseOn": day,
        "actualCloseOn": day,
        "closedAt": instant,
        "closeReason": {"eq": "PRICE"},
        "leadSource": {"isNull": False},
        "competitor": {"eq": "Acme"},
        "tags": {"has": "vip"},
        "contactId": {"eq": gid(person)},
        "accountId": {"eq": gid(company)},
        "policyId": {"eq": gid(policy)},
        "pipelineId": {"eq": gid(flow.pipeline)},
        "stageId": {"in": [gid(flow.won)]},
        "ownerId": {"eq": gid(user)},
        "teamId": {"eq": gid(team)},
        "createdById": {"isNull": False},
        "createdAt": instant,
        "updatedAt": instant,
    }.items():
        assert await titles(client, {name: comparison}) == ["Wanted"], name
        assert await titles(client, {"not": {name: comparison}}) == ["Other"], name


async def test_deals_are_ordered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    stage = await deals.pipeline_stage(store, tenant)
    await deals.deal(store, other_tenant, title="Alpha fleet")
    for number, (title, value) in enumerate([("Beta fleet", Decimal(300)), ("Alpha", None), ("Gamma", Decimal(200))]):
        moment = START + timedelta(minutes=number)
        await deals.deal(
            store,
            tenant,
            pipeline_id=stage.pipeline_id,
            stage_id=stage.id,
            title=title,
            description="renewal of cover" if value is None else None,
            value=value,
            created_at=moment,
            updated_at=START - timedelta(minutes=number),
            stage_entered_at=moment,
        )
    client = await sign_in(tenant)
    assert await titles(client) == ["Gamma", "Alpha", "Beta fleet"]
    for field, expected in {
        "CREATED_AT": ["Beta fleet", "Alpha", "Gamma"],
        "UPDATED_AT": ["Gamma", "Alpha", "Beta fleet"],
        "STAGE_ENTERED_AT": ["Beta fleet", "Alpha", "Gamma"],
        "TITLE": ["Alpha", "Beta fleet", "Gamma"],
        "VALUE": ["Alpha", "Gamma", "Beta fleet"],
    }.items():
        assert await titles(client, order={"field": field, "direction": "ASC"}) == expected, field
        assert await titles(client, order={"field": field, "direction": "DESC"}) == expected[::-1], field
    assert await titles(client, search="fle") == ["Beta fleet"]
    assert await titles(client, search="renewal cov") == ["Alpha"]
    page = (
        await client.run("{ deals(first: 1, orderBy: {field: VALUE, direction: DESC}) { pageInfo { endCursor } } }")
    ).ok()
    after = page["deals"]["pageInfo"]["endCursor"]
    query = "query ($c: String) { deals(after: $c, orderBy: {field: VALUE, direction: DESC}) { nodes { title } } }"
    rest = (await client.run(query, {"c": after})).ok()["deals"]["nodes"]
    assert [node["title"] for node in rest] == ["Gamma", "Alpha"]


async def test_products_and_moves_are_read_and_listed_over_all_deals(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    stage = await deals.pipeline_stage(store, tenant)
    deal = await deals.deal(store, tenant, pipeline_id=stage.pipeline_id, stage_id=stage.id)
    user = await access.user(store, tenant)
    product = await deals.deal_product(
        store,
        tenant,
        deal_id=deal.id,
        product_name="Van",
        product_code="V-1",
        quantity=Decimal("2.50"),
        created_by_id=user.id,
    )
    await deals.deal_product(store, tenant, product_name="Bus")
    change = await deals.deal_stage_change(store, tenant, deal_id=deal.id, to_stage_id=stage.id)
    await deals.deal_stage_change(store, tenant)
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($product: ID!, $change: ID!, $deal: ID!) {
              dealProduct(id: $product) {
                id position productName productCode description quantity unitPrice discountPercent discountAmount
                totalPrice currency customFields version deal { id } createdBy { id }
              }
              dealProducts(filter: {productName: {eq: "Bus"}}, orderBy: {field: CREATED_AT}) { nodes { productName } }
              dealStageChange(id: $change) { id toProbability toStage { id } deal { id } }
              dealStageChanges(filter: {dealId: {eq: $deal}}, orderBy: {field: CREATED_AT}) { nodes { id } totalCount }
            }""",
            {"product": gid(product), "change": gid(change), "deal": gid(deal)},
        )
    ).ok()
    assert data["dealProduct"] == {
        "id": gid(product),
        "position": 1,
        "productName": "Van",
        "productCode": "V-1",
        "description": None,
        "quantity": "2.50",
        "unitPrice": "1000.00",
        "discountPercent": "0.00",
        "discountAmount": "0.00",
        "totalPrice": "1000.00",
        "currency": "EUR",
        "customFields": {},
        "version": 1,
        "deal": {"id": gid(deal)},
        "createdBy": {"id": gid(user)},
    }
    assert data["dealProducts"]["nodes"] == [{"productName": "Bus"}]
    assert data["dealStageChange"] == {
        "id": gid(change),
        "toProbability": 10,
        "toStage": {"id": gid(stage)},
        "deal": {"id": gid(deal)},
    }
    assert data["dealStageChanges"] == {"nodes": [{"id": gid(change)}], "totalCount": 1}


async def test_without_the_permission_nothing_of_deals_is_read(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    product = await deals.deal_product(store, tenant)
    deal = await store.get(Deal, tenant.id, product.deal_id)
    assert deal is not None
    change = await deals.deal_stage_change(store, tenant, deal_id=deal.id, to_stage_id=deal.stage_id)
    stage, pipeline = f"pipeline_stage_{deal.stage_id}", f"pipeline_{deal.pipeline_id}"
    nobody = await sign_in(tenant, permissions={"contact:read"})
    for needed, field in (
        ("deal:read", f'deal(id: "{gid(deal)}") {{ id }}'),
        ("deal:read", f'node(id: "{gid(deal)}") {{ id }}'),
        ("deal:read", "deals { nodes { id } }"),
        ("deal:read", f'dealProduct(id: "{gid(product)}") {{ id }}'),
        ("deal:read", "dealProducts { nodes { id } }"),
        ("deal:read", f'dealStageChange(id: "{gid(change)}") {{ id }}'),
        ("deal:read", "dealStageChanges { nodes { id } }"),
        ("deal:read", "dealsAggregate(groupBy: STAGE) { count }"),
        ("pipeline:read", f'pipeline(id: "{pipeline}") {{ id }}'),
        ("pipeline:read", "pipelines { nodes { id } }"),
        ("pipeline:read", f'pipelineStage(id: "{stage}") {{ id }}'),
        ("pipeline:read", "pipelineStages { nodes { id } }"),
    ):
        answer = await nobody.run(f"{{ {field} }}")
        assert answer.codes == ["FORBIDDEN"], field
        assert answer.errors[0]["extensions"]["permission"] == needed
    reader = await sign_in(tenant, permissions={"deal:read"})
    answer = await reader.run(f'{{ deal(id: "{gid(deal)}") {{ id stage {{ id }} }} }}')
    assert answer.codes == ["FORBIDDEN"]
    assert answer.data["deal"] == {"id": gid(deal), "stage": None}


async def test_another_tenants_deals_and_pipelines_stay_unseen(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    product = await deals.deal_product(store, other_tenant)
    deal = await store.get(Deal, other_tenant.id, product.deal_id)
    assert deal is not None
    change = await deals.deal_stage_change(store, other_tenant, deal_id=deal.id, to_stage_id=deal.stage_id)
    client = await sign_in(tenant)
    data = (
        await client.run(
            f"""{{
              deal(id: "{gid(deal)}") {{ id }}
              dealProduct(id: "{gid(product)}") {{ id }}
              dealStageChange(id: "{gid(change)}") {{ id }}
              pipeline(id: "pipeline_{deal.pipeline_id}") {{ id }}
              pipelineStage(id: "pipeline_stage_{deal.stage_id}") {{ id }}
              deals(filter: {{pipelineId: {{eq: "pipeline_{deal.pipeline_id}"}}}}) {{ nodes {{ id }} totalCount }}
              dealProducts {{ nodes {{ id }} }}
              dealStageChanges {{ nodes {{ id }} }}
              pipelines {{ nodes {{ id }} }}
              pipelineStages {{ nodes {{ id }} }}
              dealsAggregate(groupBy: OWNER) {{ count }}
            }}"""
        )
    ).ok()
    nothing: dict[str, Any] = {"nodes": []}
    assert data == {
        "deal": None,
        "dealProduct": None,
        "dealStageChange": None,
        "pipeline": None,
        "pipelineStage": None,
        "deals": {"nodes": [], "totalCount": 0},
        "dealProducts": nothing,
        "dealStageChanges": nothing,
        "pipelines": nothing,
        "pipelineStages": nothing,
        "dealsAggregate": [],
    }
