"""What tests of the ingest endpoints share: the endpoints, accounts with Twilio, and looks at what was stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware

from db.calls import Call
from db.compliance import AuditLogEntry
from db.events import Event
from db.organizations import Tenant
from gql.core.middleware import RequestLog
from gql.ingest import routes
from gql.settings import ServerSettings
from resolvers.core.context import Services
from tests.support.fixtures import SignIn
from tests.support.store import START, Store
from tests.support.twilio import ACCOUNT_SID, PUBLIC_URL, TOKEN, Twilio

CREATE = """
mutation ($input: IntegrationCreateInput!) {
  integrationCreate(input: $input) { errors { code message path } ingestPath integration { id } }
}
"""


@asynccontextmanager
async def endpoints(
    services: Services, public_url: str | None = PUBLIC_URL, base_url: str = "http://10.0.0.7:8000"
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the ingest endpoints: they stand behind a proxy, and `base_url` is how that reaches them."""
    app = Starlette(
        routes=list(routes(services, ServerSettings(public_url=public_url))), middleware=[Middleware(RequestLog)]
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base_url) as client:
        yield client


async def connect(sign_in: SignIn, tenant: Tenant, http: httpx2.AsyncClient, secret: str = TOKEN) -> Twilio:
    """An account with Twilio of the tenant, set up as an administrator does it."""
    client = await sign_in(tenant)
    given = {
        "kind": "TELEPHONY",
        "provider": "twilio",
        "name": "Twilio",
        "accountIdentifier": ACCOUNT_SID,
        "secret": secret,
    }
    data = (await client.run(CREATE, {"input": given})).ok()["integrationCreate"]
    assert data["errors"] == []
    return Twilio(http, data["ingestPath"], secret)


async def calls_of(store: Store, tenant: Tenant) -> list[Call]:
    """The tenant's calls, in the order in which they became known."""
    return await store.all(select(Call).where(Call.tenant_id == tenant.id).order_by(Call.id))


async def events_of(store: Store, tenant: Tenant) -> list[Event]:
    """What happened to the tenant's calls, in the order of the log."""
    return await store.events(tenant, "Call")


async def traces(store: Store, tenant: Tenant) -> list[int]:
    """How many calls, events and audit entries the tenant has, and the versions of its calls."""
    found = await store.counts(tenant, Call, Event, AuditLogEntry)
    return [*found, *(call.version for call in await calls_of(store, tenant))]


def after(seconds: int) -> datetime:
    """An instant of the recorded call."""
    return START + timedelta(seconds=seconds)


def coded(response: httpx2.Response) -> tuple[int, Any]:
    """The status of an answer, and the code in its body."""
    return response.status_code, response.json()["code"]
