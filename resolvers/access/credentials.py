"""Opaque credentials: API keys and refresh tokens, which carry the tenant and row that they belong to.

`cg_<row><tenant>_<secret>` is an API key, `cgr_<row><tenant>_<family><secret>` a refresh token: ids in 32
hexadecimal digits each, then random text. So the tenant is set first, and the secret verified then, within it.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

API_KEY_START: Final = "cg_"
PREFIX_LENGTH: Final = len(API_KEY_START) + 12  # 48 random bits of the id: they tell a tenant's keys apart

_SECRET_BYTES: Final = 32
_FAMILY_BYTES: Final = 16
_IDS = r"(?P<row>[0-9a-f]{32})(?P<tenant>[0-9a-f]{32})"
_API_KEY: Final = re.compile(rf"cg_{_IDS}_(?P<secret>[A-Za-z0-9_-]{{43}})")
_REFRESH_TOKEN: Final = re.compile(rf"cgr_{_IDS}_(?P<family>[A-Za-z0-9_-]{{22}})(?P<secret>[A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class ApiKeyText:
    """An API key as its holder has it."""

    tenant_id: UUID
    key_id: UUID
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole key."""
        return f"{API_KEY_START}{self.key_id.hex}{self.tenant_id.hex}_{self.secret}"

    @property
    def prefix(self) -> str:
        """How it begins: what people recognise it by, and nothing secret."""
        return self.text[:PREFIX_LENGTH]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as its holder has it. All tokens of a session share `family`; each has its own secret."""

    tenant_id: UUID
    session_id: UUID
    family: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole token."""
        return f"cgr_{self.session_id.hex}{self.tenant_id.hex}_{self.family}{self.secret}"

    def successor(self, salt: bytes) -> "RefreshToken":
        """The token that follows this one: random by its salt, and derived again only with both."""
        made = hmac.digest(self.secret.encode(), salt, "sha256")
        secret = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        return RefreshToken(self.tenant_id, self.session_id, self.family, secret)


def new_api_key(tenant_id: UUID) -> ApiKeyText:
    """A key with a fresh secret. Its id is random, not a UUIDv7: keys of one millisecond would begin alike."""
    return ApiKeyText(tenant_id, uuid4(), secrets.token_urlsafe(_SECRET_BYTES))


def new_refresh_token(tenant_id: UUID, session_id: UUID) -> RefreshToken:
    """The first token of a session."""
    family, secret = secrets.token_urlsafe(_FAMILY_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    return RefreshToken(tenant_id, session_id, family, secret)


def new_salt() -> bytes:
    """What a token's successor is made with."""
    return secrets.token_bytes(_SECRET_BYTES)


def parse_api_key(text: str) -> ApiKeyText | None:
    """The parts of an API key, none of them verified; None when it is not written like one."""
    found = _API_KEY.fullmatch(text)
    if found is None:
        return None
    return ApiKeyText(UUID(found["tenant"]), UUID(found["row"]), found["secret"])


def parse_refresh_token(text: str) -> RefreshToken | None:
    """The parts of a refresh token, none of them verified; None when it is not written like one."""
    found = _REFRESH_TOKEN.fullmatch(text)
    if found is None:
        return None
    return RefreshToken(UUID(found["tenant"]), UUID(found["row"]), found["family"], found["secret"])


def digest(secret: str) -> bytes:
    """What is stored of a secret. It has 128 random bits or more, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(stored: bytes, secret: str) -> bool:
    """Whether the stored hash is this secret's, in the same time whatever differs."""
    return hmac.compare_digest(stored, digest(secret))
