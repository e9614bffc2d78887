"""Signing in through the API: by password, with one answer for whatever is wrong."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from db.access import Login, User, UserSession
from db.compliance import AuditLogEntry
from db.core.keys import Keyring
from db.enums.access import LoginStatus, UserStatus
from db.enums.compliance import AuditCategory
from db.enums.events import ActorKind, EventType
from db.enums.organizations import OrganizationStatus, TenantStatus
from db.events import Event
from db.organizations import Organization, Tenant
from resolvers.access import passwords
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from tests.factories import access, organizations
from tests.factories.access import PASSWORD, CountingHasher
from tests.gql.conftest import Bearer
from tests.support.client import Client
from tests.support.ids import gid
from tests.support.store import START, Store

SIGN_IN = """
mutation ($input: SignInInput!) {
  signIn(input: $input) {
    accessToken accessTokenExpiresAt refreshToken sessionExpiresAt position
    errors { __typename code message path ... on RateLimited { retryAfterSeconds } }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    login: Login
    user: User


@pytest.fixture
async def person(store: Store, tenant: Tenant) -> Person:
    """Somebody who may enter the tenant, and read deals there."""
    login = await access.login(store, tenant)
    return Person(login, await access.user(store, tenant, login_id=login.id, permissions=["deal:read", "tenant:read"]))


async def attempt(client: Client, email: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """One attempt to sign in, and its payload."""
    answer = await client.run(SIGN_IN, {"input": {"email": email, "password": password, **more}})
    payload: dict[str, Any] = answer.ok()["signIn"]
    return payload


async def refusal(client: Client, email: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """The one error of an attempt that must fail, and shows nothing."""
    payload = await attempt(client, email, password, **more)
    (error,) = payload.pop("errors")
    assert set(payload.values()) == {None}
    return dict(error)


async def stored(store: Store, login: Login) -> Login:
    """The login as it is now."""
    (found,) = await store.all(select(Login).where(Login.id == login.id))
    return found  # type: ignore[no-any-return]  # the store's rows are of any type


async def traces(store: Store, tenant: Tenant) -> int:
    """How many sessions, events and audit entries the tenant has."""
    rows = [
        await store.all(select(row.id).where(row.tenant_id == tenant.id)) for row in (UserSession, Event, AuditLogEntry)
    ]
    return sum(map(len, rows))


async def test_a_person_signs_in_and_reads_as_themself(
    visitor: Client, bearer: Bearer, person: Person, tenant: Tenant
) -> None:
    payload = await attempt(visitor, f" {person.login.email.upper()} ")
    assert payload["errors"] == []
    assert payload["accessTokenExpiresAt"] == "2026-11-20T09:15:00Z"
    assert payload["sessionExpiresAt"] == "2026-12-20T09:00:00Z"
    assert payload["refreshToken"].startswith("cgr_")
    client = bearer(payload["accessToken"])
    viewer = (await client.run("{ viewer { kind permissions user { id } apiKey { id } tenant { slug } } }")).ok()[
        "viewer"
    ]
    assert viewer == {
        "kind": "USER",
        "permissions": ["deal:read", "tenant:read"],
        "user": {"id": gid(person.user)},
        "apiKey": None,
        "tenant": {"slug": tenant.slug},
    }


async def test_signing_in_is_recorded_on_login_user_and_session(
    store: Store, visitor: Client, person: Person, tenant: Tenant
) -> None:
    await store.execute(update(Login).where(Login.id == person.login.id).values(failed_attempts=4))
    await attempt(visitor, person.login.email)
    login = await stored(store, person.login)
    assert (login.failed_attempts, login.sign_in_count, login.last_signed_in_at) == (0, 1, START)
    user = await store.get(User, tenant.id, person.user.id)
    assert user is not None
    assert (user.last_signed_in_at, user.last_active_at, user.version) == (START, START, 1)
    (session,) = await store.all(select(UserSession).where(UserSession.tenant_id == tenant.id))
    assert (session.user_id, session.rotation_count, session.revoked_at) == (person.user.id, 0, None)


async def test_signing_in_makes_one_event_and_one_audit_entry_without_the_tokens(
    store: Store, visitor: Client, person: Person, tenant: Tenant, services: Services
) -> None:
    payload = await attempt(visitor, person.login.email)
    (event,) = await store.all(select(Event).where(Event.tenant_id == tenant.id))
    assert (event.type, event.object_type, str(event.position)) == (
        EventType.SIGNED_IN,
        "UserSession",
        payload["position"],
    )
    assert (event.actor_kind, event.actor_id) == (ActorKind.USER, person.user.id)
    assert event.payload["user_id"] == str(person.user.id)
    assert event.payload["method"] == "PASSWORD"
    (entry,) = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert (entry.action, entry.category, entry.event_id) == (
        "SIGNED_IN",
        AuditCategory.AUTHENTICATION,
        event.id,
    )
    values = await opened(services, tenant, entry)
    assert values["user_id"] == str(person.user.id)
    assert values["family_hash"] == values["secret_hash"] == "(secret)"


async def opened(services: Services, tenant: Tenant, entry: AuditLogEntry) -> dict[str, Any]:
    """The new values of an audit entry."""
    assert entry.new_values_encrypted is not None
    async with services.database.write(tenant.id) as session:
        keyring: Keyring = services.keyring
        crypter = await keyring.for_tenant(session, tenant.id, START)
    values: dict[str, Any] = orjson.loads(crypter.decrypt(entry.new_values_encrypted, f"audit {entry.event_id}"))
    return values


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_after_the_same_work(
    store: Store, visitor: Client, person: Person, tenant: Tenant, hasher: CountingHasher
) -> None:
    wrong = await refusal(visitor, person.login.email, "green tram at noon")
    assert hasher.verified == 1
    statements = list(visitor.statements)
    unknown = await refusal(visitor, "nobody@example.com", "green tram at noon")
    assert hasher.verified == 2
    assert wrong == unknown
    assert (wrong["__typename"], wrong["code"]) == ("InvalidCredentials", "INVALID_CREDENTIALS")
    assert [text for text in statements if not text.startswith("UPDATE")] == visitor.statements
    assert await traces(store, tenant) == 0


@pytest.mark.parametrize("password", ["x" * 129, "", "a\0b"])
async def test_a_password_that_nobody_can_have_is_a_wrong_one(
    visitor: Client, person: Person, hasher: CountingHasher, password: str
) -> None:
    assert (await refusal(visitor, person.login.email, password))["code"] == "INVALID_CREDENTIALS"
    assert hasher.verified == 1


async def test_a_login_without_a_password_or_disabled_gets_the_same_answer(
    store: Store, visitor: Client, person: Person, tenant: Tenant, hasher: CountingHasher
) -> None:
    bare = await access.login(store, tenant, password_hash=None)
    broken = await access.login(store, tenant, password_hash="no hash at all")
    await store.execute(update(Login).where(Login.id == person.login.id).values(status=LoginStatus.DISABLED))
    answers = [await refusal(visitor, login.email) for login in (bare, broken, person.login)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["code"] == "INVALID_CREDENTIALS"
    assert hasher.verified == 3
    assert (await stored(store, person.login)).failed_attempts == 0


async def test_the_fifth_wrong_password_locks_the_login_even_for_the_right_one(
    store: Store, visitor: Client, person: Person, tenant: Tenant, clock: FixedClock, hasher: CountingHasher
) -> None:
    answers = [await refusal(visitor, person.login.email, "wrong") for _ in range(5)]
    locked = await stored(store, person.login)
    assert (locked.failed_attempts, locked.locked_until_at) == (5, START + timedelta(minutes=15))
    assert await refusal(visitor, person.login.email) == answers[0]
    assert hasher.verified == 6
    assert (await stored(store, person.login)).failed_attempts == 5
    assert await traces(store, tenant) == 0
    clock.instant = START + timedelta(minutes=15)
    assert (await attempt(visitor, person.login.email))["errors"] == []
    after = await stored(store, person.login)
    assert (after.failed_attempts, after.locked_until_at) == (0, None)


async def test_wrong_passwords_given_at_once_are_all_counted(
    store: Store, visitor: Client, bearer: Bearer, person: Person
) -> None:
    for _ in range(2):
        clients = (visitor, bearer(""))
        await asyncio.gather(*(refusal(client, person.login.email, "wrong") for client in clients))
    assert (await stored(store, person.login)).failed_attempts == 4


async def test_a_third_hash_at_the_same_time_is_refused_and_not_counted(
    store: Store, visitor: Client, person: Person
) -> None:
    gate = asyncio.Event()
    busy = [asyncio.ensure_future(gate.wait()) for _ in range(2)]
    passwords._running.update(busy)  # as if two sign-ins were being verified
    try:
        error = await refusal(visitor, person.login.email, "wrong")
    finally:
        passwords._running.difference_update(busy)
        gate.set()
        await asyncio.gather(*busy)
    assert (error["__typename"], error["code"], error["retryAfterSeconds"]) == (
        "RateLimited",
        "RATE_LIMITED",
        1,
    )
    assert (await stored(store, person.login)).failed_attempts == 0


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@example.com"])
async def test_what_is_no_address_is_said_to_be_none(visitor: Client, email: str, hasher: CountingHasher) -> None:
    error = await refusal(visitor, email)
    assert (error["__typename"], error["path"]) == ("ValidationFailed", ["input", "email"])
    assert hasher.verified == 0


@pytest.mark.parametrize("status", [TenantStatus.SUSPENDED, TenantStatus.INACTIVE])
async def test_a_closed_tenant_is_not_entered(
    store: Store, visitor: Client, person: Person, tenant: Tenant, status: TenantStatus
) -> None:
    await store.execute(update(Tenant).where(Tenant.id == tenant.id).values(status=status))
    assert (await refusal(visitor, person.login.email))["__typename"] == "PermissionDenied"
    assert (await refusal(visitor, person.login.email, tenantSlug=tenant.slug))["code"] == "PERMISSION_DENIED"
    assert await traces(store, tenant) == 0


async def test_nobody_enters_a_suspended_organization(
    store: Store, visitor: Client, person: Person, tenant: Tenant
) -> None:
    await store.execute(
        update(Organization)
        .where(Organization.id == tenant.organization_id)
        .values(status=OrganizationStatus.SUSPENDED)
    )
    assert (await refusal(visitor, person.login.email))["code"] == "PERMISSION_DENIED"


async def test_a_suspended_user_does_not_enter(store: Store, visitor: Client, person: Person, tenant: Tenant) -> None:
    await store.execute(update(User).where(User.id == person.user.id).values(status=UserStatus.SUSPENDED))
    assert (await refusal(visitor, person.login.email))["code"] == "PERMISSION_DENIED"
    assert await traces(store, tenant) == 0


async def test_a_login_of_several_tenants_names_one(
    store: Store, visitor: Client, bearer: Bearer, person: Person, tenant: Tenant, other_tenant: Tenant
) -> None:
    second = await organizations.tenant(store, organization_id=tenant.organization_id, name="A second one")
    user = await access.user(store, second, login_id=person.login.id, permissions=[])
    error = await refusal(visitor, person.login.email)
    assert (error["__typename"], error["path"]) == ("ValidationFailed", ["input", "tenantSlug"])
    assert second.slug in error["message"]
    assert tenant.slug in error["message"]
    payload = await attempt(visitor, person.login.email, tenantSlug=second.slug)
    client = bearer(payload["accessToken"])
    viewer = (await client.run("{ viewer { user { id } permissions } }")).ok()["viewer"]
    assert viewer == {"user": {"id": gid(user)}, "permissions": []}
    for slug in (other_tenant.slug, "no-such-tenant", "", "\0"):
        error = await refusal(visitor, person.login.email, tenantSlug=slug)
        assert (error["__typename"], error["path"]) == ("PermissionDenied", ["input", "tenantSlug"])


async def test_a_retry_under_the_same_key_begins_no_second_session_and_shows_no_tokens(
    store: Store, visitor: Client, person: Person, tenant: Tenant
) -> None:
    first = await attempt(visitor, person.login.email, idempotencyKey="k")
    count = await traces(store, tenant)
    again = await attempt(visitor, person.login.email, idempotencyKey="k")
    assert again["errors"] == []
    assert (again["accessToken"], again["refreshToken"]) == (None, None)
    assert again["position"] == first["position"]
    assert await traces(store, tenant) == count
    assert (await stored(store, person.login)).sign_in_count == 1
    assert (await refusal(visitor, person.login.email, "wrong", idempotencyKey="k"))["code"] == ("INVALID_CREDENTIALS")


async def test_a_password_that_changes_meanwhile_does_not_sign_in(
    store: Store, visitor: Client, person: Person, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = passwords.is_right

    async def slow(hashed: str | None, password: str) -> bool:
        is_right = await right(hashed, password)
        new = CountingHasher().hash("another password")
        await store.execute(update(Login).where(Login.id == person.login.id).values(password_hash=new))
        return is_right

    monkeypatch.setattr(passwords, "is_right", slow)
    assert (await refusal(visitor, person.login.email))["code"] == "INVALID_CREDENTIALS"
    assert await traces(store, tenant) == 0


async def test_without_an_input_the_operation_is_invalid(visitor: Client) -> None:
    answer = await visitor.run("mutation { signIn { accessToken } }")
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]
