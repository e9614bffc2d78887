"""A process that writes events: `python -m tests.faults.writers WORLD NUMBER ACKNOWLEDGED`, until its input ends.

Transactions of one to eight events, many at a time: they begin in one order and commit in another, some are refused
after they have written, some lose their connection. Each has an idempotency key and is sent again with it until it is
acknowledged; then it stands in the file ACKNOWLEDGED.
"""

import asyncio
import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import orjson
import uvloop
from sqlalchemy.exc import DBAPIError

import db.all  # noqa: F401  # the tables that calls refer to
from db.calls import Call
from db.core.base import TenantRow
from db.core.keys import Keyring
from db.core.session import Database
from db.enums.calls import CallStatus
from db.enums.events import ActorKind, EventType
from gql.execution.errors import is_unavailable
from resolvers.core.clock import SystemClock
from resolvers.core.context import Context, Services
from resolvers.core.errors import Conflict, ValidationFailed
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups
from resolvers.core.writes import Values, Write, perform
from resolvers.rules.access import PERMISSIONS
from tests.faults.world import Place, World
from tests.support.chance import seeded

AT_ONCE: Final = 12  # transactions under way
MOST_EVENTS: Final = 8
HASTE: Final = 1.6
BUSY_TENANT: Final = 0.15  # of all transactions are the first tenant's
ENDED: Final = frozenset({"40P01", "57014"})  # for a deadlock, or for waiting too long for a lock


class Writer:
    """The transactions of this process."""

    def __init__(self, world: World, number: int, acknowledged: Path) -> None:
        url = os.environ["DATABASE_URL"]
        self._world = world
        self._chance = seeded(world.plan.seed * 1000 + number)
        self._services = Services(
            Database(url, pool_size=AT_ONCE),
            Keyring(base64.b64decode(os.environ["MASTER_KEY"])),
            SystemClock(),
            Wakeups(url),
        )
        self._file = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._viewers = [viewer(place) for place in world.tenants]
        self.is_over = False

    async def run(self) -> None:
        """Write at the plan's pace and faster, since faults cost time, until told to end."""
        plan = self._world.plan
        pause = plan.writers * AT_ONCE * (MOST_EVENTS + 1) / 2 * plan.seconds / plan.events / HASTE
        await asyncio.gather(*(self._write_on(pause) for _ in range(AT_ONCE)))
        await self._services.wakeups.close()
        await self._services.database.close()

    async def _write_on(self, pause: float) -> None:
        while not self.is_over:
            began = asyncio.get_running_loop().time()
            await self._write()
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(self._chance.uniform(0, 2 * pause) - took, 0))

    async def _write(self) -> None:
        """One transaction, until it is acknowledged or refused."""
        is_busy = self._chance.random() < BUSY_TENANT
        tenant = 0 if is_busy else self._chance.randrange(len(self._world.tenants))
        calls = self._chance.sample(self._world.tenants[tenant].calls, k=min(MOST_EVENTS, self._world.plan.calls))
        del calls[self._chance.randint(1, len(calls)) :]
        if self._chance.random() < 0.95:
            calls.sort()  # the others may lock each other out: the database ends one of two, and it is tried again
        key = uuid4().hex
        order = {"calls": calls, "key": key, "pause": self._chance.choice((0, 0, 0, 0.002, 0.02, 0.1))}
        is_refused = self._chance.random() < 0.05
        while True:
            try:
                outcome = await perform(
                    Context(self._services, self._viewers[tenant]),
                    "faults",
                    refuse if is_refused else move,
                    order,
                    idempotency_key=key,
                )
            except Exception as error:  # the lost ones are tried again; whatever else there is ends the process
                if not is_lost(error):
                    raise
                await asyncio.sleep(self._chance.uniform(0.05, 0.3))
                continue
            if any(isinstance(error, Conflict) for error in outcome.errors):
                continue  # the key's first holder is being given up
            if not is_refused:
                assert not outcome.errors, outcome.errors
                acknowledged = [tenant, key, outcome.position, len(calls)]
                os.write(self._file, orjson.dumps(acknowledged) + b"\n")
            return


def is_lost(error: Exception) -> bool:
    """Whether the database was away, or ended the transaction for another one's sake."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state in ENDED or is_unavailable(error)


async def move(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Bring each call to another status, and tell it. The key and the number of events stand in their payloads."""
    for number, call_id in enumerate(values["calls"]):
        call = await write.lock(Call, UUID(call_id))
        statuses = [status for status in CallStatus if status != call.status]
        before, after = call.status, statuses[(call.version + number) % len(statuses)]
        write.change(call, {"status": after})
        write.record(
            EventType.CALL_STATUS_CHANGED,
            call,
            {
                "old_status": before,
                "new_status": after,
                "direction": call.direction,
                "key": values["key"],
                "of": len(values["calls"]),
            },
        )
    await asyncio.sleep(values["pause"])
    return {}


async def refuse(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Do everything, and then refuse."""
    await move(write, values)
    await write.settle()
    raise ValidationFailed("Thought better of it.", ())


def viewer(place: Place) -> Viewer:
    """Who writes in a tenant. A new process is another credential."""
    return Viewer(
        ActorKind.SYSTEM, uuid4(), uuid4(), UUID(place.organization_id), UUID(place.id), None, frozenset(PERMISSIONS)
    )


async def main(world: World, number: int, acknowledged: Path) -> None:
    """Write until standard input ends."""
    writer = Writer(world, number, acknowledged)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    writing = asyncio.create_task(writer.run())
    os.write(1, b"ready\n")
    os.dup2(2, 1)  # what the log says from here on
    await reader.read()
    writer.is_over = True
    await writing


if __name__ == "__main__":
    uvloop.run(main(World.load(Path(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])))
