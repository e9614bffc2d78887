"""The event log as a query: in order, without gaps that are not told, and only what the viewer may see."""

from typing import Any

import pytest

from db.organizations import Tenant
from tests.subscriptions.support import forget_events
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store
from tests.webhooks.support import change

EVENTS = """
query ($after: Position, $types: [EventType!], $first: Int) {
  events(after: $after, types: $types, first: $first) {
    nodes { position id type objectType objectId changedFields actorKind occurredAt }
    gap { from to }
    position hasMore firstPosition lastPosition
  }
}
"""


@pytest.fixture
async def client(sign_in: SignIn, tenant: Tenant) -> Client:
    """Somebody of the tenant who may do everything."""
    return await sign_in(tenant)


async def happen(client: Client) -> None:
    """Five events: three about contacts, two about integrations."""
    for number in range(2):
        await change(client, "contactCreate", firstName=f"Person {number}")
        await change(client, "integrationCreate", kind="EMAIL", provider="imap", name=f"Inbox {number}")
    await change(client, "contactCreate", firstName="Person 3")


async def events(client: Client, **variables: Any) -> Any:
    """A page of the log."""
    return (await client.run(EVENTS, variables)).ok()["events"]


def numbers(page: Any) -> list[int]:
    return [int(event["position"]) for event in page["nodes"]]


async def test_the_log_is_read_page_by_page(client: Client, store: Store, tenant: Tenant) -> None:
    empty = await events(client)
    assert empty == {
        "nodes": [],
        "gap": None,
        "position": "0",
        "hasMore": False,
        "firstPosition": "1",
        "lastPosition": "0",
    }
    await happen(client)
    first = await events(client, first=2)
    assert (numbers(first), first["position"], first["hasMore"]) == ([1, 2], "2", True)
    rest = await events(client, after=first["position"])
    assert (numbers(rest), rest["position"], rest["hasMore"]) == ([3, 4, 5], "5", False)
    assert (rest["firstPosition"], rest["lastPosition"], rest["gap"]) == ("1", "5", None)
    done = await events(client, after="5")
    assert (numbers(done), done["position"], done["hasMore"]) == ([], "5", False)
    stored = await store.events(tenant)
    assert [event["id"] for event in (*first["nodes"], *rest["nodes"])] == [gid(event) for event in stored]
    assert first["nodes"][0] == {
        "position": "1",
        "id": gid(stored[0]),
        "type": "CONTACT_CREATED",
        "objectType": "Contact",
        "objectId": f"contact_{stored[0].object_id}",
        "changedFields": first["nodes"][0]["changedFields"],
        "actorKind": "API_KEY",
        "occurredAt": "2026-11-20T09:00:00Z",
    }
    assert "firstName" in first["nodes"][0]["changedFields"]


async def test_some_types_alone_lead_as_far_as_all(client: Client) -> None:
    await happen(client)
    page = await events(client, types=["INTEGRATION_CREATED"])
    assert (numbers(page), page["position"], page["hasMore"]) == ([2, 4], "5", False)
    one = await events(client, types=["INTEGRATION_CREATED"], first=1)
    assert (numbers(one), one["position"], one["hasMore"]) == ([2], "2", True)
    none = await events(client, types=["DEAL_CREATED"])
    assert (numbers(none), none["position"], none["hasMore"]) == ([], "5", False)


async def test_a_page_looks_at_so_many_positions_and_says_where_to_go_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resolvers.loaders import events as loaders

    await happen(client)
    monkeypatch.setattr(loaders, "SCANNED", 3)
    page = await events(client, types=["DEAL_CREATED"])
    assert (numbers(page), page["position"], page["hasMore"]) == ([], "3", True)
    page = await events(client, after="3", types=["INTEGRATION_CREATED"])
    assert (numbers(page), page["position"], page["hasMore"]) == ([4], "5", False)


async def test_what_is_no_longer_kept_is_told_as_a_gap(client: Client, store: Store, tenant: Tenant) -> None:
    await happen(client)
    await forget_events(store, tenant, first_position=4)
    page = await events(client, after="1")
    assert (numbers(page), page["gap"], page["firstPosition"]) == ([4, 5], {"from": "2", "to": "3"}, "4")
    assert (await events(client, after="3"))["gap"] is None
    await forget_events(store, tenant, first_position=6)
    page = await events(client, after="1")
    assert (numbers(page), page["gap"], page["position"], page["hasMore"]) == ([], {"from": "2", "to": "5"}, "5", False)


@pytest.mark.parametrize(
    ("variables", "path"),
    [({"after": "6"}, "after"), ({"first": 0}, "first"), ({"first": -1}, "first"), ({"first": 1001}, "first")],
)
async def test_a_position_ahead_of_the_log_and_a_size_that_is_none_are_errors(
    client: Client, variables: dict[str, Any], path: str
) -> None:
    await happen(client)
    answer = await client.run(EVENTS, variables)
    assert (answer.data, answer.codes) == (None, ["BAD_USER_INPUT"])
    assert path in str(answer.errors[0])


async def test_only_what_the_viewer_may_read_is_told(client: Client, sign_in: SignIn, tenant: Tenant) -> None:
    await happen(client)
    reader = await sign_in(tenant, permissions={"event:read", "contact:read"})
    page = await events(reader)
    assert (numbers(page), page["position"], page["hasMore"]) == ([1, 3, 5], "5", False)
    refused = await reader.run(EVENTS, {"types": ["CONTACT_CREATED", "INTEGRATION_CREATED"]})
    assert refused.codes == ["FORBIDDEN"]
    assert "integration:read" in refused.errors[0]["message"]
    nobody = await sign_in(tenant, permissions={"event:read"})
    assert numbers(await events(nobody)) == []
    stranger = await sign_in(tenant, permissions={"contact:read"})
    assert (await stranger.run(EVENTS)).codes == ["FORBIDDEN"]


async def test_another_tenants_log_is_another(client: Client, sign_in: SignIn, other_tenant: Tenant) -> None:
    await happen(client)
    other = await sign_in(other_tenant)
    await change(other, "contactCreate", firstName="Other")
    page = await events(other)
    assert (numbers(page), page["lastPosition"]) == ([1], "1")


async def test_the_log_leads_no_further_than_the_transaction_that_reads_it(client: Client) -> None:
    """Two fields of one operation see the same log, whatever is committed between them."""
    await happen(client)
    data = (await client.run("{ a: events { lastPosition } b: events(first: 1) { lastPosition hasMore } }")).ok()
    assert data == {"a": {"lastPosition": "5"}, "b": {"lastPosition": "5", "hasMore": True}}
    assert len(client.statements) == 4
