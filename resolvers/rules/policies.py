"""How a policy lives: its terms, its statuses with what each sets, and when its premiums are due."""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeVar

from db.enums.policies import PolicyCancellationReason, PolicyStatus, PremiumFrequency, PremiumMode
from resolvers.rules import Findings, IllegalTransition, Invalid
from resolvers.rules.core import (
    Path,
    check_amount,
    check_currency,
    check_custom_fields,
    clean_text,
    required_text,
)

DEFAULT_GRACE_PERIOD_DAYS: Final = 30
LONGEST_GRACE_PERIOD_DAYS: Final = 365
EARLIEST_START_ON: Final = date(1900, 1, 1)
LATEST_START_ON: Final = date(2199, 12, 31)
LATEST_END_ON: Final = date(2399, 12, 31)

MOST_DETAILS: Final = 50

N = TypeVar("N", int, Decimal)
Item = TypeVar("Item")
Checked = TypeVar("Checked")

TRANSITIONS: Final[Mapping[PolicyStatus, tuple[PolicyStatus, ...]]] = MappingProxyType(
    {
        PolicyStatus.DRAFT: (PolicyStatus.PENDING_APPROVAL, PolicyStatus.CANCELLED),
        PolicyStatus.PENDING_APPROVAL: (PolicyStatus.UNDER_REVIEW, PolicyStatus.CANCELLED),
        PolicyStatus.UNDER_REVIEW: (PolicyStatus.APPROVED, PolicyStatus.CANCELLED),
        PolicyStatus.APPROVED: (PolicyStatus.ACTIVE, PolicyStatus.CANCELLED),
        PolicyStatus.ACTIVE: (
            PolicyStatus.LAPSED,
            PolicyStatus.SURRENDERED,
            PolicyStatus.MATURED,
            PolicyStatus.CLAIMED,
            PolicyStatus.CANCELLED,
        ),
        PolicyStatus.LAPSED: (PolicyStatus.ACTIVE,),
        PolicyStatus.SURRENDERED: (),
        PolicyStatus.MATURED: (),
        PolicyStatus.CLAIMED: (),
        PolicyStatus.CANCELLED: (),
    }
)
"""From each status those that may follow; LAPSED to ACTIVE is the revival."""

CANCELLATION_REASONS: Final[Mapping[PolicyStatus, tuple[PolicyCancellationReason, ...]]] = MappingProxyType(
    {
        PolicyStatus.DRAFT: (PolicyCancellationReason.WITHDRAWN, PolicyCancellationReason.OTHER),
        **dict.fromkeys(
            (PolicyStatus.PENDING_APPROVAL, PolicyStatus.UNDER_REVIEW, PolicyStatus.APPROVED),
            (
                PolicyCancellationReason.REJECTED,
                PolicyCancellationReason.WITHDRAWN,
                PolicyCancellationReason.OTHER,
            ),
        ),
        PolicyStatus.ACTIVE: (PolicyCancellationReason.REQUESTED, PolicyCancellationReason.OTHER),
    }
)
"""Why a policy may be cancelled in each status: only an application is rejected or withdrawn."""

_TIMESTAMPS: Final[Mapping[PolicyStatus, str]] = MappingProxyType(
    {
        PolicyStatus.PENDING_APPROVAL: "submitted_at",
        PolicyStatus.UNDER_REVIEW: "review_started_at",
        PolicyStatus.APPROVED: "approved_at",
        PolicyStatus.ACTIVE: "activated_at",
        PolicyStatus.LAPSED: "lapsed_at",
        PolicyStatus.SURRENDERED: "surrendered_at",
        PolicyStatus.MATURED: "matured_at",
        PolicyStatus.CLAIMED: "claimed_at",
        PolicyStatus.CANCELLED: "cancelled_at",
    }
)

