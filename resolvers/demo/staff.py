"""Who works in a tenant: logins, users with their roles, teams, and the insurance agents in their tree."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from db.access import Role, RoleAssignment, Team, TeamMember, User
from db.enums.access import LoginStatus, TeamMemberRole
from db.enums.callbacks import CallbackCategory, CallbackRequestType
from db.enums.insurance_agents import InsuranceAgentStatus, InsuranceAgentVerificationStatus
from db.insurance_agents import InsuranceAgent
from resolvers.demo.book import Book, Row
from resolvers.demo.markets import Person
from resolvers.demo.plan import NAMESPACE, people_of
from resolvers.rules.access import SYSTEM_ROLES
from resolvers.rules.insurance_agents import WEEKDAYS

TRANSLITERATED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
SPECIALITIES: Final = (
    [CallbackCategory.POLICY.value, CallbackRequestType.CLAIM_ASSISTANCE.value],
    [CallbackCategory.BILLING.value],
    [CallbackCategory.GENERAL.value, CallbackCategory.POLICY.value],
)
COMMISSION: Final = (Decimal("5.00"), Decimal("15.00"), Decimal("10.00"))


@dataclass(slots=True)
class Staff:
    """The people of a tenant, and their logins, which are the organization's.

    `agents` begins with the one at the top of the tree. `selling` are those who may sell.
    """

    administrator: Row
    manager: Row
    support: list[Row]
    agents: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    logins: list[Row] = field(default_factory=list)
    members: dict[UUID, set[UUID]] = field(default_factory=dict)

    @property
    def selling(self) -> list[Row]:
        """The insurance agents who are approved."""
        return [agent for agent in self.agents if agent["status"] is InsuranceAgentStatus.ACTIVE]


def hire(book: Book) -> Staff:
    """Fill the tenant's posts: first by those who sign in, then by people whose names are drawn."""
    began_at = book.ago(days=365 * 6)
    roles = {
        role.key: book.add(
            Role,
            began_at,
            key=role.key,
            name=role.name,
            description=role.description,
            scope=role.scope,
            is_system=True,
            permissions=sorted(role.permissions),
        )
        for role in SYSTEM_ROLES.values()
    }
    desk = _Desk(book, roles, began_at)
    administrator = desk.post(desk.administrator_role, None)
    manager = desk.post("REGIONAL_MANAGER", administrator)
    support = [desk.post("SUPPORT_STAFF", manager) for _ in range(2)]
    staff = Staff(administrator, manager, support)
    seniors = max(1, (book.size.insurance_agents - 1) // 3)
    users = [manager, *(desk.post("SENIOR_AGENT", manager) for _ in range(seniors))]
    juniors = book.size.insurance_agents - len(users)
    users += [desk.post("JUNIOR_AGENT", users[1 + number % seniors]) for number in range(juniors)]
    staff.logins = desk.logins
    _license(book, staff, users, seniors)
    _team_up(book, staff)
    return staff


def spelled(text: str) -> str:
    """A name as it stands in an address: small ASCII letters, digits, hyphens and dots."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(TRANSLITERATED))
    plain = folded.encode("ascii", "ignore").decode().replace(" ", "-")
    return "".join(letter for letter in plain if letter.isalnum() or letter in ".-")


def address_of(person: Person, domain: str, taken: Collection[str]) -> str:
    """An e-mail address made of a name, with a number when others have it."""
    local = spelled(f"{person.first_name}.{person.last_name}")
    number, address = 1, f"{local}@{domain}"
    while address in taken:
        number += 1
        address = f"{local}{number}@{domain}"
    return address


class _Desk:
    """Hires people one after the other."""

    def __init__(self, book: Book, roles: dict[str, Row], began_at: datetime) -> None:
        self.book = book
        self.roles = roles
        self.began_at = began_at
        self.logins: list[Row] = []
        self._addresses: set[str] = set()
        self._waiting = people_of(book.plan)

    @property
    def administrator_role(self) -> str:
        """The role of the one who runs the tenant."""
        roles = [who.role_key for who in self._waiting if who.role_key.endswith("ADMIN")]
        return roles[0] if roles else "INSURANCE_PROVIDER_ADMIN"

    def post(self, role_key: str, manager: Row | None) -> Row:
        """A new user with that role."""
        book = self.book
        person, email = self._person(role_key)
        number = len(self.logins) + 1
        hired_at = self.began_at + timedelta(days=5 * number)
        login_id = uuid5(NAMESPACE, f"login/{email}")
        self.logins.append(self._login(login_id, email))
        user = book.add(
            User,
            hired_at,
            login_id=login_id,
            number=f"USR-{book.rng.getrandbits(40):010X}",
            username=email.partition("@")[0],
            email=email,
            first_name=person.first_name,
            last_name=person.last_name,
            display_name=f"{person.first_name} {person.last_name}",
            phone=None,
            job_title=book.words.job_titles[role_key],
            department_name=book.words.teams[2 if role_key == "SUPPORT_STAFF" else 0].name,
            manager_id=manager and manager["id"],
            employee_number=f"{book.plan.slug.upper()}-{number:03d}",
            hired_on=book.local_date(hired_at),
            gender=person.gender,
            locale=book.market.locale,
            timezone=book.market.timezone,
            date_format=book.market.date_format,
            time_format=book.market.time_format,
            default_currency=book.market.currency,
        )
        book.add(
            RoleAssignment,
            hired_at,
            user_id=user["id"],
            role_id=self.roles[role_key]["id"],
            assigned_by_id=manager and manager["id"],
            assigned_at=hired_at,
        )
        return user

    def _person(self, role_key: str) -> tuple[Person, str]:
        for who in self._waiting:
            if who.role_key == role_key:
                self._waiting.remove(who)
                self._addresses.add(who.email)
                return Person(who.first_name, who.last_name, who.gender), who.email
        person = self.book.market.person(self.book.rng)
        email = address_of(person, self.book.plan.domain, self._addresses)
        self._addresses.add(email)
        return person, email

    def _login(self, login_id: UUID, email: str) -> Row:
        return {
            "id": login_id,
            "organization_id": self.book.plan.organization.id,
            "email": email,
            "email_verified_at": self.began_at,
            "status": LoginStatus.ACTIVE,
            "is_password_change_required": False,
            "failed_attempts": 0,
            "sign_in_count": 0,
            "created_at": self.began_at,
            "updated_at": self.began_at,
        }


def _license(book: Book, staff: Staff, users: Sequence[Row], seniors: int) -> None:
    """Make insurance agents of users: one at the top, seniors below, juniors below those."""
    authority = book.market.insurers[0].authority
    for number, user in enumerate(users):
        level = 1 if number == 0 else 2 if number <= seniors else 3
        parent = None if level == 1 else staff.agents[0 if level == 2 else 1 + (number - 1 - seniors) % seniors]
        is_waiting = number == len(users) - 1 and len(users) > 5  # the newest one has not been approved yet
        approved_at = None if is_waiting else user["created_at"] + timedelta(days=14)
        agent = book.add(
            InsuranceAgent,
            user["created_at"],
            user_id=user["id"],
            agent_code=f"{book.market.country}-{number + 1:04d}",
            display_name=user["display_name"],
            license_number=f"{authority.upper()}-{number + 1:02d}{book.rng.randint(10**5, 10**6 - 1)}",
            license_expires_on=book.today + timedelta(days=book.rng.randint(120, 1_000)),
            license_issuing_authority=authority,
            business_name=book.plan.name if level == 1 else None,
            business_email=user["email"],
            territory=book.market.cities[number % len(book.market.cities)].name,
            regions=sorted({book.market.cities[(number + step) % len(book.market.cities)].state for step in (0, 1)}),
            languages=_languages(book, number),
            experience_years=book.rng.randint(1, 5) + (0, 14, 7, 1)[level],
            product_specializations=[book.market.products[(number + step) % 5].category.value for step in (0, 2)],
            commission_rate=COMMISSION[level - 1],
            currency=book.market.currency,
            parent_insurance_agent_id=parent and parent["id"],
            hierarchy_level=level,
            **_availability(book, number, is_on_call=number in (0, 1, 2, seniors + 1)),
            customer_satisfaction_score=None if is_waiting else round(book.rng.uniform(3.6, 4.9), 1),
            status=InsuranceAgentStatus.PENDING_APPROVAL if is_waiting else InsuranceAgentStatus.ACTIVE,
            is_available=not is_waiting,
            verification_status=(
                InsuranceAgentVerificationStatus.PENDING if is_waiting else InsuranceAgentVerificationStatus.VERIFIED
            ),
            approved_at=approved_at,
            approved_by_id=None if is_waiting else staff.administrator["id"],
        )
        if parent is not None:
            parent["downline_count"] += 1
        staff.agents.append(agent)


def _availability(book: Book, number: int, *, is_on_call: bool) -> dict[str, Any]:
    """Those on call take everything at any hour, the others what they know, on working days."""
    if is_on_call:
        return {"specialities": [], "availability_schedule": {}, "max_concurrent_callbacks": 5}
    weekly = {day: [["09:00", "19:00"]] for day in WEEKDAYS[: book.market.working_days]}
    return {
        "specialities": SPECIALITIES[number % len(SPECIALITIES)],
        "availability_schedule": {"timezone": book.market.timezone, "weekly": weekly},
        "max_concurrent_callbacks": 3,
    }


def _languages(book: Book, number: int) -> list[str]:
    spoken = {"IN": ["en", "hi", "mr", "gu"], "DE": ["de", "en", "tr"], "US": ["en", "es"]}[book.market.country]
    return [spoken[0], spoken[1 + number % (len(spoken) - 1)]]


def _team_up(book: Book, staff: Staff) -> None:
    """Sales for all who sell, renewals for those on call, service for support and those on call."""
    at = staff.manager["created_at"] + timedelta(days=120)
    sellers = [agent["user_id"] for agent in staff.agents]
    on_call = [agent["user_id"] for agent in staff.agents if not agent["availability_schedule"]]
    service = [*(user["id"] for user in staff.support), *on_call]
    for named, members in zip(book.words.teams, (sellers, on_call, service), strict=True):
        team = book.add(
            Team,
            at,
            name=named.name,
            description=named.description,
            manager_id=staff.manager["id"],
            created_by_id=staff.administrator["id"],
        )
        staff.teams.append(team)
        staff.members[team["id"]] = set(members)
        for user_id in members:
            is_lead = user_id == staff.manager["id"]
            book.add(
                TeamMember,
                at,
                team_id=team["id"],
                user_id=user_id,
                role=TeamMemberRole.LEAD if is_lead else TeamMemberRole.MEMBER,
                joined_at=at,
                added_by_id=staff.manager["id"],
            )
