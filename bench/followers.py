"""Subscribers in a process of their own: `python -m bench.followers PORT KEY SOURCE`, told what to do line by line.

    {"open": 500, "document": "…", "statuses": [[…], …]}   subscribe so many, each on a socket of its own
    {"await": 20}                                          answer when each has so many more messages: when they came
    {"close": true}                                        close all of them

One line of JSON answers each. Times are of the machine's monotonic clock, which all processes share.
"""

import asyncio
import resource
import sys
import time
from itertools import islice
from typing import Any, Final

import orjson
import uvloop

from bench.sockets import Socket, connect

AT_ONCE: Final = 32  # handshakes under way
PATIENCE_SECONDS: Final = 300.0
SUBSCRIPTION: Final = "1"
POSITION: Final = b'"position":"'


class Follower:
    """One subscriber; what comes is only noted."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._socket: Socket | None = None  # once its handshake is over
        self._acknowledged = asyncio.get_running_loop().create_future()
        self._subscribed = asyncio.get_running_loop().create_future()

    async def open(self, document: str, variables: dict[str, Any]) -> None:
        """Connect, and return when the subscription is in place."""
        crowd = self._crowd
        socket = self._socket = await connect(crowd.port, self._hear, self._lose, crowd.source)
        socket.send("connection_init", payload={"authorization": f"Bearer {crowd.key}"})
        await self._acknowledged
        payload = {"query": document, "variables": variables}
        socket.send("subscribe", id=SUBSCRIPTION, payload=payload)
        socket.send("ping")  # frames are handled in their order
        await self._subscribed

    def _hear(self, message: bytes) -> None:
        if message.startswith(b'{"type":"next"'):
            self._crowd.note(time.monotonic(), message)
            return
        match orjson.loads(message)["type"]:
            case "connection_ack":
                self._acknowledged.set_result(None)
            case "pong" if not self._subscribed.done():
                self._subscribed.set_result(None)
            case "ping" if self._socket is not None:
                self._socket.send("pong")
            case "error" | "complete":
                self._crowd.fail(message.decode())

    def _lose(self) -> None:
        reason = (
            f"a socket was closed: {self._socket.close_code} {self._socket.close_reason}" if self._socket else "lost"
        )
        for waited_for in (self._acknowledged, self._subscribed):
            if not waited_for.done():
                waited_for.set_exception(ConnectionError(reason))
                waited_for.exception()  # only one of them is waited for
        self._crowd.lose(reason)

    def close(self) -> None:
        """Go."""
        if self._socket is not None:
            self._socket.abort()


class Crowd:
    """All subscribers of this process."""

    def __init__(self, port: int, key: str, source: str) -> None:
        self.port, self.key, self.source = port, key, source
        self.followers: list[Follower] = []
        self._heard: list[tuple[float, bytes]] = []
        self._wanted = sys.maxsize
        self._news = asyncio.Event()
        self._failure: str | None = None
        self._is_closing = False

    def note(self, now: float, message: bytes) -> None:
        """A follower has received a result."""
        self._heard.append((now, message))
        if len(self._heard) >= self._wanted:
            self._news.set()

    def lose(self, reason: str) -> None:
        """A follower's connection is gone."""
        if not self._is_closing:
            self.fail(reason)

    def fail(self, reason: str) -> None:
        """Something happened that must not."""
        self._failure = self._failure or reason
        self._news.set()

    async def open(self, order: dict[str, Any]) -> dict[str, Any]:
        """Subscribe some more; with `statuses`, each with a filter of its own."""
        self._is_closing = False
        gate = asyncio.Semaphore(AT_ONCE)
        filters = order.get("statuses")

        async def one(number: int) -> None:
            async with gate:
                variables = {"filter": {"statuses": filters[number]}} if filters else {}
                follower = Follower(self)
                await follower.open(order["document"], variables)
                self.followers.append(follower)

        await asyncio.gather(*(one(number) for number in range(order["open"])))
        return {"open": len(self.followers)}

    async def wait(self, each: int) -> dict[str, Any]:
        """The times at which each position reached whoever, once every follower has had so many."""
        self._wanted = each * len(self.followers)
        self._news.clear()
        if len(self._heard) < self._wanted and self._failure is None:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._news.wait()
        self._wanted = sys.maxsize
        if self._failure is not None:
            return {"failure": self._failure}
        times: dict[str, list[float]] = {}
        for now, message in self._heard:
            start = message.index(POSITION) + len(POSITION)
            times.setdefault(message[start : message.index(b'"', start)].decode(), []).append(now)
        self._heard.clear()
        return {"times": times}

    def close(self) -> dict[str, Any]:
        """Close every socket."""
        self._is_closing = True
        for follower in self.followers:
            follower.close()
        self.followers.clear()
        self._heard.clear()
        return {"open": 0}


async def obey(crowd: Crowd) -> None:
    """Do what each line of standard input says."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = orjson.loads(line)
        if "open" in order:
            answer = await crowd.open(order)
        elif "await" in order:
            answer = await crowd.wait(order["await"])
        else:
            answer = crowd.close()
        print(orjson.dumps(answer).decode(), flush=True)


async def main() -> None:
    port, key, source = islice(sys.argv, 1, None)
    await obey(Crowd(int(port), key, source))


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main())
