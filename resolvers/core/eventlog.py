"""The event log's only writer: numbers a transaction's events and appends them, as its last statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums.events import EventType
from resolvers.core.viewer import Viewer

if TYPE_CHECKING:
    from resolvers.core.context import Context


@dataclass(frozen=True, slots=True)
class Draft:
    """An event without its position, which only the commit's order decides."""

    id: UUID
    type: EventType
    object_type: str
    object_id: UUID
    payload: Mapping[str, Any]


# One statement, so that the counter's row is locked for one round trip and the commit. Everything that needs the
# position rides along: the events, and the idempotency record that has to remember it.
_APPEND = text("""
WITH counter AS (
  UPDATE tenant_clock SET last_position = tenant_clock.last_position + :count,
         next_due_at = least(tenant_clock.next_due_at, CAST(:next_due_at AS timestamptz))
  WHERE tenant_clock.tenant_id = :tenant
  RETURNING tenant_clock.last_position AS last_position
), appended AS (
  INSERT INTO events (tenant_id, position, id, type, object_type, object_id, payload,
                      actor_kind, actor_id, request_id, occurred_at)
  SELECT :tenant, counter.last_position - :count + draft.number, draft.id, draft.type, draft.object_type,
         draft.object_id, draft.payload, :actor_kind, :actor_id, :request_id, :now
  FROM counter, jsonb_to_recordset(CAST(:drafts AS jsonb))
       AS draft(number bigint, id uuid, type text, object_type text, object_id uuid, payload jsonb)
), remembered AS (
  UPDATE idempotency_records SET object_ids = CAST(:object_ids AS jsonb),
         position = CASE WHEN :count > 0 THEN counter.last_position END
  FROM counter
  WHERE idempotency_records.tenant_id = :tenant AND idempotency_records.id = :record
)
SELECT counter.last_position FROM counter
""")


async def append(
    session: AsyncSession,
    context: "Context",
    viewer: Viewer,
    drafts: Sequence[Draft],
    *,
    next_due_at: datetime | None,
    idempotency: tuple[UUID, Mapping[str, UUID]] | None,
) -> int | None:
    """Append the drafts in their order; returns the position of the last, None when there is none."""
    if not drafts and next_due_at is None and idempotency is None:
        return None
    record_id, object_ids = idempotency or (None, {})
    last: int | None = await session.scalar(
        _APPEND,
        {
            "tenant": viewer.tenant_id,
            "count": len(drafts),
            "next_due_at": next_due_at,
            "actor_kind": viewer.kind.value,
            "actor_id": viewer.actor_id,
            "request_id": context.request.id,
            "now": context.now,
            "record": record_id,
            "object_ids": _json({name: str(value) for name, value in object_ids.items()}),
            "drafts": _json(
                [
                    {
                        "number": number,
                        "id": str(draft.id),
                        "type": draft.type.value,
                        "object_type": draft.object_type,
                        "object_id": str(draft.object_id),
                        "payload": draft.payload,
                    }
                    for number, draft in enumerate(drafts, start=1)
                ]
            ),
        },
    )
    if last is None:
        raise RuntimeError(f"tenant {viewer.tenant_id} has no clock row")
    return last if drafts else None


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
