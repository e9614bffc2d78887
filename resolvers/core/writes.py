"""Writes: one mutation, one transaction. Lock, decide, write, audit entry, events, commit; or nothing at all."""

import asyncio
import hashlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.core.base import TenantRow, VersionedRow
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.events import IdempotencyRecord
from resolvers import rules
from resolvers.core import audit, eventlog
from resolvers.core.constraints import explain
from resolvers.core.context import Context
from resolvers.core.errors import (
    RULE_ERRORS,
    Conflict,
    NotFound,
    Refusals,
    UserError,
    ValidationFailed,
    from_rule,
    input_path,
)
from resolvers.core.viewer import Viewer

Values = dict[str, Any]
V = TypeVar("V", bound=VersionedRow)
T = TypeVar("T", bound=TenantRow)

IDEMPOTENCY_HOURS: Final = 24
ATTEMPTS: Final = 3  # of a transaction that lost to another one (deadlock, serialisation)
RETRYABLE: Final = frozenset({"40001", "40P01"})
REFUSALS: Final = (Refusals, UserError, *RULE_ERRORS)

_publishing: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


@dataclass(slots=True)
class Outcome:
    """What a mutation did: ids of the objects for its payload, or why it did nothing.

    `secrets` are shown once, in the answer to the request that made them, and stored nowhere.
    """

    ids: dict[str, UUID] = field(default_factory=dict)
    errors: list[UserError] = field(default_factory=list)
    position: int | None = None
    secrets: dict[str, Any] = field(default_factory=dict)
    is_replay: bool = False


class Action(Protocol):
    """A change: takes the write and the input's values, returns the objects that the payload shows."""

    def __call__(self, write: "Write", values: Values, /) -> Awaitable[Mapping[str, TenantRow] | Outcome]:
        """Do it. Raises UserError, or a rule's exception, to refuse."""


