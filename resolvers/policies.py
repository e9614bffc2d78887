"""What happens to policies: they are created for a policyholder or a contact, and change their status."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from db import policies as rows
from db.contacts import Contact
from db.core.base import TenantRow
from db.enums.events import EventType
from db.enums.insurance_agents import InsuranceAgentStatus, InsuranceProviderStatus
from db.enums.policies import PolicyPaymentStatus, PolicyStatus
from db.insurance_agents import InsuranceAgent, InsuranceProvider
from resolvers.core.constraints import describe
from resolvers.core.currencies import minor_digits
from resolvers.core.errors import Conflict, PermissionDenied, ValidationFailed, input_path
from resolvers.core.writes import Values, Write
from resolvers.organizations import today
from resolvers.rules import Findings
from resolvers.rules import policies as rules

describe(
    {
        "uq_policies_tenant_id_provider_id_policy_number": "The provider has a policy of this number.",
        "uq_policyholders_tenant_id_contact_id": "The contact has just become a policyholder: try again.",
    }
)

_TERMS: Final = tuple(field.name for field in fields(rules.PolicyTerms))
_BOUNDS: Final = tuple(field.name for field in fields(rules.PolicyProduct))
_DETAILS: Final = tuple(field.name for field in fields(rules.PolicyDetails))


async def create_policy(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Draft a policy for a policyholder, or for a contact, who becomes a policyholder if need be.

    What is left out comes from the policy type: currency, frequency and mode of the premiums, grace period,
    commission, and the provider where the type has one. The first premium is due at the start. Raises Invalid
    for the terms, NotFound for references to nothing, ValidationFailed for an agent, provider and policy type
    that do not fit together, PermissionDenied when it takes a profile that the viewer may not make.
    """
    given = {name: value for name, value in values.items() if value is not None}
    policy_type = await write.get(rows.PolicyType, given["policy_type_id"], input_path("policy_type_id"))
    provider = await _provider(write, given.get("provider_id"), policy_type)
    agent = await _insurance_agent(write, given.get("insurance_agent_id"), provider)
    holder, contact = await _policyholder(write, given, agent)
    drafted = _drafted(given, policy_type, contact, await today(write))
    policy = write.add(
        rows.Policy(
            **drafted,
            policyholder_id=holder.id,
            insurance_agent_id=agent.id if agent else None,
            provider_id=provider.id,
            policy_type_id=policy_type.id,
            premium_frequency=given.get("premium_frequency", policy_type.default_premium_frequency),
            next_due_on=drafted["start_on"],
            status=PolicyStatus.DRAFT,
            created_by_id=write.viewer.user_id,
        )
    )
    await write.session.flush()  # for the event tells what the row has by default too
    payload = {**_parties(policy, holder), "old_status": None, "new_status": policy.status}
    write.record(EventType.POLICY_CREATED, policy, payload, subject_id=holder.contact_id)
    return {"policy": policy}


