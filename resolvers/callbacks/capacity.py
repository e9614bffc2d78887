"""What insurance agents have to do and could still take: read for assignment, settled with every change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, any_, bindparam, func, literal, or_, select, true

from db import callbacks as rows
from db.access import TeamMember
from db.enums.insurance_agents import InsuranceAgentStatus
from db.insurance_agents import InsuranceAgent
from resolvers.core.errors import input_path
from resolvers.core.writes import Write
from resolvers.organizations import home_zone
from resolvers.rules import Invalid
from resolvers.rules import callbacks as rules
from resolvers.rules.insurance_agents import parse_schedule

_SEEN = (
    InsuranceAgent.id,
    InsuranceAgent.status,
    InsuranceAgent.is_available,
    InsuranceAgent.specialities,
    InsuranceAgent.availability_schedule,
    InsuranceAgent.max_daily_callbacks,
    InsuranceAgent.max_concurrent_callbacks,
)


async def lock_agents(write: Write, *ids: UUID | None) -> dict[UUID, InsuranceAgent]:
    """The insurance agents of these ids, locked in the order of their ids. Raises NotFound."""
    path = input_path("insurance_agent_id")
    wanted = sorted({agent_id for agent_id in ids if agent_id is not None})
    return {agent_id: await write.lock(InsuranceAgent, agent_id, path=path) for agent_id in wanted}


async def settle(write: Write, agents: Iterable[InsuranceAgent]) -> None:
    """Set `active_callback_count` of locked insurance agents to what it is after this change.

    Counted rather than moved by one, so that it is right whatever it was. No version of theirs: the figure
    is no change that a person makes.
    """
    await write.session.flush()
    locked = {agent.id: agent for agent in agents}
    counted = await _figures(write, dict.fromkeys(locked, write.now))
    for agent_id, agent in locked.items():
        agent.active_callback_count = counted[agent_id][0]


async def candidates(
    write: Write, request: rows.CallbackRequest, queue: rows.CallbackQueue | None
) -> list[rules.Assignee]:
    """The insurance agents who take such callbacks, of the queue's team if it has one; not locked."""
    statement = select(*_SEEN).where(
        InsuranceAgent.status == InsuranceAgentStatus.ACTIVE,
        InsuranceAgent.is_available,
        or_(
            func.cardinality(InsuranceAgent.specialities) == 0,
            literal(request.request_type.value) == any_(InsuranceAgent.specialities),
            literal(request.category.value) == any_(InsuranceAgent.specialities),
        ),
    )
    if queue is not None and queue.team_id is not None:
        members = select(TeamMember.user_id).where(TeamMember.team_id == queue.team_id, TeamMember.left_at.is_(None))
        statement = statement.where(InsuranceAgent.user_id.in_(members))
    return await assignees(write, (await write.session.execute(statement)).all())


async def assignees(write: Write, agents: Sequence[Any]) -> list[rules.Assignee]:
    """Insurance agents as assignment sees them, with what they have to do at this moment."""
    home = await home_zone(write)
    since: dict[UUID, datetime] = {}
    drafts: list[dict[str, Any]] = []
    for agent in agents:
        is_available = agent.is_available and agent.status is InsuranceAgentStatus.ACTIVE
        try:
            schedule = parse_schedule(("availability_schedule",), agent.availability_schedule)
        except Invalid:  # nobody can tell when they work: better never than at any time
            schedule, is_available = None, False
        since[agent.id] = rules.start_of_day(write.now, schedule.zone if schedule else home)
        drafts.append(
            {
                "insurance_agent_id": agent.id,
                "max_daily_callbacks": agent.max_daily_callbacks,
                "max_concurrent_callbacks": agent.max_concurrent_callbacks,
                "is_available": is_available,
                "specialities": frozenset(agent.specialities),
                "schedule": schedule,
            }
        )
    counted = await _figures(write, since)
    return [
        rules.Assignee(**draft, active_now=active, assigned_today=today)
        for draft, (active, today) in ((draft, counted[draft["insurance_agent_id"]]) for draft in drafts)
    ]


async def _figures(write: Write, since: Mapping[UUID, datetime]) -> dict[UUID, tuple[int, int]]:
    """Of each insurance agent the callbacks that are open, and those assigned from the given instant on."""
    if not since:
        return {}
    request = rows.CallbackRequest
    agents = (
        func.unnest(
            bindparam("agents", list(since), type_=ARRAY(Uuid(as_uuid=True))),
            bindparam("instants", list(since.values()), type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued("id", "since", name="agents")
        .render_derived()
    )
    theirs = request.insurance_agent_id == agents.c.id
    active = (
        select(func.count(request.id).label("number"))
        .where(theirs, request.status.in_(rules.OPEN_STATUSES))
        .lateral("active")
    )
    today = (
        select(func.count(request.id).label("number"))
        .where(theirs, request.assigned_at >= agents.c.since)
        .lateral("today")
    )
    found = await write.session.execute(
        select(agents.c.id, active.c.number, today.c.number)
        .select_from(agents)
        .join(active, true())
        .join(today, true())
    )
    return {agent_id: (open_, assigned) for agent_id, open_, assigned in found}
