"""Logins, users, roles, teams, sessions and API keys for tests. Passwords are hashed cheaply."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from argon2 import PasswordHasher
from uuid_utils.compat import uuid7

from db.access import ApiKey, Login, Role, RoleAssignment, Team, TeamMember, User, UserSession
from db.organizations import Tenant
from resolvers.access import credentials
from tests.support.store import START, Store

PASSWORD = "blue tram at noon"


class CountingHasher(PasswordHasher):
    """A hasher that costs next to nothing and counts what it is asked to do."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.hashed = 0
        self.verified = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """As argon2 does it, and counted."""
        self.hashed += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        """As argon2 does it, and counted."""
        self.verified += 1
        return super().verify(hash, password)


PASSWORD_HASH = CountingHasher().hash(PASSWORD)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An API key as its holder has it, and as it is stored."""

    row: ApiKey
    text: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, and the refresh token that its holder has."""

    row: UserSession
    token: credentials.RefreshToken


async def login(store: Store, tenant: Tenant, **values: Any) -> Login:
    """A login of the tenant's organization with PASSWORD; it is nobody in the tenant yet."""
    given = {
        "organization_id": tenant.organization_id,
        "email": f"person.{store.number()}@example.com",
        "password_hash": PASSWORD_HASH,
        **values,
    }
    return await store.add(Login(**given))


async def user(store: Store, tenant: Tenant, *, permissions: Iterable[str] | None = None, **values: Any) -> User:
    """A person in the tenant, who signs in with PASSWORD; with a role of their own when permissions are given."""
    number = store.number()
    if "login_id" not in values:
        values["login_id"] = (await login(store, tenant)).id
    given = {
        "tenant_id": tenant.id,
        "number": f"USR-{number:010d}",
        "email": f"user.{number}@example.com",
        "display_name": f"User {number}",
        **values,
    }
    made = await store.add(User(**given))
    if permissions is not None:
        granted = await role(store, tenant, permissions=sorted(permissions))
        await role_assignment(store, tenant, user_id=made.id, role_id=granted.id)
    return made


async def role(store: Store, tenant: Tenant, **values: Any) -> Role:
    """A custom role without permissions."""
    number = store.number()
    given = {"tenant_id": tenant.id, "key": f"ROLE_{number}", "name": f"Role {number}", **values}
    return await store.add(Role(**given))


async def role_assignment(store: Store, tenant: Tenant, **values: Any) -> RoleAssignment:
    """A role of a user; both are made when they are not given."""
    if "user_id" not in values:
        values["user_id"] = (await user(store, tenant)).id
    if "role_id" not in values:
        values["role_id"] = (await role(store, tenant)).id
    return await store.add(RoleAssignment(**{"tenant_id": tenant.id, "assigned_at": START, **values}))


async def team(store: Store, tenant: Tenant, *, members: Iterable[User] = (), **values: Any) -> Team:
    """A team with these members."""
    number = store.number()
    made = await store.add(Team(**{"tenant_id": tenant.id, "name": f"Team {number}", **values}))
    for member in members:
        await team_member(store, tenant, team_id=made.id, user_id=member.id)
    return made


async def team_member(store: Store, tenant: Tenant, **values: Any) -> TeamMember:
    """A user's place in a team; both are made when they are not given."""
    if "team_id" not in values:
        values["team_id"] = (await team(store, tenant)).id
    if "user_id" not in values:
        values["user_id"] = (await user(store, tenant)).id
    return await store.add(TeamMember(**{"tenant_id": tenant.id, "joined_at": START, **values}))


async def api_key(store: Store, tenant: Tenant, **values: Any) -> IssuedKey:
    """An API key, issued by nobody in particular and without scopes unless they are given."""
    issued = credentials.new_api_key(tenant.id)
    given = {
        "tenant_id": tenant.id,
        "id": issued.key_id,
        "name": f"Key {store.number()}",
        "prefix": issued.prefix,
        "secret_hash": credentials.digest(issued.secret),
        **values,
    }
    return IssuedKey(await store.add(ApiKey(**given)), issued.text)


async def session(store: Store, tenant: Tenant, **values: Any) -> OpenSession:
    """An open session of a user, who is made when not given."""
    if "user_id" not in values:
        values["user_id"] = (await user(store, tenant)).id
    token = credentials.new_refresh_token(tenant.id, uuid7())
    given = {
        "tenant_id": tenant.id,
        "id": token.session_id,
        "family_hash": credentials.digest(token.family),
        "secret_hash": credentials.digest(token.secret),
        "expires_at": START + timedelta(days=30),
        "last_active_at": START,
        **values,
    }
    return OpenSession(await store.add(UserSession(**given)), token)
