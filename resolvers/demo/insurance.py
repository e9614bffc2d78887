"""Insurers, what they sell, and who holds which policy in which state."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from db.enums.insurance_agents import InsuranceProviderIntegrationStatus
from db.enums.policies import (
    PolicyCancellationReason,
    PolicyholderContactTime,
    PolicyholderMaritalStatus,
    PolicyPaymentStatus,
    PolicyStatus,
    PremiumFrequency,
)
from db.insurance_agents import InsuranceProvider
from db.policies import Policy, Policyholder, PolicyType
from resolvers.demo.book import Book, Row
from resolvers.demo.customers import CUSTOMER_SHARE
from resolvers.demo.markets import Product
from resolvers.demo.staff import Staff
from resolvers.rules import policies as rules

GRACE_DAYS: Final = rules.DEFAULT_GRACE_PERIOD_DAYS
FEE: Final = Decimal("0.01")

_INSTALMENTS: Final = {
    PremiumFrequency.MONTHLY: 12,
    PremiumFrequency.QUARTERLY: 4,
    PremiumFrequency.HALF_YEARLY: 2,
    PremiumFrequency.ANNUAL: 1,
}
_TOWARDS_COVER: Final = (
    PolicyStatus.PENDING_APPROVAL,
    PolicyStatus.UNDER_REVIEW,
    PolicyStatus.APPROVED,
    PolicyStatus.ACTIVE,
)
_OVERDUE: Final = "OVERDUE"
_STORIES: Final = (  # how policies of a broker stand, in percent; OVERDUE is ACTIVE with a premium unpaid
    (PolicyStatus.ACTIVE.value, 53.0),
    (_OVERDUE, 9.0),
    (PolicyStatus.LAPSED.value, 7.0),
    (PolicyStatus.DRAFT.value, 4.0),
    (PolicyStatus.PENDING_APPROVAL.value, 4.0),
    (PolicyStatus.UNDER_REVIEW.value, 4.0),
    (PolicyStatus.APPROVED.value, 4.0),
    (PolicyStatus.SURRENDERED.value, 3.0),
    (PolicyStatus.MATURED.value, 4.0),
    (PolicyStatus.CLAIMED.value, 3.0),
    (PolicyStatus.CANCELLED.value, 5.0),
)


@dataclass(slots=True)
class Portfolio:
    """What is sold and held. `held` has the policies of each contact, by the contact's id."""

    providers: dict[str, Row]
    types: dict[str, Row]
    policies: list[Row]
    held: dict[Any, list[Row]]


def sell_policies(book: Book, staff: Staff, contacts: list[Row]) -> Portfolio:
    """Make policyholders of the customers, and give them their policies; agents' figures follow."""
    portfolio = Portfolio(*_catalogue(book), policies=[], held={})
    customers = contacts[: int(len(contacts) * CUSTOMER_SHARE)]
    agents = {agent["user_id"]: agent for agent in staff.agents}
    holders: dict[Any, Row] = {}
    stories = _stories(book)
    for number, story in enumerate(stories):
        contact = customers[number % len(customers)] if number < len(customers) else book.pick(customers)
        agent = agents[contact["owner_id"]]
        holder = holders.get(contact["id"])
        if holder is None:
            holder = holders[contact["id"]] = _policyholder(book, contact, agent, len(holders))
        policy = _Sale(book, portfolio, staff.manager["id"], contact, holder, agent, number).tell(story)
        portfolio.policies.append(policy)
        portfolio.held.setdefault(contact["id"], []).append(policy)
    _count(staff, portfolio)
    return portfolio


def _catalogue(book: Book) -> tuple[dict[str, Row], dict[str, Row]]:
    at = book.ago(days=365 * 6)
    currency = book.market.currency
    providers = {
        insurer.code: book.add(
            InsuranceProvider,
            at,
            code=insurer.code,
            name=insurer.name,
            provider_type=insurer.provider_type,
            license_number=f"{insurer.authority.upper()}-{insurer.established_year}-{number:03d}",
            regulatory_authority=insurer.authority,
            established_year=insurer.established_year,
            headquarters={"city": insurer.city, "country": book.market.country},
            website=f"https://{insurer.code.lower()}.example",
            supported_languages=[book.market.language.partition("-")[0]],
            service_regions=sorted({city.state for city in book.market.cities}),
            integration_status=InsuranceProviderIntegrationStatus.PENDING,
        )
        for number, insurer in enumerate(book.market.insurers, start=1)
    }
    types = {
        product.code: book.add(
            PolicyType,
            at,
            code=product.code,
            name=product.name,
            category=product.category,
            provider_id=providers[product.insurer]["id"],
            description=product.description,
            currency=currency,
            min_sum_assured=Decimal(product.sums[0]),
            max_sum_assured=Decimal(product.sums[1]),
            min_term_months=min(product.terms),
            max_term_months=max(product.terms),
            min_entry_age=product.ages[0],
            max_entry_age=product.ages[1],
            default_premium_frequency=product.frequencies[0],
            default_grace_period_days=GRACE_DAYS,
            commission_rate=product.commission,
            available_riders=[{"code": code, "name": name} for code, name in product.riders],
            is_renewable=product.is_yearly,
        )
        for product in book.market.products
    }
    return providers, types


