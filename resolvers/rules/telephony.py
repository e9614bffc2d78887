"""What a telephony provider's words mean, and how one proves that a report is its own. Here: Twilio."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus
from resolvers.rules import Invalid
from resolvers.rules.calls import CallReport, Report
from resolvers.rules.core import has_control_characters

TWILIO_STATUSES: Final[Mapping[str, CallStatus]] = MappingProxyType(
    {
        "queued": CallStatus.INITIATED,
        "initiated": CallStatus.INITIATED,
        "ringing": CallStatus.RINGING,
        "in-progress": CallStatus.ANSWERED,
        "completed": CallStatus.COMPLETED,
        "busy": CallStatus.BUSY,
        "no-answer": CallStatus.NO_ANSWER,
        "failed": CallStatus.FAILED,
        "canceled": CallStatus.CANCELLED,
    }
)
"""Every value of `CallStatus` in Twilio's status callbacks."""

LONGEST_TEXT: Final = 500

_CALL_SID: Final = re.compile(r"CA[0-9A-Za-z]{1,62}")
_DIGITS: Final = re.compile(r"[0-9]{1,7}")  # four months in seconds; as minutes, in seconds, still an integer column's
_PRICE: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_FIRST_CALL: Final = datetime(2000, 1, 1, tzinfo=UTC)  # as good as any year before the first report
_FAST_CLOCK: Final = timedelta(days=1)
_SIP_CODES: Final = range(100, 700)
_SECONDS_PER_MINUTE: Final = 60
_STANDARD_PORTS: Final = {"http": 80, "https": 443}


def call_status_of_twilio(status: str) -> CallStatus | None:
    """The call's status by Twilio's word for it; None for a word that Twilio has not had so far."""
    return TWILIO_STATUSES.get(status)


def read_twilio(params: Iterable[tuple[str, str]], arrived_at: datetime) -> CallReport:
    """Twilio's status callback as a report; of a parameter that comes more than once the last counts.

    The time is `Timestamp` (RFC 2822, UTC, whole seconds), the arrival where it is missing, or no time at which
    a call can have been.
    `CallDuration` is in seconds, `Duration` in minutes begun, `Price` negative, as a charge. A number may be
    withheld or a SIP address: it is kept as it came. Raises Invalid without a usable CallSid or CallStatus;
    whatever else is unusable is left out.
    """
    given = dict(params)
    sid, word = given.get("CallSid", ""), given.get("CallStatus", "")
    if not _CALL_SID.fullmatch(sid):
        raise Invalid(("CallSid",), "must be Twilio's id of a call", "REQUIRED" if not sid else "FORMAT")
    status = call_status_of_twilio(word)
    if status is None:
        raise Invalid(("CallStatus",), "must be a state of a call", "REQUIRED" if not word else "UNKNOWN")
    at = _instant(given.get("Timestamp", ""), arrived_at) or arrived_at
    return CallReport(
        provider_call_id=sid,
        state=Report(status, at, _whole(given.get("CallDuration"))),
        provider_status=word,
        direction=_direction(given.get("Direction", "")),
        from_number=_text(given.get("From")) or "",
        to_number=_text(given.get("To")) or "",
        facts={name: value for name, value in _facts(given).items() if value},
        details={
            name: text
            for name, key in (("parent_call_id", "ParentCallSid"), ("forwarded_from", "ForwardedFrom"))
            if (text := _text(given.get(key)))
        },
    )


def _facts(given: Mapping[str, str]) -> dict[str, object]:
    """The columns of a call that only some reports tell; None or 0 where this one says nothing usable."""
    sip = _whole(given.get("SipResponseCode"))
    price, unit = given.get("Price", ""), given.get("PriceUnit", "USD")
    facts: dict[str, object] = {
        "billable_duration_seconds": (_whole(given.get("Duration")) or 0) * _SECONDS_PER_MINUTE,
        "answered_by": _answered_by(given.get("AnsweredBy", "")),
        "sip_response_code": sip if sip in _SIP_CODES else None,
        "provider_error_code": _text(given.get("ErrorCode")),
        "end_reason": _text(given.get("ErrorMessage")),
    }
    if _PRICE.fullmatch(price) and _CURRENCY.fullmatch(unit):
        facts |= {"cost_amount": abs(Decimal(price)), "currency": unit.upper()}
    if url := _text(given.get("RecordingUrl")):
        facts |= {
            "recording_url": url,
            "has_recording": True,
            "is_recording_enabled": True,
            "recording_duration_seconds": _whole(given.get("RecordingDuration")),
        }
    return facts


def _direction(word: str) -> CallDirection:
    """Twilio's `inbound`, or `outbound-api` and `outbound-dial` for calls that it places for the tenant."""
    return CallDirection.OUTBOUND if word.startswith("outbound") else CallDirection.INBOUND


def _answered_by(word: str) -> CallAnsweredBy | None:
    """`machine_start` and the various `machine_end_…` are one: how its message ended is not told apart."""
    if word.startswith("machine"):
        return CallAnsweredBy.MACHINE
    return CallAnsweredBy[word.upper()] if word in {"human", "fax", "unknown"} else None


def _instant(text: str, arrived_at: datetime) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
        at = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if _FIRST_CALL <= at <= arrived_at + _FAST_CLOCK else None


def _whole(text: str | None) -> int | None:
    return int(text) if text and _DIGITS.fullmatch(text) else None


def _text(value: str | None) -> str | None:
    value = (value or "").strip()
    return value if value and len(value) <= LONGEST_TEXT and not has_control_characters(value) else None


def twilio_signature(secret: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """What Twilio sends as `X-Twilio-Signature`: base64 of HMAC-SHA1, keyed by the account's auth token.

    Signed is the URL as Twilio was given it, query included, followed by name and value of each POST
    parameter, sorted by name and without separators. Of a name that occurs more than once each different
    value is taken once, sorted: so does Twilio's own library. Parameters are those of the form body,
    decoded, empty values included.
    """
    pairs = sorted(set(params))
    signed = url + "".join(name + value for name, value in pairs)
    digest = hmac.new(secret.encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def is_twilio_signature_valid(secret: str, url: str, params: Iterable[tuple[str, str]], signature: str) -> bool:
    """Whether the signature is Twilio's for this URL with or without its port; compared in constant time.

    Twilio is not consistent about naming the standard port, nor a port at all, so its own library accepts
    both. Without a secret nothing is valid.
    """
    if not secret:
        return False
    pairs = tuple(params)
    given = signature.strip().encode("utf-8", "surrogatepass")
    verdicts = [
        hmac.compare_digest(twilio_signature(secret, candidate, pairs).encode("ascii"), given)
        for candidate in _with_and_without_port(url)
    ]
    return any(verdicts)


def _with_and_without_port(url: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number: such a URL was signed as it stands, or not at all
        return (url,)
    if parts.netloc == "":
        return (url,)
    if port is not None:
        return (url, _replace_netloc(url, parts, parts.netloc.rpartition(":")[0]))
    standard = _STANDARD_PORTS.get(parts.scheme)
    if standard is None:
        return (url,)
    return (url, _replace_netloc(url, parts, f"{parts.netloc.removesuffix(':')}:{standard}"))


def _replace_netloc(url: str, parts: SplitResult, netloc: str) -> str:
    """The same URL but for host and port, byte for byte: `geturl` would drop an empty query or fragment."""
    return url.replace(f"//{parts.netloc}", f"//{netloc}", 1)
