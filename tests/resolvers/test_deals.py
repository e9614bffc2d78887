"""Deals under concurrency: the figures of contacts stay right, one of two movers wins, and nobody deadlocks."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from db.contacts import Contact
from db.deals import Deal, DealStageChange
from db.enums.deals import DealStatus
from db.events import Event
from db.organizations import Tenant
from resolvers.core import writes
from tests.factories import contacts, deals
from tests.support.chance import seeded
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store

ERRORS = "errors { __typename ... on Conflict { current { id ... on Deal { version stage { name } } } } }"
CREATE = f"mutation ($input: DealCreateInput!) {{ dealCreate(input: $input) {{ {ERRORS} }} }}"
UPDATE = f"mutation ($input: DealUpdateInput!) {{ dealUpdate(input: $input) {{ {ERRORS} }} }}"
MOVE = f"mutation ($input: DealMoveInput!) {{ dealMove(input: $input) {{ {ERRORS} deal {{ stage {{ name }} }} }} }}"


@pytest.fixture(autouse=True)
def deadlocks_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that lost to another one is not tried again here: it fails its test."""
    monkeypatch.setattr(writes, "RETRYABLE", frozenset())


async def run(client: Client, mutation: str, wanted: dict[str, Any]) -> Any:
    """The payload of a mutation."""
    return next(iter((await client.run(mutation, {"input": wanted})).ok().values()))


async def check_figures(store: Store, tenant: Tenant, people: Iterable[Contact]) -> Counter[str]:
    """Each contact's figures equal a recount of the deals as they are stored; returns how many deals of a status."""
    statuses: Counter[str] = Counter()
    for person in people:
        kept = await store.get(Contact, tenant.id, person.id)
        assert kept is not None
        own = await store.all(select(Deal).where(Deal.tenant_id == tenant.id, Deal.contact_id == person.id))
        won = [deal for deal in own if deal.status is DealStatus.WON]
        statuses.update(deal.status for deal in own)
        assert kept.deal_count == len(own)
        assert kept.open_deal_count == sum(deal.status is DealStatus.OPEN for deal in own)
        assert kept.won_deal_count == len(won)
        assert kept.total_deal_value == total(own)
        assert kept.won_deal_value == total(won)
    return statuses


def total(rows: Iterable[Deal]) -> dict[str, str]:
    """The values by currency, as contacts keep them."""
    sums: dict[str, Decimal] = {}
    for deal in rows:
        if deal.value:
            sums[deal.currency] = sums.get(deal.currency, Decimal(0)) + deal.value
    return {currency: str(amount) for currency, amount in sums.items()}


async def test_figures_equal_a_recount_after_eighty_concurrent_changes(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    people = [await contacts.contact(store, tenant) for _ in range(3)]
    own = [
        await deals.deal(
            store,
            tenant,
            pipeline_id=flow.pipeline.id,
            stage_id=flow.new.id,
            contact_id=people[number % 3].id,
            currency=("EUR", "INR")[number % 2],
        )
        for number in range(10)
    ]
    client = await sign_in(tenant)
    chance = seeded(7)
    changes: list[tuple[str, dict[str, Any]]] = []
    for number in range(20):
        person, deal = chance.choice(people), gid(chance.choice(own))
        products = [{"productName": "Van", "unitPrice": str(chance.randint(1, 99)), "quantity": "1.5"}]
        stage = chance.choice([flow.talk, flow.offer, flow.won, flow.lost])
        changes += [
            (CREATE, {"title": f"New {number}", "contactId": gid(person), "products": products}),
            (MOVE, {"id": gid(chance.choice(own)), "stageId": gid(stage)}),
            (UPDATE, {"id": gid(chance.choice(own)), "value": str(chance.randint(0, 999))}),
            (UPDATE, {"id": deal, "contactId": chance.choice([gid(person), gid(person), None])}),
        ]
    chance.shuffle(changes)
    payloads = await asyncio.gather(*(run(client, mutation, wanted) for mutation, wanted in changes))
    # a move to the stage where a deal already is may be refused, nothing else
    assert {error["__typename"] for payload in payloads for error in payload["errors"]} <= {"IllegalTransition"}
    statuses = await check_figures(store, tenant, people)
    assert statuses[DealStatus.WON] > 0
    done = sum(not payload["errors"] for payload in payloads)
    positions = await store.all(select(Event.position).where(Event.tenant_id == tenant.id).order_by(Event.position))
    assert positions == list(range(1, len(positions) + 1))
    assert len(positions) <= done


async def test_deals_that_swap_their_contacts_both_ways_at_once_do_not_deadlock(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    flow = await deals.flow(store, tenant)
    pair = [await contacts.contact(store, tenant) for _ in range(2)]
    own = [
        await deals.deal(
            store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id, contact_id=pair[number % 2].id
        )
        for number in range(10)
    ]
    client = await sign_in(tenant)
    for there in (1, 0, 1):
        swaps = [
            run(client, UPDATE, {"id": gid(deal), "contactId": gid(pair[(number + there) % 2])})
            for number, deal in enumerate(own)
        ]
        closings = [run(client, MOVE, {"id": gid(deal), "stageId": gid(flow.won)}) for deal in own[:5]]
        creations = [
            run(client, CREATE, {"title": "A", "pipelineId": gid(flow.pipeline), "contactId": gid(person)})
            for person in pair
        ]
        await asyncio.gather(*swaps, *closings, *creations)
    await check_figures(store, tenant, pair)
    counts = [
        len(await store.all(select(Deal.id).where(Deal.tenant_id == tenant.id, Deal.contact_id == person.id)))
        for person in pair
    ]
    assert counts == [8, 8]


async def test_of_two_users_who_move_one_deal_at_once_one_wins(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant)
    deal = await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id)
    users = [await sign_in(tenant), await sign_in(tenant)]
    payloads = await asyncio.gather(
        *(
            run(user, MOVE, {"id": gid(deal), "stageId": gid(stage), "expectedVersion": 1})
            for user, stage in zip(users, (flow.talk, flow.offer), strict=True)
        )
    )
    winner, loser = sorted(payloads, key=lambda payload: len(payload["errors"]))
    assert winner["errors"] == []
    assert loser["deal"] is None
    assert loser["errors"] == [
        {
            "__typename": "Conflict",
            "current": {"id": gid(deal), "version": 2, "stage": winner["deal"]["stage"]},
        }
    ]
    changes = await store.all(select(DealStageChange).where(DealStageChange.tenant_id == tenant.id))
    assert len(changes) == 1


async def test_the_same_key_sent_twice_at_once_creates_one_deal(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    await deals.flow(store, tenant, is_default=True)
    person = await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    wanted = {"title": "A", "contactId": gid(person), "value": "5", "idempotencyKey": "k"}
    payloads = await asyncio.gather(*(run(client, CREATE, wanted) for _ in range(5)))
    assert all(payload["errors"] == [] for payload in payloads)
    assert (await check_figures(store, tenant, [person]))[DealStatus.OPEN] == 1
