"""Who may do what: the catalogue of permissions, system roles, passwords, sessions, API keys."""

import enum
import hmac
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from db.enums.access import LoginStatus, RoleScope, UserStatus
from db.enums.organizations import OrganizationStatus, TenantStatus
from resolvers.rules import Findings, Invalid
from resolvers.rules.core import clean_text, has_control_characters, normalise_email, required_text

PERMISSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contact:read": "See contacts without their personal data.",
        "contact:write": "Create and change contacts.",
        "contact:pii:read": "See e-mail addresses, telephone numbers, street addresses and birth dates of contacts.",
        "account:read": "See accounts, the companies that the tenant deals with.",
        "account:write": "Create and change accounts.",
        "deal:read": "See deals, their products and their history.",
        "deal:write": "Create, change and move deals.",
        "pipeline:read": "See pipelines and their stages.",
        "pipeline:write": "Create and change pipelines and their stages.",
        "activity:read": "See activities such as meetings, tasks and notes.",
        "activity:write": "Create and change activities.",
        "policy:read": "See insurance policies and policy types.",
        "policy:write": "Create insurance policies and change them and their status.",
        "policy:approve": "Approve insurance policies, or reject them.",
        "policyholder:read": "See policyholders, the insurance profiles of contacts.",
        "policyholder:write": "Create and change policyholders.",
        "policyholder:financial:read": "See bank details, incomes and nominees of policyholders.",
        "insurance_agent:read": "See insurance agents, the licensed human sellers.",
        "insurance_agent:write": "Create and change insurance agents.",
        "insurance_provider:read": "See insurance providers, the companies that carry the policies.",
        "voice_agent:read": "See voice agents and their versions.",
        "voice_agent:write": "Create, change, publish and activate voice agents.",
        "phone_number:read": "See the tenant's telephone numbers.",
        "phone_number:write": "Assign and change the tenant's telephone numbers.",
        "call:read": "See calls with their numbers, and follow them live.",
        "call:write": "Place, change and cancel calls.",
        "call:transcript:read": "Read what was said on calls.",
        "callback:read": "See callbacks and follow them live.",
        "callback:write": "Create, start, complete and cancel callbacks.",
        "callback:assign": "Assign callbacks to insurance agents.",
        "callback_queue:read": "See callback queues.",
        "callback_queue:write": "Create and change callback queues.",
        "integration:read": "See integrations without their secrets.",
        "integration:write": "Create integrations and replace their secrets.",
        "webhook:read": "See webhook endpoints and what was delivered to them, without their secrets.",
        "webhook:write": "Create, change, test and delete webhook endpoints, replace their secrets, and send again.",
        "user:read": "See the tenant's users.",
        "user:write": "Invite, change and deactivate users, and assign their roles.",
        "role:read": "See roles and the permissions in them.",
        "role:write": "Create and change custom roles.",
        "team:read": "See teams and who belongs to them.",
        "api_key:read": "See API keys without their secrets.",
        "api_key:write": "Issue and revoke API keys.",
        "organization:read": "See the organization that owns the tenant.",
        "tenant:read": "See the tenant, its plan and its limits.",
        "event:read": "Read the tenant's event log.",
        "operation:explain": "See which statements an operation runs, and how long they take.",
        "audit_log:read": "Read who did what, with old and new values.",
    }
)
"""Every permission there is, with what it allows. Roles, API keys and fields name no other."""

PASSWORD_SHORTEST: Final = 12
PASSWORD_LONGEST: Final = 128  # hashing takes time by design: nobody may make it take more by sending a book
ATTEMPTS_BEFORE_LOCK: Final = 5
LOCK: Final = timedelta(minutes=15)

ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=15)
SESSION_LIFETIME: Final = timedelta(days=30)  # from signing in, however often it is refreshed
REFRESH_RETRY: Final = timedelta(seconds=30)
KEY_USE_INTERVAL: Final = timedelta(minutes=1)  # how often at most the use of an API key is written down

API_KEY_NAME_LONGEST: Final = 100
API_KEY_DESCRIPTION_LONGEST: Final = 1_000
API_KEY_ADDRESSES: Final = 50
REVOCATION_REASON_LONGEST: Final = 500

