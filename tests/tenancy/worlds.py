"""Worlds of tenants behind both locks, behind one of them, or behind none.

Row-level security is taken off in the database itself. The application's criterion is taken off on the way to the
database, in whatever statement it stands: `x.tenant_id = $1` becomes `(x.tenant_id = $1 OR true)`.
"""

import enum
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import event

from db.core.cluster import Addresses
from db.core.keys import Keyring
from db.core.session import Database, ReadTransaction
from db.core.tenancy import tenant_tables
from db.enums.events import ActorKind
from db.organizations import Tenant
from gql.execution.limits import Limits
from gql.execution.run import Answer, Executor, dumps
from gql.schema import schema
from resolvers.core.clock import FixedClock
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups
from resolvers.rules.access import PERMISSIONS
from tests.factories import organizations
from tests.factories.everything import instant_of, populate, word_of
from tests.support.pools import PATIENCE
from tests.support.store import START, Store

CRITERION: Final = re.compile(r"(\b\w+\.tenant_id = \$\d+(?:::\w+)?)")
WIDE: Final = Limits(max_tokens=100_000, max_depth=50, max_fields=50_000, max_aliases=10_000, max_cost=10**12)


class Locks(enum.Enum):
    """Which of the two locks are on."""

    BOTH = "both"
    ROW_LEVEL_SECURITY = "row-level security alone"
    CRITERION = "the criterion alone"
    NONE = "none"

    @property
    def has_row_level_security(self) -> bool:
        """Whether the database hides other tenants' rows."""
        return self in {Locks.BOTH, Locks.ROW_LEVEL_SECURITY}

    @property
    def has_criterion(self) -> bool:
        """Whether the statements name the tenant."""
        return self in {Locks.BOTH, Locks.CRITERION}


PROTECTED: Final = (Locks.BOTH, Locks.ROW_LEVEL_SECURITY, Locks.CRITERION)


def without_criterion(statement: str) -> str:
    """The statement, which compares no more tenants; it takes the same parameters."""
    return CRITERION.sub(r"(\1 OR true)", statement)


class BlindableDatabase(Database):
    """A pool whose statements can be made to forget the tenant, but for those that contain `spared`.

    `blinded` holds those that did.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, **PATIENCE)
        self.is_blind = False
        self.spared: str | None = None
        self.blinded: set[str] = set()
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._rewrite, retval=True)

    def _rewrite(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        return self.seen(statement), parameters

    def seen(self, statement: str) -> str:
        """The statement as the database gets to see it."""
        if not self.is_blind or (self.spared is not None and self.spared in statement):
            return statement
        changed = without_criterion(statement)
        if changed != statement:
            self.blinded.add(changed)
        return changed

    def reads(self, tenant_id: UUID) -> ReadTransaction:
        """As the pool's own, with the same blindness for statements that go to the driver directly."""
        return BlindableReads(self, tenant_id)


class BlindableReads(ReadTransaction):
    """A read transaction of a blindable pool."""

    def __init__(self, database: BlindableDatabase, tenant_id: UUID) -> None:
        super().__init__(database, tenant_id)
        self._pool = database

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """As the transaction's own."""
        return await super().fetch(self._pool.seen(sql), values)


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """A tenant with its rows, by the names of their types."""

    tenant: Tenant
    rows: Mapping[str, Any]

    @property
    def word(self) -> str:
        """What only this tenant's texts contain."""
        return word_of(self.tenant)

    def marks(self, *, has_own_ids: bool) -> tuple[str, ...]:
        """What gives this tenant's rows away, wherever it shows up in an answer."""
        ids = [str(row.id) for row in self.rows.values()] if has_own_ids else []
        return (self.word, f".{instant_of(self.tenant).microsecond:06d}Z", str(self.tenant.id), *ids)


