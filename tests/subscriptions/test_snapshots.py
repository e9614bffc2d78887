"""The list with which a stream begins: what it holds, where it ends, and where it begins again."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from db.contacts import Contact
from db.core.cluster import Addresses
from db.enums.calls import CallDirection, CallStatus
from db.organizations import Tenant
from gql.execution.limits import Limits
from gql.subscriptions.work import Sizes
from resolvers.core.context import Services
from tests.factories import calls, contacts, deals
from tests.subscriptions.following import document, listed, serving
from tests.subscriptions.support import Credentials, Server, cut_connections, forget_events, move_call
from tests.support.ids import gid
from tests.support.store import START, Store
from tests.support.waiting import eventually

CALLS = document("callStatusChanged", "id status version")


async def test_the_list_comes_first_the_newest_first_then_its_end_then_what_happens(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    first = await calls.call(store, tenant, status=CallStatus.RINGING, initiated_at=START)
    rows = [
        first,
        *[
            await calls.call(
                store,
                tenant,
                status=CallStatus.RINGING,
                integration_id=first.integration_id,
                initiated_at=START + timedelta(minutes=minute),
            )
            for minute in (3, 1, 2)
        ],
    ]
    await move_call(server.services, server.viewer(credential), first, CallStatus.ANSWERED)
    async with server.connect(credential) as socket:
        await socket.subscribe(CALLS, {"snapshot": True})
        objects, end = await listed(socket)
        assert [one["id"] for one in objects] == [gid(rows[place]) for place in (1, 3, 2, 0)]
        assert objects[-1] == {"id": gid(first), "status": "ANSWERED", "version": 2}
        assert end == {"__typename": "SnapshotEnd", "position": "1", "count": 4, "hasMore": False}
        await move_call(server.services, server.viewer(credential), first, CallStatus.COMPLETED)
        change = await socket.next()
        assert (change["position"], change["oldStatus"], change["newStatus"]) == ("2", "ANSWERED", "COMPLETED")


async def test_without_anything_to_list_only_the_end_comes(
    server: Server, credentials: Credentials, tenant: Tenant
) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        await socket.subscribe(CALLS, {"snapshot": True})
        assert await socket.next() == {"__typename": "SnapshotEnd", "position": "0", "count": 0, "hasMore": False}
        await socket.settle()
        await socket.follow(CALLS, {"snapshot": False})


async def test_the_list_is_filtered_like_the_changes(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    rows = [
        await calls.call(store, tenant, status=status, direction=direction)
        for status in (CallStatus.RINGING, CallStatus.BUSY)
        for direction in (CallDirection.INBOUND, CallDirection.OUTBOUND)
    ]
    wanted = {"statuses": ["RINGING", "INITIATED"], "direction": "OUTBOUND"}
    async with server.connect(credential) as socket:
        await socket.subscribe(CALLS, {"filter": wanted, "snapshot": True})
        objects, _ = await listed(socket)
        assert [one["id"] for one in objects] == [gid(rows[1])]
        await move_call(server.services, server.viewer(credential), rows[1], CallStatus.ANSWERED)
        assert (await socket.next())["__typename"] == "CallRemoval"
        await socket.subscribe(CALLS, {"filter": {"statuses": []}, "snapshot": True})
        assert (await socket.next())["count"] == 0


async def test_a_list_costs_as_many_statements_as_one_object(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """In pages of a hundred: two relations of 250 objects in three pages."""
    flow = await deals.flow(store, tenant)
    person = await contacts.contact(store, tenant)
    for _ in range(7):
        await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id, contact_id=person.id)
    query = document("dealChanged", "id contact { id deals(first: 2) { nodes { id } } } stage { name }")
    statements: list[str] = []
    async with server.connect(credentials.issue(tenant)) as socket:
        counted = []
        for first in (1, 7):
            await socket.subscribe(query, {"snapshot": True, "first": first})
            del statements[:]
            server.services.database.observers.append(statements.append)
            objects, _ = await listed(socket)
            server.services.database.observers.remove(statements.append)
            assert len(objects) == first
            counted.append(len([one for one in statements if "deals" in one or "contacts" in one]))
    assert counted[0] == counted[1] <= 4


async def test_of_a_longer_list_comes_what_was_asked_for_and_its_end_says_so(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Without a number the stream is refused: nobody takes a part for the whole. The socket lives."""
    credential = credentials.issue(tenant)
    await many_contacts(store, tenant, 1_000)
    query = document("contactChanged", "id firstName")
    async with server.connect(credential) as socket:
        await socket.subscribe(query, {"snapshot": True})
        objects, end = await listed(socket)
        assert (len(objects), end["count"], end["hasMore"]) == (1_000, 1_000, False)
        newest = await contacts.contact(store, tenant, created_at=START + timedelta(days=1))
        id_ = await socket.subscribe(query, {"snapshot": True})
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", id_)
        assert message["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED", "argumentPath": ["snapshot"]}
        await socket.subscribe(query, {"snapshot": True, "first": 3})
        objects, end = await listed(socket)
        assert (len(objects), end["count"], end["hasMore"]) == (3, 3, True)
        assert objects[0]["id"] == gid(newest)
        await socket.subscribe(query, {"snapshot": True, "first": 1_000})
        objects, end = await listed(socket)
        assert (len(objects), end["hasMore"]) == (1_000, True)


