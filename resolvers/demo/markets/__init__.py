"""What differs from market to market: people's names, places, companies, products, money and language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from db.enums.access import TimeFormat
from db.enums.insurance_agents import InsuranceProviderType
from db.enums.policies import PolicyCategory, PremiumFrequency

if TYPE_CHECKING:
    from resolvers.demo.words import Words


@dataclass(frozen=True, slots=True)
class City:
    """A city with the beginning of its postal codes."""

    name: str
    state: str
    postal_prefix: str


@dataclass(frozen=True, slots=True)
class Insurer:
    """An insurance company; `code` begins the numbers of its policies."""

    code: str
    name: str
    provider_type: InsuranceProviderType
    established_year: int
    city: str
    authority: str


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold. `sums` are lowest, highest and step of the sum assured; `rate` bounds the yearly premium.

    `rate` is in thousandths of the sum assured; terms are in months, ages in years. A product of a year is
    renewed.
    """

    code: str
    name: str
    category: PolicyCategory
    insurer: str
    sums: tuple[int, int, int]
    rate: tuple[float, float]
    terms: tuple[int, ...]
    ages: tuple[int, int]
    frequencies: tuple[PremiumFrequency, ...]
    commission: Decimal
    description: str
    riders: tuple[tuple[str, str], ...] = ()

    @property
    def is_yearly(self) -> bool:
        """Whether the cover runs for a year at a time."""
        return self.terms == (12,)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a business buys: so much for each of its people, or of its vehicles or places."""

    code: str
    name: str
    unit_prices: tuple[int, int]
    is_per_head: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A name with the gender that goes with it."""

    first_name: str
    last_name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Market:
    """A country as the demo sees it.

    `person` draws a name, `street` an address line, `company` the name of the nth company (different for
    each n), `phone` the nth telephone number in E.164 (different for each n, and nobody's).
    """

    country: str
    locale: str
    language: str
    timezone: str
    currency: str
    date_format: str
    time_format: TimeFormat
    working_days: int
    region: str
    cities: tuple[City, ...]
    insurers: tuple[Insurer, ...]
    products: tuple[Product, ...]
    offers: tuple[Offer, ...]
    premium_step: Decimal
    income: tuple[int, int, int]
    revenue: tuple[int, int, int]
    own_numbers: tuple[str, ...]
    words: "Words"
    person: Callable[[Random], Person]
    street: Callable[[Random], str]
    company: Callable[[int], str]
    phone: Callable[[int], str]
    money: Callable[[Decimal], str]
    spoken_date: Callable[[date], str]

    def product(self, code: str) -> Product:
        """The product of this code."""
        return next(product for product in self.products if product.code == code)
