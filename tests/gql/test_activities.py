"""Activities through the API."""

from datetime import timedelta
from typing import Any

from db.enums.activities import ActivityPriority, ActivityStatus, ActivityType
from db.organizations import Tenant
from tests.factories import access, activities, calls, contacts, deals, policies
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

ONE = """
query ($id: ID!) {
  activity(id: $id) {
    id activityType subject description status priority scheduledAt startedAt completedAt dueAt durationSeconds
    location meetingUrl outcome outcomeNotes isFollowUpRequired followUpAt customFields tags version createdAt updatedAt
    contact { id } account { id } deal { id } policy { id } call { id }
    owner { id } assignee { id } createdBy { id } updatedBy { id }
  }
}
"""


async def test_an_activity_is_read_with_everything_it_is_about(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    owner, assignee = await access.user(store, tenant), await access.user(store, tenant)
    person, company = await contacts.contact(store, tenant), await contacts.account(store, tenant)
    deal, policy = await deals.deal(store, tenant), await policies.policy(store, tenant)
    call = await calls.call(store, tenant)
    activity = await activities.activity(
        store,
        tenant,
        subject="Renewal talk",
        activity_type=ActivityType.MEETING,
        duration_seconds=1800,
        due_at=START + timedelta(days=1),
        meeting_url="https://meet.example/1",
        tags=["renewal"],
        contact_id=person.id,
        account_id=company.id,
        deal_id=deal.id,
        policy_id=policy.id,
        call_id=call.id,
        owner_id=owner.id,
        assignee_id=assignee.id,
        created_by_id=owner.id,
        updated_by_id=assignee.id,
    )
    client = await sign_in(tenant)
    assert (await client.run(ONE, {"id": gid(activity)})).ok()["activity"] == {
        "id": gid(activity),
        "activityType": "MEETING",
        "subject": "Renewal talk",
        "description": None,
        "status": "SCHEDULED",
        "priority": "MEDIUM",
        "scheduledAt": None,
        "startedAt": None,
        "completedAt": None,
        "dueAt": "2026-11-21T09:00:00Z",
        "durationSeconds": 1800,
        "location": None,
        "meetingUrl": "https://meet.example/1",
        "outcome": None,
        "outcomeNotes": None,
        "isFollowUpRequired": False,
        "followUpAt": None,
        "customFields": {},
        "tags": ["renewal"],
        "version": 1,
        "createdAt": "2026-11-20T09:00:00Z",
        "updatedAt": "2026-11-20T09:00:00Z",
        "contact": {"id": gid(person)},
        "account": {"id": gid(company)},
        "deal": {"id": gid(deal)},
        "policy": {"id": gid(policy)},
        "call": {"id": gid(call)},
        "owner": {"id": gid(owner)},
        "assignee": {"id": gid(assignee)},
        "createdBy": {"id": gid(owner)},
        "updatedBy": {"id": gid(assignee)},
    }
    assert len(client.statements) <= 10  # the activity, and one for each relation


async def test_what_an_activity_is_about_leads_back_to_it(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person, company = await contacts.contact(store, tenant), await contacts.account(store, tenant)
    about = {
        "contact_id": person,
        "account_id": company,
        "deal_id": await deals.deal(store, tenant),
        "policy_id": await policies.policy(store, tenant),
        "call_id": await calls.call(store, tenant),
        "owner_id": await access.user(store, tenant),
    }
    await activities.activity(store, tenant, subject="Another", contact_id=(await contacts.contact(store, tenant)).id)
    activity = await activities.activity(store, tenant, **{name: row.id for name, row in about.items()})
    client = await sign_in(tenant)
    for row in about.values():
        name = type(row).__name__
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {name} {{ activities {{ nodes {{ id }} }} }} }} }}"
        data = (await client.run(query, {"id": gid(row)})).ok()
        assert data == {"node": {"activities": {"nodes": [{"id": gid(activity)}]}}}, name


