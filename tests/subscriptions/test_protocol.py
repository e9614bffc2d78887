"""graphql-transport-ws: every close code, every malformed frame, and what a socket survives."""

import asyncio
import contextlib
import json
import socket as socket_
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from db.enums.calls import CallStatus
from db.organizations import Tenant
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SocketLimits, SubscriptionServer
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.writes import Write
from tests.factories import calls, contacts
from tests.subscriptions.raw import first_bytes, frame, upgrade
from tests.subscriptions.streaming import WIDE
from tests.subscriptions.support import PROTOCOL, SECONDS, Credentials, Server, happen
from tests.support.store import START, Store
from tests.support.waiting import eventually

FOLLOW = "subscription { callStatusChanged { __typename } }"
ME = "query { contacts(first: 1) { nodes { firstName } } }"

MALFORMED: list[str | bytes] = [
    "",
    "{",
    "[]",
    "[1, 2]",
    '"ping"',
    "1",
    "null",
    "true",
    "NaN",
    "{}",
    '{"type": null}',
    '{"type": 1}',
    '{"type": ["ping"]}',
    '{"type": "nothing"}',
    '{"type": "connection_ack"}',
    '{"type": "next", "id": "1", "payload": {}}',
    '{"type": "error", "id": "1", "payload": []}',
    '{"type": "ping", "payload": []}',
    '{"type": "pong", "payload": "text"}',
    '{"type": "connection_init", "payload": 1}',
    '{"type": "connection_init", "payload": {"authorization": 1}}',
    '{"type": "complete"}',
    '{"type": "complete", "id": 1}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": null}',
    '{"type": "subscribe", "id": "1", "payload": "{ viewer }"}',
    '{"type": "subscribe", "id": "1", "payload": {}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "extensions": 1}}',
    '{"type": "subscribe", "payload": {"query": "{ a }"}}',
    '{"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}}',
    '{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}',
    json.dumps({"type": "subscribe", "id": "x" * 200, "payload": {"query": "{ a }"}}),
    '{"type": "ping", "payload": {"lone": "\\ud800"}}',
    '{"type": "ping", "payload": {"number": ' + "1" * 5000 + "}}",
    '{"type": "ping", "payload": {"deep": ' + "[" * 2000 + "]" * 2000 + "}}",
    '{"type": "ping", "payload": {"deep": ' + "[" * 500 + "]" * 500 + "}}",
    '{"type": "ping", "payload": ' + '{"deep": ' * 500 + "1" + "}" * 501,
    '{"type": "ping", "payload": {"long": "' + "x" * 10_000 + '"}}',
    '{"type": "ping", "payload": {"authorization": ["Bearer x"]}}',
    '{"type": "ping", "payload": {"Authorization": 7}}',
    '{"type": "ping", "payload": null',
    b'{"type": "ping"}',
    b"\x00\xff",
    b"",
]


@pytest.fixture
async def hasty(services: Services, credentials: Credentials) -> AsyncIterator[Server]:
    """A server that pings all the time, and lets a socket do little."""
    limits = SocketLimits(ping_seconds=0.05, unanswered_pings=1_000, review_seconds=0.05, operations=3)
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, limits)
    async with Server(sockets, services, executor).running() as running:
        yield running


@pytest.mark.parametrize("is_initialised", [False, True])
async def test_a_malformed_frame_closes_with_4400(
    server: Server, credentials: Credentials, tenant: Tenant, is_initialised: bool
) -> None:
    """Whatever it is, and never with 1006."""
    ends = {}
    for sent in MALFORMED:
        async with server.connect(credentials.issue(tenant) if is_initialised else None) as socket:
            await socket.raw.send(sent)
            code, reason = await socket.closed()
            ends[sent] = code, bool(reason)
    assert ends == dict.fromkeys(MALFORMED, (4400, True))


