"""A receiver of webhooks, written from their description alone: it checks the signatures itself, and can misbehave."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.waiting import eventually

HANG, CLOSE, ENDLESS, HOLD = "hang", "close", "endless", "hold"


@dataclass
class Received:
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """What it is known by."""
        return self.headers["webhook-id"]

    @property
    def position(self) -> int:
        """The position of its event."""
        return int(self.headers["webhook-position"])

    def proofs(self, secret: str) -> list[bool]:
        """Of each signature, whether it was made with this secret."""
        time, *proofs = self.headers["webhook-signature"].split(",")
        wanted = hmac.new(secret.encode(), time.removeprefix("t=").encode() + b"." + self.body, hashlib.sha256)
        return [hmac.compare_digest(proof, f"v1={wanted.hexdigest()}") for proof in proofs]

    def is_genuine(self, secret: str) -> bool:
        """Whether one of its signatures was made with this secret."""
        return any(self.proofs(secret))


@dataclass
class Receiver:
    """Answers each request by what `answers` holds next, a status or a misbehaviour; by 200 when it holds nothing."""

    answers: list[int | str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    location: str | None = None
    on_request: Callable[[], None] | None = None
    delay: float = 0.0
    connections: int = 0
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)  # what is held is then answered
    answer_when_released: int = 503
    written: int = 0  # bytes of an endless answer that the other side took
    under_way: int = 0
    most_under_way: int = 0
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hooks?from=graph"

    @property
    def positions(self) -> list[int]:
        """The positions that arrived, in their order."""
        return [each.position for each in self.received]

    @contextlib.asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator["Receiver"]:
        """Listen for as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def until(self, count: int, seconds: float = 30.0) -> None:
        """Wait until so many requests have come."""
        await eventually(lambda: len(self.received) >= count, seconds)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._serving.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(head[0], headers, body))
        if self.on_request is not None:
            self.on_request()
        answer = self.answers.pop(0) if self.answers else 200
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._give(answer, reader, writer)
        finally:
            self.under_way -= 1

    async def _give(self, answer: int | str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.delay:
            await asyncio.sleep(self.delay)
        match answer:
            case "hang":
                await reader.read(1)  # until the other side gives up
                return False
            case "close":
                return False
            case "hold":
                await self.released.wait()
                answer = self.answer_when_released
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
                    self.written += 65_536
        location = f"Location: {self.location}\r\n" if self.location else ""
        writer.write(f"HTTP/1.1 {answer} Whatever\r\n{location}Content-Length: 2\r\n\r\nok".encode())
        await writer.drain()
        return True
