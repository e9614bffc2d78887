"""Viewers are remembered for some seconds: what ends them meanwhile, and what they cost."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.access import Login, RoleAssignment, User, UserSession
from db.enums.access import LoginStatus, UserStatus
from db.enums.organizations import OrganizationStatus, TenantStatus
from db.organizations import Organization, Tenant
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from tests.factories import access
from tests.factories.access import OpenSession
from tests.resolvers.authentication.asking import HERE, counted, is_nobody, token_of
from tests.support.store import START, Store


async def test_a_revoked_session_is_seen_within_five_seconds(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    session: OpenSession,
    clock: FixedClock,
) -> None:
    text = await token_of(services, tenant, session)
    assert not await is_nobody(authenticator, text)
    await store.execute(update(UserSession).where(UserSession.id == session.row.id).values(revoked_at=START))
    clock.instant = START + timedelta(seconds=5, microseconds=-1)
    assert not await is_nobody(authenticator, text)
    clock.instant = START + timedelta(seconds=5)
    assert await is_nobody(authenticator, text)
    assert await is_nobody(Authenticator(services), text)


async def test_within_five_seconds_a_viewer_costs_no_statement(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    text = await token_of(services, tenant, session)
    first = await authenticator.viewer(text, HERE)
    clock.instant = START + timedelta(seconds=4)
    async with counted(services.database) as statements:
        assert await authenticator.viewer(text, HERE) is first
    assert statements == []


async def test_a_clock_that_is_set_back_prolongs_nothing(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    text = await token_of(services, tenant, session)
    first = await authenticator.viewer(text, HERE)
    clock.instant = START - timedelta(seconds=30)
    assert await authenticator.viewer(text, HERE) is not first


async def test_what_is_remembered_ends_with_the_token(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    text = await token_of(services, tenant, session, expires_at=START + timedelta(seconds=2))
    assert not await is_nobody(authenticator, text)
    clock.instant = START + timedelta(seconds=2)
    assert await is_nobody(authenticator, text)


async def test_many_requests_at_once_look_a_viewer_up_once(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    text = await token_of(services, tenant, session)
    async with counted(services.database) as statements:
        viewers = await asyncio.gather(*(authenticator.viewer(text, HERE) for _ in range(50)))
    assert len({id(viewer) for viewer in viewers}) == 1
    assert len([statement for statement in statements if "user_sessions" in statement]) == 1


async def test_a_request_that_is_given_up_leaves_the_look_up_to_the_others(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    text = await token_of(services, tenant, session)
    impatient = asyncio.create_task(authenticator.viewer(text, HERE))
    patient = asyncio.create_task(authenticator.viewer(text, HERE))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).user_id == session.row.user_id


async def test_only_so_many_viewers_are_remembered(
    store: Store, services: Services, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.authentication.MOST_REMEMBERED", 3)
    authenticator = Authenticator(services)
    keys = [await access.api_key(store, tenant) for _ in range(5)]
    for key in keys:
        await authenticator.viewer(key.text, HERE)
    assert len(authenticator._known) == 3
    assert authenticator._asked == {}


CLOSED: list[tuple[type[Any], dict[str, Any]]] = [
    (Tenant, {"status": TenantStatus.SUSPENDED}),
    (Tenant, {"status": TenantStatus.INACTIVE}),
    (Organization, {"status": OrganizationStatus.SUSPENDED}),
    (User, {"status": UserStatus.SUSPENDED}),
    (User, {"status": UserStatus.DEACTIVATED}),
    (Login, {"status": LoginStatus.DISABLED}),
    (UserSession, {"expires_at": START}),
]


@pytest.mark.parametrize(("row", "values"), CLOSED)
async def test_what_is_suspended_or_over_ends_the_token(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    user: User,
    session: OpenSession,
    row: type[Any],
    values: dict[str, Any],
) -> None:
    text = await token_of(services, tenant, session)
    ids: dict[type[Any], UUID] = {
        Tenant: tenant.id,
        Organization: tenant.organization_id,
        User: user.id,
        Login: user.login_id,
        UserSession: session.row.id,
    }
    await store.execute(update(row).where(row.id == ids[row]).values(values))
    assert await is_nobody(authenticator, text)


async def test_a_role_that_is_taken_away_is_seen_within_five_seconds(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    user: User,
    session: OpenSession,
    clock: FixedClock,
) -> None:
    text = await token_of(services, tenant, session)
    assert (await authenticator.viewer(text, HERE)).may("deal:read")
    await store.execute(update(RoleAssignment).where(RoleAssignment.user_id == user.id).values(is_active=False))
    clock.instant = START + timedelta(seconds=5)
    assert (await authenticator.viewer(text, HERE)).permissions == frozenset()
