"""Streams through the whole application: its middleware, its settings, its real credentials."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest

from db.core.cluster import Addresses
from db.core.keys import Keyring
from db.core.session import Database
from db.enums.calls import CallStatus
from db.organizations import Tenant
from gql.app import build
from gql.settings import ServerSettings
from gql.subscriptions import SocketLimits
from resolvers.authentication import REMEMBERED_FOR, Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Request, Services
from resolvers.core.wakeups import Wakeups
from tests.factories import access, calls
from tests.subscriptions.streaming import requested, stream
from tests.subscriptions.support import FOLLOW_CALLS, move_call, open_socket, serve
from tests.support.store import Store

Application = Callable[..., AbstractAsyncContextManager[int]]
PAGE = "https://dashboard.example"


@pytest.fixture
def application(database_urls: Addresses, clock: FixedClock) -> Application:
    """Serves the application with these settings; gives the port. It closes its services in the end."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[int]:
        url = database_urls.app
        own = Services(Database(url), Keyring(b"k" * 32), clock, Wakeups(url))
        async with serve(build(ServerSettings(**settings), own)) as port:
            yield port

    return start


async def test_no_middleware_holds_a_stream_up_or_packs_it(
    application: Application, services: Services, store: Store, tenant: Tenant
) -> None:
    key = await access.api_key(store, tenant, scopes=["call:read"])
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    viewer = await Authenticator(services).viewer(key.text, Request())
    headers = {"accept-encoding": "gzip, br, deflate", "origin": PAGE}
    async with (
        application(allowed_origins=[PAGE]) as port,
        stream(port, key.text, FOLLOW_CALLS, {"after": "0"}, headers=headers) as events,
    ):
        for status in (CallStatus.RINGING, CallStatus.ANSWERED):
            position = await move_call(services, viewer, call, status)
            assert (await events.event()).id == str(position)
        found = events.response.headers
        assert "content-encoding" not in found
        assert found["cache-control"] == "no-cache, no-transform"
        assert found["access-control-allow-origin"] == PAGE
        assert found["x-request-id"]


async def test_a_page_of_another_origin_may_send_what_a_stream_needs(application: Application) -> None:
    async with application(allowed_origins=[PAGE]) as port, httpx2.AsyncClient() as http:
        asked = await http.options(
            f"http://127.0.0.1:{port}/graphql",
            headers={
                "origin": PAGE,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization, content-type, last-event-id",
            },
        )
        assert asked.status_code == 200
        assert "Last-Event-ID" in asked.headers["access-control-allow-headers"]


async def test_the_settings_limit_connections(application: Application, store: Store, tenant: Tenant) -> None:
    key = await access.api_key(store, tenant, scopes=["call:read"])
    async with (
        application(connections_per_credential=1) as port,
        open_socket(port, key.text),
        requested(port, key.text, FOLLOW_CALLS) as response,
    ):
        assert response.status_code == 429
        [error] = json.loads(await response.aread())["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_what_ends_a_credential_is_seen_within_five_seconds() -> None:
    """A request relies on what is remembered, a stream on its last review; those come before it has to wait for one."""
    limits = SocketLimits()
    assert REMEMBERED_FOR.total_seconds() <= 5
    assert limits.trust_seconds <= 5
    assert limits.review_seconds * 2 < limits.trust_seconds
