"""One client's stream: pushed to while the client keeps up, read from the log while it does not."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from gql.core.subscriptions import GapMessage, ReconnectMessage
from gql.subscriptions.group import Group


class Subscriber:
    """A member of a group.

    Everything up to `position` that concerns it was queued, sent, or told as a gap. While it is live, its group
    pushes to its queue; when the queue is full, or when it begins in the past, it reads the log from `position` on
    until it has caught up with its group, and is live again: nothing is left out and nothing comes twice.
    """

    def __init__(self, group: Group, queue: int) -> None:
        self.position = 0
        self.is_live = False
        self._group = group
        self._limit = queue
        self._queue: deque[str] = deque()
        self._news = asyncio.Event()
        self._ends_after_ms: int | None = None
        group.members.add(self)

    def start(self, position: int) -> None:
        """Begin with what follows the position."""
        self.position = position
        self.is_live = position >= self._group.position

    def offer(self, position: int, payload: str) -> None:
        """The group's push; without effect on a member who is behind, or who began further on."""
        if not self.is_live or position <= self.position:
            return
        if len(self._queue) >= self._limit:
            self.is_live = False
            return
        self._queue.append(payload)
        self.position = position
        self._news.set()

    def fall_back(self) -> None:
        """Read on from the log."""
        self.is_live = False
        self._news.set()

    def end(self, after_ms: int) -> None:
        """Send what is queued, then tell the client to come back after so many milliseconds, then end."""
        if self.is_live:
            self.position = max(self.position, self._group.position)
        self.is_live = False
        self._ends_after_ms = after_ms
        self._news.set()

    def _is_ending(self) -> bool:
        return self._ends_after_ms is not None

    def close(self) -> None:
        """Leave the group."""
        self._group.leave(self)

    async def payloads(self) -> AsyncGenerator[str]:
        """The results to send, in order; ends only after `end`."""
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self._ends_after_ms is not None:
                yield await self._group.render(ReconnectMessage(self._ends_after_ms, self.position))
                return
            if self.is_live:
                self._news.clear()
                await self._news.wait()
            else:
                async for payload in self._missed():
                    yield payload

    async def _missed(self) -> AsyncGenerator[str]:
        """What the log has for it until it has caught up with its group."""
        while not self.is_live and not self._is_ending():
            found = await self._group.read(self.position)
            gap = found.gap_after(self.position)
            if gap is not None:
                yield await self._group.render(GapMessage(*gap))
                self.position = gap[1]
            for event in found.events:
                if self._is_ending():
                    return
                message = self._group.message(event)
                if message is not None:
                    yield await self._group.payload(event, message)
                self.position = event.position
            self.is_live = self.position >= self._group.position