_FEWEST_DIFFERENT_CHARACTERS: Final = 5
_OBVIOUS_PASSWORDS: Final = frozenset(
    {
        "123456789012",
        "1234567890123",
        "123456123456",
        "123123123123",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyqwerty",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abcdefghijkl",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "password@123",
        "passw0rd1234",
        "p@ssw0rd1234",
        "welcome12345",
        "welcome@1234",
        "administrator",
        "adminadminadmin",
        "admin1234567",
        "changeme1234",
        "changemechangeme",
        "letmeinletmein",
        "iloveyouiloveyou",
        "correcthorsebatterystaple",
    }
)


@dataclass(frozen=True, slots=True)
class SystemRole:
    """A role that every tenant has and nobody changes, with the values under which it is stored."""

    key: str
    name: str
    description: str
    permissions: frozenset[str]
    scope: RoleScope = RoleScope.TENANT


@dataclass(frozen=True, slots=True)
class FailedSignIn:
    """What a wrong password leaves on the login: failures in a row, and until when it is locked."""

    failed_attempts: int
    locked_until_at: datetime | None


_EVERYBODY: Final = frozenset({"organization:read", "tenant:read", "insurance_provider:read"})

_JUNIOR_AGENT: Final = _EVERYBODY | {
    "contact:read",
    "contact:write",
    "contact:pii:read",
    "account:read",
    "deal:read",
    "deal:write",
    "pipeline:read",
    "activity:read",
    "activity:write",
    "policy:read",
    "policy:write",
    "policyholder:read",
    "policyholder:write",
    "insurance_agent:read",
    "voice_agent:read",
    "phone_number:read",
    "call:read",
    "callback:read",
    "callback:write",
    "callback_queue:read",
    "user:read",
    "team:read",
}

_SENIOR_AGENT: Final = _JUNIOR_AGENT | {
    "account:write",
    "policyholder:financial:read",
    "call:write",
    "call:transcript:read",
    "callback:assign",
}

_REGIONAL_MANAGER: Final = _SENIOR_AGENT | {
    "pipeline:write",
    "policy:approve",
    "insurance_agent:write",
    "callback_queue:write",
    "integration:read",
    "role:read",
    "event:read",
}

_SUPPORT_STAFF: Final = _EVERYBODY | {
    "contact:read",
    "contact:write",
    "contact:pii:read",
    "account:read",
    "deal:read",
    "pipeline:read",
    "activity:read",
    "activity:write",
    "policy:read",
    "policyholder:read",
    "insurance_agent:read",
    "voice_agent:read",
    "phone_number:read",
    "call:read",
    "call:transcript:read",
    "callback:read",
    "callback:write",
    "callback:assign",
    "callback_queue:read",
    "user:read",
    "team:read",
}

_EVERYTHING: Final = frozenset(PERMISSIONS)

_ROLES: Final = (
    SystemRole(
        "SUPER_ADMIN",
        "Super admin",
        "Runs the organization: everything, in each of its tenants.",
        _EVERYTHING,
        RoleScope.ORGANIZATION,
    ),
    SystemRole("INSURANCE_PROVIDER_ADMIN", "Provider admin", "Runs one tenant: everything in it.", _EVERYTHING),
    SystemRole(
        "REGIONAL_MANAGER",
        "Regional manager",
        "Leads insurance agents: approves policies, runs queues and pipelines.",
        _REGIONAL_MANAGER,
    ),
    SystemRole(
        "SENIOR_AGENT",
        "Senior agent",
        "Sells and serves, sees financial details and transcripts, and assigns callbacks.",
        _SENIOR_AGENT,
    ),
    SystemRole("JUNIOR_AGENT", "Junior agent", "Sells and serves.", _JUNIOR_AGENT),
    SystemRole(
        "SUPPORT_STAFF",
        "Support staff",
        "Answers customers: callbacks, calls and contacts, without selling.",
        _SUPPORT_STAFF,
    ),
    # Policies would be everybody's, as long as rows are not yet visible by whose they are.
    SystemRole("POLICYHOLDER", "Policyholder", "A customer, who sees only themself.", _EVERYBODY),
    SystemRole("GUEST", "Guest", "Somebody without a role of their own.", frozenset({"tenant:read"})),
)

