"""The load: requests over raw sockets, from a process of its own; each connection waits for its answer.

    python -m bench.load PORT REQUESTS CONNECTIONS SECONDS

REQUESTS is a file of JSON lines [headers, body]; the connections take them in turn. One JSON line comes back.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import uvloop


class Connection(asyncio.Protocol):
    """One connection, which sends until `until` and is done when its last answer is there."""

    def __init__(self, requests: Iterator[bytes], until: float, waits: list[float], failures: list[bytes]) -> None:
        self._requests, self._until, self._waits, self._failures = requests, until, waits, failures
        self._buffer = bytearray()
        self._end = -1  # of the answer that is being read, once its head is there
        self.done = asyncio.get_running_loop().create_future()
        self.is_late = False  # whether the last answer came after the end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._began = time.perf_counter()
        if self._began >= self._until:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._transport.write(next(self._requests))  # type: ignore[attr-defined]  # TCP's transport has it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._end < 0:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            start = self._buffer[:head].lower()
            at = start.index(b"content-length:") + 15
            self._end = head + 4 + int(start[at : start.find(b"\r", at) if start.find(b"\r", at) > 0 else head])
        if len(self._buffer) < self._end:
            return
        if self._buffer[9:12] != b"200" or b'"errors":[{' in self._buffer:
            self._failures.append(bytes(self._buffer[:500]))
        now = time.perf_counter()
        self._waits.append(now - self._began)
        self.is_late = now > self._until
        self._buffer.clear()
        self._end = -1
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def requests(file: Path) -> list[bytes]:
    """The requests as they go over the wire."""
    made = []
    for line in file.read_bytes().splitlines():
        headers, body = orjson.loads(line)
        shown = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        content = body.encode()
        made.append(
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{shown}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
    return made


async def run(port: int, file: Path, connections: int, seconds: float) -> dict[str, object]:
    """Load the server and tell how it answered. `requests` counts those answered too late for `per_second`, too."""
    loop = asyncio.get_running_loop()
    turns = itertools.cycle(requests(file))
    waits: list[float] = []
    failures: list[bytes] = []
    until = time.perf_counter() + seconds
    made = [
        (await loop.create_connection(lambda: Connection(turns, until, waits, failures), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for connection in made))
    in_time = len(waits) - sum(connection.is_late for connection in made)
    waits.sort()
    return {
        "requests": len(waits),
        "per_second": in_time / seconds,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[min(len(waits) - 1, len(waits) * 99 // 100)] * 1000,
        "failures": len(failures),
        "failure": failures[0].decode(errors="replace") if failures else None,
    }


if __name__ == "__main__":
    port, file, connections, seconds = sys.argv[1:]
    print(orjson.dumps(uvloop.run(run(int(port), Path(file), int(connections), float(seconds)))).decode())
