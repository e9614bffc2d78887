"""Batched reads of activities."""

from db import activities as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import Listing, PagesBy

activity_by_id = ById(rows.Activity)

activities = Listing(
    rows.Activity,
    orders={"CREATED_AT": rows.Activity.created_at, "UPDATED_AT": rows.Activity.updated_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "activity_type": rows.Activity.activity_type,
        "subject": rows.Activity.subject,
        "status": rows.Activity.status,
        "priority": rows.Activity.priority,
        "scheduled_at": rows.Activity.scheduled_at,
        "started_at": rows.Activity.started_at,
        "completed_at": rows.Activity.completed_at,
        "due_at": rows.Activity.due_at,
        "outcome": rows.Activity.outcome,
        "is_follow_up_required": rows.Activity.is_follow_up_required,
        "follow_up_at": rows.Activity.follow_up_at,
        "tags": rows.Activity.tags,
        "contact_id": rows.Activity.contact_id,
        "account_id": rows.Activity.account_id,
        "deal_id": rows.Activity.deal_id,
        "policy_id": rows.Activity.policy_id,
        "call_id": rows.Activity.call_id,
        "owner_id": rows.Activity.owner_id,
        "assignee_id": rows.Activity.assignee_id,
        "created_at": rows.Activity.created_at,
        "updated_at": rows.Activity.updated_at,
    },
    is_searchable=True,
)

activities_by_contact = PagesBy(activities, lambda key: rows.Activity.contact_id == key)
activities_by_account = PagesBy(activities, lambda key: rows.Activity.account_id == key)
activities_by_deal = PagesBy(activities, lambda key: rows.Activity.deal_id == key)
activities_by_policy = PagesBy(activities, lambda key: rows.Activity.policy_id == key)
activities_by_call = PagesBy(activities, lambda key: rows.Activity.call_id == key)
activities_by_owner = PagesBy(activities, lambda key: rows.Activity.owner_id == key)
activities_by_assignee = PagesBy(activities, lambda key: rows.Activity.assignee_id == key)
