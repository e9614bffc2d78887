"""Callbacks, their queues and their history as clients read them."""

from datetime import timedelta

import pytest

from db.enums.callbacks import (
    CallbackActivityType,
    CallbackCategory,
    CallbackPriority,
    CallbackRequestType,
    CallbackStatus,
    CallbackUrgency,
)
from db.enums.contacts import CustomerValue
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from tests.factories import access, callbacks, calls, contacts, insurance_agents
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_a_callback_is_read_with_all_that_hangs_on_it_in_at_most_one_statement_each(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant)
    member = await access.user(store, tenant)
    team = await access.team(store, tenant)
    queue = await callbacks.callback_queue(store, tenant, team_id=team.id, last_insurance_agent_id=agent.id)
    call = await calls.call(store, tenant, contact_id=person.id)
    by = dict.fromkeys(
        (
            "created_by_id",
            "updated_by_id",
            "assigned_by_id",
            "completed_by_id",
            "cancelled_by_id",
            "escalated_to_user_id",
        ),
        member.id,
    )
    made = [
        await callbacks.callback_request(
            store,
            tenant,
            contact_id=person.id,
            insurance_agent_id=agent.id,
            queue_id=queue.id,
            call_id=call.id,
            **by,
        )
        for _ in range(3)
    ]
    for request in made:
        await callbacks.callback_activity(
            store,
            tenant,
            callback_request_id=request.id,
            insurance_agent_id=agent.id,
            user_id=member.id,
            call_id=call.id,
        )
    client = await sign_in(tenant)
    query = """{
      callbackRequests(orderBy: {field: CREATED_AT}) { totalCount nodes {
        id
        contact { id callbackRequests { nodes { id } } }
        insuranceAgent { id callbackRequests { nodes { id } } }
        call { id callbackRequests { nodes { id } } }
        queue { id team { id } lastInsuranceAgent { id } callbackRequests { nodes { id } } }
        escalatedTo { id } createdBy { id } updatedBy { id } assignedBy { id } completedBy { id } cancelledBy { id }
        activities { nodes { id callbackRequest { id } insuranceAgent { id } user { id } call { id } } }
      } }
    }"""
    data = (await client.run(query)).ok()["callbackRequests"]
    assert data["totalCount"] == 3
    ids = {gid(request) for request in made}
    assert {node["id"] for node in data["nodes"]} == ids
    for node in data["nodes"]:
        for parent, row in (("contact", person), ("insuranceAgent", agent), ("call", call)):
            assert node[parent]["id"] == gid(row)
            assert {one["id"] for one in node[parent]["callbackRequests"]["nodes"]} == ids
        assert node["queue"]["team"] == {"id": gid(team)}
        assert node["queue"]["lastInsuranceAgent"] == {"id": gid(agent)}
        assert {one["id"] for one in node["queue"]["callbackRequests"]["nodes"]} == ids
        for name in ("escalatedTo", "createdBy", "updatedBy", "assignedBy", "completedBy", "cancelledBy"):
            assert node[name] == {"id": gid(member)}
        [entry] = node["activities"]["nodes"]
        assert entry["callbackRequest"] == {"id": node["id"]}
        assert (entry["insuranceAgent"], entry["user"], entry["call"]) == (
            {"id": gid(agent)},
            {"id": gid(member)},
            {"id": gid(call)},
        )
    # At most one each: callbacks and their count, the 11 relations of a callback, and the 10 of what these lead to.
    assert len(client.statements) <= 2 + 11 + 10


@pytest.mark.parametrize("as_node", [True, False])
async def test_each_type_is_read_by_its_id(store: Store, tenant: Tenant, sign_in: SignIn, as_node: bool) -> None:
    request = await callbacks.callback_request(store, tenant, tags=["vip"], source_reference="T-1")
    entry = await callbacks.callback_activity(store, tenant, callback_request_id=request.id, details={"a": 1})
    queue = await callbacks.callback_queue(
        store, tenant, name="Renewals", queue_type="FIFO", assignment_rules={"categories": ["POLICY"]}
    )
    client = await sign_in(tenant)
    for row, field, selection, expected in (
        (request, "callbackRequest", "number tags sourceReference version", (request.number, ["vip"], "T-1", 1)),
        (entry, "callbackActivity", "activityType details notes", ("CREATED", {"a": 1}, None)),
        (
            queue,
            "callbackQueue",
            "name queueType assignmentRules",
            ("Renewals", "FIFO", {"categories": ["POLICY"]}),
        ),
    ):
        name = type(row).__name__
        text = (
            f"node(id: $id) {{ ... on {name} {{ {selection} }} }}" if as_node else f"{field}(id: $id) {{ {selection} }}"
        )
        data = (await client.run(f"query ($id: ID!) {{ found: {text} }}", {"id": gid(row)})).ok()["found"]
        assert tuple(data[part] for part in selection.split()) == expected


