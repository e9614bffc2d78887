"""The demo as it is stored: once, whole, with figures that equal a recount, and sign-ins that work."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.access import Login, Role, Team, User
from db.all import metadata
from db.callbacks import CallbackRequest
from db.calls import Call
from db.contacts import Contact
from db.core.cluster import Addresses
from db.core.keys import Keyring
from db.core.url import asyncpg_url
from db.deals import Deal, DealProduct, DealStageChange
from db.enums.access import TeamType
from db.enums.calls import CallStatus
from db.enums.deals import DealStatus
from db.enums.policies import PolicyStatus
from db.enums.voice_agents import VoiceAgentStatus
from db.events import Event, TenantClock
from db.insurance_agents import InsuranceAgent
from db.integrations import Integration
from db.organizations import Tenant
from db.policies import Policy
from db.telephony import PhoneNumber
from db.voice_agents import VoiceAgent
from resolvers import demo
from resolvers.access import ensure_system_roles, passwords, sign_in
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Context, Request, Services
from resolvers.core.wakeups import Wakeups
from resolvers.demo import world
from resolvers.integrations import address_hashes_of, secrets_of
from resolvers.rules import Invalid
from resolvers.rules.access import PERMISSIONS
from resolvers.rules.callbacks import OPEN_STATUSES
from tests.conftest import SharedServer
from tests.factories.access import CountingHasher
from tests.support.pools import pool
from tests.support.store import START

PASSWORDS = {who.email: f"{who.role_key} of {who.tenant}" for who in demo.SIGN_INS}
SLUGS = [plan.slug for plan in demo.SMALL]


@pytest.fixture(autouse=True, scope="module")
def hasher() -> Iterator[CountingHasher]:
    """Cheap hashing."""
    with pytest.MonkeyPatch.context() as patch:
        made = CountingHasher()
        patch.setattr(passwords, "hasher", made)
        yield made


@pytest.fixture(scope="module")
def addresses(test_server: SharedServer, template: str, worker_id: str) -> Iterator[Addresses]:
    """A database of this module's own: the demo's names are the same in every one."""
    name = f"{test_server.prefix}_demo_{worker_id}"
    yield test_server.cluster.create_database(name, template)
    test_server.cluster.drop_database(name)


@pytest.fixture(scope="module")
async def loaded(addresses: Addresses) -> AsyncIterator[Services]:
    """The services of a process that has loaded the small demo."""
    database = pool(addresses.app, pool_size=4)
    wakeups = Wakeups(addresses.app)
    services = Services(database, Keyring(b"k" * 32), FixedClock(START), wakeups)
    await demo.load(services, passwords=PASSWORDS, size="small", say=print)
    yield services
    await wakeups.close()
    await database.close()


@pytest.fixture(scope="module")
async def owner(addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    """A connection that sees every tenant."""
    engine = create_async_engine(asyncpg_url(addresses.owner), pool_size=2)
    yield engine
    await engine.dispose()


async def rows(owner: AsyncEngine, statement: Any) -> list[Any]:
    """All rows of a statement, past both tenant locks."""
    async with owner.connect() as connection:
        return list(await connection.execute(statement))


async def everything(owner: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as text."""
    tables: list[Table] = metadata.sorted_tables
    return {
        table.name: sorted(tuple(row) for row in await rows(owner, text(f'SELECT t::text FROM "{table.name}" t')))
        for table in tables
    }


def quietly(_line: str) -> None:
    """Progress that nobody reads."""


async def test_loading_twice_is_loading_once(loaded: Services, owner: AsyncEngine) -> None:
    before = await everything(owner)
    said: list[str] = []
    await demo.load(loaded, passwords=PASSWORDS, size="small", say=said.append)
    assert await everything(owner) == before
    assert said == []
    assert len(before["tenants"]) == len(SLUGS)


async def test_loading_goes_on_where_it_was_interrupted(addresses: Addresses, test_server: SharedServer) -> None:
    name = f"{test_server.prefix}_interrupted"
    own = test_server.cluster.create_database(name, f"{test_server.prefix}_template")
    database = pool(own.app, pool_size=4)
    try:
        services = Services(database, Keyring(b"k" * 32), FixedClock(START), Wakeups(own.app))
        first, *others = demo.SMALL
        await world.store(database, services.keyring, world.make(first, START))
        said: list[str] = []
        await demo.load(services, passwords=PASSWORDS, size="small", say=said.append)
        assert said[0] == "Loading demo data (small): 2 tenants …"
        assert {line.partition(": ")[2] for line in said[1:]} == {plan.name for plan in others}
    finally:
        await database.close()
        test_server.cluster.drop_database(name)


