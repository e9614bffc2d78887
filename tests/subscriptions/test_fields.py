"""Each subscription about objects: what real changes tell, what its filter lets through, and whom it refuses."""

import dataclasses
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from db.enums.calls import CallStatus
from db.enums.deals import DealPriority
from db.enums.events import EventType
from db.organizations import Tenant
from gql.core.arguments import ID_TYPE
from gql.core.ids import encode_id
from gql.core.subscriptions import followed_names
from resolvers.core.errors import camel
from resolvers.core.writes import Write
from resolvers.events import OBJECT_ID
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, calls, contacts, deals, insurance_agents, policies
from tests.factories.everything import populate
from tests.subscriptions.following import do, document, listed, live_objects
from tests.subscriptions.support import Credentials, Server, Socket, move_call
from tests.support.ids import gid
from tests.support.schema import root_type
from tests.support.store import Store

FIELDS = live_objects()


async def told(socket: Socket, count: int) -> list[Any]:
    """The next messages."""
    return [await socket.next() for _ in range(count)]


async def test_contacts_come_and_go_with_their_owner(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    one, two = [await access.user(store, tenant) for _ in range(2)]
    async with server.connect(credential) as mine, server.connect(credential) as socket:
        await mine.follow(document("contactChanged", "id fullName"), {"filter": {"ownerId": gid(one)}})
        made = await do(socket, "contactCreate", "contact", firstName="Ada", ownerId=gid(one))
        contact = made["contact"]["id"]
        await do(socket, "contactUpdate", "contact", id=contact, lastName="Byron", status="INACTIVE")
        left = await do(socket, "contactUpdate", "contact", id=contact, ownerId=gid(two))
        await do(socket, "contactUpdate", "contact", id=contact, notes="Elsewhere.")
        back = await do(socket, "contactUpdate", "contact", id=contact, ownerId=gid(one))
        created, changed, removed, again = await told(mine, 4)
        await mine.silence()
    assert (created["oldStatus"], created["newStatus"]) == (None, "ACTIVE")
    assert created["event"]["type"] == "CONTACT_CREATED"
    assert (changed["oldStatus"], changed["newStatus"]) == ("ACTIVE", "INACTIVE")
    assert set(changed["event"]["changedFields"]) >= {"lastName", "status"}
    assert removed == {"__typename": "ContactRemoval", "position": left["position"], "objectId": contact}
    assert (again["position"], again["object"]) == (back["position"], {"id": contact, "fullName": "Ada Byron"})


async def test_deals_come_and_go_with_their_stage_and_tell_from_where_to_where(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    credential = credentials.issue(tenant)
    shown = "id contact { fullName } stage { name }"
    more = "oldStatus newStatus event { type } oldStage { name } newStage { name }"
    async with server.connect(credential) as column, server.connect(credential) as socket:
        wanted = {"pipelineId": gid(flow.pipeline), "stageIds": [gid(flow.talk), gid(flow.won)]}
        await column.follow(document("dealChanged", shown, more), {"filter": wanted})
        person = (await do(socket, "contactCreate", "contact", firstName="Ada"))["contact"]["id"]
        given = {"title": "Fleet", "pipelineId": gid(flow.pipeline), "contactId": person, "value": "5.00"}
        deal = (await do(socket, "dealCreate", "deal", **given))["deal"]["id"]
        await do(socket, "dealMove", "deal", id=deal, stageId=gid(flow.talk))
        await do(socket, "dealUpdate", "deal", id=deal, priority="HIGH")
        await do(socket, "dealMove", "deal", id=deal, stageId=gid(flow.offer))
        await do(socket, "dealMove", "deal", id=deal, stageId=gid(flow.won))
        came, changed, left, won = await told(column, 4)
        await column.silence()
    assert (came["oldStage"], came["newStage"]) == ({"name": "New"}, {"name": "Talk"})
    assert (came["oldStatus"], came["newStatus"]) == ("OPEN", "OPEN")
    assert came["object"]["contact"] == {"fullName": "Ada"}
    assert (changed["event"]["type"], changed["oldStage"]) == ("DEAL_UPDATED", {"name": "Talk"})
    assert left["__typename"] == "DealRemoval"
    assert (won["oldStatus"], won["newStatus"], won["newStage"]) == ("OPEN", "WON", {"name": "Won"})


async def test_a_new_deal_has_no_stage_before(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    credential = credentials.issue(tenant)
    async with server.connect(credential) as stream, server.connect(credential) as socket:
        await stream.follow(document("dealChanged", "id", "oldStatus oldStage { name } newStage { name }"))
        await do(socket, "dealCreate", "deal", title="Fleet", pipelineId=gid(flow.pipeline))
        made = await stream.next()
    assert (made["oldStatus"], made["oldStage"], made["newStage"]) == (None, None, {"name": "New"})


async def test_policies_are_followed_for_a_person_from_draft_on(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    one, two = [await contacts.contact(store, tenant) for _ in range(2)]
    provider = await insurance_agents.insurance_provider(store, tenant)
    term = await policies.policy_type(store, tenant, provider_id=provider.id)
    terms = {
        "policyTypeId": gid(term),
        "planName": "Jeevan Anand",
        "sumAssured": "1000000",
        "premiumAmount": "2500.50",
        "startOn": "2026-12-01",
        "maturityOn": "2046-12-01",
    }
    async with (
        server.connect(credential) as stream,
        server.connect(credential) as drafts,
        server.connect(credential) as socket,
    ):
        await stream.follow(
            document("policyChanged", "id contact { id } provider { id }"), {"filter": {"contactId": gid(one)}}
        )
        await drafts.follow(document("policyChanged"), {"filter": {"statuses": ["DRAFT"]}})
        await do(socket, "policyCreate", "policy", contactId=gid(two), policyNumber="P-1", **terms)
        made = await do(socket, "policyCreate", "policy", contactId=gid(one), policyNumber="P-2", **terms)
        policy = made["policy"]["id"]
        await do(socket, "policyStatusChange", "policy", id=policy, status="PENDING_APPROVAL")
        created, moved = await told(stream, 2)
        kinds = [message["__typename"] for message in await told(drafts, 3)]
        await stream.silence()
    assert (created["oldStatus"], created["newStatus"]) == (None, "DRAFT")
    assert created["object"] == {"id": policy, "contact": {"id": gid(one)}, "provider": {"id": gid(provider)}}
    assert (moved["oldStatus"], moved["newStatus"]) == ("DRAFT", "PENDING_APPROVAL")
    assert kinds == ["PolicyChange", "PolicyChange", "PolicyRemoval"]


async def test_what_leaves_the_status_of_a_call_is_told_by_call_changed_alone(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.RINGING)
    async with server.connect(credential) as all_, server.connect(credential) as statuses:
        await all_.follow(document("callChanged"))
        await statuses.follow(document("callStatusChanged"))
        await server.commit(credential, lambda write: late(write, call))
        await move_call(server.services, server.viewer(credential), call, CallStatus.ANSWERED)
        assert [(one["oldStatus"], one["newStatus"]) for one in await told(all_, 2)] == [
            ("RINGING", "RINGING"),
            ("RINGING", "ANSWERED"),
        ]
        assert (await statuses.next())["newStatus"] == "ANSWERED"
        await statuses.silence()


def late(write: Write, call: Any) -> None:
    """Record what a late report of a provider's tells."""
    payload = {"old_status": call.status, "new_status": call.status}
    write.record(EventType.CALL_UPDATED, call, payload)


@pytest.mark.parametrize("field", FIELDS)
async def test_each_field_needs_its_permission(
    server: Server, credentials: Credentials, tenant: Tenant, field: str
) -> None:
    permission = {
        "callStatusChanged": "call:read",
        "callChanged": "call:read",
        "callbackChanged": "callback:read",
        "contactChanged": "contact:read",
        "dealChanged": "deal:read",
        "policyChanged": "policy:read",
    }[field]
    async with server.connect(credentials.issue(tenant, frozenset(PERMISSIONS) - {permission})) as socket:
        await socket.subscribe(document(field), {"snapshot": True})
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN", "permission": permission}
        await socket.settle()
    assert server.sockets.dispatcher.feeds == {}


def filter_class(field: str) -> Any:
    """The class of a subscription's filter."""
    argument = root_type("Subscription").fields[field].args["filter"]
    return argument.type.extensions["strawberry-definition"].origin


def ways(field: str, rows: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each field of a subscription's filter, with what the tenant's row has there, and with what no row has."""
    row = rows[FIELDS[field].loader.row.__name__]
    for each in dataclasses.fields(filter_class(field)):
        name = each.metadata["follows"] or each.name
        value = row.id if name == OBJECT_ID else getattr(row, name, None)
        if field == "policyChanged" and name == "contact_id":
            value = rows["Policyholder"].contact_id
        assert value is not None, name
        id_type = each.metadata[ID_TYPE]
        if id_type is not None:
            yield camel(each.name), encode_id(id_type, value), encode_id(id_type, uuid4())
        else:
            others = [one for one in type(value) if one is not value]
            yield camel(each.name), value.value, others[0].value


@pytest.mark.parametrize("field", FIELDS)
async def test_every_filter_lets_through_what_the_row_has_into_the_list(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, field: str
) -> None:
    rows = await populate(store, tenant)
    own = gid(rows[FIELDS[field].loader.row.__name__])
    async with server.connect(credentials.issue(tenant)) as socket:
        for name, value, other in ways(field, rows):
            await socket.subscribe(document(field), {"filter": {name: value}, "snapshot": True})
            objects, end = await listed(socket)
            assert [one["id"] for one in objects] == [own], name
            assert end["count"] == 1
            await socket.subscribe(document(field), {"filter": {name: other}, "snapshot": True})
            assert await listed(socket) == ([], {**end, "count": 0}), name
            await socket.subscribe(document(field), {"filter": {name: None}, "snapshot": True})
            assert (await listed(socket))[1]["count"] == 1, name


@pytest.mark.parametrize("field", FIELDS)
async def test_every_filter_lets_through_what_an_event_tells(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, field: str
) -> None:
    """Of the same object, by the same values, as the list: told from the event alone."""
    rows = await populate(store, tenant)
    row = rows[FIELDS[field].loader.row.__name__]
    credential = credentials.issue(tenant)
    names = set(followed_names(filter_class(field)).values()) - {OBJECT_ID}
    payload = {name: getattr(row, name, None) for name in names}
    if field == "policyChanged":
        payload["contact_id"] = rows["Policyholder"].contact_id
    async with server.connect(credential) as socket:
        cases = list(ways(field, rows))
        right = [await socket.follow(document(field), {"filter": {name: value}}) for name, value, _ in cases]
        for name, _, other in cases:
            await socket.follow(document(field), {"filter": {name: other}})
        await server.commit(credential, lambda write: write.record(min(FIELDS[field].types), row, payload))
        messages = [await socket.receive() for _ in cases]
        assert sorted(message["id"] for message in messages) == sorted(right)
        await socket.silence()


async def test_a_filter_takes_so_many_values_and_no_more(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        ids = [encode_id("Deal", uuid4()) for _ in range(201)]
        await socket.subscribe(document("dealChanged"), {"filter": {"dealIds": ids}})
        message = await socket.receive()
        assert message["payload"][0]["extensions"] == {
            "code": "BAD_USER_INPUT",
            "argumentPath": ["filter", "dealIds"],
        }
        await socket.follow(document("dealChanged"), {"filter": {"dealIds": ids[:200]}})


async def test_the_priority_of_a_deal_that_was_another_before_is_known(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """What is not told as old and new by the action itself, the record of changes tells."""
    deal = await deals.deal(store, tenant, priority=DealPriority.URGENT)
    credential = credentials.issue(tenant)
    async with server.connect(credential) as stream, server.connect(credential) as socket:
        await stream.follow(document("dealChanged"), {"filter": {"priorities": ["URGENT"]}})
        await do(socket, "dealUpdate", "deal", id=gid(deal), priority="LOW")
        assert (await stream.next())["objectId"] == gid(deal)
