"""Sending one delivery: resolves the receiver's name, refuses private addresses, and connects to what was checked."""

import asyncio
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from resolvers.rules import webhooks as rules

if TYPE_CHECKING:
    import httpx2

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 5.0
READ_BYTES: Final = 16_384  # of an answer: enough to keep the connection for the next delivery, mostly
ADDRESSES: Final = 3  # of one name that are tried
ERROR_LONGEST: Final = 300


class Unreachable(Exception):
    """The receiver cannot be connected to, or must not; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ended: with a status of HTTP, or with the error that kept it from one."""

    status: int | None
    error: str | None
    duration_ms: int

    @property
    def is_success(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and rules.is_success(self.status)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it will never want anything again."""
        return self.status == rules.GONE


class Sender:
    """Sends over HTTP. Nothing is kept between two lines; the library is loaded when first needed."""

    def __init__(self, *, is_private_allowed: bool = False, timeout_seconds: float = 10.0) -> None:
        self._is_private_allowed = is_private_allowed
        self._timeout_seconds = timeout_seconds
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def line(self, url: str) -> AsyncIterator["Line"]:
        """A line to one receiver. Connections are kept within it and never shared with another receiver's name."""
        import httpx2

        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log the address of each request
        self._tls = self._tls or httpx2.create_ssl_context(trust_env=False)
        async with httpx2.AsyncClient(
            verify=self._tls,
            trust_env=False,  # a proxy of the environment would connect to what nobody has checked
            follow_redirects=False,
            timeout=httpx2.Timeout(self._timeout_seconds, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=1),
        ) as client:
            yield Line(client, url, self._timeout_seconds, is_private_allowed=self._is_private_allowed)


class Line:
    """Connections to one receiver, at addresses that are found and checked for every attempt."""

    def __init__(
        self, client: "httpx2.AsyncClient", url: str, timeout_seconds: float, *, is_private_allowed: bool
    ) -> None:
        self._client = client
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._is_private_allowed = is_private_allowed

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it once. Whatever goes wrong on the way is an answer too."""
        import httpx2

        began = time.monotonic()
        status, error = None, None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._post(body, headers)
        except TimeoutError:
            error = f"No answer within {self._timeout_seconds:g} seconds."
        except Unreachable as refused:
            error = str(refused)
        except httpx2.TimeoutException as failed:
            error = f"No answer in time ({type(failed).__name__})."
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ssl.SSLError) as failed:
            error = f"{type(failed).__name__}: {failed}"
        except Exception:  # a defect of ours: the delivery must wait for its next attempt like any other
            log.exception("webhook_not_sent")
            error = "This server failed to send it."
        if status is not None and not rules.is_success(status):
            error = f"The receiver answered {status}."
        shown = None if error is None else error[:ERROR_LONGEST]
        return Answer(status, shown, round((time.monotonic() - began) * 1000))

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        import httpx2

        url = httpx2.URL(self._url)
        addresses = await self._addresses(url)
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._post_to(url, address, body, headers)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise Unreachable(f"{url.host} has no address.")

    async def _post_to(self, url: "httpx2.URL", address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Connect to this address and no other: the name stands only in Host and in the TLS handshake."""
        named = {"Host": url.netloc.decode("ascii"), **headers}
        extensions: dict[str, Any] = {} if _is_address(url.host) else {"sni_hostname": url.host}
        there = url.copy_with(host=address)
        async with self._client.stream("POST", there, content=body, headers=named, extensions=extensions) as answer:
            size = 0
            async for part in answer.aiter_raw():
                size += len(part)
                if size > READ_BYTES:
                    break
            return int(answer.status_code)

    async def _addresses(self, url: "httpx2.URL") -> Sequence[str]:
        """The receiver's addresses. Raises Unreachable when any of them is private: a name that has both is a trick."""
        host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unreachable(f"{host} cannot be resolved: {error.strerror or error}.") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not self._is_private_allowed and not rules.is_public(address):
                raise Unreachable(f"{host} is at {address}, which is no public address.")
        return addresses[:ADDRESSES]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
