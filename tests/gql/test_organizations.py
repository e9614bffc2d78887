"""Organizations and tenants through the API: each viewer reaches their own, by no path another's."""

import pytest
from sqlalchemy import select, update

from db.access import Role
from db.enums.events import ActorKind
from db.organizations import Organization, Tenant
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.loaders.organizations import organization_by_id, tenant_by_id
from resolvers.organizations import create_organization, create_tenant
from resolvers.rules.access import SYSTEM_ROLES
from tests.factories import organizations
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


@pytest.fixture
async def organization(store: Store, tenant: Tenant) -> Organization:
    """The tenant's organization."""
    (found,) = await store.all(select(Organization).where(Organization.id == tenant.organization_id))
    return found  # type: ignore[no-any-return]  # the store's rows are of any type


@pytest.fixture
async def foreign(store: Store, tenant: Tenant, other_tenant: Tenant) -> list[str]:
    """Ids that must lead nowhere: of another organization and its tenant, and of a sister tenant."""
    sister = await organizations.tenant(store, organization_id=tenant.organization_id)
    (other,) = await store.all(select(Organization).where(Organization.id == other_tenant.organization_id))
    return [gid(other_tenant), gid(other), gid(sister)]


async def test_the_viewer_reads_their_own_tenant_and_organization(
    tenant: Tenant, organization: Organization, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    data = (
        await client.run(
            """{ tenant { id name slug status tenantType planTier maxConcurrentCalls features theme version
                          organization { id name slug accountNumber status complianceStatus edgeRegions } }
                 organization { id name version createdAt } }"""
        )
    ).ok()
    assert data["tenant"] == {
        "id": gid(tenant),
        "name": tenant.name,
        "slug": tenant.slug,
        "status": "ACTIVE",
        "tenantType": "BUSINESS",
        "planTier": "STANDARD",
        "maxConcurrentCalls": 10,
        "features": {},
        "theme": {},
        "version": 1,
        "organization": {
            "id": gid(organization),
            "name": organization.name,
            "slug": organization.slug,
            "accountNumber": organization.account_number,
            "status": "ACTIVE",
            "complianceStatus": "PENDING",
            "edgeRegions": [],
        },
    }
    assert data["organization"]["id"] == gid(organization)
    assert len(client.statements) <= 3


async def test_the_viewer_reaches_their_own_by_node(
    tenant: Tenant, organization: Organization, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    data = (
        await client.run(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
            {"ids": [gid(organization), gid(tenant)]},
        )
    ).ok()
    assert [node["id"] for node in data["nodes"]] == [gid(organization), gid(tenant)]


async def test_another_tenants_ids_lead_nowhere(tenant: Tenant, foreign: list[str], sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    data = (await client.run("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": foreign})).ok()
    assert data["nodes"] == [None, None, None]
    for text in foreign:
        assert (await client.run("query ($id: ID!) { node(id: $id) { id } }", {"id": text})).ok()["node"] is None


async def test_own_and_foreign_ids_together_show_only_the_own(
    tenant: Tenant, foreign: list[str], sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    ids = [*foreign, gid(tenant), *foreign]
    data = (await client.run("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})).ok()
    assert [node and node["id"] for node in data["nodes"]] == [None] * 3 + [gid(tenant)] + [None] * 3


async def test_the_loaders_themselves_know_only_the_tenant_of_the_transaction(
    services: Services, tenant: Tenant, other_tenant: Tenant
) -> None:
    context = Context(services, viewer_of(tenant))
    tenants = await tenant_by_id.batch(context, [other_tenant.id, tenant.id])
    found = await organization_by_id.batch(context, [other_tenant.organization_id, tenant.organization_id])
    await context.close()
    assert [row and row.id for row in tenants] == [None, tenant.id]
    assert [row and row.id for row in found] == [None, tenant.organization_id]


async def test_a_row_that_pointed_at_another_organization_would_not_show_it(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    await store.execute(update(Tenant).where(Tenant.id == tenant.id).values(parent_tenant_id=other_tenant.id))
    data = (await client.run("{ tenant { organization { slug } } viewer { organization { id } tenant { id } } }")).ok()
    assert data["viewer"]["tenant"]["id"] == gid(tenant)
    assert other_tenant.slug not in str(data)


@pytest.mark.parametrize(
    ("query", "permission"),
    [("{ organization { id } }", "organization:read"), ("{ tenant { id } }", "tenant:read")],
)
async def test_reading_them_needs_the_permission(
    tenant: Tenant, organization: Organization, sign_in: SignIn, query: str, permission: str
) -> None:
    client = await sign_in(tenant, permissions={"deal:read"})
    answer = await client.run(query)
    assert answer.codes == ["FORBIDDEN"]
    assert answer.errors[0]["extensions"]["permission"] == permission
    for row in (tenant, organization):
        answer = await client.run("query ($id: ID!) { node(id: $id) { id } }", {"id": gid(row)})
        assert answer.codes == ["FORBIDDEN"]
    answer = await client.run("{ viewer { permissions tenant { id } organization { id } } }")
    assert sorted(answer.codes) == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data == {"viewer": {"permissions": ["deal:read"], "tenant": None, "organization": None}}


async def test_founding_a_tenant_gives_it_a_clock_and_the_system_roles(store: Store, services: Services) -> None:
    number = store.number()
    organization = await create_organization(services.database, START, name="Founded", slug=f"founded-{number}")
    tenant = await create_tenant(
        services.database, organization.id, START, name="First", slug=f"first-{number}", timezone="Asia/Kolkata"
    )
    context = Context(services, viewer_of(tenant))
    assert await tenant_by_id.load(context, tenant.id) is not None
    await context.close()
    roles = await store.all(select(Role).where(Role.tenant_id == tenant.id))
    assert {role.key for role in roles} == SYSTEM_ROLES.keys()
    assert {role.key: set(role.permissions) for role in roles} == {
        key: set(role.permissions) for key, role in SYSTEM_ROLES.items()
    }


def viewer_of(tenant: Tenant) -> Viewer:
    """Somebody in the tenant."""
    return Viewer(
        kind=ActorKind.SYSTEM,
        actor_id=tenant.id,
        credential_id=tenant.id,
        organization_id=tenant.organization_id,
        tenant_id=tenant.id,
        user_id=None,
        permissions=frozenset(),
    )
