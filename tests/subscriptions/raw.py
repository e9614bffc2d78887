"""Connections by hand, for clients that take nothing: a library would read on."""

import json
import socket as socket_
from typing import Any


def upgrade(socket: socket_.socket) -> None:
    """Make a WebSocket of a connection."""
    socket.sendall(
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    assert b"101" in socket.recv(1_000)


def frame(type_: str, **parts: Any) -> bytes:
    """A text frame, masked by zeros."""
    text = json.dumps({"type": type_, **parts}).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + len(text).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + text


def first_bytes(*sockets: socket_.socket) -> None:
    """Wait until each has been sent something that is a result."""
    for socket in sockets:
        found = b""
        while b"callStatusChanged" not in found:
            found += socket.recv(10_000)
