"""What the tests of changes to deals share: the mutations, and what they left behind."""

from collections.abc import Mapping
from typing import Any

from db.access import User
from db.compliance import AuditLogEntry
from db.contacts import Contact
from db.deals import Deal, DealProduct, DealStageChange
from db.events import Event
from db.organizations import Tenant
from resolvers.rules.access import PERMISSIONS
from tests.factories import access
from tests.support.client import Client
from tests.support.store import Store

PAYLOAD = """
errors { __typename code message path
         ... on IllegalTransition { from to allowed }
         ... on Conflict { now: current { id ... on Deal { version stage { name } } } } }
deal { id title value currency status probability version stage { name } contact { id } owner { id }
       closedAt actualCloseOn closeReason tags customFields
       products { nodes { position productName quantity totalPrice currency } } }
"""
CREATE = f"mutation ($input: DealCreateInput!) {{ dealCreate(input: $input) {{ position {PAYLOAD} }} }}"
UPDATE = f"mutation ($input: DealUpdateInput!) {{ dealUpdate(input: $input) {{ {PAYLOAD} }} }}"
MOVE = f"""
mutation ($input: DealMoveInput!) {{ dealMove(input: $input) {{ {PAYLOAD}
  stageChange {{ fromStage {{ name }} toStage {{ name }} fromProbability toProbability timeInStageSeconds notes
                 changedBy {{ id }} }} }} }}
"""


async def as_user(store: Store, tenant: Tenant, client: Client) -> User:
    """A new user who may do everything; the client acts as that user from now on."""
    login = await access.login(store, tenant)
    user = await access.user(store, tenant, login_id=login.id, permissions=PERMISSIONS)
    data = await client.run(
        "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }",
        {"input": {"email": login.email, "password": access.PASSWORD}},
    )
    client.headers["authorization"] = f"Bearer {data.ok()['signIn']['accessToken']}"
    return user


async def answer(client: Client, mutation: str, wanted: Mapping[str, Any]) -> Any:
    """The payload of a mutation."""
    data = (await client.run(mutation, {"input": wanted})).ok()
    return next(iter(data.values()))


async def done(client: Client, mutation: str, wanted: Mapping[str, Any]) -> Any:
    """The deal of a mutation that was not refused."""
    payload = await answer(client, mutation, wanted)
    assert payload["errors"] == []
    return payload["deal"]


async def refused(client: Client, mutation: str, wanted: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The types and paths of the errors of a mutation that did nothing."""
    payload = await answer(client, mutation, wanted)
    assert payload["deal"] is None
    return [(error["__typename"], error["path"]) for error in payload["errors"]]


async def figures(store: Store, tenant: Tenant, contact: Contact) -> tuple[int, int, int, Any, Any]:
    """All deals, open ones, won ones, and the values of all and of those won, as the contact keeps them."""
    kept = await store.get(Contact, tenant.id, contact.id)
    assert kept is not None
    return kept.deal_count, kept.open_deal_count, kept.won_deal_count, kept.total_deal_value, kept.won_deal_value


async def counts(store: Store, tenant: Tenant) -> list[int]:
    """How many deals, products and moves the tenant has, and events and audit entries about deals."""
    return await store.counts(tenant, Deal, DealProduct, DealStageChange, Event, AuditLogEntry, about="Deal")


async def last_event(store: Store, tenant: Tenant) -> Event:
    """The tenant's latest event about a deal."""
    return (await store.events(tenant, "Deal"))[-1]
