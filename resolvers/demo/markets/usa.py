"""The United States, as the demo sees it: the Midwest, dollars, products of a local insurance broker."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

from db.enums.access import TimeFormat
from db.enums.insurance_agents import InsuranceProviderType
from db.enums.policies import PolicyCategory, PremiumFrequency
from resolvers.demo.markets import City, Insurer, Market, Offer, Product
from resolvers.demo.markets.named import people, streets
from resolvers.demo.words.english import ENGLISH

_FIRMS: Final = (
    *("Prairie", "Lakeshore", "Riverbend", "Heartland", "Cedar Falls", "Blue Earth", "Twin Pines", "Oak Ridge"),
    *("Copper Creek", "Maple Grove", "Stonegate", "Sandhill", "Elkhorn", "Birchwood"),
)
_TRADES: Final = (
    *("Foods Inc", "Trucking LLC", "Dental Group", "Builders LLC", "Brewing Co", "Machine Works Inc"),
    *("Farms LLC", "Software Inc", "Hospitality Group", "Veterinary Clinic", "Supply Co"),
)
_AREAS: Final = (
    *("312", "414", "515", "608", "612", "614", "317", "402", "405", "208", "701", "605", "816", "913", "918"),
    *("309", "217", "319", "563", "715", "763", "952", "651", "218"),
)


def company(number: int) -> str:
    """A company; the names repeat after 154."""
    return f"{_FIRMS[number % len(_FIRMS)]} {_TRADES[number % len(_TRADES)]}"


def phone(number: int) -> str:
    """A number that nobody has: 555-0100 to 555-0199 are kept free in every area; there are 2,400 here."""
    number = (number * 7 + 5) % (100 * len(_AREAS))
    return f"+1{_AREAS[number % len(_AREAS)]}55501{number // len(_AREAS):02d}"


def money(amount: Decimal) -> str:
    """Dollars, with cents where there are any."""
    return f"${amount:,.2f}".removesuffix(".00")


def spoken_date(day: date) -> str:
    """A date as it is said: March 5."""
    return f"{day:%B} {day.day}"


def _line(name: str, rng: Random) -> str:
    return f"{rng.randint(100, 9_800)} {name}"


USA: Final = Market(
    country="US",
    locale="en-US",
    language="en-US",
    timezone="America/Chicago",
    currency="USD",
    date_format="MM/DD/YYYY",
    time_format=TimeFormat.HOURS_12,
    working_days=5,
    region="us-east-2",
    cities=(
        City("Chicago", "IL", "606"),
        City("Milwaukee", "WI", "532"),
        City("Minneapolis", "MN", "554"),
        City("Des Moines", "IA", "503"),
        City("Omaha", "NE", "681"),
        City("Indianapolis", "IN", "462"),
    ),
    insurers=(
        Insurer("GPL", "Great Plains Life", InsuranceProviderType.LIFE_INSURANCE, 1931, "Omaha", "NAIC"),
        Insurer("CAS", "Cascade Health", InsuranceProviderType.HEALTH_INSURANCE, 1978, "Chicago", "NAIC"),
        Insurer("HBM", "Harbor Mutual", InsuranceProviderType.GENERAL_INSURANCE, 1904, "Milwaukee", "NAIC"),
    ),
    products=(
        Product(
            "TERM",
            "Level Term Life",
            PolicyCategory.LIFE,
            "GPL",
            (250_000, 1_500_000, 50_000),
            (0.9, 2.8),
            (120, 240, 360),
            (18, 65),
            (PremiumFrequency.MONTHLY, PremiumFrequency.ANNUAL),
            Decimal("20.00"),
            "Pays the family the face amount when the insured person dies within the term.",
            (("WOP", "Waiver of premium"), ("CHILD", "Child term rider")),
        ),
        Product(
            "WHOLE",
            "Legacy Whole Life",
            PolicyCategory.LIFE,
            "GPL",
            (50_000, 250_000, 25_000),
            (11.0, 19.0),
            (480,),
            (18, 55),
            (PremiumFrequency.MONTHLY, PremiumFrequency.QUARTERLY),
            Decimal("22.50"),
            "Lifelong cover that builds cash value.",
        ),
        Product(
            "MEDIGAP",
            "Supplemental Health Plus",
            PolicyCategory.HEALTH,
            "CAS",
            (25_000, 150_000, 25_000),
            (14.0, 26.0),
            (12,),
            (18, 75),
            (PremiumFrequency.MONTHLY, PremiumFrequency.QUARTERLY),
            Decimal("12.00"),
            "Pays what the main health plan leaves open.",
            (("DENT", "Dental"), ("VIS", "Vision")),
        ),
        Product(
            "AUTO",
            "Auto Select",
            PolicyCategory.MOTOR,
            "HBM",
            (12_000, 60_000, 1_000),
            (32.0, 52.0),
            (12,),
            (18, 85),
            (PremiumFrequency.QUARTERLY, PremiumFrequency.MONTHLY, PremiumFrequency.ANNUAL),
            Decimal("11.00"),
            "Liability, collision and comprehensive cover of a private vehicle.",
            (("RENT", "Rental reimbursement"), ("ROAD", "Roadside assistance")),
        ),
        Product(
            "HOME",
            "Homeowner Shield",
            PolicyCategory.GENERAL,
            "HBM",
            (180_000, 750_000, 10_000),
            (3.2, 5.4),
            (12,),
            (18, 90),
            (PremiumFrequency.ANNUAL, PremiumFrequency.MONTHLY),
            Decimal("13.00"),
            "Fire, wind, hail, theft and liability of a home.",
        ),
    ),
    offers=(
        Offer("GHP", "Group health plan, per employee", (3_900, 7_600), is_per_head=True),
        Offer("GTL", "Group term life, per employee", (160, 420), is_per_head=True),
        Offer("FLEET", "Commercial auto, per vehicle", (1_450, 3_200)),
        Offer("BOP", "Business owner's policy, per location", (1_800, 9_500)),
    ),
    premium_step=Decimal("0.50"),
    income=(34_000, 210_000, 1_000),
    revenue=(600_000, 120_000_000, 100_000),
    own_numbers=("+17735550100", "+17735550101", "+17735550102"),
    words=ENGLISH,
    person=people("en"),
    street=streets("en", _line),
    company=company,
    phone=phone,
    money=money,
    spoken_date=spoken_date,
)
