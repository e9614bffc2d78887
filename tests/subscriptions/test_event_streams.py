"""Server-sent events: graphql-sse in distinct connections mode, over real HTTP."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from db.contacts import Contact
from db.enums.calls import CallStatus
from db.organizations import Tenant
from gql.core.negotiation import GRAPHQL_JSON, JSON, accepted
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SocketLimits, SubscriptionServer
from resolvers.core.context import Services
from resolvers.core.writes import Write
from tests.factories import calls
from tests.subscriptions.streaming import EVENT_STREAM, WIDE, request_for, requested, stream
from tests.subscriptions.support import FOLLOW_CALLS, SECONDS, Credentials, Server, happen, move_call
from tests.support.store import Store
from tests.support.waiting import eventually, eventually_true

ME = "query { contacts(first: 1) { nodes { firstName } } }"
CREATE = 'mutation { contactCreate(input: {firstName: "Ravi"}) { errors { code } contact { firstName } } }'
SNAPSHOT = """
subscription {
  callStatusChanged(snapshot: true) {
    __typename
    ... on CallSnapshotItem { object { id } }
    ... on SnapshotEnd { position }
    ... on CallChange { position }
  }
}
"""


@contextlib.asynccontextmanager
async def serving(services: Services, credentials: Credentials, **limits: Any) -> AsyncIterator[Server]:
    """A server with these limits."""
    executor = Executor(schema)
    sockets = SubscriptionServer(executor, services, credentials, SocketLimits(**limits))
    async with Server(sockets, services, executor).running() as running:
        yield running


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_changes_come_as_next_with_their_position_as_id(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, method: str
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with stream(server.port, credential, FOLLOW_CALLS, {"after": "0"}, method=method) as events:
        for status in (CallStatus.RINGING, CallStatus.ANSWERED):
            position = await move_call(server.services, viewer, call, status)
            event = await events.event()
            assert event.value["newStatus"] == status.name
            assert (event.name, event.id) == ("next", str(position))
            assert event.value["position"] == str(position)
        headers = events.response.headers
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in headers
    await eventually(lambda: server.subscribers == 0)


async def test_a_list_has_an_id_only_at_its_end(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Whoever is cut off in between has to begin anew."""
    credential = credentials.issue(tenant)
    made = [await calls.call(store, tenant, status=CallStatus.INITIATED) for _ in range(3)]
    await move_call(server.services, server.viewer(credential), made[0], CallStatus.RINGING)
    async with stream(server.port, credential, SNAPSHOT) as events:
        items = [await events.event() for _ in made]
        assert {item.id for item in items} == {None}
        end = await events.event()
        assert (end.value["__typename"], end.id) == ("SnapshotEnd", "1")
        position = await move_call(server.services, server.viewer(credential), made[0], CallStatus.ANSWERED)
        assert (await events.event()).id == str(position)
    async with stream(server.port, credential, SNAPSHOT, headers={"last-event-id": "1"}) as events:
        assert (await events.event()).id == str(position)