async def test_two_who_load_at_once_load_it_once(test_server: SharedServer, template: str) -> None:
    name = f"{test_server.prefix}_at_once"
    own = test_server.cluster.create_database(name, template)
    database = pool(own.app, pool_size=6)
    try:
        services = Services(database, Keyring(b"k" * 32), FixedClock(START), Wakeups(own.app))
        made = [world.make(demo.SMALL[2], START) for _ in range(2)]
        await asyncio.gather(*(world.store(database, services.keyring, each) for each in made))
        async with database.reads(demo.SMALL[2].id) as reads:
            (count,) = await reads.scalars(select(func.count()).select_from(Deal))
        assert count == demo.SMALL[2].size.deals
    finally:
        await database.close()
        test_server.cluster.drop_database(name)


async def test_the_demo_has_what_it_promises(loaded: Services, owner: AsyncEngine) -> None:
    stored = await rows(owner, select(Tenant.slug, Tenant.default_currency, Tenant.timezone, Tenant.organization_id))
    assert {(row[0], row[1], row[2]) for row in stored} == {
        ("suraksha", "INR", "Asia/Kolkata"),
        ("suraksha-eu", "EUR", "Europe/Berlin"),
        ("northwind", "USD", "America/Chicago"),
    }
    organizations = {row[0]: row[3] for row in stored}
    assert organizations["suraksha"] == organizations["suraksha-eu"] != organizations["northwind"]
    for plan in demo.SMALL:
        for kind, wanted in (
            (Contact, plan.size.contacts),
            (Policy, plan.size.policies),
            (Deal, plan.size.deals),
            (Call, plan.size.calls),
            (CallbackRequest, plan.size.callbacks),
            (InsuranceAgent, plan.size.insurance_agents),
            (VoiceAgent, plan.size.voice_agents),
        ):
            table = kind.__table__
            (count,) = await rows(owner, select(func.count()).where(table.c.tenant_id == plan.id))
            assert count[0] == wanted, kind.__name__


async def test_system_roles_are_those_that_the_server_makes(loaded: Services, owner: AsyncEngine) -> None:
    plan = demo.SMALL[0]
    before = await rows(owner, select(Role.__table__).order_by(Role.id))
    async with loaded.database.write(plan.id) as session:
        made = await ensure_system_roles(session, plan.id, START)
    assert {role.version for role in made.values()} == {1}
    assert await rows(owner, select(Role.__table__).order_by(Role.id)) == before


async def test_figures_of_contacts_equal_a_recount(loaded: Services, owner: AsyncEngine) -> None:
    deals = await rows(owner, select(Deal.contact_id, Deal.status, Deal.currency, Deal.value))
    contacts = await rows(owner, select(Contact.__table__))
    assert sum(contact.deal_count for contact in contacts) == len(deals)
    for contact in contacts:
        own = [deal for deal in deals if deal.contact_id == contact.id]
        won = [deal for deal in own if deal.status is DealStatus.WON]
        is_open = [deal for deal in own if deal.status is DealStatus.OPEN]
        assert (contact.deal_count, contact.open_deal_count, contact.won_deal_count) == (
            len(own),
            len(is_open),
            len(won),
        )
        assert contact.total_deal_value == summed(own)
        assert contact.won_deal_value == summed(won)


def summed(deals: list[Any]) -> dict[str, str]:
    """The values by currency, as text."""
    sums: dict[str, Decimal] = {}
    for deal in deals:
        sums[deal.currency] = sums.get(deal.currency, Decimal(0)) + deal.value
    return {currency: f"{value:.2f}" for currency, value in sums.items()}