@dataclass
class World:
    """One database: tenant A, who looks; tenant B; and a twin of A, whose rows have the ids of A's.

    The twin shows what B cannot: a row of A never refers to an id of B, but it refers to ids that the twin has too.
    """

    addresses: Addresses
    store: Store
    database: BlindableDatabase
    services: Services
    a: Inhabitant
    others: dict[str, Inhabitant] = field(default_factory=dict)
    baseline: dict[str, bytes] = field(default_factory=dict)

    @property
    def b(self) -> Inhabitant:
        """The tenant with other ids."""
        return self.others["B"]

    @property
    def twin(self) -> Inhabitant:
        """The tenant with A's ids."""
        return self.others["twin"]

    async def run(
        self, executor: Executor, text: str, variables: Mapping[str, Any] | None = None, *, of: Tenant | None = None
    ) -> Answer:
        """Run an operation as somebody of tenant A (or another) who may do everything."""
        context = Context(self.services, viewer_of(of or self.a.tenant))
        try:
            return await executor.answer(context, text, variables)
        finally:
            await context.close()

    def leaks(self, answer: Any) -> list[str]:
        """Which marks of B and of the twin the answer bears."""
        shown = (answer if isinstance(answer, bytes) else dumps(answer)).decode()
        return [mark for mark in self.b.marks(has_own_ids=True) if mark in shown] + [
            mark for mark in self.twin.marks(has_own_ids=False) if mark in shown
        ]

    async def contents(self) -> dict[UUID, dict[str, tuple[int, str]]]:
        """By tenant and table: how many rows there are, and a digest of all that is in them."""
        parts = [
            f"SELECT tenant_id, '{table}' AS name, count(*) AS count,"
            f" md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest FROM {table} t GROUP BY tenant_id"
            for table in sorted(tenant_tables())
        ]
        connection = await connect(self.addresses.owner)
        try:
            rows = await connection.fetch(" UNION ALL ".join(parts))
        finally:
            await connection.close()
        found: dict[UUID, dict[str, tuple[int, str]]] = {}
        for row in rows:
            found.setdefault(row["tenant_id"], {})[row["name"]] = (row["count"], row["digest"])
        return found

    async def close(self) -> None:
        """Close every connection."""
        await self.services.wakeups.close()
        await self.database.close()
        await self.store.close()


def viewer_of(tenant: Tenant) -> Viewer:
    """Somebody of the tenant who may do everything."""
    return Viewer(
        kind=ActorKind.SYSTEM,
        actor_id=uuid4(),
        credential_id=uuid4(),
        organization_id=tenant.organization_id,
        tenant_id=tenant.id,
        user_id=None,
        permissions=frozenset(PERMISSIONS),
    )


def executors() -> dict[str, Executor]:
    """The executor that plans, and the reference; what one has parsed, the other need not."""
    planned, reference = Executor(schema, WIDE), Executor(schema, WIDE, is_planning=False)
    reference._documents = planned._documents
    return {"planned": planned, "reference": reference}


async def found_world(
    addresses: Addresses,
    *,
    has_row_level_security: bool,
    meanwhile: Callable[[World], Awaitable[None]] | None = None,
) -> World:
    """Populate a migrated database: A first, then, after `meanwhile`, B and the twin."""
    if not has_row_level_security:
        await take_off_row_level_security(addresses.owner)
    store, database = Store(addresses.owner), BlindableDatabase(addresses.app)
    services = Services(database, Keyring(b"k" * 32), FixedClock(START), Wakeups(addresses.app))
    world = World(addresses, store, database, services, await _settle(store))
    if meanwhile is not None:
        await meanwhile(world)
    world.others["B"] = await _settle(store)
    world.others["twin"] = await _settle(store, world.a)
    return world


async def _settle(store: Store, model: Inhabitant | None = None) -> Inhabitant:
    tenant = await organizations.tenant(store)
    ids = {key: row.id for key, row in model.rows.items()} if model else None
    return Inhabitant(tenant, await populate(store, tenant, ids))


async def take_off_row_level_security(owner_url: str) -> None:
    """Let every role see every row that it may read at all."""
    connection = await connect(owner_url)
    try:
        for table in sorted(tenant_tables()):
            await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """A connection of our own, past the server's code."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
