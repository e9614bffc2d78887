"""Alembic's entry: runs the revisions on the owner's connection, each in a transaction of its own."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from db.all import metadata
from db.core.url import asyncpg_url

LOCK_TIMEOUT = "5s"  # a migration that waits behind a long query makes everybody else wait behind it


def run(connection: Connection) -> None:
    """Run the revisions."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    """Open the one connection of this run."""
    engine = create_async_engine(asyncpg_url(context.config.attributes["url"]), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(connect())
