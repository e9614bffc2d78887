"""Callbacks when many people act at once: who gets them, how many, and how often they are promised."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.callbacks import CallbackActivity, CallbackQueue, CallbackRequest
from db.enums.callbacks import (
    CallbackActivityType,
    CallbackCategory,
    CallbackQueueType,
    CallbackRequestType,
    CallbackSource,
    CallbackStatus,
)
from db.enums.events import ActorKind, EventType
from db.events import Event
from db.insurance_agents import InsuranceAgent
from db.organizations import Tenant
from resolvers import callbacks as actions
from resolvers.core.clock import FixedClock
from resolvers.core.context import Context, Services
from resolvers.core.errors import Conflict, LimitExceeded, TransitionRefused, UserError, ValidationFailed
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Action, Outcome, perform
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, callbacks, contacts, insurance_agents
from tests.support.store import START, Store

Act = Callable[..., Awaitable[Outcome]]


def viewer_in(tenant: Tenant, user_id: UUID | None = None) -> Viewer:
    """A user of the tenant who may do everything, or the system itself."""
    kind = ActorKind.SYSTEM if user_id is None else ActorKind.USER
    actor_id = user_id or uuid4()
    return Viewer(kind, actor_id, uuid4(), tenant.organization_id, tenant.id, user_id, frozenset(PERMISSIONS))


@pytest.fixture
def act(services: Services, tenant: Tenant) -> Act:
    """Performs an action as somebody of the tenant: `await act(action, id=…)`."""
    system = viewer_in(tenant)

    async def perform_one(action: Action, *, key: str | None = None, by: Viewer = system, **values: Any) -> Outcome:
        context = Context(services, by)
        try:
            return await perform(context, "test", action, values, idempotency_key=key)
        finally:
            await context.close()

    return perform_one


async def crew(store: Store, tenant: Tenant, size: int, **values: Any) -> list[InsuranceAgent]:
    """Insurance agents in the order of their ids."""
    made = [await insurance_agents.insurance_agent(store, tenant, **values) for _ in range(size)]
    return sorted(made, key=lambda agent: agent.id)


async def waiting(store: Store, tenant: Tenant, size: int, **values: Any) -> list[CallbackRequest]:
    """Callbacks of one person that nobody has yet."""
    person = await contacts.contact(store, tenant)
    return [await callbacks.callback_request(store, tenant, contact_id=person.id, **values) for _ in range(size)]


async def stored(store: Store, tenant: Tenant) -> list[CallbackRequest]:
    """All the tenant's callbacks as they are now."""
    found: list[CallbackRequest] = await store.all(
        select(CallbackRequest).where(CallbackRequest.tenant_id == tenant.id)
    )
    return found


async def held(store: Store, tenant: Tenant) -> Counter[UUID]:
    """How many open callbacks each insurance agent has, by the callbacks themselves."""
    return Counter(
        request.insurance_agent_id
        for request in await stored(store, tenant)
        if request.insurance_agent_id and request.status not in (CallbackStatus.COMPLETED, CallbackStatus.CANCELLED)
    )


async def figures(store: Store, tenant: Tenant) -> Counter[UUID]:
    """How many open callbacks each insurance agent has, by the figure that others read."""
    found = await store.all(select(InsuranceAgent).where(InsuranceAgent.tenant_id == tenant.id))
    return Counter({agent.id: agent.active_callback_count for agent in found if agent.active_callback_count})


async def given_out(store: Store, tenant: Tenant) -> Counter[UUID]:
    """How often each callback was assigned or reassigned, by its history."""
    found = await store.all(
        select(CallbackActivity).where(
            CallbackActivity.tenant_id == tenant.id,
            CallbackActivity.activity_type.in_((CallbackActivityType.ASSIGNED, CallbackActivityType.REASSIGNED)),
        )
    )
    return Counter(activity.callback_request_id for activity in found)


