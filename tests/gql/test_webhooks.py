"""Webhook endpoints through the API: set up, changed, deleted, sent to once more; their secrets are shown once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.enums.compliance import AuditCategory
from db.enums.webhooks import WebhookCircuit, WebhookDeliveryStatus
from db.events import Event, TenantClock
from db.organizations import Tenant
from db.webhooks import WebhookDelivery, WebhookEndpoint
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from tests.factories import webhooks
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

SHOWN = """
errors { __typename code message path ... on Conflict { current { id } } }
position
"""
ENDPOINT = """
webhookEndpoint {
  id url description eventTypes isActive goneAt circuit consecutiveFailureCount nextAttemptAt deliveredPosition
  rotatedAt previousSecretExpiresAt version
}
"""
WITH_SECRET = f"secret {ENDPOINT}"
MUTATIONS = {
    "webhookEndpointCreate": WITH_SECRET,
    "webhookEndpointUpdate": ENDPOINT,
    "webhookEndpointSecretRotate": WITH_SECRET,
    "webhookEndpointDelete": "deletedId",
    "webhookEndpointTest": "webhookDelivery { kind status attemptCount endpoint { id } }",
    "webhookEndpointRedeliver": "webhookEndpoint { id deliveries { nodes { position isRedelivery status } } }",
}
URL = "https://hooks.example.com/graph"


@pytest.fixture
async def client(sign_in: SignIn, tenant: Tenant) -> Client:
    """Somebody of the tenant who may do everything."""
    return await sign_in(tenant)


def text_of(mutation: str) -> str:
    """The operation that runs a mutation."""
    name = mutation[0].upper() + mutation[1:]
    return f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {SHOWN} {MUTATIONS[mutation]} }} }}"


async def run(client: Client, mutation: str, **given: Any) -> Any:
    """What a mutation answers."""
    return (await client.run(text_of(mutation), {"input": given})).ok()[mutation]


async def create(client: Client, **more: Any) -> Any:
    """What `webhookEndpointCreate` answers."""
    return await run(client, "webhookEndpointCreate", **{"url": URL, "eventTypes": ["CALL_CREATED"], **more})


async def stored(store: Store, tenant: Tenant) -> list[WebhookEndpoint]:
    """The tenant's endpoints."""
    return await store.all(select(WebhookEndpoint).where(WebhookEndpoint.tenant_id == tenant.id))


async def opened(services: Services, tenant: Tenant, endpoint: WebhookEndpoint, sealed: bytes | None) -> str:
    """A stored secret in plain."""
    assert sealed is not None
    async with services.database.write(tenant.id) as session:
        crypter = await services.keyring.for_tenant(session, tenant.id, START)
    return crypter.decrypt(sealed, f"secret of webhook endpoint {endpoint.id}").decode()


