"""Authentication: from a credential to the viewer it vouches for, remembered for a few seconds."""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update

from db.access import ApiKey, UserSession
from db.enums.events import ActorKind
from resolvers.access import credentials
from resolvers.access.reviews import Finding, Held, review
from resolvers.access.standing import PlainReads, may_user_act, open_organization, permissions_of_user
from resolvers.access.tokens import TokenVerifier
from resolvers.core.context import Request, Services
from resolvers.core.errors import Unauthenticated
from resolvers.core.statements import Lookup
from resolvers.core.viewer import Viewer
from resolvers.rules import access as rules

REMEMBERED_FOR: Final = timedelta(seconds=5)  # so long at most a revoked credential still works
MOST_REMEMBERED: Final = 10_000
SESSION: Final = Lookup(
    select(UserSession.user_id, UserSession.expires_at, UserSession.revoked_at).where(UserSession.id == bindparam("id"))
)


@dataclass(slots=True)
class KeyUse:
    """What an API key's uses need to know of it."""

    allowed_addresses: list[str]
    noted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """A viewer, and until when it is taken for granted."""

    viewer: Viewer
    seen_at: datetime
    until: datetime
    key_use: KeyUse | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it may still be used; a clock that was set back does not prolong it."""
        return self.seen_at <= now < self.until


class Authenticator:
    """Knows viewers by their credentials. One per process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tokens = TokenVerifier(services)
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Known]] = {}
        self._uses: Counter[UUID] = Counter()

    async def viewer(self, credential: str, request: Request) -> Viewer:
        """The viewer of an access token or API key. Raises Unauthenticated.

        Whatever ends a credential (expiry, revocation, a suspended user or tenant) is seen within 5 seconds;
        an API key's allowed addresses are checked each time.
        """
        name = hashlib.sha256(credential.encode(errors="surrogatepass")).digest()
        found = self._known.get(name)
        if found is None or not found.holds(self._services.clock.now()):
            found = await self._ask_once(name, credential)
        else:
            self._known.move_to_end(name)
        if found.key_use is not None:
            await self._use(found.viewer, found.key_use, request)
        return found.viewer

    async def review(self, tenant_id: UUID, held: Sequence[Held]) -> list[Finding]:
        """Whom the credentials of open connections of a tenant vouch for now, in their order; nothing remembered."""
        async with self._services.database.reads(tenant_id) as transaction:
            return await review(PlainReads(transaction), tenant_id, held, self._services.clock.now())

    async def _ask_once(self, name: bytes, credential: str) -> Known:
        """Look the credential up, once for all that ask at the same time."""
        task = self._asked.get(name)
        if task is None:
            task = self._asked[name] = asyncio.create_task(self._ask(name, credential))
            task.add_done_callback(lambda done: self._answered(name, done))
        return await asyncio.shield(task)  # whoever gives up leaves it to the others

    def _answered(self, name: bytes, task: asyncio.Task[Known]) -> None:
        self._asked.pop(name, None)
        if not task.cancelled():
            task.exception()  # looked at, even if everybody has given up

    async def _ask(self, name: bytes, credential: str) -> Known:
        is_key = credential.startswith(credentials.API_KEY_START)
        found = await (self._by_api_key(credential) if is_key else self._by_access_token(credential))
        self._known[name] = found
        self._known.move_to_end(name)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _by_access_token(self, credential: str) -> Known:
        token = await self._tokens.read(credential)
        now = self._services.clock.now()
        async with self._services.database.reads(token.tenant_id) as transaction:
            reads = PlainReads(transaction)
            sessions = await reads.find(SESSION, id=token.session_id)
            if not any(
                user_id == token.user_id and rules.is_session_open(expires_at, revoked_at, now)
                for user_id, expires_at, revoked_at in sessions
            ):
                raise Unauthenticated("The session is over: sign in again.")
            organization_id = await _admitted(reads, token.tenant_id, token.user_id)
            permissions = await permissions_of_user(reads, token.user_id, now)
        viewer = Viewer(
            kind=ActorKind.USER,
            actor_id=token.user_id,
            credential_id=token.session_id,
            organization_id=organization_id,
            tenant_id=token.tenant_id,
            user_id=token.user_id,
            permissions=permissions,
            expires_at=token.expires_at,
        )
        return Known(viewer, now, min(now + REMEMBERED_FOR, token.expires_at))

    async def _by_api_key(self, credential: str) -> Known:
        given = credentials.parse_api_key(credential)
        if given is None:
            raise Unauthenticated("The API key is not valid.")
        now = self._services.clock.now()
        async with self._services.database.reads(given.tenant_id) as transaction:
            reads = PlainReads(transaction)
            key = next(iter(await transaction.scalars(select(ApiKey).where(ApiKey.id == given.key_id))), None)
            if key is None or not credentials.is_same(key.secret_hash, given.secret):
                raise Unauthenticated("The API key is not valid.")
            if not rules.is_api_key_usable(key.is_active, key.revoked_at, key.expires_at, now):
                raise Unauthenticated("The API key has expired or was revoked.")
            organization_id = await _admitted(reads, given.tenant_id, key.created_by_id)
            permissions = rules.permissions_of([key.scopes])
            if key.created_by_id is not None:  # a key may never do more than who issued it may do now
                permissions &= await permissions_of_user(reads, key.created_by_id, now)
        viewer = Viewer(
            kind=ActorKind.API_KEY,
            actor_id=key.id,
            credential_id=key.id,
            organization_id=organization_id,
            tenant_id=given.tenant_id,
            user_id=None,
            permissions=permissions,
            expires_at=key.expires_at,
        )
        until = min(now + REMEMBERED_FOR, key.expires_at or now + REMEMBERED_FOR)
        return Known(viewer, now, until, KeyUse(list(key.allowed_addresses), key.last_used_at))

    async def _use(self, viewer: Viewer, use: KeyUse, request: Request) -> None:
        """Count a use of a key from an allowed address; write the count down once a minute at most."""
        if not rules.is_address_allowed(use.allowed_addresses, request.ip_address):
            raise Unauthenticated("The API key may not be used from this address.")
        now = self._services.clock.now()
        self._uses[viewer.actor_id] += 1
        if use.noted_at is not None and now < use.noted_at + rules.KEY_USE_INTERVAL:
            return
        use.noted_at = now
        count = self._uses.pop(viewer.actor_id)
        async with self._services.database.write(viewer.tenant_id) as session:
            noted = await session.scalar(
                update(ApiKey)
                .where(
                    ApiKey.id == viewer.actor_id,
                    or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - rules.KEY_USE_INTERVAL),
                )
                .values(
                    last_used_at=now,
                    last_used_ip_address=request.ip_address,
                    usage_count=ApiKey.usage_count + count,
                )
                .returning(ApiKey.id)
                .execution_options(synchronize_session=False)
            )
        if noted is None:  # another process was first: these uses are written down with the next ones
            self._uses[viewer.actor_id] += count


async def _admitted(reads: PlainReads, tenant_id: UUID, user_id: UUID | None) -> UUID:
    """The organization of an open tenant in which the user, where there is one, may act."""
    organization_id = await open_organization(reads, tenant_id)
    if organization_id is None:
        raise Unauthenticated("This tenant is closed at present.")
    if user_id is not None and not await may_user_act(reads, user_id):
        raise Unauthenticated("This user may not act in the tenant at present.")
    return organization_id
