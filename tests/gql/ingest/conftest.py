"""Fixtures of the tests of the ingest endpoints."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from db.organizations import Tenant
from resolvers.core.context import Services
from tests.gql.ingest.support import connect, endpoints
from tests.support.fixtures import SignIn
from tests.support.twilio import Twilio


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the ingest endpoints, which stand behind a proxy."""
    async with endpoints(services) as client:
        yield client


@pytest.fixture
async def twilio(sign_in: SignIn, tenant: Tenant, http: httpx2.AsyncClient) -> Twilio:
    """An account with Twilio of this test's tenant."""
    return await connect(sign_in, tenant, http)
