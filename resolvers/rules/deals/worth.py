"""What a deal is and is worth: its texts, its products and their prices, and the figures of its contact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from db.enums.deals import DealStatus
from resolvers.rules import Findings, Invalid
from resolvers.rules.core import (
    HIGHEST_AMOUNT,
    check_amount,
    check_custom_fields,
    clean_text,
    exact,
    normalise_tags,
    required_text,
    round_money,
)

HIGHEST_QUANTITY: Final = Decimal("99999999.99")

HIGHEST_VALUE: Final = Decimal("9999999999999.99")
"""The CRM's numeric(15,2); in the smallest minor units there are (four digits) it still fits a bigint."""

PRODUCTS_COUNT: Final = 200

LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "title": 255,
        "description": 10_000,
        "close_reason": 100,
        "lead_source": 100,
        "competitor": 200,
        "next_step": 10_000,
        "notes": 10_000,
        "product_name": 255,
        "product_code": 100,
    }
)
"""The most characters of each text: the CRM's where its column has a bound, one of our own for the others."""


@dataclass(frozen=True, slots=True)
class DealDraft:
    """The texts and free fields that somebody wants a deal to have."""

    title: str | None = None
    description: str | None = None
    close_reason: str | None = None
    lead_source: str | None = None
    competitor: str | None = None
    next_step: str | None = None
    tags: Sequence[str] = ()
    custom_fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product of a deal, in the deal's currency. `discount_percent` is of quantity times unit price."""

    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    discount_amount: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product that somebody wants a deal to have."""

    product_name: str | None
    line: ProductLine
    product_code: str | None = None
    description: str | None = None
    custom_fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PricedProduct:
    """A product as it is stored, with its total."""

    product_name: str
    product_code: str | None
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    discount_amount: Decimal
    discount_percent: Decimal
    total_price: Decimal
    custom_fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DealsOfContact:
    """How many deals of one status and currency a contact has, and what they are worth together."""

    status: DealStatus
    currency: str
    deal_count: int
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class ContactFigures:
    """What a contact keeps of its deals. Values are decimals as text by currency, without those of 0."""

    deal_count: int
    open_deal_count: int
    won_deal_count: int
    total_deal_value: dict[str, str]
    won_deal_value: dict[str, str]


def normalise(draft: DealDraft) -> DealDraft:
    """The draft as it is stored: texts trimmed (empty ones None), tags without repeats; it has a title.

    Raises Invalid with all problems at once.
    """
    findings = Findings()
    names = ("description", "close_reason", "lead_source", "competitor", "next_step")
    title = findings.of(required_text, ("title",), draft.title, LENGTHS["title"])
    texts = {name: findings.of(clean_text, (name,), getattr(draft, name), LENGTHS[name]) for name in names}
    tags = findings.of(normalise_tags, ("tags",), draft.tags)
    findings.of(check_custom_fields, ("custom_fields",), draft.custom_fields)
    findings.refuse()
    return DealDraft(title, **texts, tags=tags or [], custom_fields=draft.custom_fields)


def price_products(drafts: Sequence[ProductDraft], digits: int = 2) -> list[PricedProduct]:
    """The products as they are stored, each with its total in a currency of so many digits.

    Raises Invalid with all problems of all products at once, their paths beginning with `products` and the
    position in the list.
    """
    if len(drafts) > PRODUCTS_COUNT:
        raise Invalid(("products",), f"must be at most {PRODUCTS_COUNT}", "TOO_MANY")
    findings = Findings()
    priced: list[PricedProduct] = []
    for position, draft in enumerate(drafts):
        try:
            priced.append(_priced(draft, digits))
        except Invalid as refusal:
            for problem in refusal.problems:
                findings.add(("products", position, *problem.path), problem.message, problem.code)
    findings.refuse()
    return priced


def product_total(line: ProductLine, digits: int = 2) -> Decimal:
    """quantity x unit price - discount amount - discount percent of (quantity x unit price), rounded.

    The CRM's generated column: the percentage is taken off the full price, not off what the discount amount
    leaves, and only the result is rounded, half away from zero, to two digits or to the currency's `digits`
    if it has fewer. It is negative where the discounts exceed the price.
    """
    findings = Findings()
    findings.of(check_amount, ("quantity",), line.quantity, Decimal("0.01"), HIGHEST_QUANTITY)
    findings.of(check_amount, ("unit_price",), line.unit_price)
    findings.of(check_amount, ("discount_amount",), line.discount_amount)
    findings.of(check_amount, ("discount_percent",), line.discount_percent, highest=Decimal(100))
    findings.refuse()
    with exact():
        price = line.quantity * line.unit_price
        net = price - line.discount_amount - price * line.discount_percent / 100
        total = round_money(net.quantize(_smallest(digits), rounding=ROUND_HALF_UP))
    check_amount(("total_price",), total, lowest=-HIGHEST_AMOUNT)
    return total


def deal_value(stated: Decimal | None, product_totals: Iterable[Decimal], digits: int = 2) -> Decimal | None:
    """What the deal is worth: the sum of its products when it has any, what is stated otherwise.

    Refused: a stated value that differs from the sum, one below 0 or above 9,999,999,999,999.99, and one with
    a fraction that the currency, of so many `digits`, does not have.
    """
    totals = list(product_totals)
    for amount in (stated,) if not totals else (stated, sum(totals, Decimal(0))):
        if amount is not None:
            check_amount(("value",), amount, highest=HIGHEST_VALUE)
            if amount % _smallest(digits):
                raise Invalid(("value",), "must not have smaller units than the currency", "FORMAT")
    if not totals:
        return stated
    value = sum(totals, Decimal(0))
    if stated is not None and stated != value:
        raise Invalid(("value",), f"must be the sum of the products, {value}, or be left out", "MISMATCH")
    return value


def minor_units(value: Decimal | None, digits: int) -> int:
    """The value in minor units of a currency of so many digits; 0 without a value."""
    return 0 if value is None else int(value.scaleb(digits))


def weighted_value(value: Decimal | None, probability: int) -> Decimal | None:
    """The value times its probability (in percent), to two digits; None without a value."""
    if value is None:
        return None
    with exact():
        return round_money(value * probability / 100)


def contact_figures(groups: Iterable[DealsOfContact]) -> ContactFigures:
    """A contact's figures from its deals by status and currency: won ones, open ones, and all of them."""
    counts = {DealStatus.OPEN: 0, DealStatus.WON: 0}
    total: dict[str, Decimal] = {}
    won: dict[str, Decimal] = {}
    deal_count = 0
    for group in groups:
        deal_count += group.deal_count
        counts[group.status] = counts.get(group.status, 0) + group.deal_count
        for sums in (total, won) if group.status is DealStatus.WON else (total,):
            sums[group.currency] = sums.get(group.currency, Decimal(0)) + (group.value or 0)
    return ContactFigures(deal_count, counts[DealStatus.OPEN], counts[DealStatus.WON], _as_text(total), _as_text(won))


def _as_text(sums: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(round_money(sums[currency])) for currency in sorted(sums) if sums[currency]}


def _priced(draft: ProductDraft, digits: int) -> PricedProduct:
    findings = Findings()
    name = findings.of(required_text, ("product_name",), draft.product_name, LENGTHS["product_name"])
    code = findings.of(clean_text, ("product_code",), draft.product_code, LENGTHS["product_code"])
    about = findings.of(clean_text, ("description",), draft.description, LENGTHS["description"])
    findings.of(check_custom_fields, ("custom_fields",), draft.custom_fields)
    total = findings.of(product_total, draft.line, digits)
    findings.refuse()
    line = draft.line
    return PricedProduct(
        product_name=name or "",
        product_code=code,
        description=about,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_amount=line.discount_amount,
        discount_percent=line.discount_percent,
        total_price=total or Decimal(0),
        custom_fields=draft.custom_fields,
    )


def _smallest(digits: int) -> Decimal:
    """The smallest amount that is stored of a currency: its minor unit, but no less than a hundredth."""
    return Decimal(1).scaleb(-min(digits, 2))
