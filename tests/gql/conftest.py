"""Fixtures of signing in: cheap hashing that is counted, and clients that are nobody or somebody real."""

from collections.abc import AsyncIterator, Callable

import pytest
from starlette.applications import Starlette

from gql.app import build
from gql.settings import ServerSettings
from resolvers.access import passwords
from resolvers.core.context import Services
from tests.factories.access import CountingHasher
from tests.support.client import Client
from tests.support.fixtures import over

Bearer = Callable[[str], Client]


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """What hashes passwords in this test."""
    made = CountingHasher()
    monkeypatch.setattr(passwords, "hasher", made)
    return made


@pytest.fixture
async def bearer(app: Starlette, services: Services, hasher: CountingHasher) -> AsyncIterator[Bearer]:
    """Makes clients: `bearer(credential)` sends this credential; an empty one sends none."""
    reference = build(ServerSettings(), services, is_planning=False)
    async with over(app) as http, over(reference) as referring:

        def make(credential: str) -> Client:
            headers = {"authorization": f"Bearer {credential}"} if credential else {}
            return Client(http, referring, services.database, headers)

        yield make


@pytest.fixture
def visitor(bearer: Bearer) -> Client:
    """A client without a credential."""
    return bearer("")