def refusals(outcomes: Sequence[Outcome]) -> Counter[type[UserError]]:
    """The refusals of all outcomes, by kind."""
    return Counter(type(error) for outcome in outcomes for error in outcome.errors)


@pytest.mark.parametrize("queue_type", CallbackQueueType)
async def test_twenty_who_assign_at_once_exceed_nobodys_capacity(
    store: Store, tenant: Tenant, act: Act, queue_type: CallbackQueueType
) -> None:
    agents = await crew(store, tenant, 4, max_concurrent_callbacks=3)
    queue = await callbacks.callback_queue(store, tenant, queue_type=queue_type)
    requests = await waiting(store, tenant, 20, queue_id=queue.id)
    outcomes = await asyncio.gather(*(act(actions.assign_callback, id=request.id) for request in requests))
    assert refusals(outcomes) == {LimitExceeded: 8}
    assert await held(store, tenant) == await figures(store, tenant) == {agent.id: 3 for agent in agents}
    assert sorted((await given_out(store, tenant)).values()) == [1] * 12
    assert Counter(request.status for request in await stored(store, tenant)) == {"ASSIGNED": 12, "PENDING": 8}


async def test_the_lower_of_the_queues_and_the_agents_limit_holds_at_once(
    store: Store, tenant: Tenant, act: Act
) -> None:
    agents = await crew(store, tenant, 3, max_concurrent_callbacks=9)
    queue = await callbacks.callback_queue(store, tenant, max_concurrent_callbacks=2)
    requests = await waiting(store, tenant, 12, queue_id=queue.id)
    outcomes = await asyncio.gather(*(act(actions.assign_callback, id=request.id) for request in requests))
    assert refusals(outcomes) == {LimitExceeded: 6}
    assert await held(store, tenant) == {agent.id: 2 for agent in agents}


async def test_queues_and_people_who_share_insurance_agents_exceed_nobodys_capacity(
    store: Store, tenant: Tenant, act: Act
) -> None:
    agents = await crew(store, tenant, 3, max_concurrent_callbacks=4)
    queues = [await callbacks.callback_queue(store, tenant, queue_type=kind) for kind in CallbackQueueType]
    requests = [
        (await waiting(store, tenant, 1, queue_id=queue.id if queue else None))[0] for queue in [*queues, None] * 5
    ]
    chosen = [
        act(actions.assign_callback, id=request.id, insurance_agent_id=agents[0].id if number % 5 == 0 else None)
        for number, request in enumerate(requests)
    ]
    outcomes = await asyncio.gather(*chosen)
    assert refusals(outcomes) == {LimitExceeded: 8}
    assert await held(store, tenant) == await figures(store, tenant) == {agent.id: 4 for agent in agents}
    assert set((await given_out(store, tenant)).values()) == {1}


async def test_nobody_gets_more_a_day_than_the_limit_whatever_was_completed(
    store: Store, tenant: Tenant, act: Act, clock: FixedClock
) -> None:
    [agent] = await crew(store, tenant, 1, max_daily_callbacks=3, max_concurrent_callbacks=9)
    requests = await waiting(store, tenant, 11)
    for _ in range(2):
        outcomes = await asyncio.gather(*(act(actions.assign_callback, id=request.id) for request in requests[:5]))
        assert refusals(outcomes)[LimitExceeded] == 2
        done = [request for request in await stored(store, tenant) if request.status == CallbackStatus.ASSIGNED]
        for request in done:
            assert (await act(actions.cancel_callback, id=request.id)).errors == []
        assert await held(store, tenant) == await figures(store, tenant) == {}
        refused = await act(actions.assign_callback, id=requests[5].id)
        assert [error.message for error in refused.errors] == ["Callbacks a day is limited to 3."]
        requests = requests[5:]
        clock.instant += timedelta(days=1)
    assert agent.id in {request.insurance_agent_id for request in await stored(store, tenant)}


