"""Who the demo is about: organizations, their tenants, who signs in, and how much each tenant holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from db.enums.callbacks import CallbackStatus
from db.enums.organizations import PlanTier
from resolvers.demo.markets import Market
from resolvers.demo.markets.germany import GERMANY
from resolvers.demo.markets.india import INDIA
from resolvers.demo.markets.usa import USA
from resolvers.rules.access import SYSTEM_ROLES

SEED: Final = "suraksha"  # another word makes other people, amounts and dates
NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://suraksha.example/demo")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody of the demo who has a password: at home in one tenant, with one system role there."""

    email: str
    role_key: str
    tenant: str
    first_name: str
    last_name: str
    gender: str

    @property
    def role(self) -> str:
        """The role's name."""
        return SYSTEM_ROLES[self.role_key].name


@dataclass(frozen=True, slots=True)
class OrganizationPlan:
    """A business that signed up."""

    slug: str
    name: str
    account_number: str
    market: Market

    @property
    def id(self) -> UUID:
        """The same in every database."""
        return uuid5(NAMESPACE, f"organization/{self.slug}")


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each a tenant holds. `days` is how far its calls and deals go back.

    Of each `transcribed_every` calls that were answered one has a transcript. `open_callbacks` says how many
    callbacks there are in each open state; the others of `callbacks` have come to their end.
    """

    contacts: int
    accounts: int
    insurance_agents: int
    policies: int
    deals: int
    activities: int
    voice_agents: int
    calls: int
    live_calls: int
    callbacks: int
    open_callbacks: Mapping[CallbackStatus, int] = field(default_factory=dict)
    days: int = 30
    transcribed_every: int = 1


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """A tenant: whose it is, where it does business, and how much it holds."""

    slug: str
    name: str
    description: str
    organization: OrganizationPlan
    market: Market
    size: Size
    domain: str
    plan_tier: PlanTier = PlanTier.PROFESSIONAL

    @property
    def id(self) -> UUID:
        """The same in every database."""
        return uuid5(NAMESPACE, f"tenant/{self.slug}")


SURAKSHA: Final = OrganizationPlan("suraksha", "Suraksha Insurance Services", "AYB-SUR4-KSHA-2019", INDIA)
NORTHWIND: Final = OrganizationPlan("northwind", "Northwind Insurance Brokers", "AYB-N0RT-HW1N-2021", USA)

_WHOLE: Final = Size(
    contacts=60,
    accounts=12,
    insurance_agents=10,
    policies=80,
    deals=40,
    activities=60,
    voice_agents=3,
    calls=120,
    live_calls=4,
    callbacks=40,
    open_callbacks={
        CallbackStatus.PENDING: 8,
        CallbackStatus.ASSIGNED: 7,
        CallbackStatus.IN_PROGRESS: 4,
        CallbackStatus.OVERDUE: 4,
    },
)
_HALF: Final = Size(
    contacts=30,
    accounts=6,
    insurance_agents=5,
    policies=36,
    deals=18,
    activities=24,
    voice_agents=2,
    calls=50,
    live_calls=2,
    callbacks=16,
    open_callbacks={
        CallbackStatus.PENDING: 3,
        CallbackStatus.ASSIGNED: 3,
        CallbackStatus.IN_PROGRESS: 1,
        CallbackStatus.OVERDUE: 2,
    },
)
_LARGE: Final = Size(  # times twenty: what the benchmark asks for
    contacts=1_200,
    accounts=100,
    insurance_agents=12,
    policies=800,
    deals=2_500,
    activities=5_000,
    voice_agents=3,
    calls=10_000,
    live_calls=8,
    callbacks=200,
    open_callbacks={
        CallbackStatus.PENDING: 20,
        CallbackStatus.ASSIGNED: 8,
        CallbackStatus.IN_PROGRESS: 5,
        CallbackStatus.OVERDUE: 5,
    },
    days=365,
    transcribed_every=25,
)

SMALL: Final = (
    TenantPlan(
        "suraksha",
        "Suraksha Mumbai",
        "Life, health and motor insurance for families and businesses in western India.",
        SURAKSHA,
        INDIA,
        _WHOLE,
        "suraksha.example",
    ),
    TenantPlan(
        "suraksha-eu",
        "Suraksha Europa",
        "Versicherungen für Familien und Betriebe in Deutschland.",
        SURAKSHA,
        GERMANY,
        _HALF,
        "eu.suraksha.example",
    ),
    TenantPlan(
        "northwind",
        "Northwind Midwest",
        "Life, health and property insurance for families and small businesses in the Midwest.",
        NORTHWIND,
        USA,
        _HALF,
        "northwind.example",
    ),
)

_CITIES: Final = (
    *(("Pune", INDIA), ("Nagpur", INDIA), ("Surat", INDIA), ("Kochi", INDIA), ("Jaipur", INDIA)),
    *(("Indore", INDIA), ("Lucknow", INDIA), ("Mysuru", INDIA), ("Hamburg", GERMANY), ("Bremen", GERMANY)),
    *(("Leipzig", GERMANY), ("Stuttgart", GERMANY), ("Dresden", GERMANY), ("Mainz", GERMANY)),
    *(("Omaha", USA), ("Des Moines", USA), ("Madison", USA), ("Columbus", USA), ("Tulsa", USA), ("Boise", USA)),
)


def _large(number: int, city: str, market: Market) -> TenantPlan:
    slug = f"large-{number:02d}"
    name = f"{city} Insurance Brokers"
    organization = OrganizationPlan(slug, name, f"AYB-L4RG-0000-{number:04d}", market)
    description = f"One of the {len(_CITIES)} tenants of the large data set."
    tier = PlanTier.ENTERPRISE
    return TenantPlan(slug, name, description, organization, market, _LARGE, f"{slug}.example", tier)


LARGE: Final = tuple(_large(number, city, market) for number, (city, market) in enumerate(_CITIES, start=1))

SIGN_INS: Final = (
    SignIn("admin@suraksha.example", "SUPER_ADMIN", "suraksha", "Kavita", "Menon", "FEMALE"),
    SignIn("manager@suraksha.example", "REGIONAL_MANAGER", "suraksha", "Rajesh", "Kulkarni", "MALE"),
    SignIn("senior@suraksha.example", "SENIOR_AGENT", "suraksha", "Anita", "Sharma", "FEMALE"),
    SignIn("junior@suraksha.example", "JUNIOR_AGENT", "suraksha", "Vikram", "Patil", "MALE"),
    SignIn("support@suraksha.example", "SUPPORT_STAFF", "suraksha", "Meera", "Iyer", "FEMALE"),
    SignIn("admin@northwind.example", "INSURANCE_PROVIDER_ADMIN", "northwind", "Laura", "Bennett", "FEMALE"),
)
"""Who signs in to the demo; the first is the administrator of the demo tenant."""


def people_of(plan: TenantPlan) -> list[SignIn]:
    """The sign-ins that have a user in the tenant: those at home there, and its organization's super admins."""
    homes = {home.slug: home.organization for home in SMALL}
    return [
        who
        for who in SIGN_INS
        if who.tenant == plan.slug or (who.role_key == "SUPER_ADMIN" and homes[who.tenant] is plan.organization)
    ]


def plans(size: str) -> tuple[TenantPlan, ...]:
    """The tenants of a size: `large` has those of `small`, and twenty more. Raises ValueError for others."""
    match size:
        case "small":
            return SMALL
        case "large":
            return SMALL + LARGE
    raise ValueError(f"There is no size {size!r}: choose small or large.")
