"""Lists and changes together: whatever happens meanwhile, nothing is missed and nothing told twice."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from uuid_utils.compat import uuid7

from db.core.base import TenantRow
from db.enums.deals import DealPriority
from db.events import Event
from db.organizations import Tenant
from gql.subscriptions.work import Sizes
from resolvers import deals as actions
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Action, Values, Write, perform
from tests.factories import access, deals
from tests.subscriptions.following import Follower, document, listed, serving
from tests.subscriptions.support import Credentials, Server, Socket
from tests.support.chance import seeded
from tests.support.ids import gid
from tests.support.store import Store
from tests.support.waiting import eventually

DEALS = document("dealChanged", "id version stage { id } owner { id } priority")


async def test_lists_and_changes_add_up_whatever_happens_meanwhile(
    services: Services, credentials: Credentials, store: Store, tenant: Tenant
) -> None:
    """Clients with all kinds of filters come, go and come back amid concurrent writers.

    Each ends with exactly the objects that a list shows which is taken at the end, at exactly their versions; and
    each list on the way held every object at exactly the version that the log has at its position.
    """
    flow = await deals.flow(store, tenant)
    users = [await access.user(store, tenant) for _ in range(2)]
    filters: list[dict[str, Any]] = [
        {},
        {"stageIds": [gid(flow.talk), gid(flow.won)]},
        {"ownerId": gid(users[0])},
        {"statuses": ["WON", "LOST"]},
        {"priorities": ["HIGH"], "pipelineId": gid(flow.pipeline)},
        {"ownerId": gid(users[1]), "stageIds": [gid(flow.new), gid(flow.offer)]},
    ]
    credential = credentials.issue(tenant)
    chance = seeded(11)
    async with serving(services, credentials, sizes=Sizes(batch=7, queue=3)) as server:
        viewer = server.viewer(credential)
        business = Business(services, viewer, flow, [user.id for user in users], chance)
        followers = [Follower() for _ in filters]
        writing = asyncio.gather(*(business.work(25) for _ in range(4)))
        streams = [
            asyncio.create_task(keep(server, credential, follower, wanted, seeded(number)))
            for number, (follower, wanted) in enumerate(zip(followers, filters, strict=True))
        ]
        await writing
        async with server.connect(credential) as fresh:
            for follower, wanted in zip(followers, filters, strict=True):
                await fresh.subscribe(DEALS, {"filter": wanted, "snapshot": True})
                expected = {one["id"]: one for one in (await listed(fresh))[0]}
                await until_equal(follower, expected, streams)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    history = await store.all(select(Event).where(Event.tenant_id == tenant.id).order_by(Event.position))
    for follower in followers:
        assert follower.lists
        for position, objects in follower.lists:
            known = [gid_of(event) for event in history if event.position <= position]
            for id_, shown in objects.items():
                assert shown["version"] == known.count(id_)
    assert any(objects for follower in followers for _, objects in follower.lists)


async def until_equal(follower: Follower, expected: dict[str, Any], streams: list[asyncio.Task[None]]) -> None:
    """Wait until the follower has these objects; not when a stream has failed."""
    await eventually(lambda: follower.objects == expected or bool(failed(streams)), 60)
    assert (follower.objects, failed(streams)) == (expected, [])


def failed(streams: list[asyncio.Task[None]]) -> list[BaseException | None]:
    """What went wrong in those that have ended, which none does by itself."""
    return [stream.exception() for stream in streams if stream.done()]


def gid_of(event: Event) -> str:
    return f"deal_{event.object_id}"


class Business:
    """People who create, change and move deals."""

    def __init__(self, services: Services, viewer: Viewer, flow: Any, owners: list[Any], chance: random.Random) -> None:
        self._services = services
        self._viewer = viewer
        self._flow = flow
        self._owners = owners
        self._chance = chance
        self._deals: list[Any] = []

    async def work(self, times: int) -> None:
        """Do so many things, each an event."""
        for _ in range(times):
            await self._do_something()

    async def _do_something(self) -> None:
        chance = self._chance
        if len(self._deals) < 8 or chance.random() < 0.1:

            async def create(write: Write, _: Values) -> Mapping[str, TenantRow]:
                owner = chance.choice([*self._owners, None])
                values = {"title": "A deal", "pipeline_id": self._flow.pipeline.id, "owner_id": owner}
                made = await actions.create_deal(write, values)
                self._deals.append(made["deal"].id)
                return made

            await self._commit(create)
            return
        deal_id = chance.choice(self._deals)
        stages = [self._flow.new, self._flow.talk, self._flow.offer, self._flow.won, self._flow.lost]
        is_move = chance.random() < 0.5

        async def change(write: Write, _: Values) -> Mapping[str, TenantRow]:
            if is_move:
                return await actions.move_deal(write, {"id": deal_id, "stage_id": chance.choice(stages).id})
            values = {"priority": chance.choice(list(DealPriority)), "owner_id": chance.choice([*self._owners, None])}
            return await actions.update_deal(write, {"id": deal_id, "competitor": str(uuid7()), **values})

        await self._commit(change)

    async def _commit(self, action: Action) -> None:
        """As one transaction; what the rules refuse, such as a move to where the deal is, does not happen."""
        await perform(Context(self._services, self._viewer), "test", action, {})


async def keep(server: Server, credential: str, follower: Follower, wanted: Any, chance: random.Random) -> None:
    """Follow until cancelled; the client loses its socket now and then, and comes back with what it knows, or anew."""
    while True:
        if chance.random() < 0.5:
            follower.position = None
        async with server.connect(credential) as socket:
            variables = {"filter": wanted, "snapshot": True, "after": follower.position}
            await socket.subscribe(DEALS, variables)
            if follower.position is None:
                follower.objects.clear()  # a list that was cut begins again
            for _ in range(chance.randint(1, 60)):
                follower.hear(await next_of(socket))
            if chance.random() < 0.5:
                socket.raw.transport.abort()


async def next_of(socket: Socket) -> Any:
    """The next message, however long it takes."""
    return await socket.next(3600)
