"""A world of its own for generated operations: one database, one tenant, the services, for all tests of a worker."""

from collections.abc import AsyncIterator, Iterator

import pytest

from db.core.cluster import Addresses
from db.core.keys import Keyring
from db.core.session import Database
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.wakeups import Wakeups
from tests.conftest import SharedServer
from tests.execution.population import World, populate
from tests.factories import organizations
from tests.support.store import START, Store


@pytest.fixture(scope="session")
def own_urls(test_server: SharedServer, template: str, worker_id: str) -> Iterator[Addresses]:
    """A database that only these tests use, so that they may bend it."""
    name = f"{test_server.prefix}_execution_{worker_id}"
    yield test_server.cluster.create_database(name, template)
    test_server.cluster.drop_database(name)


@pytest.fixture(scope="session")
async def own_store(own_urls: Addresses) -> AsyncIterator[Store]:
    """Rows of that database, as the owner of the tables."""
    made = Store(own_urls.owner)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def own_services(own_urls: Addresses) -> AsyncIterator[Services]:
    """A process over that database, at a time that stands still."""
    database = Database(own_urls.app, pool_size=4)
    wakeups = Wakeups(own_urls.app)
    yield Services(database, Keyring(b"k" * 32), FixedClock(START), wakeups)
    await wakeups.close()
    await database.close()


@pytest.fixture(scope="session")
async def world(own_store: Store) -> World:
    """The tenant whose rows the generated operations read."""
    return await populate(own_store, await organizations.tenant(own_store))
