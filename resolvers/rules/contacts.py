"""What a contact must be: texts tidied and bounded, a name given, tags and custom fields within limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from resolvers.rules import Findings, Invalid
from resolvers.rules.core import (
    check_custom_fields,
    check_locale,
    clean_text,
    normalise_email,
    normalise_tags,
    time_zone,
)

EARLIEST_BIRTH: Final = date(1850, 1, 1)

LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "external_id": 100,
        "first_name": 100,
        "last_name": 100,
        "phone": 50,
        "mobile": 50,
        "company": 200,
        "job_title": 150,
        "department_name": 100,
        "gender": 50,
        "address_line1": 255,
        "address_line2": 255,
        "city": 100,
        "state": 100,
        "postal_code": 20,
        "country": 2,
        "notes": 10_000,
    }
)
"""The most characters of each text: the CRM's where it has a column, a bound of our own for the others."""

_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What somebody wants a contact to be: on a change, the contact as it is with new values laid over it."""

    external_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    company: str | None = None
    job_title: str | None = None
    department_name: str | None = None
    gender: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    notes: str | None = None
    timezone: str | None = None
    locale: str | None = None
    tags: Sequence[str] = ()
    social_profiles: Mapping[str, object] = field(default_factory=dict)
    custom_fields: Mapping[str, object] = field(default_factory=dict)


def normalise(draft: ContactDraft) -> ContactDraft:
    """The draft as it is stored: texts trimmed (empty ones None), e-mail in lower case, tags without repeats.

    A first or a last name must be there: the CRM's constraint `contacts_name_required`. The telephone
    number is only bounded here; E.164 is found where the library for it is. Raises Invalid with all
    problems at once.
    """
    findings = Findings()
    texts: dict[str, Any] = {
        name: findings.of(clean_text, (name,), getattr(draft, name), LENGTHS[name]) for name in LENGTHS
    }
    has_name = bool((draft.first_name or "").strip() or (draft.last_name or "").strip())
    if not has_name:
        findings.add(("first_name",), "must be given, or the last name", "REQUIRED")
    country = texts["country"]
    if country is not None:
        if not _COUNTRY.fullmatch(country):
            findings.add(("country",), "must be a country code of two letters, such as IN", "FORMAT")
        texts["country"] = country.upper()
    email = None
    if draft.email is not None and draft.email.strip():
        email = findings.of(normalise_email, ("email",), draft.email)
    if draft.timezone is not None:
        findings.of(time_zone, ("timezone",), draft.timezone)
    if draft.locale is not None:
        findings.of(check_locale, ("locale",), draft.locale)
    tags = findings.of(normalise_tags, ("tags",), draft.tags)
    for name in ("social_profiles", "custom_fields"):
        findings.of(check_custom_fields, (name,), getattr(draft, name))
    findings.refuse()
    return replace(draft, **texts, email=email, tags=tags or [])


def check_born_on(born_on: date, today: date) -> None:
    """Refuse a date of birth in the future, or before 1850; `today` is the date where the tenant is."""
    if not EARLIEST_BIRTH <= born_on <= today:
        raise Invalid(("born_on",), f"must lie between {EARLIEST_BIRTH.year} and today", "OUT_OF_RANGE")


def full_name(first_name: str | None, last_name: str | None) -> str | None:
    """First and last name with a space between, or the one that is there: the CRM's generated column."""
    return " ".join(name for name in (first_name, last_name) if name) or None
