"""Every mutation that there is, run once: each writes its event, and the audit entry of the same id."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.core.base import Base
from db.events import Event
from resolvers.access import issue_access_token
from resolvers.core.context import Services
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, organizations
from tests.factories.access import PASSWORD
from tests.factories.everything import populate
from tests.gql.conftest import Bearer
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.schema import root_type
from tests.support.store import Store
from tests.support.telling import leaves, texts_of, told_by
from tests.tenancy.changes import CASES
from tests.tenancy.worlds import Inhabitant

Input = dict[str, Any]


async def _integration_create(store: Store, tenant: Inhabitant) -> Input:
    return {"kind": "EMAIL", "provider": "imap", "name": "Inbox of Ada"}


async def _webhook_endpoint_create(store: Store, tenant: Inhabitant) -> Input:
    return {"url": "https://hooks.example.com/ada", "eventTypes": ["CALL_CREATED"], "description": "For Ada"}


async def _api_key_create(store: Store, tenant: Inhabitant) -> Input:
    return {"name": "Ada's key", "scopes": ["call:read"], "description": "For Ada"}


async def _sign_in(store: Store, tenant: Inhabitant) -> Input:
    login = await access.login(store, tenant.tenant)
    await access.user(store, tenant.tenant, login_id=login.id, email=login.email)
    return {"email": login.email, "password": PASSWORD, "tenantSlug": tenant.tenant.slug}


async def _token_refresh(store: Store, tenant: Inhabitant) -> Input:
    return {"refreshToken": (await access.session(store, tenant.tenant)).token.text}


async def _nothing(store: Store, tenant: Inhabitant) -> Input:
    return {}


WITHOUT_IDS: Final[dict[str, Callable[[Store, Inhabitant], Awaitable[Input]]]] = {
    "integrationCreate": _integration_create,
    "webhookEndpointCreate": _webhook_endpoint_create,
    "apiKeyCreate": _api_key_create,
    "signIn": _sign_in,
    "tokenRefresh": _token_refresh,
    "signOut": _nothing,
}
"""The mutations that take no ids, with a way to prepare each."""

UNTOLD: Final[dict[str, str]] = {}
"""Mutations that change nothing which a client can see, each with its reason. There is none."""

EXAMPLES = {case.mutation: case.prepare for case in CASES} | WITHOUT_IDS


@pytest.fixture(scope="module")
async def inhabitant(store: Store) -> Inhabitant:
    """A tenant with one row of everything."""
    tenant = await organizations.tenant(store)
    return Inhabitant(tenant, await populate(store, tenant))


@pytest.fixture
async def person(bearer: Bearer, services: Services, store: Store, inhabitant: Inhabitant) -> Client:
    """A person of the tenant who may do everything."""
    tenant = inhabitant.tenant
    login = await access.login(store, tenant)
    await access.user(store, tenant, login_id=login.id, permissions=sorted(PERMISSIONS), email=login.email)
    return bearer(await issue_access_token(services, login.email))


def test_there_is_an_example_of_each_mutation() -> None:
    assert set(EXAMPLES) | set(UNTOLD) == set(root_type("Mutation").fields)


@pytest.mark.parametrize("mutation", sorted(set(EXAMPLES) - set(UNTOLD)))
async def test_a_change_is_told_in_the_log_and_in_the_audit_log_under_one_id(
    sign_in: SignIn,
    person: Client,
    visitor: Client,
    store: Store,
    inhabitant: Inhabitant,
    mutation: str,
) -> None:
    given = await EXAMPLES[mutation](store, inhabitant)
    clients = {"signIn": visitor, "tokenRefresh": visitor, "apiKeyCreate": person, "signOut": person}
    client = clients.get(mutation) or await sign_in(inhabitant.tenant)
    before = len(await store.events(inhabitant.tenant))
    name = mutation[0].upper() + mutation[1:]
    text = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ position errors {{ code path }} }} }}"
    payload = (await client.run(text, {"input": given})).ok()[mutation]
    assert payload["errors"] == []
    told = (await store.events(inhabitant.tenant))[before:]
    assert told
    assert payload["position"] == str(told[-1].position)
    entries = select(AuditLogEntry).where(AuditLogEntry.event_id.in_([event.id for event in told]))
    by_event = {entry.event_id: entry for entry in await store.all(entries)}
    for event in told:
        entry = by_event[event.id]
        assert (entry.tenant_id, entry.action, entry.object_type, entry.object_id) == (
            event.tenant_id,
            event.type,
            event.object_type,
            event.object_id,
        )
        await nothing_personal(store, event, given)


async def nothing_personal(store: Store, event: Event, given: Input) -> None:
    """Nothing that somebody wrote is in the payload: neither from the input nor from the row that it became."""
    models = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}
    row = await store.get(models[event.object_type], event.tenant_id, event.object_id)
    texts = texts_of(row) if row is not None else set()
    written = [leaf for leaf in leaves(given) if isinstance(leaf, str)]
    texts |= {leaf for leaf in written if not (leaf.isupper() or leaf.isdigit() or "_" in leaf)}  # neither enum nor id
    assert not told_by(event.payload) & texts
