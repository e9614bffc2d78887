"""What an integration must be, where its reports arrive, and how long what was replaced still counts."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from db.enums.integrations import IntegrationKind
from resolvers.rules import Findings, Invalid
from resolvers.rules.core import check_custom_fields, clean_text, required_text

INGEST_PATHS: Final[Mapping[tuple[IntegrationKind, str], str]] = MappingProxyType(
    {(IntegrationKind.TELEPHONY, "twilio"): "/ingest/calls/twilio/"}
)
"""Where the reports of a kind and provider arrive; the address follows."""

TOKEN_BYTES: Final = 32
SECRET_SHORTEST: Final = 8
SECRET_LONGEST: Final = 4_096
SCOPES_COUNT: Final = 50
GRACE: Final = timedelta(hours=24)
GRACE_LONGEST: Final = timedelta(days=7)

_ID_BYTES: Final = 16
_PROVIDER: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
_SECRET: Final = re.compile(r"[\x21-\x7e]+")
_URL: Final = re.compile(r"https?://[^\s]+")
_SECRET_NAME: Final = re.compile(r"secret|token|password|passphrase|credential|(api|private)_?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IntegrationDraft:
    """What somebody wants an integration to be, but for its secret."""

    kind: IntegrationKind
    provider: str
    name: str
    account_identifier: str | None = None
    endpoint_url: str | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    scopes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """What an ingest address carries: whose reports arrive there, and the token that proves it genuine."""

    tenant_id: UUID
    integration_id: UUID
    token: bytes

    @property
    def token_hash(self) -> bytes:
        """What is stored of the token: SHA-256 suffices, nobody guesses 32 random bytes."""
        return hashlib.sha256(self.token).digest()


def normalise(draft: IntegrationDraft) -> IntegrationDraft:
    """The draft as it is stored: texts trimmed, the provider in lower case. Raises Invalid with all problems.

    `config` is shown to everybody who may see the integration, so a name in it that sounds like a secret is
    refused.
    """
    findings = Findings()
    provider = draft.provider.strip().lower()
    if not _PROVIDER.fullmatch(provider):
        findings.add(("provider",), "must be a name such as twilio, of at most 50 letters and digits", "FORMAT")
    name = findings.of(required_text, ("name",), draft.name, 200)
    account = findings.of(clean_text, ("account_identifier",), draft.account_identifier, 200)
    endpoint = findings.of(clean_text, ("endpoint_url",), draft.endpoint_url, 2_000)
    if endpoint is not None and not _URL.fullmatch(endpoint):
        findings.add(("endpoint_url",), "must begin with http:// or https://", "FORMAT")
    findings.of(_check_config, draft.config)
    if len(draft.scopes) > SCOPES_COUNT:
        findings.add(("scopes",), f"must be at most {SCOPES_COUNT}", "TOO_MANY")
    scopes = [
        findings.of(required_text, ("scopes", position), scope, 200) or ""
        for position, scope in enumerate(draft.scopes)
    ]
    findings.refuse()
    return IntegrationDraft(
        draft.kind, provider, name or "", account, endpoint, draft.config, list(dict.fromkeys(scopes))
    )


def check_secret(draft: IntegrationDraft, secret: str | None) -> None:
    """Refuse a secret that cannot be one, and none at all for what reports here: reports are signed by it."""
    if secret is None:
        if ingest_path(draft.kind, draft.provider):
            raise Invalid(("secret",), f"must be given: the reports of {draft.provider} are signed by it", "REQUIRED")
        return
    check_new_secret(secret)


def check_new_secret(secret: str) -> None:
    """Refuse what is too short or long, and anything but visible ASCII, such as a line end copied along."""
    if len(secret) < SECRET_SHORTEST:
        raise Invalid(("secret",), f"must have at least {SECRET_SHORTEST} characters", "TOO_SHORT")
    if len(secret) > SECRET_LONGEST:
        raise Invalid(("secret",), f"must have at most {SECRET_LONGEST} characters", "TOO_LONG")
    if not _SECRET.fullmatch(secret):
        raise Invalid(("secret",), "must be of visible ASCII characters, without spaces", "FORMAT")


def ingest_path(kind: IntegrationKind, provider: str) -> str | None:
    """Where reports of this kind and provider arrive; None for those that report nothing."""
    return INGEST_PATHS.get((kind, provider))


def grace(seconds: int | None) -> timedelta:
    """How long a replaced secret or address still counts: a day, unless 0 seconds to 7 days are asked for."""
    if seconds is None:
        return GRACE
    if not 0 <= seconds <= GRACE_LONGEST.total_seconds():
        longest = int(GRACE_LONGEST.total_seconds())
        raise Invalid(("grace_seconds",), f"must lie between 0 and {longest}", "OUT_OF_RANGE")
    return timedelta(seconds=seconds)


def encode_address(address: Address) -> str:
    """The address as text: base64url without padding of both ids and the token."""
    packed = address.tenant_id.bytes + address.integration_id.bytes + address.token
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def decode_address(text: str) -> Address | None:
    """What the address carries; None for a text that is none. Each address has exactly one spelling."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(packed) != 2 * _ID_BYTES + TOKEN_BYTES:
        return None
    tenant, integration, token = (
        packed[:_ID_BYTES],
        packed[_ID_BYTES : 2 * _ID_BYTES],
        packed[2 * _ID_BYTES :],
    )
    address = Address(UUID(bytes=tenant), UUID(bytes=integration), token)
    return address if encode_address(address) == text else None


def _check_config(config: Mapping[str, object]) -> None:
    check_custom_fields(("config",), config)
    findings = Findings()
    for key in _names_in(config):
        if _SECRET_NAME.search(key):
            findings.add(("config", key), "sounds like a secret, and everybody sees it", "NOT_ALLOWED")
    findings.refuse()


def _names_in(value: object) -> list[str]:
    match value:
        case dict():
            return [name for key, part in value.items() for name in (str(key), *_names_in(part))]
        case list():
            return [name for part in value for name in _names_in(part)]
        case _:
            return []
