"""Policies through the API: drafting them, and bringing them from status to status."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.enums.events import EventType
from db.enums.insurance_agents import InsuranceAgentStatus, InsuranceProviderStatus
from db.enums.policies import (
    PolicyCancellationReason,
    PolicyPaymentStatus,
    PolicyStatus,
    PremiumFrequency,
    PremiumMode,
)
from db.events import Event
from db.insurance_agents import InsuranceAgent
from db.organizations import Tenant
from db.policies import Policy, Policyholder
from resolvers.core.clock import FixedClock
from resolvers.rules.access import PERMISSIONS
from tests.factories import contacts, insurance_agents, policies
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

CREATE = """
mutation ($input: PolicyCreateInput!) {
  policyCreate(input: $input) {
    position
    errors { __typename code message path }
    policy {
      id policyNumber planName currency sumAssured premiumAmount premiumFrequency premiumMode appliedOn startOn
      maturityOn nextDueOn gracePeriodDays commissionRate status paymentStatus version
      riders { name premiumAmount } contact { id } policyholder { id } provider { id } policyType { id }
      insuranceAgent { id }
    }
  }
}
"""

CHANGE = """
mutation ($input: PolicyStatusChangeInput!) {
  policyStatusChange(input: $input) {
    errors {
      __typename code message path
      ... on IllegalTransition { from to allowed }
      ... on Conflict { present: current { id ... on Policy { version status } } }
    }
    policy { id status subStatus version nextDueOn paymentStatus issuedOn cancellationReason cancellationNote }
  }
}
"""

TERMS: dict[str, Any] = {
    "policyNumber": "LIC-1",
    "planName": "Jeevan Anand",
    "sumAssured": "1000000",
    "premiumAmount": "2500.50",
    "startOn": "2026-12-01",
    "maturityOn": "2046-12-01",
}


async def counts(store: Store, tenant: Tenant) -> tuple[int, ...]:
    """How many policies, policyholders, events and audit entries the tenant has."""
    return tuple(await store.counts(tenant, Policy, Policyholder, Event, AuditLogEntry))


async def create(client: Client, wanted: dict[str, Any]) -> Any:
    """The payload of `policyCreate`."""
    return (await client.run(CREATE, {"input": wanted})).ok()["policyCreate"]


async def change(client: Client, policy: Policy | str, status: str, **wanted: Any) -> Any:
    """The payload of `policyStatusChange`."""
    policy_id = policy if isinstance(policy, str) else gid(policy)
    answer = await client.run(CHANGE, {"input": {"id": policy_id, "status": status, **wanted}})
    return answer.ok()["policyStatusChange"]


async def stored(store: Store, policy: Policy) -> Policy:
    """The policy as it is stored now."""
    found = await store.get(Policy, policy.tenant_id, policy.id)
    assert found is not None
    return found


async def test_a_policy_for_a_contact_makes_the_contact_a_policyholder(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant, born_on=date(1990, 3, 14))
    provider = await insurance_agents.insurance_provider(store, tenant)
    agent = await insurance_agents.insurance_agent(store, tenant, provider_id=provider.id)
    term = await policies.policy_type(
        store,
        tenant,
        provider_id=provider.id,
        default_premium_frequency=PremiumFrequency.QUARTERLY,
        default_grace_period_days=15,
        commission_rate=Decimal("12.5"),
        min_entry_age=18,
        max_entry_age=60,
    )
    client = await sign_in(tenant)
    wanted = {
        **TERMS,
        "contactId": gid(person),
        "policyTypeId": gid(term),
        "insuranceAgentId": gid(agent),
        "policyNumber": " LIC-1 ",
        "riders": [{"code": "ADB", "name": "Accident", "premiumAmount": "100.50"}],
    }
    payload = await create(client, wanted)
    assert payload["errors"] == []
    holder = (await store.all(select(Policyholder).where(Policyholder.tenant_id == tenant.id)))[0]
    assert (holder.contact_id, holder.insurance_agent_id) == (person.id, agent.id)
    made = payload["policy"]
    assert made == {
        "id": made["id"],
        "policyNumber": "LIC-1",
        "planName": "Jeevan Anand",
        "currency": "INR",
        "sumAssured": "1000000.00",
        "premiumAmount": "2500.50",
        "premiumFrequency": "QUARTERLY",
        "premiumMode": "REGULAR",
        "appliedOn": "2026-11-20",
        "startOn": "2026-12-01",
        "maturityOn": "2046-12-01",
        "nextDueOn": "2026-12-01",
        "gracePeriodDays": 15,
        "commissionRate": "12.50",
        "status": "DRAFT",
        "paymentStatus": "PENDING",
        "version": 1,
        "riders": [{"name": "Accident", "premiumAmount": "100.50"}],
        "contact": {"id": gid(person)},
        "policyholder": {"id": gid(holder)},
        "provider": {"id": gid(provider)},
        "policyType": {"id": gid(term)},
        "insuranceAgent": {"id": gid(agent)},
    }
    again = await create(client, {**wanted, "policyNumber": "LIC-2"})
    assert again["policy"]["policyholder"] == {"id": gid(holder)}
    log = await store.events(tenant)
    assert [event.type for event in log] == [
        EventType.POLICYHOLDER_CREATED,
        EventType.POLICY_CREATED,
        EventType.POLICY_CREATED,
    ]
    assert payload["position"] == "2"
    assert {name: value for name, value in log[1].payload.items() if name != "changed"} == {
        "policyholder_id": str(holder.id),
        "contact_id": str(person.id),
        "insurance_agent_id": str(agent.id),
        "provider_id": str(provider.id),
        "policy_type_id": str(term.id),
        "payment_status": "PENDING",
        "old_status": None,
        "new_status": "DRAFT",
    }
    entries = await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id))
    assert {entry.key_subject_id for entry in entries} == {person.id}
    assert await counts(store, tenant) == (2, 1, 3, 3)


async def test_a_retry_with_the_same_key_drafts_nothing_new(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    wanted = await _wanted(store, tenant, idempotencyKey="once")
    client = await sign_in(tenant)
    first = await create(client, wanted)
    assert first["errors"] == []
    assert await create(client, wanted) == first
    assert await counts(store, tenant) == (1, 1, 1, 1)


async def test_a_limited_payment_ends_before_the_policy(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    wanted = await _wanted(store, tenant, premiumMode="LIMITED_PAY")
    client = await sign_in(tenant)
    assert [error["path"] for error in (await create(client, wanted))["errors"]] == [["input", "premiumsEndOn"]]
    payload = await create(client, {**wanted, "premiumsEndOn": "2036-12-01"})
    assert payload["errors"] == []
    assert payload["policy"]["premiumMode"] == "LIMITED_PAY"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"policyNumber": " "}, "policyNumber"),
        ({"currency": "inr"}, "currency"),
        ({"currency": "ZZZ"}, "currency"),
        ({"currency": "XAU"}, "currency"),
        ({"currency": "USD"}, "currency"),
        ({"sumAssured": "-1"}, "sumAssured"),
        ({"sumAssured": "99999.99"}, "sumAssured"),
        ({"premiumAmount": "10.005"}, "premiumAmount"),
        ({"maturityOn": "2026-12-01"}, "maturityOn"),
        ({"maturityOn": "9999-12-31"}, "maturityOn"),
        ({"appliedOn": "2026-11-21"}, "appliedOn"),
        ({"gracePeriodDays": 366}, "gracePeriodDays"),
        ({"coverageDetails": [1]}, "coverageDetails"),
        ({"exclusions": ["x" * 501]}, "exclusions"),
        ({"documents": [{"kind": "form", "name": "F", "url": "javascript:alert(1)"}]}, "documents"),
        ({"riders": [{"code": "", "name": "R"}]}, "riders"),
        ({"contactId": "contact_0192f0c4-0000-7000-8000-000000000000"}, "policyholderId"),
        ({"policyholderId": None}, "policyholderId"),
        ({"policyTypeId": "policy_1"}, "policyTypeId"),
    ],
)
async def test_terms_that_cannot_be_are_refused_and_nothing_is_stored(
    store: Store, tenant: Tenant, sign_in: SignIn, wrong: dict[str, Any], path: str
) -> None:
    wanted = await _wanted(store, tenant)
    client = await sign_in(tenant)
    payload = await create(client, {**wanted, **wrong})
    assert payload["policy"] is None
    assert {error["__typename"] for error in payload["errors"]} == {"ValidationFailed"}
    assert {error["path"][1] for error in payload["errors"]} == {path}
    assert await counts(store, tenant) == (0, 1, 0, 0)


async def test_all_that_is_wrong_is_said_at_once(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    wanted = await _wanted(store, tenant, planName="", premiumAmount="-5", exclusions=[""])
    payload = await create(await sign_in(tenant), wanted)
    assert [error["path"] for error in payload["errors"]] == [
        ["input", "planName"],
        ["input", "premiumAmount"],
        ["input", "exclusions", "0"],
    ]


async def test_provider_policy_type_and_agent_must_fit_together(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    wanted = await _wanted(store, tenant)
    other = await insurance_agents.insurance_provider(store, tenant)
    paused = await insurance_agents.insurance_provider(store, tenant, status=InsuranceProviderStatus.SUSPENDED)
    bound = await policies.policy_type(store, tenant, provider_id=other.id)
    theirs = await insurance_agents.insurance_agent(store, tenant, provider_id=other.id)
    barred = await insurance_agents.insurance_agent(store, tenant, status=InsuranceAgentStatus.SUSPENDED)
    retired = await policies.policy_type(store, tenant, is_active=False)
    for wrong, path in (
        ({"providerId": None}, "providerId"),
        ({"policyTypeId": gid(bound)}, "providerId"),
        ({"providerId": gid(paused)}, "providerId"),
        ({"insuranceAgentId": gid(theirs)}, "insuranceAgentId"),
        ({"insuranceAgentId": gid(barred)}, "insuranceAgentId"),
        ({"policyTypeId": gid(retired)}, "policyTypeId"),
    ):
        payload = await create(client, {**wanted, **wrong})
        assert [(error["__typename"], error["path"]) for error in payload["errors"]] == [
            ("ValidationFailed", ["input", path])
        ]
    assert await counts(store, tenant) == (0, 1, 0, 0)


async def test_a_provider_gives_a_number_once(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    wanted = await _wanted(store, tenant)
    client = await sign_in(tenant)
    assert (await create(client, wanted))["errors"] == []
    payload = await create(client, wanted)
    assert [(e["__typename"], e["message"], e["path"]) for e in payload["errors"]] == [
        ("Conflict", "The provider has a policy of this number.", ["input", "policyNumber"])
    ]
    other = await insurance_agents.insurance_provider(store, tenant)
    assert (await create(client, {**wanted, "providerId": gid(other)}))["errors"] == []
    assert await counts(store, tenant) == (2, 1, 2, 2)


async def test_a_policy_refers_to_nothing_of_another_tenant(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    wanted = await _wanted(store, tenant)
    person = await contacts.contact(store, other_tenant)
    agent = await insurance_agents.insurance_agent(store, other_tenant)
    foreign = await policies.policy(store, other_tenant)
    client = await sign_in(tenant)
    for wrong in (
        {"policyholderId": f"policyholder_{foreign.policyholder_id}"},
        {"policyholderId": None, "contactId": gid(person)},
        {"providerId": f"insurance_provider_{foreign.provider_id}"},
        {"policyTypeId": f"policy_type_{foreign.policy_type_id}"},
        {"insuranceAgentId": gid(agent)},
    ):
        payload = await create(client, {**wanted, **wrong})
        assert [(error["__typename"], error["path"]) for error in payload["errors"]] == [
            ("NotFound", ["input", list(wrong)[-1]])
        ]
    assert (await change(client, foreign, "CANCELLED"))["errors"][0]["__typename"] == "NotFound"
    assert (await stored(store, foreign)).status is PolicyStatus.ACTIVE
    assert await counts(store, tenant) == (0, 1, 0, 0)


async def test_drafting_takes_its_permission_and_a_new_profile_another(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    wanted = await _wanted(store, tenant)
    reader = await sign_in(tenant, permissions={"policy:read"})
    assert (await reader.run(CREATE, {"input": wanted})).codes == ["FORBIDDEN"]
    person = await contacts.contact(store, tenant)
    writer = await sign_in(tenant, permissions=set(PERMISSIONS) - {"policyholder:write"})
    payload = await create(writer, {**wanted, "policyholderId": None, "contactId": gid(person)})
    assert [(error["__typename"], error["path"]) for error in payload["errors"]] == [
        ("PermissionDenied", ["input", "contactId"])
    ]
    assert await counts(store, tenant) == (0, 1, 0, 0)
    assert (await create(writer, wanted))["errors"] == []


async def test_a_contact_whose_data_were_erased_gets_no_policy(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant, is_anonymised=True, anonymised_at=START)
    wanted = await _wanted(store, tenant, policyholderId=None, contactId=gid(person))
    payload = await create(await sign_in(tenant), wanted)
    assert [error["path"] for error in payload["errors"]] == [["input", "contactId"]]
    assert await counts(store, tenant) == (0, 1, 0, 0)


async def test_a_policy_goes_from_draft_to_force_lapses_and_is_revived(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    agent = await insurance_agents.insurance_agent(store, tenant)
    wanted = await _wanted(store, tenant, insuranceAgentId=gid(agent), startOn="2026-11-30")
    client = await sign_in(tenant)
    policy_id = (await create(client, wanted))["policy"]["id"]
    for version, status in enumerate(("PENDING_APPROVAL", "UNDER_REVIEW", "APPROVED", "ACTIVE"), start=2):
        payload = await change(client, policy_id, status, subStatus=f" step {version} ")
        assert payload["errors"] == []
        assert (payload["policy"]["status"], payload["policy"]["version"]) == (status, version)
        assert payload["policy"]["subStatus"] == f"step {version}"
    assert (payload["policy"]["issuedOn"], payload["policy"]["nextDueOn"]) == ("2026-11-20", "2026-11-30")

    clock.instant = START + timedelta(days=40)  # 30 December, the last day of grace
    early = await change(client, policy_id, "LAPSED")
    assert [error["path"] for error in early["errors"]] == [["input", "status"]]
    clock.instant = START + timedelta(days=102)  # 2 March
    lapsed = (await change(client, policy_id, "LAPSED"))["policy"]
    assert (lapsed["status"], lapsed["paymentStatus"], lapsed["subStatus"]) == ("LAPSED", "LAPSED", None)
    revived = (await change(client, policy_id, "ACTIVE"))["policy"]
    assert (revived["status"], revived["paymentStatus"], revived["nextDueOn"]) == (
        "ACTIVE",
        "REGULAR",
        "2027-11-30",
    )
    row = (await store.all(select(Policy).where(Policy.tenant_id == tenant.id)))[0]
    assert row.activated_at == START
    assert row.lapsed_at == row.revived_at == row.status_changed_at == clock.instant
    counted = await store.get(InsuranceAgent, tenant.id, agent.id)
    assert counted is not None
    assert (counted.total_policies_sold, counted.active_policyholder_count) == (1, 1)
    assert counted.version == 1
    log = await store.events(tenant)
    assert (log[-1].type, log[-1].payload["old_status"], log[-1].payload["new_status"]) == (
        EventType.POLICY_STATUS_CHANGED,
        "LAPSED",
        "ACTIVE",
    )
    assert len(log) == 7


async def test_what_may_not_follow_is_refused_with_what_may(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    policy = await policies.policy(store, tenant, status=PolicyStatus.DRAFT)
    client = await sign_in(tenant)
    payload = await change(client, policy, "ACTIVE")
    assert payload["policy"] is None
    assert [{**error, "message": ""} for error in payload["errors"]] == [
        {
            "__typename": "IllegalTransition",
            "code": "ILLEGAL_TRANSITION",
            "message": "",
            "path": [],
            "from": "DRAFT",
            "to": "ACTIVE",
            "allowed": ["PENDING_APPROVAL", "CANCELLED"],
        }
    ]
    assert (await stored(store, policy)).status is PolicyStatus.DRAFT
    assert await counts(store, tenant) == (1, 1, 0, 0)


async def test_only_approvers_approve_and_reject(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    policy = await policies.policy(store, tenant, status=PolicyStatus.UNDER_REVIEW)
    seller = await sign_in(tenant, permissions=set(PERMISSIONS) - {"policy:approve"})
    for status, reason in (("APPROVED", {}), ("CANCELLED", {"cancellationReason": "REJECTED"})):
        payload = await change(seller, policy, status, **reason)
        assert payload["policy"] is None
        assert [(e["__typename"], e["code"], e["path"]) for e in payload["errors"]] == [
            ("PermissionDenied", "PERMISSION_DENIED", ["input", "status"])
        ]
    assert await counts(store, tenant) == (1, 1, 0, 0)
    reader = await sign_in(tenant, permissions={"policy:read", "policy:approve"})
    wanted = {"id": gid(policy), "status": "APPROVED"}
    assert (await reader.run(CHANGE, {"input": wanted})).codes == ["FORBIDDEN"]
    approver = await sign_in(tenant, permissions={"policy:read", "policy:write", "policy:approve"})
    assert (await change(approver, policy, "APPROVED"))["policy"]["status"] == "APPROVED"
    withdrawn = await change(seller, policy, "CANCELLED", cancellationReason="WITHDRAWN")
    assert withdrawn["policy"]["cancellationReason"] == "WITHDRAWN"


async def test_a_rejection_keeps_its_reason_and_ends_the_premiums(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    policy = await policies.policy(store, tenant, status=PolicyStatus.PENDING_APPROVAL)
    client = await sign_in(tenant)
    for wanted, path in (
        ({}, "cancellationReason"),
        ({"cancellationReason": "REQUESTED"}, "cancellationReason"),
        ({"cancellationReason": "OTHER"}, "cancellationNote"),
        ({"cancellationNote": "because"}, "cancellationReason"),
    ):
        payload = await change(client, policy, "CANCELLED", **wanted)
        assert [error["path"] for error in payload["errors"]] == [["input", path]]
    payload = await change(
        client, policy, "CANCELLED", cancellationReason="REJECTED", cancellationNote=" Medical grounds "
    )
    assert payload["errors"] == []
    row = await stored(store, policy)
    assert (row.cancellation_reason, row.cancellation_note, row.next_due_on, row.cancelled_at) == (
        PolicyCancellationReason.REJECTED,
        "Medical grounds",
        None,
        START,
    )


async def test_a_policy_matures_when_its_time_has_come_where_the_tenant_is(
    store: Store, tenant: Tenant, sign_in: SignIn, clock: FixedClock
) -> None:
    await store.execute(
        Tenant.__table__.update().where(Tenant.id == tenant.id).values(timezone="Asia/Kolkata")  # type: ignore[attr-defined]  # a Table, typed FromClause
    )
    policy = await policies.policy(store, tenant, maturity_on=date(2026, 11, 21))
    client = await sign_in(tenant)
    clock.instant = START.replace(hour=18, minute=29)
    assert (await change(client, policy, "MATURED"))["errors"][0]["path"] == ["input", "status"]
    clock.instant = START.replace(hour=18, minute=30)
    assert (await change(client, policy, "MATURED"))["policy"]["status"] == "MATURED"


async def test_a_change_of_an_old_version_answers_the_present_policy(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    policy = await policies.policy(store, tenant, version=4)
    client = await sign_in(tenant)
    payload = await change(client, policy, "SURRENDERED", expectedVersion=3)
    assert payload["errors"][0]["present"] == {"id": gid(policy), "version": 4, "status": "ACTIVE"}
    assert (await stored(store, policy)).status is PolicyStatus.ACTIVE
    assert await counts(store, tenant) == (1, 1, 0, 0)


async def test_a_single_premium_is_not_due_again_after_a_revival(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    policy = await policies.policy(
        store,
        tenant,
        status=PolicyStatus.LAPSED,
        premium_mode=PremiumMode.SINGLE,
        payment_status=PolicyPaymentStatus.LAPSED,
        next_due_on=date(2025, 11, 1),
    )
    revived = (await change(await sign_in(tenant), policy, "ACTIVE"))["policy"]
    assert (revived["paymentStatus"], revived["nextDueOn"]) == ("REGULAR", None)


async def _wanted(store: Store, tenant: Tenant, **values: Any) -> dict[str, Any]:
    """An input for a new policyholder, with a provider and a policy type that has bounds."""
    holder = await policies.policyholder(store, tenant)
    provider = await insurance_agents.insurance_provider(store, tenant)
    term = await policies.policy_type(store, tenant, min_sum_assured=Decimal(100_000))
    return {
        **TERMS,
        "policyholderId": gid(holder),
        "providerId": gid(provider),
        "policyTypeId": gid(term),
        **values,
    }