async def change_policy_status(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Bring a policy into another status. Approving and rejecting take a permission of their own.

    The agent's figures follow in the same transaction. Raises NotFound, PermissionDenied, IllegalTransition,
    Invalid for a reason or a date that does not fit, and Conflict.
    """
    wanted, reason = values["status"], values.get("cancellation_reason")
    policy, agent = await _locked(write, values["id"], values.get("expected_version"))
    permission = rules.permission_for(wanted, reason)
    if not write.viewer.may(permission):
        raise PermissionDenied(f"This needs the permission {permission}.", input_path("status"))
    day = await today(write)
    change = rules.change_status(
        policy.status,
        wanted,
        write.now,
        today=day,
        dates=rules.PolicyDates(policy.maturity_on, policy.next_due_on, policy.grace_period_days),
        cancellation=rules.cancellation(reason, values.get("cancellation_note")),
    )
    sub_status = rules.check_sub_status(values.get("sub_status"))
    if agent is not None:
        await _count(write, agent, policy, change)
    write.change(policy, {**_consequences(write, policy, change, day), "sub_status": sub_status})
    holder = await write.get(rows.Policyholder, policy.policyholder_id, input_path("id"))
    payload = {**_parties(policy, holder), "old_status": change.old_status, "new_status": change.new_status}
    write.record(EventType.POLICY_STATUS_CHANGED, policy, payload, subject_id=holder.contact_id)
    return {"policy": policy}


def _drafted(given: Values, policy_type: rows.PolicyType, contact: Contact, day: date) -> Values:
    """The columns of a new policy that its terms and details make, checked. Raises Invalid."""
    terms = rules.PolicyTerms(
        **{
            "applied_on": day,
            "currency": policy_type.currency,
            "premium_mode": policy_type.default_premium_mode,
            "grace_period_days": policy_type.default_grace_period_days,
            "commission_rate": policy_type.commission_rate,
            **{name: given[name] for name in _TERMS if name in given},
        }
    )
    product = rules.PolicyProduct(**{name: getattr(policy_type, name) for name in _BOUNDS})
    details = rules.PolicyDetails(**{name: given[name] for name in _DETAILS if name in given})
    findings = Findings()
    terms = findings.of(rules.check_terms, terms, day) or terms
    details = findings.of(rules.check_details, details) or details
    findings.refuse()
    digits = findings.of(minor_digits, terms.currency)
    if digits is not None:
        findings.of(rules.check_digits, terms, digits)
    findings.of(rules.check_product, terms, product, contact.born_on)
    findings.refuse()
    return {
        **{name: getattr(terms, name) for name in _TERMS},
        **{name: getattr(details, name) for name in _DETAILS},
    }


async def _provider(write: Write, given: UUID | None, policy_type: rows.PolicyType) -> InsuranceProvider:
    path = input_path("provider_id")
    if given is None and policy_type.provider_id is None:
        raise ValidationFailed("Say which provider: the policy type is not of one alone.", path)
    if given is not None and policy_type.provider_id not in (None, given):
        raise ValidationFailed("The policy type is another provider's.", path)
    provider = await write.get(InsuranceProvider, given or policy_type.provider_id, path)
    if provider.status is not InsuranceProviderStatus.ACTIVE:
        raise ValidationFailed(f"No policies are sold while the provider is {provider.status}.", path)
    return provider


async def _insurance_agent(write: Write, given: UUID | None, provider: InsuranceProvider) -> InsuranceAgent | None:
    if given is None:
        return None
    path = input_path("insurance_agent_id")
    agent = await write.get(InsuranceAgent, given, path)
    if agent.status is not InsuranceAgentStatus.ACTIVE:
        raise ValidationFailed(f"An insurance agent who is {agent.status} sells no policies.", path)
    if agent.provider_id not in (None, provider.id):
        raise ValidationFailed("The insurance agent sells for another provider.", path)
    return agent


async def _policyholder(write: Write, given: Values, agent: InsuranceAgent | None) -> tuple[rows.Policyholder, Contact]:
    """The policyholder, found by its id or by its contact, or made; and its contact."""
    policyholder_id, contact_id = given.get("policyholder_id"), given.get("contact_id")
    if (policyholder_id is None) == (contact_id is None):
        raise ValidationFailed("Give either the policyholder or the contact.", input_path("policyholder_id"))
    name = "contact_id" if policyholder_id is None else "policyholder_id"
    if policyholder_id is not None:
        holder = await write.get(rows.Policyholder, policyholder_id, input_path(name))
    elif (found := await _holder_of(write, given["contact_id"])) is not None:
        holder = found
    else:
        holder = await _new_policyholder(write, given["contact_id"], agent)
    contact = await write.get(Contact, holder.contact_id, input_path(name))
    if contact.is_anonymised:
        raise ValidationFailed("The contact's personal data were erased.", input_path(name))
    return holder, contact


async def _new_policyholder(write: Write, contact_id: UUID, agent: InsuranceAgent | None) -> rows.Policyholder:
    """The contact's new profile; the one that another transaction made, when that was first."""
    if not write.viewer.may("policyholder:write"):
        message = "The contact is no policyholder yet: to make one needs the permission policyholder:write."
        raise PermissionDenied(message, input_path("contact_id"))
    await write.lock(Contact, contact_id, path=input_path("contact_id"))  # two makers wait for each other here
    found = await _holder_of(write, contact_id)
    if found is not None:
        return found
    agent_id = agent.id if agent else None
    holder = write.add(rows.Policyholder(contact_id=contact_id, insurance_agent_id=agent_id))
    write.record(
        EventType.POLICYHOLDER_CREATED,
        holder,
        {"contact_id": contact_id, "insurance_agent_id": agent_id},
        subject_id=contact_id,
    )
    await write.session.flush()  # before the policy, whose foreign key the mapper does not know
    return holder


async def _holder_of(write: Write, contact_id: UUID) -> rows.Policyholder | None:
    found: rows.Policyholder | None = await write.session.scalar(
        select(rows.Policyholder).where(
            rows.Policyholder.tenant_id == write.tenant_id, rows.Policyholder.contact_id == contact_id
        )
    )
    return found


async def _locked(write: Write, policy_id: UUID, version: int | None) -> tuple[rows.Policy, InsuranceAgent | None]:
    """The policy and its insurance agent, locked: the agent, whose figures many change, before the policy."""
    seen = await write.get(rows.Policy, policy_id, input_path("id"))
    agent_id = seen.insurance_agent_id
    agent = await write.lock(InsuranceAgent, agent_id) if agent_id is not None else None
    policy = await write.lock(rows.Policy, policy_id, version=version)
    if policy.insurance_agent_id != agent_id:
        raise Conflict(
            "The policy has just gone to another insurance agent: try again.",
            input_path("id"),
            type_name="Policy",
            object_id=policy_id,
        )
    return policy, agent


async def _count(write: Write, agent: InsuranceAgent, policy: rows.Policy, change: rules.PolicyChange) -> None:
    """Keep the agent's figures: policies sold, and policyholders with a policy in force.

    The agent is locked, so nobody counts meanwhile. Its version stays: figures are nobody's edit.
    """
    was_active, is_active = (status is PolicyStatus.ACTIVE for status in (change.old_status, change.new_status))
    if was_active == is_active:
        return
    if is_active and not change.is_revival:
        agent.total_policies_sold += 1
    another = await write.session.scalar(
        select(rows.Policy.id)
        .where(
            rows.Policy.tenant_id == write.tenant_id,
            rows.Policy.insurance_agent_id == agent.id,
            rows.Policy.policyholder_id == policy.policyholder_id,
            rows.Policy.status == PolicyStatus.ACTIVE,
            rows.Policy.id != policy.id,
        )
        .limit(1)
    )
    if another is None:
        agent.active_policyholder_count += 1 if is_active else -1


def _consequences(write: Write, policy: rows.Policy, change: rules.PolicyChange, day: date) -> Values:
    """The columns that a change of status sets.

    A revival counts what fell due meanwhile as settled with the insurer: the next premium is the first that
    falls due from this day on.
    """
    columns: Values = {"status": change.new_status, **change.timestamps}
    if change.cancellation is not None:
        columns["cancellation_reason"] = change.cancellation.reason
        columns["cancellation_note"] = change.cancellation.note
        columns["cancelled_by_id"] = write.viewer.user_id
    if change.new_status is PolicyStatus.APPROVED:
        columns["approved_by_id"] = write.viewer.user_id
    if change.new_status is PolicyStatus.ACTIVE and policy.issued_on is None:
        columns["issued_on"] = day
    if change.new_status is PolicyStatus.LAPSED:
        columns["payment_status"] = PolicyPaymentStatus.LAPSED
    if change.is_final:
        columns["next_due_on"] = None
    if change.is_revival:
        columns["payment_status"] = PolicyPaymentStatus.REGULAR
        columns["next_due_on"] = rules.next_due_on(
            policy.start_on,
            policy.premium_frequency,
            day - timedelta(days=1),
            policy.premiums_end_on or policy.maturity_on,
            policy.premium_mode,
        )
    return columns


def _parties(policy: rows.Policy, holder: rows.Policyholder) -> Values:
    """Whom and what a policy's event concerns: what subscriptions filter by."""
    return {
        "policyholder_id": holder.id,
        "contact_id": holder.contact_id,
        "insurance_agent_id": policy.insurance_agent_id,
        "provider_id": policy.provider_id,
        "policy_type_id": policy.policy_type_id,
        "payment_status": policy.payment_status,
    }
