"""Users, roles and teams through the API, and who the viewer is."""

from datetime import timedelta
from typing import Any

import pytest

from db.access import ApiKey, Role, Team, User
from db.core.base import TenantRow
from db.enums.access import RoleScope, TeamType, UserStatus
from db.organizations import Tenant
from tests.factories import access, activities, contacts, deals, insurance_agents
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

ROOTS = {
    "user": ("users", "user:read"),
    "role": ("roles", "role:read"),
    "roleAssignment": ("roleAssignments", "role:read"),
    "team": ("teams", "team:read"),
}


async def row_of(store: Store, tenant: Tenant, root: str) -> TenantRow:
    """A row of the type that a root field reads."""
    makers: dict[str, Any] = {
        "user": access.user,
        "role": access.role,
        "roleAssignment": access.role_assignment,
        "team": access.team,
    }
    made: TenantRow = await makers[root](store, tenant)
    return made


async def listed(client: Client, query: str, field: str, **variables: Any) -> list[str]:
    """The one field of the nodes of a list."""
    (connection,) = (await client.run(query, variables)).ok().values()
    return [node[field] for node in connection["nodes"]]


@pytest.mark.parametrize("root", ROOTS)
async def test_each_type_is_read_by_id_in_lists_and_as_a_node_within_its_tenant(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn, root: str
) -> None:
    many, _ = ROOTS[root]
    own, foreign = await row_of(store, tenant, root), await row_of(store, other_tenant, root)
    client = await sign_in(tenant)
    for row, found in ((own, {"id": gid(own)}), (foreign, None)):
        query = f"query ($id: ID!) {{ {root}(id: $id) {{ id }} node(id: $id) {{ id }} }}"
        assert (await client.run(query, {"id": gid(row)})).ok() == {root: found, "node": found}
    ids = await listed(client, f"{{ {many} {{ totalCount nodes {{ id }} }} }}", "id")
    assert gid(own) in ids
    assert gid(foreign) not in ids


@pytest.mark.parametrize("root", ROOTS)
async def test_each_type_needs_its_permission(store: Store, tenant: Tenant, sign_in: SignIn, root: str) -> None:
    many, permission = ROOTS[root]
    own = await row_of(store, tenant, root)
    client = await sign_in(tenant, permissions={"deal:read"})
    for query in (f'{{ {root}(id: "{gid(own)}") {{ id }} }}', f"{{ {many} {{ nodes {{ id }} }} }}"):
        answer = await client.run(query)
        assert answer.codes == ["FORBIDDEN"]
        assert answer.errors[0]["extensions"]["permission"] == permission
    assert (await client.run(f'{{ {root}(id: "contact_1") {{ id }} }}')).codes == ["FORBIDDEN"]


