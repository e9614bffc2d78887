"""Reviews: what has become of the credentials of open connections, all of a tenant's at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from db.access import ApiKey, Login, Role, RoleAssignment, User, UserSession
from db.enums.access import LoginStatus, UserStatus
from db.enums.events import ActorKind
from db.enums.organizations import OrganizationStatus, TenantStatus
from db.organizations import Organization, Tenant
from resolvers.access.reviews import Finding, Held
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Request, Services
from resolvers.core.errors import Unauthenticated
from resolvers.core.viewer import Viewer
from tests.factories import access
from tests.factories.access import OpenSession
from tests.resolvers.authentication.asking import HERE, counted, token_of
from tests.support.store import START, Store


async def finding(authenticator: Authenticator, viewer: Viewer, request: Request = HERE) -> Finding:
    """What a review finds of one viewer."""
    [found] = await authenticator.review(viewer.tenant_id, [Held(viewer, request)])
    return found


async def test_where_nothing_changed_the_same_viewer_is_found(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    key = await access.api_key(store, tenant, scopes=["deal:read"])
    system = Viewer(ActorKind.SYSTEM, tenant.id, tenant.id, tenant.organization_id, tenant.id, None, frozenset())
    viewers = [
        await authenticator.viewer(await token_of(services, tenant, session), HERE),
        await authenticator.viewer(key.text, HERE),
        system,
    ]
    found = await authenticator.review(tenant.id, [Held(viewer, HERE) for viewer in viewers])
    assert all(one is viewer for one, viewer in zip(found, viewers, strict=True))


async def test_a_review_costs_as_much_for_many_as_for_one(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant
) -> None:
    held = []
    for number in range(6):
        user = await access.user(store, tenant, permissions=[["call:read"], ["deal:read"]][number % 2])
        opened = await access.session(store, tenant, user_id=user.id)
        held.append(Held(await authenticator.viewer(await token_of(services, tenant, opened), HERE), HERE))
        key = await access.api_key(store, tenant, scopes=["call:read"], created_by_id=user.id)
        held.append(Held(await authenticator.viewer(key.text, HERE), HERE))
    async with counted(services.database) as statements:
        await authenticator.review(tenant.id, held[:2])
    few = len(statements)
    async with counted(services.database) as statements:
        found = await authenticator.review(tenant.id, held)
    assert len(statements) == few == 5
    assert [one.permissions for one in found if isinstance(one, Viewer)] == [one.viewer.permissions for one in held]


CLOSED: list[tuple[type[Any], dict[str, Any]]] = [
    (Tenant, {"status": TenantStatus.SUSPENDED}),
    (Organization, {"status": OrganizationStatus.SUSPENDED}),
    (User, {"status": UserStatus.DEACTIVATED}),
    (Login, {"status": LoginStatus.DISABLED}),
    (UserSession, {"revoked_at": START}),
    (UserSession, {"expires_at": START}),
    (ApiKey, {"revoked_at": START}),
    (ApiKey, {"is_active": False}),
    (ApiKey, {"expires_at": START}),
    (ApiKey, {"allowed_addresses": ["198.51.100.0/24"]}),
]


@pytest.mark.parametrize(("row", "values"), CLOSED)
async def test_what_ends_a_credential_is_found_at_once(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    user: User,
    session: OpenSession,
    row: type[Any],
    values: dict[str, Any],
) -> None:
    """Though the authenticator still remembers the viewer."""
    key = await access.api_key(store, tenant, scopes=["deal:read"], created_by_id=user.id)
    of_token = await authenticator.viewer(await token_of(services, tenant, session), HERE)
    of_key = await authenticator.viewer(key.text, HERE)
    ids: dict[type[Any], UUID] = {
        Tenant: tenant.id,
        Organization: tenant.organization_id,
        User: user.id,
        Login: user.login_id,
        UserSession: session.row.id,
        ApiKey: key.row.id,
    }
    await store.execute(update(row).where(row.id == ids[row]).values(values))
    is_token_over = isinstance(await finding(authenticator, of_token), Unauthenticated)
    is_key_over = isinstance(await finding(authenticator, of_key), Unauthenticated)
    assert is_token_over is (row is not ApiKey)
    assert is_key_over is (row is not UserSession)


async def test_a_credential_that_is_gone_vouches_for_nobody(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    key = await access.api_key(store, tenant)
    viewers = [
        await authenticator.viewer(await token_of(services, tenant, session), HERE),
        await authenticator.viewer(key.text, HERE),
    ]
    await store.execute(delete(UserSession).where(UserSession.id == session.row.id))
    await store.execute(delete(ApiKey).where(ApiKey.id == key.row.id))
    for viewer in viewers:
        assert isinstance(await finding(authenticator, viewer), Unauthenticated)


async def test_a_session_vouches_for_its_own_user_alone(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    viewer = await authenticator.viewer(await token_of(services, tenant, session), HERE)
    other = await access.user(store, tenant)
    assert isinstance(await finding(authenticator, replace(viewer, user_id=other.id)), Unauthenticated)


async def test_another_tenants_credentials_are_not_found(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant, other_tenant: Tenant
) -> None:
    key = await access.api_key(store, other_tenant)
    viewer = await authenticator.viewer(key.text, HERE)
    [found] = await authenticator.review(tenant.id, [Held(viewer, HERE)])
    assert isinstance(found, Unauthenticated)


async def test_permissions_are_found_as_they_are_now(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    user: User,
    session: OpenSession,
    clock: FixedClock,
) -> None:
    key = await access.api_key(store, tenant, scopes=["deal:read", "contact:read"], created_by_id=user.id)
    of_token = await authenticator.viewer(await token_of(services, tenant, session), HERE)
    of_key = await authenticator.viewer(key.text, HERE)

    async def found() -> list[set[str]]:
        findings = [await finding(authenticator, viewer) for viewer in (of_token, of_key)]
        assert all(isinstance(one, Viewer) for one in findings)
        return [set(one.permissions) for one in findings if isinstance(one, Viewer)]

    assert await found() == [{"deal:read", "call:read"}, {"deal:read"}]
    more = await access.role(store, tenant, permissions=["contact:read"])
    ends = START + timedelta(minutes=1)
    await access.role_assignment(store, tenant, user_id=user.id, role_id=more.id, expires_at=ends)
    assert await found() == [{"deal:read", "call:read", "contact:read"}, {"deal:read", "contact:read"}]
    clock.instant = ends
    assert await found() == [{"deal:read", "call:read"}, {"deal:read"}]
    await store.execute(update(Role).where(Role.tenant_id == tenant.id).values(permissions=["call:read"]))
    assert await found() == [{"call:read"}, set()]
    await store.execute(update(RoleAssignment).where(RoleAssignment.user_id == user.id).values(is_active=False))
    assert await found() == [set(), set()]
    expires_at = START + timedelta(days=1)
    await store.execute(update(ApiKey).where(ApiKey.id == key.row.id).values(expires_at=expires_at))
    renewed = await finding(authenticator, of_key)
    assert isinstance(renewed, Viewer)
    assert renewed.expires_at == expires_at
