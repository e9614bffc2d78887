"""Events as clients see them: what real changes tell, over the whole application and real sockets."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from strawberry.types.base import StrawberryOptional

from db.contacts import Contact
from db.enums.callbacks import CallbackStatus
from db.enums.events import EventType
from db.events import Event
from db.insurance_agents import InsuranceAgent
from db.organizations import Tenant
from gql.app import build
from gql.core.fields import Field
from gql.core.subscriptions import FOLLOWS, Live, LiveObjects
from gql.schema import schema
from gql.settings import ServerSettings
from resolvers.core.context import Services
from resolvers.events import OBJECT_ID
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, callbacks, contacts, deals, insurance_agents, policies
from tests.subscriptions.following import do
from tests.subscriptions.support import Socket, open_socket, serve
from tests.support.ids import gid
from tests.support.store import Store
from tests.support.twilio import ACCOUNT_SID, PUBLIC_URL, TOKEN, Twilio, recorded

CALLBACKS = """
subscription ($filter: CallbackChangedFilter, $after: Position) {
  callbackChanged(filter: $filter, after: $after) {
    ... on CallbackRequestChange {
      event { id position type objectType objectId changedFields actorKind occurredAt }
      oldStatus
      newStatus
      object { id status insuranceAgent { id } contact { id } }
    }
    ... on CallbackRequestRemoval { removed: objectId }
    ... on Gap { from to }
  }
}
"""
CALLS = """
subscription {
  callStatusChanged { ... on CallChange { oldStatus newStatus object { status contact { id } } } }
}
"""
UNTOLD = {EventType.CALL_UPDATED, EventType.CALLBACK_UPDATED}  # by what happens here; others tell the same of them
INTEGRATE = """
mutation ($input: IntegrationCreateInput!) {
  integrationCreate(input: $input) { errors { code message path } ingestPath }
}
"""


@pytest.fixture
async def port(services: Services) -> AsyncIterator[int]:
    """Where the whole application is served."""
    async with serve(build(ServerSettings(public_url=PUBLIC_URL), services)) as found:
        yield found


async def key(store: Store, tenant: Tenant, *permissions: str) -> str:
    """An API key with these permissions, or all."""
    return (await access.api_key(store, tenant, scopes=sorted(permissions or PERMISSIONS))).text


async def change(socket: Socket, mutation: str, **given: Any) -> Any:
    """Run one of the callbacks' mutations on a socket of its own; returns its payload."""
    name = mutation[0].upper() + mutation[1:]
    text = (
        f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ position errors {{ code message path }}"
        " callbackRequest { id } } }"
    )
    payload = (await socket.answer(text, {"input": given}))["data"][mutation]
    assert payload["errors"] == []
    return payload


async def keep_a_callback(socket: Socket, person: Contact, agent: InsuranceAgent) -> Any:
    """Promise a callback, assign, start and complete it; returns the last payload."""
    given = {"contactId": gid(person), "requestType": "POLICY_ISSUE", "description": "The bonus is missing."}
    made = await change(socket, "callbackCreate", **given)
    callback = made["callbackRequest"]["id"]
    await change(socket, "callbackAssign", id=callback, insuranceAgentId=gid(agent))
    await change(socket, "callbackStart", id=callback)
    return await change(socket, "callbackComplete", id=callback)


async def sell(socket: Socket, store: Store, tenant: Tenant) -> None:
    """A new contact, a deal with that person that is won, and the policy that comes of it."""
    flow = await deals.flow(store, tenant)
    term = await policies.policy_type(store, tenant)
    provider = await insurance_agents.insurance_provider(store, tenant)
    contact = (await do(socket, "contactCreate", "contact", firstName="Ada"))["contact"]["id"]
    await do(socket, "contactUpdate", "contact", id=contact, lastName="Byron")
    given = {"title": "Cover", "pipelineId": gid(flow.pipeline), "contactId": contact}
    deal = (await do(socket, "dealCreate", "deal", **given))["deal"]["id"]
    await do(socket, "dealUpdate", "deal", id=deal, priority="HIGH")
    await do(socket, "dealMove", "deal", id=deal, stageId=gid(flow.won))
    terms = {
        "contactId": contact,
        "policyTypeId": gid(term),
        "providerId": gid(provider),
        "policyNumber": "P-1",
        "planName": "Jeevan Anand",
        "sumAssured": "1000000",
        "premiumAmount": "2500.50",
        "startOn": "2026-12-01",
        "maturityOn": "2046-12-01",
    }
    policy = (await do(socket, "policyCreate", "policy", **terms))["policy"]["id"]
    await do(socket, "policyStatusChange", "policy", id=policy, status="PENDING_APPROVAL")


async def report_a_call(socket: Socket, port: int, follow: str | None = None) -> None:
    """Set up an account with Twilio, subscribe if asked to, and play the reports of a call."""
    account = {
        "kind": "TELEPHONY",
        "provider": "twilio",
        "name": "Twilio",
        "accountIdentifier": ACCOUNT_SID,
        "secret": TOKEN,
    }
    made = (await socket.answer(INTEGRATE, {"input": account}))["data"]["integrationCreate"]
    assert made["errors"] == []
    if follow is not None:
        await socket.follow(follow)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert set(await Twilio(http, made["ingestPath"]).play(recorded())) == {204}


