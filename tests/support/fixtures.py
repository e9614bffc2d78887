"""Fixtures of everything that touches data: the store, the services, a fresh tenant, and clients of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from db.core.cluster import Addresses
from db.core.keys import Keyring
from db.core.session import Database
from db.events import TenantClock
from db.organizations import Tenant
from db.webhooks import WebhookEndpoint
from gql.app import build
from gql.settings import ServerSettings
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.wakeups import Wakeups
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, organizations
from tests.support.client import Client
from tests.support.pools import pool
from tests.support.store import START, Store

SignIn = Callable[..., Awaitable[Client]]


@pytest.fixture(scope="session")
async def store(database_urls: Addresses) -> AsyncIterator[Store]:
    """Rows, as the owner of the tables."""
    made = Store(database_urls.owner)
    yield made
    await made.close()


@pytest.fixture
def clock() -> FixedClock:
    """The time of a test, which stands still until the test moves it."""
    return FixedClock(START)


@pytest.fixture(scope="session")
async def database(database_urls: Addresses) -> AsyncIterator[Database]:
    """The pool of the application role."""
    made = pool(database_urls.app)
    yield made
    await made.close()


@pytest.fixture
async def services(database_urls: Addresses, database: Database, clock: FixedClock) -> AsyncIterator[Services]:
    """What a process of the server has."""
    wakeups = Wakeups(database_urls.app)
    yield Services(database, Keyring(b"k" * 32), clock, wakeups)
    await wakeups.close()


@pytest.fixture
async def quiet(store: Store) -> None:
    """Nothing is due in any tenant that there is already: a worker finds what the test makes due, and nothing else."""
    later = datetime(2100, 1, 1, tzinfo=UTC)
    await store.execute(update(WebhookEndpoint).values(is_active=False))
    await store.execute(update(TenantClock).values(next_due_at=later, followed_position=None))


@pytest.fixture
async def tenant(store: Store) -> Tenant:
    """A tenant that nobody else uses."""
    return await organizations.tenant(store)


@pytest.fixture
async def other_tenant(store: Store) -> Tenant:
    """Another organization's tenant."""
    return await organizations.tenant(store)


@pytest.fixture
async def app(services: Services) -> Starlette:
    """The application, on planned operations; what runs beside the requests is not started."""
    return build(ServerSettings(), services)


@pytest.fixture
async def sign_in(app: Starlette, services: Services, store: Store) -> AsyncIterator[SignIn]:
    """Makes clients: `await sign_in(tenant)` may do everything, `permissions=` narrows it. Each has an API key."""
    reference = build(ServerSettings(), services, is_planning=False)
    async with over(app) as http, over(reference) as referring:

        async def make(tenant: Tenant, permissions: Iterable[str] = frozenset(PERMISSIONS)) -> Client:
            key = await access.api_key(store, tenant, scopes=sorted(permissions))
            headers = {"authorization": f"Bearer {key.text}"}
            for known in (http, referring):  # so that looking the key up is not part of what a test counts
                await known.post("/graphql", json={"query": "{ viewer { kind } }"}, headers=headers)
            return Client(http, referring, services.database, headers)

        yield make


def over(app: Starlette) -> httpx2.AsyncClient:
    """An HTTP client of an application in this process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")
