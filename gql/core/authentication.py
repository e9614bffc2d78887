"""From the headers of a request, or a WebSocket's first message, to a credential, and from that to a viewer."""

import re
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from starlette.requests import HTTPConnection

from gql.core.http import request_of
from resolvers.access.reviews import Finding, Held
from resolvers.core.context import Request
from resolvers.core.errors import Unauthenticated
from resolvers.core.viewer import Viewer

API_KEY_HEADER: Final = "x-api-key"
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)  # RFC 6750, section 2.1
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Authenticator(Protocol):
    """Whoever knows viewers by their credentials."""

    async def viewer(self, credential: str, request: Request) -> Viewer:
        """The viewer. Raises Unauthenticated."""

    async def review(self, tenant_id: UUID, held: Sequence[Held]) -> list[Finding]:
        """Whom the credentials of open connections of a tenant vouch for now, in their order."""


async def authenticate_request(authenticator: Authenticator, connection: HTTPConnection) -> Viewer | None:
    """Who sends an HTTP request or opens a WebSocket; None without a credential. Raises Unauthenticated."""
    credential = credential_of(connection)
    return None if credential is None else await authenticator.viewer(credential, request_of(connection))


def credential_of(connection: HTTPConnection) -> str | None:
    """The credential in the headers: `Authorization: Bearer …` or `X-API-Key`, one of the two, once.

    None when there is neither. Raises Unauthenticated for anything else, rather than to take it for nobody.
    """
    authorizations = connection.headers.getlist("authorization")
    keys = connection.headers.getlist(API_KEY_HEADER)
    if not authorizations and not keys:
        return None
    if len(authorizations) + len(keys) > 1:
        raise Unauthenticated("Send one credential: in the Authorization or in the X-API-Key header.")
    if keys:
        return _checked(keys[0])
    return bearer(authorizations[0])


def bearer(authorization: str) -> str:
    """The credential in the value of an Authorization header. Raises Unauthenticated."""
    found = _BEARER.fullmatch(authorization.strip())
    if found is None:
        raise Unauthenticated("The Authorization header is written: Bearer, a space, and the credential.")
    return found[1]


def _checked(key: str) -> str:
    if _TOKEN.fullmatch(key.strip()) is None:
        raise Unauthenticated("The X-API-Key header holds the API key alone.")
    return key.strip()
