"""Assigning, starting, completing and cancelling callbacks through the API."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.enums.callbacks import (
    CallbackPriority,
    CallbackStatus,
    CallbackUrgency,
)
from db.enums.events import EventType
from db.organizations import Tenant
from resolvers.core.clock import FixedClock
from tests.factories import access, callbacks, contacts, insurance_agents
from tests.gql.callback_operations import CREATE, MUTATIONS, at, run, state
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_what_a_person_set_as_priority_stays_however_old_the_callback_is(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    request = await callbacks.callback_request(
        store, tenant, priority=CallbackPriority.LOW, is_priority_manual=True, urgency=CallbackUrgency.CRITICAL
    )
    clock.instant = START + timedelta(hours=40)
    client = await sign_in(tenant)
    assert (await run(client, "Assign", id=gid(request), insuranceAgentId=gid(agent)))["errors"] == []
    query = "query ($id: ID!) { callbackRequest(id: $id) { score priorityScore priority priorityCategory } }"
    shown = (await client.run(query, {"id": gid(request)})).ok()["callbackRequest"]
    assert shown == {"score": 90, "priorityScore": 90, "priority": "LOW", "priorityCategory": "LOW"}


async def test_a_callback_goes_from_promise_to_completion(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    request = await callbacks.callback_request(store, tenant)
    ann = await insurance_agents.insurance_agent(store, tenant)
    ben = await insurance_agents.insurance_agent(store, tenant)
    client = await sign_in(tenant)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("Assign", {"insuranceAgentId": gid(ann)}),
        ("Start", {}),
        ("Assign", {"insuranceAgentId": gid(ben)}),
        ("Start", {}),
        (
            "Complete",
            {
                "outcome": "TRANSFERRED",
                "resolution": " To claims. ",
                "notes": "Was friendly.",
                "satisfactionRating": 4,
                "satisfactionComment": "Quick!",
            },
        ),
    ]
    for minutes, (name, values) in enumerate(steps, start=1):
        clock.instant = START + timedelta(minutes=minutes)
        done = await run(client, name, id=gid(request), expectedVersion=minutes, **values)
        assert done["errors"] == []
    shown = done["callbackRequest"]
    assert shown == {
        "id": gid(request),
        "number": request.number,
        "status": "COMPLETED",
        "outcome": "TRANSFERRED",
        "resolution": "To claims.",
        "cancellationReason": None,
        "satisfactionRating": 4,
        "satisfactionComment": "Quick!",
        "version": 6,
        "assignedAt": at(START + timedelta(minutes=3)),
        "startedAt": at(START + timedelta(minutes=4)),
        "firstResponseAt": at(START + timedelta(minutes=2)),
        "completedAt": at(START + timedelta(minutes=5)),
        "cancelledAt": None,
        "insuranceAgent": {"id": gid(ben)},
    }
    query = """query ($id: ID!) { callbackRequest(id: $id) { activities { nodes {
      activityType oldStatus newStatus durationSeconds notes details createdAt insuranceAgent { id }
    } } } }"""
    history = (await client.run(query, {"id": gid(request)})).ok()["callbackRequest"]["activities"]["nodes"]
    assert [
        (one["activityType"], one["oldStatus"], one["newStatus"], one["insuranceAgent"]["id"]) for one in history
    ] == [
        ("ASSIGNED", "PENDING", "ASSIGNED", gid(ann)),
        ("STARTED", "ASSIGNED", "IN_PROGRESS", gid(ann)),
        ("REASSIGNED", "IN_PROGRESS", "ASSIGNED", gid(ben)),
        ("STARTED", "ASSIGNED", "IN_PROGRESS", gid(ben)),
        ("COMPLETED", "IN_PROGRESS", "COMPLETED", gid(ben)),
    ]
    assert history[2]["details"] == {"oldInsuranceAgentId": gid(ann)}
    assert (history[4]["notes"], history[4]["durationSeconds"]) == ("Was friendly.", 60)
    log = await store.events(tenant)
    assert [(event.type, event.payload["old_status"], event.payload["new_status"]) for event in log] == [
        (EventType.CALLBACK_STATUS_CHANGED, one["oldStatus"], one["newStatus"]) for one in history
    ]
    assert [event.payload["insurance_agent_id"] for event in log] == [
        str(agent.id) for agent in (ann, ann, ben, ben, ben)
    ]
    assert {event.object_id for event in log} == {request.id}
    audit = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert {entry.event_id for entry in audit} == {event.id for event in log}
    assert {entry.key_subject_id for entry in audit} == {request.contact_id}


async def test_a_reassignment_that_keeps_the_status_is_told_as_an_update(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    ann = await insurance_agents.insurance_agent(store, tenant)
    ben = await insurance_agents.insurance_agent(store, tenant)
    request = await callbacks.callback_request(
        store, tenant, status=CallbackStatus.ASSIGNED, insurance_agent_id=ann.id, assigned_at=START
    )
    client = await sign_in(tenant)
    assert (await run(client, "Assign", id=gid(request), insuranceAgentId=gid(ben)))["errors"] == []
    [event] = await store.events(tenant)
    assert event.type is EventType.CALLBACK_UPDATED
    assert (event.payload["old_status"], event.payload["new_status"]) == ("ASSIGNED", "ASSIGNED")
    assert event.payload["insurance_agent_id"] == str(ben.id)


async def test_a_callback_is_cancelled_from_any_open_state(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    client = await sign_in(tenant)
    for status in ("PENDING", "ASSIGNED", "IN_PROGRESS", "OVERDUE"):
        request = await callbacks.callback_request(
            store, tenant, status=status, insurance_agent_id=None if status == "PENDING" else agent.id
        )
        done = await run(client, "Cancel", id=gid(request), reason=" Called us himself. ")
        assert done["errors"] == []
        assert (done["callbackRequest"]["status"], done["callbackRequest"]["cancelledAt"]) == ("CANCELLED", at(START))
        assert done["callbackRequest"]["cancellationReason"] == "Called us himself."
        assert done["callbackRequest"]["outcome"] == "CANCELLED"


@pytest.mark.parametrize(
    ("status", "name", "allowed"),
    [
        ("PENDING", "Start", ["ASSIGNED", "CANCELLED"]),
        ("PENDING", "Complete", ["ASSIGNED", "CANCELLED"]),
        ("ASSIGNED", "Complete", ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        ("IN_PROGRESS", "Start", ["ASSIGNED", "COMPLETED", "CANCELLED"]),
        ("OVERDUE", "Complete", ["ASSIGNED", "IN_PROGRESS", "CANCELLED"]),
        *[(end, name, []) for end in ("COMPLETED", "CANCELLED") for name in MUTATIONS],
    ],
)
async def test_what_cannot_follow_is_refused_with_what_could_and_changes_nothing(
    store: Store, tenant: Tenant, sign_in: SignIn, status: str, name: str, allowed: list[str]
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    request = await callbacks.callback_request(
        store,
        tenant,
        status=status,
        insurance_agent_id=None if status == "PENDING" else agent.id,
        assigned_at=START,
        completed_at=START,
        cancelled_at=START,
    )
    client = await sign_in(tenant)
    before = await state(store, tenant)
    done = await run(client, name, id=gid(request))
    assert done["callbackRequest"] is None
    [error] = done["errors"]
    wanted = {"Assign": "ASSIGNED", "Start": "IN_PROGRESS", "Complete": "COMPLETED", "Cancel": "CANCELLED"}[name]
    assert (error["__typename"], error["code"]) == ("IllegalTransition", "ILLEGAL_TRANSITION")
    assert (error["from"], error["to"], error["allowed"]) == (status, wanted, allowed)
    assert await state(store, tenant) == before


@pytest.mark.parametrize(
    ("name", "permission"),
    [
        ("Create", "callback:write"),
        ("Assign", "callback:assign"),
        ("Start", "callback:write"),
        ("Complete", "callback:write"),
        ("Cancel", "callback:write"),
    ],
)
async def test_a_change_needs_its_permission_and_a_callback_of_the_tenant(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn, name: str, permission: str
) -> None:
    foreign = await callbacks.callback_request(store, other_tenant)
    person = await contacts.contact(store, other_tenant)
    values: dict[str, Any] = {"id": gid(foreign)}
    if name == "Create":
        values = {"contactId": gid(person), "requestType": "OTHER", "description": "Call me."}
    text = CREATE if name == "Create" else MUTATIONS[name]
    both = {"callback:write", "callback:assign", "callback:read"}
    before = await state(store, other_tenant)
    refused = await (await sign_in(other_tenant, permissions=both - {permission})).run(text, {"input": values})
    assert refused.codes == ["FORBIDDEN"]
    assert refused.errors[0]["extensions"]["permission"] == permission
    done = await run(await sign_in(tenant, permissions={permission}), name, **values)
    assert [error["code"] for error in done["errors"]] == ["NOT_FOUND"]
    assert await state(store, other_tenant) == before
    assert await state(store, tenant) == [0, 0, 0]


async def test_a_full_insurance_agent_and_another_version_are_refused_and_nothing_changes(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    full = await insurance_agents.insurance_agent(store, tenant, max_concurrent_callbacks=0)
    request = await callbacks.callback_request(store, tenant)
    client = await sign_in(tenant)
    before = await state(store, tenant)
    for values in ({}, {"insuranceAgentId": gid(full)}):
        [error] = (await run(client, "Assign", id=gid(request), **values))["errors"]
        assert (error["__typename"], error["limit"]) == ("LimitExceeded", 0)
    for name in MUTATIONS:
        [error] = (await run(client, name, id=gid(request), expectedVersion=7))["errors"]
        assert (error["__typename"], error["path"]) == ("Conflict", ["input", "expectedVersion"])
        assert error["object"] == {"id": gid(request)}
    assert await state(store, tenant) == before


async def test_a_completion_with_wrong_values_is_refused_and_nothing_changes(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    request = await callbacks.callback_request(
        store,
        tenant,
        status=CallbackStatus.IN_PROGRESS,
        insurance_agent_id=agent.id,
        assigned_at=START,
        started_at=START,
    )
    client = await sign_in(tenant)
    before = await state(store, tenant)
    for values, path in (
        ({"outcome": "CANCELLED"}, "outcome"),
        ({"satisfactionRating": 6}, "satisfactionRating"),
        ({"resolution": "x" * 10_001}, "resolution"),
        ({"notes": "\u0000"}, "notes"),
        ({"satisfactionComment": "x" * 2001}, "satisfactionComment"),
    ):
        [error] = (await run(client, "Complete", id=gid(request), **values))["errors"]
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", path])
    [error] = (await run(client, "Cancel", id=gid(request), reason="x" * 1001))["errors"]
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", "reason"])
    assert await state(store, tenant) == before


async def test_a_transition_sent_again_under_its_key_answers_as_the_first_time(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    request = await callbacks.callback_request(store, tenant)
    client = await sign_in(tenant)
    for _ in range(2):
        done = await run(client, "Assign", id=gid(request), insuranceAgentId=gid(agent), idempotencyKey="again")
        assert done["errors"] == []
        assert done["callbackRequest"]["version"] == 2
    assert len(await store.events(tenant)) == 1


async def test_a_queue_with_a_team_chooses_from_its_members(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    member, stranger = await access.user(store, tenant), await access.user(store, tenant)
    team = await access.team(store, tenant)
    await access.team_member(store, tenant, team_id=team.id, user_id=member.id)
    await insurance_agents.insurance_agent(store, tenant, user_id=stranger.id)
    await insurance_agents.insurance_agent(store, tenant)
    chosen = await insurance_agents.insurance_agent(store, tenant, user_id=member.id)
    queue = await callbacks.callback_queue(store, tenant, team_id=team.id)
    client = await sign_in(tenant)
    for _ in range(3):
        request = await callbacks.callback_request(store, tenant, queue_id=queue.id)
        done = await run(client, "Assign", id=gid(request))
        assert done["errors"] == []
        assert done["callbackRequest"]["insuranceAgent"] == {"id": gid(chosen)}
