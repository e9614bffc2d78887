"""What a webhook endpoint may be, how deliveries are signed and tried again, and which addresses are refused."""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from db.enums.events import EventType
from db.enums.webhooks import WebhookCircuit
from resolvers.rules import Findings, Invalid, LimitExceeded
from resolvers.rules.core import clean_text

ENDPOINTS: Final = 50  # of one tenant
SECRET_BYTES: Final = 32
URL_LONGEST: Final = 2_000
DESCRIPTION_LONGEST: Final = 1_000
OVERLAP: Final = timedelta(hours=24)
OVERLAP_LONGEST: Final = timedelta(days=7)
REDELIVERED_AT_ONCE: Final = 1_000  # positions of the log

FAILURES_UNTIL_OPEN: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(hours=1)

GONE: Final = 410
_SUCCESSES: Final = range(200, 300)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_REFUSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carriers' own networks, and the metadata of some clouds
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "168.63.129.16/32",  # a cloud's own address on each of its machines
        "64:ff9b:1::/48",
        "2001::/23",  # Teredo and others that carry an address of IPv4 somewhere inside
        "fec0::/10",
    )
)


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What somebody wants an endpoint to be, but for its secret."""

    url: str
    event_types: Sequence[EventType]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class AfterFailure:
    """What a failed attempt leaves on the endpoint."""

    consecutive_failure_count: int
    circuit: WebhookCircuit
    next_attempt_at: datetime


def normalise(draft: EndpointDraft, readable: frozenset[EventType]) -> EndpointDraft:
    """The draft as it is stored: texts trimmed, each type of event once. Raises Invalid with all problems.

    `readable` are the types that whoever asks may be told of: an endpoint is told of no others.
    """
    findings = Findings()
    url = findings.of(check_url, draft.url)
    description = findings.of(clean_text, ("description",), draft.description, DESCRIPTION_LONGEST)
    if not draft.event_types:
        findings.add(("event_types",), "must name at least one type", "REQUIRED")
    for position, type in enumerate(draft.event_types):
        if type not in readable:
            findings.add(("event_types", position), "happens to objects that you may not read", "NOT_ALLOWED")
    findings.refuse()
    return EndpointDraft(url or "", sorted(set(draft.event_types)), description)


def check_url(url: str) -> str:
    """The address, trimmed. Raises Invalid unless it is one of http or https, in ASCII, without a sign-in."""
    url = url.strip()
    message = "must be an address such as https://hooks.example.com/events"
    if len(url) > URL_LONGEST:
        raise Invalid(("url",), f"must have at most {URL_LONGEST} characters", "TOO_LONG")
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        raise Invalid(("url",), message, "FORMAT") from None
    host, _, _ = parts.netloc.lower().rpartition(":") if parts.port is not None else (parts.netloc.lower(), "", "")
    is_whole = parts.scheme in {"http", "https"} and is_port and _VISIBLE.fullmatch(url) is not None
    if not is_whole or _HOST.fullmatch(host) is None or "#" in url or "\\" in url:
        raise Invalid(("url",), message, "FORMAT")
    return url


def check_count(count: int) -> None:
    """Raise LimitExceeded when a tenant that has so many endpoints wants another."""
    if count >= ENDPOINTS:
        raise LimitExceeded("webhook_endpoints", ENDPOINTS)


def overlap(seconds: int | None) -> timedelta:
    """How long the replaced secret still signs too: a day, unless 0 seconds to 7 days are asked for."""
    if seconds is None:
        return OVERLAP
    if not 0 <= seconds <= OVERLAP_LONGEST.total_seconds():
        longest = int(OVERLAP_LONGEST.total_seconds())
        raise Invalid(("overlap_seconds",), f"must lie between 0 and {longest}", "OUT_OF_RANGE")
    return timedelta(seconds=seconds)


def check_range(first: int, last: int, kept_from: int, told_until: int) -> None:
    """Refuse to send again what is no longer kept, what is still to come anyway, and too much at once."""
    findings = Findings()
    if first < kept_from:
        findings.add(("from_position",), f"is no longer kept: the log begins at {kept_from}", "OUT_OF_RANGE")
    if last < first:
        findings.add(("to_position",), "must not precede the first", "OUT_OF_RANGE")
    elif last > told_until:
        findings.add(("to_position",), f"has not been sent once: only {told_until} and before have", "OUT_OF_RANGE")
    elif last - first >= REDELIVERED_AT_ONCE:
        findings.add(("to_position",), f"must lead over at most {REDELIVERED_AT_ONCE} positions", "TOO_MANY")
    findings.refuse()


def secret_text(secret: bytes) -> str:
    """A secret as its owner gets to see it; what it signs with are these characters."""
    return "whsec_" + base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def signature(secrets: Iterable[str], at: datetime, body: bytes) -> str:
    """The header that proves a delivery genuine: `t=<Unix seconds>,v1=<hex>`, a `v1` for each secret that counts.

    Each is HMAC-SHA256, under the secret, of the seconds, a full stop, and the body.
    """
    seconds = int(at.timestamp())
    signed = b"%d." % seconds + body
    proofs = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={seconds}", *proofs])


def is_success(status: int) -> bool:
    """Whether an answer of this status says that the delivery has arrived. A redirect does not: none is followed."""
    return status in _SUCCESSES


def after_failure(failures: int, now: datetime, chance: float) -> AfterFailure:
    """What follows a failed attempt, `failures` being those in a row before it.

    The pauses double from two seconds to an hour. `chance`, from 0 to 1, takes up to half of each away, so that
    what failed together is not tried again together. From the fifth failure on, the circuit is open.
    """
    count = failures + 1
    pause = min(FIRST_PAUSE * 2 ** min(failures, 20), LONGEST_PAUSE) * (1 - chance / 2)
    circuit = WebhookCircuit.OPEN if count >= FAILURES_UNTIL_OPEN else WebhookCircuit.CLOSED
    return AfterFailure(count, circuit, now + pause)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet: not this machine, a network of its owner, or a cloud's own.

    An address of IPv4 within one of IPv6 counts as what it is within.
    """
    try:
        found: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if "%" in address:  # a zone: it is known on one machine's own network alone
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            found = inner
    if any(found.version == network.version and found in network for network in _REFUSED):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback or found.is_link_local
    )