async def test_figures_of_insurance_agents_equal_a_recount(loaded: Services, owner: AsyncEngine) -> None:
    agents = await rows(owner, select(InsuranceAgent.__table__))
    policies = await rows(owner, select(Policy.__table__))
    requests = await rows(owner, select(CallbackRequest.insurance_agent_id, CallbackRequest.status))
    for agent in agents:
        own = [policy for policy in policies if policy.insurance_agent_id == agent.id]
        assert agent.downline_count == sum(other.parent_insurance_agent_id == agent.id for other in agents)
        assert agent.total_policies_sold == sum(policy.activated_at is not None for policy in own)
        assert agent.active_policyholder_count == len(
            {policy.policyholder_id for policy in own if policy.status is PolicyStatus.ACTIVE}
        )
        assert agent.total_premium_collected == sum(policy.payment_count * policy.premium_amount for policy in own)
        waiting = sum(owner_id == agent.id and status in OPEN_STATUSES for owner_id, status in requests)
        assert agent.active_callback_count == waiting <= agent.max_concurrent_callbacks


async def test_a_deal_is_worth_its_products_and_stands_where_it_moved_last(
    loaded: Services, owner: AsyncEngine
) -> None:
    products = await rows(owner, select(DealProduct.__table__))
    moves = await rows(owner, select(DealStageChange.__table__).order_by(DealStageChange.created_at))
    for deal in await rows(owner, select(Deal.__table__)):
        own = [product for product in products if product.deal_id == deal.id]
        assert own
        assert deal.value == sum(product.total_price for product in own)
        assert deal.value_minor == deal.value * 100
        assert sorted(product.position for product in own) == list(range(1, len(own) + 1))
        path = [move for move in moves if move.deal_id == deal.id]
        assert path[0].from_stage_id is None
        assert [move.from_stage_id for move in path[1:]] == [move.to_stage_id for move in path[:-1]]
        assert (path[-1].to_stage_id, path[-1].to_probability) == (deal.stage_id, deal.probability)
        assert path[-1].created_at == deal.stage_entered_at
        for before, after in itertools.pairwise(path):
            assert after.time_in_stage_seconds == int((after.created_at - before.created_at).total_seconds())


async def test_calls_belong_to_the_contact_of_their_number_and_stay_within_the_limits(
    loaded: Services, owner: AsyncEngine
) -> None:
    for plan in demo.SMALL:
        calls = await rows(owner, select(Call.__table__).where(Call.tenant_id == plan.id))
        own = {number for (number,) in await rows(owner, select(PhoneNumber.number))}
        contacts = {
            number: contact_id
            for contact_id, number in await rows(
                owner, select(Contact.id, Contact.mobile).where(Contact.tenant_id == plan.id)
            )
        }
        for call in calls:
            (other,) = {call.from_number, call.to_number} - own
            assert call.contact_id == contacts.get(other)
        (tenant,) = await rows(owner, select(Tenant.__table__).where(Tenant.id == plan.id))
        live = [call for call in calls if call.ended_at is None]
        assert 0 < len(live) == plan.size.live_calls <= tenant.max_concurrent_calls
        assert {call.status for call in live} <= {CallStatus.INITIATED, CallStatus.RINGING, CallStatus.ANSWERED}
        active = select(VoiceAgent.id).where(
            VoiceAgent.tenant_id == plan.id, VoiceAgent.status == VoiceAgentStatus.ACTIVE
        )
        assert len(await rows(owner, active)) <= tenant.max_voice_agents
        numbers = select(PhoneNumber.id).where(PhoneNumber.tenant_id == plan.id)
        assert len(await rows(owner, numbers)) <= tenant.max_phone_numbers


async def test_the_log_is_gapless_and_its_clock_counts_it(loaded: Services, owner: AsyncEngine) -> None:
    for plan in demo.SMALL:
        positions = await rows(owner, select(Event.position).where(Event.tenant_id == plan.id).order_by(Event.position))
        (clock,) = await rows(owner, select(TenantClock.__table__).where(TenantClock.tenant_id == plan.id))
        assert [position for (position,) in positions] == list(range(1, clock.last_position + 1))
        assert clock.first_position == 1 < clock.last_position
        due = select(func.min(CallbackRequest.due_at)).where(
            CallbackRequest.tenant_id == plan.id,
            CallbackRequest.status.in_(OPEN_STATUSES),
            CallbackRequest.overdue_at.is_(None),
        )
        assert (await rows(owner, due))[0][0] == clock.next_due_at


