"""Integrations through the API: set up, their secrets replaced, and never shown."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.core.keys import DecryptionFailed
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.enums.integrations import IntegrationKind, IntegrationStatus
from db.events import Event
from db.integrations import Integration
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from tests.factories import calls, integrations, telephony
from tests.gql.ingest.support import connect, endpoints
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store
from tests.support.twilio import ACCOUNT_SID, TOKEN, recorded

NEW_TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

CREATE = """
mutation ($input: IntegrationCreateInput!) {
  integrationCreate(input: $input) {
    position ingestPath
    errors { __typename code message path }
    integration {
      id kind provider name status accountIdentifier endpointUrl config scopes hasSecret hasIngestAddress version
      rotatedAt previousSecretExpiresAt
    }
  }
}
"""

ROTATE = """
mutation ($input: IntegrationRotateInput!) {
  integrationRotate(input: $input) {
    ingestPath
    errors { __typename code message path ... on Conflict { current { id } } }
    integration { id rotatedAt previousSecretExpiresAt previousAddressExpiresAt version }
  }
}
"""


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the ingest endpoints, which stand behind a proxy."""
    async with endpoints(services) as client:
        yield client


def twilio_account(**more: Any) -> dict[str, Any]:
    """The input that sets up an account with Twilio."""
    return {
        "kind": "TELEPHONY",
        "provider": " Twilio ",
        "name": "Main line",
        "accountIdentifier": ACCOUNT_SID,
        "config": {"region": "in1"},
        "scopes": ["calls", "calls"],
        "secret": TOKEN,
        **more,
    }


async def create(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    """What `integrationCreate` answers."""
    answer: dict[str, Any] = (await client.run(CREATE, {"input": given})).ok()["integrationCreate"]
    return answer


async def rotate(client: Client, **given: Any) -> dict[str, Any]:
    """What `integrationRotate` answers."""
    answer: dict[str, Any] = (await client.run(ROTATE, {"input": given})).ok()["integrationRotate"]
    return answer


async def stored(store: Store, tenant: Tenant) -> list[Integration]:
    """The tenant's integrations."""
    return await store.all(select(Integration).where(Integration.tenant_id == tenant.id))


async def the_only(store: Store, tenant: Tenant) -> Integration:
    """The tenant's one integration, as it is stored now."""
    [found] = await stored(store, tenant)
    return found


async def opened(services: Services, tenant: Tenant, sealed: bytes | None, integration: Integration) -> str:
    """A stored secret in plain."""
    assert sealed is not None
    async with services.database.write(tenant.id) as session:
        crypter = await services.keyring.for_tenant(session, tenant.id, START)
    return crypter.decrypt(sealed, f"secret of integration {integration.id}").decode()


async def test_an_integration_is_set_up_and_its_secret_is_encrypted_with_the_tenants_key(
    store: Store, tenant: Tenant, other_tenant: Tenant, services: Services, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    made = await create(client, twilio_account())
    assert made["errors"] == []
    integration = await the_only(store, tenant)
    assert made["integration"] == {
        "id": gid(integration),
        "kind": "TELEPHONY",
        "provider": "twilio",
        "name": "Main line",
        "status": "ACTIVE",
        "accountIdentifier": ACCOUNT_SID,
        "endpointUrl": None,
        "config": {"region": "in1"},
        "scopes": ["calls"],
        "hasSecret": True,
        "hasIngestAddress": True,
        "version": 1,
        "rotatedAt": None,
        "previousSecretExpiresAt": None,
    }
    assert made["ingestPath"].startswith("/ingest/calls/twilio/")
    assert await opened(services, tenant, integration.secret_encrypted, integration) == TOKEN
    assert TOKEN.encode() not in (integration.secret_encrypted or b"")
    with pytest.raises(DecryptionFailed):
        await opened(services, other_tenant, integration.secret_encrypted, integration)
    [event] = await store.all(select(Event).where(Event.tenant_id == tenant.id))
    assert (event.type, event.object_id) == (EventType.INTEGRATION_CREATED, integration.id)
    assert str(event.position) == made["position"]
    [entry] = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert (entry.action, entry.category) == ("INTEGRATION_CREATED", AuditCategory.SECURITY)


async def test_the_address_is_shown_once_and_a_retry_makes_nothing_new(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    given = twilio_account(idempotencyKey="setup-1")
    first, again = await create(client, given), await create(client, given)
    assert (first["errors"], again["errors"]) == ([], [])
    assert again["integration"] == first["integration"]
    assert (again["ingestPath"], again["position"]) == (None, first["position"])
    other_secret = await create(client, {**given, "secret": NEW_TOKEN})
    assert [error["code"] for error in other_secret["errors"]] == ["CONFLICT"]
    assert len(await stored(store, tenant)) == 1


async def test_what_reports_nothing_has_no_address_and_needs_no_secret(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    made = await create(client, {"kind": "EMAIL", "provider": "imap", "name": "Inbox", "config": None})
    assert (made["errors"], made["ingestPath"]) == ([], None)
    assert made["integration"]["hasSecret"] is made["integration"]["hasIngestAddress"] is False
    refused = await rotate(client, id=made["integration"]["id"], isNewAddress=True)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [
        ("VALIDATION_FAILED", ["input", "isNewAddress"])
    ]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"secret": None}, ["input", "secret"]),
        ({"secret": "short"}, ["input", "secret"]),
        ({"secret": f"{TOKEN}\n"}, ["input", "secret"]),
        ({"secret": "x" * 5000}, ["input", "secret"]),
        ({"name": " "}, ["input", "name"]),
        ({"provider": "no provider!"}, ["input", "provider"]),
        ({"endpointUrl": "ftp://example.com"}, ["input", "endpointUrl"]),
        ({"config": {"authToken": TOKEN}}, ["input", "config", "authToken"]),
        ({"config": {"nested": {"api_key": "x"}}}, ["input", "config", "api_key"]),
        ({"config": ["x"]}, ["input", "config"]),
        ({"scopes": ["x"] * 51}, ["input", "scopes"]),
    ],
)
async def test_a_wrong_value_is_refused_and_nothing_is_stored(
    store: Store, tenant: Tenant, sign_in: SignIn, wrong: dict[str, Any], path: list[str]
) -> None:
    client = await sign_in(tenant)
    refused = await create(client, twilio_account(**wrong))
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("VALIDATION_FAILED", path)]
    assert (refused["integration"], refused["ingestPath"], refused["position"]) == (None, None, None)
    assert TOKEN not in str(refused)
    assert await stored(store, tenant) == []