SYSTEM_ROLES: Final[Mapping[str, SystemRole]] = MappingProxyType({role.key: role for role in _ROLES})
"""The roles of the sources, by key."""


def permissions_of(roles: Iterable[Iterable[str]]) -> frozenset[str]:
    """What somebody with these roles may do: the union of the roles' permissions.

    What the catalogue does not know counts for nothing, so a permission that was removed ends with its
    removal.
    """
    return frozenset(permission for role in roles for permission in role if permission in PERMISSIONS)


def check_scopes(scopes: Sequence[str], held: frozenset[str]) -> frozenset[str]:
    """The scopes of a new API key: at least one, all of the catalogue, none that its maker does not hold.

    All problems at once, each with the position of the scope in its path.
    """
    if not scopes:
        raise Invalid(("scopes",), "must name at least one permission", "REQUIRED")
    findings = Findings()
    for position, scope in enumerate(scopes):
        path = ("scopes", position)
        if scope not in PERMISSIONS:
            findings.add(path, "is no permission of the catalogue", "UNKNOWN")
        elif scope not in held:
            findings.add(path, "is a permission that you do not hold yourself", "NOT_ALLOWED")
    findings.refuse()
    return frozenset(scopes)


def check_password(password: str, email: str) -> None:
    """Refuse a new password that is too short or long, the e-mail address, or among the first to be tried.

    No rules about digits or capitals: length is what makes a password hard to guess. Only for new
    passwords; one given to sign in is compared, not judged.
    """
    path = ("password",)
    if len(password) < PASSWORD_SHORTEST:
        raise Invalid(path, f"must have at least {PASSWORD_SHORTEST} characters", "TOO_SHORT")
    if len(password) > PASSWORD_LONGEST:
        raise Invalid(path, f"must have at most {PASSWORD_LONGEST} characters", "TOO_LONG")
    if has_control_characters(password):
        raise Invalid(path, "must not contain control characters", "FORMAT")
    folded = password.strip().casefold()
    address = email.strip().casefold()
    if folded in (address, address.rpartition("@")[0]):
        raise Invalid(path, "must not be the e-mail address", "TOO_WEAK")
    if folded in _OBVIOUS_PASSWORDS or len(set(folded)) < _FEWEST_DIFFERENT_CHARACTERS:
        raise Invalid(path, "is too easy to guess", "TOO_WEAK")


def login_email(email: str) -> str:
    """An e-mail address as logins are found by it: trimmed and in lower case, its syntax checked."""
    return normalise_email(("email",), email)


def after_failed_sign_in(failed_attempts: int, now: datetime) -> FailedSignIn:
    """What the login keeps after one more wrong password: each fifth in a row locks it for 15 minutes.

    `failed_attempts` are those before this one; a success sets them to 0.
    """
    attempts = failed_attempts + 1
    return FailedSignIn(attempts, now + LOCK if attempts % ATTEMPTS_BEFORE_LOCK == 0 else None)


def is_locked(locked_until_at: datetime | None, now: datetime) -> bool:
    """Whether sign-in is to be refused without looking at the password."""
    return locked_until_at is not None and now < locked_until_at


def is_tenant_open(organization: OrganizationStatus, tenant: TenantStatus) -> bool:
    """Whether anybody may act in a tenant: neither it nor its organization is suspended, closed or pending."""
    return organization is OrganizationStatus.ACTIVE and tenant in (TenantStatus.ACTIVE, TenantStatus.TRIAL)


def may_act(login: LoginStatus, user: UserStatus) -> bool:
    """Whether a person may act in an open tenant, as what the login says of all tenants and the user of this."""
    return login is LoginStatus.ACTIVE and user is UserStatus.ACTIVE


# ------------------------------------------------------------------------------------------------ sessions


