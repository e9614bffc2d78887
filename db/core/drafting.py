"""Drafting a migration from beginning to end: compare, write the file, and try it up and down."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from db.core import inventory, migrate
from db.core.cluster import Addresses, blocking
from db.core.differences import Known, compare
from db.core.prepare import connected, prepare

OURS = "a database made for the draft"


@dataclass
class Drafted:
    """The file, None when the revisions make what the rows declare; and what a person has to look at."""

    path: Path | None = None
    advice: list[str] = field(default_factory=list)


def draft(title: str, now: datetime, migrated: Addresses, declared: Addresses, metadata: MetaData) -> Drafted:
    """Write the revision that leads from the newest one to what the rows declare. Blocks.

    Both databases are empty ones to work in: the first is migrated, the second made from the rows.
    """
    prepare(migrated.owner, migrated.app)
    drafted = Drafted()
    blocking(_draft(drafted, title, now, migrated, declared, metadata))
    return drafted


async def _draft(
    drafted: Drafted, title: str, now: datetime, migrated: Addresses, declared: Addresses, metadata: MetaData
) -> None:
    async with connected(declared.owner, OURS) as connection:
        wanted = await connection.run_sync(inventory.create_declared, metadata)
        texts = await connection.run_sync(Known.read)
    async with connected(migrated.owner, OURS) as connection:
        before = await connection.run_sync(inventory.objects)
        found = await connection.run_sync(compare, texts, metadata)
    if not found.upgrade:
        drafted.advice = inventory.differences(inventory.declarable(before), wanted)
        return
    parent = migrate.head()
    drafted.path = migrate.add(title, now, found.upgrade, found.downgrade)
    drafted.advice = found.advice
    try:
        await asyncio.to_thread(migrate.upgrade, migrated.owner)
        drafted.advice += inventory.differences(inventory.declarable(await _objects(migrated)), wanted)
        await asyncio.to_thread(migrate.downgrade, migrated.owner, parent)
    except DBAPIError as error:
        drafted.advice.append(f"PostgreSQL refuses it: {error.orig}")
    else:
        left = inventory.differences(await _objects(migrated), before)
        drafted.advice += [f"after going down, {line}" for line in left]


async def _objects(database: Addresses) -> list[str]:
    async with connected(database.owner, OURS) as connection:
        return await connection.run_sync(inventory.objects)
