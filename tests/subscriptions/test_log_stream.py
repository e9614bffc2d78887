"""The subscription `events`: all that happens in the tenant, for those who may know."""

from typing import Any

import pytest
from sqlalchemy import delete

from db.contacts import Contact
from db.organizations import Tenant
from resolvers.core.writes import Write
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, calls, contacts, deals
from tests.subscriptions.following import do
from tests.subscriptions.support import Credentials, Server, forget_events, happen, move_call
from tests.support.ids import gid
from tests.support.store import Store

EVENTS = """
subscription ($filter: EventFilter, $after: Position) {
  events(filter: $filter, after: $after) {
    __typename
    ... on EventChange {
      position
      event { id position type objectType objectId changedFields }
      object { __typename id ... on Contact { fullName } ... on Deal { title contact { fullName } } }
    }
    ... on Gap { from to }
  }
}
"""


async def refusal(server: Server, credential: str, filter_: Any) -> Any:
    """The extensions of the error that refuses a stream with this filter."""
    async with server.connect(credential) as socket:
        await socket.subscribe(EVENTS, {"filter": filter_})
        message = await socket.receive()
        assert message["type"] == "error"
        return message["payload"][0]["extensions"]


async def test_whatever_happens_is_told_with_the_object_that_it_happened_to(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    credential = credentials.issue(tenant)
    async with server.connect(credential) as stream, server.connect(credential) as socket:
        await stream.follow(EVENTS)
        person = (await do(socket, "contactCreate", "contact", firstName="Ada"))["contact"]["id"]
        given = {"title": "Fleet", "pipelineId": gid(flow.pipeline), "contactId": person}
        deal = (await do(socket, "dealCreate", "deal", **given))["deal"]["id"]
        last = await do(socket, "dealMove", "deal", id=deal, stageId=gid(flow.won))
        told = [await stream.next() for _ in range(3)]
    assert [one["position"] for one in told] == [one["event"]["position"] for one in told] == ["1", "2", "3"]
    assert last["position"] == "3"
    assert [one["event"]["type"] for one in told] == ["CONTACT_CREATED", "DEAL_CREATED", "DEAL_STAGE_CHANGED"]
    assert [one["event"]["objectId"] for one in told] == [person, deal, deal]
    assert told[0]["object"] == {"__typename": "Contact", "id": person, "fullName": "Ada"}
    assert told[1]["object"] == {
        "__typename": "Deal",
        "id": deal,
        "title": "Fleet",
        "contact": {"fullName": "Ada"},
    }
    assert len({one["event"]["id"] for one in told}) == 3


async def test_each_filter_lets_through_what_it_names(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant)
    async with server.connect(credential) as stream, server.connect(credential) as socket:
        one = (await do(socket, "contactCreate", "contact", firstName="Ada"))["contact"]["id"]
        await do(socket, "contactUpdate", "contact", id=one, lastName="Byron")
        given = {"title": "Fleet", "pipelineId": gid(flow.pipeline)}
        deal = (await do(socket, "dealCreate", "deal", **given))["deal"]["id"]
        await move_call(server.services, server.viewer(credential), call, call.status)
        expected: list[tuple[dict[str, Any], list[int]]] = [
            ({}, [1, 2, 3, 4]),
            ({"types": ["CONTACT_UPDATED", "DEAL_CREATED"]}, [2, 3]),
            ({"objectTypes": ["Contact", "Call"]}, [1, 2, 4]),
            ({"objectIds": [deal, one]}, [1, 2, 3]),
            ({"objectTypes": ["Contact"], "types": ["CONTACT_UPDATED", "DEAL_CREATED"], "objectIds": None}, [2]),
            ({"objectTypes": ["Contact"], "objectIds": [one], "types": None}, [1, 2]),
        ]
        for filter_, due in expected:
            await stream.subscribe(EVENTS, {"filter": filter_, "after": "0"})
            assert [int((await stream.next())["position"]) for _ in due] == due
            await stream.settle()
        for filter_ in ({"types": []}, {"objectTypes": []}, {"objectIds": []}):
            await stream.follow(EVENTS, {"filter": filter_, "after": "0"})
        await stream.silence()


async def test_nothing_is_told_about_objects_of_a_type_that_the_viewer_may_not_read(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    credential = credentials.issue(tenant)
    narrow = credentials.issue(tenant, frozenset({"event:read", "deal:read"}))
    async with server.connect(credential) as socket, server.connect(narrow) as stream:
        await stream.follow(EVENTS)
        contact = (await do(socket, "contactCreate", "contact", firstName="Ada"))["contact"]["id"]
        given = {"title": "Fleet", "pipelineId": gid(flow.pipeline), "contactId": contact}
        await do(socket, "dealCreate", "deal", **given)
        payload = (await stream.receive())["payload"]
        told = payload["data"]["events"]
        assert (told["event"]["type"], told["position"]) == ("DEAL_CREATED", "2")
        assert told["object"]["contact"] is None
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["FORBIDDEN"]
        await stream.silence()
    for filter_ in ({"types": ["CONTACT_CREATED"]}, {"objectTypes": ["Deal", "Contact"]}, {"objectIds": [contact]}):
        assert await refusal(server, narrow, filter_) == {"code": "FORBIDDEN", "permission": "contact:read"}


async def test_who_signs_in_is_told_to_auditors_alone(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    login = await access.login(store, tenant)
    await access.user(store, tenant, login_id=login.id)
    given = {"email": login.email, "password": access.PASSWORD, "tenantSlug": tenant.slug}
    sign_in = "mutation ($input: SignInInput!) { signIn(input: $input) { position errors { code } } }"
    auditor = credentials.issue(tenant)
    other = credentials.issue(tenant, frozenset(PERMISSIONS) - {"audit_log:read"})
    async with server.connect(auditor) as one, server.connect(other) as two, server.connect(auditor) as socket:
        await one.follow(EVENTS)
        await two.follow(EVENTS)
        assert (await socket.answer(sign_in, {"input": given}))["data"]["signIn"]["errors"] == []
        told = await one.next()
        assert (told["event"]["type"], told["event"]["objectType"]) == ("SIGNED_IN", "UserSession")
        assert told["object"] is None
        await two.silence()
    assert await refusal(server, other, {"types": ["SIGNED_IN"]}) == {
        "code": "FORBIDDEN",
        "permission": "audit_log:read",
    }


async def test_the_permission_of_the_log_is_needed(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    narrow = credentials.issue(tenant, frozenset(PERMISSIONS) - {"event:read"})
    assert await refusal(server, narrow, None) == {"code": "FORBIDDEN", "permission": "event:read"}
    assert server.sockets.dispatcher.feeds == {}


@pytest.mark.parametrize(
    ("filter_", "code", "path"),
    [
        ({"objectTypes": ["Deal", "Nobody"]}, "BAD_USER_INPUT", "objectTypes"),
        ({"objectIds": ["nothing"]}, "INVALID_ID", "objectIds"),
        ({"objectIds": ["nobody_0192aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa"]}, "INVALID_ID", "objectIds"),
        ({"types": ["DEAL_CREATED"] * 201}, "BAD_USER_INPUT", "types"),
    ],
)
async def test_what_is_no_type_and_no_id_is_refused(
    server: Server, credentials: Credentials, tenant: Tenant, filter_: Any, code: str, path: str
) -> None:
    assert await refusal(server, credentials.issue(tenant), filter_) == {
        "code": code,
        "argumentPath": ["filter", path],
    }


async def test_of_an_object_that_was_deleted_meanwhile_the_event_is_told(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    person = await contacts.contact(store, tenant)
    async with server.connect(credential) as socket:
        await do(socket, "contactUpdate", "contact", id=gid(person), lastName="Byron")
        await store.execute(delete(Contact).where(Contact.tenant_id == tenant.id, Contact.id == person.id))
        await socket.subscribe(EVENTS, {"after": "0"})
        told = await socket.next()
    assert (told["event"]["objectId"], told["object"]) == (gid(person), None)


async def test_what_the_log_has_forgotten_is_a_gap(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant)

    def tell(write: Write) -> None:
        happen(write, call, call.status, call.status)

    for _ in range(3):
        await server.commit(credential, tell)
    await forget_events(store, tenant, first_position=3)
    async with server.connect(credential) as socket:
        await socket.subscribe(EVENTS, {"after": "0"})
        assert await socket.next() == {"__typename": "Gap", "from": "1", "to": "2"}
        assert (await socket.next())["position"] == "3"