async def test_activities_are_listed_filtered_ordered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    owner, person = await access.user(store, tenant), await contacts.contact(store, tenant)
    later = START + timedelta(days=1)
    await activities.activity(store, other_tenant, subject="Wanted elsewhere")
    await activities.activity(store, tenant, subject="Other", updated_at=later + timedelta(days=1))
    company, deal = await contacts.account(store, tenant), await deals.deal(store, tenant)
    policy, call = await policies.policy(store, tenant), await calls.call(store, tenant)
    await activities.activity(
        store,
        tenant,
        subject="Wanted offer",
        activity_type=ActivityType.PROPOSAL,
        status=ActivityStatus.COMPLETED,
        priority=ActivityPriority.HIGH,
        scheduled_at=later,
        started_at=later,
        completed_at=later,
        due_at=later,
        outcome="SENT",
        is_follow_up_required=True,
        follow_up_at=later,
        tags=["offer"],
        contact_id=person.id,
        account_id=company.id,
        deal_id=deal.id,
        policy_id=policy.id,
        call_id=call.id,
        owner_id=owner.id,
        assignee_id=owner.id,
        created_at=later,
        updated_at=later,
    )
    client = await sign_in(tenant)

    async def subjects(**arguments: Any) -> list[str]:
        query = """query ($f: ActivityFilter, $o: ActivityOrder, $s: String) {
          activities(filter: $f, orderBy: $o, search: $s) { nodes { subject } } }"""
        nodes = (await client.run(query, arguments)).ok()["activities"]["nodes"]
        return [node["subject"] for node in nodes]

    instant = {"gt": "2026-11-20T12:00:00Z", "lt": "2026-11-22T00:00:00Z"}
    for name, comparison in {
        "activityType": {"eq": "PROPOSAL"},
        "subject": {"startsWith": "Wanted"},
        "status": {"in": ["COMPLETED"]},
        "priority": {"eq": "HIGH"},
        "scheduledAt": instant,
        "startedAt": instant,
        "completedAt": instant,
        "dueAt": {"isNull": False},
        "outcome": {"eq": "SENT"},
        "isFollowUpRequired": {"eq": True},
        "followUpAt": instant,
        "tags": {"has": "offer"},
        "contactId": {"eq": gid(person)},
        "accountId": {"eq": gid(company)},
        "dealId": {"eq": gid(deal)},
        "policyId": {"eq": gid(policy)},
        "callId": {"eq": gid(call)},
        "ownerId": {"eq": gid(owner)},
        "assigneeId": {"isNull": False},
        "createdAt": instant,
        "updatedAt": instant,
    }.items():
        assert await subjects(f={name: comparison}) == ["Wanted offer"], name
        assert await subjects(f={"not": {name: comparison}}) == ["Other"], name
    assert await subjects() == ["Wanted offer", "Other"]
    assert await subjects(o={"field": "CREATED_AT", "direction": "ASC"}) == ["Other", "Wanted offer"]
    assert await subjects(o={"field": "UPDATED_AT", "direction": "DESC"}) == ["Other", "Wanted offer"]
    assert await subjects(s="want") == ["Wanted offer"]


async def test_activities_need_their_permission_and_those_of_what_they_are_about(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    activity = await activities.activity(store, tenant)
    nobody = await sign_in(tenant, permissions={"contact:read"})
    for query in (
        "query ($id: ID!) { activity(id: $id) { id } }",
        "query ($id: ID!) { node(id: $id) { id } }",
        "{ activities { nodes { id } } }",
        "{ contacts { nodes { activities { nodes { id } } } } }",
    ):
        answer = await nobody.run(query, {"id": gid(activity)} if "$id" in query else None)
        assert answer.codes == ["FORBIDDEN"], query
        assert answer.errors[0]["extensions"]["permission"] == "activity:read"
    reader = await sign_in(tenant, permissions={"activity:read"})
    answer = await reader.run(
        "query ($id: ID!) { activity(id: $id) { id contact { id } owner { id } } }", {"id": gid(activity)}
    )
    assert sorted(answer.codes) == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.data == {"activity": {"id": gid(activity), "contact": None, "owner": None}}


async def test_another_tenants_activities_stay_unseen(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    foreign = await activities.activity(store, other_tenant)
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($id: ID!, $contact: ID!) { activity(id: $id) { id }
                 activities(filter: {contactId: {eq: $contact}}) { nodes { id } totalCount } }""",
            {"id": gid(foreign), "contact": f"contact_{foreign.contact_id}"},
        )
    ).ok()
    assert data == {"activity": None, "activities": {"nodes": [], "totalCount": 0}}
