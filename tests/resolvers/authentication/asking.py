"""What the tests of authentication ask: is this credential refused, and what did it cost?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from db.core.session import Database
from db.organizations import Tenant
from resolvers.access.tokens import AccessToken, current_signer
from resolvers.authentication import Authenticator
from resolvers.core.context import Request, Services
from resolvers.core.errors import Unauthenticated
from tests.factories.access import OpenSession
from tests.support.store import START

HERE = Request(ip_address="203.0.113.7")


async def token_of(services: Services, tenant: Tenant, session: OpenSession, **claims: Any) -> str:
    """A token of the session, good for 15 minutes; `claims` replace some of its fields."""
    return token(tenant, session, **claims).signed(await current_signer(services))


def token(tenant: Tenant, session: OpenSession, **claims: Any) -> AccessToken:
    """What a good token of the session says."""
    given = {
        "user_id": session.row.user_id,
        "tenant_id": tenant.id,
        "organization_id": tenant.organization_id,
        "session_id": session.row.id,
        "issued_at": START,
        "expires_at": START + timedelta(minutes=15),
        **claims,
    }
    return AccessToken(**given)


async def is_nobody(authenticator: Authenticator, credential: str, request: Request = HERE) -> bool:
    """Whether a credential is refused."""
    try:
        await authenticator.viewer(credential, request)
    except Unauthenticated:
        return True
    return False


@asynccontextmanager
async def counted(database: Database) -> AsyncIterator[list[str]]:
    """The statements that run within the block, but for those that set the tenant."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if "set_tenant" not in statement:
            seen.append(statement)

    database.observers.append(note)
    try:
        yield seen
    finally:
        database.observers.remove(note)
