"""Credentials of open streams: renewed without a break, and what ends or narrows them is seen within seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.access import ApiKey, Role, RoleAssignment, User, UserSession
from db.enums.access import UserStatus
from db.enums.calls import CallStatus
from db.enums.organizations import TenantStatus
from db.organizations import Tenant
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SocketLimits, SubscriptionServer
from resolvers.access.reviews import Finding, Held
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Request, Services
from resolvers.core.viewer import Viewer
from tests.factories import access, calls
from tests.factories.access import OpenSession
from tests.resolvers.authentication.asking import token_of
from tests.subscriptions.streaming import EventStream, stream
from tests.subscriptions.support import FOLLOW_CALLS, SECONDS, Credentials, Server, Socket, move_call
from tests.support.store import START, Store
from tests.support.waiting import eventually

PERMISSIONS = ["call:read", "deal:read"]
DEALS = "{ deals(first: 1) { nodes { id } } }"


class Gated(Authenticator):
    """The real one; reviews wait while its gate is closed, and fail when they are told to."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.reviewed: list[int] = []

    async def review(self, tenant_id: UUID, held: Sequence[Held]) -> list[Finding]:
        """As the real one does."""
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.reviewed.append(len(held))
        return await super().review(tenant_id, held)


@pytest.fixture
def authenticator(services: Services) -> Gated:
    """Whoever knows the real credentials."""
    return Gated(services)


@pytest.fixture
async def strict(services: Services, authenticator: Gated) -> AsyncIterator[Server]:
    """A server with real credentials, which reviews them all the time."""
    limits = SocketLimits(review_seconds=0.05, trust_seconds=0.5, ping_seconds=0.2, unanswered_pings=10_000)
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, authenticator, limits)
    async with Server(sockets, services, executor).running() as running:
        yield running
    assert running.sockets.watch.holders == set()


@pytest.fixture
async def user(store: Store, tenant: Tenant) -> User:
    """Somebody who follows calls."""
    return await access.user(store, tenant, permissions=PERMISSIONS)


@pytest.fixture
async def session(store: Store, tenant: Tenant, user: User) -> OpenSession:
    """Their session."""
    return await access.session(store, tenant, user_id=user.id)


@pytest.fixture
async def move(
    store: Store, services: Services, credentials: Credentials, tenant: Tenant
) -> Callable[[], Awaitable[int]]:
    """Commits a change of a call, as somebody else; returns its position."""
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    viewer: Viewer = await credentials.viewer(credentials.issue(tenant), Request())

    async def commit() -> int:
        return await move_call(services, viewer, call, CallStatus.RINGING)

    return commit


async def test_a_socket_goes_on_with_a_new_token_beyond_the_end_of_the_old_one(
    strict: Server,
    services: Services,
    tenant: Tenant,
    session: OpenSession,
    clock: FixedClock,
    move: Callable[[], Awaitable[int]],
) -> None:
    first = await token_of(services, tenant, session)
    later = START + timedelta(minutes=14, seconds=30)
    second = await token_of(services, tenant, session, expires_at=later + timedelta(minutes=15))
    async with strict.connect(first) as socket:
        await socket.follow(FOLLOW_CALLS)
        assert (await next_change(socket, move))["newStatus"] == "RINGING"
        clock.instant = later
        await pinged_with(socket, {"credentialExpiresAt": "2026-11-20T09:15:00Z"}, move)
        assert await socket.refresh(second) == {"accepted": True, "credentialExpiresAt": "2026-11-20T09:29:30Z"}
        clock.instant = START + timedelta(minutes=20)
        for _ in range(3):
            assert (await next_change(socket, move))["newStatus"] == "RINGING"
        assert strict.subscribers == 1
        clock.instant = later + timedelta(minutes=15)
        assert await socket.closed() == (4403, "Forbidden: the credential has expired")


async def next_change(socket: Socket, move: Callable[[], Awaitable[int]]) -> Any:
    """Commit a change, and what the socket is told of it."""
    position = await move()
    told = await socket.next()
    assert told["position"] == str(position)
    return told


async def pinged_with(socket: Socket, payload: Any, move: Callable[[], Awaitable[int]]) -> None:
    """Wait for a ping with this payload, past changes."""
    async with asyncio.timeout(SECONDS):
        while payload not in socket.pings:
            await next_change(socket, move)


async def test_the_token_may_come_from_a_mutation_on_the_same_socket(
    strict: Server, services: Services, tenant: Tenant, session: OpenSession, move: Callable[[], Awaitable[int]]
) -> None:
    refresh = """
      mutation ($token: String!) {
        tokenRefresh(input: {refreshToken: $token}) { accessToken accessTokenExpiresAt errors { code } }
      }
    """
    async with strict.connect(await token_of(services, tenant, session)) as socket:
        await socket.follow(FOLLOW_CALLS)
        answer = await socket.answer(refresh, {"token": session.token.text})
        made = answer["data"]["tokenRefresh"]
        assert made["errors"] == []
        outcome = await socket.refresh(made["accessToken"])
        assert outcome == {"accepted": True, "credentialExpiresAt": made["accessTokenExpiresAt"]}
        await next_change(socket, move)