async def test_last_event_id_beats_after(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    statuses = (CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.COMPLETED)
    positions = [await move_call(server.services, viewer, call, status) for status in statuses]
    headers = {"last-event-id": str(positions[1])}
    async with stream(server.port, credential, FOLLOW_CALLS, {"after": "0"}, headers=headers) as events:
        assert (await events.event()).id == str(positions[2])
    async with stream(server.port, credential, FOLLOW_CALLS, {"after": "0"}, headers={"last-event-id": ""}) as events:
        assert (await events.event()).id == str(positions[0])


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "9" * 19, "9" * 40, "7"])
async def test_a_last_event_id_that_was_never_sent_is_refused(
    server: Server, credentials: Credentials, tenant: Tenant, text: str
) -> None:
    credential = credentials.issue(tenant)
    async with stream(server.port, credential, FOLLOW_CALLS, headers={"last-event-id": text}) as events:
        assert (await events.event()).codes == ["BAD_USER_INPUT"]
        assert (await events.event()).name == "complete"
        await events.ended()
    assert server.subscribers == 0


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("subscription {", None, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", None, "BAD_USER_INPUT"),
        (FOLLOW_CALLS, {"after": "x"}, "BAD_USER_INPUT"),
        (FOLLOW_CALLS, {"after": "12"}, "BAD_USER_INPUT"),
        ("{" + "contacts { nodes {" * 30 + "id" + "} }" * 30 + "}", None, "OPERATION_TOO_COMPLEX"),
    ],
)
async def test_what_is_wrong_with_the_document_comes_in_the_stream(
    server: Server, credentials: Credentials, tenant: Tenant, query: str, variables: Any, code: str
) -> None:
    for method in ("POST", "GET"):
        async with stream(server.port, credentials.issue(tenant), query, variables, method=method) as events:
            assert set((await events.event()).codes) == {code}
            end = await events.event()
            assert (end.name, end.data, end.id, end.retry) == ("complete", None, None, None)
            await events.ended()


