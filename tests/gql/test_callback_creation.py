"""Promising callbacks through the API: what follows from the rules, and what is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.enums.callbacks import (
    CallbackActivityType,
)
from db.enums.contacts import CustomerValue
from db.enums.events import EventType
from db.events import TenantClock
from db.organizations import Tenant
from tests.factories import callbacks, calls, contacts
from tests.gql.callback_operations import at, run, state
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store


async def test_a_callback_is_promised_by_the_rules(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant, customer_value=CustomerValue.GOLD)
    everything = await callbacks.callback_queue(store, tenant)
    await callbacks.callback_queue(store, tenant, is_active=False, assignment_rules={"request_types": ["FEEDBACK"]})
    client = await sign_in(tenant)
    done = await run(
        client,
        "Create",
        contactId=gid(person),
        requestType="CLAIM_ASSISTANCE",
        description="  The claim is stuck. ",
        tags=["vip", "VIP "],
    )
    assert done["errors"] == []
    made = done["callbackRequest"]
    assert made["number"].startswith("CBR")
    assert {name: made[name] for name in made if name not in ("id", "number", "activities")} == {
        "status": "PENDING",
        "requestType": "CLAIM_ASSISTANCE",
        "category": "GENERAL",
        "description": "The claim is stuck.",
        "urgency": "MEDIUM",
        "customerValue": "GOLD",
        "tags": ["vip"],
        "source": "API",
        "sourceReference": None,
        "priority": "HIGH",
        "priorityScore": 100,
        "priorityCategory": "HIGH",
        "score": 100,
        "slaHours": None,
        "dueAt": at(START + timedelta(hours=2)),
        "phoneNumber": None,
        "isOverdue": False,
        "slaState": "ON_TRACK",
        "queue": {"id": gid(everything)},
        "contact": {"id": gid(person)},
        "call": None,
        "insuranceAgent": None,
    }
    assert made["activities"]["nodes"] == [
        {
            "activityType": "CREATED",
            "description": CallbackActivityType.CREATED.description,
            "oldStatus": None,
            "newStatus": "PENDING",
        }
    ]
    [event] = await store.events(tenant)
    assert (event.type, str(event.position)) == (EventType.CALLBACK_CREATED, str(done["position"]))
    assert (
        event.payload.items()
        >= {
            "old_status": None,
            "new_status": "PENDING",
            "queue_id": str(everything.id),
            "insurance_agent_id": None,
            "contact_id": str(person.id),
            "priority": "HIGH",
        }.items()
    )
    [entry] = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert (entry.event_id, entry.key_subject_id) == (event.id, person.id)
    assert await store.all(select(TenantClock.next_due_at).where(TenantClock.tenant_id == tenant.id)) == [
        START + timedelta(hours=2)
    ]


@pytest.mark.parametrize(
    ("own", "queues", "request_type", "hours"),
    [
        (5, 12, "POLICY_ISSUE", 5),
        (None, 12, "POLICY_ISSUE", 12),
        (None, None, "POLICY_ISSUE", 2),
        (None, None, "GENERAL_INQUIRY", 8),
        (None, None, "SUGGESTION", 24),
    ],
)
async def test_the_due_time_follows_own_hours_then_the_queues_then_the_priority(
    store: Store, tenant: Tenant, sign_in: SignIn, own: int | None, queues: int | None, request_type: str, hours: int
) -> None:
    person = await contacts.contact(store, tenant)
    queue = await callbacks.callback_queue(store, tenant, sla_hours=queues)
    done = await run(
        await sign_in(tenant),
        "Create",
        contactId=gid(person),
        requestType=request_type,
        description="Call me.",
        queueId=gid(queue),
        slaHours=own,
    )
    assert done["errors"] == []
    assert done["callbackRequest"]["dueAt"] == at(START + timedelta(hours=hours))
    assert done["callbackRequest"]["slaHours"] == own


async def test_a_callback_asked_for_on_a_call_goes_to_the_queue_that_fits_and_to_the_given_number(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant, country="IN")
    call = await calls.call(store, tenant, contact_id=person.id)
    await callbacks.callback_queue(store, tenant)
    billing = await callbacks.callback_queue(
        store, tenant, sla_hours=1, assignment_rules={"categories": ["BILLING"], "priorities": ["HIGH", "MEDIUM"]}
    )
    done = await run(
        await sign_in(tenant),
        "Create",
        contactId=gid(person),
        requestType="PAYMENT_PROBLEM",
        category="BILLING",
        urgency="LOW",
        description="Charged twice.",
        callId=gid(call),
        phoneNumber="022 1234 5678",
        sourceReference=" T-17 ",
    )
    assert done["errors"] == []
    made = done["callbackRequest"]
    assert (made["queue"], made["call"]) == ({"id": gid(billing)}, {"id": gid(call)})
    assert (made["source"], made["sourceReference"], made["phoneNumber"]) == ("CALL", "T-17", "+912212345678")
    assert made["dueAt"] == at(START + timedelta(hours=1))


async def test_a_promise_that_breaks_a_rule_is_not_made(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant)
    mute = await contacts.contact(store, tenant, phone=None)
    closed = await callbacks.callback_queue(store, tenant, is_active=False)
    of_another = await calls.call(store, tenant, contact_id=mute.id)
    foreign = await contacts.contact(store, other_tenant)
    foreign_queue = await callbacks.callback_queue(store, other_tenant)
    foreign_call = await calls.call(store, other_tenant)
    client = await sign_in(tenant)
    before = await state(store, tenant)
    valid = {"contactId": gid(person), "requestType": "OTHER", "description": "Call me."}
    for changed, code, path in (
        ({"contactId": gid(foreign)}, "NOT_FOUND", "contactId"),
        ({"contactId": gid(closed)}, "VALIDATION_FAILED", "contactId"),
        ({"contactId": gid(mute)}, "VALIDATION_FAILED", "phoneNumber"),
        ({"queueId": gid(foreign_queue)}, "NOT_FOUND", "queueId"),
        ({"queueId": gid(closed)}, "VALIDATION_FAILED", "queueId"),
        ({"callId": gid(foreign_call)}, "NOT_FOUND", "callId"),
        ({"callId": gid(of_another)}, "VALIDATION_FAILED", "callId"),
        ({"description": " "}, "VALIDATION_FAILED", "description"),
        ({"slaHours": 0}, "VALIDATION_FAILED", "slaHours"),
        ({"phoneNumber": "12"}, "VALIDATION_FAILED", "phoneNumber"),
    ):
        done = await run(client, "Create", **{**valid, **changed})
        assert done["callbackRequest"] is None
        assert [(error["code"], error["path"]) for error in done["errors"]] == [(code, ["input", path])]
    assert await state(store, tenant) == before
