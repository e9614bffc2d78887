"""Where a delivery may go: to public addresses, and to the very address that was looked at."""

import asyncio
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resolvers.webhooks.sending import Answer, Sender
from tests.webhooks.receiver import Receiver

HEADERS = {"Webhook-Id": "event_1"}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The names that there are, with their addresses."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(_: Any, host: str, port: int, **options: Any) -> list[Any]:
        if host not in known and not host.replace(".", "").isdigit():
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known.get(host, [host])]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


async def post(url: str, *, is_private_allowed: bool = False, body: bytes = b"{}") -> Answer:
    """Send something there once."""
    async with Sender(is_private_allowed=is_private_allowed, timeout_seconds=30).line(url) as line:
        return await line.post(body, HEADERS)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_refused_before_anything_is_sent(receiver: Receiver, host: str) -> None:
    answer = await post(f"http://{host}:{receiver.port}/")
    assert not answer.is_success
    assert answer.status is None
    assert answer.error is not None
    assert answer.error.endswith("which is no public address.")
    assert receiver.connections == 0


async def test_a_name_with_one_private_address_is_refused_whatever_its_others_are(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["hooks.example"] = ["93.184.215.14", "127.0.0.1"]
    answer = await post(f"http://hooks.example:{receiver.port}/")
    assert answer.error == "hooks.example is at 127.0.0.1, which is no public address."
    assert receiver.connections == 0


async def test_the_connection_goes_to_the_address_that_was_looked_at_under_the_receivers_name(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["hooks.example"] = ["127.0.0.1"]
    async with Sender(is_private_allowed=True, timeout_seconds=30).line(
        f"http://hooks.example:{receiver.port}/a%20b?c=d"
    ) as line:
        assert (await line.post(b"{}", HEADERS)).status == 200
        del names["hooks.example"]
        assert (await line.post(b"{}", HEADERS)).error == (
            "hooks.example cannot be resolved: Name or service not known."
        )  # each attempt looks anew
    [request] = receiver.received
    assert request.line == "POST /a%20b?c=d HTTP/1.1"
    assert request.headers["host"] == f"hooks.example:{receiver.port}"
    assert request.headers["webhook-id"] == "event_1"


async def test_the_next_address_is_tried_when_one_does_not_answer(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["hooks.example"] = ["127.0.0.2", "127.0.0.1"]  # nobody listens on the first
    answer = await post(f"http://hooks.example:{receiver.port}/", is_private_allowed=True)
    assert answer.status == 200


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with Receiver().listening() as elsewhere:
        receiver.answers = [307]
        receiver.location = elsewhere.url
        answer = await post(receiver.url, is_private_allowed=True)
        assert (answer.status, answer.is_success, answer.error) == (307, False, "The receiver answered 307.")
        assert elsewhere.connections == 0


async def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver().listening() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await post(receiver.url, is_private_allowed=True)).status == 200
        assert (receiver.connections, proxy.connections) == (1, 0)


async def test_deliveries_to_one_receiver_share_a_connection(receiver: Receiver) -> None:
    async with Sender(is_private_allowed=True, timeout_seconds=30).line(receiver.url) as line:
        for _ in range(3):
            assert (await line.post(b"{}", HEADERS)).is_success
    assert (len(receiver.received), receiver.connections) == (3, 1)


async def test_a_certificate_that_nobody_vouches_for_is_refused(names: dict[str, list[str]], tmp_path: Path) -> None:
    names["hooks.example"] = ["127.0.0.1"]
    told: list[str | None] = []
    context = certificate(tmp_path, "hooks.example")
    context.sni_callback = lambda _, name, __: told.append(name)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await post(f"https://hooks.example:{port}/", is_private_allowed=True)
    assert answer.status is None
    assert answer.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in answer.error
    assert told == ["hooks.example"]


@pytest.mark.parametrize("host", [f"{'x' * 64}.example", "a..example"])
async def test_a_name_that_cannot_be_resolved_is_a_failure_and_no_more(host: str) -> None:
    answer = await post(f"https://{host}/")
    assert (answer.status, answer.is_success) == (None, False)
    assert answer.error


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that it signed itself."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_server_that_sends_nothing_does_not_load_the_library() -> None:
    code = "import sys, gql.app, gql.worker; sys.exit('httpx2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
