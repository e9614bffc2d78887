"""The audit log's only writer: who did what to which object, with its old and new values, encrypted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.compliance import AuditLogEntry
from db.enums.compliance import AuditCategory
from resolvers.core.eventlog import Draft as EventDraft
from resolvers.core.viewer import Viewer

if TYPE_CHECKING:
    from resolvers.core.context import Context

UNINTERESTING: Final = frozenset({"id", "tenant_id", "created_at", "updated_at", "version"})


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry about one event. `changes` maps a column to its old and new value."""

    event: EventDraft
    changes: Mapping[str, tuple[Any, Any]]
    subject_id: UUID | None
    category: AuditCategory = AuditCategory.DATA_ACCESS


async def append(session: AsyncSession, context: "Context", viewer: Viewer, drafts: Sequence[Draft]) -> None:
    """Append one entry per draft. Values about a contact are encrypted with the contact's own key."""
    for draft in drafts:
        subject = draft.subject_id or viewer.tenant_id
        crypter = await context.services.keyring.for_subject(session, viewer.tenant_id, subject, context.now)
        session.add(
            AuditLogEntry(
                tenant_id=viewer.tenant_id,
                id=uuid7(),
                created_at=context.now,
                event_id=draft.event.id,
                actor_kind=viewer.kind,
                actor_id=viewer.actor_id,
                action=draft.event.type.value,
                category=draft.category,
                object_type=draft.event.object_type,
                object_id=draft.event.object_id,
                key_subject_id=subject,
                changed_fields=sorted(draft.changes),
                old_values_encrypted=_seal(crypter, draft, 0),
                new_values_encrypted=_seal(crypter, draft, 1),
                request_id=context.request.id,
                ip_address=context.request.ip_address,
                user_agent=context.request.user_agent,
            )
        )
    await session.flush()


def _seal(crypter: Any, draft: Draft, side: int) -> bytes | None:
    values = {name: pair[side] for name, pair in draft.changes.items() if pair[side] is not None}
    if not values:
        return None
    hidden = {name: "(secret)" if _is_secret(name) else value for name, value in values.items()}
    sealed: bytes = crypter.encrypt(orjson.dumps(hidden, default=str), f"audit {draft.event.id}")
    return sealed


def _is_secret(column: str) -> bool:
    return column.endswith(("_hash", "_salt", "_encrypted", "_wrapped"))
