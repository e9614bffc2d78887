"""One client's stream: pushed to while the client keeps up, read from the log while it does not."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

from gql.core.messages import GapMessage, ReconnectMessage
from gql.core.subscriptions import Opening
from gql.subscriptions.group import Group
from gql.subscriptions.snapshot import GivenUp

T = TypeVar("T")


class Subscriber:
    """A member of a group.

    Everything up to `position` that concerns it was queued, sent, or told as a gap or by a list. While it is live, its
    group pushes to its queue; when the queue is full, or when it begins in the past, it reads the log from `position`
    on until it has caught up with its group, and is live again: nothing is left out and nothing comes twice.
    `told` is where a client goes on that has received the last result that `payloads` gave, None where it has to begin
    anew: at the beginning, and until a list has ended.
    """

    def __init__(self, group: Group, queue: int, opening: Opening) -> None:
        self.position = 0
        self.is_live = False
        self.told: int | None = None
        self._group = group
        self._limit = queue
        self._has_lists = opening.has_snapshot
        self._list_first = opening.snapshot_first
        self._owes_list = False
        self._items: deque[str] | None = None  # what is left of the list that is being sent
        self._queue: deque[tuple[int, str]] = deque()
        self._news = asyncio.Event()
        self._ends_after_ms: int | None = None
        self._is_waiting = False  # for the log or the database, and not for the client
        self._nearest = (0.0, 0)  # since when it has come no nearer to its group than this
        group.members.add(self)
        group.behind.add(self)

    def start(self, position: int | None) -> None:
        """Begin with what follows the position; with a list where there is none."""
        self._owes_list = position is None
        self.position = position or 0
        self._catch_up()

    def offer(self, position: int, payload: str) -> None:
        """The group's push; without effect on a member who is behind, or who began further on."""
        if not self.is_live or position <= self.position:
            return
        if len(self._queue) >= self._limit:
            self.position = position - 1  # everything before was told, or did not concern it
            self._fall_behind()
            self._news.set()
            return
        self._queue.append((position, payload))
        self.position = position
        self._news.set()

    def fall_back(self) -> None:
        """Read on from the log, where the group is."""
        self._settle()
        self._fall_behind()
        self._news.set()

    def end(self, after_ms: int) -> None:
        """Send what is queued, then tell the client to come back after so many milliseconds, then end."""
        self._settle()
        self._fall_behind()
        if self._items is not None:
            self._items.clear()  # whoever takes nothing holds no memory either: the list begins anew
        self._ends_after_ms = after_ms
        self._news.set()

    def has_stalled(self, now: float, seconds: float) -> bool:
        """Whether it waits for a client who is behind and has come no nearer for so long; to be asked now and then."""
        since, nearest = self._nearest
        left = len(self._items or ()) + len(self._queue)
        if not self._owes_list:
            left += max(self._group.position - self.position, 0)
        if self._is_waiting or not since or left < nearest:
            self._nearest = (now, left)
            return False
        return not self._is_ending() and now - since >= seconds

    def close(self) -> None:
        """Leave the group."""
        self._group.leave(self)

    async def payloads(self) -> AsyncGenerator[str]:
        """The results to send, in order; ends only after `end`.

        Raises what refuses a list: LimitExceeded, TooComplex.
        """
        while True:
            while self._queue:
                self.told, payload = self._queue.popleft()
                yield payload
            if self._ends_after_ms is not None:
                self.told = None if self._owes_list else self.position
                yield await self._group.render(ReconnectMessage(self._ends_after_ms, self.told or 0))
                return
            if self.is_live:
                self._news.clear()
                await self._news.wait()
                continue
            async for payload in self._listed() if self._owes_list else self._missed():
                yield payload

    async def _listed(self) -> AsyncGenerator[str]:
        """All objects that match, and that they are all: as of the position where it goes on from."""
        taking = self._group.snapshots.take(self._list_first, self._waits_for_list)
        try:
            snapshot = await self._patiently(taking)
        except GivenUp:
            return
        self.told = None
        items = self._items = snapshot.results
        while items and not self._is_ending():
            payload = items.popleft()
            if not items:
                self._owes_list = False
                self.told = self.position = snapshot.position
            yield payload
        self._items = None
        self._catch_up()

    def _waits_for_list(self) -> bool:
        return self in self._group.members and not self._is_ending()

    async def _missed(self) -> AsyncGenerator[str]:
        """What the log has for it until it has caught up with its group; after a gap, a list is owed to who has one."""
        group = self._group
        while not self.is_live and not self._is_ending():
            found = await self._patiently(group.read(self.position))
            gap = found.gap_after(self.position)
            if gap is not None:
                payload = await self._patiently(group.render(GapMessage(*gap)))
                self._owes_list = self._has_lists
                self.told = None if self._owes_list else gap[1]
                yield payload
                self.position = gap[1]
                if self._owes_list:
                    return
            for event in found.events:
                if self._is_ending():
                    return
                message = group.message(event)
                if message is not None:
                    payload = await self._patiently(group.payload(event, message))
                    self.told = event.position
                    yield payload
                self.position = event.position
            self._catch_up()

    async def _patiently(self, work: Awaitable[T]) -> T:
        """Wait for what takes its time here, and is not the client's fault."""
        self._is_waiting = True
        try:
            return await work
        finally:
            self._is_waiting = False

    def _catch_up(self) -> None:
        """Live from here on, if nothing is left to be read."""
        if self._owes_list or self.position < self._group.position:
            self._fall_behind()
        elif not self._is_ending():
            self.is_live = True
            self._nearest = (0.0, 0)
            self._group.behind.discard(self)

    def _settle(self) -> None:
        """Keep what being live means: everything up to where the group is was told, or did not concern it."""
        if self.is_live:
            self.position = max(self.position, self._group.position)

    def _fall_behind(self) -> None:
        self.is_live = False
        if self in self._group.members:
            self._group.behind.add(self)

    def _is_ending(self) -> bool:
        return self._ends_after_ms is not None
