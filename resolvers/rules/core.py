"""What the rules of several domains share: amounts of money, texts, addresses, time zones and free JSON."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final
from zoneinfo import ZoneInfo

from resolvers.rules import Findings, Invalid

Path = tuple[str | int, ...]
"""Leads to a value that is checked, as in `Invalid.path`."""

HIGHEST_AMOUNT: Final = Decimal("9999999999999999.99")
"""What a numeric(18,2) column holds."""

TAGS_COUNT: Final = 50
TAG_LONGEST: Final = 50
CUSTOM_FIELDS_BYTES: Final = 16_384
CUSTOM_FIELDS_COUNT: Final = 100
CUSTOM_FIELDS_DEPTH: Final = 4

_CENT: Final = Decimal("0.01")
_WORKING_DIGITS: Final = 80  # amount, quantity and percent multiply to 45 digits; the default is 28
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_DOMAIN_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_UNSTORABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HIGHEST_EXACT_INTEGER: Final = 2**53 - 1


def exact() -> AbstractContextManager[Context]:
    """A block in which products of amounts, quantities and percentages are not rounded on the way."""
    return localcontext(prec=_WORKING_DIGITS)


def round_money(amount: Decimal) -> Decimal:
    """To two digits, half away from zero: as PostgreSQL rounds what is stored in numeric(_, 2)."""
    with exact():
        return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def check_amount(path: Path, amount: Decimal, lowest: Decimal = Decimal(0), highest: Decimal = HIGHEST_AMOUNT) -> None:
    """Refuse what is no amount of money, has more than two digits after the point, or is out of range."""
    if not amount.is_finite():
        raise Invalid(path, "must be a number", "FORMAT")
    if not lowest <= amount <= highest:
        raise Invalid(path, f"must lie between {lowest} and {highest}", "OUT_OF_RANGE")
    if amount != round_money(amount):
        raise Invalid(path, "must have at most two digits after the point", "FORMAT")


def check_currency(path: Path, currency: str) -> None:
    """Refuse what is not written like an ISO 4217 code; whether the currency exists, the caller knows."""
    if not _CURRENCY.fullmatch(currency):
        raise Invalid(path, "must be a currency code of three capital letters, such as INR", "FORMAT")


def has_control_characters(text: str) -> bool:
    """Whether a text holds what cannot be stored: controls but tab and line ends, halves of surrogates."""
    return _UNSTORABLE.search(text) is not None


def clean_text(path: Path, text: str | None, longest: int) -> str | None:
    """The text without surrounding space; None when nothing is left of it.

    Refused: more than `longest` characters, and control characters.
    """
    if text is None or not (text := text.strip()):
        return None
    if len(text) > longest:
        raise Invalid(path, f"must have at most {longest} characters", "TOO_LONG")
    if has_control_characters(text):
        raise Invalid(path, "must not contain control characters", "FORMAT")
    return text


def required_text(path: Path, text: str | None, longest: int) -> str:
    """As `clean_text`, and something must be left."""
    cleaned = clean_text(path, text, longest)
    if cleaned is None:
        raise Invalid(path, "must not be empty", "REQUIRED")
    return cleaned


def normalise_email(path: Path, address: str) -> str:
    """The address trimmed and in lower case, the form in which addresses are stored, compared and looked up.

    The syntax is that of the sources' constraint, `^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$`,
    without the dots and hyphens that no mail server takes (`a..b@x.in`, `a@-x.in`), and at most 254
    characters.
    """
    address = address.strip()
    if len(address) > 254:
        raise Invalid(path, "must have at most 254 characters", "TOO_LONG")
    local, _, domain = address.rpartition("@")
    is_valid = (
        _EMAIL.fullmatch(address) is not None
        and len(local) <= 64
        and all(local.split("."))
        and all(len(label) <= 63 and _DOMAIN_LABEL.fullmatch(label) for label in domain.split("."))
    )
    if not is_valid:
        raise Invalid(path, "must be an e-mail address such as name@example.com", "FORMAT")
    return address.lower()


def time_zone(path: Path, name: str) -> ZoneInfo:
    """The time zone of an IANA name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # none such; a path that leads elsewhere; a folder such as "America"
        raise Invalid(path, "must be a time zone such as Asia/Kolkata", "UNKNOWN") from None


def check_locale(path: Path, locale: str) -> None:
    """Refuse what is not written like a BCP 47 tag of language, script and region."""
    if not _LOCALE.fullmatch(locale):
        raise Invalid(path, "must be a language tag such as en-IN", "FORMAT")


def normalise_tags(path: Path, tags: Sequence[str]) -> list[str]:
    """Tags trimmed, in the order given; of those that differ only in capitals the first stays.

    At most 50 tags of at most 50 characters, none empty. Raises Invalid with all problems at once.
    """
    findings = Findings()
    kept: dict[str, str] = {}
    for position, tag in enumerate(tags):
        cleaned = findings.of(required_text, (*path, position), tag, TAG_LONGEST)
        if cleaned is not None:
            kept.setdefault(cleaned.casefold(), cleaned)
    if len(kept) > TAGS_COUNT:
        findings.add(path, f"must be at most {TAGS_COUNT}", "TOO_MANY")
    findings.refuse()
    return list(kept.values())


def check_custom_fields(path: Path, fields: object) -> None:
    """Refuse free JSON that is no object, too big or deep, wrongly named or not storable; all problems at once.

    At most 100 fields, named by a letter and then letters, digits and underscores; lists and objects nested
    at most 4 deep, the outermost included; 16 KiB of UTF-8 in all; integers that JavaScript represents
    exactly.
    """
    if not isinstance(fields, Mapping):
        raise Invalid(path, "must be an object: values by the names of fields", "FORMAT")
    if len(fields) > CUSTOM_FIELDS_COUNT:
        raise Invalid(path, f"must have at most {CUSTOM_FIELDS_COUNT} fields", "TOO_MANY")
    findings = Findings()
    for name, value in fields.items():
        if not _FIELD_NAME.fullmatch(name):
            rule = "must be named by a letter, then at most 63 letters, digits or underscores"
            findings.add((*path, name), rule, "FORMAT")
        elif fault := _fault_in_json(value, CUSTOM_FIELDS_DEPTH - 1):
            findings.add((*path, name), fault, "FORMAT")
    findings.refuse()
    if len(json.dumps(fields, ensure_ascii=False).encode()) > CUSTOM_FIELDS_BYTES:
        raise Invalid(path, f"must take at most {CUSTOM_FIELDS_BYTES} bytes", "TOO_LONG")


def _fault_in_json(value: object, levels: int) -> str | None:
    """What is wrong with a JSON value that may nest that many levels; None when nothing is."""
    match value:
        case None | bool():
            return None
        case str():
            return "must not contain control characters" if has_control_characters(value) else None
        case int():
            is_exact = abs(value) <= _HIGHEST_EXACT_INTEGER
            return None if is_exact else "must be an integer of at most 2^53 - 1, or a text"
        case float():
            return None if math.isfinite(value) else "must be a finite number"
        case list() | dict() if levels == 0:
            return f"must not nest deeper than {CUSTOM_FIELDS_DEPTH} levels"
        case list():
            return next(filter(None, (_fault_in_json(item, levels - 1) for item in value)), None)
        case dict():
            parts = (part for pair in value.items() for part in pair)
            return next(filter(None, (_fault_in_json(part, levels - 1) for part in parts)), None)
        case _:
            return "must be JSON"