class Refresh(enum.Enum):
    """What a refresh token of a known family leads to."""

    ROTATE = enum.auto()  # it is the current one: it is spent, and its successor issued
    REPEAT = enum.auto()  # it was spent a moment ago by the same request: the same successor again
    REUSED = enum.auto()  # it was spent before: somebody else has it too, and the session ends
    ENDED = enum.auto()  # the session is over


@dataclass(frozen=True, slots=True)
class RefreshState:
    """What a session knows of its refresh tokens: hashes of the current secret and of the one before."""

    secret_hash: bytes
    previous_secret_hash: bytes | None
    rotated_at: datetime | None
    rotation_idempotency_key: str | None
    expires_at: datetime
    revoked_at: datetime | None


def judge_refresh(state: RefreshState, secret_hash: bytes, key: str | None, now: datetime) -> Refresh:
    """What to do with a token whose secret has this hash, sent with this idempotency key.

    Only the latest spent secret can be a retry: with the key it was spent with, within 30 seconds. Whatever
    else is not the current secret was spent earlier, since the caller has shown the family's part of it.
    """
    if not is_session_open(state.expires_at, state.revoked_at, now):
        return Refresh.ENDED
    if hmac.compare_digest(state.secret_hash, secret_hash):
        return Refresh.ROTATE
    is_latest = state.previous_secret_hash is not None and hmac.compare_digest(state.previous_secret_hash, secret_hash)
    is_same_request = key is not None and key == state.rotation_idempotency_key
    is_recent = state.rotated_at is not None and now <= state.rotated_at + REFRESH_RETRY
    return Refresh.REPEAT if is_latest and is_same_request and is_recent else Refresh.REUSED


def is_session_open(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a session still vouches for its user."""
    return revoked_at is None and now < expires_at


# ------------------------------------------------------------------------------------------------ API keys


@dataclass(frozen=True, slots=True)
class ApiKeyDraft:
    """A new API key as its maker describes it."""

    name: str
    description: str | None = None
    allowed_addresses: Sequence[str] = ()
    expires_at: datetime | None = None


def normalise_api_key(draft: ApiKeyDraft, now: datetime) -> ApiKeyDraft:
    """The key as it is stored: texts trimmed, addresses in one spelling. All problems at once."""
    findings = Findings()
    name = findings.of(required_text, ("name",), draft.name, API_KEY_NAME_LONGEST)
    description = findings.of(clean_text, ("description",), draft.description, API_KEY_DESCRIPTION_LONGEST)
    if len(draft.allowed_addresses) > API_KEY_ADDRESSES:
        findings.add(("allowed_addresses",), f"must be at most {API_KEY_ADDRESSES}", "TOO_MANY")
    networks = [
        findings.of(_network, ("allowed_addresses", position), text)
        for position, text in enumerate(draft.allowed_addresses[:API_KEY_ADDRESSES])
    ]
    if draft.expires_at is not None and draft.expires_at <= now:
        findings.add(("expires_at",), "must lie in the future", "OUT_OF_RANGE")
    findings.refuse()
    allowed = list(dict.fromkeys(network for network in networks if network is not None))
    return ApiKeyDraft(name or "", description, allowed, draft.expires_at)


def is_api_key_usable(is_active: bool, revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """Whether a key opens anything at this time."""
    return is_active and revoked_at is None and (expires_at is None or now < expires_at)


def revocation_reason(reason: str | None) -> str | None:
    """Why a key is revoked, trimmed; None when nothing is said."""
    return clean_text(("reason",), reason, REVOCATION_REASON_LONGEST)


def is_address_allowed(allowed: Sequence[str], address: str | None) -> bool:
    """Whether a key may be used from an IP address: from any when none is named, else from those alone."""
    if not allowed:
        return True
    if address is None:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # a socket that serves both kinds reports IPv4 so
    return any((mapped or found) in ipaddress.ip_network(network) for network in allowed)


def _network(path: tuple[str | int, ...], text: str) -> str:
    try:
        if "%" in text:  # a zone, which names an interface of one machine, and may hold any character
            raise ValueError
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        example = "must be an IP address or a network such as 203.0.113.0/24"
        raise Invalid(path, example, "FORMAT") from None
    return str(network.network_address if network.num_addresses == 1 else network)
