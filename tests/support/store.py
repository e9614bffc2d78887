"""The store of the factories: adds rows as the owner of the tables, past both tenant locks."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Executable, func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from uuid_utils.compat import uuid7

from db.compliance import AuditLogEntry
from db.core.base import Base
from db.core.url import asyncpg_url
from db.events import Event
from db.organizations import Tenant

R = TypeVar("R", bound=Base)
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Store:
    """Rows in, rows out. Every row gets an id and times if it has none.

    `first` is the first number that it gives; two stores of one database need numbers of their own.
    """

    def __init__(self, owner_url: str, *, first: int = 1, new_id: Callable[[], UUID] = uuid7) -> None:
        self.engine = create_async_engine(asyncpg_url(owner_url), pool_size=2)
        self.new_id = new_id
        self._numbers = itertools.count(first)

    def number(self) -> int:
        """A number that no row of this run has had."""
        return next(self._numbers)

    async def add(self, row: R, **stamps: Any) -> R:
        """Insert and commit one row, and return it detached."""
        columns = row.__table__.columns
        for name, value in {"id": self.new_id(), "created_at": START, "updated_at": START, **stamps}.items():
            if name in columns and getattr(row, name) is None:
                setattr(row, name, value)
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            session.add(row)
            await session.commit()
            session.expunge(row)
        return row

    async def all(self, statement: Executable) -> list[Any]:
        """The first column of every row of a statement, as the owner sees it."""
        async with AsyncSession(self.engine) as session:
            return list((await session.scalars(statement)).all())

    async def execute(self, statement: Executable) -> None:
        """Run a statement as the owner and commit."""
        async with AsyncSession(self.engine) as session:
            await session.execute(statement)
            await session.commit()

    async def get(self, row: type[R], tenant_id: UUID, row_id: UUID) -> R | None:
        """The row as it is stored now."""
        async with AsyncSession(self.engine) as session:
            return await session.get(row, (tenant_id, row_id))

    async def counts(self, tenant: Tenant, *rows: type[Any], about: str | None = None) -> list[int]:
        """How many of these rows the tenant has; of events and audit entries those `about` a type, where given."""
        found: list[int] = []
        for row in rows:
            counted = select(func.count()).select_from(row).where(row.tenant_id == tenant.id)
            if about is not None and row in (Event, AuditLogEntry):
                counted = counted.where(row.object_type == about)
            found += await self.all(counted)
        return found

    async def events(self, tenant: Tenant, about: str | None = None) -> list[Event]:
        """What happened in the tenant, or to its objects of one type, in the order of the log."""
        told = select(Event).where(Event.tenant_id == tenant.id).order_by(Event.position)
        return await self.all(told if about is None else told.where(Event.object_type == about))

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()