_MONTHS: Final[Mapping[PremiumFrequency, int]] = MappingProxyType(
    {
        PremiumFrequency.MONTHLY: 1,
        PremiumFrequency.QUARTERLY: 3,
        PremiumFrequency.HALF_YEARLY: 6,
        PremiumFrequency.ANNUAL: 12,
    }
)


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """What a policy is created with, as far as rules bear on it."""

    policy_number: str
    plan_name: str
    currency: str
    sum_assured: Decimal
    premium_amount: Decimal
    applied_on: date
    start_on: date
    maturity_on: date | None = None
    renewal_on: date | None = None
    premium_mode: PremiumMode = PremiumMode.REGULAR
    premiums_end_on: date | None = None
    commission_rate: Decimal | None = None
    grace_period_days: int = DEFAULT_GRACE_PERIOD_DAYS


@dataclass(frozen=True, slots=True)
class PolicyDetails:
    """What else a policy is created with; it bears on nothing.

    `riders` have a code, a name, and amounts in the policy's currency; `documents` a kind, a name and a URL.
    """

    provider_policy_id: str | None = None
    plan_code: str | None = None
    coverage_details: Mapping[str, object] = field(default_factory=dict)
    terms_and_conditions: Mapping[str, object] = field(default_factory=dict)
    exclusions: Sequence[str] = ()
    riders: Sequence[Mapping[str, Any]] = ()
    documents: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PolicyProduct:
    """The policy type that is sold, with the bounds it has: terms in months, ages in completed years."""

    is_active: bool
    currency: str
    min_sum_assured: Decimal | None = None
    max_sum_assured: Decimal | None = None
    min_term_months: int | None = None
    max_term_months: int | None = None
    min_entry_age: int | None = None
    max_entry_age: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyDates:
    """The dates of a policy on which changes of its status depend."""

    maturity_on: date | None = None
    next_due_on: date | None = None
    grace_period_days: int = DEFAULT_GRACE_PERIOD_DAYS


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Why a policy is cancelled; `note` says it in words, and must for OTHER."""

    reason: PolicyCancellationReason
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy's new status, its timestamps by column, and the reason when it is cancelled."""

    old_status: PolicyStatus
    new_status: PolicyStatus
    timestamps: Mapping[str, datetime]
    cancellation: Cancellation | None = None

    @property
    def is_revival(self) -> bool:
        """Whether a lapsed policy comes back into force."""
        return (self.old_status, self.new_status) == (PolicyStatus.LAPSED, PolicyStatus.ACTIVE)

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow: no more premiums fall due."""
        return not TRANSITIONS[self.new_status]


def check_terms(terms: PolicyTerms, today: date) -> PolicyTerms:
    """The terms with their texts trimmed; `today` is the date where the tenant is.

    A policy is applied for by today, starts between 1900 and 2199, and ends and renews after its start, by
    2399. `premiums_end_on`, the first day without premiums, is given for LIMITED_PAY, within the term, and
    for no other mode. Raises Invalid with all that is wrong.
    """
    findings = Findings()
    number = findings.of(required_text, ("policy_number",), terms.policy_number, 100)
    plan = findings.of(required_text, ("plan_name",), terms.plan_name, 255)
    findings.of(check_currency, ("currency",), terms.currency)
    findings.of(check_amount, ("sum_assured",), terms.sum_assured)
    findings.of(check_amount, ("premium_amount",), terms.premium_amount)
    if terms.commission_rate is not None:
        findings.of(check_amount, ("commission_rate",), terms.commission_rate, highest=Decimal(100))
    if not 0 <= terms.grace_period_days <= LONGEST_GRACE_PERIOD_DAYS:
        findings.add(("grace_period_days",), f"must lie between 0 and {LONGEST_GRACE_PERIOD_DAYS}", "OUT_OF_RANGE")
    _check_dates(findings, terms, today)
    findings.refuse()
    return replace(terms, policy_number=number or "", plan_name=plan or "")


def check_digits(terms: PolicyTerms, minor_digits: int) -> None:
    """Refuse amounts that the currency has no coins for, such as half a yen; all problems at once."""
    findings = Findings()
    for name in ("sum_assured", "premium_amount"):
        amount: Decimal = getattr(terms, name)
        if amount != round(amount, minor_digits):
            digits = f"at most {minor_digits} digits after the point in {terms.currency}"
            findings.add((name,), f"must have {digits}", "FORMAT")
    findings.refuse()


def check_details(details: PolicyDetails) -> PolicyDetails:
    """The details as they are stored: texts trimmed, amounts as text. Raises Invalid with all that is wrong.

    At most 50 exclusions, riders and documents each; free JSON as in `check_custom_fields`.
    """
    findings = Findings()
    for name in ("coverage_details", "terms_and_conditions"):
        findings.of(_check_object, (name,), getattr(details, name))
    for name in ("exclusions", "riders", "documents"):
        if len(getattr(details, name)) > MOST_DETAILS:
            findings.add((name,), f"must be at most {MOST_DETAILS}", "TOO_MANY")
    findings.refuse()
    settled = replace(
        details,
        provider_policy_id=findings.of(clean_text, ("provider_policy_id",), details.provider_policy_id, 100),
        plan_code=findings.of(clean_text, ("plan_code",), details.plan_code, 50),
        exclusions=_each(findings, _exclusion, "exclusions", details.exclusions),
        riders=_each(findings, _rider, "riders", details.riders),
        documents=_each(findings, _document, "documents", details.documents),
    )
    findings.refuse()
    return settled


def check_product(terms: PolicyTerms, product: PolicyProduct, born_on: date | None) -> None:
    """Refuse terms that the policy type does not allow; all problems at once.

    The age at entry is checked where the birth is known. A maturity on the anniversary of the start and one
    on the day before it make the same term.
    """
    findings = Findings()
    if not product.is_active:
        findings.add(("policy_type_id",), "names a policy type that is no longer sold", "NOT_ALLOWED")
    if terms.currency != product.currency:
        findings.add(("currency",), f"must be {product.currency}, that of the policy type", "MISMATCH")
    else:
        sums = (product.min_sum_assured, product.max_sum_assured)
        findings.of(_check_within, ("sum_assured",), terms.sum_assured, sums, "of the policy type")
    if terms.maturity_on is not None:
        term = _whole_months(terms.start_on, terms.maturity_on + timedelta(days=1))
        months = (product.min_term_months, product.max_term_months)
        findings.of(_check_within, ("maturity_on",), term, months, "months after the start")
    elif product.max_term_months is not None:
        findings.add(("maturity_on",), "must be given: policies of this type have a term", "REQUIRED")
    if born_on is not None:
        age = _whole_months(born_on, terms.start_on) // 12
        ages = (product.min_entry_age, product.max_entry_age)
        findings.of(_check_within, ("start_on",), age, ages, "years after the contact's birth")
    findings.refuse()


def change_status(
    status: PolicyStatus,
    wanted: PolicyStatus,
    now: datetime,
    *,
    today: date,
    dates: PolicyDates,
    cancellation: Cancellation | None = None,
) -> PolicyChange:
    """What it takes to bring a policy into another status; `today` is the date where the tenant is.

    CANCELLED needs a reason that fits the present status, other statuses take none. MATURED is refused
    before the maturity, a revival from then on, and LAPSED as long as a premium is not due or its grace
    period runs. A revival sets `revived_at` and leaves `activated_at` as the start of the cover.
    """
    allowed = TRANSITIONS[status]
    if wanted not in allowed:
        raise IllegalTransition(status, wanted, allowed)
    change = PolicyChange(status, wanted, {}, _check_cancellation(status, wanted, cancellation))
    maturity_on = dates.maturity_on
    if wanted is PolicyStatus.MATURED and (maturity_on is None or today < maturity_on):
        when = f"before {maturity_on}" if maturity_on else "without a maturity date"
        raise Invalid(("status",), f"cannot be MATURED {when}", "NOT_ALLOWED")
    if change.is_revival and maturity_on is not None and maturity_on <= today:
        raise Invalid(("status",), f"cannot be ACTIVE again after {maturity_on}, the maturity", "NOT_ALLOWED")
    if wanted is PolicyStatus.LAPSED:
        _check_lapse(dates, today)
    column = "revived_at" if change.is_revival else _TIMESTAMPS[wanted]
    return replace(change, timestamps={"status_changed_at": now, column: now})


def cancellation(reason: PolicyCancellationReason | None, note: str | None) -> Cancellation | None:
    """The cancellation that a client describes; None when there is none. A note needs its reason."""
    if reason is None:
        if note is not None:
            raise Invalid(("cancellation_reason",), "must be given with a note", "REQUIRED")
        return None
    return Cancellation(reason, note)


def check_sub_status(text: str | None) -> str | None:
    """The insurer's own word for where a policy stands within its status, trimmed; at most 50 characters."""
    return clean_text(("sub_status",), text, 50)


