"""Clients who do not keep up: they miss nothing, hold nobody up, and are told to come back when it takes too long."""

import gc
import weakref
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from db.enums.calls import CallStatus
from db.organizations import Tenant
from gql.core.subscriptions import Opening
from gql.subscriptions.subscriber import Subscriber
from gql.subscriptions.work import Sizes
from resolvers.core.context import Services
from tests.factories import calls, contacts
from tests.subscriptions.following import serving
from tests.subscriptions.support import FOLLOW_CALLS, Credentials, Server, forget_events, move_call
from tests.support.ids import gid
from tests.support.store import Store
from tests.support.waiting import eventually

STATUSES = list(CallStatus)
NOTES = " ".join(f"n{number}: notes" for number in range(10))
HEAVY = f"""
subscription ($after: Position) {{
  callStatusChanged(after: $after) {{
    ... on CallChange {{ position object {{ contact {{ {NOTES} }} }} }}
    ... on Reconnect {{ afterMs position }}
  }}
}}
"""


async def test_who_stays_behind_is_told_where_to_come_back_and_has_lost_nothing(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    person = await contacts.contact(store, tenant, notes="long " * 20_000)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED, contact_id=person.id)
    sizes = Sizes(batch=3, queue=2, behind_seconds=0.2, reconnect_ms=100, poll_seconds=0.05)
    async with (
        serving(services, credentials, sizes) as server,
        server.connect(credential, max_queue=1, max_size=None) as slow,
    ):
        id_ = await slow.subscribe(HEAVY)
        await eventually(lambda: server.subscribers == 1)
        for number in range(40):
            await move_call(services, server.viewer(credential), call, STATUSES[number % len(STATUSES)])
        [member] = members(server)
        await eventually(member._is_ending)
        told = []
        while "afterMs" not in (message := await slow.next()):
            told.append(int(message["position"]))
        assert told == list(range(1, len(told) + 1))
        assert len(told) < 40
        assert message["position"] == str(len(told))
        assert 0 <= message["afterMs"] <= 100
        assert await slow.receive() == {"type": "complete", "id": id_}
        await eventually(lambda: server.sockets.dispatcher.feeds == {})
        await slow.subscribe(HEAVY, {"after": message["position"]})
        rest = [int((await slow.next())["position"]) for _ in range(40 - len(told))]
        assert told + rest == list(range(1, 41))


def members(server: Server) -> list[Any]:
    feeds = server.sockets.dispatcher.feeds.values()
    return [member for feed in feeds for group in feed.groups.values() for member in group.members]


def group_at(position: int) -> Any:
    """As much of a group as a subscriber looks at."""
    return SimpleNamespace(position=position, members=set(), behind=set())


def opening(*, has_snapshot: bool = False) -> Opening:
    """What was asked for, as far as a subscriber looks at it."""
    nothing: Any = None
    return Opening(nothing, nothing, None, has_snapshot=has_snapshot)


class Behind:
    """A subscriber who is so many events behind its group."""

    def __init__(self, position: int) -> None:
        self.group = group_at(position)
        self.subscriber = Subscriber(self.group, 2, opening())
        self.subscriber.start(0)

    def stalls(self, now: float, *, at: int) -> bool:
        """Whether it has stalled, being at this position by now."""
        self.subscriber.position = at
        return self.subscriber.has_stalled(now, 10.0)


def test_who_comes_nearer_is_given_time_however_long_it_takes() -> None:
    """Such as a client that was away for days, and reads a million events."""
    behind = Behind(1_000_000)
    assert not any(behind.stalls(float(now), at=now) for now in range(1, 1_000))


def test_who_comes_no_nearer_has_stalled_also_when_it_gets_on() -> None:
    behind = Behind(100)
    assert not behind.stalls(1.0, at=0)
    for second in range(2, 11):
        behind.group.position += 1
        assert not behind.stalls(float(second), at=second - 1)
    assert behind.stalls(11.0, at=9)


def test_nobody_stalls_while_the_server_keeps_them_waiting() -> None:
    behind = Behind(100)
    behind.subscriber._is_waiting = True
    assert not any(behind.stalls(float(now), at=0) for now in range(1, 100))
    behind.subscriber._is_waiting = False
    assert not behind.stalls(100.0, at=0)
    assert not behind.stalls(108.0, at=0)
    assert behind.stalls(109.0, at=0)


def test_who_has_caught_up_begins_afresh() -> None:
    behind = Behind(100)
    assert not behind.stalls(1.0, at=0)
    behind.subscriber.start(100)
    assert behind.subscriber.is_live
    assert behind.group.behind == set()
    behind.subscriber.fall_back()
    behind.group.position = 200
    assert not behind.stalls(50.0, at=100)
    assert behind.stalls(60.0, at=100)


def test_who_is_told_to_come_back_is_told_once() -> None:
    behind = Behind(100)
    assert not behind.stalls(1.0, at=0)
    assert behind.stalls(20.0, at=0)
    behind.subscriber.end(0)
    assert not behind.stalls(40.0, at=0)


def test_a_list_that_is_read_on_is_progress() -> None:
    subscriber = Subscriber(group_at(50), 2, opening(has_snapshot=True))
    subscriber.start(None)
    for left, now in ((900, 1.0), (899, 9.0), (898, 18.0), (10, 27.0)):
        subscriber._items = deque([""] * left)
        assert not subscriber.has_stalled(now, 10.0)
    assert subscriber.has_stalled(37.0, 10.0)


@pytest.mark.parametrize("queue", [64, 0], ids=["skipped", "overrun"])
async def test_a_client_whom_few_events_concern_is_behind_nothing_that_it_was_not_told(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant, queue: int
) -> None:
    """It falls back when the log has forgotten all that came since it was last told anything: it has missed nothing."""
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    rare = await calls.call(store, tenant, status=CallStatus.INITIATED, integration_id=call.integration_id)
    async with serving(services, credentials, Sizes(queue=queue)) as server, server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS, {"filter": {"callId": gid(rare)}})
        viewer = server.viewer(credential)
        for status in STATUSES[:5]:
            await move_call(services, viewer, call, status)
        [feed] = server.sockets.dispatcher.feeds.values()
        [group] = feed.groups.values()
        await eventually(lambda: group.position == 5)
        await forget_events(store, tenant, first_position=6)
        if queue:
            group.skip_to(5)
        await move_call(services, viewer, rare, CallStatus.RINGING)
        message = await socket.next()
        assert (message["__typename"], message["position"]) == ("CallChange", "6")


async def test_nothing_remembers_a_client_that_has_left(
    server: Server, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    credential = credentials.issue(tenant)
    call = await calls.call(store, tenant, status=CallStatus.INITIATED)
    left: list[weakref.ref[Any]] = []
    async with server.connect(credential) as socket:
        await socket.follow(FOLLOW_CALLS)
        await socket.follow(FOLLOW_CALLS, {"after": "0"})
        await move_call(server.services, server.viewer(credential), call, CallStatus.RINGING)
        for _ in range(2):
            await socket.next()
        for feed in server.sockets.dispatcher.feeds.values():
            left += [weakref.ref(feed)]
            for group in feed.groups.values():
                left += [weakref.ref(group), *(weakref.ref(member) for member in group.members)]
        del feed, group
        assert len(left) == 4
        socket.raw.transport.abort()
    await eventually(lambda: server.sockets.connections == set())

    def is_forgotten() -> bool:
        gc.collect()
        return all(one() is None for one in left)

    await eventually(is_forgotten)