async def test_a_broken_utf8_text_closes_with_4400(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    broken: list[list[bytes]] = [[b"\xff\xfe"], [b'{"type": "ping', b"\xc3\x28", b'"}'], [b"\xed\xa0\x80"]]
    for fragments in broken:
        async with server.connect(credentials.issue(tenant)) as socket:
            await socket.raw.send(fragments, text=True)
            assert await socket.closed() == (4400, "Messages are JSON in text frames, in UTF-8")


async def test_a_frame_beyond_all_measure_closes_orderly(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        with contextlib.suppress(ConnectionClosed):  # the server closes while it is being sent
            await socket.raw.send("x" * 17_000_000)
        assert (await socket.closed())[0] == 1009


async def test_a_message_in_fragments_is_one_message(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.raw.send(['{"type"', ': "pi', 'ng"}'])
        assert await socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("soap", "graphql-ws")])
async def test_another_subprotocol_closes_with_4406(server: Server, protocols: tuple[str, ...]) -> None:
    async with server.connect(protocols=protocols) as socket:
        assert await socket.closed() == (4406, "Subprotocol not acceptable")


async def test_our_subprotocol_is_found_among_others(server: Server) -> None:
    async with server.connect(protocols=("graphql-ws", PROTOCOL)) as socket:
        assert socket.raw.subprotocol == PROTOCOL


async def test_who_says_nothing_is_closed_with_4408(services: Services, credentials: Credentials) -> None:
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, SocketLimits(init_seconds=0.1))
    async with Server(sockets, services, executor).running() as server:
        async with server.connect() as socket:
            assert await socket.closed() == (4408, "Connection initialisation timeout")
        async with server.connect() as socket:
            with contextlib.suppress(ConnectionClosed):  # the server may be quicker
                await socket.send("ping")
            assert (await socket.closed())[0] == 4408


