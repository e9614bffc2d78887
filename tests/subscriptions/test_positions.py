"""The order of the log under concurrency: no holes, in the order of the commits, and at one with what was done."""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.calls import Call
from db.core.cluster import Addresses
from db.core.session import Database
from db.enums.events import EventType
from db.events import Event
from db.organizations import Tenant
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Outcome, Write
from resolvers.events import read_events, read_positions
from tests.factories import calls
from tests.subscriptions.support import Credentials
from tests.support.chance import seeded
from tests.support.store import Store

IS_SEARCHING = os.environ.get("PROPERTIES") == "search"
EXAMPLES = 20 if IS_SEARCHING else 2
PROCESSES = 3  # pools of their own, which do not know of each other
WRITERS = 5
TRANSACTIONS = 40 if IS_SEARCHING else 6


class GivenUp(Exception):
    """A transaction that is rolled back."""


@dataclass
class Books:
    """What one tenant's writers and readers know: who committed what, and who has read what."""

    tenant: Tenant
    viewer: Viewer
    calls: list[Call]
    committed: list[list[UUID]] = field(default_factory=list)
    is_done: bool = False


@pytest.fixture(scope="module")
async def databases(database_urls: Addresses) -> AsyncIterator[list[Database]]:
    """The pools of several processes; the last is for those who only read."""
    made = [Database(database_urls.app, pool_size=8, pool_timeout_seconds=60) for _ in range(PROCESSES + 1)]
    yield made
    for database in made:
        await database.close()


async def pause(chance: random.Random) -> None:
    """Let others go first, sometimes for longer."""
    await asyncio.sleep(chance.choice([0, 0, 0, 0.001, 0.005]))


async def write_some(services: Services, books: Books, database: Database, chance: random.Random) -> None:
    """Commit transactions of some events each, or roll them back: before they have their positions, or after."""
    mine = Services(database, services.keyring, services.clock, services.wakeups)
    for _ in range(TRANSACTIONS):
        ids: list[UUID] = []
        fate = chance.random()
        try:
            async with database.write(books.tenant.id) as session:
                write = Write(Context(mine, books.viewer), session, books.viewer)
                call = await write.lock(Call, chance.choice(books.calls).id)
                write.change(call, {"end_reason": str(chance.random())})
                write.record(EventType.CALL_UPDATED, call, {"is_touched": True})
                for _ in range(chance.randint(0, 3)):
                    write.record(EventType.CALL_UPDATED, call)
                ids = [draft.id for draft in write._events]
                await pause(chance)
                await write.settle()
                if fate < 0.1:
                    raise GivenUp
                await write.publish(Outcome(), None)
                await pause(chance)
                if fate < 0.3:
                    raise GivenUp
        except GivenUp:
            continue
        books.committed.append(ids)
        await pause(chance)


async def follow(books: Books, database: Database, chance: random.Random) -> list[UUID]:
    """Read on and on, always from where the last read ended; gives the ids of what was read."""
    read: list[UUID] = []
    while True:
        is_last = books.is_done
        found = await read_events(database, books.tenant.id, len(read), chance.randint(1, 7))
        assert [event.position for event in found.events] == [
            len(read) + place for place in range(1, len(found.events) + 1)
        ]
        assert found.gap_after(len(read)) is None
        assert found.last_position >= len(read) + len(found.events)
        read += [event.id for event in found.events]
        if is_last and not found.events:
            return read
        await pause(chance)


async def audit(books: Books, database: Database, chance: random.Random) -> int:
    """See, in one transaction each, that the log has what was done and nothing else; gives how often it did."""
    times = 0
    while not books.is_done:
        async with database.reads(books.tenant.id) as reads:
            _, position = await read_positions(reads)
            await pause(chance)
            events = await reads.scalars(select(Event).where(Event.tenant_id == books.tenant.id))
            await pause(chance)
            versions = {row.id: row.version for row in await reads.scalars(select(Call))}
        assert sorted(event.position for event in events) == list(range(1, position + 1))
        touched = Counter(event.object_id for event in events if event.payload.get("is_touched"))
        assert versions == {call.id: 1 + touched[call.id] for call in books.calls}
        times += 1
        await pause(chance)
    return times


@pytest.mark.hypothesis  # by which `prove properties` finds what looks further
@pytest.mark.parametrize("number", range(EXAMPLES))
async def test_positions_have_no_holes_and_follow_the_commits(
    databases: list[Database],
    services: Services,
    store: Store,
    tenant: Tenant,
    other_tenant: Tenant,
    number: int,
) -> None:
    """Writers of several processes, who give up at any point; readers who are never told of anything late."""
    seed = secrets.randbits(32) if IS_SEARCHING else number
    everybody = []
    for each in (tenant, other_tenant):
        credentials = Credentials()
        viewer = credentials._viewers[credentials.issue(each)]
        everybody.append(Books(each, viewer, [await calls.call(store, each) for _ in range(4)]))

    async def live(books: Books, chance: random.Random) -> list[Any]:
        """The working day of a tenant."""
        readers = [
            asyncio.create_task(work(books, databases[-1], seeded(chance.random()))) for work in (follow, follow, audit)
        ]
        writers = [
            write_some(services, books, databases[place % PROCESSES], seeded(chance.random()))
            for place in range(WRITERS)
        ]
        try:
            await asyncio.gather(*writers)
        finally:
            books.is_done = True
        return await asyncio.gather(*readers)

    chances = [seeded(f"{seed} {place}") for place in range(len(everybody))]
    days = await asyncio.gather(*(live(books, chance) for books, chance in zip(everybody, chances, strict=True)))
    for books, (one, other, audits) in zip(everybody, days, strict=True):
        log = await store.all(select(Event.id).where(Event.tenant_id == books.tenant.id).order_by(Event.position))
        assert one == other == log, seed
        places = {id_: place for place, id_ in enumerate(log)}
        for ids in books.committed:  # the events of a transaction stand together, in its order
            assert [places[id_] for id_ in ids] == list(range(places[ids[0]], places[ids[0]] + len(ids))), seed
        assert len(log) == sum(len(ids) for ids in books.committed) > 0
        assert audits > 0