def _stories(book: Book) -> list[str]:
    """How the policies stand: in the shares of a broker, each state at least once, in no order."""
    told = [story for story, share in _STORIES for _ in range(max(1, round(share * book.size.policies / 100)))]
    told += [PolicyStatus.ACTIVE.value] * (book.size.policies - len(told))
    while len(told) > book.size.policies:
        told.remove(PolicyStatus.ACTIVE.value)
    book.rng.shuffle(told)
    return told


def _policyholder(book: Book, contact: Row, agent: Row, number: int) -> Row:
    rng = book.rng
    return book.add(
        Policyholder,
        contact["created_at"] + timedelta(minutes=rng.randint(5, 300)),
        contact_id=contact["id"],
        insurance_agent_id=agent["id"],
        customer_number=f"CUS-{number + 1:06d}",
        marital_status=book.weighted(zip(PolicyholderMaritalStatus, (25.0, 60.0, 7.0, 4.0, 4.0), strict=True)),
        occupation=contact["job_title"],
        education_level=book.pick(book.words.educations),
        annual_income=book.amount(*book.market.income),
        currency=book.market.currency,
        communication_preferences={"preferred_method": contact["preferred_contact_method"].value},
        has_marketing_consent=book.chance(0.6),
        preferred_contact_time=book.pick(tuple(PolicyholderContactTime)),
        digital_literacy_score=rng.randint(3, 10),
        engagement_score=round(rng.uniform(2, 9.5), 1),
        churn_risk_score=round(rng.uniform(0.02, 0.7), 2),
    )


def _count(staff: Staff, portfolio: Portfolio) -> None:
    """The figures of the insurance agents, as the changes of their policies would have left them."""
    for agent in staff.agents:
        own = [policy for policy in portfolio.policies if policy["insurance_agent_id"] == agent["id"]]
        active = {policy["policyholder_id"] for policy in own if policy["status"] is PolicyStatus.ACTIVE}
        collected = sum((policy["payment_count"] * policy["premium_amount"] for policy in own), Decimal(0))
        agent["total_policies_sold"] = sum(policy["activated_at"] is not None for policy in own)
        agent["active_policyholder_count"] = len(active)
        agent["total_premium_collected"] = collected


