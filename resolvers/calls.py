"""What happens to calls: their providers report them, and each report drives a call on."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, or_, select

from db import calls as rows
from db.contacts import Contact
from db.core.base import TenantRow
from db.enums.events import EventType
from db.organizations import Tenant
from resolvers.core.writes import Values, Write
from resolvers.rules import calls as rules
from resolvers.telephony import phone_number
from resolvers.voice_agents import published_version_id


async def report_call(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Store what a provider reports of a call: `integration_id` and the `report`.

    The first report of a call creates it, also when two first ones race; a later one drives it on. One event
    for each change of status, the first included (CALL_CREATED); a report that tells nothing new changes
    nothing.
    """
    integration_id: UUID = values["integration_id"]
    report: rules.CallReport = values["report"]
    call = await _locked(write, integration_id, report)
    if call is None:
        created = await _created(write, integration_id, report)
        if created is not None:
            return {"call": created}
        call = await _locked(write, integration_id, report)
    if call is None:
        raise RuntimeError(f"call {report.provider_call_id} is there and cannot be seen")
    _drive_on(write, call, report)
    return {"call": call}


async def _locked(write: Write, integration_id: UUID, report: rules.CallReport) -> rows.Call | None:
    found: rows.Call | None = await write.session.scalar(
        select(rows.Call)
        .where(
            rows.Call.integration_id == integration_id,
            rows.Call.provider_call_id == report.provider_call_id,
        )
        .with_for_update(key_share=True)  # as Write.lock: others may refer to the call meanwhile
    )
    return found


async def _created(write: Write, integration_id: UUID, report: rules.CallReport) -> rows.Call | None:
    """The new call; None when another transaction has created it meanwhile."""
    number = await phone_number(write, report.own_number)
    voice_agent_id = number.voice_agent_id if number else None
    change = rules.apply_report(None, report.state)
    drafted = rows.Call(
        integration_id=integration_id,
        provider_call_id=report.provider_call_id,
        direction=report.direction,
        from_number=report.from_number,
        to_number=report.to_number,
        contact_id=await _contact_id(write, report.other_number),
        voice_agent_id=voice_agent_id,
        voice_agent_version_id=await published_version_id(write, voice_agent_id),
        phone_number_id=number.id if number else None,
        last_reported_at=report.state.at,
        provider_status=report.provider_status,
        is_over_limit=await _is_over_limit(write, change),
        details=dict(report.details),
        **change.values,
        **rules.still_open({}, report.facts),
    )
    call = await write.add_unless_taken(drafted)
    if call is not None:
        _record(write, EventType.CALL_CREATED, call, change)
    return call


def _drive_on(write: Write, call: rows.Call, report: rules.CallReport) -> None:
    state = rules.CallState(
        status=call.status,
        initiated_at=call.initiated_at,
        ringing_at=call.ringing_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_seconds=call.duration_seconds,
    )
    change = rules.apply_report(state, report.state)
    known = {name: getattr(call, name) for name in report.facts}
    values = {**change.values, **rules.still_open(known, report.facts)}
    details = {**report.details, **call.details}
    if details != call.details:
        values["details"] = details
    if not values:
        return
    values["last_reported_at"] = max(call.last_reported_at or report.state.at, report.state.at)
    if change.is_status_changed:
        values["provider_status"] = report.provider_status
    write.change(call, values)
    happened = EventType.CALL_STATUS_CHANGED if change.is_status_changed else EventType.CALL_UPDATED
    _record(write, happened, call, change)


def _record(write: Write, happened: EventType, call: rows.Call, change: rules.CallChange) -> None:
    payload = {
        "old_status": change.old_status,
        "new_status": change.new_status,
        "contact_id": call.contact_id,
        "voice_agent_id": call.voice_agent_id,
        "phone_number_id": call.phone_number_id,
        "integration_id": call.integration_id,
        "direction": call.direction,
    }
    write.record(happened, call, payload, subject_id=call.contact_id)


async def _contact_id(write: Write, number: str) -> UUID | None:
    """The contact with this number, in E.164; of several the one that has been known longest."""
    if not number.startswith("+"):  # withheld, or a SIP address
        return None
    found: UUID | None = await write.session.scalar(
        select(Contact.id)
        .where(or_(Contact.phone == number, Contact.mobile == number))
        .order_by(Contact.created_at, Contact.id)
        .limit(1)
    )
    return found


async def _is_over_limit(write: Write, change: rules.CallChange) -> bool:
    """Whether the tenant holds all the live calls that it may; exact, also when calls begin at once.

    The lock on the tenant makes those that count wait for each other until they commit. It is one that
    foreign keys do not wait for: FOR NO KEY UPDATE.
    """
    if rules.is_final(change.new_status):
        return False
    allowed = await write.session.scalar(
        select(Tenant.max_concurrent_calls).where(Tenant.id == write.tenant_id).with_for_update(key_share=True)
    )
    live = select(rows.Call.id).where(rows.Call.status.in_(rules.LIVE_STATUSES)).limit(allowed)
    count = await write.session.scalar(select(func.count()).select_from(live.subquery()))
    return rules.is_over_limit(change.new_status, count or 0, allowed or 0)