async def test_a_day_begins_where_the_insurance_agent_is(
    store: Store, tenant: Tenant, act: Act, clock: FixedClock
) -> None:
    await crew(store, tenant, 1, max_daily_callbacks=1, availability_schedule={"timezone": "Asia/Kolkata"})
    first, second = await waiting(store, tenant, 2)
    clock.instant = START.replace(hour=18, minute=29)  # 23:59 there
    assert (await act(actions.assign_callback, id=first.id)).errors == []
    assert refusals([await act(actions.assign_callback, id=second.id)]) == {LimitExceeded: 1}
    clock.instant += timedelta(minutes=1)
    assert (await act(actions.assign_callback, id=second.id)).errors == []


async def test_of_many_who_have_one_callback_assigned_automatically_one_is_obeyed(
    store: Store, tenant: Tenant, act: Act
) -> None:
    await crew(store, tenant, 5)
    [request] = await waiting(store, tenant, 1)
    outcomes = await asyncio.gather(*(act(actions.assign_callback, id=request.id) for _ in range(10)))
    assert refusals(outcomes) == {Conflict: 9}
    assert await given_out(store, tenant) == {request.id: 1}
    assert sum((await figures(store, tenant)).values()) == 1


async def test_of_many_who_name_somebody_for_the_same_version_one_is_obeyed(
    store: Store, tenant: Tenant, act: Act
) -> None:
    agents = await crew(store, tenant, 5)
    [request] = await waiting(store, tenant, 1)
    outcomes = await asyncio.gather(
        *(
            act(actions.assign_callback, id=request.id, insurance_agent_id=agent.id, expected_version=1)
            for agent in agents
        )
    )
    assert refusals(outcomes) == {Conflict: 4}
    assert await held(store, tenant) == await figures(store, tenant)
    assert await given_out(store, tenant) == {request.id: 1}


async def test_people_who_reassign_back_and_forth_at_once_leave_right_figures(
    store: Store, tenant: Tenant, act: Act
) -> None:
    agents = await crew(store, tenant, 2, max_concurrent_callbacks=20)
    requests = await waiting(store, tenant, 6)
    moves = [
        act(actions.assign_callback, id=request.id, insurance_agent_id=agent.id)
        for request in requests
        for agent in (*agents, *reversed(agents))
    ]
    outcomes = await asyncio.gather(*moves)
    assert refusals(outcomes).keys() <= {ValidationFailed}  # is the assignee already
    assert await held(store, tenant) == await figures(store, tenant)
    assert sum((await figures(store, tenant)).values()) == 6


async def test_a_round_robin_queue_serves_all_in_turn_also_when_many_ask_at_once(
    store: Store, tenant: Tenant, act: Act
) -> None:
    agents = await crew(store, tenant, 4, max_concurrent_callbacks=9)
    queue = await callbacks.callback_queue(store, tenant, queue_type=CallbackQueueType.ROUND_ROBIN)
    requests = await waiting(store, tenant, 12, queue_id=queue.id)
    served = []
    for request in requests[:5]:
        await act(actions.assign_callback, id=request.id)
        stored_queue = await store.get(CallbackQueue, tenant.id, queue.id)
        assert stored_queue is not None
        served.append(stored_queue.last_insurance_agent_id)
    assert served == [agent.id for agent in (*agents, agents[0])]
    await asyncio.gather(*(act(actions.assign_callback, id=request.id) for request in requests[5:]))
    assert await held(store, tenant) == {agent.id: 3 for agent in agents}


async def test_other_queues_give_to_the_one_with_the_least_to_do(store: Store, tenant: Tenant, act: Act) -> None:
    agents = await crew(store, tenant, 3)
    queue = await callbacks.callback_queue(store, tenant, max_concurrent_callbacks=99)
    await waiting(store, tenant, 1, insurance_agent_id=agents[0].id, status=CallbackStatus.OVERDUE)
    requests = await waiting(store, tenant, 5, queue_id=queue.id)
    await asyncio.gather(*(act(actions.assign_callback, id=request.id) for request in requests))
    assert await held(store, tenant) == await figures(store, tenant) == {agent.id: 2 for agent in agents}