async def test_the_life_of_a_callback_is_told_as_it_happens(port: int, store: Store, tenant: Tenant) -> None:
    person = await contacts.contact(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant)
    credential = await key(store, tenant)
    async with open_socket(port, credential) as follower, open_socket(port, credential) as socket:
        await follower.follow(CALLBACKS)
        last = await keep_a_callback(socket, person, agent)
        callback = last["callbackRequest"]["id"]
        told = [await follower.next() for _ in range(4)]
    assert [(one["oldStatus"], one["newStatus"]) for one in told] == [
        (None, "PENDING"),
        ("PENDING", "ASSIGNED"),
        ("ASSIGNED", "IN_PROGRESS"),
        ("IN_PROGRESS", "COMPLETED"),
    ]
    assert {one["object"]["id"] for one in told} == {callback}
    assert {one["object"]["contact"]["id"] for one in told} == {gid(person)}
    events = [one["event"] for one in told]
    assert [int(event["position"]) for event in events] == [1, 2, 3, 4]
    assert last["position"] == events[-1]["position"]
    stored = await store.all(select(Event).where(Event.tenant_id == tenant.id).order_by(Event.position))
    assert [event["id"] for event in events] == [gid(event) for event in stored]
    assert {event["objectId"] for event in events} == {callback}
    assert {event["objectType"] for event in events} == {"CallbackRequest"}
    assert {event["actorKind"] for event in events} == {"API_KEY"}
    assert {event["occurredAt"] for event in events} == {"2026-11-20T09:00:00Z"}
    assert [event["type"] for event in events] == ["CALLBACK_CREATED", *["CALLBACK_STATUS_CHANGED"] * 3]
    assert "status" in events[1]["changedFields"]
    assert "insuranceAgentId" in events[1]["changedFields"]


async def test_a_callback_that_goes_to_another_agent_leaves_the_stream_of_the_first(
    port: int, store: Store, tenant: Tenant
) -> None:
    first, second = [await insurance_agents.insurance_agent(store, tenant) for _ in range(2)]
    request = await callbacks.callback_request(
        store, tenant, status=CallbackStatus.ASSIGNED, insurance_agent_id=first.id
    )
    credential = await key(store, tenant)
    async with open_socket(port, credential) as socket, open_socket(port, credential) as acting:
        mine = await socket.follow(CALLBACKS, {"filter": {"insuranceAgentId": gid(first)}})
        theirs = await socket.follow(CALLBACKS, {"filter": {"insuranceAgentId": gid(second)}})
        await change(acting, "callbackAssign", id=gid(request), insuranceAgentId=gid(second))
        messages = [await socket.receive() for _ in range(2)]
        told = {message["id"]: message["payload"]["data"]["callbackChanged"] for message in messages}
        assert told[mine] == {"removed": gid(request)}
        assert told[theirs]["object"]["insuranceAgent"] == {"id": gid(second)}


async def test_reports_of_a_provider_are_told_as_the_call_goes_on(port: int, store: Store, tenant: Tenant) -> None:
    person = await contacts.contact(store, tenant, phone="+919812345678")
    async with open_socket(port, await key(store, tenant)) as socket:
        await report_a_call(socket, port, CALLS)
        told = [await socket.next() for _ in range(4)]
    assert [(one["oldStatus"], one["newStatus"]) for one in told] == [
        (None, "INITIATED"),
        ("INITIATED", "RINGING"),
        ("RINGING", "ANSWERED"),
        ("ANSWERED", "COMPLETED"),
    ]
    assert {one["object"]["contact"]["id"] for one in told} == {gid(person)}


@pytest.mark.parametrize("field", ["callStatusChanged", "callbackChanged"])
async def test_a_subscription_needs_its_permission(port: int, store: Store, tenant: Tenant, field: str) -> None:
    others = set(PERMISSIONS) - {"call:read", "callback:read"}
    async with open_socket(port, await key(store, tenant, *others)) as socket:
        await socket.subscribe(f"subscription {{ {field} {{ __typename }} }}")
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_subscription_over_http_is_refused(port: int, store: Store, tenant: Tenant) -> None:
    headers = {"authorization": f"Bearer {await key(store, tenant)}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answer = await http.post(
            "/graphql", json={"query": "subscription { callStatusChanged { __typename } }"}, headers=headers
        )
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def live_fields() -> Iterator[tuple[str, Field, Live]]:
    """Every subscription field of the schema, with its source."""
    root = schema._schema.subscription_type
    assert root is not None
    for name, field in root.fields.items():
        definition = field.extensions["strawberry-definition"]
        assert isinstance(definition.source, Live), name
        yield name, definition, definition.source


async def test_every_filter_finds_its_value_in_the_events(port: int, store: Store, tenant: Tenant) -> None:
    """What a filter compares is written by those who record the events: else it would silently let nothing through."""
    person = await contacts.contact(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant)
    async with open_socket(port, await key(store, tenant)) as socket:
        await keep_a_callback(socket, person, agent)
        await report_a_call(socket, port)
        await sell(socket, store, tenant)
    stored = await store.all(select(Event).where(Event.tenant_id == tenant.id))
    for name, field, live in live_fields():
        if not isinstance(live, LiveObjects):
            continue  # the log itself: what its filter compares, every event has
        told = [event for event in stored if event.type in live.types]
        assert told, f"no event of {name}"
        for wanted in followed_names(field):
            assert {event.type for event in told} == live.types - UNTOLD
            for event in told:
                assert wanted == OBJECT_ID or {wanted, f"new_{wanted}"} & set(event.payload), (name, wanted, event.type)


def followed_names(field: Field) -> Iterator[str]:
    """The names that a subscription's filter compares."""
    for argument in field.arguments:
        if argument.python_name == "filter":
            type_: Any = argument.type
            input_type: Any = type_.of_type if isinstance(type_, StrawberryOptional) else type_
            for one in dataclasses.fields(input_type):
                yield one.metadata[FOLLOWS] or one.name