def permission_for(wanted: PolicyStatus, reason: PolicyCancellationReason | None = None) -> str:
    """The permission that a change of status takes: accepting and rejecting applications is for approvers."""
    is_decision = wanted is PolicyStatus.APPROVED or reason is PolicyCancellationReason.REJECTED
    return "policy:approve" if is_decision else "policy:write"


def due_dates(
    start_on: date, frequency: PremiumFrequency, until: date, mode: PremiumMode = PremiumMode.REGULAR
) -> tuple[date, ...]:
    """When premiums are due, from the start on, before `until` (maturity, or the end of the paying years).

    Every date keeps the day of the start, or takes the last day of a month that is too short: after 28
    February comes 31 March again, and what starts on 29 February is due on the 28th in common years. A
    single premium is due once, at the start.
    """
    dates: list[date] = []
    instalment = 0
    while (due_on := _due_on(start_on, frequency, instalment)) is not None and due_on < until:
        dates.append(due_on)
        if mode is PremiumMode.SINGLE:
            break
        instalment += 1
    return tuple(dates)


def next_due_on(
    start_on: date,
    frequency: PremiumFrequency,
    after: date,
    until: date | None = None,
    mode: PremiumMode = PremiumMode.REGULAR,
) -> date | None:
    """The first of `due_dates` that comes after a day; None when no more are due."""
    if after < start_on:
        due_on: date | None = start_on
    elif mode is PremiumMode.SINGLE:
        return None
    else:
        months = (after.year - start_on.year) * 12 + after.month - start_on.month
        instalment = months // _MONTHS[frequency]
        due_on = _due_on(start_on, frequency, instalment)
        if due_on is not None and due_on <= after:
            due_on = _due_on(start_on, frequency, instalment + 1)
    return None if due_on is None or (until is not None and due_on >= until) else due_on


