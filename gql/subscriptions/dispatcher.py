"""The dispatcher of a process: one read of the log per tenant and wake-up, whatever the number of subscribers."""

import asyncio
import secrets
from uuid import UUID

import structlog

from gql.core.subscriptions import Opening
from gql.execution.errors import is_unavailable
from gql.execution.run import Executor
from gql.subscriptions.feed import Feed
from gql.subscriptions.group import Group
from gql.subscriptions.opening import Asked, group_key, open_subscription
from gql.subscriptions.subscriber import Subscriber
from gql.subscriptions.work import Sizes, Work
from resolvers.core.context import Context, Services
from resolvers.core.errors import BadUserInput
from resolvers.events import MAX_SNAPSHOT, last_positions, positions

log = structlog.get_logger(__name__)


class Dispatcher:
    """Brings the events of all subscribed tenants to their groups. An idle subscription costs no connection."""

    def __init__(self, executor: Executor, services: Services, sizes: Sizes | None = None) -> None:
        self.feeds: dict[UUID, Feed] = {}
        self._work = Work(executor, services, sizes or Sizes())
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen for wake-ups, and to look for lost ones."""
        wakeups = self._work.services.wakeups
        self._tasks = [
            asyncio.create_task(wakeups.listen(self._heard), name="dispatcher listens"),
            asyncio.create_task(self._poll(), name="dispatcher polls"),
        ]

    async def stop(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for feed in list(self.feeds.values()):
            feed.close()
        self.feeds.clear()
        await self._work.finish()

    async def subscribe(self, asked: Asked, context: Context, *, after: int | None = None) -> Subscriber:
        """A new subscriber, in place when this returns: what happens from now on reaches it.

        `after` is where the client got to, as its transport knows: it beats the argument of that name.
        Raises GraphQLError when the field refuses, BadUserInput for a position that the log has not reached, and for
        a list of no size.
        """
        opening = (await open_subscription(self._work.executor, context, asked)).resumed(after)
        _check_size(opening)
        key = group_key(asked, context.viewer)
        feed = self._feed(context.tenant_id)
        group = feed.group(key, lambda: Group(self._work, asked, opening, context.viewer))
        subscriber = Subscriber(group, self._work.sizes.queue, opening)
        try:
            start: int | None = await feed.begin()
            if opening.begins_at is not None:
                start = await self._checked(opening.begins_at, feed)
            elif opening.has_snapshot:
                start = None
            subscriber.start(start)
        except BaseException:
            subscriber.close()
            raise
        return subscriber

    async def _checked(self, after: int, feed: Feed) -> int:
        if after > feed.position:  # the client may know of a commit that nobody here has read yet
            _, last = await self._work.once(lambda: positions(self._work.services.database, feed.tenant_id))
            if after > last:
                raise BadUserInput(f"The event log has only come to position {last}, not {after}.", ("after",))
        return after

    def _feed(self, tenant_id: UUID) -> Feed:
        found = self.feeds.get(tenant_id)
        if found is None:
            found = self.feeds[tenant_id] = Feed(tenant_id, self._work, lambda: self._forget(tenant_id))
        return found

    def _forget(self, tenant_id: UUID) -> None:
        feed = self.feeds.pop(tenant_id, None)
        if feed is not None:
            feed.close()

    def _heard(self, tenant_id: UUID) -> None:
        feed = self.feeds.get(tenant_id)
        if feed is not None:
            feed.wake()

    async def _poll(self) -> None:
        """Wake the feeds whose log grew without a word, and part with clients who do not keep up."""
        while True:
            await asyncio.sleep(self._work.sizes.poll_seconds)
            if not self.feeds:
                continue
            self._end_stalled()
            try:
                found = await self._work.once(lambda: last_positions(self._work.services.database, list(self.feeds)))
            except Exception as error:  # whatever it was, the next second tries again
                if not is_unavailable(error):
                    log.exception("poll_failed")
                continue
            for tenant_id, last in found.items():
                feed = self.feeds.get(tenant_id)
                if feed is not None and last > feed.position:
                    feed.wake()

    def _end_stalled(self) -> None:
        """Tell those to come back who are behind and come no nearer: the log keeps what they have missed."""
        now, sizes = asyncio.get_running_loop().time(), self._work.sizes
        for feed in self.feeds.values():
            for group in feed.groups.values():
                for member in list(group.behind):
                    if member.has_stalled(now, sizes.behind_seconds):
                        member.end(secrets.randbelow(sizes.reconnect_ms + 1))


def _check_size(opening: Opening) -> None:
    first = opening.snapshot_first
    if first is not None and not 1 <= first <= MAX_SNAPSHOT:
        raise BadUserInput(f"snapshotFirst must be between 1 and {MAX_SNAPSHOT}, not {first}.", ("snapshotFirst",))
