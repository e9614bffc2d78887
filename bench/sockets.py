"""Light WebSocket clients: thousands in one process cost the machine little beside the server that they ask."""

import asyncio
import base64
import os
import socket
from collections.abc import Callable
from typing import Any, Final

import orjson

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FINAL: Final = 0x80
MASKED: Final = 0x80
UNMASKING: Final = b"\0\0\0\0"  # the mask of all that we send: what it hides stays as it is
CLOSED_WITHOUT_CODE: Final = 1005
ABNORMAL: Final = 1006


class HandshakeRefused(ConnectionError):
    """The server did not switch to WebSocket; the text is its answer's first line."""


class ProtocolBroken(ConnectionError):
    """The server sent what RFC 6455 does not have."""


class Socket(asyncio.Protocol):
    """The client's end of one WebSocket that speaks graphql-transport-ws.

    `heard` is called with the JSON of each message, as bytes; `ended` once, when the connection is gone.
    """

    def __init__(self, heard: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        self.close_code = ABNORMAL
        self.close_reason = ""
        self.is_open = False
        self.is_gone = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard, self._ended = heard, ended
        self._transport: asyncio.Transport
        self._rest = b""

    # -------------------------------------------------------------------------------------------- as a protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # TCP's
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        if not self.is_open:
            head = data.find(b"\r\n\r\n")
            if head < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._fail(HandshakeRefused(data.partition(b"\r\n")[0].decode(errors="replace")))
                return
            self.is_open = True
            self.opened.set_result(None)
            at = head + 4
        size = len(data)
        while at + 2 <= size:
            length = data[at + 1]
            start = at + 2
            if length == 126:
                start = at + 4
                length = int.from_bytes(data[at + 2 : start])
            elif length == 127:
                start = at + 10
                length = int.from_bytes(data[at + 2 : start])
            elif length > 127:
                self._fail(ProtocolBroken("a masked frame from the server"))
                return
            if start > size or start + length > size:
                break
            self._frame(data[at], data[start : start + length])
            if self.is_gone:
                return
            at = start + length
        self._rest = data[at:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionResetError("closed during the handshake"))
            self.opened.exception()  # whoever waits may have given up
        if not self.is_gone:
            self.is_gone = True
            self._ended()

    # ----------------------------------------------------------------------------------------------- as a client

    def send(self, type_: str, **parts: Any) -> None:
        """Send a message."""
        if not self.is_gone:
            self._write(TEXT, orjson.dumps({"type": type_, **parts}))

    def pause(self) -> None:
        """Read nothing more, until `resume`: the server's messages pile up in the kernel, then with the server."""
        if not self.is_gone:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if not self.is_gone:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Be gone, without a word; `ended` is still called."""
        self._transport.abort()

    # ---------------------------------------------------------------------------------------------------- frames

    def _write(self, kind: int, content: bytes) -> None:
        size = len(content)
        if size < 126:
            head = bytes((FINAL | kind, MASKED | size))
        elif size < 65_536:
            head = bytes((FINAL | kind, MASKED | 126)) + size.to_bytes(2)
        else:
            head = bytes((FINAL | kind, MASKED | 127)) + size.to_bytes(8)
        self._transport.write(head + UNMASKING + content)

    def _frame(self, first: int, content: bytes) -> None:
        if first == FINAL | TEXT:
            self._heard(content)
        elif first == FINAL | PING:
            self._write(PONG, content)
        elif first == FINAL | CLOSE:
            self.close_code = int.from_bytes(content[:2]) if len(content) >= 2 else CLOSED_WITHOUT_CODE
            self.close_reason = content[2:].decode(errors="replace")
            self._write(CLOSE, content[:2])
            self._transport.close()
        elif first != FINAL | PONG:
            self._fail(ProtocolBroken(f"an unexpected frame: {first:#x}"))

    def _fail(self, error: ConnectionError) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
        self.close_reason = str(error)
        self._transport.abort()


async def connect(
    port: int, heard: Callable[[bytes], None], ended: Callable[[], None], source: str | None = None
) -> Socket:
    """A WebSocket to the server on that port, from the address `source`. Raises OSError when there is none."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    try:
        raw.setblocking(False)
        if source is not None:
            raw.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            raw.bind((source, 0))
        await loop.sock_connect(raw, ("127.0.0.1", port))
        _, made = await loop.create_connection(lambda: Socket(heard, ended), sock=raw)
    except BaseException:
        raw.close()
        raise
    try:
        await made.opened
    except BaseException:
        made.abort()
        raise
    return made


IP_BIND_ADDRESS_NO_PORT: Final = 24  # Linux: choose the port at connect, so that each address has all of them