async def test_a_user_is_read_with_everything_around_them(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    boss = await access.user(store, tenant, display_name="Boss")
    user = await access.user(
        store, tenant, display_name="Meera", manager_id=boss.id, created_by_id=boss.id, permissions=["deal:read"]
    )
    await access.team(store, tenant, name="North", members=[user], manager_id=boss.id)
    await access.api_key(store, tenant, name="Sync", created_by_id=user.id)
    agent = await insurance_agents.insurance_agent(store, tenant, user_id=user.id)
    person = await contacts.contact(store, tenant, owner_id=user.id)
    company = await contacts.account(store, tenant, owner_id=user.id)
    deal = await deals.deal(store, tenant, owner_id=user.id)
    task = await activities.activity(store, tenant, owner_id=user.id, assignee_id=boss.id)
    client = await sign_in(tenant)
    nested = """
    query ($id: ID!) { user(id: $id) {
      displayName status email number timeFormat theme manager { displayName reports { nodes { displayName } } }
      createdBy { displayName } updatedBy { id } insuranceAgent { id }
      roleAssignments { nodes { isActive role { permissions assignments { totalCount } } } }
      teams { nodes { name members { nodes { displayName } } manager { managedTeams { nodes { name } } } } }
      apiKeys { nodes { name } } contacts { nodes { id } } accounts { nodes { id } } deals { nodes { id } }
      activities { nodes { id } } assignedActivities { nodes { id } }
    } }
    """
    data = (await client.run(nested, {"id": gid(user)})).ok()["user"]
    assert data == {
        "displayName": "Meera",
        "status": "ACTIVE",
        "email": user.email,
        "number": user.number,
        "timeFormat": "HOURS_12",
        "theme": "LIGHT",
        "manager": {"displayName": "Boss", "reports": {"nodes": [{"displayName": "Meera"}]}},
        "createdBy": {"displayName": "Boss"},
        "updatedBy": None,
        "insuranceAgent": {"id": gid(agent)},
        "roleAssignments": {
            "nodes": [{"isActive": True, "role": {"permissions": ["deal:read"], "assignments": {"totalCount": 1}}}]
        },
        "teams": {
            "nodes": [
                {
                    "name": "North",
                    "members": {"nodes": [{"displayName": "Meera"}]},
                    "manager": {"managedTeams": {"nodes": [{"name": "North"}]}},
                }
            ]
        },
        "apiKeys": {"nodes": [{"name": "Sync"}]},
        "contacts": {"nodes": [{"id": gid(person)}]},
        "accounts": {"nodes": [{"id": gid(company)}]},
        "deals": {"nodes": [{"id": gid(deal)}]},
        "activities": {"nodes": [{"id": gid(task)}]},
        "assignedActivities": {"nodes": []},
    }
    assert len(client.statements) <= 14  # one for each relation


async def test_the_members_of_many_teams_take_one_statement(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    people = [await access.user(store, tenant, display_name=name) for name in ("Asha", "Bela", "Chitra")]
    await access.team(store, tenant, name="East", members=people[:2])
    west = await access.team(store, tenant, name="West", members=people[1:])
    await access.team_member(
        store, tenant, team_id=west.id, user_id=people[0].id, joined_at=START, left_at=START + timedelta(days=1)
    )
    client = await sign_in(tenant)
    query = """{ teams(filter: {name: {in: ["East", "West"]}}) { nodes { name
                 members(orderBy: {field: DISPLAY_NAME, direction: DESC}) { totalCount nodes { displayName } } } } }"""
    data = (await client.run(query)).ok()["teams"]["nodes"]
    assert [(team["name"], [user["displayName"] for user in team["members"]["nodes"]]) for team in data] == [
        ("East", ["Bela", "Asha"]),
        ("West", ["Chitra", "Bela"]),
    ]
    assert [team["members"]["totalCount"] for team in data] == [2, 2]
    assert len(client.statements) == 3


async def test_a_team_is_read_with_its_place_and_work(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    parent = await access.team(store, tenant, name="Sales", team_type=TeamType.PROJECT)
    team = await access.team(store, tenant, name="North", parent_team_id=parent.id)
    deal = await deals.deal(store, tenant, team_id=team.id)
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($id: ID!) { team(id: $id) { name teamType isActive parentTeam { name }
                 childTeams { nodes { name deals { nodes { id } } } } manager { id } } }""",
            {"id": gid(parent)},
        )
    ).ok()["team"]
    assert data == {
        "name": "Sales",
        "teamType": "PROJECT",
        "isActive": True,
        "parentTeam": None,
        "childTeams": {"nodes": [{"name": "North", "deals": {"nodes": [{"id": gid(deal)}]}}]},
        "manager": None,
    }


async def test_relations_need_the_permission_of_what_they_lead_to(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    user = await access.user(store, tenant, permissions=["deal:read"])
    await access.team(store, tenant, members=[user], manager_id=user.id)
    client = await sign_in(tenant, permissions={"team:read"})
    assert (await client.run("{ teams { nodes { name manager { id } } } }")).codes == ["FORBIDDEN"]
    assert "FORBIDDEN" in (await client.run("{ teams { nodes { members { nodes { id } } } } }")).codes
    client = await sign_in(tenant, permissions={"user:read"})
    answer = await client.run("{ users { nodes { roleAssignments { nodes { id } } } } }")
    assert set(answer.codes) == {"FORBIDDEN"}


async def test_users_are_filtered_ordered_and_searched(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    boss = await access.user(store, tenant, display_name="Dev", created_at=START + timedelta(seconds=1))
    await access.user(
        store,
        tenant,
        display_name="Asha Rao",
        manager_id=boss.id,
        status=UserStatus.SUSPENDED,
        employee_number="E-17",
    )
    client = await sign_in(tenant)
    query = """query ($f: UserFilter, $o: UserOrder, $s: String) {
                 users(filter: $f, orderBy: $o, search: $s) { nodes { displayName } } }"""

    async def names(**variables: Any) -> list[str]:
        given = {"f": None, "o": None, **variables}
        if "s" in given:
            return await listed(client, query, "displayName", **given)
        return await listed(
            client, query.replace(", $s: String", "").replace(", search: $s", ""), "displayName", **given
        )

    assert await names() == ["Asha Rao", "Dev"]
    assert await names(o={"field": "CREATED_AT", "direction": "DESC"}) == ["Dev", "Asha Rao"]
    assert await names(f={"status": {"eq": "SUSPENDED"}}) == ["Asha Rao"]
    assert await names(f={"managerId": {"eq": gid(boss)}}) == ["Asha Rao"]
    assert await names(f={"managerId": {"isNull": True}}) == ["Dev"]
    assert await names(f={"employeeNumber": {"startsWith": "E-"}}) == ["Asha Rao"]
    assert await names(s="ash") == ["Asha Rao"]
    assert await names(s="e-17") == ["Asha Rao"]
    assert await names(s="nobody") == []


async def test_roles_and_assignments_are_filtered(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    wide = await access.role(
        store, tenant, name="Wide", scope=RoleScope.ORGANIZATION, permissions=["deal:read"], is_system=True
    )
    narrow = await access.role(store, tenant, name="Narrow")
    user = await access.user(store, tenant)
    until = START + timedelta(days=1)
    assignment = await access.role_assignment(store, tenant, user_id=user.id, role_id=wide.id, expires_at=until)
    await access.role_assignment(store, tenant, role_id=narrow.id, is_active=False)
    client = await sign_in(tenant)
    roles = "query ($f: RoleFilter) { roles(filter: $f) { nodes { name } } }"
    for filter_, names in (
        (None, ["Narrow", "Wide"]),
        ({"permissions": {"has": "deal:read"}}, ["Wide"]),
        ({"isSystem": {"eq": False}}, ["Narrow"]),
        ({"scope": {"eq": "ORGANIZATION"}}, ["Wide"]),
        ({"key": {"eq": narrow.key}}, ["Narrow"]),
    ):
        assert await listed(client, roles, "name", f=filter_) == names
    assignments = "query ($f: RoleAssignmentFilter) { roleAssignments(filter: $f) { nodes { id } } }"
    for filter_ in (
        {"userId": {"eq": gid(user)}},
        {"roleId": {"eq": gid(wide)}},
        {"isActive": {"eq": True}},
        {"expiresAt": {"isNull": False}},
    ):
        assert await listed(client, assignments, "id", f=filter_) == [gid(assignment)]


async def test_nobody_is_no_viewer(visitor: Client) -> None:
    assert (await visitor.run("{ viewer { kind } }")).ok() == {"viewer": None}
    assert (await visitor.run("{ users { nodes { id } } }")).codes == ["UNAUTHENTICATED"]


async def test_a_program_is_a_viewer_with_its_key_but_no_user(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant, permissions={"tenant:read"})
    viewer = (await client.run("{ viewer { kind user { id } apiKey { scopes } tenant { id } permissions } }")).ok()
    assert viewer["viewer"] == {
        "kind": "API_KEY",
        "user": None,
        "apiKey": {"scopes": ["tenant:read"]},
        "tenant": {"id": gid(tenant)},
        "permissions": ["tenant:read"],
    }


@pytest.mark.parametrize("type_", [User, Role, Team, ApiKey])
async def test_no_secret_column_is_a_field(type_: type[TenantRow], tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    data = (await client.run(f'{{ __type(name: "{type_.__name__}") {{ fields {{ name }} }} }}')).ok()["__type"]
    names = {field["name"] for field in data["fields"]}
    assert not {name for name in names if "hash" in name.lower() or "secret" in name.lower()}
    assert "loginId" not in names
