"""Moving deals through their pipelines, through the API."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.deals import Deal
from db.enums.deals import DealStatus, ProbabilityCalculation
from db.enums.events import EventType
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from tests.factories import access, contacts, deals, organizations
from tests.gql.deals.changing import CREATE, MOVE, UPDATE, answer, as_user, counts, done, figures, last_event, refused
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_a_move_is_written_down_with_the_time_in_the_stage(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    flow = await deals.flow(store, tenant, probability_calculation=ProbabilityCalculation.STAGE_BASED)
    person, owner = await contacts.contact(store, tenant), await access.user(store, tenant)
    client = await sign_in(tenant)
    start = {"title": "A", "pipelineId": gid(flow.pipeline), "contactId": gid(person), "ownerId": gid(owner)}
    deal = await done(client, CREATE, start | {"value": "5"})
    clock.instant = START + timedelta(hours=2)
    user = await as_user(store, tenant, client)
    payload = await answer(
        client, MOVE, {"id": deal["id"], "stageId": gid(flow.talk), "notes": " Met them ", "expectedVersion": 1}
    )
    assert payload["errors"] == []
    assert payload["stageChange"] == {
        "fromStage": {"name": "New"},
        "toStage": {"name": "Talk"},
        "fromProbability": 10,
        "toProbability": 30,
        "timeInStageSeconds": 7200,
        "notes": "Met them",
        "changedBy": {"id": gid(user)},
    }
    moved = payload["deal"]
    assert (moved["stage"], moved["probability"], moved["version"]) == ({"name": "Talk"}, 30, 2)
    event = await last_event(store, tenant)
    assert event.type is EventType.DEAL_STAGE_CHANGED
    assert event.payload.pop("changed") == ["probability", "stage_entered_at", "stage_id", "updated_by_id"]
    assert event.payload == {
        "pipeline_id": str(flow.pipeline.id),
        "old_stage_id": str(flow.new.id),
        "new_stage_id": str(flow.talk.id),
        "old_status": "OPEN",
        "new_status": "OPEN",
        "contact_id": str(person.id),
        "account_id": None,
        "policy_id": None,
        "owner_id": str(owner.id),
        "team_id": None,
        "priority": "MEDIUM",
        "deal_type": "NEW_BUSINESS",
    }
    assert await counts(store, tenant) == [1, 0, 2, 2, 2]


async def test_a_closed_stage_closes_the_deal_and_an_open_one_reopens_it(
    store: Store, sign_in: SignIn, clock: FixedClock
) -> None:
    tenant = await organizations.tenant(store, timezone="Asia/Kolkata")
    flow = await deals.flow(store, tenant)
    person = await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    deal = await done(
        client, CREATE, {"title": "A", "pipelineId": gid(flow.pipeline), "contactId": gid(person), "value": "5"}
    )
    clock.instant = START.replace(hour=20)
    move = {"id": deal["id"]}
    won = await done(client, MOVE, move | {"stageId": gid(flow.won), "closeReason": "PRICE"})
    assert (won["status"], won["probability"], won["closeReason"]) == ("WON", 100, "PRICE")
    assert (won["closedAt"], won["actualCloseOn"]) == (
        "2026-11-20T20:00:00Z",
        "2026-11-21",
    )  # in India it is past midnight
    assert await figures(store, tenant, person) == (1, 0, 1, {"EUR": "5.00"}, {"EUR": "5.00"})
    assert await refused(client, UPDATE, move | {"probability": 50}) == [("ValidationFailed", ["input", "probability"])]
    lost = await done(client, MOVE, move | {"stageId": gid(flow.lost)})
    assert (lost["status"], lost["probability"], lost["closeReason"]) == ("LOST", 0, None)
    assert await figures(store, tenant, person) == (1, 0, 0, {"EUR": "5.00"}, {})
    again = await done(client, MOVE, move | {"stageId": gid(flow.talk), "probability": 35})
    assert (again["status"], again["probability"]) == ("OPEN", 35)
    assert (again["closedAt"], again["actualCloseOn"], again["closeReason"]) == (None, None, None)
    assert await figures(store, tenant, person) == (1, 1, 0, {"EUR": "5.00"}, {})


async def test_an_enforced_order_is_kept_also_on_the_way_back(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    flow = await deals.flow(store, tenant, is_default=True, is_stage_order_enforced=True)
    client = await sign_in(tenant)
    move = {"id": (await done(client, CREATE, {"title": "A"}))["id"]}

    async def allowed(stage: Any) -> list[str]:
        payload = await answer(client, MOVE, move | {"stageId": gid(stage)})
        assert [error["__typename"] for error in payload["errors"]] == ["IllegalTransition"]
        found: list[str] = payload["errors"][0]["allowed"]
        return found

    assert await allowed(flow.offer) == ["Talk", "Lost"]
    assert await allowed(flow.new) == ["Talk", "Lost"]
    for number, stage in enumerate((flow.talk, flow.lost), start=1):
        clock.instant = START + timedelta(minutes=number)
        await done(client, MOVE, move | {"stageId": gid(stage)})
    assert await allowed(flow.offer) == ["New", "Talk"]  # it was lost from Talk
    assert (await done(client, MOVE, move | {"stageId": gid(flow.talk)}))["status"] == "OPEN"


async def test_a_stage_asks_for_its_required_fields(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    flow = await deals.flow(store, tenant, is_default=True)
    strict = await deals.pipeline_stage(
        store,
        tenant,
        pipeline_id=flow.pipeline.id,
        position=9,
        required_fields=["value", "next_step", "close_reason", "priority"],
    )
    client = await sign_in(tenant)
    deal = await done(client, CREATE, {"title": "A"})
    move = {"id": deal["id"], "stageId": gid(strict)}
    asked = [("ValidationFailed", ["input", name]) for name in ("value", "nextStep", "closeReason")]
    assert await refused(client, MOVE, move) == asked
    assert await refused(client, CREATE, {"title": "B", "stageId": gid(strict)}) == asked
    stored = (await store.all(select(Deal).where(Deal.tenant_id == tenant.id)))[0]
    assert (stored.stage_id, stored.version) == (flow.new.id, 1)
    await done(client, UPDATE, {"id": deal["id"], "value": "0", "nextStep": "Sign"})
    moved = await done(client, MOVE, move | {"closeReason": "LATER"})
    assert moved["stage"] == {"name": strict.name}


@pytest.mark.parametrize(("won", "lost", "probability"), [(9, 3, 75), (5, 4, 30)])
async def test_an_automatic_probability_comes_from_how_other_deals_of_the_stage_ended(
    store: Store, tenant: Tenant, sign_in: SignIn, won: int, lost: int, probability: int
) -> None:
    flow = await deals.flow(store, tenant, is_default=True, probability_calculation=ProbabilityCalculation.AUTOMATIC)
    for status, stage, number in ((DealStatus.WON, flow.won, won), (DealStatus.LOST, flow.lost, lost)):
        for _ in range(number):
            ended = await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=stage.id, status=status)
            for passed in (flow.talk, flow.talk, stage):
                await deals.deal_stage_change(store, tenant, deal_id=ended.id, to_stage_id=passed.id)
    client = await sign_in(tenant)
    deal = await done(client, CREATE, {"title": "A"})
    assert deal["probability"] == 10  # nobody ended who came through New
    moved = await done(client, MOVE, {"id": deal["id"], "stageId": gid(flow.talk)})
    assert moved["probability"] == probability


async def test_what_a_move_must_not_do_is_refused_and_nothing_changes(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    flow, elsewhere = await deals.flow(store, tenant), await deals.flow(store, tenant)
    foreign = await deals.flow(store, other_tenant)
    here = {"pipeline_id": flow.pipeline.id, "stage_id": flow.new.id}
    deal = await deals.deal(store, tenant, **here, version=5)
    archived = await deals.deal(store, tenant, **here, status=DealStatus.ARCHIVED)
    theirs = await deals.deal(store, other_tenant, pipeline_id=foreign.pipeline.id, stage_id=foreign.new.id)
    client = await sign_in(tenant)
    talk = gid(flow.talk)
    for wanted, errors in (
        ({"stageId": gid(elsewhere.new)}, [("ValidationFailed", ["input", "stageId"])]),
        ({"stageId": gid(foreign.new)}, [("NotFound", ["input", "stageId"])]),
        ({"stageId": gid(flow.new)}, [("IllegalTransition", [])]),
        ({"stageId": talk, "probability": 101}, [("ValidationFailed", ["input", "probability"])]),
        ({"stageId": talk, "notes": "x" * 10_001}, [("ValidationFailed", ["input", "notes"])]),
        ({"stageId": talk, "closeReason": "x" * 101}, [("ValidationFailed", ["input", "closeReason"])]),
        ({"stageId": gid(flow.won), "probability": 5}, [("ValidationFailed", ["input", "probability"])]),
        ({"id": gid(archived), "stageId": talk}, [("IllegalTransition", [])]),
        ({"id": gid(theirs), "stageId": gid(foreign.talk)}, [("NotFound", ["input", "id"])]),
    ):
        assert await refused(client, MOVE, {"id": gid(deal), **wanted}) == errors, wanted
    payload = await answer(client, MOVE, {"id": gid(deal), "stageId": talk, "expectedVersion": 4})
    assert [error["now"] for error in payload["errors"]] == [{"id": gid(deal), "version": 5, "stage": {"name": "New"}}]
    stored = await store.get(Deal, tenant.id, deal.id)
    assert stored is not None
    assert (stored.stage_id, stored.version) == (flow.new.id, 5)
    assert await counts(store, tenant) == [2, 0, 0, 0, 0]
