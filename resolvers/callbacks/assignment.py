"""Assigning a callback: to the insurance agent who was named, or to the one whose turn it is.

Locks are taken in one order, callback, queue, insurance agents by id, and figures are read under them: so no
two who assign at once give one callback to two, or more to one than fits.
"""

from collections.abc import Mapping
from uuid import UUID

from db import callbacks as rows
from db.core.base import TenantRow
from db.enums.callbacks import CallbackQueueType, CallbackStatus
from db.insurance_agents import InsuranceAgent
from resolvers.callbacks import capacity
from resolvers.callbacks.transitions import advance, lock_request, state_of
from resolvers.core.errors import Conflict, input_path
from resolvers.core.writes import Values, Write
from resolvers.rules import Invalid, LimitExceeded
from resolvers.rules import callbacks as rules


async def assign_callback(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Give a callback to an insurance agent, or to another one; its queue chooses when nobody is named.

    Raises NotFound, IllegalTransition, and Conflict: also when nobody is named for a callback that has an
    assignee, since of two who ask at once the first one was obeyed. Raises Invalid for one who may not get it
    or when there is nobody, LimitExceeded for one who is full, or when all are.
    """
    request = await lock_request(write, values)
    state = state_of(request)
    old_id = request.insurance_agent_id
    named: UUID | None = values.get("insurance_agent_id")
    if named is not None:
        change = rules.assign(state, named, write.now)
        agents = await _take(write, request, named)
    else:
        rules.check_transition(state, CallbackStatus.ASSIGNED)
        chosen = await _choose(write, request)
        change = rules.assign(state, chosen.id, write.now)
        agents = [chosen]
    details = {"old_insurance_agent_id": str(old_id)} if old_id is not None else {}
    advance(write, request, change, {"assigned_by_id": write.viewer.user_id}, details=details)
    await capacity.settle(write, agents)
    return {"callback_request": request}


async def _take(write: Write, request: rows.CallbackRequest, agent_id: UUID) -> list[InsuranceAgent]:
    """Lock the one who was named and the present assignee. Raises when the former may not get it."""
    queue = None
    if request.queue_id is not None:
        queue = await write.get(rows.CallbackQueue, request.queue_id, input_path("id"))
    agents = await capacity.lock_agents(write, agent_id, request.insurance_agent_id)
    assignee = (await capacity.assignees(write, [agents[agent_id]]))[0]
    rules.check_assignable(
        request.request_type, request.category, assignee, _service(queue).max_concurrent_callbacks, write.now
    )
    return list(agents.values())


async def _choose(write: Write, request: rows.CallbackRequest) -> InsuranceAgent:
    """Find the one whose turn it is, and lock them.

    The queue is locked before: it hands out one callback at a time, by the figures that the last one left.
    Other queues and people assign too, so the figures of whom it chose are read again under the lock; one
    who has become full gives way, and the savepoint gives the lock back, before the next one is locked.
    """
    if request.insurance_agent_id is not None:
        raise Conflict(
            "The callback has an assignee; name another one to reassign it.",
            input_path("insurance_agent_id"),
            type_name="CallbackRequest",
            object_id=request.id,
        )
    queue = None
    if request.queue_id is not None:
        queue = await write.lock(rows.CallbackQueue, request.queue_id)
        if not queue.is_auto_assignment_enabled:
            raise Invalid(("insurance_agent_id",), "must be given: its queue assigns nobody", "REQUIRED")
    service = _service(queue)
    found = {assignee.insurance_agent_id: assignee for assignee in await capacity.candidates(write, request, queue)}
    while True:
        agent_id = rules.choose_assignee(
            request.request_type, request.category, service, found.values(), write.now
        ).insurance_agent_id
        async with write.session.begin_nested() as savepoint:
            agent = (await capacity.lock_agents(write, agent_id))[agent_id]
            found[agent_id] = (await capacity.assignees(write, [agent]))[0]
            if _may_get(request, found[agent_id], service, write):
                break
            await savepoint.rollback()
    if queue is not None and queue.queue_type is CallbackQueueType.ROUND_ROBIN:
        queue.last_insurance_agent_id = agent_id
    return agent


def _may_get(request: rows.CallbackRequest, assignee: rules.Assignee, service: rules.Service, write: Write) -> bool:
    try:
        rules.check_assignable(
            request.request_type, request.category, assignee, service.max_concurrent_callbacks, write.now
        )
    except (Invalid, LimitExceeded):
        return False
    return True


def _service(queue: rows.CallbackQueue | None) -> rules.Service:
    """How the callback's queue hands out; a callback in none goes to the one with the least to do."""
    if queue is None:
        return rules.Service()
    return rules.Service(queue.queue_type, queue.max_concurrent_callbacks, queue.last_insurance_agent_id)