async def test_a_second_initialisation_closes_with_4429(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.send("connection_init")
        assert await socket.closed() == (4429, "Too many initialisation requests")
    async with server.connect() as socket:
        await socket.send("connection_init")
        await socket.send("connection_init")
        assert (await socket.closed())[0] == 4429


async def test_an_operation_before_the_acknowledgement_closes_with_4401(server: Server) -> None:
    async with server.connect() as socket:
        await socket.subscribe(ME)
        assert await socket.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize("authorization", ["Bearer forged", "Basic YWxhZGRpbg==", "nonsense", "", "Bearer "])
async def test_a_wrong_credential_closes_with_4403(server: Server, authorization: str) -> None:
    async with server.connect() as socket:
        await socket.send("connection_init", payload={"Authorization": authorization})
        code, reason = await socket.closed()
        assert code == 4403
        assert reason.startswith("Forbidden")
    async with server.connect(additional_headers={"Authorization": authorization or "-"}) as socket:
        await socket.send("connection_init")
        assert (await socket.closed())[0] == 4403


async def test_the_credential_may_come_with_the_handshake(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    await contacts.contact(store, tenant, first_name="Meera")
    header = {"Authorization": f"Bearer {credentials.issue(tenant)}"}
    payloads: list[dict[str, Any]] = [
        {},
        {"payload": None},
        {"payload": {}},
        {"payload": {"authorization": None}},
    ]
    for parts in payloads:
        async with server.connect(additional_headers=header) as socket:
            await socket.send("connection_init", **parts)
            assert await socket.receive() == {"type": "connection_ack"}
            assert await socket.answer(ME) == {"data": {"contacts": {"nodes": [{"firstName": "Meera"}]}}}


async def test_null_stands_for_what_is_left_out(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    payload = {"query": ME, "variables": None, "operationName": None, "extensions": None}
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.send("pong", payload=None)
        await socket.send("complete", id="never there", payload=None)
        await socket.send("subscribe", id="1", payload=payload)
        assert await socket.receive() == {
            "type": "next",
            "id": "1",
            "payload": {"data": {"contacts": {"nodes": []}}},
        }
        assert await socket.receive() == {"type": "complete", "id": "1"}


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (ZeroDivisionError("password=hunter2"), (4500, "Internal server error")),
        (ConnectionRefusedError("10.0.0.1"), (1013, "The database cannot be reached")),
    ],
)
async def test_what_goes_wrong_here_closes_without_a_word_of_it(
    server: Server, credentials: Credentials, monkeypatch: pytest.MonkeyPatch, error: Exception, end: tuple[int, str]
) -> None:
    async def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(credentials, "viewer", broken)
    async with server.connect() as socket:
        await socket.send("connection_init", payload={"authorization": "Bearer x"})
        assert await socket.closed() == end


async def test_a_subscription_whose_variables_are_too_deep_is_an_error_of_its_own(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    query = "subscription ($deep: CallStatusChangedFilter) { callStatusChanged(filter: $deep) { __typename } }"
    async with server.connect(credentials.issue(tenant)) as socket:
        for variables in ({"deep": deep}, {"deep": None, "unused": deep}):
            id_ = await socket.subscribe(query, variables)
            if variables["deep"] is not None:
                message = await socket.receive()
                assert (message["type"], message["id"]) == ("error", id_)
        await socket.settle()


async def test_an_id_in_use_closes_with_4409(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    for id_ in ("one", "ä" * 100):
        async with server.connect(credentials.issue(tenant)) as socket:
            await socket.subscribe(FOLLOW, id_=id_)
            await socket.subscribe(FOLLOW, id_=id_)
            code, reason = await socket.closed()
            assert code == 4409
            assert reason.startswith(f"Subscriber for {id_[:20]}")
    await eventually(lambda: server.subscribers == 0)


async def test_an_id_is_free_again_when_its_operation_has_ended(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        for _ in range(2):
            await socket.subscribe(FOLLOW, id_="same")
            await socket.settle()
            await socket.send("complete", id="same")
            await socket.send("complete", id="same")
            await socket.send("complete", id="never there")
        for _ in range(2):
            await socket.subscribe(ME, id_="same")
            assert (await socket.receive())["type"] == "next"
            assert (await socket.receive()) == {"type": "complete", "id": "same"}
        await socket.settle()


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("subscription {", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", None, "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { callStatusChanged { __typename } callbackChanged { __typename } }",
            None,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription ($no: Boolean!) { callStatusChanged @include(if: $no) { __typename } }",
            {"no": False},
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription { callStatusChanged(snapshot: 3) { __typename } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { callStatusChanged { ... on Call { id } } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", None, "BAD_USER_INPUT"),
        (
            "subscription ($after: Position) { callStatusChanged(after: $after) { __typename } }",
            {"after": "-1"},
            "BAD_USER_INPUT",
        ),
        (
            "subscription ($after: Position) { callStatusChanged(after: $after) { __typename } }",
            {"after": "99999999999999999999"},
            "BAD_USER_INPUT",
        ),
        (
            "subscription ($f: CallStatusChangedFilter) { callStatusChanged(filter: $f) { __typename } }",
            {"f": {"statuses": ["NO_SUCH"]}},
            "BAD_USER_INPUT",
        ),
        ("{" + "contacts { nodes {" * 30 + "id" + "} }" * 30 + "}", None, "OPERATION_TOO_COMPLEX"),
    ],
)
async def test_an_error_in_the_document_leaves_the_socket_alive(
    server: Server, credentials: Credentials, tenant: Tenant, query: str, variables: Any, code: str
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        id_ = await socket.subscribe(query, variables)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", id_)
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}
        await socket.subscribe(ME, id_=id_)  # the id is free
        assert (await socket.receive())["type"] == "next"


async def test_queries_and_mutations_run_each_in_a_context_of_its_own(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """What one operation has read is not remembered for the next one."""
    create = """
      mutation ($input: ContactCreateInput!) { contactCreate(input: $input) { errors { code } contact { firstName } } }
    """
    async with server.connect(credentials.issue(tenant)) as socket:
        assert await socket.answer(ME) == {"data": {"contacts": {"nodes": []}}}
        made = await socket.answer(create, {"input": {"firstName": "Ravi"}})
        assert made == {"data": {"contactCreate": {"errors": [], "contact": {"firstName": "Ravi"}}}}
        assert await socket.answer(ME) == {"data": {"contacts": {"nodes": [{"firstName": "Ravi"}]}}}


async def test_errors_of_the_execution_come_with_the_result(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        answer = await socket.answer("{ contacts(first: -1) { nodes { id } } }")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await socket.settle()


async def test_pings_are_answered_with_their_payload_at_any_time(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect() as socket:
        await socket.send("ping", payload={"a": [1, {"b": None}]})
        assert await socket.receive() == {"type": "pong", "payload": {"a": [1, {"b": None}]}}
        await socket.send("ping", payload=None)
        assert await socket.receive() == {"type": "pong"}
        await socket.send("pong", payload={"unasked": True})
        await socket.init(credentials.issue(tenant))
        await socket.settle()


async def test_the_server_pings(hasty: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with hasty.connect(credentials.issue(tenant)) as socket:
        await eventually_pinged(socket, None, times=2)
        assert set(socket.pings) == {None}


async def test_a_client_that_answers_no_ping_is_closed(
    services: Services, credentials: Credentials, tenant: Tenant
) -> None:
    """Any message is a sign of life."""
    limits = SocketLimits(ping_seconds=1.0, unanswered_pings=3)
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, limits)
    async with (
        Server(sockets, services, executor).running() as server,
        server.connect(credentials.issue(tenant)) as silent,
        server.connect(credentials.issue(tenant)) as lively,
    ):
        await silent.follow(FOLLOW)
        await lively.follow(FOLLOW)
        answering = asyncio.create_task(lively.answer_pings())
        assert await silent.closed() == (4408, "No answer to pings")
        await eventually(lambda: server.subscribers == 1)
        await eventually(lambda: len(lively.pings) >= 4)
        assert len(sockets.connections) == 1
        answering.cancel()


async def test_a_client_that_takes_nothing_is_cut_off(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """It cannot even be told why: what waits to be sent to it fills all buffers."""
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)

    def tell(write: Write) -> None:
        for _ in range(1_000):
            happen(write, call, CallStatus.INITIATED, CallStatus.RINGING)

    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, SocketLimits(ping_seconds=0.3, unanswered_pings=1))
    async with Server(sockets, services, executor).running() as server:
        await server.commit(credential, tell)
        with socket_.create_connection(("127.0.0.1", server.port)) as raw:
            await asyncio.to_thread(upgrade, raw)
            raw.sendall(frame("connection_init", payload={"authorization": f"Bearer {credential}"}))
            raw.sendall(frame("subscribe", id="1", payload={"query": WIDE}))
            await asyncio.to_thread(first_bytes, raw)
            await eventually(lambda: not sockets.connections, seconds=60)
            assert server.subscribers == 0
            assert sockets.watch.holders == set()


async def test_a_socket_that_has_not_begun_is_not_pinged(hasty: Server) -> None:
    async with hasty.connect() as socket:
        await socket.silence(0.3)
        assert socket.pings == []


async def test_a_credential_about_to_expire_is_told_of_and_then_closed_with_4403(
    hasty: Server, credentials: Credentials, tenant: Tenant, clock: FixedClock
) -> None:
    ends = START + timedelta(minutes=10)
    async with hasty.connect(credentials.issue(tenant, expires_at=ends)) as socket:
        await socket.follow(FOLLOW)
        await eventually_pinged(socket, None)
        assert set(socket.pings) == {None}
        clock.instant = ends - timedelta(seconds=30)
        await eventually_pinged(socket, {"credentialExpiresAt": "2026-11-20T09:10:00Z"})
        clock.instant = ends
        assert await socket.closed() == (4403, "Forbidden: the credential has expired")
    await eventually(lambda: hasty.subscribers == 0)


async def eventually_pinged(socket: Any, payload: Any, times: int = 1) -> None:
    """Wait for a ping with this payload, or several."""
    async with asyncio.timeout(SECONDS):
        while socket.pings.count(payload) < times:
            await socket.silence(0.05)


async def test_a_credential_that_was_revoked_or_narrowed_ends_its_streams(
    hasty: Server, credentials: Credentials, tenant: Tenant
) -> None:
    revoked, narrowed = credentials.issue(tenant), credentials.issue(tenant)
    async with hasty.connect(revoked) as one, hasty.connect(narrowed) as other:
        await one.follow(FOLLOW)
        await other.follow(FOLLOW)
        credentials.replace(revoked, None)
        less = credentials.issue(tenant, frozenset({"call:read"}))
        credentials.replace(narrowed, hasty.viewer(less))
        assert (await one.closed())[0] == 4403
        assert await other.closed() == (4403, "Forbidden: the permissions have changed; connect again")


async def test_a_connection_has_only_so_many_operations(
    hasty: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with hasty.connect(credentials.issue(tenant)) as socket:
        for _ in range(3):
            await socket.follow(FOLLOW)
        await socket.subscribe(FOLLOW, id_="too many")
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "too many")
        assert message["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
        await socket.send("complete", id="1")
        await socket.follow(FOLLOW)
        assert hasty.subscribers == 3


async def test_an_origin_that_is_not_allowed_gets_no_socket(services: Services, credentials: Credentials) -> None:
    executor = Executor(schema)
    sockets = SubscriptionServer(
        executor, services, credentials, is_origin_allowed=lambda origin: origin != "https://evil.example"
    )
    async with Server(sockets, services, executor).running() as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[PROTOCOL], origin=Origin("https://evil.example")
            ):
                pass
        assert refused.value.response.status_code == 403
        async with server.connect(origin="https://app.example") as socket:
            await socket.send("ping")
            assert await socket.receive() == {"type": "pong"}