async def test_a_token_that_is_refused_leaves_the_socket_as_it_was(
    strict: Server, services: Services, tenant: Tenant, session: OpenSession, move: Callable[[], Awaitable[int]]
) -> None:
    expired = await token_of(services, tenant, session, expires_at=START)
    async with strict.connect(await token_of(services, tenant, session)) as socket:
        await socket.follow(FOLLOW_CALLS)
        for token in (expired, "forged", "a.b.c"):
            outcome = await socket.refresh(token)
            assert (outcome["accepted"], outcome["code"]) == (False, "UNAUTHENTICATED")
            assert token not in str(outcome["message"])
        await socket.send("ping", payload={"authorization": "Basic YTpi"})
        assert (await socket.receive())["payload"]["accepted"] is False
        await socket.send("ping", payload={"authorization": None, "mine": 1})
        assert (await socket.receive())["payload"] == {"authorization": None, "mine": 1}
        await next_change(socket, move)


async def test_a_socket_stays_its_viewers(
    strict: Server,
    services: Services,
    store: Store,
    tenant: Tenant,
    other_tenant: Tenant,
    user: User,
    session: OpenSession,
) -> None:
    """A token of somebody else, in this tenant or another, closes it; so does an API key of the same person."""
    colleague = await access.session(store, tenant)
    stranger = await access.session(store, other_tenant)
    key = await access.api_key(store, tenant, created_by_id=user.id, scopes=PERMISSIONS)
    for other in (
        await token_of(services, tenant, colleague),
        await token_of(services, other_tenant, stranger),
        key.text,
    ):
        async with strict.connect(await token_of(services, tenant, session)) as socket:
            await socket.follow(FOLLOW_CALLS)
            await socket.send("ping", payload={"Authorization": f"Bearer {other}"})
            assert await socket.closed() == (4403, "Forbidden: the credential is somebody else's")
    await eventually(lambda: strict.subscribers == 0)


async def test_a_socket_of_nobody_may_become_somebodys(
    strict: Server, services: Services, tenant: Tenant, session: OpenSession
) -> None:
    token = await token_of(services, tenant, session)
    async with strict.connect() as socket:
        await socket.send("ping", payload={"authorization": f"Bearer {token}"})
        assert (await socket.closed())[0] == 4401  # not before it has begun
    async with strict.connect() as socket:
        await socket.send("connection_init")
        assert await socket.receive() == {"type": "connection_ack"}
        assert (await socket.answer(DEALS))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await socket.refresh(token))["accepted"] is True
        assert await socket.answer(DEALS) == {"data": {"deals": {"nodes": []}}}


CAUSES: list[tuple[type[Any], dict[str, Any], str]] = [
    (UserSession, {"revoked_at": START}, "UNAUTHENTICATED"),
    (ApiKey, {"revoked_at": START}, "UNAUTHENTICATED"),
    (Tenant, {"status": TenantStatus.SUSPENDED}, "UNAUTHENTICATED"),
    (User, {"status": UserStatus.DEACTIVATED}, "UNAUTHENTICATED"),
    (Role, {"permissions": ["deal:read"]}, "FORBIDDEN"),
    (RoleAssignment, {"is_active": False}, "FORBIDDEN"),
]


@contextlib.asynccontextmanager
async def both(server: Server, credential: str) -> AsyncIterator[tuple[Socket, EventStream]]:
    """A socket and an event stream that follow calls."""
    async with server.connect(credential) as socket, stream(server.port, credential, FOLLOW_CALLS) as events:
        await socket.follow(FOLLOW_CALLS)
        await eventually(lambda: server.subscribers == 2)
        yield socket, events


@pytest.mark.parametrize(("row", "values", "code"), CAUSES)
async def test_whatever_ends_a_credential_ends_its_streams(
    strict: Server,
    services: Services,
    store: Store,
    tenant: Tenant,
    user: User,
    session: OpenSession,
    move: Callable[[], Awaitable[int]],
    row: type[Any],
    values: dict[str, Any],
    code: str,
) -> None:
    key = await access.api_key(store, tenant, scopes=PERMISSIONS, created_by_id=user.id)
    credential = key.text if row is ApiKey else await token_of(services, tenant, session)
    which = {
        UserSession: UserSession.id == session.row.id,
        ApiKey: ApiKey.id == key.row.id,
        Tenant: Tenant.id == tenant.id,
        User: User.id == user.id,
        Role: Role.tenant_id == tenant.id,
        RoleAssignment: RoleAssignment.user_id == user.id,
    }[row]
    async with both(strict, credential) as (socket, events):
        position = await move()
        assert (await socket.next())["position"] == (await events.value())["position"] == str(position)
        await store.execute(update(row).where(which).values(values))
        assert (await socket.closed())[0] == 4403
        assert (await events.event()).codes == [code]
        assert (await events.event()).name == "complete"
        await events.ended()
        await eventually(lambda: strict.subscribers == 0)


