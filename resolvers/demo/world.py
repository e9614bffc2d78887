"""One tenant of the demo: made in memory, and stored in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.access import Login
from db.core.keys import Keyring
from db.core.session import Database
from db.enums.organizations import (
    CompanySize,
    OrganizationComplianceStatus,
    OrganizationStatus,
    TenantStatus,
    TenantType,
)
from db.events import TenantClock
from db.organizations import Organization, Tenant
from resolvers.demo.activities import plan_activities
from resolvers.demo.book import Book, Row
from resolvers.demo.callbacks import make_callbacks, next_due_at
from resolvers.demo.calls import Switchboard
from resolvers.demo.customers import found_accounts, meet_contacts
from resolvers.demo.events import remember
from resolvers.demo.insurance import sell_policies
from resolvers.demo.plan import OrganizationPlan, TenantPlan
from resolvers.demo.sales import make_deals, open_pipelines
from resolvers.demo.staff import hire
from resolvers.demo.telephony import connect, seal
from resolvers.demo.webhooks import hook, seal_endpoint


@dataclass(frozen=True, slots=True)
class World:
    """A tenant, made and not stored: its rows, the logins of its people, its clock, and what needs a secret."""

    book: Book
    logins: list[Row]
    clock: Row
    integration: Row
    endpoint: Row


def make(plan: TenantPlan, now: datetime) -> World:
    """All rows of a tenant. Takes seconds for a large one, and may run in a thread."""
    book = Book(plan, now)
    staff = hire(book)
    accounts = found_accounts(book, staff)
    contacts = meet_contacts(book, staff, accounts)
    portfolio = sell_policies(book, staff, contacts)
    integration, lines = connect(book, staff)
    switchboard = Switchboard(book, integration, lines, contacts, portfolio)
    requests = make_callbacks(book, staff, contacts, portfolio, switchboard)
    switchboard.fill()
    deals = make_deals(book, open_pipelines(book, staff), contacts, accounts, portfolio)
    plan_activities(book, contacts, accounts, deals, portfolio, switchboard.calls)
    clock = remember(book, switchboard.calls, requests, next_due_at(requests))
    endpoint = hook(book, staff, clock["last_position"])
    return World(book, staff.logins, clock, integration, endpoint)


async def is_stored(database: Database, plan: TenantPlan) -> bool:
    """Whether the tenant's rows are there: its clock is stored with them."""
    async with database.reads(plan.id) as reads:
        return bool(await reads.scalars(select(TenantClock.tenant_id).where(TenantClock.tenant_id == plan.id)))


async def store(database: Database, keyring: Keyring, world: World) -> None:
    """Store a tenant, all or nothing; leave it as it is when somebody else was faster."""
    plan, now = world.book.plan, world.book.now
    async with database.reference() as session:
        await _sign_up(session, plan, now)
        await session.execute(insert(Login).on_conflict_do_nothing(), world.logins)
    async with database.write(plan.id) as session:
        fresh = insert(TenantClock).values(**world.clock).on_conflict_do_nothing()
        if await session.scalar(fresh.returning(TenantClock.tenant_id)) is None:
            return
        crypter = await keyring.for_tenant(session, plan.id, now)
        seal(world.integration, crypter)
        seal_endpoint(world.endpoint, crypter)
        await world.book.write(session)


async def _sign_up(session: AsyncSession, plan: TenantPlan, now: datetime) -> None:
    """The reference rows of organization and tenant, where they are missing."""
    at = now - timedelta(days=365 * 6 + 30)
    stamps = {"created_at": at, "updated_at": at}
    for kind, values in ((Organization, _organization(plan.organization)), (Tenant, _tenant(plan))):
        statement = insert(kind).values(**values, **stamps)
        await session.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def _organization(plan: OrganizationPlan) -> dict[str, Any]:
    city = plan.market.cities[0]
    return {
        "id": plan.id,
        "account_number": plan.account_number,
        "name": plan.name,
        "slug": plan.slug,
        "status": OrganizationStatus.ACTIVE,
        "business_type": "broker",
        "industry": "insurance",
        "city": city.name,
        "state": city.state,
        "country": plan.market.country,
        "phone": plan.market.own_numbers[0],
        "website": f"https://{plan.slug}.example",
        "compliance_status": OrganizationComplianceStatus.VERIFIED,
        "data_residency_region": plan.market.region,
        "edge_regions": [plan.market.region],
    }


def _tenant(plan: TenantPlan) -> dict[str, Any]:
    """With limits that what it holds stays within, and room for more."""
    return {
        "id": plan.id,
        "organization_id": plan.organization.id,
        "name": plan.name,
        "display_name": plan.name,
        "description": plan.description,
        "slug": plan.slug,
        "subdomain": plan.slug,
        "tenant_type": TenantType.AGENT_NETWORK,
        "status": TenantStatus.ACTIVE,
        "industry": "insurance",
        "company_size": CompanySize.SMALL,
        "country": plan.market.country,
        "timezone": plan.market.timezone,
        "locale": plan.market.locale,
        "default_currency": plan.market.currency,
        "plan_tier": plan.plan_tier,
        "max_concurrent_calls": 20,
        "max_voice_agents": 10,
        "max_phone_numbers": 10,
        "theme": {"primary": "#1d4e89", "accent": "#f79256"},
    }