async def test_an_endpoint_is_set_up_and_its_secret_is_shown_once(
    client: Client, store: Store, tenant: Tenant, services: Services
) -> None:
    given = {"url": f" {URL} ", "eventTypes": ["CONTACT_CREATED", "CALL_CREATED", "CONTACT_CREATED"]}
    made = await create(client, **given, description=" For us ", idempotencyKey="setup")
    assert made["errors"] == []
    [endpoint] = await stored(store, tenant)
    assert made["webhookEndpoint"] == {
        "id": gid(endpoint),
        "url": URL,
        "description": "For us",
        "eventTypes": ["CALL_CREATED", "CONTACT_CREATED"],
        "isActive": True,
        "goneAt": None,
        "circuit": "CLOSED",
        "consecutiveFailureCount": 0,
        "nextAttemptAt": None,
        "deliveredPosition": "0",
        "rotatedAt": None,
        "previousSecretExpiresAt": None,
        "version": 1,
    }
    assert made["secret"].startswith("whsec_")
    assert await opened(services, tenant, endpoint, endpoint.secret_encrypted) == made["secret"]
    [event] = await store.events(tenant)
    assert (event.type, event.object_id, str(event.position)) == (
        "WEBHOOK_ENDPOINT_CREATED",
        endpoint.id,
        made["position"],
    )
    [entry] = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert (entry.event_id, entry.category) == (event.id, AuditCategory.SECURITY)
    due = await store.all(select(TenantClock.next_due_at).where(TenantClock.tenant_id == tenant.id))
    assert due == [START]
    again = await create(client, **given, description=" For us ", idempotencyKey="setup")
    assert (again["webhookEndpoint"], again["secret"]) == (made["webhookEndpoint"], None)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"url": "ftp://example.com"}, ["url"]),
        ({"url": "https://user:secret@example.com/"}, ["url"]),
        ({"url": ""}, ["url"]),
        ({"eventTypes": []}, ["eventTypes"]),
        ({"description": "x" * 1001}, ["description"]),
        ({"after": "1"}, ["after"]),
    ],
)
async def test_a_wrong_value_is_refused_and_nothing_is_stored(
    client: Client, store: Store, tenant: Tenant, wrong: dict[str, Any], path: list[str]
) -> None:
    refused = await create(client, **wrong)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("VALIDATION_FAILED", ["input", *path])]
    assert (refused["webhookEndpoint"], refused["secret"], refused["position"]) == (None, None, None)
    assert await stored(store, tenant) == []
    assert await store.counts(tenant, Event, AuditLogEntry) == [0, 0]


async def test_nobody_sends_out_what_they_may_not_read(sign_in: SignIn, store: Store, tenant: Tenant) -> None:
    writer = await sign_in(tenant, permissions={"webhook:write", "webhook:read", "call:read"})
    refused = await create(writer, eventTypes=["CALL_CREATED", "CONTACT_CREATED"])
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [
        ("VALIDATION_FAILED", ["input", "eventTypes", "1"])
    ]
    endpoint = await webhooks.webhook_endpoint(store, tenant, event_types=["CONTACT_CREATED"])
    wider = await run(writer, "webhookEndpointUpdate", id=gid(endpoint), eventTypes=["CONTACT_CREATED", "DEAL_CREATED"])
    assert [error["path"] for error in wider["errors"]] == [["input", "eventTypes", "1"]]
    kept = await run(writer, "webhookEndpointUpdate", id=gid(endpoint), eventTypes=["CONTACT_CREATED", "CALL_CREATED"])
    assert kept["errors"] == []
    assert [each.event_types for each in await stored(store, tenant)] == [["CALL_CREATED", "CONTACT_CREATED"]]