@dataclass(frozen=True, slots=True)
class _Sale:
    """One policy, from its application to where it stands now."""

    book: Book
    portfolio: Portfolio
    manager_id: UUID
    contact: Row
    holder: Row
    agent: Row
    number: int

    def tell(self, story: str) -> Row:
        """The policy as the story has it: a status, or OVERDUE."""
        book = self.book
        status = PolicyStatus.ACTIVE if story == _OVERDUE else PolicyStatus[story]
        product = self._product(story)
        is_late = story in (_OVERDUE, PolicyStatus.LAPSED)
        frequencies = [each for each in product.frequencies if not is_late or _falls_due_again(product, each)]
        frequency = book.pick(frequencies)
        term = book.pick(product.terms)
        start_on = self._start(story, frequency, term, product)
        applied_at = self._applied_at(start_on, status)
        policy = self._application(product, frequency, term, start_on, applied_at)
        self._live(policy, status, story == _OVERDUE)
        return policy

    def _product(self, story: str) -> Product:
        """What fits the story: a year's cover to run out, a longer one to be given up, instalments to be late."""
        products = self.book.market.products
        if story == PolicyStatus.MATURED:
            fitting = [product for product in products if product.is_yearly]
        elif story == PolicyStatus.SURRENDERED:
            fitting = [product for product in products if not product.is_yearly]
        elif story in (_OVERDUE, PolicyStatus.LAPSED):
            fitting = [
                product
                for product in products
                if any(_falls_due_again(product, frequency) for frequency in product.frequencies)
            ]
        else:
            fitting = list(products)
        return self.book.pick(fitting)

    def _start(self, story: str, frequency: PremiumFrequency, term: int, product: Product) -> date:
        """The first day of cover, as the story needs it: on a day that every month has."""
        book, today = self.book, self.book.today
        if story == PolicyStatus.APPROVED:
            day = today + timedelta(days=book.rng.randint(2, 20))
        elif story in (PolicyStatus.DRAFT, PolicyStatus.PENDING_APPROVAL, PolicyStatus.UNDER_REVIEW):
            day = today + timedelta(days=book.rng.randint(10, 40))
        elif story == PolicyStatus.MATURED:
            day = _months_before(today - timedelta(days=book.rng.randint(3, 30)), term)
        elif story in (_OVERDUE, PolicyStatus.LAPSED):
            late = book.rng.randint(3, 24) if story == _OVERDUE else GRACE_DAYS + book.rng.randint(3, 45)
            step = 12 // _INSTALMENTS[frequency]
            most = min(term // step - max(1, 3 // step) - 1, 12 // step)  # three months more before the end
            day = _months_before(today - timedelta(days=late), step * book.rng.randint(1, most))
        else:
            known_on = book.local_date(self.contact["created_at"]) + timedelta(days=20)
            day = max(today - timedelta(days=330), known_on) if product.is_yearly else known_on
            young = 12 if story == PolicyStatus.ACTIVE else 75
            day += timedelta(days=book.rng.randint(0, max((today - day).days - young, 0)))
        return day.replace(day=min(day.day, 28))

    def _applied_at(self, start_on: date, status: PolicyStatus) -> datetime:
        """When the application was begun: some days before the cover, and by now."""
        book = self.book
        if status in (PolicyStatus.DRAFT, PolicyStatus.PENDING_APPROVAL, PolicyStatus.UNDER_REVIEW):
            return book.working_time(book.ago(days=9), book.ago(days=2))
        day = min(start_on, book.today) - timedelta(days=book.rng.randint(6, 12))
        return book.at(day, book.rng.uniform(9.5, 12))

    def _application(
        self, product: Product, frequency: PremiumFrequency, term: int, start_on: date, applied_at: datetime
    ) -> Row:
        book = self.book
        insured = book.amount(*product.sums)
        yearly = insured * Decimal(str(round(book.rng.uniform(*product.rate), 2))) / 1000
        premium = _rounded(yearly / _INSTALMENTS[frequency], book.market.premium_step)
        riders = [
            {"code": code, "name": name, "sum_assured": None, "premium_amount": None}
            for code, name in product.riders
            if book.chance(0.4)
        ]
        ends_on = _months_after(start_on, term)
        return book.add(
            Policy,
            applied_at,
            policy_number=f"{product.insurer}{start_on.year % 100:02d}{self.number + 1:06d}",
            policyholder_id=self.holder["id"],
            insurance_agent_id=self.agent["id"],
            provider_id=self.portfolio.providers[product.insurer]["id"],
            policy_type_id=self.portfolio.types[product.code]["id"],
            plan_name=product.name,
            plan_code=product.code,
            currency=book.market.currency,
            sum_assured=insured,
            premium_amount=premium,
            premium_frequency=frequency,
            commission_rate=product.commission,
            commission_amount=_rounded(premium * product.commission / 100, FEE),
            applied_on=book.local_date(applied_at),
            start_on=start_on,
            maturity_on=ends_on,
            renewal_on=ends_on if product.is_yearly else None,
            next_due_on=start_on,
            grace_period_days=GRACE_DAYS,
            riders=riders,
            created_by_id=self.agent["user_id"],
        )

    # -------------------------------------------------------------------------------------------- its changes

    def _live(self, policy: Row, status: PolicyStatus, is_overdue: bool) -> None:
        """Bring the application to where it stands now, by the rules."""
        book, today = self.book, self.book.today
        if status is PolicyStatus.CANCELLED and book.chance(0.6):
            self._turn_down(policy)
            return
        if status in (PolicyStatus.DRAFT, *_TOWARDS_COVER[:3]):
            self._advance(policy, (PolicyStatus.DRAFT, *_TOWARDS_COVER).index(status))
            return
        self._advance(policy, len(_TOWARDS_COVER))
        start_on = policy["start_on"]
        if is_overdue or status is PolicyStatus.LAPSED:
            self._fall_behind(policy, today - timedelta(days=GRACE_DAYS + 1 if status is PolicyStatus.LAPSED else 1))
            if status is PolicyStatus.LAPSED:
                lapsed_on = rules.grace_ends_on(policy["next_due_on"], GRACE_DAYS) + timedelta(days=1)
                self._change(policy, status, min(book.at(lapsed_on, 1.5), book.now))
        elif status is PolicyStatus.ACTIVE:
            self._pay(policy, today)
        elif status is PolicyStatus.MATURED:
            self._pay(policy, policy["maturity_on"])
            self._change(policy, status, book.at(policy["maturity_on"], 1.5))
        else:
            left = max((today - start_on).days - 3, 1)
            day = start_on + timedelta(days=book.rng.randint(max(1, left // 2), left))
            self._pay(policy, day)
            reason = None
            if status is PolicyStatus.CANCELLED:
                reason = rules.Cancellation(PolicyCancellationReason.REQUESTED, book.words.requested)
            self._change(policy, status, min(book.at(day, book.rng.uniform(10, 17)), book.now), reason)

    def _turn_down(self, policy: Row) -> None:
        """An application that came to nothing."""
        self._advance(policy, 2)
        is_rejected = self.book.chance(0.5)
        reason = rules.Cancellation(
            PolicyCancellationReason.REJECTED if is_rejected else PolicyCancellationReason.WITHDRAWN,
            self.book.words.rejected if is_rejected else self.book.words.withdrawn,
        )
        at = policy["status_changed_at"] + timedelta(hours=self.book.rng.randint(18, 40))
        self._change(policy, PolicyStatus.CANCELLED, min(at, self.book.now), reason)

    def _advance(self, policy: Row, steps: int) -> None:
        """The first steps from draft to cover, each a working day or so after the one before."""
        at = policy["created_at"]
        for wanted in _TOWARDS_COVER[:steps]:
            if wanted is PolicyStatus.ACTIVE:
                at = max(at + timedelta(hours=1), self.book.at(policy["start_on"], 0.5))
            else:
                at = at + timedelta(minutes=self.book.rng.randint(120, 1_500))
            self._change(policy, wanted, min(at, self.book.now))

    def _pay(self, policy: Row, until: date) -> None:
        """Premiums paid as they fell due, by the end of that day; what is next comes after it."""
        terms = (policy["start_on"], policy["premium_frequency"])
        paid = rules.due_dates(*terms, min(until + timedelta(days=1), policy["maturity_on"]))
        policy["next_due_on"] = rules.next_due_on(*terms, until, policy["maturity_on"])
        self._book_payments(policy, paid, PolicyPaymentStatus.REGULAR)

    def _fall_behind(self, policy: Row, by: date) -> None:
        """All premiums paid but the last that fell due by that day, and what fell due while it could be paid."""
        terms = (policy["start_on"], policy["premium_frequency"])
        due = rules.due_dates(*terms, by + timedelta(days=1))
        policy["next_due_on"] = due[-1]
        self._book_payments(policy, due[:-1], PolicyPaymentStatus.OVERDUE)
        last_day = min(rules.grace_ends_on(due[-1], GRACE_DAYS), self.book.today)
        unpaid = len(rules.due_dates(*terms, last_day + timedelta(days=1))) - len(due) + 1
        policy["outstanding_amount"] = policy["premium_amount"] * unpaid

    def _book_payments(self, policy: Row, paid: tuple[date, ...], status: PolicyPaymentStatus) -> None:
        policy["payment_count"] = len(paid)
        policy["payment_status"] = status
        if paid:
            paid_at = self.book.at(paid[-1], self.book.rng.uniform(7, 21))
            policy["last_payment_at"] = min(paid_at, self.book.now)
            policy["updated_at"] = max(policy["updated_at"], policy["last_payment_at"])

    def _change(
        self, policy: Row, wanted: PolicyStatus, at: datetime, reason: rules.Cancellation | None = None
    ) -> None:
        """One change of status, with what it sets."""
        today = self.book.local_date(at)
        change = rules.change_status(
            policy["status"],
            wanted,
            at,
            today=today,
            dates=rules.PolicyDates(policy["maturity_on"], policy["next_due_on"], GRACE_DAYS),
            cancellation=reason,
        )
        policy |= {"status": wanted, **change.timestamps, "updated_at": at, "version": policy["version"] + 1}
        if wanted is PolicyStatus.APPROVED:
            policy["approved_by_id"] = self.manager_id
        elif wanted is PolicyStatus.ACTIVE:
            policy["issued_on"] = today
        elif wanted is PolicyStatus.LAPSED:
            policy["payment_status"] = PolicyPaymentStatus.LAPSED
        elif wanted is PolicyStatus.CANCELLED and reason is not None:
            policy["cancellation_reason"] = reason.reason
            policy["cancellation_note"] = reason.note
            policy["cancelled_by_id"] = self.agent["user_id"]
        if change.is_final:
            policy["next_due_on"] = None


def _falls_due_again(product: Product, frequency: PremiumFrequency) -> bool:
    """Whether there is a second premium, which can be late."""
    return not product.is_yearly or frequency is not PremiumFrequency.ANNUAL


def _rounded(amount: Decimal, step: Decimal) -> Decimal:
    """To a whole number of steps, at least one."""
    steps = (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return max(steps, Decimal(1)) * step


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def _months_before(day: date, months: int) -> date:
    return _months_after(day, -months)
