"""`run.py serve` as a person meets it: it says where everything is, and leaves nothing behind."""

import json
import re
import signal
import socket
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.house.processes import in_session, running, wait_until
from tests.house.servers import Served, paste, run, serving

SUBSCRIPTION = "subscription { callStatusChanged { __typename } }"


@pytest.mark.parametrize(
    ("number", "options", "code"),
    [
        (signal.SIGINT, ["--workers=1"], 0),
        (signal.SIGTERM, ["--workers=2"], 0),
        (signal.SIGKILL, ["--workers=1"], -signal.SIGKILL),
        (signal.SIGKILL, ["--workers=2"], -signal.SIGKILL),
    ],
)
def test_a_signal_ends_the_server_and_leaves_no_process(
    folder: Path, number: signal.Signals, options: list[str], code: int
) -> None:
    with serving(folder, "--no-demo", *options) as server:
        with urllib.request.urlopen(f"{server.base}/readyz") as answer:
            assert answer.status == 200
        server.process.send_signal(number)
        assert server.process.wait(timeout=60) == code
        wait_until(lambda: not in_session(server.process.pid), "no worker is left")
        wait_until(lambda: not running(str(folder)), "PostgreSQL and its guard are gone")


def read_on(socket_: ClientConnection) -> None:
    while True:
        socket_.recv(timeout=60)


@pytest.mark.parametrize(
    ("number", "workers", "code"),
    [(signal.SIGINT, 1, 0), (signal.SIGTERM, 2, 0), (signal.SIGKILL, 2, -signal.SIGKILL)],
)
def test_an_open_subscription_holds_no_process_back(
    served: Served, number: signal.Signals, workers: int, code: int
) -> None:
    token = served.token  # before there is a socket, which does not wait for it for ever
    with serving(served.folder, f"--workers={workers}") as server:
        address = f"{server.base}/graphql".replace("http:", "ws:")
        with connect(address, subprotocols=["graphql-transport-ws"]) as socket_:  # type: ignore[list-item]  # a NewType of str
            socket_.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            assert json.loads(socket_.recv(timeout=60)) == {"type": "connection_ack"}
            socket_.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}}))
            server.process.send_signal(number)
            with pytest.raises(ConnectionClosed):
                read_on(socket_)
        assert server.process.wait(timeout=60) == code
        wait_until(lambda: not in_session(server.process.pid), "no worker is left")


def test_the_printed_line_works_when_pasted_and_the_sign_ins_stay(served: Served) -> None:
    line = next(text for text in served.printed.splitlines() if text.startswith("  curl "))
    answer = json.loads(paste(served, line))
    assert answer["data"]["viewer"]
    assert "errors" not in answer
    assert re.fullmatch(r"[\w.-]+", served.token)

    kept = served.folder / "serve" / "demo-sign-ins.json"
    passwords = json.loads(kept.read_text())
    assert passwords
    assert all(email in served.printed and password in served.printed for email, password in passwords.items())
    assert kept.stat().st_mode & 0o077 == 0
    again = run(served.folder, "seed")
    assert all(email in again.stdout and password in again.stdout for email, password in passwords.items())


def test_a_taken_port_is_said_at_once(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(folder, "serve", "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATABASE_OWNER_URL": "postgresql://a:hidden@h/d"}, "DATABASE_URL is not"),
        (
            {"DATABASE_URL": "postgresql://a:hidden@127.0.0.1:1/d"},
            "DATABASE_URL (postgresql+asyncpg://a:***@127.0.0.1:1/d)",
        ),
        ({"MASTER_KEY": "hidden"}, "MASTER_KEY"),
        ({"PORT": "many"}, "PORT: Input should be a valid integer"),
        ({"PUBLIC_URL": "graph.example"}, "PUBLIC_URL: must begin with http"),
    ],
)
def test_a_wrong_environment_is_one_sentence(folder: Path, variables: dict[str, str], said: str) -> None:
    done = run(folder, "serve", **({"PORT": "0"} | variables))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr
    wait_until(lambda: not running(str(folder)), "PostgreSQL and its guard are gone")
