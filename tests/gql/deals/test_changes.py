"""Creating and changing deals through the API."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.contacts import Contact
from db.deals import Deal, DealProduct
from db.enums.deals import ProbabilityCalculation
from db.enums.events import EventType
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from tests.factories import access, contacts, deals, policies
from tests.gql.deals.changing import CREATE, MOVE, UPDATE, answer, as_user, counts, done, figures, last_event, refused
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_a_deal_is_created_with_its_products_and_counts_for_its_contact(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    person, user = await contacts.contact(store, tenant), await access.user(store, tenant)
    client = await sign_in(tenant)
    payload = await answer(
        client,
        CREATE,
        {
            "title": " Fleet ",
            "contactId": gid(person),
            "ownerId": gid(user),
            "tags": ["a", "A"],
            "customFields": {"colour": "red"},
            "products": [
                {
                    "productName": "Van",
                    "unitPrice": "99.99",
                    "quantity": "3",
                    "discountAmount": "10.00",
                    "discountPercent": "12.5",
                },
                {"productName": "Bus", "unitPrice": 500},
            ],
        },
    )
    assert payload["errors"] == []
    deal = payload["deal"]
    assert (deal["title"], deal["value"], deal["currency"], deal["status"]) == ("Fleet", "752.47", "EUR", "OPEN")
    assert (deal["probability"], deal["stage"], deal["version"]) == (10, {"name": "New"}, 1)
    assert (deal["tags"], deal["customFields"], deal["owner"]) == (["a"], {"colour": "red"}, {"id": gid(user)})
    assert deal["products"]["nodes"] == [
        {"position": 1, "productName": "Van", "quantity": "3.00", "totalPrice": "252.47", "currency": "EUR"},
        {"position": 2, "productName": "Bus", "quantity": "1.00", "totalPrice": "500.00", "currency": "EUR"},
    ]
    assert await figures(store, tenant, person) == (1, 1, 0, {"EUR": "752.47"}, {})
    assert await counts(store, tenant) == [1, 2, 1, 1, 1]
    stored = (await store.all(select(Deal).where(Deal.tenant_id == tenant.id)))[0]
    assert stored.value_minor == 75247
    event = await last_event(store, tenant)
    assert (event.type, str(event.position)) == (EventType.DEAL_CREATED, payload["position"])
    changed = event.payload.pop("changed")
    assert {"title", "contact_id", "value"} <= set(changed)
    assert event.payload == {
        "pipeline_id": str(flow.pipeline.id),
        "old_stage_id": None,
        "new_stage_id": str(flow.new.id),
        "old_status": None,
        "new_status": "OPEN",
        "contact_id": str(person.id),
        "account_id": None,
        "policy_id": None,
        "owner_id": str(user.id),
        "team_id": None,
        "priority": "MEDIUM",
        "deal_type": "NEW_BUSINESS",
    }
    entry = (await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id)))[0]
    assert (entry.key_subject_id, entry.action) == (person.id, "DEAL_CREATED")


async def test_a_deal_starts_where_it_is_told_to_and_may_be_closed_at_once(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant)
    person = await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    start = {"title": "A", "pipelineId": gid(flow.pipeline), "contactId": gid(person), "currency": "JPY"}
    talk = await done(client, CREATE, start | {"stageId": gid(flow.talk), "probability": 45, "value": "1200"})
    assert (talk["stage"], talk["probability"], talk["currency"]) == ({"name": "Talk"}, 45, "JPY")
    won = await done(client, CREATE, start | {"stageId": gid(flow.won), "value": "800"})
    assert (won["status"], won["probability"], won["closedAt"]) == ("WON", 100, "2026-11-20T09:00:00Z")
    assert await figures(store, tenant, person) == (2, 1, 1, {"JPY": "2000.00"}, {"JPY": "800.00"})
    minor = await store.all(select(Deal.value_minor).where(Deal.tenant_id == tenant.id).order_by(Deal.id))
    assert minor == [1200, 800]  # a yen has no smaller unit


async def test_the_deal_is_the_viewers_unless_somebody_else_is_named(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    await deals.flow(store, tenant, is_default=True)
    client = await sign_in(tenant)
    assert (await done(client, CREATE, {"title": "A"}))["owner"] is None  # a program's deal is nobody's
    user = await as_user(store, tenant, client)
    assert (await done(client, CREATE, {"title": "A"}))["owner"] == {"id": gid(user)}
    assert (await done(client, CREATE, {"title": "A", "ownerId": None}))["owner"] is None


async def test_what_a_new_deal_must_not_be_is_refused_and_nothing_is_stored(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    elsewhere = await deals.flow(store, tenant)
    closed = await deals.flow(store, tenant, is_active=False)
    strict = await deals.flow(store, tenant, is_stage_order_enforced=True)
    foreign = await deals.flow(store, other_tenant)
    client = await sign_in(tenant)

    def invalid(*path: str) -> list[tuple[str, list[str]]]:
        return [("ValidationFailed", ["input", *path])]

    def missing(name: str) -> list[tuple[str, list[str]]]:
        return [("NotFound", ["input", name])]

    product = {"productName": "Van", "unitPrice": "10"}
    for wanted, errors in (
        ({"title": " "}, invalid("title")),
        ({"currency": "EURO"}, invalid("currency")),
        ({"currency": "XAU"}, invalid("currency")),
        ({"value": "-1"}, invalid("value")),
        ({"value": "1.005"}, invalid("value")),
        ({"value": "10.50", "currency": "JPY"}, invalid("value")),
        ({"value": "11", "products": [product]}, invalid("value")),
        ({"products": [product, product | {"unitPrice": "-1"}]}, invalid("products", "1", "unitPrice")),
        ({"products": [product | {"customFields": []}]}, invalid("products", "0", "customFields")),
        ({"customFields": [1]}, invalid("customFields")),
        ({"probability": 101}, invalid("probability")),
        ({"pipelineId": gid(closed.pipeline)}, invalid("pipelineId")),
        ({"stageId": gid(elsewhere.new)}, invalid("stageId")),
        ({"stageId": gid(foreign.new)}, missing("stageId")),
        ({"pipelineId": gid(foreign.pipeline)}, missing("pipelineId")),
        ({"contactId": gid(await contacts.contact(store, other_tenant))}, missing("contactId")),
        ({"accountId": gid(await contacts.account(store, other_tenant))}, missing("accountId")),
        ({"policyId": gid(await policies.policy(store, other_tenant))}, missing("policyId")),
        ({"ownerId": gid(await access.user(store, other_tenant))}, missing("ownerId")),
        ({"teamId": gid(await access.team(store, other_tenant))}, missing("teamId")),
        ({"contactId": gid(flow.new)}, invalid("contactId")),
        ({"pipelineId": gid(strict.pipeline), "stageId": gid(strict.talk)}, [("IllegalTransition", [])]),
    ):
        assert await refused(client, CREATE, {"title": "A", **wanted}) == errors, wanted
    assert await counts(store, tenant) == [0, 0, 0, 0, 0]


async def test_without_a_default_pipeline_one_must_be_named(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    await deals.flow(store, tenant)
    client = await sign_in(tenant)
    assert await refused(client, CREATE, {"title": "A"}) == [("ValidationFailed", ["input", "pipelineId"])]


async def test_a_retry_with_the_same_key_creates_no_second_deal(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    await deals.flow(store, tenant, is_default=True)
    client = await sign_in(tenant)
    wanted = {
        "title": "A",
        "value": "5.00",
        "products": [{"productName": "Van", "unitPrice": "5"}],
        "idempotencyKey": "k",
    }
    first = await answer(client, CREATE, wanted)
    assert await answer(client, CREATE, wanted) == first
    assert await refused(client, CREATE, {**wanted, "title": "B"}) == [("Conflict", ["input", "idempotencyKey"])]
    assert await counts(store, tenant) == [1, 1, 1, 1, 1]


async def test_an_update_changes_what_is_given_and_nothing_twice(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    flow = await deals.flow(store, tenant)
    deal = await deals.deal(
        store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id, competitor="Acme", tags=["x"]
    )
    client = await sign_in(tenant)
    clock.instant = START + timedelta(hours=1)
    user = await as_user(store, tenant, client)
    wanted = {
        "id": gid(deal),
        "title": "Fleet",
        "value": "250.00",
        "probability": 40,
        "priority": "HIGH",
        "competitor": None,
        "tags": None,
        "customFields": None,
        "ownerId": gid(user),
    }
    changed = await done(client, UPDATE, wanted)
    assert (changed["title"], changed["value"], changed["probability"]) == ("Fleet", "250.00", 40)
    assert (changed["tags"], changed["customFields"], changed["version"]) == ([], {}, 2)
    event = await last_event(store, tenant)
    assert event.type is EventType.DEAL_UPDATED
    assert event.payload == {
        "changed": [
            "competitor",
            "owner_id",
            "priority",
            "probability",
            "tags",
            "title",
            "updated_by_id",
            "value",
            "value_minor",
        ],
        "pipeline_id": str(flow.pipeline.id),
        "old_stage_id": str(flow.new.id),
        "new_stage_id": str(flow.new.id),
        "old_status": "OPEN",
        "new_status": "OPEN",
        "contact_id": None,
        "old_contact_id": None,
        "account_id": None,
        "policy_id": None,
        "owner_id": str(user.id),
        "old_owner_id": None,
        "team_id": None,
        "priority": "HIGH",
        "old_priority": "MEDIUM",
        "deal_type": "NEW_BUSINESS",
    }
    assert (await done(client, UPDATE, wanted))["version"] == 2
    assert await counts(store, tenant) == [1, 0, 0, 1, 1]
    stored = await store.get(Deal, tenant.id, deal.id)
    assert stored is not None
    assert (stored.competitor, stored.value_minor, stored.updated_at) == (None, 25000, clock.instant)


async def test_products_replace_all_there_are_and_make_the_value(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    client = await sign_in(tenant)
    van, bus = ({"productName": name, "unitPrice": price} for name, price in (("Van", "10.10"), ("Bus", "20")))
    deal = await done(client, CREATE, {"title": "A", "pipelineId": gid(flow.pipeline), "products": [van]})
    update = {"id": deal["id"]}
    changed = await done(client, UPDATE, update | {"products": [bus, van]})
    assert [line["productName"] for line in changed["products"]["nodes"]] == ["Bus", "Van"]
    assert (changed["value"], changed["version"]) == ("30.10", 2)
    assert "products" in (await last_event(store, tenant)).payload["changed"]
    lines = select(DealProduct.id).where(DealProduct.tenant_id == tenant.id).order_by(DealProduct.id)
    before = await store.all(lines)
    same = await done(client, UPDATE, update | {"products": [bus, van], "value": "30.10"})
    assert same["version"] == 2
    assert await store.all(lines) == before
    for wrong in ({"value": "30.11"}, {"currency": "USD"}, {"products": [van], "value": "30.10"}):
        assert [kind for kind, _ in await refused(client, UPDATE, update | wrong)] == ["ValidationFailed"], wrong
    dollars = await done(client, UPDATE, update | {"currency": "USD", "products": [bus, van]})
    assert (dollars["currency"], dollars["products"]["nodes"][0]["currency"]) == ("USD", "USD")
    assert dollars["version"] == 3
    other = await done(client, UPDATE, update | {"products": [van | {"unitPrice": "30.10"}]})
    assert (other["value"], other["version"]) == ("30.10", 4)
    without = await done(client, UPDATE, update | {"products": []})
    assert (without["products"]["nodes"], without["value"]) == ([], "30.10")
    assert (await done(client, UPDATE, update | {"value": None}))["value"] is None


async def test_a_deal_that_changes_its_contact_counts_for_the_new_one(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant)
    one, two = await contacts.contact(store, tenant), await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    start = {"title": "A", "pipelineId": gid(flow.pipeline), "contactId": gid(one), "value": "5.00"}
    deal = await done(client, CREATE, start)
    await done(client, CREATE, start | {"currency": "INR", "value": "7.00"})
    await done(client, UPDATE, {"id": deal["id"], "contactId": gid(two)})
    assert await figures(store, tenant, one) == (1, 1, 0, {"INR": "7.00"}, {})
    assert await figures(store, tenant, two) == (1, 1, 0, {"EUR": "5.00"}, {})
    event = await last_event(store, tenant)
    assert (event.payload["old_contact_id"], event.payload["contact_id"]) == (str(one.id), str(two.id))
    await done(client, UPDATE, {"id": deal["id"], "currency": "USD", "value": "6.00"})
    assert await figures(store, tenant, two) == (1, 1, 0, {"USD": "6.00"}, {})
    await done(client, UPDATE, {"id": deal["id"], "contactId": None})
    assert await figures(store, tenant, two) == (0, 0, 0, {}, {})
    kept = await store.get(Contact, tenant.id, two.id)
    assert kept is not None
    assert kept.version == 1  # figures are derived: nobody's expectedVersion of a contact fails for them


async def test_what_an_update_must_not_do_is_refused_and_nothing_changes(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant, probability_calculation=ProbabilityCalculation.STAGE_BASED)
    deal = await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id, version=3)
    foreign = await deals.deal(store, other_tenant)
    client = await sign_in(tenant)
    for wanted, error in (
        ({"title": None}, ("ValidationFailed", ["input", "title"])),
        ({"currency": None}, ("ValidationFailed", ["input", "currency"])),
        ({"priority": None}, ("ValidationFailed", ["input", "priority"])),
        ({"probability": 50}, ("ValidationFailed", ["input", "probability"])),
        ({"probability": None}, ("ValidationFailed", ["input", "probability"])),
        ({"contactId": gid(await contacts.contact(store, other_tenant))}, ("NotFound", ["input", "contactId"])),
        ({"ownerId": gid(await access.user(store, other_tenant))}, ("NotFound", ["input", "ownerId"])),
        ({"id": gid(foreign), "title": "X"}, ("NotFound", ["input", "id"])),
        ({"title": "X", "expectedVersion": 2}, ("Conflict", ["input", "expectedVersion"])),
    ):
        assert await refused(client, UPDATE, {"id": gid(deal), **wanted}) == [error], wanted
    for tenant_id, row in ((tenant.id, deal), (other_tenant.id, foreign)):
        stored = await store.get(Deal, tenant_id, row.id)
        assert stored is not None
        assert (stored.title, stored.version, stored.priority) == (row.title, row.version, row.priority)
    assert await counts(store, tenant) == [1, 0, 0, 0, 0]


async def test_without_the_permission_deals_are_not_changed(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    deal = await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id)
    reader = await sign_in(tenant, permissions={"deal:read", "pipeline:read", "contact:read"})
    for mutation, wanted in (
        (CREATE, {"title": "A"}),
        (UPDATE, {"id": gid(deal), "title": "A"}),
        (MOVE, {"id": gid(deal), "stageId": gid(flow.talk)}),
    ):
        refusal = await reader.run(mutation, {"input": wanted})
        assert refusal.codes == ["FORBIDDEN"]
        assert refusal.errors[0]["extensions"]["permission"] == "deal:write"
    assert await counts(store, tenant) == [1, 0, 0, 0, 0]


async def test_another_tenants_products_and_moves_are_left_alone(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    await deals.deal_product(store, other_tenant)
    await deals.flow(store, tenant, is_default=True)
    client = await sign_in(tenant)
    deal = await done(client, CREATE, {"title": "A", "products": [{"productName": "Van", "unitPrice": "1"}]})
    await done(client, UPDATE, {"id": deal["id"], "products": []})
    assert await counts(store, tenant) == [1, 0, 1, 2, 2]
    assert (await counts(store, other_tenant))[:2] == [1, 1]
    stored = (await store.all(select(Deal.value).where(Deal.tenant_id == other_tenant.id)))[0]
    assert stored == Decimal("1000.00")
