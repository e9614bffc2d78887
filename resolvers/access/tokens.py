"""Access tokens: JSON Web Tokens signed by Ed25519 (EdDSA), valid for a quarter of an hour."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from db.core.keys import Signer, public_keys
from resolvers.core.context import Services
from resolvers.core.errors import Unauthenticated

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "customer-graph"
AUDIENCE: Final = "customer-graph"
LONGEST: Final = 4_096  # characters; ours have some 500
CLAIMS: Final = ["sub", "tid", "oid", "sid", "iat", "exp", "iss", "aud"]
INVALID: Final = "The access token is not valid."
UNREADABLE: Final = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
UNKNOWN_KID_INTERVAL: Final = timedelta(seconds=5)  # an unknown kid makes us read the keys again so often at most
OLDEST_KEYS: Final = timedelta(minutes=1)  # a key that was deleted verifies no longer than that
SKEW: Final = timedelta(minutes=1)  # by which another server's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says: who acts, where, by which session, and for how long."""

    user_id: UUID
    tenant_id: UUID
    organization_id: UUID
    session_id: UUID
    issued_at: datetime
    expires_at: datetime

    def signed(self, signer: Signer) -> str:
        """The token as clients send it."""
        claims: dict[str, Any] = {
            "sub": str(self.user_id),
            "tid": str(self.tenant_id),
            "oid": str(self.organization_id),
            "sid": str(self.session_id),
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, signer.private_key, algorithm=ALGORITHM, headers={"kid": signer.kid})


async def current_signer(services: Services) -> Signer:
    """The key that signs now."""
    async with services.database.reference() as session:
        return await services.keyring.signer(session, services.clock.now())


class TokenVerifier:
    """Reads access tokens. Remembers the public keys; the time is the Clock's."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def read(self, text: str) -> AccessToken:
        """What the token says. Raises Unauthenticated unless this server signed it and it has not expired."""
        if len(text) > LONGEST:
            raise Unauthenticated(INVALID)
        try:
            kid = jwt.get_unverified_header(text).get("kid")
        except UNREADABLE as error:
            raise Unauthenticated(INVALID) from error
        key = await self._key(kid)
        try:
            claims = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # PyJWT would judge the times by the machine's clock; below they are judged by ours.
                options={"require": CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            token = _token(claims)
        except UNREADABLE as error:
            raise Unauthenticated(INVALID) from error
        now = self._services.clock.now()
        if now >= token.expires_at:
            raise Unauthenticated("The access token has expired: get another by tokenRefresh.")
        if token.issued_at > now + SKEW:
            raise Unauthenticated("The access token is not valid yet.")
        return token

    async def _key(self, kid: object) -> Ed25519PublicKey:
        if not isinstance(kid, str):
            raise Unauthenticated(INVALID)
        if not self._knows(kid):
            async with self._reading:
                if not self._knows(kid):  # nobody else has read them while this waited
                    await self._read_keys()
        key = self._keys.get(kid)
        if key is None:
            raise Unauthenticated(INVALID)
        return key

    def _knows(self, kid: str) -> bool:
        """Whether what is remembered says all about a kid: also that there is none."""
        if self._read_at is None or not self._keys:  # until somebody signs in for the first time there is no key
            return False
        age = self._services.clock.now() - self._read_at
        return timedelta(0) <= age < (OLDEST_KEYS if kid in self._keys else UNKNOWN_KID_INTERVAL)

    async def _read_keys(self) -> None:
        now = self._services.clock.now()
        async with self._services.database.reference() as session:
            self._keys = await public_keys(session)
        self._read_at = now


def _token(claims: dict[str, Any]) -> AccessToken:
    return AccessToken(
        user_id=_uuid(claims["sub"]),
        tenant_id=_uuid(claims["tid"]),
        organization_id=_uuid(claims["oid"]),
        session_id=_uuid(claims["sid"]),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _uuid(claim: object) -> UUID:
    if not isinstance(claim, str):
        raise TypeError("an id is a text")
    return UUID(claim)
