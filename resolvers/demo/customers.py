"""The companies and persons that a tenant deals with."""

from datetime import date, datetime, timedelta
from typing import Final

from db.contacts import Account, Contact
from db.enums.contacts import (
    AccountPriority,
    AccountStatus,
    AccountType,
    ContactMethod,
    ContactStatus,
    CustomerValue,
    RiskProfile,
)
from resolvers.demo.book import Book, Row
from resolvers.demo.staff import Staff, address_of, spelled

CUSTOMER_SHARE: Final = 0.75  # of the contacts; the others only may become customers
YEARS_KNOWN: Final = 5

_VALUES: Final = (
    (CustomerValue.BRONZE, 50.0),
    (CustomerValue.SILVER, 28.0),
    (CustomerValue.GOLD, 15.0),
    (CustomerValue.PLATINUM, 7.0),
)
_METHODS: Final = (
    (ContactMethod.PHONE, 40.0),
    (ContactMethod.EMAIL, 30.0),
    (ContactMethod.WHATSAPP, 20.0),
    (ContactMethod.SMS, 7.0),
    (ContactMethod.POST, 3.0),
)
_STATUSES: Final = (
    (ContactStatus.ACTIVE, 92.0),
    (ContactStatus.INACTIVE, 5.0),
    (ContactStatus.SUSPENDED, 1.0),
    (ContactStatus.ARCHIVED, 2.0),
)
_ACCOUNT_TYPES: Final = (
    (AccountType.CUSTOMER, 60.0),
    (AccountType.PROSPECT, 25.0),
    (AccountType.PARTNER, 10.0),
    (AccountType.FORMER_CUSTOMER, 5.0),
)


def found_accounts(book: Book, staff: Staff) -> list[Row]:
    """Companies; the second and third belong to the first."""
    accounts: list[Row] = []
    for number in range(book.size.accounts):
        at = book.working_time(book.ago(days=365 * 4), book.ago(days=60))
        owner_id = book.pick(staff.selling)["user_id"]
        name = book.market.company(number)
        slug = spelled(name)
        city = book.pick(book.market.cities)
        address = {
            "line1": book.market.street(book.rng),
            "city": city.name,
            "state": city.state,
            "postal_code": _postal_code(book, city.postal_prefix),
            "country": book.market.country,
        }
        account_type = book.weighted(_ACCOUNT_TYPES)
        accounts.append(
            book.add(
                Account,
                at,
                name=name,
                account_number=f"ACC-{number + 1:05d}",
                account_type=account_type,
                industry=book.pick(book.words.industries),
                website=f"https://{slug}.example",
                annual_revenue=book.amount(*book.market.revenue),
                currency=book.market.currency,
                employee_count=book.rng.randint(8, 900),
                founded_year=book.rng.randint(1952, book.today.year - 3),
                billing_address=address,
                shipping_address=address,
                phone=book.market.phone(book.size.contacts + number),
                email=f"office@{slug}.example",
                status=AccountStatus.ACTIVE,
                priority=book.pick(tuple(AccountPriority)),
                health_score=book.rng.randint(35, 98) if account_type is AccountType.CUSTOMER else 0,
                parent_account_id=accounts[0]["id"] if number in (1, 2) else None,
                owner_id=owner_id,
                account_manager_id=staff.manager["id"],
                created_by_id=owner_id,
            )
        )
    return accounts


def meet_contacts(book: Book, staff: Staff, accounts: list[Row]) -> list[Row]:
    """Persons, each looked after by an insurance agent: customers of long standing first, then prospects."""
    contacts: list[Row] = []
    addresses: set[str] = set()
    customers = int(book.size.contacts * CUSTOMER_SHARE)
    for number in range(book.size.contacts):
        is_customer = number < customers
        known_since = book.ago(days=365 * YEARS_KNOWN if is_customer else 300)
        at = book.working_time(known_since, book.ago(days=500 if is_customer else 2))
        account = accounts[number // 3 % len(accounts)] if number % 3 == 0 else None
        contacts.append(_contact(book, staff, number, at, account, addresses))
        if not is_customer:
            contacts[-1] |= {"status": ContactStatus.ACTIVE, "customer_value": CustomerValue.BRONZE}
    return contacts


def _contact(book: Book, staff: Staff, number: int, at: datetime, account: Row | None, addresses: set[str]) -> Row:
    market, rng = book.market, book.rng
    person = market.person(rng)
    email = address_of(person, "mail.example", addresses)
    addresses.add(email)
    city = book.pick(market.cities)
    owner_id = book.pick(staff.selling)["user_id"]
    return book.add(
        Contact,
        at,
        external_id=f"{market.country}-{number + 1:06d}",
        first_name=person.first_name,
        last_name=person.last_name,
        email=email,
        mobile=market.phone(number),
        company=account["name"] if account else None,
        job_title=book.pick(book.words.positions if account else book.words.professions),
        born_on=_birthday(book),
        gender=person.gender,
        address_line1=market.street(rng),
        city=city.name,
        state=city.state,
        postal_code=_postal_code(book, city.postal_prefix),
        country=market.country,
        tags=sorted(rng.sample(book.words.tags, rng.choice((0, 0, 1, 1, 2)))),
        notes=book.pick(book.words.contact_notes) if book.chance(0.2) else None,
        preferred_contact_method=book.weighted(_METHODS),
        timezone=market.timezone,
        locale=market.locale,
        status=book.weighted(_STATUSES),
        risk_profile=book.pick(tuple(RiskProfile)),
        customer_value=book.weighted(_VALUES),
        lead_score=rng.randint(5, 95),
        account_id=account["id"] if account else None,
        owner_id=owner_id,
        created_by_id=owner_id,
    )


def _birthday(book: Book) -> date:
    """Between 26 and 48 years ago: old enough for every product six years back, young enough today."""
    return book.today - timedelta(days=book.rng.randint(26 * 366, 48 * 365))


def _postal_code(book: Book, prefix: str) -> str:
    digits = 6 if book.market.country == "IN" else 5
    return prefix + "".join(book.rng.choice("0123456789") for _ in range(digits - len(prefix)))