async def test_queries_and_mutations_are_answered_in_a_stream_too(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    async with stream(server.port, credential, CREATE) as events:
        assert (await events.event()).value == {"errors": [], "contact": {"firstName": "Ravi"}}
        assert (await events.event()).name == "complete"
        await events.ended()
    for method in ("POST", "GET"):
        async with stream(server.port, credential, ME, method=method) as events:
            event = await events.event()
            assert (event.value, event.id) == ({"nodes": [{"firstName": "Ravi"}]}, None)
            assert (await events.event()).name == "complete"
            await events.ended()
    assert (await store.counts(tenant, Contact))[0] == 1


@pytest.mark.parametrize("accept", [EVENT_STREAM, JSON, "*/*", f"{EVENT_STREAM}, {JSON}"])
async def test_get_refuses_mutations_with_405(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, accept: str
) -> None:
    """Any page can make a browser send a GET."""
    credential = credentials.issue(tenant)
    async with requested(server.port, credential, CREATE, method="GET", headers={"accept": accept}) as response:
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        answer = json.loads(await response.aread())
        assert answer["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert (await store.counts(tenant, Contact))[0] == 0


async def test_a_subscription_that_asks_for_json_is_told_how_to_ask(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    for method, accept in (("POST", JSON), ("GET", JSON), ("POST", "*/*"), ("POST", f"{EVENT_STREAM};q=0")):
        async with requested(
            server.port, credential, FOLLOW_CALLS, method=method, headers={"accept": accept}
        ) as response:
            assert response.status_code == 200
            [error] = json.loads(await response.aread())["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert EVENT_STREAM in error["message"]
    assert server.subscribers == 0


@pytest.mark.parametrize(
    ("accept", "json_type", "is_preferred"),
    [
        ("", JSON, False),
        ("*/*", JSON, False),
        (JSON, JSON, False),
        (EVENT_STREAM, JSON, True),
        (f"{EVENT_STREAM}, {JSON}", JSON, False),
        (f"{GRAPHQL_JSON}, application/graphql+json, {JSON}, {EVENT_STREAM}, multipart/mixed", GRAPHQL_JSON, False),
        (f"{EVENT_STREAM};q=0.4, {GRAPHQL_JSON};q=0.5", GRAPHQL_JSON, False),
        (f"{EVENT_STREAM};q=0.6, {JSON};q=0.5", JSON, True),
        (f"{EVENT_STREAM} ; Q=0.6 , application/*;q=0.7", JSON, False),
        (f"{EVENT_STREAM}, */*;q=0.1", JSON, True),
        (f"{EVENT_STREAM};q=0, */*", JSON, False),
        ("text/*", JSON, True),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON, False),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON, False),
        (f"{GRAPHQL_JSON};q=0", JSON, False),
        (f"{EVENT_STREAM};q=much;;=, {JSON};q=0.9", JSON, True),
        (f"{EVENT_STREAM}, {JSON};q=nan", JSON, False),
        (",;,=", JSON, False),
        (f"{EVENT_STREAM}, {'text/html, ' * 100}*/*;q=0.5", JSON, True),
    ],
)
def test_the_accept_header_is_read_by_its_weights(accept: str, json_type: str, is_preferred: bool) -> None:
    found = accepted(accept)
    assert (found.json, found.is_stream_preferred) == (json_type, is_preferred)
    assert found.may_stream or not is_preferred


async def test_a_query_that_prefers_json_gets_json_and_a_subscription_beside_it_a_stream(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    both = {"accept": f"{JSON}, {EVENT_STREAM};q=0.5"}
    async with requested(server.port, credential, ME, headers=both) as response:
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert json.loads(await response.aread()) == {"data": {"contacts": {"nodes": []}}}
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with stream(server.port, credential, FOLLOW_CALLS, {"after": "0"}, headers=both) as events:
        await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
        assert (await events.value())["newStatus"] == "RINGING"


async def test_who_is_nobody_is_told_so_by_the_status(server: Server, credentials: Credentials) -> None:
    for credential in ("forged", "no token"):
        async with requested(server.port, credential, FOLLOW_CALLS) as response:
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert json.loads(await response.aread())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with stream(server.port, None, FOLLOW_CALLS) as events:  # no credential at all: the field says what it needs
        assert [error["extensions"]["code"] for error in (await events.event()).data["errors"]] == ["UNAUTHENTICATED"]
        assert (await events.event()).name == "complete"
        await events.ended()


async def test_the_permission_of_the_field_is_needed(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with stream(server.port, credentials.issue(tenant, frozenset({"deal:read"})), FOLLOW_CALLS) as events:
        assert (await events.event()).codes == ["FORBIDDEN"]
        assert (await events.event()).name == "complete"
        await events.ended()


async def test_a_body_that_is_no_request_is_refused_by_its_status(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    headers = {"authorization": f"Bearer {credentials.issue(tenant)}", "accept": EVENT_STREAM}
    address = f"http://127.0.0.1:{server.port}/graphql"
    async with httpx2.AsyncClient() as http:
        for body, status in ((b"[]", 400), (b"\xff", 400), (b"{}", 400), (b'{"query": "' + b" " * 20_000 + b'"}', 413)):
            json_headers = {**headers, "content-type": JSON}
            response = await http.post(address, content=body, headers=json_headers)
            assert response.status_code == status
            assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert (await http.post(address, content=b"{}", headers=headers)).status_code == 415


async def test_a_client_that_leaves_frees_everything_at_once(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    async with stream(server.port, credential, FOLLOW_CALLS):
        await eventually(lambda: server.subscribers == 1)
        assert len(server.sockets.streams) == len(server.sockets.watch.holders) == 1
    await eventually(lambda: not server.sockets.streams)
    assert server.sockets.watch.holders == set()
    assert server.sockets.dispatcher.feeds == {}


async def test_a_mutation_whose_client_leaves_runs_to_its_end(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()
    answer = server.executor.answer

    async def slowly(*args: Any, **options: Any) -> Any:
        has_begun.set()
        await may_go_on.wait()
        return await answer(*args, **options)

    monkeypatch.setattr(server.executor, "answer", slowly)
    async with stream(server.port, credentials.issue(tenant), CREATE):
        await asyncio.wait_for(has_begun.wait(), SECONDS)
    await eventually(lambda: not server.sockets.streams)
    may_go_on.set()

    async def is_made() -> bool:
        return (await store.counts(tenant, Contact))[0] == 1

    await eventually_true(is_made)


async def test_a_quiet_stream_is_kept_alive_by_comments(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    async with (
        serving(services, credentials, ping_seconds=0.05) as server,
        stream(server.port, credential, FOLLOW_CALLS, {"after": "0"}) as events,
    ):
        waiting = asyncio.create_task(events.event())
        await eventually(lambda: events.comments >= 3)
        call = await calls.call(store, tenant, status=CallStatus.INITIATED)
        await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
        assert (await waiting).value["newStatus"] == "RINGING"


async def test_a_credential_and_a_tenant_have_only_so_many_connections(
    services: Services, credentials: Credentials, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Whatever they are: WebSockets and event streams count together."""
    limits = {"connections_per_credential": 2, "connections_per_tenant": 3}
    mine, colleague, other = (credentials.issue(one) for one in (tenant, tenant, other_tenant))
    async with serving(services, credentials, **limits) as server:

        async def is_refused(credential: str) -> bool:
            async with requested(server.port, credential, FOLLOW_CALLS) as response:
                if response.status_code == 200:
                    return False
                assert (response.status_code, response.headers["retry-after"]) == (429, "5")
                [error] = json.loads(await response.aread())["errors"]
                assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
            return True

        async with stream(server.port, mine, FOLLOW_CALLS), server.connect(mine):
            assert await is_refused(mine)
            async with server.connect() as raw:
                await raw.send("connection_init", payload={"authorization": f"Bearer {mine}"})
                assert await raw.closed() == (1013, "A credential may have 2 connections at a time.")
            async with stream(server.port, colleague, FOLLOW_CALLS), stream(server.port, other, FOLLOW_CALLS):
                assert await is_refused(colleague)
            await eventually(lambda: len(server.sockets.watch.holders) == 2)
            assert not await is_refused(colleague)
        await eventually(lambda: not server.sockets.watch.holders)
        assert not await is_refused(mine)


async def test_who_has_no_credential_counts_by_the_address(
    services: Services, credentials: Credentials, tenant: Tenant
) -> None:
    async with serving(services, credentials, connections_per_credential=2) as server:
        async with server.connect() as one, server.connect() as other, server.connect() as third:
            for socket in (one, other):
                await socket.send("connection_init")
                assert await socket.receive() == {"type": "connection_ack"}
            await third.send("connection_init")
            assert await third.closed() == (1013, "An address without a credential may have 2 connections at a time.")
            assert (await one.refresh(credentials.issue(tenant)))["accepted"] is True
            async with server.connect() as fourth:  # the first counts elsewhere now
                await fourth.send("connection_init")
                assert await fourth.receive() == {"type": "connection_ack"}
        await eventually(lambda: not server.sockets.watch.holders)
        assert not server.sockets.watch._counts
        assert not server.sockets.watch._tenants


async def test_draining_tells_a_stream_to_come_back_and_completes_it(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with stream(server.port, credential, FOLLOW_CALLS) as events:
        await eventually(lambda: server.subscribers == 1)
        position = await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
        assert (await events.event()).id == str(position)
        await server.sockets.drain()
        event = await events.event()
        assert (event.value["__typename"], event.id) == ("Reconnect", str(position))
        assert 0 <= event.value["afterMs"] <= 5_000
        end = await events.event()
        assert (end.name, end.retry) == ("complete", str(event.value["afterMs"]))
        await events.ended()
        async with requested(server.port, credential, FOLLOW_CALLS) as response:
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert json.loads(await response.aread())["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


async def test_a_client_that_takes_nothing_is_let_go(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with serving(services, credentials, ping_seconds=0.2, unanswered_pings=1) as server:

        def tell(write: Write) -> None:
            for _ in range(1_000):
                happen(write, call, CallStatus.INITIATED, CallStatus.RINGING)

        await server.commit(credential, tell)
        with socket.create_connection(("127.0.0.1", server.port)) as client:  # nobody reads from it
            client.sendall(request_for(WIDE, credential))
            await eventually(lambda: server.subscribers == 1)
            await eventually(lambda: not server.sockets.streams, seconds=60)
            assert server.subscribers == 0
            assert server.sockets.watch.holders == set()
