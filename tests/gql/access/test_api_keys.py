"""API keys through the API: issued once in clear, used, revoked."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.access import ApiKey, User
from db.compliance import AuditLogEntry
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.events import Event
from db.organizations import Tenant
from resolvers.access import credentials, issue_access_token
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from tests.factories import access
from tests.gql.conftest import Bearer
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

CREATE = """
mutation ($input: ApiKeyCreateInput!) {
  apiKeyCreate(input: $input) {
    secret position
    apiKey { id name description prefix scopes allowedAddresses expiresAt isActive usageCount createdBy { id } }
    errors { __typename code message path }
  }
}
"""
REVOKE = """
mutation ($input: ApiKeyRevokeInput!) {
  apiKeyRevoke(input: $input) {
    apiKey { id isActive revokedAt revocationReason revokedBy { id } version }
    errors { __typename code path ... on Conflict { current { id } } }
  }
}
"""
MANAGES_KEYS = ["api_key:read", "api_key:write", "deal:read", "user:read"]


@pytest.fixture
async def manager(store: Store, tenant: Tenant) -> User:
    """Somebody who issues API keys."""
    login = await access.login(store, tenant)
    return await access.user(store, tenant, login_id=login.id, permissions=MANAGES_KEYS, email=login.email)


@pytest.fixture
async def client(bearer: Bearer, services: Services, manager: User) -> Client:
    """The client of somebody who issues API keys."""
    made = bearer(await issue_access_token(services, manager.email))
    (await made.run("{ viewer { kind } }")).ok()
    return made


async def kept(store: Store, tenant: Tenant) -> tuple[int, int, int]:
    """How many keys the tenant has, and events and audit entries about them."""
    keys, events, entries = await store.counts(tenant, ApiKey, Event, AuditLogEntry, about="ApiKey")
    return keys, events, entries


async def create(client: Client, **values: Any) -> dict[str, Any]:
    """One attempt to issue a key, and its payload."""
    given = {"name": "Sync", "scopes": ["deal:read"], **values}
    payload: dict[str, Any] = (await client.run(CREATE, {"input": given})).ok()["apiKeyCreate"]
    return payload


async def test_a_key_is_shown_once_and_stored_as_a_hash(
    store: Store, client: Client, bearer: Bearer, manager: User, tenant: Tenant
) -> None:
    payload = await create(
        client,
        name=" Sync ",
        description="Nightly",
        scopes=["user:read", "deal:read"],
        allowedAddresses=["203.0.113.0/24", "127.0.0.1"],
        expiresAt="2027-01-01T00:00:00Z",
    )
    assert payload["errors"] == []
    secret = payload["secret"]
    assert payload["apiKey"] == {
        "id": payload["apiKey"]["id"],
        "name": "Sync",
        "description": "Nightly",
        "prefix": secret[:15],
        "scopes": ["deal:read", "user:read"],
        "allowedAddresses": ["203.0.113.0/24", "127.0.0.1"],
        "expiresAt": "2027-01-01T00:00:00Z",
        "isActive": True,
        "usageCount": 0,
        "createdBy": {"id": gid(manager)},
    }
    (row,) = await store.all(select(ApiKey).where(ApiKey.tenant_id == tenant.id))
    parsed = credentials.parse_api_key(secret)
    assert parsed is not None
    assert row.secret_hash == credentials.digest(parsed.secret)
    viewer = (await bearer(secret).run("{ viewer { kind permissions user { id } apiKey { id } } }")).ok()["viewer"]
    assert viewer == {
        "kind": "API_KEY",
        "permissions": ["deal:read", "user:read"],
        "user": None,
        "apiKey": {"id": gid(row)},
    }


async def test_issuing_and_revoking_are_told_and_audited_without_the_secret(
    store: Store, client: Client, manager: User, tenant: Tenant
) -> None:
    payload = await create(client)
    await client.run(REVOKE, {"input": {"id": payload["apiKey"]["id"]}})
    events = await store.events(tenant, "ApiKey")
    assert [event.type for event in events] == [EventType.API_KEY_CREATED, EventType.API_KEY_REVOKED]
    assert {event.actor_id for event in events} == {manager.id}
    assert events[0].payload["created_by_id"] == str(manager.id)
    assert payload["secret"] not in str(events[0].payload)
    entries = await store.all(select(AuditLogEntry).where(AuditLogEntry.object_id == events[0].object_id))
    assert [entry.category for entry in entries] == [AuditCategory.SECURITY] * 2


async def test_a_retry_issues_no_second_key_and_does_not_show_the_secret_again(
    store: Store, client: Client, tenant: Tenant
) -> None:
    first = await create(client, idempotencyKey="k")
    again = await create(client, idempotencyKey="k")
    assert first["secret"] is not None
    assert again["secret"] is None
    assert (again["apiKey"], again["position"], again["errors"]) == (first["apiKey"], first["position"], [])
    assert (await create(client, idempotencyKey="k", name="Other"))["errors"][0]["code"] == "CONFLICT"
    assert await kept(store, tenant) == (1, 1, 1)


@pytest.mark.parametrize(
    ("values", "paths"),
    [
        ({"name": " "}, [["input", "name"]]),
        ({"name": "x" * 101}, [["input", "name"]]),
        ({"name": None}, []),
        ({"scopes": []}, [["input", "scopes"]]),
        ({"scopes": ["deal:read", "nothing:read"]}, [["input", "scopes", "1"]]),
        ({"scopes": ["contact:read"]}, [["input", "scopes", "0"]]),
        ({"expiresAt": "2026-11-20T09:00:00Z"}, [["input", "expiresAt"]]),
        ({"allowedAddresses": ["10.0.0.1", "home"]}, [["input", "allowedAddresses", "1"]]),
        ({"scopes": ["contact:read"], "name": ""}, [["input", "scopes", "0"], ["input", "name"]]),
    ],
)
async def test_a_key_that_breaks_a_rule_is_not_issued(
    store: Store, client: Client, tenant: Tenant, values: dict[str, Any], paths: list[list[str]]
) -> None:
    given = {"name": "Sync", "scopes": ["deal:read"], **values}
    answer = await client.run(CREATE, {"input": given})
    if paths:
        payload = answer.ok()["apiKeyCreate"]
        assert [error["path"] for error in payload["errors"]] == paths
        assert {error["__typename"] for error in payload["errors"]} == {"ValidationFailed"}
        assert payload["secret"] is None
    else:
        assert answer.codes == ["BAD_USER_INPUT"]
    assert await kept(store, tenant) == (0, 0, 0)


async def test_issuing_needs_its_permission(store: Store, tenant: Tenant, sign_in: SignIn, visitor: Client) -> None:
    key = await access.api_key(store, tenant)
    client = await sign_in(tenant, permissions={"api_key:read", "deal:read"})
    for refused, code in ((client, "FORBIDDEN"), (visitor, "UNAUTHENTICATED")):
        given = {"input": {"name": "Sync", "scopes": ["deal:read"]}}
        assert (await refused.run(CREATE, given)).codes == [code]
        assert (await refused.run(REVOKE, {"input": {"id": gid(key.row)}})).codes == [code]
    stored = await store.get(ApiKey, tenant.id, key.row.id)
    assert stored is not None
    assert stored.revoked_at is None


async def test_a_key_does_not_issue_keys(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    payload = await create(await sign_in(tenant))
    assert [error["code"] for error in payload["errors"]] == ["PERMISSION_DENIED"]
    assert (await kept(store, tenant))[1:] == (0, 0)


async def test_a_revoked_key_says_who_when_and_why_and_stays_so(
    store: Store, client: Client, manager: User, tenant: Tenant, clock: FixedClock
) -> None:
    key = await access.api_key(store, tenant, created_by_id=manager.id)
    given = {"id": gid(key.row), "reason": " Lost laptop ", "expectedVersion": 1}
    payload = (await client.run(REVOKE, {"input": given})).ok()["apiKeyRevoke"]
    revoked = {
        "id": gid(key.row),
        "isActive": False,
        "revokedAt": "2026-11-20T09:00:00Z",
        "revocationReason": "Lost laptop",
        "revokedBy": {"id": gid(manager)},
        "version": 2,
    }
    assert payload == {"apiKey": revoked, "errors": []}
    clock.instant = START + timedelta(minutes=5)
    again = (await client.run(REVOKE, {"input": {"id": gid(key.row), "reason": "Again"}})).ok()["apiKeyRevoke"]
    assert again == payload
    assert await kept(store, tenant) == (1, 1, 1)


async def test_a_revocation_that_is_refused_changes_nothing(
    store: Store, client: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    own = await access.api_key(store, tenant)
    foreign = await access.api_key(store, other_tenant)
    user = await access.user(store, tenant)

    async def errors(**given: Any) -> list[tuple[str, list[str]]]:
        payload = (await client.run(REVOKE, {"input": given})).ok()["apiKeyRevoke"]
        assert payload["apiKey"] is None
        return [(error["__typename"], error["path"]) for error in payload["errors"]]

    assert await errors(id=gid(foreign.row)) == [("NotFound", ["input", "id"])]
    assert await errors(id=gid(user)) == [("ValidationFailed", ["input", "id"])]
    assert await errors(id=gid(own.row), reason="x" * 501) == [("ValidationFailed", ["input", "reason"])]
    assert await errors(id=gid(own.row), expectedVersion=2) == [("Conflict", ["input", "expectedVersion"])]
    for home, key in ((tenant, own), (other_tenant, foreign)):
        stored = await store.get(ApiKey, home.id, key.row.id)
        assert stored is not None
        assert (stored.revoked_at, stored.is_active, stored.version) == (None, True, 1)
    assert await kept(store, tenant) == (1, 0, 0)


async def test_keys_are_read_by_id_and_listed_without_their_secrets(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    user = await access.user(store, tenant, display_name="Meera")
    old = await access.api_key(store, tenant, name="Old", created_at=START - timedelta(days=1), revoked_at=START)
    new = await access.api_key(store, tenant, name="New", scopes=["deal:read"], created_by_id=user.id)
    foreign = await access.api_key(store, other_tenant)
    client = await sign_in(tenant, permissions={"api_key:read", "user:read"})
    one = "query ($id: ID!) { apiKey(id: $id) { name prefix createdBy { displayName apiKeys { nodes { name } } } } }"
    assert (await client.run(one, {"id": gid(new.row)})).ok()["apiKey"] == {
        "name": "New",
        "prefix": new.text[:15],
        "createdBy": {"displayName": "Meera", "apiKeys": {"nodes": [{"name": "New"}]}},
    }
    assert len(client.statements) == 2  # the key with who issued it, and that user's keys
    assert (await client.run(one, {"id": gid(foreign.row)})).ok()["apiKey"] is None
    listed = "query ($f: ApiKeyFilter, $o: ApiKeyOrder) { apiKeys(filter: $f, orderBy: $o) { nodes { name } } }"

    async def names(filter_: Any = None, order: Any = None) -> list[str]:
        data = (await client.run(listed, {"f": filter_, "o": order})).ok()
        return [node["name"] for node in data["apiKeys"]["nodes"] if not node["name"].startswith("Key ")]

    assert await names() == ["New", "Old"]
    assert await names(order={"field": "NAME", "direction": "DESC"}) == ["Old", "New"]
    assert await names({"prefix": {"eq": new.row.prefix}}) == ["New"]
    assert await names({"scopes": {"has": "deal:read"}}) == ["New"]
    assert await names({"createdById": {"eq": gid(user)}}) == ["New"]
    assert await names({"revokedAt": {"isNull": False}}) == ["Old"]
    assert old.text not in str((await client.run("{ apiKeys { nodes { id name prefix } } }")).data)
    narrow = await sign_in(tenant, permissions={"user:read"})
    for query in ("{ apiKeys { nodes { id } } }", f'{{ apiKey(id: "{gid(new.row)}") {{ id }} }}'):
        assert (await narrow.run(query)).codes == ["FORBIDDEN"]
