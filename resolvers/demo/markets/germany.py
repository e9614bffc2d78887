"""Germany, as the demo sees it: Berlin and other cities, euros, products of a small German broker."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

from db.enums.access import TimeFormat
from db.enums.insurance_agents import InsuranceProviderType
from db.enums.policies import PolicyCategory, PremiumFrequency
from resolvers.demo.markets import City, Insurer, Market, Offer, Product
from resolvers.demo.markets.named import people, streets
from resolvers.demo.words.german import GERMAN

_FIRMS: Final = (
    *("Brandt", "Lindner", "Hansen", "Krüger", "Vogel", "Seidel", "Winkler", "Albrecht", "Busch", "Jansen"),
    *("Kessler", "Ritter", "Thoma", "Weiland"),
)
_TRADES: Final = (
    *("Maschinenbau GmbH", "Logistik GmbH", "Bäckereien GmbH", "Metallbau GmbH", "Elektrotechnik GmbH"),
    *("Möbelwerk GmbH", "Pflegedienste gGmbH", "Druckerei KG", "Softwarehaus GmbH", "Gartenbau KG"),
    *("Sanitärtechnik GmbH",),
)
# Numbers that the Bundesnetzagentur keeps free for films and books, a thousand of each.
_FREE_NUMBERS: Final = ("+493023125", "+494066969", "+49221471", "+496990009", "+498999998")
_MONTHS: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober"),
    *("November", "Dezember"),
)


def company(number: int) -> str:
    """A company named after a family; the names repeat after 154."""
    return f"{_FIRMS[number % len(_FIRMS)]} {_TRADES[number % len(_TRADES)]}"


def phone(number: int) -> str:
    """A number that nobody has; there are 4,500, and those from 900 on are the tenant's own."""
    number = (number * 7 + 13) % 4_500
    prefix = _FREE_NUMBERS[number % len(_FREE_NUMBERS)]
    tail = number // len(_FREE_NUMBERS)
    return f"{prefix}{tail:03d}" if len(prefix) == 10 else f"{prefix}0{tail:03d}"


def money(amount: Decimal) -> str:
    """Euros as they are written: 1.250,50 €."""
    text = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{text} €"


def spoken_date(day: date) -> str:
    """A date as it is said: 5. März."""
    return f"{day.day}. {_MONTHS[day.month - 1]}"


def _line(name: str, rng: Random) -> str:
    return f"{name} {rng.randint(1, 140)}"


GERMANY: Final = Market(
    country="DE",
    locale="de-DE",
    language="de-DE",
    timezone="Europe/Berlin",
    currency="EUR",
    date_format="DD.MM.YYYY",
    time_format=TimeFormat.HOURS_24,
    working_days=5,
    region="eu-central-1",
    cities=(
        City("Berlin", "Berlin", "10"),
        City("Berlin", "Berlin", "12"),
        City("Hamburg", "Hamburg", "20"),
        City("Köln", "Nordrhein-Westfalen", "50"),
        City("Frankfurt am Main", "Hessen", "60"),
        City("München", "Bayern", "80"),
    ),
    insurers=(
        Insurer("ALP", "Alpenland Leben", InsuranceProviderType.LIFE_INSURANCE, 1922, "München", "BaFin"),
        Insurer("RHK", "Rheinische Kranken", InsuranceProviderType.HEALTH_INSURANCE, 1951, "Köln", "BaFin"),
        Insurer("HAN", "Hanse Sach", InsuranceProviderType.GENERAL_INSURANCE, 1888, "Hamburg", "BaFin"),
    ),
    products=(
        Product(
            "RISIKO",
            "Risikolebensversicherung Familie",
            PolicyCategory.LIFE,
            "ALP",
            (150_000, 500_000, 50_000),
            (1.0, 2.6),
            (180, 240, 300),
            (18, 60),
            (PremiumFrequency.MONTHLY, PremiumFrequency.ANNUAL, PremiumFrequency.QUARTERLY),
            Decimal("9.00"),
            "Zahlt der Familie die Versicherungssumme, wenn die versicherte Person während der Laufzeit stirbt.",
            (("DD", "Schwere Krankheiten"), ("BU", "Beitragsbefreiung bei Berufsunfähigkeit")),
        ),
        Product(
            "RENTE",
            "Private Rente Plus",
            PolicyCategory.LIFE,
            "ALP",
            (20_000, 100_000, 10_000),
            (36.0, 52.0),
            (240, 300, 360),
            (18, 55),
            (PremiumFrequency.MONTHLY, PremiumFrequency.QUARTERLY),
            Decimal("7.50"),
            "Spart für das Alter und zahlt eine Rente auf Lebenszeit.",
        ),
        Product(
            "ZAHN",
            "Krankenzusatz Zahn und Klinik",
            PolicyCategory.HEALTH,
            "RHK",
            (5_000, 30_000, 5_000),
            (28.0, 46.0),
            (12,),
            (18, 70),
            (PremiumFrequency.MONTHLY, PremiumFrequency.QUARTERLY, PremiumFrequency.ANNUAL),
            Decimal("12.00"),
            "Ergänzt die gesetzliche Kasse bei Zahnersatz und im Krankenhaus.",
            (("KTG", "Krankenhaustagegeld"),),
        ),
        Product(
            "KFZ",
            "Kfz Vollkasko Komfort",
            PolicyCategory.MOTOR,
            "HAN",
            (12_000, 55_000, 1_000),
            (17.0, 34.0),
            (12,),
            (18, 80),
            (PremiumFrequency.ANNUAL, PremiumFrequency.QUARTERLY),
            Decimal("8.00"),
            "Haftpflicht und Vollkasko für einen privaten Pkw.",
            (("SB", "Schutzbrief"), ("RAB", "Rabattschutz")),
        ),
        Product(
            "HAUSRAT",
            "Hausrat Rundum",
            PolicyCategory.GENERAL,
            "HAN",
            (30_000, 120_000, 5_000),
            (1.8, 3.2),
            (12,),
            (18, 85),
            (PremiumFrequency.ANNUAL,),
            Decimal("15.00"),
            "Feuer, Einbruch, Leitungswasser und Sturm.",
        ),
    ),
    offers=(
        Offer("BAV", "Betriebliche Altersvorsorge, je Mitarbeiter", (480, 1_450), is_per_head=True),
        Offer("BKV", "Betriebliche Krankenversicherung, je Mitarbeiter", (190, 520), is_per_head=True),
        Offer("FLOTTE", "Flottenversicherung, je Fahrzeug", (780, 1_900)),
        Offer("BHV", "Betriebshaftpflicht, je Standort", (1_150, 4_800)),
    ),
    premium_step=Decimal("0.10"),
    income=(28_000, 140_000, 1_000),
    revenue=(800_000, 90_000_000, 100_000),
    own_numbers=("+493023125900", "+493023125901", "+494066969902"),
    words=GERMAN,
    person=people("de"),
    street=streets("de", _line),
    company=company,
    phone=phone,
    money=money,
    spoken_date=spoken_date,
)
