"""India, as the demo sees it: Mumbai and the west, rupees, products that families and small firms buy."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

from db.enums.access import TimeFormat
from db.enums.insurance_agents import InsuranceProviderType
from db.enums.policies import PolicyCategory, PremiumFrequency
from resolvers.demo.markets import City, Insurer, Market, Offer, Person, Product
from resolvers.demo.words.english import ENGLISH

# mimesis has no Indian names.
_WOMEN: Final = (
    *("Aarti", "Aditi", "Anjali", "Asha", "Deepa", "Divya", "Farah", "Gauri", "Ishita", "Jyoti", "Kalpana"),
    *("Lata", "Madhuri", "Nandini", "Neha", "Pallavi", "Pooja", "Priya", "Rekha", "Ritu", "Sanjana", "Shalini"),
    *("Shruti", "Smita", "Sneha", "Sunita", "Swati", "Tanvi", "Usha", "Vaishali", "Vidya", "Zoya"),
)
_MEN: Final = (
    *("Aakash", "Abhijit", "Ajay", "Akash", "Amit", "Anand", "Arjun", "Ashok", "Bharat", "Chetan", "Deepak"),
    *("Dilip", "Farhan", "Ganesh", "Girish", "Harish", "Imran", "Jayesh", "Karan", "Mahesh", "Manoj", "Mihir"),
    *("Nikhil", "Nitin", "Prakash", "Pranav", "Rahul", "Rohan", "Sachin", "Sanjay", "Suresh", "Tushar", "Vivek"),
)
_FAMILIES: Final = (
    *("Agarwal", "Apte", "Bhosale", "Chavan", "Chopra", "D'Souza", "Dalal", "Deshmukh", "Deshpande", "Doshi"),
    *("Fernandes", "Gaikwad", "Ghosh", "Gupta", "Iyer", "Jadhav", "Jain", "Joshi", "Kadam", "Kapoor", "Khan"),
    *("Kulkarni", "Mehta", "Mishra", "More", "Nair", "Pandit", "Parekh", "Patel", "Pawar", "Pillai", "Qureshi"),
    *("Rane", "Rao", "Reddy", "Sawant", "Shah", "Sharma", "Shetty", "Shinde", "Siddiqui", "Singh", "Trivedi"),
)
_STREETS: Final = (
    *("Hill Road", "Linking Road", "S. V. Road", "L. B. S. Marg", "M. G. Road", "Station Road", "Senapati Bapat Marg"),
    *("Tilak Road", "Carter Road", "Veer Savarkar Marg", "Gokhale Road", "Lokmanya Nagar", "Shivaji Path"),
)
_HOUSES: Final = ("Sai Krupa", "Ganga Niwas", "Shanti Kunj", "Lotus Heights", "Silver Oak", "Om Sadan", "Palm Court")
_FIRMS: Final = (
    *("Deccan", "Konkan", "Sahyadri", "Malabar", "Narmada", "Himgiri", "Godavari", "Vindhya", "Kaveri", "Aravalli"),
    *("Nilgiri", "Satpura", "Chambal", "Mandovi"),
)
_TRADES: Final = (
    *("Textiles", "Logistics", "Foods", "Pharma", "Auto Components", "Infotech", "Exports", "Engineering"),
    *("Polymers", "Hospitality", "Ceramics"),
)
_LAKH: Final = 100_000
_TERM_RIDERS: Final = (("ADB", "Accidental death benefit"), ("CI", "Critical illness"))


def person(rng: Random) -> Person:
    """A name from western India, mostly."""
    gender = rng.choice(("FEMALE", "MALE"))
    return Person(rng.choice(_WOMEN if gender == "FEMALE" else _MEN), rng.choice(_FAMILIES), gender)


def street(rng: Random) -> str:
    """A flat, a house and a road."""
    return f"{rng.randint(1, 24)}{rng.choice('01')}{rng.randint(1, 4)}, {rng.choice(_HOUSES)}, {rng.choice(_STREETS)}"


def company(number: int) -> str:
    """A private limited company; the names repeat after 154."""
    return f"{_FIRMS[number % len(_FIRMS)]} {_TRADES[number % len(_TRADES)]} Pvt Ltd"


def phone(number: int) -> str:
    """A number that nobody has: no Indian mobile number begins with 5."""
    return f"+9155{(number * 7_919 + 20_483_115) % 100_000_000:08d}"


def money(amount: Decimal) -> str:
    """Rupees, grouped in lakhs and crores; paise where there are any."""
    whole, _, paise = f"{amount:.2f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return "₹" + ",".join([*groups, tail]) + (f".{paise}" if paise != "00" else "")


def spoken_date(day: date) -> str:
    """A date as it is said: 5 March."""
    return f"{day.day} {day:%B}"


INDIA: Final = Market(
    country="IN",
    locale="en-IN",
    language="en-IN",
    timezone="Asia/Kolkata",
    currency="INR",
    date_format="DD/MM/YYYY",
    time_format=TimeFormat.HOURS_12,
    working_days=6,
    region="ap-south-1",
    cities=(
        City("Mumbai", "Maharashtra", "4000"),
        City("Mumbai", "Maharashtra", "4000"),
        City("Thane", "Maharashtra", "4006"),
        City("Navi Mumbai", "Maharashtra", "4007"),
        City("Pune", "Maharashtra", "4110"),
        City("Nashik", "Maharashtra", "4220"),
        City("Ahmedabad", "Gujarat", "3800"),
        City("Panaji", "Goa", "4030"),
    ),
    insurers=(
        Insurer("BJL", "Bharat Jeevan Life", InsuranceProviderType.LIFE_INSURANCE, 1998, "Mumbai", "IRDAI"),
        Insurer("SAN", "Sanjeevani Health", InsuranceProviderType.HEALTH_INSURANCE, 2007, "Chennai", "IRDAI"),
        Insurer("NAV", "Navratna General", InsuranceProviderType.GENERAL_INSURANCE, 2001, "Mumbai", "IRDAI"),
    ),
    products=(
        Product(
            "TERM",
            "Jeevan Kavach Term Plan",
            PolicyCategory.LIFE,
            "BJL",
            (50 * _LAKH, 200 * _LAKH, 25 * _LAKH),
            (1.1, 2.4),
            (240, 300, 360),
            (18, 60),
            (PremiumFrequency.ANNUAL, PremiumFrequency.HALF_YEARLY, PremiumFrequency.MONTHLY),
            Decimal("12.50"),
            "Pays the family the sum assured when the insured person dies within the term.",
            _TERM_RIDERS,
        ),
        Product(
            "ENDOW",
            "Jeevan Sanchay Endowment",
            PolicyCategory.LIFE,
            "BJL",
            (5 * _LAKH, 20 * _LAKH, 5 * _LAKH),
            (55.0, 75.0),
            (180, 240),
            (18, 55),
            (PremiumFrequency.QUARTERLY, PremiumFrequency.MONTHLY, PremiumFrequency.ANNUAL),
            Decimal("15.00"),
            "Saves for a goal and insures a life at the same time.",
        ),
        Product(
            "FLOATER",
            "Arogya Family Floater",
            PolicyCategory.HEALTH,
            "SAN",
            (5 * _LAKH, 25 * _LAKH, 5 * _LAKH),
            (22.0, 38.0),
            (12,),
            (18, 70),
            (PremiumFrequency.ANNUAL, PremiumFrequency.QUARTERLY, PremiumFrequency.MONTHLY),
            Decimal("15.00"),
            "Covers hospital bills of the whole family under one sum insured.",
            (("OPD", "Outpatient cover"), ("MAT", "Maternity cover")),
        ),
        Product(
            "CAR",
            "Safar Private Car Comprehensive",
            PolicyCategory.MOTOR,
            "NAV",
            (3 * _LAKH, 12 * _LAKH, _LAKH),
            (28.0, 36.0),
            (12,),
            (18, 80),
            (PremiumFrequency.ANNUAL,),
            Decimal("10.00"),
            "Own damage and third-party liability of a private car.",
            (("ZERO", "Zero depreciation"), ("RSA", "Roadside assistance")),
        ),
        Product(
            "HOME",
            "Ghar Raksha Home Shield",
            PolicyCategory.GENERAL,
            "NAV",
            (20 * _LAKH, 80 * _LAKH, 10 * _LAKH),
            (0.9, 1.6),
            (12,),
            (18, 80),
            (PremiumFrequency.ANNUAL,),
            Decimal("15.00"),
            "Fire, burglary and monsoon damage to a home and what is in it.",
        ),
    ),
    offers=(
        Offer("GMC", "Group health cover, per employee", (4_200, 9_800), is_per_head=True),
        Offer("GPA", "Group accident cover, per employee", (650, 1_400), is_per_head=True),
        Offer("FLEET", "Fleet motor cover, per vehicle", (11_000, 26_000)),
        Offer("FIRE", "Fire and burglary cover, per site", (38_000, 145_000)),
    ),
    premium_step=Decimal(10),
    income=(4 * _LAKH, 60 * _LAKH, 50_000),
    revenue=(200 * _LAKH, 60_000 * _LAKH, 50 * _LAKH),
    own_numbers=("+912255500100", "+912255500101", "+912255500102", "+912055500103"),
    words=ENGLISH,
    person=person,
    street=street,
    company=company,
    phone=phone,
    money=money,
    spoken_date=spoken_date,
)
