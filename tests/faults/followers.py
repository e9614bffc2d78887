"""A process of clients: `python -m tests.faults.followers WORLD NUMBER`. They follow, are cut off, and come back.

A line {"pause": n} lets n of them stop reading for a while; {"finish": {client: position}} says how far each has to
come: one answers when all have, or when they come no further, and writes what each was told.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from bench.sockets import Socket, connect
from tests.faults.world import Client, World
from tests.support.chance import seeded

LONGEST_WAIT_SECONDS: Final = 0.8  # of what Reconnect asks for: a run has no time for more
ANEW: Final = 0.3  # of what begins with a snapshot and comes back begins with another one
STUCK_SECONDS: Final = 120.0  # without any news, at the end
RETRIED: Final = frozenset({"SERVICE_UNAVAILABLE", "TIMEOUT"})


@dataclass
class Stretch:
    """What a client was told from one beginning on.

    `start` is the position behind which it begins: 0, or the one of the snapshot with these `items` (ids with
    statuses), None while that is not complete. `changes` are positions with statuses, `removals` positions.
    """

    start: int | None
    items: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[int, str]] = field(default_factory=list)
    removals: list[int] = field(default_factory=list)


class Follower:
    """One client over all its sockets.

    `cursor` is the position it comes back with: that of the last change, or what Reconnect said; every other client
    also counts removals, the others may hear of those again. `stretches` is what it was told; `wrong` is what the
    protocol does not allow.
    """

    def __init__(self, client: Client, key: str, ports: Path, chance: random.Random) -> None:
        self.client = client
        self.cursor = 0
        self.last = 0  # position on this socket, removals too
        self.stretches: list[Stretch] = []
        self.told = self._begin()
        self.wrong: list[str] = []
        self.connects = 0
        self.reconnects = 0  # how often it was sent away
        self.messages = 0
        self.closes: dict[str, int] = {}
        self.socket: Socket | None = None
        self.is_over = False
        self._key, self._ports, self._chance = key, ports, chance
        self._ended = asyncio.Event()
        self._acknowledged: asyncio.Future[None]
        self._wait = 0.0  # before coming back
        self._is_sent_away = False
        self._pong = asyncio.Event()

    def _begin(self) -> Stretch:
        """Begin anew: with a snapshot, or with the first event."""
        self.cursor = 0
        self.told = Stretch(None if self.client.has_snapshot else 0)
        self.stretches.append(self.told)
        return self.told

    async def run(self) -> None:
        """Follow until told that it is over."""
        while not self.is_over:
            try:
                await self._follow()
            except (OSError, TimeoutError) as error:
                self._count(type(error).__name__)
                self._wait = self._chance.uniform(0.05, 0.4)
            await asyncio.sleep(self._wait)

    async def _follow(self) -> None:
        """One socket from its handshake to its end."""
        self._wait = self._chance.uniform(0.0, 0.1)
        self._ended.clear()
        self._acknowledged = asyncio.get_running_loop().create_future()
        ports = json.loads(self._ports.read_text())
        if not ports:
            raise ConnectionRefusedError
        async with asyncio.timeout(30):
            self.socket = await connect(self._chance.choice(ports), self._hear, self._lose)
            self.socket.send("connection_init", payload={"authorization": f"Bearer {self._key}"})
            await self._acknowledged
        self.connects += 1
        if self.client.has_snapshot and self.connects > 1 and (self.cursor == 0 or self._chance.random() < ANEW):
            self._begin()  # also behind position 0, which is as if left out
        self.last = self.cursor
        self._is_sent_away = False
        variables: dict[str, Any] = {"filter": self.client.filter}
        if self.told.start is not None:
            variables["after"] = str(self.cursor)
        if self.client.has_snapshot:
            variables["snapshot"] = True
        self.socket.send("subscribe", id="1", payload={"query": self.client.query, "variables": variables})
        await self._ended.wait()

    def _lose(self) -> None:
        if self.socket is not None:
            self._count(f"{self.socket.close_code} {self.socket.close_reason}".strip())
        self.socket = None
        if not self._acknowledged.done():
            self._acknowledged.set_exception(ConnectionResetError())
            self._acknowledged.exception()
        self._ended.set()

    def _count(self, ending: str) -> None:
        self.closes[ending] = self.closes.get(ending, 0) + 1

    def has_come_to(self, position: int) -> bool:
        """Whether it was told everything up to this position."""
        return self.told.start is not None and max(self.cursor, self.last) >= position

    def leave(self) -> None:
        """Be gone without a word."""
        if self.socket is not None:
            self.socket.abort()

    async def settle(self) -> None:
        """Return when the server has answered a ping: whatever it sent before is here."""
        while not self.is_over:
            if self.socket is not None and self._acknowledged.done():
                self._pong.clear()
                self.socket.send("ping")
                try:
                    async with asyncio.timeout(10):
                        await self._pong.wait()
                        return
                except TimeoutError:
                    self.wrong.append("no pong within 10 seconds")
                    return
            await asyncio.sleep(0.05)

    # ---------------------------------------------------------------------------------------------- what it hears

    def _hear(self, content: bytes) -> None:
        message = orjson.loads(content)
        match message["type"]:
            case "next":
                self.messages += 1
                self._take(message["payload"])
            case "connection_ack":
                self._acknowledged.set_result(None)
            case "ping" if self.socket is not None:
                self.socket.send("pong")
            case "pong":
                self._pong.set()
            case "error":
                self._refused(message["payload"])
            case "complete":
                if not self._is_sent_away:
                    self.wrong.append("completed, without Reconnect")
                self.leave()
            case other:
                self.wrong.append(f"a message of type {other}")

    def _take(self, payload: dict[str, Any]) -> None:
        if payload.get("errors"):
            self.wrong.append(f"errors: {payload['errors']}")
            return
        told = payload["data"]["changes"]
        match told["__typename"]:
            case "Gap":
                self.wrong.append(f"a gap: {told}, after {self.cursor}")
            case "Reconnect":
                self._go_away(int(told["position"]), told["afterMs"] / 1000)
            case "CallSnapshotItem":
                self._list(told["object"])
            case "SnapshotEnd":
                if self.told.start is not None:
                    self.wrong.append(f"a second list, {told}")
                self.told.start = self.cursor = self.last = int(told["position"])
            case kind:
                self._follow_on(kind, int(told["position"]), told)

    def _follow_on(self, kind: str, position: int, told: dict[str, Any]) -> None:
        """A change or a removal."""
        if self.told.start is None:
            self.wrong.append(f"{kind} at {position} before the list was complete")
        if position <= self.last:
            self.wrong.append(f"{kind} at {position} after {self.last}")
        self.last = position
        if kind.endswith("Removal"):
            self.told.removals.append(position)
            if self.client.number % 2:  # it may come back after this one, and then never sees it again
                self.cursor = position
            return
        if position <= self.cursor:
            self.wrong.append(f"{kind} at {position}, come back after {self.cursor}")
        self.cursor = position
        self.told.changes.append((position, told["newStatus"]))

    def _go_away(self, position: int, seconds: float) -> None:
        """The server goes down, and says when and where to go on."""
        if position < self.last:
            self.wrong.append(f"Reconnect at {position} after {self.last}")
        if self.told.start is not None:
            self.cursor = max(self.cursor, position)
        self._is_sent_away = True
        self.reconnects += 1
        self._wait = min(seconds, LONGEST_WAIT_SECONDS)

    def _list(self, item: dict[str, Any]) -> None:
        if self.told.start is not None or item["id"] in self.told.items:
            self.wrong.append(f"{item} in a list that is complete, or has it")
        self.told.items[item["id"]] = item["status"]

    def _refused(self, errors: list[dict[str, Any]]) -> None:
        codes = {error["extensions"]["code"] for error in errors}
        if not codes <= RETRIED:
            self.wrong.append(f"refused: {errors}")
        self._count(f"refused {sorted(codes)}")
        self._wait = self._chance.uniform(0.1, 0.5)
        self.leave()

    def result(self) -> dict[str, Any]:
        """What it was told."""
        return {
            "number": self.client.number,
            "stretches": [asdict(one) for one in self.stretches],
            "wrong": self.wrong,
            "connects": self.connects,
            "reconnects": self.reconnects,
            "messages": self.messages,
            "closes": self.closes,
        }


class Crowd:
    """All clients of this process."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self._number = world, number
        self._chance = seeded(world.plan.seed * 100 + number)
        self.followers = [
            Follower(client, world.tenants[client.tenant].key, world.ports, self._chance)
            for client in world.clients
            if client.number % world.plan.crowds == number
        ]
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_restless = True

    def spawn(self, work: Any) -> None:
        """Run a coroutine beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def leave_at_random(self) -> None:
        """Cut clients off, one after the other, each about every two minutes; in a short run every few seconds."""
        each = 4.0 if self._world.plan.seconds < 30 else 120.0
        while self._is_restless:
            await asyncio.sleep(self._chance.expovariate(len(self.followers) / each))
            self._chance.choice(self.followers).leave()

    async def stop_reading(self, follower: Follower) -> None:
        """Let a client read nothing for a while."""
        socket = follower.socket
        if socket is not None:
            socket.pause()
            await asyncio.sleep(self._chance.uniform(0.3, 1.0) * min(self._world.plan.seconds / 10, 6.0))
            socket.resume()

    async def finish(self, wanted: dict[str, int]) -> dict[str, Any]:
        """Come as far as is wanted, then write down what everybody was told."""
        self._is_restless = False
        seen, since = -1, time.monotonic()
        while not all(one.has_come_to(wanted[str(one.client.number)]) for one in self.followers):
            messages = sum(one.messages for one in self.followers)
            if messages != seen:
                seen, since = messages, time.monotonic()
            if time.monotonic() - since > STUCK_SECONDS:
                break
            await asyncio.sleep(0.05)
        await asyncio.gather(*(one.settle() for one in self.followers))
        for one in self.followers:
            one.is_over = True
        path = Path(self._world.folder) / f"told-{self._number}.json"
        path.write_bytes(orjson.dumps([one.result() for one in self.followers]))
        return {"told": str(path)}


async def main(world: World, number: int) -> None:
    """Follow, and do what each line of standard input says."""
    crowd = Crowd(world, number)
    for follower in crowd.followers:
        crowd.spawn(follower.run())
    crowd.spawn(crowd.leave_at_random())
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = orjson.loads(line)
        if "finish" in order:
            print(orjson.dumps(await crowd.finish(order["finish"])).decode(), flush=True)  # noqa: T201  # its answer
        else:
            for follower in seeded(order["seed"]).sample(crowd.followers, order["pause"]):
                crowd.spawn(crowd.stop_reading(follower))


if __name__ == "__main__":
    uvloop.run(main(World.load(Path(sys.argv[1])), int(sys.argv[2])))
