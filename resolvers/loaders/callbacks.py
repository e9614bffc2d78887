"""Batched reads of callbacks, of the queues that hand them out, and of their history."""

from db import callbacks as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import SEARCH, Listing, PagesBy

callback_queue_by_id = ById(rows.CallbackQueue)
callback_request_by_id = ById(rows.CallbackRequest)
callback_activity_by_id = ById(rows.CallbackActivity)

callback_queues = Listing(
    rows.CallbackQueue,
    orders={"NAME": rows.CallbackQueue.name, "CREATED_AT": rows.CallbackQueue.created_at},
    default_order="NAME",
    filters={
        "name": rows.CallbackQueue.name,
        "queue_type": rows.CallbackQueue.queue_type,
        "is_active": rows.CallbackQueue.is_active,
        "is_auto_assignment_enabled": rows.CallbackQueue.is_auto_assignment_enabled,
        "team_id": rows.CallbackQueue.team_id,
        "created_at": rows.CallbackQueue.created_at,
    },
    is_searchable=True,
)

callback_requests = Listing(
    rows.CallbackRequest,
    orders={
        "CREATED_AT": rows.CallbackRequest.created_at,
        "DUE_AT": rows.CallbackRequest.due_at,
        "PRIORITY_SCORE": rows.CallbackRequest.priority_score,
    },
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "number": rows.CallbackRequest.number,
        "status": rows.CallbackRequest.status,
        "priority": rows.CallbackRequest.priority,
        "category": rows.CallbackRequest.category,
        "request_type": rows.CallbackRequest.request_type,
        "urgency": rows.CallbackRequest.urgency,
        "source": rows.CallbackRequest.source,
        "outcome": rows.CallbackRequest.outcome,
        "tags": rows.CallbackRequest.tags,
        "contact_id": rows.CallbackRequest.contact_id,
        "queue_id": rows.CallbackRequest.queue_id,
        "insurance_agent_id": rows.CallbackRequest.insurance_agent_id,
        "call_id": rows.CallbackRequest.call_id,
        "satisfaction_rating": rows.CallbackRequest.satisfaction_rating,
        "escalation_level": rows.CallbackRequest.escalation_level,
        "due_at": rows.CallbackRequest.due_at,
        "created_at": rows.CallbackRequest.created_at,
        "assigned_at": rows.CallbackRequest.assigned_at,
        "completed_at": rows.CallbackRequest.completed_at,
    },
    is_searchable=True,
    guarded={SEARCH: "contact:pii:read"},
)

callback_activities = Listing(
    rows.CallbackActivity,
    orders={"CREATED_AT": rows.CallbackActivity.created_at},
    default_order="CREATED_AT",
    filters={
        "activity_type": rows.CallbackActivity.activity_type,
        "callback_request_id": rows.CallbackActivity.callback_request_id,
        "insurance_agent_id": rows.CallbackActivity.insurance_agent_id,
        "user_id": rows.CallbackActivity.user_id,
        "call_id": rows.CallbackActivity.call_id,
        "created_at": rows.CallbackActivity.created_at,
    },
)

callback_requests_by_contact = PagesBy(callback_requests, lambda key: rows.CallbackRequest.contact_id == key)
callback_requests_by_insurance_agent = PagesBy(
    callback_requests, lambda key: rows.CallbackRequest.insurance_agent_id == key
)
callback_requests_by_queue = PagesBy(callback_requests, lambda key: rows.CallbackRequest.queue_id == key)
callback_requests_by_call = PagesBy(callback_requests, lambda key: rows.CallbackRequest.call_id == key)
callback_activities_by_callback_request = PagesBy(
    callback_activities, lambda key: rows.CallbackActivity.callback_request_id == key
)