class Write:
    """One transaction of one viewer, handed to the actions.

    Rows come in through `add` and `lock`, are changed by `change`, and each thing that happened is told by
    `record`: that makes the audit entry and the event, which are written last.
    """

    def __init__(self, context: Context, session: AsyncSession, viewer: Viewer) -> None:
        self.context = context
        self.session = session
        self.viewer = viewer
        self.now: datetime = context.now
        self.tenant_id = viewer.tenant_id
        self._changes: dict[UUID, dict[str, tuple[Any, Any]]] = {}
        self._added: set[UUID] = set()
        self._counted: set[UUID] = set()  # rows whose version this transaction has set: once each
        self._events: list[eventlog.Draft] = []
        self._audit: list[audit.Draft] = []
        self.next_due_at: datetime | None = None

    def add(self, row: T) -> T:
        """Add a new row to the tenant, stamped with the time of the operation and a new id."""
        self._stamp(row)
        self.session.add(row)
        return row

    async def add_unless_taken(self, row: T) -> T | None:
        """Add a new row at once; None when one of its unique keys is taken, whose transaction is waited for."""
        self._stamp(row)
        values = {name: value for name, value in vars(row).items() if not name.startswith("_")}
        cls = type(row)
        added: T | None = await self.session.scalar(
            insert(cls).values(**values).on_conflict_do_nothing().returning(cls)
        )
        return added

    def _stamp(self, row: TenantRow) -> None:
        row.tenant_id = self.tenant_id
        row.id = vars(row).get("id") or uuid7()
        row.created_at = self.now
        self._added.add(row.id)
        if isinstance(row, VersionedRow):
            row.updated_at = self.now
            row.version = 1
        self._changes[row.id] = {
            name: (None, value)
            for name, value in vars(row).items()
            if not name.startswith("_") and value is not None and name not in audit.UNINTERESTING
        }

    async def lock(
        self,
        row: type[V],
        row_id: UUID,
        *,
        path: tuple[str | int, ...] = ("input", "id"),
        version: int | None = None,
    ) -> V:
        """The row, locked until the transaction ends. Raises NotFound, and Conflict when the version is another."""
        found = await self.session.scalar(
            select(row)
            .where(row.id == row_id)
            .with_for_update(key_share=True)  # others may refer to the row meanwhile, not write it
            .execution_options(populate_existing=True)
        )
        if found is None:
            raise NotFound(f"There is no such {row.__name__}.", path)
        if version is not None and found.version != version:
            raise Conflict(
                f"The {row.__name__} is at version {found.version}, not {version}.",
                ("input", "expectedVersion"),
                type_name=row.__name__,
                object_id=row_id,
            )
        return found

    async def get(self, row: type[T], row_id: UUID | None, path: tuple[str | int, ...]) -> T:
        """The row, unlocked. Raises NotFound."""
        found = None
        if row_id is not None:
            found = await self.session.scalar(select(row).where(row.id == row_id))
        if found is None:
            raise NotFound(f"There is no such {row.__name__}.", path)
        return found

    async def check_references(self, values: Values, references: Mapping[str, type[TenantRow]]) -> None:
        """Raise NotFound for the first of these columns whose given value is no row of the tenant."""
        for name, row in references.items():
            if values.get(name) is not None:
                await self.get(row, values[name], input_path(name))

    def change(self, row: VersionedRow, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Set what differs, count the version up, and return the names of what changed, sorted."""
        changed = self._changes.setdefault(row.id, {})
        before = {name: getattr(row, name) for name in values}
        differing = sorted(name for name, value in values.items() if before[name] != value)
        for name in differing:
            setattr(row, name, values[name])
            changed[name] = (changed[name][0] if name in changed else before[name], values[name])
        if differing:
            self._count(row)
        return tuple(differing)

    def change_part(self, row: VersionedRow, name: str, before: Any, after: Any) -> None:
        """Tell of a change in what belongs to a row without being its column, such as the products of a deal."""
        if before != after:
            self._changes.setdefault(row.id, {})[name] = (before, after)
            self._count(row)

    def _count(self, row: VersionedRow) -> None:
        row.updated_at = self.now
        if row.id not in self._counted and row.id not in self._added:
            self._counted.add(row.id)
            row.version += 1

    def record(
        self,
        type: EventType,
        row: TenantRow,
        payload: Mapping[str, Any] | None = None,
        *,
        subject_id: UUID | None = None,
        category: AuditCategory = AuditCategory.DATA_ACCESS,
    ) -> None:
        """Say what happened to a row: one event, and one audit entry with its old and new values.

        `payload` holds ids and statuses, never personal data; the event has the former ones beside them.
        `subject_id` is the contact whom the values are about: they are encrypted with that person's key, or with
        the tenant's when nobody is named. `category` is the audit log's.
        """
        changes = self._changes.pop(row.id, {})
        former = {} if row.id in self._added else _former(changes, payload or {})
        draft = eventlog.Draft(
            id=uuid7(),
            type=type,
            object_type=row.__class__.__name__,
            object_id=row.id,
            payload={"changed": sorted(changes), **former, **(payload or {})},
        )
        self._events.append(draft)
        self._audit.append(audit.Draft(draft, changes, subject_id, category))

    def due_at(self, instant: datetime | None) -> None:
        """Tell the tenant's clock that something falls due then; the earliest counts."""
        if instant is not None and (self.next_due_at is None or instant < self.next_due_at):
            self.next_due_at = instant

    async def settle(self) -> None:
        """Write the changes and their audit entries: all that may still wait for other transactions."""
        await self.session.flush()
        await audit.append(self.session, self.context, self.viewer, self._audit)

    async def publish(self, outcome: Outcome, record_id: UUID | None) -> None:
        """Append the events with their positions. The last statement: it takes the tenant's counter."""
        outcome.position = await eventlog.append(
            self.session,
            self.context,
            self.viewer,
            self._events,
            next_due_at=self.next_due_at,
            idempotency=(record_id, outcome.ids) if record_id else None,
        )

    @property
    def has_events(self) -> bool:
        """Whether anything was recorded."""
        return bool(self._events)


def refused(refusal: Exception) -> Outcome:
    """The outcome of what was refused by one of REFUSALS, in a transaction or before there was any."""
    match refusal:
        case Refusals():
            return Outcome(errors=refusal.refusals)
        case UserError():
            return Outcome(errors=[refusal])
        case rules.IllegalTransition() | rules.Invalid() | rules.LimitExceeded():
            return Outcome(errors=from_rule(refusal))
    raise refusal


def _former(changes: Mapping[str, tuple[Any, Any]], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a payload tells, the values that were others before, as `old_<name>`: who followed those is told too."""
    return {f"old_{name}": changes[name][0] for name in payload if name in changes}


async def perform(
    context: Context,
    mutation: str,
    action: Action,
    values: Values,
    *,
    idempotency_key: str | None = None,
    viewer: Viewer | None = None,
) -> Outcome:
    """Run an action as one transaction and return its outcome; refusals come back as its errors.

    The same key and input again returns the first outcome, without its secrets; the same key with other input
    is a Conflict. `viewer` replaces the context's where the act itself establishes who acts (signing in).
    """
    actor = viewer or context.viewer
    # Before, so that no connection is held while another is asked for; and what is answered then, also by a
    # Conflict, is as it is now.
    await context.forget_reads()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            outcome = await _attempt(context, actor, mutation, action, values, idempotency_key)
            break
        except REFUSALS as refusal:
            return refused(refusal)
        except IntegrityError as error:
            return Outcome(errors=[explain(error)])
        except DBAPIError as error:
            if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in RETRYABLE:
                raise
    return outcome


async def _attempt(
    context: Context, viewer: Viewer, mutation: str, action: Action, values: Values, key: str | None
) -> Outcome:
    async with context.services.database.write(viewer.tenant_id) as session:
        record_id = None
        if key is not None:
            record_id, earlier = await _claim(session, context, viewer, mutation, values, key)
            if earlier is not None:
                return earlier
        write = Write(context, session, viewer)
        result = await action(write, dict(values))
        outcome = result if isinstance(result, Outcome) else Outcome()
        if not isinstance(result, Outcome):
            outcome.ids = {name: row.id for name, row in result.items()}
        await write.settle()
        # Who holds this lock waits for the counter alone. It must not wait for a row of a transaction that
        # queues here: the database would not see that deadlock.
        async with _publishing.setdefault(viewer.tenant_id, asyncio.Lock()):
            await write.publish(outcome, record_id)
            await session.commit()
    if write.has_events:
        context.services.wakeups.committed(viewer.tenant_id)
    return outcome


async def _claim(
    session: AsyncSession, context: Context, viewer: Viewer, mutation: str, values: Values, key: str
) -> tuple[UUID | None, Outcome | None]:
    """Take the key for this transaction, or find what was done under it. A concurrent holder is waited for."""
    digest = _digest(mutation, values)
    record_id = uuid7()
    claimed = await session.scalar(
        insert(IdempotencyRecord)
        .values(
            tenant_id=viewer.tenant_id,
            id=record_id,
            credential_id=viewer.credential_id,
            key=key,
            mutation=mutation,
            input_hash=digest,
            object_ids={},
            created_at=context.now,
            expires_at=context.now + timedelta(hours=IDEMPOTENCY_HOURS),
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.id)
    )
    if claimed is not None:
        return record_id, None
    earlier = await session.scalar(
        select(IdempotencyRecord)
        .where(
            IdempotencyRecord.credential_id == viewer.credential_id,
            IdempotencyRecord.key == key,
        )
        .with_for_update()
    )
    if earlier is None:
        raise Conflict("The idempotency key is being given up; send the request again.", ("input", "idempotencyKey"))
    if earlier.expires_at <= context.now:
        earlier.mutation, earlier.input_hash, earlier.object_ids = mutation, digest, {}
        earlier.created_at, earlier.expires_at = context.now, context.now + timedelta(hours=IDEMPOTENCY_HOURS)
        return earlier.id, None
    if earlier.input_hash != digest:
        raise Conflict("This idempotency key was used with other input.", ("input", "idempotencyKey"))
    ids = {name: UUID(value) for name, value in earlier.object_ids.items()}
    return None, Outcome(ids=ids, position=earlier.position, is_replay=True)


def _digest(mutation: str, values: Values) -> bytes:
    """The hash by which the same input is known again. Raises ValidationFailed for JSON that cannot be written."""
    try:
        written = orjson.dumps([mutation, values], default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # integers beyond 64 bits, or hundreds of levels: no rule takes them either
        raise ValidationFailed("The input holds JSON that is too deep, or a number too large.", ("input",)) from error
    return hashlib.sha256(written).digest()
