"""People made without a client's request: for new tenants, demo data and the command line."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.access import Login, Role, RoleAssignment, User, UserSession
from db.compliance import AuditLogEntry
from db.enums.access import UserStatus
from db.enums.events import EventType
from db.events import Event
from db.organizations import Tenant
from resolvers.access import create_login_and_user, ensure_system_roles, issue_access_token, passwords
from resolvers.authentication import Authenticator
from resolvers.core.context import Request, Services
from resolvers.rules import Invalid
from resolvers.rules.access import SYSTEM_ROLES
from tests.factories import access, organizations
from tests.factories.access import PASSWORD, CountingHasher
from tests.support.store import START, Store

LATER = START + timedelta(days=1)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """Cheap hashing."""
    made = CountingHasher()
    monkeypatch.setattr(passwords, "hasher", made)
    return made


async def make(services: Services, tenant: Tenant, email: str, **values: Any) -> User:
    """A person in the tenant, who has the system roles."""
    given = {"password": PASSWORD, "display_name": "Asha Rao", **values}
    async with services.database.write(tenant.id) as session:
        await ensure_system_roles(session, tenant.id, START)
        return await create_login_and_user(session, tenant, START, email=email, **given)


@pytest.fixture
def email(store: Store) -> str:
    """An address that nobody has."""
    return f"asha.{store.number()}@example.in"


async def test_a_person_is_made_with_login_user_and_roles(
    store: Store, services: Services, tenant: Tenant, email: str
) -> None:
    user = await make(services, tenant, email.upper(), roles=["SENIOR_AGENT", "GUEST"], job_title="Agent")
    (login,) = await store.all(select(Login).where(Login.id == user.login_id))
    assert (login.email, login.organization_id) == (email, tenant.organization_id)
    assert await passwords.is_right(login.password_hash, PASSWORD)
    stored = await store.get(User, tenant.id, user.id)
    assert stored is not None
    assert (stored.email, stored.job_title, stored.status) == (email, "Agent", UserStatus.ACTIVE)
    keys = await store.all(
        select(Role.key)
        .join(RoleAssignment, RoleAssignment.role_id == Role.id)
        .where(RoleAssignment.user_id == user.id)
        .order_by(Role.key)
    )
    assert keys == ["GUEST", "SENIOR_AGENT"]


async def test_making_a_person_again_keeps_them_and_adds_what_is_missing(
    store: Store, services: Services, tenant: Tenant, email: str, hasher: CountingHasher
) -> None:
    first = await make(services, tenant, email, roles=["GUEST"])
    again = await make(services, tenant, email, roles=["GUEST", "SENIOR_AGENT"], password=None, display_name="X")
    assert again.id == first.id
    assert again.display_name == "Asha Rao"
    assert hasher.hashed == 1
    assigned = await store.all(select(RoleAssignment.id).where(RoleAssignment.user_id == first.id))
    assert len(assigned) == 2
    await make(services, tenant, email, password="another long one")
    (login,) = await store.all(select(Login).where(Login.email == email))
    assert await passwords.is_right(login.password_hash, "another long one")


async def test_one_login_enters_several_tenants_of_its_organization_and_none_of_another(
    store: Store, services: Services, tenant: Tenant, other_tenant: Tenant, email: str
) -> None:
    sister = await organizations.tenant(store, organization_id=tenant.organization_id)
    users = [await make(services, home, email) for home in (tenant, sister)]
    assert users[0].login_id == users[1].login_id
    with pytest.raises(LookupError, match="another organization"):
        await make(services, other_tenant, email)
    assert await store.all(select(User.id).where(User.tenant_id == other_tenant.id)) == []


@pytest.mark.parametrize(
    ("values", "error"),
    [({"password": "short"}, Invalid), ({"roles": ["NO_SUCH_ROLE"]}, LookupError)],
)
async def test_a_person_that_breaks_a_rule_is_not_made(
    store: Store, services: Services, tenant: Tenant, email: str, values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await make(services, tenant, email, **values)
    assert await store.all(select(Login.id).where(Login.email == email)) == []
    assert await store.all(select(User.id).where(User.tenant_id == tenant.id)) == []


async def test_system_roles_are_brought_to_date_and_others_left_alone(
    store: Store, services: Services, tenant: Tenant
) -> None:
    custom = await access.role(store, tenant, permissions=["deal:read"])
    async with services.database.write(tenant.id) as session:
        before = await ensure_system_roles(session, tenant.id, START)
    assert before.keys() == SYSTEM_ROLES.keys()
    await store.execute(
        update(Role).where(Role.tenant_id == tenant.id, Role.key == "GUEST").values(permissions=["deal:write"])
    )
    async with services.database.write(tenant.id) as session:
        after = await ensure_system_roles(session, tenant.id, LATER)
    assert {role.id for role in before.values()} == {role.id for role in after.values()}
    assert (after["GUEST"].permissions, after["GUEST"].version) == (["tenant:read"], 2)
    assert (after["SUPER_ADMIN"].version, after["SUPER_ADMIN"].updated_at) == (1, START)
    stored = await store.get(Role, tenant.id, custom.id)
    assert stored is not None
    assert (stored.permissions, stored.is_system) == (["deal:read"], False)


async def test_a_command_line_token_works_for_a_quarter_of_an_hour_and_says_where_it_came_from(
    store: Store, services: Services, tenant: Tenant, email: str
) -> None:
    user = await make(services, tenant, email, roles=["GUEST"])
    text = await issue_access_token(services, f" {email.upper()} ")
    viewer = await Authenticator(services).viewer(text, Request())
    assert (viewer.user_id, viewer.permissions) == (user.id, frozenset({"tenant:read"}))
    (session,) = await store.all(select(UserSession).where(UserSession.user_id == user.id))
    assert session.expires_at == START + timedelta(minutes=15)
    (event,) = await store.all(select(Event).where(Event.tenant_id == tenant.id))
    assert (event.type, event.payload["method"]) == (EventType.SIGNED_IN, "COMMAND_LINE")
    assert await store.all(select(AuditLogEntry.user_agent).where(AuditLogEntry.tenant_id == tenant.id)) == [
        "command line"
    ]
    (login,) = await store.all(select(Login).where(Login.id == user.login_id))
    assert (login.sign_in_count, login.last_signed_in_at) == (0, None)


async def test_a_command_line_token_needs_one_person_and_one_tenant(
    store: Store, services: Services, tenant: Tenant, other_tenant: Tenant, email: str
) -> None:
    async def refused(match: str, *arguments: str) -> None:
        with pytest.raises(LookupError, match=match):
            await issue_access_token(services, *arguments)

    await refused("Nobody signs in as", email)
    sister = await organizations.tenant(store, organization_id=tenant.organization_id)
    for home in (tenant, sister):
        await make(services, home, email)
    await refused(f"several tenants.*{tenant.slug}", email)
    await refused("no such tenant", email, other_tenant.slug)
    assert await issue_access_token(services, email, sister.slug)