async def test_only_those_get_a_callback_who_are_there_for_such_ones(store: Store, tenant: Tenant, act: Act) -> None:
    hours = {"timezone": "UTC", "weekly": {"FRIDAY": [["10:00", "18:00"]]}}  # it is Friday, nine o'clock
    await crew(store, tenant, 1, is_available=False)
    await crew(store, tenant, 1, status="SUSPENDED")
    await crew(store, tenant, 1, availability_schedule=hours)
    await crew(store, tenant, 1, availability_schedule={"weekly": "broken"})
    await crew(store, tenant, 1, specialities=["FEEDBACK", "POLICY"])
    [request] = await waiting(store, tenant, 1, category=CallbackCategory.BILLING)
    refused = await act(actions.assign_callback, id=request.id)
    assert refusals([refused]) == {ValidationFailed: 1}
    assert refused.errors[0].path == ("input", "insuranceAgentId")
    for agent in await store.all(select(InsuranceAgent).where(InsuranceAgent.tenant_id == tenant.id)):
        named = await act(actions.assign_callback, id=request.id, insurance_agent_id=agent.id)
        assert refusals([named]) == {ValidationFailed: 1}
    [for_billing] = await crew(store, tenant, 1, specialities=["BILLING"])
    assert (await act(actions.assign_callback, id=request.id)).errors == []
    assert await held(store, tenant) == {for_billing.id: 1}


async def test_a_queue_that_assigns_nobody_wants_somebody_named(store: Store, tenant: Tenant, act: Act) -> None:
    [agent] = await crew(store, tenant, 1)
    queue = await callbacks.callback_queue(store, tenant, is_auto_assignment_enabled=False)
    [request] = await waiting(store, tenant, 1, queue_id=queue.id)
    assert refusals([await act(actions.assign_callback, id=request.id)]) == {ValidationFailed: 1}
    assert (await act(actions.assign_callback, id=request.id, insurance_agent_id=agent.id)).errors == []


async def test_an_overdue_callback_goes_on_from_where_it_was(
    store: Store, tenant: Tenant, act: Act, clock: FixedClock
) -> None:
    ann, ben = await crew(store, tenant, 2)
    late = {"status": CallbackStatus.OVERDUE, "overdue_at": START}
    [unassigned] = await waiting(store, tenant, 1, **late)
    assert refusals([await act(actions.start_callback, id=unassigned.id)]) == {TransitionRefused: 1}
    assert (await act(actions.assign_callback, id=unassigned.id, insurance_agent_id=ann.id)).errors == []
    [assigned] = await waiting(store, tenant, 1, insurance_agent_id=ann.id, assigned_at=START, **late)
    assert refusals([await act(actions.complete_callback, id=assigned.id)]) == {TransitionRefused: 1}
    clock.instant += timedelta(minutes=1)
    assert (await act(actions.start_callback, id=assigned.id)).errors == []
    begun = {"insurance_agent_id": ann.id, "assigned_at": START, "started_at": START}
    [kept, moved, dropped] = await waiting(store, tenant, 3, **begun, **late)
    assert (await act(actions.complete_callback, id=kept.id)).errors == []
    assert (await act(actions.assign_callback, id=moved.id, insurance_agent_id=ben.id)).errors == []
    assert (await act(actions.cancel_callback, id=dropped.id)).errors == []
    found = {request.id: request for request in await stored(store, tenant)}
    assert [found[row.id].status for row in (unassigned, assigned, kept, moved, dropped)] == [
        "ASSIGNED",
        "IN_PROGRESS",
        "COMPLETED",
        "ASSIGNED",
        "CANCELLED",
    ]
    assert {request.overdue_at for request in found.values()} == {START}
    assert await held(store, tenant) == await figures(store, tenant) == {ann.id: 2, ben.id: 1}


