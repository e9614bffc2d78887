"""The viewer's login: seen by its holder, and by no other path."""

from datetime import timedelta

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type

from db.organizations import Tenant
from gql.schema import schema
from tests.factories import access
from tests.factories.access import PASSWORD
from tests.gql.conftest import Bearer
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
OWN = """
{ viewer { permissions user { id } login {
  __typename email status emailVerifiedAt passwordChangedAt isPasswordChangeRequired lastSignedInAt signInCount
} } }
"""


async def test_a_person_sees_their_own_login_without_any_permission(
    store: Store, tenant: Tenant, other_tenant: Tenant, visitor: Client, bearer: Bearer
) -> None:
    verified = START - timedelta(days=3)
    login = await access.login(store, tenant, email_verified_at=verified, sign_in_count=6)
    user = await access.user(store, tenant, login_id=login.id)
    await access.user(store, tenant)
    await access.user(store, other_tenant)
    given = {"input": {"email": login.email, "password": PASSWORD}}
    client = bearer((await visitor.run(SIGN_IN, given)).ok()["signIn"]["accessToken"])

    assert (await client.run(OWN)).ok()["viewer"] == {
        "permissions": [],
        "user": {"id": gid(user)},
        "login": {
            "__typename": "Login",
            "email": login.email,
            "status": "ACTIVE",
            "emailVerifiedAt": "2026-11-17T09:00:00Z",
            "passwordChangedAt": None,
            "isPasswordChangeRequired": False,
            "lastSignedInAt": "2026-11-20T09:00:00Z",
            "signInCount": 7,
        },
    }


async def test_a_program_has_no_login(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    assert (await client.run("{ viewer { login { email } } }")).ok() == {"viewer": {"login": None}}


async def test_a_login_is_no_node(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    login = await access.login(store, tenant)
    client = await sign_in(tenant)
    answer = await client.run("query ($id: ID!) { node(id: $id) { id } }", {"id": gid(login)})
    assert answer.codes == ["INVALID_ID"]


def test_only_the_viewer_leads_to_a_login() -> None:
    def leading(type_: GraphQLNamedType) -> list[str]:
        fields = type_.fields if isinstance(type_, GraphQLObjectType) else {}
        return [f"{type_.name}.{name}" for name, field in fields.items() if get_named_type(field.type).name == "Login"]

    types = schema._schema.type_map.values()
    assert [path for type_ in types for path in leading(type_)] == ["Viewer.login"]
    login = schema._schema.type_map["Login"]
    assert isinstance(login, GraphQLObjectType)
    assert not {name for name in login.fields if "hash" in name.lower() or name == "id"}