def grace_ends_on(due_on: date, grace_period_days: int = DEFAULT_GRACE_PERIOD_DAYS) -> date:
    """The last day on which a premium may still be paid; unpaid on the day after, the policy lapses."""
    return due_on + timedelta(days=grace_period_days)


def _due_on(start_on: date, frequency: PremiumFrequency, instalment: int) -> date | None:
    """The date of an instalment, counted from 0; None beyond the end of the calendar."""
    year, month = divmod(start_on.year * 12 + start_on.month - 1 + instalment * _MONTHS[frequency], 12)
    if year > MAXYEAR:
        return None
    return date(year, month + 1, min(start_on.day, calendar.monthrange(year, month + 1)[1]))


def _check_cancellation(
    status: PolicyStatus, wanted: PolicyStatus, cancellation: Cancellation | None
) -> Cancellation | None:
    if wanted is not PolicyStatus.CANCELLED:
        if cancellation is not None:
            raise Invalid(("cancellation_reason",), "is given for CANCELLED only", "NOT_ALLOWED")
        return None
    if cancellation is None:
        raise Invalid(("cancellation_reason",), "must be given", "REQUIRED")
    fitting = CANCELLATION_REASONS[status]
    if cancellation.reason not in fitting:
        choice = ", ".join(fitting)
        raise Invalid(("cancellation_reason",), f"of a policy that is {status} must be {choice}", "NOT_ALLOWED")
    note = clean_text(("cancellation_note",), cancellation.note, 1000)
    if cancellation.reason is PolicyCancellationReason.OTHER and note is None:
        raise Invalid(("cancellation_note",), "must say why", "REQUIRED")
    return Cancellation(cancellation.reason, note)


