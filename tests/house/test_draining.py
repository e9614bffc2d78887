"""A server that goes down tells the clients of every worker where to go on, whatever they came over."""

import contextlib
import json
import signal
import socket
from collections.abc import Iterator

import httpx2
from websockets.sync.client import ClientConnection, connect

from gql.serving import listening
from gql.settings import ServerSettings
from tests.house.servers import Served, serving

FOLLOW = "subscription { callStatusChanged { __typename ... on Reconnect { afterMs position } } }"
SOCKETS = 6  # of which each worker has some, more likely than not
SECONDS = 120


@contextlib.contextmanager
def followed(address: str, token: str) -> Iterator[ClientConnection]:
    """A socket with a subscription in place."""
    with connect(address.replace("http:", "ws:"), subprotocols=["graphql-transport-ws"]) as opened:  # type: ignore[list-item]  # a NewType of str
        for message in (
            {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}},
            {"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}},
            {"type": "ping", "payload": {"settled": True}},
        ):
            opened.send(json.dumps(message))
        assert json.loads(opened.recv(timeout=SECONDS)) == {"type": "connection_ack"}
        assert json.loads(opened.recv(timeout=SECONDS))["payload"] == {"settled": True}
        yield opened


def test_every_stream_of_every_worker_is_told_to_come_back(served: Served) -> None:
    token = served.token
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {token}"}
    with (
        serving(served.folder, "--workers=2") as server,
        contextlib.ExitStack() as opened,
        httpx2.Client(timeout=SECONDS) as http,
    ):
        address = f"{server.base}/graphql"
        sockets = [opened.enter_context(followed(address, token)) for _ in range(SOCKETS)]
        events = opened.enter_context(http.stream("POST", address, json={"query": FOLLOW}, headers=headers))
        lines = events.iter_lines()
        assert next(lines) == ":"
        server.process.send_signal(signal.SIGTERM)
        told = []
        for one in sockets:
            told.append(json.loads(one.recv(timeout=SECONDS))["payload"]["data"]["callStatusChanged"])
            assert json.loads(one.recv(timeout=SECONDS)) == {"type": "complete", "id": "1"}
        found = [line for line in lines if line]
        assert found[0] == "event: next"
        assert found[-3] == "event: complete"
        told.append(json.loads(found[2].removeprefix("data: "))["data"]["callStatusChanged"])
        assert {message["__typename"] for message in told} == {"Reconnect"}
        assert {message["position"] for message in told} == {found[1].removeprefix("id: ")}
        assert all(0 <= message["afterMs"] <= 5_000 for message in told)
        assert server.process.wait(timeout=SECONDS) == 0


def test_a_connection_to_a_machine_that_vanished_does_not_last() -> None:
    """Every connection inherits it from the listener, event streams too, which nobody answers."""
    with listening(ServerSettings(port=0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            timeout = getattr(socket, "TCP_USER_TIMEOUT", None)  # which Linux alone has
            assert timeout is None or accepted.getsockopt(socket.IPPROTO_TCP, timeout) == 60_000
