"""Fixtures: the credentials and the running server."""

from collections.abc import AsyncIterator

import pytest

from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SocketLimits, SubscriptionServer
from resolvers.core.context import Services
from tests.subscriptions.support import Credentials, Server


@pytest.fixture
def credentials() -> Credentials:
    """Whom the server knows."""
    return Credentials()


@pytest.fixture
async def server(services: Services, credentials: Credentials) -> AsyncIterator[Server]:
    """A running server; nothing of it may be left afterwards."""
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, SocketLimits(frame_characters=10_000))
    async with Server(sockets, services, executor).running() as running:
        yield running
    assert running.sockets.connections == set()
    assert running.sockets.dispatcher.feeds == {}
