"""Streams of events: what arrives, in which order, and for whom."""

from typing import Any

from db.enums.calls import CallDirection, CallStatus
from db.organizations import Tenant
from resolvers.core.writes import Write
from tests.factories import calls, contacts, voice_agents
from tests.subscriptions.support import FOLLOW_CALLS, Credentials, Server, forget_events, happen, move_call
from tests.support.ids import gid
from tests.support.store import Store
from tests.support.waiting import eventually


async def test_a_change_arrives_with_its_event_its_statuses_and_its_object(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.RINGING)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)
        position = await move_call(server.services, server.viewer(credential), call, CallStatus.ANSWERED)
        assert await socket.next() == {
            "__typename": "CallChange",
            "position": str(position),
            "oldStatus": "RINGING",
            "newStatus": "ANSWERED",
            "event": {
                "type": "CALL_STATUS_CHANGED",
                "objectType": "Call",
                "objectId": gid(call),
                "changedFields": ["status"],
            },
            "object": {"id": gid(call), "status": "ANSWERED", "direction": "INBOUND"},
        }


async def test_statuses_are_as_of_the_event_and_the_object_as_of_delivery(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for status in (CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.COMPLETED):
        await move_call(server.services, viewer, call, status)
    async with server.connect(credential) as socket:
        await socket.subscribe(FOLLOW_CALLS, {"after": "0"})
        told = [await socket.next() for _ in range(3)]
    assert [(one["oldStatus"], one["newStatus"]) for one in told] == [
        ("INITIATED", "RINGING"),
        ("RINGING", "ANSWERED"),
        ("ANSWERED", "COMPLETED"),
    ]
    assert {one["object"]["status"] for one in told} == {"COMPLETED"}


async def test_a_stream_without_after_begins_now(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    await move_call(server.services, viewer, call, CallStatus.RINGING)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)
        position = await move_call(server.services, viewer, call, CallStatus.ANSWERED)
        assert (await socket.next())["position"] == str(position)


async def test_the_position_of_a_mutation_is_where_to_begin_behind_it(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Also when nobody here has read that far: the log decides what there is, not what this process has seen."""
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)  # the feed is there, and its position lags behind the commits below
        feed = server.sockets.dispatcher.feeds[tenant.id]
        await move_call(server.services, viewer, call, CallStatus.RINGING)
        position = await move_call(server.services, viewer, call, CallStatus.ANSWERED)
        feed.position = 0
        async with server.connect(credential) as other:
            await other.follow(FOLLOW_CALLS, {"after": str(position)})
            last = await move_call(server.services, viewer, call, CallStatus.COMPLETED)
            assert (await other.next())["position"] == str(last)


async def test_a_position_beyond_the_log_is_refused(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        id_ = await socket.subscribe(FOLLOW_CALLS, {"after": "7"})
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", id_)
        [error] = message["payload"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["argumentPath"] == ["after"]
        await socket.settle()  # the socket lives
    assert server.sockets.dispatcher.feeds == {}


async def test_what_the_log_has_forgotten_is_told_as_a_gap(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for _ in range(5):
        await move_call(server.services, viewer, call, CallStatus.RINGING)
    await forget_events(store, tenant, first_position=4)
    async with server.connect(credential) as socket:
        await socket.subscribe(FOLLOW_CALLS, {"after": "1"})
        assert await socket.next() == {"__typename": "Gap", "from": "2", "to": "3"}
        assert [(await socket.next())["position"] for _ in range(2)] == ["4", "5"]
        await socket.subscribe(FOLLOW_CALLS, {"after": "3"})
        assert [(await socket.next())["position"] for _ in range(2)] == ["4", "5"]
        await forget_events(store, tenant, first_position=6)
        await socket.subscribe(FOLLOW_CALLS, {"after": "2"})
        assert await socket.next() == {"__typename": "Gap", "from": "3", "to": "5"}
        await move_call(server.services, viewer, call, CallStatus.ANSWERED)
        assert [(await socket.next())["position"] for _ in range(3)] == ["6", "6", "6"]


async def test_each_filter_lets_through_what_matches(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    contact = await contacts.contact(store, tenant)
    agent = await voice_agents.voice_agent(store, tenant)
    values: dict[str, Any] = {"status": CallStatus.INITIATED}
    wanted = await calls.call(
        store, tenant, contact_id=contact.id, voice_agent_id=agent.id, direction=CallDirection.OUTBOUND, **values
    )
    other = await calls.call(store, tenant, **values)
    filters: list[dict[str, Any]] = [
        {"callId": gid(wanted)},
        {"contactId": gid(contact)},
        {"voiceAgentId": gid(agent)},
        {"direction": "OUTBOUND"},
        {"callId": gid(wanted), "contactId": gid(contact), "direction": "OUTBOUND", "statuses": None},
        {"statuses": ["RINGING", "FAILED"]},
    ]
    async with server.connect(credential) as socket:
        ids = [await socket.follow(FOLLOW_CALLS, {"filter": one}) for one in filters]
        await move_call(server.services, server.viewer(credential), other, CallStatus.BUSY)
        await move_call(server.services, server.viewer(credential), wanted, CallStatus.RINGING)
        messages = [await socket.receive() for _ in ids]
        assert sorted(message["id"] for message in messages) == sorted(ids)
        for message in messages:
            assert message["payload"]["data"]["callStatusChanged"]["object"]["id"] == gid(wanted)
        await socket.silence()


async def test_a_filter_that_fits_nothing_lets_nothing_through(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS, {"filter": {"statuses": []}})
        await socket.follow(FOLLOW_CALLS, {"filter": {"contactId": f"contact_{call.id}"}})
        await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
        await socket.silence()


async def test_an_object_that_leaves_the_filter_is_removed(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.RINGING)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS, {"filter": {"statuses": ["RINGING", "ANSWERED"]}})
        await move_call(server.services, viewer, call, CallStatus.ANSWERED)
        gone = await move_call(server.services, viewer, call, CallStatus.COMPLETED)
        await move_call(server.services, viewer, call, CallStatus.FAILED)
        assert (await socket.next())["newStatus"] == "ANSWERED"
        assert await socket.next() == {
            "__typename": "CallRemoval",
            "position": str(gone),
            "objectId": gid(call),
        }
        await socket.silence()


async def test_an_id_of_another_type_is_refused(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    contact = await contacts.contact(store, tenant)
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.subscribe(FOLLOW_CALLS, {"filter": {"callId": gid(contact)}})
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {
            "code": "INVALID_ID",
            "argumentPath": ["filter", "callId"],
        }


async def test_the_permission_of_the_field_is_needed(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with server.connect(credentials.issue(tenant, frozenset({"callback:read"}))) as socket:
        await socket.subscribe(FOLLOW_CALLS)
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "call:read"}
        await socket.follow("subscription { callbackChanged { __typename } }")
    async with server.connect() as socket:
        await socket.send("connection_init")
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.subscribe(FOLLOW_CALLS)
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    await eventually(lambda: server.subscribers == 0)


async def test_what_a_nested_object_needs_is_asked_for_at_each_event(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """The rest of the message arrives, with the error beside it."""
    query = "subscription { callStatusChanged { ... on CallChange { newStatus object { contact { id } } } } }"
    contact = await contacts.contact(store, tenant)
    call = await calls.call(store, tenant, status=CallStatus.RINGING, contact_id=contact.id)
    full, narrow = credentials.issue(tenant), credentials.issue(tenant, frozenset({"call:read"}))
    async with server.connect(full) as one, server.connect(narrow) as other:
        await one.follow(query)
        await other.follow(query)
        assert server.groups == 2
        await move_call(server.services, server.viewer(full), call, CallStatus.ANSWERED)
        assert (await one.next())["object"] == {"contact": {"id": gid(contact)}}
        payload = (await other.receive())["payload"]
        assert payload["data"]["callStatusChanged"] == {"newStatus": "ANSWERED", "object": {"contact": None}}
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["FORBIDDEN"]


async def test_events_of_another_tenant_never_arrive(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Not live, not from the log, and not by naming the other tenant's object."""
    mine, theirs = credentials.issue(tenant), credentials.issue(other_tenant)
    call = await calls.call(store, other_tenant, status=CallStatus.INITIATED)
    own = await calls.call(store, tenant, status=CallStatus.INITIATED)
    await move_call(server.services, server.viewer(theirs), call, CallStatus.RINGING)
    async with server.connect(mine) as socket:
        await socket.follow(FOLLOW_CALLS)
        await socket.follow(FOLLOW_CALLS, {"after": "0"})
        await socket.follow(FOLLOW_CALLS, {"filter": {"callId": gid(call)}, "after": "0"})
        await move_call(server.services, server.viewer(theirs), call, CallStatus.ANSWERED)
        await socket.silence()
        await move_call(server.services, server.viewer(mine), own, CallStatus.BUSY)
        for _ in range(2):
            assert (await socket.next())["object"]["id"] == gid(own)
        await socket.silence()


async def test_an_event_about_an_object_that_is_not_there_shows_no_object(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Also when another tenant has one of that id: the log cannot be made to show what is not one's own."""
    credential = credentials.issue(tenant)
    foreign = await calls.call(store, other_tenant)
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)

        def tell(write: Write) -> None:
            foreign_row = type(foreign)(id=foreign.id, tenant_id=tenant.id)
            happen(write, foreign_row, CallStatus.RINGING, CallStatus.BUSY)

        await server.commit(credential, tell)
        told = await socket.next()
        assert told["event"]["objectId"] == gid(foreign)
        assert told["object"] is None


async def test_what_follows_a_subscription_on_its_socket_is_told_by_it(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    """A client that subscribes and then acts cannot miss what it did: frames are handled in their order."""
    async with server.connect(credentials.issue(tenant)) as socket:
        followed = await socket.subscribe("subscription { callStatusChanged { __typename } }")
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        assert server.subscribers == 1
        assert followed == "1"