@pytest.mark.parametrize(
    ("field", "permission"),
    [
        ("callbackQueue(id: $id) { id }", "callback_queue:read"),
        ("callbackQueues { nodes { id } }", "callback_queue:read"),
        ("callbackRequest(id: $id) { id }", "callback:read"),
        ("callbackRequests { nodes { id } }", "callback:read"),
        ("callbackActivity(id: $id) { id }", "callback:read"),
        ("callbackActivities { nodes { id } }", "callback:read"),
    ],
)
async def test_reading_needs_its_permission_and_shows_nothing_of_other_tenants(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn, field: str, permission: str
) -> None:
    queue = await callbacks.callback_queue(store, other_tenant)
    request = await callbacks.callback_request(store, other_tenant, queue_id=queue.id)
    entry = await callbacks.callback_activity(store, other_tenant, callback_request_id=request.id)
    row = {"callbackQ": queue, "callbackR": request, "callbackA": entry}[field[:9]]
    query = f"query ($id: ID!) {{ found: {field} __typename }}" if "$id" in field else f"{{ found: {field} }}"
    variables = {"id": gid(row)} if "$id" in field else {}
    refused = await (await sign_in(tenant, permissions=())).run(query, variables)
    assert refused.codes == ["FORBIDDEN"]
    assert refused.errors[0]["extensions"]["permission"] == permission
    for reader, is_theirs in ((tenant, False), (other_tenant, True)):
        found = (await (await sign_in(reader, permissions={permission})).run(query, variables)).ok()["found"]
        ids = [found["id"]] if found and "id" in found else [node["id"] for node in (found or {}).get("nodes", [])]
        assert ids == ([gid(row)] if is_theirs else [])