async def test_an_integration_has_a_secret_that_the_server_reads_and_nobody_knows(loaded: Services) -> None:
    for plan in demo.SMALL:
        async with loaded.database.write(plan.id) as session:
            integration = (await session.scalars(select(Integration))).one()
            crypter = await loaded.keyring.for_tenant(session, plan.id, START)
        (secret,) = secrets_of(integration, crypter, START)
        assert len(secret) == 32
        assert len(address_hashes_of(integration, START)) == 1


# ---------------------------------------------------------------------------------------------------- sign-ins


async def test_everybody_who_signs_in_can(loaded: Services) -> None:
    for who in demo.SIGN_INS:
        values = {"email": who.email, "password": PASSWORDS[who.email], "tenant_slug": who.tenant}
        outcome = await sign_in(Context(loaded, None), values)
        assert outcome.errors == []


async def test_nobody_else_has_a_password(loaded: Services, owner: AsyncEngine) -> None:
    stored = await rows(owner, select(Login.email).where(Login.password_hash.is_not(None)))
    assert {email for (email,) in stored} == PASSWORDS.keys()


async def test_passwords_become_the_given_ones_when_they_are_others(
    loaded: Services, owner: AsyncEngine, hasher: CountingHasher
) -> None:
    changed = demo.SIGN_INS[3].email
    others = {**PASSWORDS, changed: "another good password"}
    before = dict(await rows(owner, select(Login.email, Login.password_hash)))
    hasher.hashed = 0
    await demo.load(loaded, passwords=others, size="small", say=quietly)
    after = dict(await rows(owner, select(Login.email, Login.password_hash)))
    assert hasher.hashed == 1
    assert {email for email in after if after[email] != before[email]} == {changed}
    assert await passwords.is_right(after[changed], "another good password")
    await demo.load(loaded, passwords=PASSWORDS, size="small", say=quietly)


async def test_a_password_that_the_rules_refuse_is_refused(loaded: Services) -> None:
    email = demo.SIGN_INS[0].email
    with pytest.raises(Invalid):
        await demo.load(loaded, passwords={**PASSWORDS, email: "short"}, size="small", say=quietly)


async def test_the_super_admin_is_at_home_in_both_tenants_of_the_organization(
    loaded: Services, owner: AsyncEngine
) -> None:
    slugs = await rows(
        owner,
        select(Tenant.slug)
        .join(User, User.tenant_id == Tenant.id)
        .join(Login, Login.id == User.login_id)
        .where(Login.email == demo.SIGN_INS[0].email),
    )
    assert {slug for (slug,) in slugs} == {"suraksha", "suraksha-eu"}


@pytest.mark.parametrize(
    ("email", "tenant", "slug", "may_do_everything"),
    [
        (None, None, "suraksha", True),
        (None, "suraksha-eu", "suraksha-eu", True),
        (None, "northwind", "northwind", True),
        ("admin@suraksha.example", None, "suraksha", True),
        ("Junior@Suraksha.example", None, "suraksha", False),
        ("admin@suraksha.example", "suraksha-eu", "suraksha-eu", True),
    ],
)
async def test_an_access_token_is_of_whoever_is_asked_for(
    loaded: Services, email: str | None, tenant: str | None, slug: str, may_do_everything: bool
) -> None:
    token = await demo.access_token(loaded, email=email, tenant=tenant)
    viewer = await Authenticator(loaded).viewer(token, Request())
    assert viewer.tenant_id == next(plan.id for plan in demo.SMALL if plan.slug == slug)
    assert (viewer.permissions == frozenset(PERMISSIONS)) is may_do_everything


@pytest.mark.parametrize(
    ("email", "tenant"),
    [("nobody@suraksha.example", None), (None, "nowhere"), ("admin@northwind.example", "suraksha")],
)
async def test_nobody_gets_no_token(loaded: Services, email: str | None, tenant: str | None) -> None:
    with pytest.raises(LookupError) as refused:
        await demo.access_token(loaded, email=email, tenant=tenant)
    assert str(refused.value.args[0]).endswith(".")


async def test_tenants_do_not_see_each_other(loaded: Services) -> None:
    for plan in demo.SMALL:
        async with loaded.database.reads(plan.id) as reads:
            tenants = await reads.scalars(select(Contact.tenant_id).distinct())
            teams = await reads.scalars(select(Team.team_type).distinct())
        assert (tenants, teams) == ([plan.id], [TeamType.FUNCTIONAL])
