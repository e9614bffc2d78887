"""Refreshing and ending sessions through the API: a refresh token works once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.access import Login, User, UserSession
from db.compliance import AuditLogEntry
from db.enums.access import LoginStatus, SessionRevocationReason, UserStatus
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.enums.organizations import TenantStatus
from db.organizations import Tenant
from resolvers.access import credentials
from resolvers.core.clock import FixedClock
from tests.factories import access
from tests.factories.access import PASSWORD, OpenSession
from tests.gql.conftest import Bearer
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

REFRESH = """
mutation ($input: TokenRefreshInput!) {
  tokenRefresh(input: $input) {
    accessToken accessTokenExpiresAt refreshToken sessionExpiresAt position
    errors { __typename code path }
  }
}
"""
SIGN_OUT = "mutation { signOut(input: {}) { position errors { __typename code } } }"
REFUSED = [{"__typename": "InvalidCredentials", "code": "INVALID_CREDENTIALS", "path": ["input", "refreshToken"]}]


async def refresh(client: Client, token: str, key: str | None = None) -> dict[str, Any]:
    """One refresh, and its payload."""
    answer = await client.run(REFRESH, {"input": {"refreshToken": token, "idempotencyKey": key}})
    payload: dict[str, Any] = answer.ok()["tokenRefresh"]
    return payload


async def is_refused(client: Client, token: str, key: str | None = None) -> bool:
    """Whether a token is refused, and nothing shown."""
    payload = await refresh(client, token, key)
    errors = payload.pop("errors")
    assert errors in ([], REFUSED)
    return errors == REFUSED and set(payload) - {"position"} <= {k for k, v in payload.items() if v is None}


async def now(store: Store, tenant: Tenant, session: OpenSession) -> UserSession:
    """The session as it is stored."""
    found = await store.get(UserSession, tenant.id, session.row.id)
    assert found is not None
    return found


async def events(store: Store, tenant: Tenant) -> list[EventType]:
    """What happened in the tenant, in order."""
    return [event.type for event in await store.events(tenant)]


async def test_a_refresh_gives_new_tokens_that_work(
    store: Store, visitor: Client, bearer: Bearer, tenant: Tenant, clock: FixedClock
) -> None:
    user = await access.user(store, tenant, permissions=["deal:read"])
    session = await access.session(store, tenant, user_id=user.id)
    clock.instant = START + timedelta(minutes=14)
    payload = await refresh(visitor, session.token.text)
    assert payload["errors"] == []
    assert payload["accessTokenExpiresAt"] == "2026-11-20T09:29:00Z"
    assert payload["sessionExpiresAt"] == "2026-12-20T09:00:00Z"
    viewer = (await bearer(payload["accessToken"]).run("{ viewer { user { id } permissions } }")).ok()["viewer"]
    assert viewer == {"user": {"id": gid(user)}, "permissions": ["deal:read"]}
    assert not await is_refused(visitor, payload["refreshToken"])
    stored = await now(store, tenant, session)
    assert (stored.rotation_count, stored.rotated_at, stored.last_active_at) == (2, clock.instant, clock.instant)
    assert stored.successor_salt is None
    assert await events(store, tenant) == [EventType.SESSION_REFRESHED] * 2


async def test_a_session_that_ends_soon_gives_a_token_that_ends_with_it(
    store: Store, visitor: Client, tenant: Tenant
) -> None:
    session = await access.session(store, tenant, expires_at=START + timedelta(minutes=3))
    assert (await refresh(visitor, session.token.text))["accessTokenExpiresAt"] == "2026-11-20T09:03:00Z"


@pytest.mark.parametrize("rotations", [1, 2, 3])
async def test_a_spent_token_ends_the_session_however_old_it_is(
    store: Store, visitor: Client, tenant: Tenant, rotations: int
) -> None:
    session = await access.session(store, tenant)
    token = session.token.text
    for _ in range(rotations):
        token = (await refresh(visitor, token))["refreshToken"]
    assert await is_refused(visitor, session.token.text)
    stored = await now(store, tenant, session)
    assert (stored.revoked_at, stored.revocation_reason) == (START, SessionRevocationReason.TOKEN_REUSED)
    assert await is_refused(visitor, token)
    assert (await events(store, tenant))[rotations:] == [EventType.SESSION_REVOKED]
    entries = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert {entry.category for entry in entries} == {AuditCategory.AUTHENTICATION}
    assert len(entries) == rotations + 1


async def test_a_retry_with_the_same_key_gets_the_same_successor_within_thirty_seconds(
    store: Store, visitor: Client, tenant: Tenant, clock: FixedClock
) -> None:
    session = await access.session(store, tenant)
    first = await refresh(visitor, session.token.text, "k")
    clock.instant = START + timedelta(seconds=30)
    again = await refresh(visitor, session.token.text, "k")
    assert again["errors"] == []
    assert again["refreshToken"] == first["refreshToken"]
    assert again["position"] is None
    assert again["accessTokenExpiresAt"] == "2026-11-20T09:15:30Z"
    assert (await now(store, tenant, session)).rotation_count == 1
    assert await events(store, tenant) == [EventType.SESSION_REFRESHED]
    assert not await is_refused(visitor, first["refreshToken"], "next")


@pytest.mark.parametrize(("key", "after"), [("k", 31), ("other", 1), (None, 1)])
async def test_what_is_no_retry_is_an_alarm(
    store: Store, visitor: Client, tenant: Tenant, clock: FixedClock, key: str | None, after: int
) -> None:
    session = await access.session(store, tenant)
    await refresh(visitor, session.token.text, "k")
    clock.instant = START + timedelta(seconds=after)
    assert await is_refused(visitor, session.token.text, key)
    assert (await now(store, tenant, session)).revoked_at == clock.instant


async def test_a_retry_after_the_successor_was_spent_is_an_alarm(store: Store, visitor: Client, tenant: Tenant) -> None:
    session = await access.session(store, tenant)
    first = await refresh(visitor, session.token.text, "k")
    await refresh(visitor, first["refreshToken"], "k2")
    assert await is_refused(visitor, session.token.text, "k")
    assert (await now(store, tenant, session)).revoked_at == START


async def test_of_two_refreshes_at_once_without_a_key_one_wins_and_the_session_ends(
    store: Store, visitor: Client, tenant: Tenant
) -> None:
    session = await access.session(store, tenant)
    payloads = await asyncio.gather(*(refresh(visitor, session.token.text) for _ in range(2)))
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
    stored = await now(store, tenant, session)
    assert (stored.rotation_count, stored.revoked_at) == (1, START)


async def test_five_refreshes_at_once_with_one_key_get_one_successor(
    store: Store, visitor: Client, tenant: Tenant
) -> None:
    session = await access.session(store, tenant)
    payloads = await asyncio.gather(*(refresh(visitor, session.token.text, "k") for _ in range(5)))
    assert [payload["errors"] for payload in payloads] == [[]] * 5
    assert len({payload["refreshToken"] for payload in payloads}) == 1
    stored = await now(store, tenant, session)
    assert (stored.rotation_count, stored.revoked_at) == (1, None)


async def test_a_forged_token_is_refused_and_ends_nothing(
    store: Store, visitor: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    session = await access.session(store, tenant)
    other = await access.session(store, other_tenant)
    real = session.token
    stranger = credentials.new_refresh_token(tenant.id, real.session_id)
    forged = [
        stranger,
        credentials.RefreshToken(tenant.id, real.session_id, stranger.family, real.secret),
        credentials.RefreshToken(other_tenant.id, real.session_id, real.family, real.secret),
        credentials.RefreshToken(other_tenant.id, other.row.id, real.family, real.secret),
        credentials.RefreshToken(tenant.id, other.row.id, other.token.family, other.token.secret),
    ]
    for text in [*(token.text for token in forged), "", "cgr_", real.text + "x", real.text[:-1], "x" * 5_000]:
        assert await is_refused(visitor, text)
    stored = await now(store, tenant, session)
    assert (stored.rotation_count, stored.revoked_at, stored.version) == (0, None, 1)
    assert await events(store, tenant) == await events(store, other_tenant) == []


async def test_an_expired_session_is_not_refreshed(
    store: Store, visitor: Client, tenant: Tenant, clock: FixedClock
) -> None:
    session = await access.session(store, tenant)
    clock.instant = START + timedelta(days=30)
    assert await is_refused(visitor, session.token.text)
    assert (await now(store, tenant, session)).rotation_count == 0


@pytest.mark.parametrize("who", ["tenant", "user", "login"])
async def test_who_may_not_enter_any_longer_is_not_refreshed_and_the_token_stays_unspent(
    store: Store, visitor: Client, tenant: Tenant, who: str
) -> None:
    user = await access.user(store, tenant)
    session = await access.session(store, tenant, user_id=user.id)
    shut, opened = {
        "tenant": (
            update(Tenant).where(Tenant.id == tenant.id).values(status=TenantStatus.SUSPENDED),
            update(Tenant).where(Tenant.id == tenant.id).values(status=TenantStatus.ACTIVE),
        ),
        "user": (
            update(User).where(User.id == user.id).values(status=UserStatus.SUSPENDED),
            update(User).where(User.id == user.id).values(status=UserStatus.ACTIVE),
        ),
        "login": (
            update(Login).where(Login.id == user.login_id).values(status=LoginStatus.DISABLED),
            update(Login).where(Login.id == user.login_id).values(status=LoginStatus.ACTIVE),
        ),
    }[who]
    await store.execute(shut)
    assert await is_refused(visitor, session.token.text)
    assert await events(store, tenant) == []
    await store.execute(opened)
    assert not await is_refused(visitor, session.token.text)


async def test_signing_out_ends_the_session_and_its_tokens(
    store: Store, visitor: Client, bearer: Bearer, tenant: Tenant
) -> None:
    login = await access.login(store, tenant)
    user = await access.user(store, tenant, login_id=login.id)
    signed_in = (
        await visitor.run(
            "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken refreshToken } }",
            {"i": {"email": login.email, "password": PASSWORD}},
        )
    ).ok()["signIn"]
    client = bearer(signed_in["accessToken"])
    payload = (await client.run(SIGN_OUT)).ok()["signOut"]
    assert payload["errors"] == []
    (session,) = await store.all(select(UserSession).where(UserSession.tenant_id == tenant.id))
    assert (session.user_id, session.revoked_at) == (user.id, START)
    assert session.revocation_reason is SessionRevocationReason.SIGNED_OUT
    assert await events(store, tenant) == [EventType.SIGNED_IN, EventType.SIGNED_OUT]
    assert await is_refused(visitor, signed_in["refreshToken"])
    again = (await client.run(SIGN_OUT)).ok()["signOut"]  # still remembered for some seconds
    assert again == {"position": None, "errors": []}


async def test_a_program_does_not_sign_out(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    payload = (await client.run(SIGN_OUT)).ok()["signOut"]
    assert payload["errors"] == [{"__typename": "PermissionDenied", "code": "PERMISSION_DENIED"}]
    assert await events(store, tenant) == []


async def test_nobody_does_not_sign_out(visitor: Client) -> None:
    assert (await visitor.run(SIGN_OUT)).codes == ["UNAUTHENTICATED"]
