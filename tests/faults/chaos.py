"""Everything that breaks during a run, one fault after the other, and how often each was done."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from tests.faults.crowds import Crowd, Writers
from tests.faults.postgres import Postgres
from tests.faults.servers import Servers
from tests.faults.world import Plan
from tests.support.chance import seeded

LISTENING: Final = "query ILIKE 'LISTEN%'"
POOLED: Final = "application_name = 'customer-graph' AND random() < 0.5"
LONG_PAUSE_SECONDS: Final = 3.0  # between two faults of a long run, on average

# In a long run each is done in proportion, in an order drawn anew each time round.
OFTEN: Final = {
    "server killed": 2,
    "server drained": 2,
    "backend killed": 2,
    "PostgreSQL restarted": 1,
    "listening connections cut": 3,
    "half of the pools cut": 2,
    "process of clients frozen": 3,
    "clients stopped reading": 3,
    "writer killed": 2,
}
# In a short run each of these is done once, in this order; to start a server is what takes time.
FEW: Final = (
    "listening connections cut",
    "server killed",
    "clients stopped reading",
    "process of clients frozen",
    "backend killed",
    "half of the pools cut",
    "PostgreSQL restarted",
    "server drained",
)


class Chaos:
    """The faults of one run."""

    def __init__(self, plan: Plan, database: Postgres, servers: Servers, crowds: list[Crowd], writers: Writers) -> None:
        self._plan, self._database, self._servers = plan, database, servers
        self._crowds, self._writers = crowds, writers
        self._chance = seeded(plan.seed)
        self._background: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._faults: dict[str, Callable[[], Awaitable[int]]] = {
            "server killed": self._kill_server,
            "server drained": self._drain_server,
            "backend killed": lambda: database.kill_backend(self._chance),
            "PostgreSQL restarted": self._restart,
            "listening connections cut": lambda: database.end_connections(LISTENING),
            "half of the pools cut": lambda: database.end_connections(POOLED),
            "process of clients frozen": self._freeze,
            "clients stopped reading": self._stop_reading,
            "writer killed": self._kill_writer,
        }

    async def go_on(self, is_over: Callable[[], bool]) -> None:
        """Do faults until it is over; in a short run each of FEW once. Then let everything come up again."""
        names = self._order()
        pause = self._plan.seconds / len(FEW) if self._plan.is_short else LONG_PAUSE_SECONDS
        for name in names:
            self.done[name] += await self._faults[name]()
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * pause)
            if not self._plan.is_short and is_over():
                break
        while self._background:
            await asyncio.gather(*self._background)

    def _order(self) -> Iterator[str]:
        if self._plan.is_short:
            yield from FEW
            return
        while True:
            bag = [name for name, often in OFTEN.items() for _ in range(often)]
            self._chance.shuffle(bag)
            yield from bag

    def _spawn(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # ------------------------------------------------------------------------------------------------- faults

    async def _kill_server(self) -> int:
        """Kill one, and start another after a while; one at least is left."""
        if len(self._servers.running) < 2:
            return 0
        await self._servers.kill(self._chance.choice(list(self._servers.running)))
        self._spawn(self._start_again())
        return 1

    async def _drain_server(self) -> int:
        """As in a rolling deploy: the next one is up before one goes."""
        if self._plan.is_short:
            await asyncio.gather(*self._background)  # the one that was killed has a successor by now
            await self._drain(next(iter(self._servers.running)))  # the oldest: most clients are there
        else:
            await self._servers.start()
            self._spawn(self._drain(self._chance.choice(list(self._servers.running))))
        return 1

    async def _drain(self, port: int) -> None:
        if port in self._servers.running:
            code = await self._servers.drain(port)
            if code != 0:
                self.wrong.append(f"a drained server ended with code {code}")

    async def _start_again(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, 1.0))
        await self._servers.start()

    async def _restart(self) -> int:
        await self._database.restart()
        return 1

    async def _freeze(self) -> int:
        """Stop a whole process of clients for a while."""
        crowd = self._chance.choice(self._crowds)
        self._spawn(crowd.freeze(self._chance.uniform(0.3, 1.0) * min(self._plan.seconds / 10, 6.0)))
        return 1

    async def _stop_reading(self) -> int:
        crowd = self._chance.choice(self._crowds)
        count = max(self._plan.clients // len(self._crowds) // 5, 1)
        crowd.tell(pause=count, seed=self._chance.random())
        return count

    async def _kill_writer(self) -> int:
        await self._writers.kill_one(self._chance)
        return 1
