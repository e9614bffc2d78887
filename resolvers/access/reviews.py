"""Reviews: whether the credentials of open connections still hold, and for what; all of a tenant at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import any_, bindparam, or_, select

from db.access import ApiKey, Login, Role, RoleAssignment, User, UserSession
from db.enums.events import ActorKind
from resolvers.access.standing import PlainReads, open_organization
from resolvers.core.context import Request
from resolvers.core.errors import Unauthenticated
from resolvers.core.loaders import keys_parameter
from resolvers.core.statements import Lookup
from resolvers.core.viewer import Viewer
from resolvers.rules import access as rules

CLOSED: Final = "This tenant is closed at present."
SESSION_OVER: Final = "The session is over: sign in again."
KEY_OVER: Final = "The API key has expired or was revoked."
SUSPENDED: Final = "This user may not act in the tenant at present."
ADDRESS: Final = "The API key may not be used from this address."

SESSIONS: Final = Lookup(
    select(UserSession.id, UserSession.user_id, UserSession.expires_at, UserSession.revoked_at).where(
        UserSession.id == any_(keys_parameter())
    )
)
KEYS: Final = Lookup(
    select(
        ApiKey.id,
        ApiKey.is_active,
        ApiKey.revoked_at,
        ApiKey.expires_at,
        ApiKey.scopes,
        ApiKey.allowed_addresses,
        ApiKey.created_by_id,
    ).where(ApiKey.id == any_(keys_parameter()))
)
STATUSES: Final = Lookup(
    select(User.id, Login.status, User.status)
    .join(Login, User.login_id == Login.id)
    .where(User.id == any_(keys_parameter()))
)
PERMISSIONS: Final = Lookup(
    select(RoleAssignment.user_id, Role.permissions)
    .join(RoleAssignment, RoleAssignment.role_id == Role.id)
    .where(
        RoleAssignment.user_id == any_(keys_parameter()),
        RoleAssignment.is_active,
        or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > bindparam("now")),
        Role.is_active,
    )
)


class Held(NamedTuple):
    """A viewer whose connection stays open, and where the connection came from."""

    viewer: Viewer
    request: Request


Finding: TypeAlias = Viewer | Unauthenticated
"""Whom a credential vouches for by now, or why for nobody."""


@dataclass(frozen=True, slots=True)
class People:
    """Users as they stand: who may act, and what their roles allow."""

    may_act: frozenset[UUID]
    permissions: Mapping[UUID, frozenset[str]]

    def allowed(self, user_id: UUID) -> frozenset[str]:
        """What the user's roles allow."""
        return self.permissions.get(user_id, frozenset())


async def review(reads: PlainReads, tenant_id: UUID, held: Sequence[Held], now: datetime) -> list[Finding]:
    """A finding for each, in their order: four or five statements, however many they are. All are of the tenant."""
    if await open_organization(reads, tenant_id) is None:
        return [Unauthenticated(CLOSED)] * len(held)
    sessions = await _by_id(reads, SESSIONS, held, ActorKind.USER)
    keys = await _by_id(reads, KEYS, held, ActorKind.API_KEY)
    people = await _people(
        reads, {row[1] for row in sessions.values()} | {row[6] for row in keys.values() if row[6] is not None}, now
    )
    return [_finding(one, sessions, keys, people, now) for one in held]


async def _by_id(reads: PlainReads, lookup: Lookup, held: Iterable[Held], kind: ActorKind) -> dict[UUID, Sequence[Any]]:
    ids = list({one.viewer.credential_id for one in held if one.viewer.kind is kind})
    return {row[0]: row for row in await reads.find(lookup, keys=ids)} if ids else {}


async def _people(reads: PlainReads, user_ids: set[UUID], now: datetime) -> People:
    if not user_ids:
        return People(frozenset(), {})
    statuses = await reads.find(STATUSES, keys=list(user_ids))
    roles: dict[UUID, list[Sequence[str]]] = {}
    for user_id, permissions in await reads.find(PERMISSIONS, keys=list(user_ids), now=now):
        roles.setdefault(user_id, []).append(permissions)
    return People(
        frozenset(user_id for user_id, login, user in statuses if rules.may_act(login, user)),
        {user_id: rules.permissions_of(several) for user_id, several in roles.items()},
    )


def _finding(
    one: Held, sessions: Mapping[UUID, Sequence[Any]], keys: Mapping[UUID, Sequence[Any]], people: People, now: datetime
) -> Finding:
    viewer = one.viewer
    if viewer.kind is ActorKind.USER:
        return _of_session(viewer, sessions.get(viewer.credential_id), people, now)
    if viewer.kind is ActorKind.API_KEY:
        return _of_key(one, keys.get(viewer.credential_id), people, now)
    return viewer  # the system itself: nobody lent it a credential


def _of_session(viewer: Viewer, row: Sequence[Any] | None, people: People, now: datetime) -> Finding:
    if row is None:
        return Unauthenticated(SESSION_OVER)
    _, user_id, expires_at, revoked_at = row
    if user_id != viewer.user_id or not rules.is_session_open(expires_at, revoked_at, now):
        return Unauthenticated(SESSION_OVER)
    if user_id not in people.may_act:
        return Unauthenticated(SUSPENDED)
    return _with(viewer, people.allowed(user_id), viewer.expires_at)


def _of_key(one: Held, row: Sequence[Any] | None, people: People, now: datetime) -> Finding:
    if row is None:
        return Unauthenticated(KEY_OVER)
    _, is_active, revoked_at, expires_at, scopes, addresses, maker_id = row
    if not rules.is_api_key_usable(is_active, revoked_at, expires_at, now):
        return Unauthenticated(KEY_OVER)
    if maker_id is not None and maker_id not in people.may_act:
        return Unauthenticated(SUSPENDED)
    if not rules.is_address_allowed(addresses, one.request.ip_address):
        return Unauthenticated(ADDRESS)
    permissions = rules.permissions_of([scopes])
    if maker_id is not None:
        permissions &= people.allowed(maker_id)
    return _with(one.viewer, permissions, expires_at)


def _with(viewer: Viewer, permissions: frozenset[str], expires_at: datetime | None) -> Viewer:
    """The viewer as found; the same object where nothing is new."""
    if viewer.permissions == permissions and viewer.expires_at == expires_at:
        return viewer
    return replace(viewer, permissions=permissions, expires_at=expires_at)