def _each(
    findings: Findings, check: Callable[[Path, Item], Checked], name: str, items: Sequence[Item]
) -> list[Checked]:
    """What the check makes of each item; the problems of those that it refuses are noted."""
    checked = (findings.of(check, (name, position), item) for position, item in enumerate(items))
    return [item for item in checked if item is not None]


def _exclusion(path: Path, text: str) -> str:
    return required_text(path, text, 500)


def _rider(path: Path, rider: Mapping[str, Any]) -> Mapping[str, str | None]:
    findings = Findings()
    stored: dict[str, str | None] = {
        "code": findings.of(required_text, (*path, "code"), rider.get("code"), 50),
        "name": findings.of(required_text, (*path, "name"), rider.get("name"), 255),
    }
    for name in ("sum_assured", "premium_amount"):
        amount = rider.get(name)
        if amount is not None:
            findings.of(check_amount, (*path, name), amount)
        stored[name] = None if amount is None else str(amount)
    findings.refuse()
    return stored


def _document(path: Path, document: Mapping[str, Any]) -> Mapping[str, str | None]:
    findings = Findings()
    stored = {
        "kind": findings.of(required_text, (*path, "kind"), document.get("kind"), 50),
        "name": findings.of(required_text, (*path, "name"), document.get("name"), 255),
        "url": findings.of(required_text, (*path, "url"), document.get("url"), 2000),
    }
    if stored["url"] is not None and not stored["url"].startswith(("https://", "http://")):
        findings.add((*path, "url"), "must be an address that begins with https://", "FORMAT")
    findings.refuse()
    return stored


def _check_object(path: Path, value: object) -> None:
    if not isinstance(value, dict):
        raise Invalid(path, "must be an object", "FORMAT")
    check_custom_fields(path, value)


def _check_dates(findings: Findings, terms: PolicyTerms, today: date) -> None:
    start_on = terms.start_on
    if terms.applied_on > today:
        findings.add(("applied_on",), "must not lie in the future", "OUT_OF_RANGE")
    if not EARLIEST_START_ON <= start_on <= LATEST_START_ON:
        years = f"{EARLIEST_START_ON.year} and {LATEST_START_ON.year}"
        findings.add(("start_on",), f"must lie between {years}", "OUT_OF_RANGE")
    for name, day in (("maturity_on", terms.maturity_on), ("renewal_on", terms.renewal_on)):
        if day is not None and not start_on < day <= LATEST_END_ON:
            findings.add((name,), f"must lie after the start, up to {LATEST_END_ON.year}", "OUT_OF_RANGE")
    end_on = terms.premiums_end_on
    if terms.premium_mode is not PremiumMode.LIMITED_PAY:
        if end_on is not None:
            findings.add(("premiums_end_on",), "is given for LIMITED_PAY only", "NOT_ALLOWED")
    elif end_on is None:
        findings.add(("premiums_end_on",), "must be given for LIMITED_PAY", "REQUIRED")
    elif end_on <= start_on or (terms.maturity_on is not None and end_on >= terms.maturity_on):
        findings.add(("premiums_end_on",), "must lie after the start and before the maturity", "OUT_OF_RANGE")


def _check_within(path: Path, value: N, bounds: tuple[N | None, N | None], unit: str) -> None:
    lowest, highest = bounds
    if lowest is not None and value < lowest:
        raise Invalid(path, f"must be at least {lowest} {unit}", "OUT_OF_RANGE")
    if highest is not None and value > highest:
        raise Invalid(path, f"must be at most {highest} {unit}", "OUT_OF_RANGE")


def _check_lapse(dates: PolicyDates, today: date) -> None:
    if dates.next_due_on is None:
        raise Invalid(("status",), "cannot be LAPSED while no premium is due", "NOT_ALLOWED")
    last_day = grace_ends_on(dates.next_due_on, dates.grace_period_days)
    if today <= last_day:
        raise Invalid(("status",), f"cannot be LAPSED up to {last_day}, the end of the grace period", "NOT_ALLOWED")


def _whole_months(start: date, end: date) -> int:
    """How many whole months lie between two days; negative when the end comes first."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
