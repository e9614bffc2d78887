"""What the tests of webhooks share: a receiver, and a worker that has nobody else to work for."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from db.organizations import Tenant
from gql.settings import ServerSettings
from gql.worker import worker as make_worker
from resolvers.core.context import Services
from resolvers.core.worker import Worker
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.webhooks.receiver import Receiver

SETTINGS = ServerSettings(webhook_allow_private=True, webhook_timeout_seconds=30)


@pytest.fixture(autouse=True)
def alone(quiet: None) -> None:
    """Workers look at all tenants that there are: those of earlier tests have nothing to do any more."""


@pytest.fixture
def worker(services: Services) -> Worker:
    """A worker that may send to this machine."""
    return make_worker(services, SETTINGS)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who takes webhooks."""
    async with contextlib.AsyncExitStack() as stack:
        yield await stack.enter_async_context(Receiver().listening())


@pytest.fixture
async def client(sign_in: SignIn, tenant: Tenant) -> Client:
    """Somebody of the tenant who may do everything."""
    return await sign_in(tenant)
