"""A world of its own for generated operations: one database, one tenant, the services, for all tests of a worker."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import pytest

from db.core.cluster import Addresses
from db.core.keys import Keyring
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.wakeups import Wakeups
from tests.conftest import SharedServer
from tests.execution.population import World, populate
from tests.factories import organizations
from tests.support.pools import pool
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
    database = pool(own_urls.app, pool_size=4)
    wakeups = Wakeups(own_urls.app)
    yield Services(database, Keyring(b"k" * 32), FixedClock(START), wakeups)
    await wakeups.close()
    await database.close()


@pytest.fixture(scope="session")
async def world(own_urls: Addresses) -> AsyncIterator[World]:
    """The tenant whose rows the generated operations read: the same in every run, whichever tests ran before."""
    store = Store(own_urls.owner, first=1_000_000, new_id=counted_ids())
    yield await populate(store, await organizations.tenant(store))
    await store.close()


def counted_ids() -> Callable[[], UUID]:
    """Makes ids in the order of their numbers, the same each time: which rows a fault strikes goes by their ids."""
    numbers = itertools.count(UUID("01920000-0000-7000-8000-000000000001").int)
    return lambda: UUID(int=next(numbers))