async def many_contacts(store: Store, tenant: Tenant, count: int) -> None:
    """So many contacts, all but for their ids the same."""
    await contacts.contact(store, tenant)
    columns = [each.name for each in Contact.__table__.columns if each.computed is None]
    values = ["gen_random_uuid()" if name == "id" else name for name in columns]
    statement = (
        f"INSERT INTO contacts ({', '.join(columns)}) SELECT {', '.join(values)}"
        " FROM contacts, generate_series(2, :count) WHERE tenant_id = :tenant"
    )
    await store.execute(text(statement).bindparams(count=count, tenant=tenant.id))


async def test_a_number_out_of_range_is_refused(server: Server, credentials: Credentials, tenant: Tenant) -> None:
    async with server.connect(credentials.issue(tenant)) as socket:
        for first in (0, -1, 1_001):
            await socket.subscribe(CALLS, {"snapshot": True, "first": first})
            message = await socket.receive()
            assert message["payload"][0]["extensions"] == {
                "code": "BAD_USER_INPUT",
                "argumentPath": ["snapshotFirst"],
            }
        await socket.settle()
    assert server.sockets.dispatcher.feeds == {}


async def test_a_list_that_shows_too_much_is_refused(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    flow = await deals.flow(store, tenant)
    for _ in range(3):
        await deals.deal(store, tenant, pipeline_id=flow.pipeline.id, stage_id=flow.new.id)
    query = document("dealChanged", "id stage { deals(first: 20) { nodes { id } } }")
    async with (
        serving(services, credentials, limits=Limits(max_cost=250)) as server,
        server.connect(credentials.issue(tenant)) as socket,
    ):
        await socket.subscribe(query, {"snapshot": True})
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
        await socket.subscribe(query, {"snapshot": True, "first": 1})
        objects, _ = await listed(socket)
        assert len(objects[0]["stage"]["deals"]["nodes"]) == 3


async def test_a_list_that_is_too_large_to_wait_in_memory_is_refused(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    await heavy_calls(store, tenant, 3)
    async with (
        serving(services, credentials, Sizes(list_characters=2_500_000)) as server,
        server.connect(credentials.issue(tenant), max_size=None) as socket,
    ):
        await socket.subscribe(HEAVY, {"snapshot": True})
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
        await socket.subscribe(HEAVY, {"snapshot": True, "first": 2})
        objects, end = await listed(socket)
        assert (len(objects), end["hasMore"]) == (2, True)


async def test_what_the_viewer_may_not_read_is_missing_from_each_object(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    person = await contacts.contact(store, tenant)
    call = await calls.call(store, tenant, contact_id=person.id)
    narrow = credentials.issue(tenant, frozenset({"call:read"}))
    query = document("callStatusChanged", "id contact { id }")
    async with server.connect(narrow) as socket, server.connect(credentials.issue(tenant)) as wide:
        await socket.subscribe(query, {"snapshot": True})
        payload = (await socket.receive())["payload"]
        assert payload["data"]["callStatusChanged"]["object"] == {"id": gid(call), "contact": None}
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["FORBIDDEN"]
        assert (await socket.next())["count"] == 1
        await wide.subscribe(query, {"snapshot": True})
        assert (await listed(wide))[0] == [{"id": gid(call), "contact": {"id": gid(person)}}]


async def test_who_comes_back_with_a_position_resumes_without_a_list(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for status in (CallStatus.RINGING, CallStatus.ANSWERED):
        await move_call(server.services, viewer, call, status)
    async with server.connect(credential) as socket:
        await socket.subscribe(CALLS, {"snapshot": True, "after": "1"})
        assert [(await socket.next())["position"] for _ in range(1)] == ["2"]
        await move_call(server.services, viewer, call, CallStatus.COMPLETED)
        assert (await socket.next())["position"] == "3"
        await socket.follow(CALLS, {"snapshot": True, "after": "3"})


async def test_position_zero_asks_for_a_list(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """So that who passes on what `Reconnect` said gets the list that was cut."""
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
    async with server.connect(credential) as socket:
        await socket.subscribe(CALLS, {"snapshot": True, "after": "0"})
        objects, end = await listed(socket)
        assert ([one["id"] for one in objects], end["position"]) == ([gid(call)], "1")


async def test_a_position_that_is_no_longer_kept_gets_a_gap_and_a_new_list(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    viewer = server.viewer(credential)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    for status in list(CallStatus)[:5]:
        await move_call(server.services, viewer, call, status)
    await forget_events(store, tenant, first_position=4)
    async with server.connect(credential) as socket:
        await socket.subscribe(CALLS, {"snapshot": True, "after": "1"})
        assert await socket.next() == {"__typename": "Gap", "from": "2", "to": "3"}
        objects, end = await listed(socket)
        assert ([one["id"] for one in objects], end["position"]) == ([gid(call)], "5")
        await move_call(server.services, viewer, call, CallStatus.FAILED)
        assert (await socket.next())["position"] == "6"


async def test_lists_are_each_clients_own_and_changes_are_shared(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    executed: list[Any] = []
    run = server.executor.run

    async def counted(context: Any, prepared: Any, root: Any = None) -> Any:
        executed.append(root)
        return await run(context, prepared, root)

    async with server.connect(credential) as one, server.connect(credential) as other:
        await one.subscribe(CALLS, {"snapshot": True})
        await listed(one)
        await other.subscribe(CALLS, {"snapshot": True, "first": 5})
        await listed(other)
        await one.follow(CALLS, {"after": "0"})
        assert server.groups == 1
        server.executor.run = counted  # type: ignore[method-assign]  # the test looks on
        await move_call(server.services, server.viewer(credential), call, CallStatus.BUSY)
        told = [await socket.next() for socket in (one, one, other)]
        assert told[0] == told[1] == told[2]
        assert len(executed) == 1


async def test_no_list_holds_a_connection_while_its_client_reads_it(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Nor for how long it takes: the list waits in memory, and behind it the client goes on from its position."""
    credential = credentials.issue(tenant)
    call = await heavy_calls(store, tenant, 12)
    async with server.connect(credential, max_queue=1, max_size=None) as slow:
        await slow.subscribe(HEAVY, {"snapshot": True})
        assert (await slow.next())["__typename"] == "CallSnapshotItem"
        await eventually(lambda: server.services.database.in_use == 0)
        for status in (CallStatus.RINGING, CallStatus.ANSWERED):
            await move_call(server.services, server.viewer(credential), call, status)
        kinds = [await slow.next() for _ in range(14)]
        assert [one["__typename"] for one in kinds] == [
            *["CallSnapshotItem"] * 11,
            "SnapshotEnd",
            *["CallChange"] * 2,
        ]
        assert [one["position"] for one in kinds[11:]] == ["0", "1", "2"]


NOTES = " ".join(f"n{number}: notes" for number in range(10))
HEAVY = document("callStatusChanged", f"id contact {{ {NOTES} }}", "")


async def heavy_calls(store: Store, tenant: Tenant, count: int) -> Any:
    """So many calls that are a megabyte each in HEAVY; returns the first."""
    person = await contacts.contact(store, tenant, notes="long " * 20_000)
    first = await calls.call(store, tenant, status=CallStatus.INITIATED, contact_id=person.id)
    for _ in range(count - 1):
        await calls.call(store, tenant, contact_id=person.id, integration_id=first.integration_id)
    return first


async def test_a_list_that_is_cut_midway_begins_again(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """By a server that goes down: its client is told to come back without a position."""
    credential = credentials.issue(tenant)
    await heavy_calls(store, tenant, 30)
    async with (
        serving(services, credentials) as server,
        server.connect(credential, max_queue=1, max_size=None) as slow,
    ):
        await slow.subscribe(HEAVY, {"snapshot": True})
        first = await slow.next()
        draining = asyncio.create_task(server.sockets.drain())
        told = [first]
        while told[-1]["__typename"] == "CallSnapshotItem":
            told.append(await slow.next())
        assert told[-1]["__typename"] == "Reconnect"
        assert told[-1]["position"] == "0"
        assert len(told) < 31
        await draining
    async with serving(services, credentials) as server, server.connect(credential, max_size=None) as back:
        await back.subscribe(HEAVY, {"snapshot": True, "after": told[-1]["position"]})
        objects, _ = await listed(back)
        assert len({one["id"] for one in objects}) == 30


async def test_a_client_that_leaves_amid_its_list_leaves_nothing(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    await heavy_calls(store, tenant, 12)
    for is_abrupt in (True, False):
        async with server.connect(credential, max_queue=1, max_size=None) as slow:
            await slow.subscribe(HEAVY, {"snapshot": True})
            await slow.next()
            if is_abrupt:
                slow.raw.transport.abort()
        await eventually(lambda: server.sockets.connections == set())
        assert server.sockets.dispatcher.feeds == {}
    await eventually(lambda: server.services.database.in_use == 0)


async def test_lists_are_taken_again_when_the_database_goes_away(
    database_urls: Addresses, services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Nothing of the first attempt is sent: what comes is one list, as of one position."""
    credential = credentials.issue(tenant)
    await many_contacts(store, tenant, 300)
    query = document("contactChanged", "id account { id } owner { id }")
    cut = 0
    async with serving(services, credentials) as server, server.connect(credential, max_size=None) as socket:
        run_each = server.executor.run_each

        async def disturbed(*arguments: Any) -> Any:
            nonlocal cut
            if cut < 2:
                cut += 1
                assert await cut_connections(database_urls, "state = 'idle in transaction'") > 0
            return await run_each(*arguments)

        server.executor.run_each = disturbed  # type: ignore[method-assign,assignment]  # as if the network did it
        await socket.subscribe(query, {"snapshot": True})
        objects, end = await listed(socket)
        assert cut == 2
        assert len({one["id"] for one in objects}) == len(objects) == end["count"] == 300
    await services.database.engine.dispose()  # the next test is not to find the dead ones


def gated(server: Server) -> tuple[asyncio.Event, list[int]]:
    """Lets no list get on before the event is set; gives also how many pages were begun."""
    gate, pages = asyncio.Event(), [0]
    run_each = server.executor.run_each

    async def waiting(*arguments: Any) -> Any:
        pages[0] += 1
        await gate.wait()
        return await run_each(*arguments)

    server.executor.run_each = waiting  # type: ignore[method-assign,assignment]  # a database that takes its time
    return gate, pages


async def test_lists_that_take_long_hold_no_event_up(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """However many want one: they wait for each other, and then get what happened meanwhile."""
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    async with serving(services, credentials) as server, server.connect(credential) as quick:
        gate, pages = gated(server)
        await quick.follow(CALLS)
        async with server.connect(credential) as slow:
            ids = [await slow.subscribe(CALLS, {"snapshot": True, "first": first}) for first in range(1, 7)]
            await eventually(lambda: pages == [2])
            for status in (CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.COMPLETED):
                await move_call(services, server.viewer(credential), call, status)
            assert [(await quick.next())["position"] for _ in range(3)] == ["1", "2", "3"]
            assert pages == [2]
            gate.set()
            told: dict[str, list[Any]] = {id_: [] for id_ in ids}
            for _ in range(2 * (2 + 3) + 4 * 2):  # the first two lists are as of the beginning, the others as of now
                message = await slow.receive()
                told[message["id"]].append(message["payload"]["data"]["callStatusChanged"])
            await slow.silence()
    for number, messages in enumerate(told.values()):
        item, end, *changes = messages
        begun = 0 if number < 2 else 3
        assert (item["object"]["version"], end["position"]) == (1 + begun, str(begun))
        assert [change["position"] for change in changes] == [str(place) for place in range(begun + 1, 4)]


async def test_a_list_that_nobody_waits_for_any_more_is_given_up(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    await many_contacts(store, tenant, 250)
    async with serving(services, credentials) as server:
        gate, pages = gated(server)
        async with server.connect(credentials.issue(tenant)) as socket:
            await socket.subscribe(document("contactChanged"), {"snapshot": True})
            await eventually(lambda: pages == [1])
        await eventually(lambda: server.sockets.dispatcher.feeds == {})
        gate.set()
        await eventually(lambda: services.database.in_use == 0)
        assert pages == [1]


async def test_no_statement_of_a_list_forgets_its_tenant(
    database_urls: Addresses, server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """The position and the objects: read as one transaction of one tenant."""
    await calls.call(store, tenant)
    statements: list[str] = []
    async with server.connect(credentials.issue(tenant)) as socket:
        server.services.database.observers.append(statements.append)
        await socket.subscribe(CALLS, {"snapshot": True})
        await listed(socket)
        server.services.database.observers.remove(statements.append)
    read = [statement for statement in statements if "FROM" in statement]
    assert len(read) >= 3
    assert [statement for statement in read if "tenant_id" not in statement] == []
