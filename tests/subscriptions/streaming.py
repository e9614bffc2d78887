"""A client of event streams: the lines as they come, and the events that they make."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.subscriptions.support import SECONDS
from tests.support import traffic

EVENT_STREAM = "text/event-stream"
NAMES = " ".join(f"a{'x' * 50}{number}: __typename" for number in range(130))
WIDE = f"subscription {{ callStatusChanged(after: 0) {{ ... on CallChange {{ position {NAMES} }} }} }}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` is parsed, None where it is empty."""

    name: str
    data: Any
    id: str | None = None
    retry: str | None = None

    @property
    def value(self) -> Any:
        """The one field of a result without errors."""
        assert self.name == "next", self
        assert "errors" not in self.data, self
        [value] = self.data["data"].values()
        return value

    @property
    def codes(self) -> list[str]:
        """The codes of a result that is nothing but errors."""
        assert set(self.data) == {"errors"}, self
        return [error["extensions"]["code"] for error in self.data["errors"]]


class EventStream:
    """An open event stream. `comments` counts its comments."""

    def __init__(self, response: httpx2.Response, query: str) -> None:
        self.response = response
        self.comments = 0
        self._query = query
        self._chunks = response.aiter_raw()
        self._rest = b""

    async def event(self, seconds: float = SECONDS) -> Event:
        """The next event."""
        async with asyncio.timeout(seconds):
            while True:
                block = await self._block()
                if block != b":":
                    found = parse(block)
                    if found.name == "next":
                        traffic.record(self._query, found.data.get("data"), found.data.get("errors", []))
                    return found
                self.comments += 1

    async def _block(self) -> bytes:
        """Everything up to an empty line. Only LF ends a line."""
        while b"\n\n" not in self._rest:
            self._rest += await anext(self._chunks)
            assert b"\r" not in self._rest
        block, self._rest = self._rest.split(b"\n\n", 1)
        return block

    async def value(self) -> Any:
        """The value that the next event shows."""
        return (await self.event()).value

    async def ended(self) -> None:
        """The server ends the stream, after all that was read."""
        async with asyncio.timeout(SECONDS):
            assert [chunk async for chunk in self._chunks] == []
        assert self._rest == b""


def parse(block: bytes) -> Event:
    """An event from its lines."""
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in block.decode().split("\n"))}
    assert set(fields) <= {"event", "data", "id", "retry"}, fields
    data = fields["data"]
    return Event(fields["event"], json.loads(data) if data else None, fields.get("id"), fields.get("retry"))


@contextlib.asynccontextmanager
async def stream(
    port: int,
    credential: str | None,
    query: str,
    variables: Mapping[str, Any] | None = None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[EventStream]:
    """An event stream for an operation; accepted by the server."""
    async with requested(port, credential, query, variables, method=method, headers=headers) as response:
        assert response.status_code == 200, (response.status_code, await response.aread())
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield EventStream(response, query)


@contextlib.asynccontextmanager
async def requested(
    port: int,
    credential: str | None,
    query: str,
    variables: Mapping[str, Any] | None = None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[httpx2.Response]:
    """The response to a request for an event stream, whatever it is."""
    given = {"accept": EVENT_STREAM, **(headers or {})}
    if credential is not None:
        given["authorization"] = f"Bearer {credential}"
    body: dict[str, Any] = {"query": query}
    if variables is not None:
        body["variables"] = dict(variables) if method == "POST" else json.dumps(variables)
    how: dict[str, Any] = {"json": body} if method == "POST" else {"params": body}
    async with (
        httpx2.AsyncClient(timeout=SECONDS) as http,
        http.stream(method, f"http://127.0.0.1:{port}/graphql", headers=given, **how) as response,
    ):
        yield response


def request_for(query: str, credential: str) -> bytes:
    """A request for an event stream, as bytes."""
    body = json.dumps({"query": query}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: {EVENT_STREAM}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {credential}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