async def test_a_relation_needs_the_permission_of_what_it_leads_to(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    queue = await callbacks.callback_queue(store, tenant)
    request = await callbacks.callback_request(store, tenant, queue_id=queue.id)
    client = await sign_in(tenant, permissions={"callback:read"})
    query = "query ($id: ID!) { callbackRequest(id: $id) { id queue { id } contact { id } } }"
    answer = await client.run(query, {"id": gid(request)})
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data == {"callbackRequest": {"id": gid(request), "queue": None, "contact": None}}


@pytest.mark.parametrize(
    "condition",
    [
        "{status: {in: [OVERDUE]}}",
        "{priority: {eq: HIGH}}",
        "{category: {eq: BILLING}}",
        "{requestType: {eq: PAYMENT_PROBLEM}}",
        "{urgency: {eq: CRITICAL}}",
        '{tags: {has: "vip"}}',
        "{queueId: {eq: $queue}}",
        "{contactId: {in: [$contact]}}",
        "{insuranceAgentId: {eq: $agent}}",
        "{callId: {eq: $call}}",
        '{dueAt: {lt: "2026-11-20T10:00:00Z"}}',
        '{createdAt: {lt: "2026-11-20T08:00:00Z"}}',
        '{number: {eq: "CBR00000042"}}',
        "{satisfactionRating: {gte: 4}, escalationLevel: {gt: 0}}",
        "{and: [{not: {status: {eq: PENDING}}}, {or: [{source: {eq: WHATSAPP}}, {source: {eq: API}}]}]}",
    ],
)
async def test_callbacks_are_filtered(store: Store, tenant: Tenant, sign_in: SignIn, condition: str) -> None:
    await callbacks.callback_request(store, tenant)
    person = await contacts.contact(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant)
    queue = await callbacks.callback_queue(store, tenant)
    call = await calls.call(store, tenant)
    wanted = await callbacks.callback_request(
        store,
        tenant,
        number="CBR00000042",
        status=CallbackStatus.OVERDUE,
        priority=CallbackPriority.HIGH,
        category=CallbackCategory.BILLING,
        request_type=CallbackRequestType.PAYMENT_PROBLEM,
        urgency=CallbackUrgency.CRITICAL,
        tags=["vip"],
        source="WHATSAPP",
        contact_id=person.id,
        insurance_agent_id=agent.id,
        queue_id=queue.id,
        call_id=call.id,
        created_at=START - timedelta(hours=2),
        due_at=START,
        satisfaction_rating=5,
        escalation_level=1,
    )
    for name, row in (("queue", queue), ("contact", person), ("agent", agent), ("call", call)):
        condition = condition.replace(f"${name}", f'"{gid(row)}"')
    client = await sign_in(tenant)
    data = (await client.run(f"{{ callbackRequests(filter: {condition}) {{ totalCount nodes {{ id }} }} }}")).ok()
    assert data["callbackRequests"] == {"totalCount": 1, "nodes": [{"id": gid(wanted)}]}


async def test_callbacks_are_ordered_paged_and_searched(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    made = [
        await callbacks.callback_request(
            store,
            tenant,
            created_at=START + timedelta(minutes=first),
            due_at=START + timedelta(minutes=second),
            priority_score=third,
            description=f"About the {word}.",
        )
        for first, second, third, word in ((0, 2, 71.0, "bonus"), (1, 0, 70.25, "premium"), (2, 1, 99.5, "nominee"))
    ]
    client = await sign_in(tenant)
    query = """query ($order: CallbackRequestOrder, $after: String, $search: String) {
      callbackRequests(first: 2, orderBy: $order, after: $after, search: $search) {
        nodes { id } pageInfo { hasNextPage endCursor }
      }
    }"""

    async def pages(order: dict[str, str] | None) -> list[int]:
        seen: list[int] = []
        after = None
        while True:
            page = (await client.run(query, {"order": order, "after": after})).ok()["callbackRequests"]
            seen += [[gid(row) for row in made].index(node["id"]) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return seen
            after = page["pageInfo"]["endCursor"]

    assert await pages(None) == [2, 1, 0]
    assert await pages({"field": "CREATED_AT", "direction": "ASC"}) == [0, 1, 2]
    assert await pages({"field": "DUE_AT", "direction": "ASC"}) == [1, 2, 0]
    assert await pages({"field": "PRIORITY_SCORE", "direction": "DESC"}) == [2, 0, 1]
    found = (await client.run(query, {"search": "PREM"})).ok()["callbackRequests"]["nodes"]
    assert found == [{"id": gid(made[1])}]


async def test_queues_and_history_are_filtered_ordered_and_searched(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    renewals = await callbacks.callback_queue(store, tenant, name="Renewals", queue_type="FIFO")
    claims = await callbacks.callback_queue(store, tenant, name="Claims", is_active=False)
    first = await callbacks.callback_activity(store, tenant)
    second = await callbacks.callback_activity(
        store,
        tenant,
        callback_request_id=first.callback_request_id,
        activity_type=CallbackActivityType.NOTE_ADDED,
        created_at=START + timedelta(minutes=1),
    )
    client = await sign_in(tenant)
    data = (
        await client.run("""{
          all: callbackQueues { nodes { id } }
          latest: callbackQueues(orderBy: {field: CREATED_AT, direction: DESC}) { nodes { id } }
          fifo: callbackQueues(filter: {queueType: {eq: FIFO}, name: {startsWith: "Ren"}}) { nodes { id } }
          closed: callbackQueues(filter: {isActive: {eq: false}}) { nodes { id } }
          found: callbackQueues(search: "claim") { nodes { id } }
          history: callbackActivities { nodes { id } }
          back: callbackActivities(orderBy: {field: CREATED_AT, direction: DESC}) { nodes { id } }
          notes: callbackActivities(filter: {activityType: {eq: NOTE_ADDED}}) { nodes { id } }
        }""")
    ).ok()
    ids = {name: [node["id"] for node in page["nodes"]] for name, page in data.items()}
    assert ids == {
        "all": [gid(claims), gid(renewals)],
        "latest": [gid(claims), gid(renewals)],
        "fifo": [gid(renewals)],
        "closed": [gid(claims)],
        "found": [gid(claims)],
        "history": [gid(first), gid(second)],
        "back": [gid(second), gid(first)],
        "notes": [gid(second)],
    }


async def test_score_category_and_sla_are_shown_as_of_now_while_nothing_is_written(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    request = await callbacks.callback_request(
        store, tenant, due_at=START + timedelta(hours=10), customer_value=CustomerValue.GOLD, priority_score=80.0
    )
    client = await sign_in(tenant)
    query = """query ($id: ID!) { callbackRequest(id: $id) {
      status priorityScore priority version score priorityCategory isOverdue slaState
    } }"""
    seen = []
    for hours in (0, 1, 8, 10, 11, 20, 61):
        clock.instant = START + timedelta(hours=hours)
        shown = list((await client.run(query, {"id": gid(request)})).ok()["callbackRequest"].values())
        assert shown[:4] == ["PENDING", 80, "MEDIUM", 1]
        seen.append(tuple(shown[4:]))
    assert seen == [
        (80, "MEDIUM", False, "ON_TRACK"),
        (80.25, "MEDIUM", False, "ON_TRACK"),
        (82, "MEDIUM", False, "AT_RISK"),
        (82.5, "MEDIUM", False, "AT_RISK"),
        (82.75, "MEDIUM", True, "BREACHED"),
        (85, "HIGH", True, "BREACHED"),
        (90, "HIGH", True, "BREACHED"),
    ]


async def test_the_number_to_call_is_personal(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    request = await callbacks.callback_request(store, tenant, phone_number="+919812345678")
    query = "query ($id: ID!) { callbackRequest(id: $id) { number phoneNumber } }"
    reader = await sign_in(tenant, permissions={"callback:read"})
    answer = await reader.run(query, {"id": gid(request)})
    assert answer.codes == ["FORBIDDEN"]
    assert answer.data == {"callbackRequest": {"number": request.number, "phoneNumber": None}}
    trusted = await sign_in(tenant, permissions={"callback:read", "contact:pii:read"})
    assert (await trusted.run(query, {"id": gid(request)})).ok()["callbackRequest"]["phoneNumber"] == "+919812345678"
