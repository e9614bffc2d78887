"""As much of a Redis server as hints need, in its wire format (RESP2): so that tests need no Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

OK = b"+OK\r\n"


def bulk(text: str) -> bytes:
    """A bulk string."""
    data = text.encode()
    return b"$%d\r\n%b\r\n" % (len(data), data)


def array(*parts: bytes) -> bytes:
    """An array."""
    return b"*%d\r\n%b" % (len(parts), b"".join(parts))


class RespServer:
    """Listens on a port of its own. `published` holds what was published; while `is_mute` it answers nothing."""

    def __init__(self) -> None:
        self.port = 0
        self.published: list[tuple[str, str]] = []
        self.is_mute = False
        self._subscribers: dict[asyncio.StreamWriter, set[str]] = {}
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def subscribers(self) -> int:
        """How many connections listen."""
        return sum(bool(channels) for channels in self._subscribers.values())

    async def start(self) -> None:
        """Begin, or begin again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everybody off, and let nobody in."""
        assert self._server is not None
        self._server.close()
        await self.cut()
        await self._server.wait_closed()

    async def cut(self) -> int:
        """Cut everybody off; returns how many that were."""
        connections = list(self._connections)
        for writer in connections:
            writer.transport.abort()
        return len(connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        self._subscribers[writer] = set()
        try:
            while True:
                command = await self._command(reader)
                if not self.is_mute:
                    writer.write(self._answer(writer, command))
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._connections.discard(writer)
            del self._subscribers[writer]
            writer.close()

    async def _command(self, reader: asyncio.StreamReader) -> list[str]:
        head = await reader.readuntil(b"\r\n")
        assert head[:1] == b"*", head
        parts = []
        for _ in range(int(head[1:])):
            size = await reader.readuntil(b"\r\n")
            assert size[:1] == b"$", size
            parts.append((await reader.readexactly(int(size[1:]) + 2))[:-2].decode())
        return parts

    def _answer(self, writer: asyncio.StreamWriter, command: list[str]) -> bytes:
        match [command[0].upper(), *command[1:]]:
            case ["SUBSCRIBE", channel]:
                self._subscribers[writer].add(channel)
                return array(bulk("subscribe"), bulk(channel), b":1\r\n")
            case ["UNSUBSCRIBE", *_]:
                self._subscribers[writer].clear()
                return array(bulk("unsubscribe"), b"$-1\r\n", b":0\r\n")
            case ["PUBLISH", channel, message]:
                return b":%d\r\n" % self._publish(channel, message)
            case ["PING", *_]:
                return array(bulk("pong"), bulk("")) if self._subscribers[writer] else b"+PONG\r\n"
            case ["CLIENT" | "SELECT", *_]:
                return OK
        return b"-ERR unknown command\r\n"

    def _publish(self, channel: str, message: str) -> int:
        self.published.append((channel, message))
        found = [writer for writer, channels in self._subscribers.items() if channel in channels]
        for writer in found:
            writer.write(array(bulk("message"), bulk(channel), bulk(message)))
        return len(found)


@contextlib.asynccontextmanager
async def resp_server() -> AsyncIterator[RespServer]:
    """A server for as long as the block lasts."""
    server = RespServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
