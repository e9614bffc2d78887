"""A group: all subscribers of a tenant who are sent the same bytes, and the one execution that makes them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gql.core.messages import ChangeMessage, Message, RemovalMessage
from gql.core.subscriptions import Opening
from gql.execution.errors import describe
from gql.execution.run import Answer, dumps
from gql.subscriptions.opening import Asked
from gql.subscriptions.snapshot import Snapshots
from gql.subscriptions.work import Work, check_available
from resolvers.core.context import Context
from resolvers.core.viewer import Viewer
from resolvers.events import Entry, LogSlice

if TYPE_CHECKING:
    from gql.subscriptions.subscriber import Subscriber


class Group:
    """One document with its variables, for viewers who may see the same.

    All events up to `position` were told to the members who are live, that is to all but those `behind`. `emptied` is
    called when the last member left.
    """

    def __init__(self, work: Work, asked: Asked, opening: Opening, viewer: Viewer) -> None:
        self.position = 0
        self.emptied: Callable[[], None] = lambda: None
        self.members: set[Subscriber] = set()
        self.behind: set[Subscriber] = set()
        self.snapshots = Snapshots(work, asked, opening, viewer)
        self._work = work
        self._asked = asked
        self._opening = opening
        self._viewer = viewer
        self._payloads: dict[int, asyncio.Task[str]] = {}

    def message(self, event: Entry) -> ChangeMessage | RemovalMessage | None:
        """What the event means to this group; None when nothing."""
        return self._opening.live.message(self._opening.interest, event)

    async def read(self, after: int) -> LogSlice:
        """The next entries of the tenant's log: for a member who is behind."""
        return await self._work.read(self._viewer.tenant_id, after)

    async def deliver(self, events: Sequence[Entry]) -> None:
        """Tell the live members of the events, in order. Never two calls at a time.

        Raises TimeoutError when an execution takes too long, and what else may happen to one.
        """
        for event in events:
            if event.position <= self.position:
                continue
            message = self.message(event)
            payload = None
            if message is not None and len(self.members) > len(self.behind):
                async with asyncio.timeout(self._work.sizes.patience_seconds):
                    payload = await self.payload(event, message)
            # From here on without a pause: who joins, joins before this event or after it.
            self.position = event.position
            if payload is not None:
                for member in self.members:
                    member.offer(event.position, payload)

    async def payload(self, event: Entry, message: Message) -> str:
        """What the event's message comes to: executed once for all who ask within a moment."""
        made = self._payloads.get(event.position)
        if made is None:
            made = asyncio.create_task(self.render(message), name="subscription group")
            made.add_done_callback(lambda done: self._made(event.position, done))
            self._payloads[event.position] = made
        return await asyncio.shield(made)  # one of several who wait for it may be cancelled

    def _made(self, position: int, made: asyncio.Task[str]) -> None:
        """Keep a payload for a moment."""
        if not made.cancelled():
            made.exception()  # looked at, even if nobody waits for it any more
            asyncio.get_running_loop().call_later(self._work.sizes.shared_seconds, self._payloads.pop, position, None)

    async def render(self, message: Message) -> str:
        """Execute the selection over a message: the JSON of the result, its errors included."""
        answer = await self._work.patiently(lambda: self._execute(message))
        return dumps(answer.body()).decode()

    async def _execute(self, message: Message) -> Answer:
        context = Context(self._work.services, self._viewer)
        try:
            answer = await self._work.executor.run(context, self._asked.prepared, root=message)
        except Exception as error:  # describe masks what it does not know
            answer = Answer(None, describe(error), is_executed=True)
        finally:
            await context.close()
        check_available([answer])
        return answer

    def skip_to(self, position: int) -> None:
        """Go on behind the position. The members read for themselves what lies before, or that it is gone."""
        for member in self.members:
            member.fall_back()
        self.position = max(self.position, position)

    def leave(self, member: "Subscriber") -> None:
        """A member is gone."""
        if member not in self.members:
            return
        self.members.remove(member)
        self.behind.discard(member)
        if not self.members:
            self.close()
            self.emptied()

    def close(self) -> None:
        """Give up what is being executed."""
        for made in self._payloads.values():
            made.cancel()
        self._payloads.clear()
