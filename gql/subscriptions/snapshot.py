"""The list with which a stream begins: read, shown and made into results as of one position of the log."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gql.core.messages import EndMessage, ItemMessage, Message
from gql.core.subscriptions import Opening
from gql.execution.limits import TooComplex
from gql.execution.run import Answer, dumps
from gql.subscriptions.opening import Asked
from gql.subscriptions.work import Work, check_available
from resolvers.core.context import Context
from resolvers.core.errors import LimitExceeded
from resolvers.core.viewer import Viewer
from resolvers.events import MAX_SNAPSHOT, read_current

HOW: Final = "Narrow the filter, select less, or take the newest ones by snapshotFirst."
PAGE: Final = 100  # objects that are shown together: one statement for each relation


Show = Callable[[Context, Sequence[Message]], Awaitable[Sequence[Answer]]]


class GivenUp(Exception):
    """Nobody waits for the list any more."""


class Unplanned(Exception):
    """The plan cannot answer for all objects."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The results to send, the last of which says that the list has ended and is as of the position."""

    position: int
    results: deque[str]


class Snapshots:
    """Makes the lists of one group's members, each of its own."""

    def __init__(self, work: Work, asked: Asked, opening: Opening, viewer: Viewer) -> None:
        self._work = work
        self._asked = asked
        self._opening = opening
        self._viewer = viewer

    async def take(self, first: int | None, is_wanted: Callable[[], bool]) -> Snapshot:
        """A list as of now, all of it in memory: its connection waits for no client. `first` bounds its objects.

        Waits for the database if it must. Raises LimitExceeded when more objects match than one list may hold,
        TooComplex when it would show too much, GivenUp when it is wanted no more.
        """

        async def attempt() -> Snapshot:
            try:
                return await self._attempt(first, is_wanted, self._planned)
            except Unplanned:  # anew: the reference reads all of it as of one position, in a sound transaction
                return await self._attempt(first, is_wanted, self._referred)

        async with self._work.listing:
            return await self._work.patiently(attempt)

    async def _attempt(self, first: int | None, is_wanted: Callable[[], bool], show: Show) -> Snapshot:
        context = Context(self._work.services, self._viewer)
        try:
            position, messages = await self._messages(context, first)
            results: deque[str] = deque()
            room = self._work.sizes.list_characters
            for start in range(0, len(messages), PAGE):
                if not is_wanted():
                    raise GivenUp
                answers = await show(context, messages[start : start + PAGE])
                check_available(answers)
                shown = [dumps(answer.body()).decode() for answer in answers]
                room -= sum(map(len, shown))
                if room < 0:
                    raise TooComplex(f"The list is too large. {HOW}")
                results.extend(shown)
            return Snapshot(position, results)
        finally:
            await context.close()

    async def _messages(self, context: Context, first: int | None) -> tuple[int, list[Message]]:
        """The position, and a message for each object that matches as of it and for the list's end."""
        live, interest = self._opening.live, self._opening.interest
        assert live.current is not None
        limit = MAX_SNAPSHOT if first is None else first
        position, ids = await read_current(context.reads, live.current, interest.wanted, limit + 1)
        has_more = len(ids) > limit
        if has_more and first is None:
            raise LimitExceeded(f"More than {limit} objects match. {HOW}", limit, ("snapshot",))
        items = [ItemMessage(object_id) for object_id in ids[:limit]]
        self._check_price(len(items))
        return position, [*items, EndMessage(position, len(items), has_more)]

    def _check_price(self, count: int) -> None:
        """One list costs what its objects cost, like any operation that shows so many."""
        cost, most = count * self._asked.prepared.cost, self._work.executor.limits.max_cost
        if cost > most:
            raise TooComplex(f"The list could show {cost} objects; at most {most} are allowed. {HOW}")

    async def _planned(self, context: Context, messages: Sequence[Message]) -> Sequence[Answer]:
        answers = await self._work.executor.run_each(context, self._asked.prepared, messages)
        if answers is None:
            raise Unplanned
        return answers

    async def _referred(self, context: Context, messages: Sequence[Message]) -> Sequence[Answer]:
        executor, prepared = self._work.executor, self._asked.prepared
        return await asyncio.gather(*(executor.refer(context, prepared, message) for message in messages))
