"""Makes a database ready to serve: the clock's role, migrations, rights; and checks the role that serves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from db.core import migrate, roles
from db.core.cluster import blocking
from db.core.url import asyncpg_url

MIGRATING = 7_161_935_201  # our advisory lock: one process migrates, others wait for it


class DatabaseUnreachable(RuntimeError):
    """The database does not answer, or refuses us; the text names the variable, never the password."""


def prepare(owner_url: str, app_url: str, say: Callable[[str], None] | None = None) -> None:
    """Migrate to the newest revision and grant the application role its rights; quick when all is done.

    Processes that start together take turns. Raises RoleRefused or DatabaseUnreachable. Blocks.
    """
    blocking(_prepare(owner_url, app_url, say or (lambda _line: None)))


def check(app_url: str) -> None:
    """Raise RoleRefused when DATABASE_URL's role must not serve, DatabaseUnreachable if it cannot. Blocks."""
    blocking(_check(app_url))


async def _prepare(owner_url: str, app_url: str, say: Callable[[str], None]) -> None:
    app_role = asyncpg_url(app_url).username
    if app_role is None:
        raise DatabaseUnreachable("DATABASE_URL names no role: postgresql://ROLE:password@host/name.")
    async with connected(owner_url, "DATABASE_OWNER_URL") as connection:
        await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATING})"))
        await roles.ensure_clock_role(connection)
        await connection.commit()
        stored = await revision(connection)
        await connection.commit()
        if stored != migrate.head():
            say("Migrating the database …")
            await asyncio.to_thread(migrate.upgrade, owner_url)
        await roles.grant(connection, app_role)
        await connection.commit()


async def _check(app_url: str) -> None:
    async with connected(app_url, "DATABASE_URL") as connection:
        await roles.check_serving_role(connection)


async def revision(connection: AsyncConnection) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    if not await connection.scalar(text("SELECT to_regclass('public.alembic_version')")):
        return None
    found: str | None = await connection.scalar(text("SELECT version_num FROM public.alembic_version"))
    return found


@asynccontextmanager
async def connected(url: str, variable: str) -> AsyncIterator[AsyncConnection]:
    """One connection, closed at the end. Raises DatabaseUnreachable, naming the address's variable."""
    engine = create_async_engine(asyncpg_url(url), poolclass=NullPool)
    try:
        try:
            connection = await engine.connect()
        except (OSError, DBAPIError) as error:
            place = asyncpg_url(url).render_as_string(hide_password=True)
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseUnreachable(f"{variable} ({place}) cannot be reached: {reason}") from error
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()
