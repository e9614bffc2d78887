"""A tenant's log as this process follows it: read once per wake-up, and handed to all groups."""

import asyncio
from collections.abc import Callable, Hashable
from uuid import UUID

import structlog

from gql.subscriptions.group import Group
from gql.subscriptions.work import Work
from resolvers.events import positions

log = structlog.get_logger(__name__)


class Feed:
    """Everything up to `position` was handed to the groups. `emptied` is called when the last group is gone."""

    def __init__(self, tenant_id: UUID, work: Work, emptied: Callable[[], None]) -> None:
        self.tenant_id = tenant_id
        self.position = 0
        self.groups: dict[Hashable, Group] = {}
        self._work = work
        self._emptied = emptied
        self._beginning: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._has_begun = False
        self._has_news = False

    def group(self, key: Hashable, make: Callable[[], Group]) -> Group:
        """The group of this key, made when there is none."""
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = make()
            found.position = self.position
            found.emptied = lambda: self._forget(key)
        return found

    def _forget(self, key: Hashable) -> None:
        del self.groups[key]
        if not self.groups:
            self._emptied()

    async def begin(self) -> int:
        """The position from which on events reach the groups; settled by whoever asks first."""
        if self._beginning is None:
            self._beginning = asyncio.create_task(self._begin(), name="feed begins")
            self._beginning.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._beginning)  # others may wait for it too
        return self.position

    async def _begin(self) -> None:
        _, self.position = await self._work.once(lambda: positions(self._work.services.database, self.tenant_id))
        for group in self.groups.values():
            group.position = self.position
        self._has_begun = True
        if self._has_news:
            self.wake()

    def wake(self) -> None:
        """The log may have grown."""
        self._has_news = True
        if self._has_begun and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read(), name="feed reads")

    async def _read(self) -> None:
        try:
            while self._has_news:
                self._has_news = False
                while await self._read_some():
                    pass
        except Exception:  # a defect: the next wake-up or poll tries again
            log.exception("feed_failed", tenant_id=str(self.tenant_id))

    async def _read_some(self) -> bool:
        """Hand on the next entries; whether there may be more."""
        found = await self._work.read(self.tenant_id, self.position)
        groups = list(self.groups.values())
        gap = found.gap_after(self.position)
        if gap is not None:
            self.position = gap[1]
            for group in groups:
                group.skip_to(self.position)
        if found.events:
            self.position = found.events[-1].position  # before the first pause: new groups begin behind these
            done = await asyncio.gather(*(group.deliver(found.events) for group in groups), return_exceptions=True)
            for group, error in zip(groups, done, strict=True):
                if isinstance(error, Exception):
                    if not isinstance(error, TimeoutError):
                        log.error("delivery_failed", tenant_id=str(self.tenant_id), exc_info=error)
                    group.skip_to(self.position)  # its members read the log, and their clients hear what is wrong
        return len(found.events) == self._work.sizes.batch

    def close(self) -> None:
        """End what is under way."""
        for task in (self._beginning, self._reading):
            if task is not None:
                task.cancel()