async def test_a_promise_that_is_sent_many_times_under_one_key_is_made_once(
    store: Store, tenant: Tenant, act: Act
) -> None:
    person = await contacts.contact(store, tenant)
    wanted = {
        "contact_id": person.id,
        "request_type": CallbackRequestType.FEEDBACK,
        "description": "Call me.",
    }
    outcomes = await asyncio.gather(*(act(actions.create_callback, key="once", **wanted) for _ in range(12)))
    assert refusals(outcomes) == {}
    [made] = await stored(store, tenant)
    assert {outcome.ids["callback_request"] for outcome in outcomes} == {made.id}
    assert len({outcome.position for outcome in outcomes}) == 1
    assert sum(outcome.is_replay for outcome in outcomes) == 11
    types = await store.all(select(Event.type).where(Event.tenant_id == tenant.id))
    assert types == [EventType.CALLBACK_CREATED]
    other = await act(actions.create_callback, key="once", **{**wanted, "description": "Call me soon."})
    assert refusals([other]) == {Conflict: 1}


async def test_a_number_that_is_taken_is_drawn_again(
    store: Store, tenant: Tenant, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    await callbacks.callback_request(store, tenant, number="CBR00000007")
    drawn = iter([7, 7, 8])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))
    person = await contacts.contact(store, tenant)
    made = await act(
        actions.create_callback,
        contact_id=person.id,
        request_type=CallbackRequestType.OTHER,
        description="Call me.",
    )
    assert made.errors == []
    assert {request.number for request in await stored(store, tenant)} == {"CBR00000007", "CBR00000008"}


async def test_a_stranger_to_the_tenant_assigns_nothing(
    store: Store, tenant: Tenant, other_tenant: Tenant, act: Act
) -> None:
    [foreign] = await crew(store, other_tenant, 1)
    [request] = await waiting(store, tenant, 1)
    for agent_id in (foreign.id, uuid4()):
        refused = await act(actions.assign_callback, id=request.id, insurance_agent_id=agent_id)
        assert [(error.code, error.path) for error in refused.errors] == [("NOT_FOUND", ("input", "insuranceAgentId"))]
    assert refusals([await act(actions.assign_callback, id=request.id)]) == {ValidationFailed: 1}
    assert await given_out(store, tenant) == {}


async def test_a_callback_remembers_who_did_what_to_it(
    store: Store, tenant: Tenant, act: Act, clock: FixedClock
) -> None:
    [agent] = await crew(store, tenant, 1)
    people = [await access.user(store, tenant) for _ in range(4)]
    person = await contacts.contact(store, tenant)
    by = [viewer_in(tenant, user.id) for user in people]
    made = await act(
        actions.create_callback,
        by=by[0],
        contact_id=person.id,
        request_type=CallbackRequestType.OTHER,
        description="Call me.",
    )
    one, other = made.ids["callback_request"], (await waiting(store, tenant, 1))[0].id
    clock.instant += timedelta(minutes=5)
    for action, viewer, request_id in (
        (actions.assign_callback, by[1], one),
        (actions.start_callback, by[2], one),
        (actions.complete_callback, by[3], one),
        (actions.cancel_callback, by[3], other),
    ):
        assert (await act(action, by=viewer, id=request_id)).errors == []
    found = {request.id: request for request in await stored(store, tenant)}
    kept, dropped = found[one], found[other]
    assert (kept.created_by_id, kept.assigned_by_id, kept.completed_by_id) == (people[0].id, people[1].id, people[3].id)
    assert (kept.updated_by_id, dropped.updated_by_id, dropped.cancelled_by_id) == (people[3].id,) * 3
    assert kept.source is CallbackSource.PORTAL
    history = await store.all(
        select(CallbackActivity.user_id)
        .where(CallbackActivity.callback_request_id == one)
        .order_by(CallbackActivity.created_at, CallbackActivity.id)
    )
    assert history == [user.id for user in people]
    assert agent.id == kept.insurance_agent_id