async def test_a_tenant_has_so_many_endpoints(
    client: Client, store: Store, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.rules.webhooks.ENDPOINTS", 2)
    await webhooks.webhook_endpoint(store, tenant)
    assert (await create(client))["errors"] == []
    refused = await create(client)
    assert [error["code"] for error in refused["errors"]] == ["LIMIT_EXCEEDED"]
    assert len(await stored(store, tenant)) == 2


async def test_an_endpoint_is_changed_and_what_stays_the_same_is_no_change(
    client: Client, store: Store, tenant: Tenant
) -> None:
    endpoint = await webhooks.webhook_endpoint(store, tenant, url=URL, description="Old")
    same = await run(client, "webhookEndpointUpdate", id=gid(endpoint), url=URL)
    assert (same["errors"], same["position"], same["webhookEndpoint"]["version"]) == ([], None, 1)
    changed = await run(
        client, "webhookEndpointUpdate", id=gid(endpoint), description=None, isActive=False, expectedVersion=1
    )
    assert changed["errors"] == []
    shown = changed["webhookEndpoint"]
    assert (shown["description"], shown["isActive"], shown["version"], shown["url"]) == (None, False, 2, URL)
    [event] = await store.events(tenant)
    assert (event.type, event.payload["is_active"]) == ("WEBHOOK_ENDPOINT_UPDATED", False)


async def test_switching_on_and_moving_begin_afresh(client: Client, store: Store, tenant: Tenant) -> None:
    failing = {
        "circuit": WebhookCircuit.OPEN,
        "consecutive_failure_count": 9,
        "next_attempt_at": START + timedelta(hours=1),
    }
    for change in ({"isActive": True}, {"url": "https://elsewhere.example.com/"}):
        endpoint = await webhooks.webhook_endpoint(store, tenant, gone_at=START, **failing)
        shown = (await run(client, "webhookEndpointUpdate", id=gid(endpoint), **change))["webhookEndpoint"]
        assert (shown["circuit"], shown["consecutiveFailureCount"], shown["nextAttemptAt"], shown["goneAt"]) == (
            "CLOSED",
            0,
            None,
            None,
        )
    endpoint = await webhooks.webhook_endpoint(store, tenant, **failing)
    shown = (await run(client, "webhookEndpointUpdate", id=gid(endpoint), description="New"))["webhookEndpoint"]
    assert (shown["circuit"], shown["consecutiveFailureCount"]) == ("OPEN", 9)


async def test_a_secret_is_replaced_and_the_old_one_kept_for_a_while(
    client: Client, store: Store, tenant: Tenant, services: Services, clock: FixedClock
) -> None:
    made = await create(client)
    clock.instant = START + timedelta(minutes=5)
    rotated = await run(client, "webhookEndpointSecretRotate", id=made["webhookEndpoint"]["id"], expectedVersion=1)
    assert rotated["errors"] == []
    assert rotated["secret"] not in (None, made["secret"])
    shown = rotated["webhookEndpoint"]
    assert (shown["rotatedAt"], shown["previousSecretExpiresAt"], shown["version"]) == (
        "2026-11-20T09:05:00Z",
        "2026-11-21T09:05:00Z",
        2,
    )
    [endpoint] = await stored(store, tenant)
    assert await opened(services, tenant, endpoint, endpoint.secret_encrypted) == rotated["secret"]
    assert await opened(services, tenant, endpoint, endpoint.previous_secret_encrypted) == made["secret"]
    at_once = await run(client, "webhookEndpointSecretRotate", id=shown["id"], overlapSeconds=0)
    assert at_once["webhookEndpoint"]["previousSecretExpiresAt"] is None
    [endpoint] = await stored(store, tenant)
    assert endpoint.previous_secret_encrypted is None


async def test_an_endpoint_is_deleted_with_its_deliveries(client: Client, store: Store, tenant: Tenant) -> None:
    endpoint = await webhooks.webhook_endpoint(store, tenant)
    await webhooks.webhook_delivery(store, tenant, webhook_endpoint_id=endpoint.id)
    kept = await webhooks.webhook_delivery(store, tenant)
    gone = await run(client, "webhookEndpointDelete", id=gid(endpoint), idempotencyKey="delete")
    assert (gone["errors"], gone["deletedId"]) == ([], gid(endpoint))
    left = await store.all(select(WebhookDelivery.id).where(WebhookDelivery.tenant_id == tenant.id))
    assert left == [kept.id]
    again = await run(client, "webhookEndpointDelete", id=gid(endpoint), idempotencyKey="delete")
    assert (again["errors"], again["deletedId"], again["position"]) == ([], gid(endpoint), gone["position"])
    other = await run(client, "webhookEndpointDelete", id=gid(endpoint))
    assert ([error["code"] for error in other["errors"]], other["deletedId"]) == (["NOT_FOUND"], None)
    [event] = await store.events(tenant)
    assert (event.type, event.object_id) == ("WEBHOOK_ENDPOINT_DELETED", endpoint.id)


async def test_a_test_is_queued(client: Client, store: Store, tenant: Tenant) -> None:
    endpoint = await webhooks.webhook_endpoint(store, tenant)
    asked = await run(client, "webhookEndpointTest", id=gid(endpoint))
    assert asked["errors"] == []
    assert asked["webhookDelivery"] == {
        "kind": "TEST",
        "status": "QUEUED",
        "attemptCount": 0,
        "endpoint": {"id": gid(endpoint)},
    }
    assert [event.type for event in await store.events(tenant)] == ["WEBHOOK_REDELIVERY_REQUESTED"]


async def test_what_was_told_is_queued_once_more(client: Client, store: Store, tenant: Tenant) -> None:
    made = await create(client, eventTypes=["INTEGRATION_CREATED"])
    for number in range(3):
        text = "mutation ($input: IntegrationCreateInput!) { integrationCreate(input: $input) { position } }"
        given = {"kind": "EMAIL", "provider": "imap", "name": f"Inbox {number}"}
        (await client.run(text, {"input": given})).ok()
    endpoint_id = made["webhookEndpoint"]["id"]
    early = await run(client, "webhookEndpointRedeliver", id=endpoint_id, fromPosition="1", toPosition="3")
    assert [(error["code"], error["path"]) for error in early["errors"]] == [
        ("VALIDATION_FAILED", ["input", "toPosition"])
    ]
    assert await store.counts(tenant, WebhookDelivery) == [0]
    [endpoint] = await stored(store, tenant)
    told = await webhooks.webhook_endpoint(
        store, tenant, event_types=endpoint.event_types, queued_position=4, delivered_position=4
    )
    asked = await run(client, "webhookEndpointRedeliver", id=gid(told), fromPosition="1", toPosition="3")
    assert asked["errors"] == []
    nodes = asked["webhookEndpoint"]["deliveries"]["nodes"]
    assert sorted((node["position"], node["isRedelivery"], node["status"]) for node in nodes) == [
        ("2", True, "QUEUED"),
        ("3", True, "QUEUED"),
    ]
    [event] = [each for each in await store.events(tenant) if each.type == "WEBHOOK_REDELIVERY_REQUESTED"]
    assert (event.payload["from_position"], event.payload["to_position"]) == (1, 3)


@pytest.mark.parametrize("mutation", sorted(set(MUTATIONS) - {"webhookEndpointCreate"}))
async def test_a_change_is_refused_with_its_reason_and_nothing_changes(
    client: Client, sign_in: SignIn, store: Store, tenant: Tenant, other_tenant: Tenant, mutation: str
) -> None:
    endpoint = await webhooks.webhook_endpoint(store, tenant, is_active=False, queued_position=9)
    given: dict[str, Any] = {"id": gid(endpoint)}
    if mutation == "webhookEndpointRedeliver":
        given |= {"fromPosition": "1", "toPosition": "2"}
    others = await sign_in(other_tenant)
    assert [error["code"] for error in (await run(others, mutation, **given))["errors"]] == ["NOT_FOUND"]
    [error] = (await run(client, mutation, **given, expectedVersion=7))["errors"]
    assert (error["__typename"], error["current"]) == ("Conflict", {"id": gid(endpoint)})
    if mutation in {"webhookEndpointTest", "webhookEndpointRedeliver"}:
        [error] = (await run(client, mutation, **given))["errors"]
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", "id"])
    if mutation == "webhookEndpointSecretRotate":
        [error] = (await run(client, mutation, **given, overlapSeconds=604_801))["errors"]
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", "overlapSeconds"])
    if mutation == "webhookEndpointUpdate":
        [error] = (await run(client, mutation, **given, url="nowhere"))["errors"]
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", "url"])
    assert [(each.version, each.secret_encrypted) for each in await stored(store, tenant)] == [(1, b"")]
    assert await store.counts(tenant, Event, AuditLogEntry, WebhookDelivery) == [0, 0, 0]


async def test_webhooks_need_their_permissions(sign_in: SignIn, store: Store, tenant: Tenant) -> None:
    endpoint = await webhooks.webhook_endpoint(store, tenant)
    delivery = await webhooks.webhook_delivery(store, tenant, webhook_endpoint_id=endpoint.id)
    reader = await sign_in(tenant, permissions={"webhook:read"})
    for mutation in MUTATIONS:
        given: dict[str, Any] = {"id": gid(endpoint)}
        if mutation == "webhookEndpointCreate":
            given = {"url": URL, "eventTypes": ["CALL_CREATED"]}
        if mutation == "webhookEndpointRedeliver":
            given |= {"fromPosition": "1", "toPosition": "2"}
        assert (await reader.run(text_of(mutation), {"input": given})).codes == ["FORBIDDEN"], mutation
    stranger = await sign_in(tenant, permissions={"integration:read"})
    for query in (
        "{ webhookEndpoints { nodes { id } } }",
        "{ webhookDeliveries { nodes { id } } }",
        f'{{ webhookEndpoint(id: "{gid(endpoint)}") {{ id }} }}',
        f'{{ webhookDelivery(id: "{gid(delivery)}") {{ id }} }}',
    ):
        assert (await stranger.run(query)).codes == ["FORBIDDEN"], query
    assert [each.version for each in await stored(store, tenant)] == [1]


async def test_endpoints_and_deliveries_are_listed_and_filtered(
    client: Client, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    failing = await webhooks.webhook_endpoint(store, tenant, circuit=WebhookCircuit.OPEN)
    off = await webhooks.webhook_endpoint(store, tenant, is_active=False, created_at=START + timedelta(hours=1))
    arrived = await webhooks.webhook_delivery(
        store,
        tenant,
        webhook_endpoint_id=failing.id,
        status=WebhookDeliveryStatus.DELIVERED,
        delivered_at=START,
        response_status=204,
        position=7,
        event_type="CALL_CREATED",
        event_id=failing.id,
    )
    waiting = await webhooks.webhook_delivery(
        store, tenant, webhook_endpoint_id=off.id, created_at=START + timedelta(hours=1)
    )
    other = await webhooks.webhook_delivery(store, other_tenant)
    query = """
    query ($endpoint: ID!, $delivery: ID!, $other: ID!) {
      all: webhookEndpoints { totalCount nodes { id } }
      open: webhookEndpoints(filter: { circuit: { eq: OPEN }, isActive: { eq: true } }) {
        nodes { id deliveries(filter: { status: { eq: DELIVERED } }) { totalCount nodes { id } } }
      }
      newest: webhookEndpoints(orderBy: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { id } }
      one: webhookEndpoint(id: $endpoint) { id createdBy { id } updatedBy { id } }
      deliveries: webhookDeliveries { nodes { id } }
      answered: webhookDeliveries(filter: { responseStatus: { gte: 200 }, endpointId: { eq: $endpoint } }) {
        nodes { id position eventType eventId endpoint { id } }
      }
      delivery: webhookDelivery(id: $delivery) { id status position eventType eventId fromPosition }
      none: webhookDelivery(id: $other) { id }
    }
    """
    variables = {"endpoint": gid(failing), "delivery": gid(waiting), "other": gid(other)}
    data = (await client.run(query, variables)).ok()
    assert data == {
        "all": {"totalCount": 2, "nodes": [{"id": gid(failing)}, {"id": gid(off)}]},
        "open": {"nodes": [{"id": gid(failing), "deliveries": {"totalCount": 1, "nodes": [{"id": gid(arrived)}]}}]},
        "newest": {"nodes": [{"id": gid(off)}]},
        "one": {"id": gid(failing), "createdBy": None, "updatedBy": None},
        "deliveries": {"nodes": [{"id": gid(waiting)}, {"id": gid(arrived)}]},
        "answered": {
            "nodes": [
                {
                    "id": gid(arrived),
                    "position": "7",
                    "eventType": "CALL_CREATED",
                    "eventId": f"event_{failing.id}",
                    "endpoint": {"id": gid(failing)},
                }
            ]
        },
        "delivery": {
            "id": gid(waiting),
            "status": "QUEUED",
            "position": None,
            "eventType": None,
            "eventId": None,
            "fromPosition": None,
        },
        "none": None,
    }