async def test_an_account_is_connected_once(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    await create(client, twilio_account())
    refused = await create(client, twilio_account(name="Second"))
    assert [(error["__typename"], error["path"]) for error in refused["errors"]] == [
        ("Conflict", ["input", "accountIdentifier"])
    ]
    assert "already" in refused["errors"][0]["message"]
    assert refused["ingestPath"] is None
    assert len(await stored(store, tenant)) == 1


async def test_a_replaced_secret_counts_until_its_grace_has_passed(
    store: Store,
    tenant: Tenant,
    services: Services,
    clock: FixedClock,
    sign_in: SignIn,
    http: httpx2.AsyncClient,
) -> None:
    old = await connect(sign_in, tenant, http)
    client = await sign_in(tenant)
    rotated = await rotate(
        client, id=gid(await the_only(store, tenant)), secret=NEW_TOKEN, graceSeconds=3600, expectedVersion=1
    )
    assert (rotated["errors"], rotated["ingestPath"]) == ([], None)
    assert rotated["integration"]["previousSecretExpiresAt"] == "2026-11-20T10:00:00Z"
    assert (rotated["integration"]["rotatedAt"], rotated["integration"]["version"]) == ("2026-11-20T09:00:00Z", 2)
    integration = await the_only(store, tenant)
    assert await opened(services, tenant, integration.secret_encrypted, integration) == NEW_TOKEN
    assert await opened(services, tenant, integration.previous_secret_encrypted, integration) == TOKEN
    new = old.signing_with(NEW_TOKEN)
    assert await old.play(recorded()[:1]) + await new.play(recorded()[:1]) == [204, 204]
    clock.instant = START + timedelta(minutes=59, seconds=59)
    assert await old.play(recorded()[:1]) == [204]
    clock.instant = START + timedelta(hours=1)
    assert await old.play(recorded()[:1]) + await new.play(recorded()[:1]) == [403, 204]


async def test_without_grace_the_old_secret_ends_at_once(
    store: Store, tenant: Tenant, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    old = await connect(sign_in, tenant, http)
    client = await sign_in(tenant)
    await rotate(client, id=gid(await the_only(store, tenant)), secret=NEW_TOKEN, graceSeconds=0)
    assert await old.play(recorded()[:1]) + await old.signing_with(NEW_TOKEN).play(recorded()[:1]) == [403, 204]
    assert (await the_only(store, tenant)).previous_secret_encrypted is None


async def test_a_new_address_replaces_the_old_one_after_a_while(
    store: Store, tenant: Tenant, clock: FixedClock, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    old = await connect(sign_in, tenant, http)
    client = await sign_in(tenant)
    rotated = await rotate(client, id=gid(await the_only(store, tenant)), isNewAddress=True)
    assert rotated["integration"]["previousAddressExpiresAt"] == "2026-11-21T09:00:00Z"
    assert rotated["integration"]["previousSecretExpiresAt"] is None
    new = old.at(rotated["ingestPath"])
    assert new.path != old.path
    assert await old.play(recorded()[:1]) + await new.play(recorded()[:1]) == [204, 204]
    clock.instant = START + timedelta(days=1)
    assert await old.play(recorded()[:1]) + await new.play(recorded()[:1]) == [404, 204]


async def test_a_rotation_that_is_refused_changes_nothing(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    twilio = await connect(sign_in, tenant, http)
    before = await the_only(store, tenant)
    own, client = gid(before), await sign_in(tenant)
    revoked = await integrations.integration(store, other_tenant, status=IntegrationStatus.REVOKED)
    others = await sign_in(other_tenant)
    too_long = {"id": own, "isNewAddress": True, "graceSeconds": 604_801}
    for who, given, code, path in (
        (client, {"id": own}, "VALIDATION_FAILED", ["input", "secret"]),
        (client, {"id": own, "secret": "short"}, "VALIDATION_FAILED", ["input", "secret"]),
        (client, {"id": own, "secret": NEW_TOKEN, "graceSeconds": -1}, "VALIDATION_FAILED", ["input", "graceSeconds"]),
        (client, too_long, "VALIDATION_FAILED", ["input", "graceSeconds"]),
        (client, {"id": own, "secret": NEW_TOKEN, "expectedVersion": 7}, "CONFLICT", ["input", "expectedVersion"]),
        (client, {"id": gid(revoked), "secret": NEW_TOKEN}, "NOT_FOUND", ["input", "id"]),
        (others, {"id": own, "secret": NEW_TOKEN}, "NOT_FOUND", ["input", "id"]),
        (others, {"id": gid(revoked), "secret": NEW_TOKEN}, "VALIDATION_FAILED", ["input", "id"]),
    ):
        refused = await rotate(who, **given)
        assert [(error["code"], error["path"]) for error in refused["errors"]] == [(code, path)]
        assert (refused["integration"], refused["ingestPath"]) == (None, None)
    assert vars(await the_only(store, tenant)).items() >= {"version": 1, "rotated_at": None}.items()
    assert await twilio.play(recorded()[:1]) == [204]
    assert await store.counts(other_tenant, Event) == [0]


async def test_integrations_need_their_permissions(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    integration = await integrations.integration(store, tenant)
    reader = await sign_in(tenant, permissions={"integration:read"})
    assert (await reader.run(CREATE, {"input": twilio_account()})).codes == ["FORBIDDEN"]
    assert (await reader.run(ROTATE, {"input": {"id": gid(integration), "secret": TOKEN}})).codes == ["FORBIDDEN"]
    stranger = await sign_in(tenant, permissions={"call:read"})
    assert (await stranger.run("{ integrations { nodes { id } } }")).codes == ["FORBIDDEN"]
    query = "query ($id: ID!) { integration(id: $id) { id } }"
    assert (await stranger.run(query, {"id": gid(integration)})).codes == ["FORBIDDEN"]
    assert [found.version for found in await stored(store, tenant)] == [1]


async def test_integrations_are_listed_filtered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    twilio = await integrations.integration(store, tenant, name="Main line")
    inbox = await integrations.integration(store, tenant, kind=IntegrationKind.EMAIL, provider="imap", name="Inbox")
    other = await integrations.integration(store, other_tenant, name="Main line")
    client = await sign_in(tenant)
    query = """
    query ($other: ID!, $id: ID!) {
      all: integrations { totalCount nodes { id } }
      calls: integrations(filter: { kind: { eq: TELEPHONY }, provider: { eq: "twilio" } }) { nodes { id } }
      found: integrations(search: "main") { nodes { id } }
      newest: integrations(orderBy: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { id } }
      one: integration(id: $id) { name }
      none: integration(id: $other) { name }
    }
    """
    data = (await client.run(query, {"id": gid(inbox), "other": gid(other)})).ok()
    assert data == {
        "all": {"totalCount": 2, "nodes": [{"id": gid(inbox)}, {"id": gid(twilio)}]},
        "calls": {"nodes": [{"id": gid(twilio)}]},
        "found": {"nodes": [{"id": gid(twilio)}]},
        "newest": {"nodes": [{"id": gid(inbox)}]},
        "one": {"name": "Inbox"},
        "none": None,
    }


async def test_an_integration_leads_to_its_numbers_and_calls(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    integration = await integrations.integration(store, tenant)
    number = await telephony.phone_number(store, tenant, integration_id=integration.id)
    call = await calls.call(store, tenant, integration_id=integration.id)
    client = await sign_in(tenant)
    query = """
    query ($id: ID!) {
      integration(id: $id) {
        phoneNumbers { nodes { id integration { id } } }
        calls { nodes { id integration { id } } }
        createdBy { id } updatedBy { id }
      }
    }
    """
    own = {"id": gid(integration)}
    assert (await client.run(query, own)).ok()["integration"] == {
        "phoneNumbers": {"nodes": [{"id": gid(number), "integration": own}]},
        "calls": {"nodes": [{"id": gid(call), "integration": own}]},
        "createdBy": None,
        "updatedBy": None,
    }
    assert len(client.statements) == 3


async def test_settings_however_deep_are_refused_as_such(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    nested: Any = 1
    for _ in range(900):
        nested = {"a": nested}
    wanted = {"kind": "SMS", "provider": "other", "name": "Other", "config": nested}
    payload = (await client.run(CREATE, {"input": wanted})).ok()["integrationCreate"]
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("VALIDATION_FAILED", ["input", "config", "a"])
    ]