async def test_an_event_stream_ends_with_its_credential(
    strict: Server, services: Services, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    async with stream(strict.port, await token_of(services, tenant, session), FOLLOW_CALLS) as events:
        await eventually(lambda: strict.subscribers == 1)
        clock.instant = START + timedelta(minutes=15)
        assert (await events.event()).codes == ["UNAUTHENTICATED"]
        assert (await events.event()).name == "complete"
        await events.ended()


async def test_a_socket_without_streams_goes_on_with_the_permissions_that_are_left(
    strict: Server, services: Services, store: Store, tenant: Tenant, session: OpenSession
) -> None:
    async with strict.connect(await token_of(services, tenant, session)) as socket:
        assert await socket.answer(DEALS) == {"data": {"deals": {"nodes": []}}}
        await store.execute(update(Role).where(Role.tenant_id == tenant.id).values(permissions=["call:read"]))
        async with asyncio.timeout(SECONDS):
            while "errors" not in (answer := await socket.answer(DEALS)):
                pass
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_nothing_is_delivered_on_a_finding_that_is_too_old(
    strict: Server,
    authenticator: Gated,
    services: Services,
    store: Store,
    tenant: Tenant,
    session: OpenSession,
    move: Callable[[], Awaitable[int]],
) -> None:
    """However slow a review is: what happens meanwhile waits for it, and arrives in order or never."""
    async with both(strict, await token_of(services, tenant, session)) as (socket, events):
        watch = strict.sockets.watch
        for is_revoked in (False, True):
            authenticator.gate.clear()
            await eventually(lambda: not any(watch.is_trusted(holder) for holder in watch.holders))
            positions = [str(await move()) for _ in range(2)]
            waiting = asyncio.create_task(events.event())
            await socket.silence(0.3)
            assert not waiting.done()
            if is_revoked:
                revoke = update(UserSession).where(UserSession.id == session.row.id).values(revoked_at=START)
                await store.execute(revoke)
                authenticator.gate.set()
                assert (await waiting).codes == ["UNAUTHENTICATED"]
                assert (await socket.closed_after()) == []
            else:
                authenticator.gate.set()
                assert [(await socket.next())["position"] for _ in positions] == positions
                assert [(await waiting).id, (await events.event()).id] == positions


@pytest.mark.parametrize("failure", [ConnectionRefusedError("no database"), ZeroDivisionError("a defect")])
async def test_while_reviews_fail_nothing_new_begins_and_nothing_is_lost(
    strict: Server,
    authenticator: Gated,
    services: Services,
    tenant: Tenant,
    session: OpenSession,
    move: Callable[[], Awaitable[int]],
    failure: Exception,
) -> None:
    token = await token_of(services, tenant, session)
    watch = strict.sockets.watch
    async with both(strict, token) as (socket, events):
        authenticator.failure = failure
        await eventually(lambda: not any(watch.is_trusted(holder) for holder in watch.holders))
        positions = [str(await move()) for _ in range(2)]
        answer = await socket.answer(DEALS)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["SERVICE_UNAVAILABLE"]
        async with stream(strict.port, token, FOLLOW_CALLS) as refused:
            assert (await refused.event()).codes == ["SERVICE_UNAVAILABLE"]
            assert (await refused.event()).name == "complete"
        authenticator.failure = None
        assert [(await socket.next())["position"] for _ in positions] == positions
        assert [(await events.event()).id for _ in positions] == positions


async def test_a_viewer_who_is_only_remembered_gets_nothing(
    strict: Server, authenticator: Gated, services: Services, store: Store, tenant: Tenant, session: OpenSession
) -> None:
    """A request may still rely for some seconds on what is remembered; a connection is reviewed when it begins."""
    token = await token_of(services, tenant, session)
    await authenticator.viewer(token, Request())
    await store.execute(update(UserSession).where(UserSession.id == session.row.id).values(revoked_at=START))
    await authenticator.viewer(token, Request())
    authenticator.gate.clear()
    async with strict.connect(token) as socket, stream(strict.port, token, FOLLOW_CALLS) as events:
        await socket.subscribe(FOLLOW_CALLS, {"after": "0"})
        authenticator.gate.set()
        assert (await socket.closed())[0] == 4403
        assert (await events.event()).codes == ["UNAUTHENTICATED"]
    await eventually(lambda: strict.subscribers == 0)


async def test_one_review_serves_all_connections_of_a_credential(
    strict: Server, authenticator: Gated, services: Services, tenant: Tenant, session: OpenSession
) -> None:
    token = await token_of(services, tenant, session)
    async with both(strict, token), both_more(strict, token):
        authenticator.reviewed.clear()
        await eventually(lambda: len(authenticator.reviewed) >= 3)
        assert set(authenticator.reviewed) == {1}


@contextlib.asynccontextmanager
async def both_more(server: Server, credential: str) -> AsyncIterator[None]:
    """A socket with several streams, and one more event stream."""
    async with server.connect(credential) as socket, stream(server.port, credential, FOLLOW_CALLS):
        for _ in range(5):
            await socket.follow(FOLLOW_CALLS)
        await eventually(lambda: server.subscribers == 8)
        yield
