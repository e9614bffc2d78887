"""Transactions: one tenant, one connection, one at a time. Every statement of the server runs through here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import structlog
from sqlalchemy import Connection, Executable, event, text
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.util import greenlet_spawn

from db.core import tenancy
from db.core.reading import LOST, ReadConnections, end
from db.core.url import asyncpg_url

log = structlog.get_logger(__name__)

SET_TENANT = text("SELECT app.set_tenant(:tenant)")


class TenantSession(Session):
    """The synchronous half of the server's sessions; a class of its own, so that the listener binds to it alone."""


@event.listens_for(TenantSession, "do_orm_execute")
def _add_criteria(state: ORMExecuteState) -> None:
    """The first lock; looked up at each call, so that the tests of the second can take it away."""
    tenancy.add_criteria(state)


class Database:
    """The pool of connections under the application role.

    `pool_size` connections stay open, `pool_overflow` more may be opened under load, and who finds none within
    `pool_timeout_seconds` is refused; `statement_timeout_ms` cancels any single statement that runs longer.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_overflow: int = 0,
        pool_timeout_seconds: float = 5,
        statement_timeout_ms: int = 15_000,
    ) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            asyncpg_url(url),
            hide_parameters=True,  # an error text must not carry personal data into a log
            pool_size=pool_size,
            max_overflow=pool_overflow,
            pool_timeout=pool_timeout_seconds,
            connect_args={
                "server_settings": {
                    "statement_timeout": str(statement_timeout_ms),
                    "idle_in_transaction_session_timeout": "60000",
                    "application_name": "customer-graph",
                    "timezone": "UTC",
                }
            },
        )
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._before)
        self._has_lost_any = False
        event.listen(self.engine.sync_engine, "invalidate", self._lose)
        # The same pool without BEGIN and COMMIT of SQLAlchemy's own: for transactions that were begun by hand.
        self.begun = self.engine.sync_engine.execution_options(isolation_level="AUTOCOMMIT")
        most = pool_size + pool_overflow
        self.reading = ReadConnections(
            self.engine.sync_engine, self.checkout, most=most, timeout_seconds=pool_timeout_seconds
        )
        self.observers: list[Callable[[str], None]] = []  # called with the text of each statement before it runs

    def _before(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        tenancy.refuse_unscoped(connection, cursor, statement, *rest)
        for observe in self.observers:
            observe(statement)

    def _lose(self, *_: object) -> None:
        self._has_lost_any = True

    def reads(self, tenant_id: UUID) -> "ReadTransaction":
        """A read-only transaction of one tenant, not opened yet."""
        return ReadTransaction(self, tenant_id)

    @asynccontextmanager
    async def write(self, tenant_id: UUID) -> AsyncIterator[AsyncSession]:
        """A transaction of one tenant that commits when the block ends and rolls back when it raises."""
        async with AsyncSession(
            self.engine,
            sync_session_class=TenantSession,
            info={tenancy.TENANT: tenant_id},
            expire_on_commit=False,
        ) as session:
            with self.reading.making_room():
                await _begin(session, tenant_id)
            yield session
            if session.in_transaction():  # the block may have committed by itself, to hold a lock no longer
                await session.commit()

    @asynccontextmanager
    async def reference(self) -> AsyncIterator[AsyncSession]:
        """A transaction outside all tenants: reference tables alone, since no tenant's row is visible in it."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            with self.reading.making_room():
                await session.connection()
            yield session

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a tenant and without a transaction."""
        connection = self.engine.connect()
        with self.reading.making_room():
            await connection.start()
        try:
            yield connection
        finally:
            await connection.close()

    async def checkout(self) -> Any:
        """A pooled connection that is alive, as far as anybody here knows.

        One that is idle is taken at once: a greenlet would cost more than the taking. Not so once a connection was
        lost: the pool keeps its place, and to connect again takes a greenlet.
        """
        engine = self.engine.sync_engine
        while True:
            if not self._has_lost_any and engine.pool.checkedin():  # type: ignore[attr-defined]  # an async engine's is a queue
                pooled = engine.raw_connection()
            else:
                pooled = await greenlet_spawn(engine.raw_connection)
            driver: Any = pooled.driver_connection
            if not driver.is_closed():
                return pooled
            await greenlet_spawn(pooled.invalidate)

    @property
    def in_use(self) -> int:
        """How many connections somebody works on."""
        pool: Any = self.engine.pool
        return int(pool.checkedout()) - len(self.reading)

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.close()
        await self.engine.dispose()


async def _begin(session: AsyncSession, tenant_id: UUID) -> None:
    """Begin with the tenant set; on another connection where the first is found dead, since nothing was done yet."""
    try:
        await session.execute(SET_TENANT, {"tenant": str(tenant_id)})
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        await session.rollback()
        await session.execute(SET_TENANT, {"tenant": str(tenant_id)})


class TransactionClosed(RuntimeError):
    """A statement came after the operation had ended: of a batch that nobody waits for any more."""


class ReadTransaction:
    """One read-only, repeatable-read transaction, opened by its first statement.

    Statements of concurrent resolvers queue on its one connection. `renew` ends it, and the next statement
    begins another, which sees what was committed meanwhile. After `close` there is no other: what graphql-core
    left behind when it gave up a field would open one that nobody ends.
    """

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self._database = database
        # It is put into the text of BEGIN, and must be nothing but a UUID.
        self.tenant_id = tenant_id if type(tenant_id) is UUID else UUID(str(tenant_id))
        self._pooled: Any = None  # SQLAlchemy's pooled connection
        self._driver: Any = None  # asyncpg's own connection within it
        self._session: AsyncSession | None = None
        self._has_failed = False  # whether a statement on the present connection did
        self._lock = asyncio.Lock()
        self._is_closed = False
        self._running: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """Run SQL that was compiled before, on asyncpg itself, and return its records."""
        tenancy.refuse_unscoped(None, None, sql, None, None, False)
        async with self._lock:
            driver = self._driver or await self._open()
            for observe in self._database.observers:
                observe(sql)
            try:
                return await driver.fetch(sql, *values)  # type: ignore[no-any-return]  # asyncpg's records
            except BaseException:
                self._has_failed = True
                raise

    async def rows(
        self, statement: Executable, parameters: dict[str, Any] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run one ORM statement and return all its rows.

        Who waits may be cancelled, as graphql-core does with the siblings of what failed; the statement is not, since
        SQLAlchemy would throw the connection away.
        """
        running = asyncio.ensure_future(self._run(statement, parameters))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def _run(self, statement: Executable, parameters: dict[str, Any] | None) -> Sequence[Row[*tuple[Any, ...]]]:
        async with self._lock:
            if self._driver is None:
                await self._open()
            session = self._session or self._orm()
            result = await session.execute(statement, parameters or {})
            return result.all()

    async def scalars(self, statement: Executable, parameters: dict[str, Any] | None = None) -> list[Any]:
        """Run one ORM statement and return the first column of all its rows."""
        return [row[0] for row in await self.rows(statement, parameters)]

    async def renew(self) -> None:
        """End the transaction if it is open, and give its connection back."""
        async with self._lock:
            pooled, driver, session = self._pooled, self._driver, self._session
            self._pooled = self._driver = self._session = None
            if pooled is None:
                return
            if session is None:
                await (end(pooled) if self._has_failed else self._database.reading.leave(pooled))
                return
            try:
                await driver.execute("COMMIT")
                await session.close()
            except LOST as error:
                log.warning("connection_lost", error=repr(error))  # what was read stays valid: nothing to tell anybody
                if pooled.is_valid:
                    await greenlet_spawn(pooled.invalidate)
            except BaseException:
                await greenlet_spawn(pooled.invalidate)
                raise
            await greenlet_spawn(pooled.close)

    async def close(self) -> None:
        """End the transaction for good. Statements that are still to come raise TransactionClosed."""
        self._is_closed = True
        await self.renew()

    async def _open(self) -> Any:
        if self._is_closed:
            raise TransactionClosed("the operation has ended")
        pooled, before = await self._database.reading.take()
        self._has_failed = False
        try:
            # BEGIN and tenant in one round trip; SQLAlchemy's own BEGIN would cost another.
            await pooled.driver_connection.execute(
                f"{before}BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT app.set_tenant('{self.tenant_id}')"
            )
        except BaseException:
            await greenlet_spawn(pooled.invalidate)
            raise
        self._pooled, self._driver = pooled, pooled.driver_connection
        return self._driver

    def _orm(self) -> AsyncSession:
        """A session over the same connection, for statements that resolvers write by hand."""
        database = self._database
        self._session = AsyncSession(
            AsyncConnection(database.engine, Connection(database.begun, connection=self._pooled)),
            sync_session_class=TenantSession,
            info={tenancy.TENANT: self.tenant_id},
            autoflush=False,
        )
        return self._session
