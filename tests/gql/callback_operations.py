"""The mutations of callbacks as these tests send them, and what to compare before and after."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from db.callbacks import CallbackActivity, CallbackRequest
from db.compliance import AuditLogEntry
from db.events import Event
from db.organizations import Tenant
from tests.support.client import Client
from tests.support.store import Store

ERRORS = """
errors {
  __typename code message path
  ... on IllegalTransition { from to allowed }
  ... on LimitExceeded { limit }
  ... on Conflict { object: current { id } }
}
"""
SHOWN = """
callbackRequest {
  id number status outcome resolution cancellationReason satisfactionRating satisfactionComment version
  assignedAt startedAt firstResponseAt completedAt cancelledAt
  insuranceAgent { id }
}
"""
MUTATIONS = {
    name: f"mutation ($input: Callback{name}Input!) {{ done: callback{name}(input: $input) {{ {ERRORS} {SHOWN} }} }}"
    for name in ("Assign", "Start", "Complete", "Cancel")
}
CREATE = f"""
mutation ($input: CallbackCreateInput!) {{
  done: callbackCreate(input: $input) {{
    position {ERRORS}
    callbackRequest {{
      id number status requestType category description urgency customerValue tags source sourceReference
      priority priorityScore priorityCategory score slaHours dueAt phoneNumber isOverdue slaState
      queue {{ id }} contact {{ id }} call {{ id }} insuranceAgent {{ id }}
      activities {{ nodes {{ activityType description oldStatus newStatus }} }}
    }}
  }}
}}
"""


def at(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def state(store: Store, tenant: Tenant) -> list[Any]:
    """Everything that a refused mutation must leave as it was."""
    rows = await store.all(
        select(CallbackRequest).where(CallbackRequest.tenant_id == tenant.id).order_by(CallbackRequest.id)
    )
    seen: list[Any] = [(row.id, row.status, row.version, row.updated_at, row.insurance_agent_id) for row in rows]
    return seen + await store.counts(tenant, CallbackActivity, Event, AuditLogEntry)


async def run(client: Client, name: str, **values: Any) -> dict[str, Any]:
    """What one of the mutations answers."""
    text = CREATE if name == "Create" else MUTATIONS[name]
    done: dict[str, Any] = (await client.run(text, {"input": values})).ok()["done"]
    return done
