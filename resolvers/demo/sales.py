"""Pipelines and the deals in them: how each went from stage to stage, and what is in it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from db.deals import Deal, DealProduct, DealStageChange, Pipeline, PipelineStage
from db.enums.contacts import CustomerValue
from db.enums.deals import (
    DealPriority,
    DealStatus,
    DealType,
    PipelineStageType,
    ProbabilityCalculation,
)
from db.enums.policies import PolicyStatus
from resolvers.demo.book import Book, Row
from resolvers.demo.insurance import Portfolio
from resolvers.demo.staff import Staff
from resolvers.rules import deals as rules

DIGITS: Final = 2  # of the minor unit of all our currencies
RENEWAL_SHARE: Final = 0.3
PRODUCTS: Final = (3, 2, 4)  # how many a deal has, in turn: three on average

_SALES_STAGES: Final = (  # default probability, colour, required fields
    (10, "#8ecae6", ()),
    (25, "#219ebc", ("contact_id",)),
    (50, "#ffb703", ("value", "expected_close_on")),
    (75, "#fb8500", ("value",)),
    (100, "#2a9d8f", ()),
    (0, "#9d0208", ()),
)
_RENEWAL_STAGES: Final = (
    (60, "#8ecae6", ("policy_id",)),
    (75, "#ffb703", ("value",)),
    (90, "#fb8500", ()),
    (100, "#2a9d8f", ()),
    (0, "#9d0208", ()),
)
_PRODUCT_COLUMNS: Final = tuple(field.name for field in fields(rules.PricedProduct))
_ENDS: Final = ((None, 60.0), (DealStatus.WON, 25.0), (DealStatus.LOST, 15.0))


@dataclass(frozen=True, slots=True)
class Flow:
    """A pipeline as it is stored and as the rules see it."""

    row: Row
    pipeline: rules.Pipeline
    team: Row

    def stages(self, stage_type: PipelineStageType) -> list[rules.Stage]:
        """Its stages of a kind, in their order."""
        return [stage for stage in self.pipeline.stages if stage.stage_type is stage_type]


def open_pipelines(book: Book, staff: Staff) -> tuple[Flow, Flow]:
    """The pipeline of new policies, and that of renewals, which enforces the order of its stages."""
    names = (book.words.sales_stages, book.words.renewal_stages)
    at = book.ago(days=365 * 4)
    flows: list[Flow] = []
    for number, (named, stage_names) in enumerate(zip(book.words.pipelines, names, strict=True)):
        is_renewal = number == 1
        calculation = ProbabilityCalculation.MANUAL if is_renewal else ProbabilityCalculation.STAGE_BASED
        row = book.add(
            Pipeline,
            at,
            name=named.name,
            description=named.description,
            is_default=not is_renewal,
            currency=book.market.currency,
            probability_calculation=calculation,
            is_stage_order_enforced=is_renewal,
            created_by_id=staff.administrator["id"],
        )
        shapes = _RENEWAL_STAGES if is_renewal else _SALES_STAGES
        stages = [
            _stage(book, row, position, name, shape)
            for position, (name, shape) in enumerate(zip(stage_names, shapes, strict=True), start=1)
        ]
        flow = rules.Pipeline(stages, calculation, is_renewal)
        flows.append(Flow(row, flow, staff.teams[number]))
    return flows[0], flows[1]


def _stage(book: Book, pipeline: Row, position: int, name: str, shape: tuple[int, str, tuple[str, ...]]) -> rules.Stage:
    probability, color, required = shape
    ends = {100: PipelineStageType.CLOSED_WON, 0: PipelineStageType.CLOSED_LOST}
    stage_type = ends.get(probability, PipelineStageType.OPEN)
    row = book.add(
        PipelineStage,
        pipeline["created_at"],
        pipeline_id=pipeline["id"],
        name=name,
        position=position,
        stage_type=stage_type,
        default_probability=probability,
        required_fields=list(required),
        color=color,
        created_by_id=pipeline["created_by_id"],
    )
    return rules.Stage(row["id"], name, position, stage_type, probability, required)


def make_deals(
    book: Book, flows: tuple[Flow, Flow], contacts: Sequence[Row], accounts: Sequence[Row], portfolio: Portfolio
) -> list[Row]:
    """Deals with their products and moves; the figures of the contacts are those of their deals."""
    sales, renewals = flows
    renewable = [
        (contact_id, policy)
        for contact_id, held in portfolio.held.items()
        for policy in held
        if policy["renewal_on"] is not None and policy["status"] in (PolicyStatus.ACTIVE, PolicyStatus.MATURED)
    ]
    renewable.sort(key=lambda each: abs(each[1]["renewal_on"] - book.today))
    by_id = {contact["id"]: contact for contact in contacts}
    businesses = {account["id"]: account for account in accounts}
    deals: list[Row] = []
    for number in range(book.size.deals):
        if renewable and number < book.size.deals * RENEWAL_SHARE:
            contact_id, policy = renewable[number % len(renewable)]
            draft = _renewal(book, by_id[contact_id], policy)
            flow = renewals
        else:
            contact = contacts[(number * 7) % len(contacts)]
            account = businesses.get(contact["account_id"])
            draft = _group(book, contact, account) if account else _sale(book, contact, portfolio)
            flow = sales
        deals.append(_Course(book, flow, draft, PRODUCTS[number % len(PRODUCTS)]).run())
    _figures(contacts, deals)
    return deals


@dataclass(frozen=True, slots=True)
class _Draft:
    """A deal before it goes its way."""

    contact: Row
    title: str
    deal_type: DealType
    since: datetime
    lines: Sequence[tuple[str, str, Decimal, Decimal]]  # code, name, quantity, unit price
    account: Row | None = None
    policy: Row | None = None


def _name(contact: Row) -> str:
    return f"{contact['first_name']} {contact['last_name']}"


def _renewal(book: Book, contact: Row, policy: Row) -> _Draft:
    """Another year of a policy, with what goes along with it."""
    premium = policy["premium_amount"]
    product = book.market.product(policy["plan_code"])
    extras = [(code, name, Decimal(1), _part(premium, 12)) for code, name in (*product.riders, *book.words.extras)]
    title = book.words.renewal_title.format(policy=policy["policy_number"], name=_name(contact))
    since = max(book.ago(days=min(book.size.days * 3, 330)), policy["activated_at"])
    lines = [(product.code, product.name, Decimal(1), premium), *extras]
    return _Draft(contact, title, DealType.RENEWAL, since, lines, policy=policy)


def _sale(book: Book, contact: Row, portfolio: Portfolio) -> _Draft:
    """Cover for a person and the family; something more for those who have a policy."""
    held = portfolio.held.get(contact["id"], [])
    product = book.pick(book.market.products)
    lines = []
    for each in (product, *(other for other in book.market.products if other is not product)):
        sum_assured = book.amount(*each.sums)
        premium = _part(sum_assured * Decimal(str(round(sum(each.rate) / 2, 2))), 1000)
        lines.append((each.code, each.name, Decimal(1), premium))
    title = book.words.sale_title.format(product=product.name, name=_name(contact))
    deal_type = DealType.NEW_BUSINESS
    if held:
        deal_type = DealType.UPSELL if any(p["plan_code"] == product.code for p in held) else DealType.CROSS_SELL
    since = max(book.ago(days=book.size.days * 4), contact["created_at"])
    return _Draft(contact, title, deal_type, since, lines)


def _group(book: Book, contact: Row, account: Row) -> _Draft:
    """Cover for the people, vehicles and places of a company."""
    people = max(5, min(account["employee_count"], 400))
    lines = []
    for offer in book.rng.sample(book.market.offers, len(book.market.offers)):
        quantity = people if offer.is_per_head else max(1, people // 25)
        lines.append((offer.code, offer.name, Decimal(quantity), book.amount(*offer.unit_prices, 10)))
    title = book.words.group_title.format(name=account["name"])
    since = max(book.ago(days=book.size.days * 4), contact["created_at"], account["created_at"])
    return _Draft(contact, title, DealType.EXISTING_BUSINESS, since, lines, account)


def _part(amount: Decimal, divisor: int) -> Decimal:
    return (amount / divisor).quantize(Decimal("1.00"))


@dataclass(frozen=True, slots=True)
class _Course:
    """The way of one deal through its pipeline."""

    book: Book
    flow: Flow
    draft: _Draft
    products: int

    def run(self) -> Row:
        """The deal where it stands now, its products and its moves behind it."""
        book, draft = self.book, self.draft
        end = book.weighted(_ENDS)
        begun_at = book.working_time(draft.since, book.ago(hours=3))
        deal = self._begin(begun_at)
        value = self._fill(deal)
        deal |= {"value": value, "value_minor": rules.minor_units(value, DIGITS)}
        open_stages = self.flow.stages(PipelineStageType.OPEN)
        last = len(open_stages) if end is DealStatus.WON else book.rng.randint(1, len(open_stages))
        way = open_stages[:last]
        if end is not None:
            closed = PipelineStageType.CLOSED_WON if end is DealStatus.WON else PipelineStageType.CLOSED_LOST
            way += self.flow.stages(closed)
        days = (book.now - begun_at) / (len(way) + 1)
        at, move = begun_at, None
        for stage in way:
            move = self._move(deal, move, stage.id, at)
            at = min(book.between(at + days / 2, at + days * 1.2), book.now)
        self._close(deal)
        return deal

    def _begin(self, at: datetime) -> Row:
        book, draft = self.book, self.draft
        owner_id = draft.contact["owner_id"]
        return book.add(
            Deal,
            at,
            title=draft.title,
            currency=book.market.currency,
            priority=_priority(book, draft.contact),
            deal_type=draft.deal_type,
            stage_entered_at=at,
            expected_close_on=self._expected(at),
            lead_source=book.pick(book.words.lead_sources),
            competitor=book.pick(book.words.competitors) if book.chance(0.2) else None,
            next_step=book.pick(book.words.next_steps),
            contact_id=draft.contact["id"],
            account_id=draft.account and draft.account["id"],
            policy_id=draft.policy and draft.policy["id"],
            pipeline_id=self.flow.row["id"],
            owner_id=owner_id,
            team_id=self.flow.team["id"],
            created_by_id=owner_id,
            version=0,
        )

    def _expected(self, at: datetime) -> Any:
        """The renewal's day, or some weeks after the beginning."""
        if self.draft.policy is not None:
            return self.draft.policy["renewal_on"]
        return self.book.local_date(at) + timedelta(days=self.book.rng.randint(20, 120))

    def _fill(self, deal: Row) -> Decimal | None:
        """Add the products; returns what they sum up to."""
        book = self.book
        drafts = []
        for code, name, quantity, price in self.draft.lines[: self.products]:
            percent = Decimal(book.pick((0, 0, 0, 5, 10)))
            line = rules.ProductLine(price, quantity, discount_percent=percent)
            drafts.append(rules.ProductDraft(name, line, product_code=code))
        priced = rules.price_products(drafts, DIGITS)
        for position, product in enumerate(priced, start=1):
            book.add(
                DealProduct,
                deal["created_at"],
                **{name: getattr(product, name) for name in _PRODUCT_COLUMNS},
                deal_id=deal["id"],
                position=position,
                currency=deal["currency"],
                created_by_id=deal["owner_id"],
            )
        return rules.deal_value(None, [product.total_price for product in priced], DIGITS)

    def _move(self, deal: Row, before: rules.StageMove | None, stage_id: UUID, at: datetime) -> rules.StageMove:
        """One move by the rules, with its history."""
        book = self.book
        entry = rules.Entry(at, book.local_date(at), deal)
        if before is None:
            move = rules.place(self.flow.pipeline, stage_id, entry)
        else:
            placement = rules.Placement(
                before.to_stage_id, before.status, before.to_probability, before.stage_entered_at
            )
            move = rules.move(placement, self.flow.pipeline, stage_id, entry)
        book.add(
            DealStageChange,
            at,
            deal_id=deal["id"],
            from_stage_id=move.from_stage_id,
            to_stage_id=move.to_stage_id,
            from_probability=move.from_probability,
            to_probability=move.to_probability,
            time_in_stage_seconds=move.time_in_stage_seconds,
            notes=(book.pick(book.words.move_notes) or None) if before else None,
            changed_by_id=deal["owner_id"],
        )
        deal |= {
            "stage_id": move.to_stage_id,
            "status": move.status,
            "probability": move.to_probability,
            "stage_entered_at": move.stage_entered_at,
            "actual_close_on": move.actual_close_on,
            "closed_at": move.closed_at,
            "updated_at": at,
            "version": deal["version"] + 1,
        }
        return move

    def _close(self, deal: Row) -> None:
        words = self.book.words
        if deal["status"] is DealStatus.OPEN:
            return
        reasons = words.won_reasons if deal["status"] is DealStatus.WON else words.lost_reasons
        deal["close_reason"] = self.book.pick(reasons)
        deal["next_step"] = None


def _priority(book: Book, contact: Row) -> DealPriority:
    if contact["customer_value"] in (CustomerValue.GOLD, CustomerValue.PLATINUM):
        return DealPriority.HIGH
    return book.weighted(((DealPriority.MEDIUM, 70.0), (DealPriority.LOW, 20.0), (DealPriority.URGENT, 10.0)))


def _figures(contacts: Sequence[Row], deals: Sequence[Row]) -> None:
    """Write down on each contact what its deals come to."""
    groups: dict[UUID, list[rules.DealsOfContact]] = {}
    for deal in deals:
        one = rules.DealsOfContact(deal["status"], deal["currency"], 1, deal["value"])
        groups.setdefault(deal["contact_id"], []).append(one)
    for contact in contacts:
        if contact["id"] in groups:
            contact.update(asdict(rules.contact_figures(groups[contact["id"]])))
