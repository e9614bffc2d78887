"""Batched reads of policy types, policyholders and policies."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select

from db import policies as rows
from db.contacts import Contact
from resolvers.core.filtering import MinorUnits
from resolvers.core.loaders import ById, ByUnique
from resolvers.core.pagination import Listing, PagesBy

policy_type_by_id = ById(rows.PolicyType)
policyholder_by_id = ById(rows.Policyholder)
policyholder_by_contact = ByUnique(rows.Policyholder, rows.Policyholder.contact_id)
policy_by_id = ById(rows.Policy)

policy_types = Listing(
    rows.PolicyType,
    orders={
        "CREATED_AT": rows.PolicyType.created_at,
        "NAME": rows.PolicyType.name,
    },
    default_order="NAME",
    filters={
        "code": rows.PolicyType.code,
        "name": rows.PolicyType.name,
        "category": rows.PolicyType.category,
        "currency": rows.PolicyType.currency,
        "is_active": rows.PolicyType.is_active,
        "is_renewable": rows.PolicyType.is_renewable,
        "provider_id": rows.PolicyType.provider_id,
        "created_at": rows.PolicyType.created_at,
    },
    is_searchable=True,
)

policyholders = Listing(
    rows.Policyholder,
    orders={
        "CREATED_AT": rows.Policyholder.created_at,
    },
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "customer_number": rows.Policyholder.customer_number,
        "marital_status": rows.Policyholder.marital_status,
        "onboarding_status": rows.Policyholder.onboarding_status,
        "has_marketing_consent": rows.Policyholder.has_marketing_consent,
        "contact_id": rows.Policyholder.contact_id,
        "user_id": rows.Policyholder.user_id,
        "insurance_agent_id": rows.Policyholder.insurance_agent_id,
        "last_interaction_at": rows.Policyholder.last_interaction_at,
        "created_at": rows.Policyholder.created_at,
    },
)

policies = Listing(
    rows.Policy,
    orders={
        "CREATED_AT": rows.Policy.created_at,
        "POLICY_NUMBER": rows.Policy.policy_number,
        "START_ON": rows.Policy.start_on,
        "PREMIUM_AMOUNT": rows.Policy.premium_amount_minor,
        "SUM_ASSURED": rows.Policy.sum_assured_minor,
        "OUTSTANDING_AMOUNT": rows.Policy.outstanding_amount_minor,
    },
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "policy_number": rows.Policy.policy_number,
        "provider_policy_id": rows.Policy.provider_policy_id,
        "plan_name": rows.Policy.plan_name,
        "plan_code": rows.Policy.plan_code,
        "currency": rows.Policy.currency,
        "sum_assured": MinorUnits(rows.Policy.sum_assured_minor),
        "premium_amount": MinorUnits(rows.Policy.premium_amount_minor),
        "outstanding_amount": MinorUnits(rows.Policy.outstanding_amount_minor),
        "premium_frequency": rows.Policy.premium_frequency,
        "premium_mode": rows.Policy.premium_mode,
        "applied_on": rows.Policy.applied_on,
        "issued_on": rows.Policy.issued_on,
        "start_on": rows.Policy.start_on,
        "maturity_on": rows.Policy.maturity_on,
        "renewal_on": rows.Policy.renewal_on,
        "premiums_end_on": rows.Policy.premiums_end_on,
        "next_due_on": rows.Policy.next_due_on,
        "payment_status": rows.Policy.payment_status,
        "status": rows.Policy.status,
        "cancellation_reason": rows.Policy.cancellation_reason,
        "policyholder_id": rows.Policy.policyholder_id,
        "insurance_agent_id": rows.Policy.insurance_agent_id,
        "provider_id": rows.Policy.provider_id,
        "policy_type_id": rows.Policy.policy_type_id,
        "created_at": rows.Policy.created_at,
    },
    is_searchable=True,
)


def _of_contact(contact_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    # A contact has one policyholder at most. With `=`, unlike IN, an index of the policies gives their order.
    policyholder = select(rows.Policyholder.id).where(rows.Policyholder.contact_id == contact_id)
    return rows.Policy.policyholder_id == policyholder.correlate_except(rows.Policyholder).scalar_subquery()


POLICIES_OF_CONTACTS: Final = (
    rows.Policyholder.contact_id,
    lambda condition: rows.Policy.policyholder_id.in_(select(rows.Policyholder.id).where(condition)),
)
"""What a condition on contacts' ids comes to for policies: their row has the policyholder's alone."""

policies_by_contact = PagesBy(policies, _of_contact)
policies_by_policyholder = PagesBy(policies, lambda key: rows.Policy.policyholder_id == key)
policies_by_insurance_agent = PagesBy(policies, lambda key: rows.Policy.insurance_agent_id == key)
policies_by_provider = PagesBy(policies, lambda key: rows.Policy.provider_id == key)
policies_by_policy_type = PagesBy(policies, lambda key: rows.Policy.policy_type_id == key)
policyholders_by_insurance_agent = PagesBy(policyholders, lambda key: rows.Policyholder.insurance_agent_id == key)
policy_types_by_provider = PagesBy(policy_types, lambda key: rows.PolicyType.provider_id == key)
contact_by_policyholder = ByUnique(Contact, rows.Policyholder.id, Contact.id == rows.Policyholder.contact_id)
