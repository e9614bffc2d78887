"""The watch of a process: looks after all open connections, and sees that what vouches for them still does."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog

from gql.core.authentication import Authenticator
from gql.execution.errors import is_unavailable
from gql.subscriptions.limits import SocketLimits
from resolvers.access.reviews import Finding, Held
from resolvers.core.context import Request
from resolvers.core.errors import LimitExceeded, ServiceUnavailable
from resolvers.core.viewer import Viewer

LONGEST_TICK: Final = 1.0
RETRY_SECONDS: Final = 0.2
CONNECTIONS: Final = 2  # of the pool that reviews take at most
MOST_AT_ONCE: Final = 250  # holders of one statement: what it finds is looked through in one go
T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Share:
    """What a connection counts towards: a credential, or for want of one an address; and a tenant."""

    of: UUID | str | None
    tenant_id: UUID | None


class Holder:
    """An open connection, whom it acts for, and when (on the loop's clock) that was last found to be so."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.viewer: Viewer | None = None
        self.share: Share | None = None
        self.known_at = -math.inf

    def tick(self, now: float) -> None:
        """Called about once a second, with the loop's time: do what is due, without waiting for anything."""
        raise NotImplementedError

    def found(self, finding: Finding) -> None:
        """The credential vouches for another viewer than before, or for nobody."""
        raise NotImplementedError

    async def drain(self, after_ms: int) -> None:
        """Take nothing new, tell every stream to come back after so many milliseconds, and end."""
        raise NotImplementedError


class Watch:
    """All connections of the process. Their number is limited for each credential and tenant.

    Credentials are reviewed together, tenant by tenant, whatever the number of their connections and streams: a
    connection that is new at once, since its viewer may have been remembered for a while, the others in turn.
    """

    def __init__(self, authenticator: Authenticator, limits: SocketLimits) -> None:
        self.holders: set[Holder] = set()
        self._authenticator = authenticator
        self._limits = limits
        self._counts: Counter[UUID | str | None] = Counter()
        self._tenants: Counter[UUID | None] = Counter()
        self._unreachable: set[UUID] = set()
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._news = asyncio.Event()
        self._passed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        self._tasks = [
            asyncio.create_task(self._tick_always(), name="watch ticks"),
            asyncio.create_task(self._review_always(), name="watch reviews"),
        ]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    # ------------------------------------------------------------------------------------------- coming and going

    def admit(self, holder: Holder, viewer: Viewer | None) -> None:
        """Watch over a connection, from now on as this viewer's. Raises LimitExceeded."""
        share = _share(holder, viewer)
        self._check_room(share, holder.share)
        self._count(holder, share)
        holder.viewer = viewer
        holder.known_at = -math.inf
        self.holders.add(holder)
        if viewer is not None:
            self._news.set()

    def adopt(self, holder: Holder, viewer: Viewer) -> None:
        """A review found another viewer in the connection's credential."""
        self._count(holder, _share(holder, viewer))
        holder.viewer = viewer

    def leave(self, holder: Holder) -> None:
        """The connection is gone."""
        if holder in self.holders:
            self.holders.remove(holder)
            self._count(holder, None)

    def _check_room(self, share: Share, before: Share | None) -> None:
        most = self._limits.connections_per_credential
        if (before is None or before.of != share.of) and self._counts[share.of] >= most:
            who = "A credential" if share.tenant_id else "An address without a credential"
            raise LimitExceeded(f"{who} may have {most} connections at a time.", most)
        most = self._limits.connections_per_tenant
        is_new = before is None or before.tenant_id != share.tenant_id
        if share.tenant_id is not None and is_new and self._tenants[share.tenant_id] >= most:
            raise LimitExceeded(f"A tenant may have {most} connections at a time.", most)

    def _count(self, holder: Holder, share: Share | None) -> None:
        """Count a connection where it belongs from now on; nowhere when it is gone."""
        for one, change in ((share, 1), (holder.share, -1)):
            if one is not None:
                _add(self._counts, one.of, change)
                _add(self._tenants, one.tenant_id, change)
        holder.share = share

    # -------------------------------------------------------------------------------------------------- reviewing

    def is_trusted(self, holder: Holder) -> bool:
        """Whether it was found to act for its viewer not long ago; who acts for nobody always was."""
        age = asyncio.get_running_loop().time() - holder.known_at
        return holder.viewer is None or age <= self._limits.trust_seconds

    async def trust(self, holder: Holder, *, is_patient: bool = True) -> None:
        """Wait until the connection is trusted. Raises ServiceUnavailable, unless patient, for a failed review."""
        while not self.is_trusted(holder):
            self._news.set()
            await self._passed.wait()
            viewer = holder.viewer
            if not is_patient and viewer is not None and viewer.tenant_id in self._unreachable:
                raise ServiceUnavailable("The database cannot be reached; try again shortly.")

    async def _review_always(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.review_seconds):
                    await self._news.wait()
            self._news.clear()
            await self._review()
            passed, self._passed = self._passed, asyncio.Event()
            passed.set()
            if self._unreachable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _review(self) -> None:
        """Review whatever was not reviewed just now."""
        recently = asyncio.get_running_loop().time() - self._limits.review_seconds / 2
        due: dict[UUID, dict[Hashable, list[Holder]]] = {}
        for holder in self.holders:
            viewer = holder.viewer
            if viewer is not None and holder.known_at < recently:
                alike = viewer.credential_id, viewer.expires_at, holder.request.ip_address
                due.setdefault(viewer.tenant_id, {}).setdefault(alike, []).append(holder)
        self._unreachable.clear()
        await asyncio.gather(
            *(
                self._review_some(tenant_id, several)
                for tenant_id, groups in due.items()
                for several in batched(groups.values(), MOST_AT_ONCE)
            )
        )

    async def _review_some(self, tenant_id: UUID, groups: Sequence[Sequence[Holder]]) -> None:
        """Review groups of holders; those in a group have the same credential."""
        viewers = [[holder.viewer for holder in group] for group in groups]
        held = [Held(viewer, group[0].request) for (viewer, *_), group in zip(viewers, groups, strict=True) if viewer]
        async with self._slots:
            began = asyncio.get_running_loop().time()
            try:
                findings = await self._authenticator.review(tenant_id, held)
            except Exception as error:  # whatever it was, nothing is delivered until a review succeeds
                self._unreachable.add(tenant_id)
                if not is_unavailable(error):
                    log.exception("review_failed", tenant_id=str(tenant_id))
                return
        for group, before, finding in zip(groups, viewers, findings, strict=True):
            for holder, viewer in zip(group, before, strict=True):
                if holder in self.holders and holder.viewer is viewer:  # else it left, or was refreshed meanwhile
                    self._tell(holder, finding, began)

    def _tell(self, holder: Holder, finding: Finding, began: float) -> None:
        holder.known_at = began
        if finding is holder.viewer:
            return
        if finding == holder.viewer and isinstance(finding, Viewer):
            holder.viewer = finding  # the next time they are the same object
        else:
            holder.found(finding)

    async def _tick_always(self) -> None:
        limits = self._limits
        pause = min(LONGEST_TICK, limits.ping_seconds / 4, limits.review_seconds / 2)
        while True:
            await asyncio.sleep(pause)
            now = asyncio.get_running_loop().time()
            for holder in list(self.holders):
                try:
                    holder.tick(now)
                except Exception:  # a defect: it is not to cost the others their watch
                    log.exception("tick_failed")


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """The items, so many at a time: itertools has it from Python 3.12 on."""
    rest = iter(items)
    while several := list(islice(rest, most)):
        yield several


def sees_the_same(viewer: Viewer, other: Viewer) -> bool:
    """Whether what is shown to one may be shown to the other."""
    return (viewer.permissions, viewer.scope) == (other.permissions, other.scope)


def _share(holder: Holder, viewer: Viewer | None) -> Share:
    return Share(viewer.credential_id, viewer.tenant_id) if viewer else Share(holder.request.ip_address, None)


def _add(counter: Counter[Any], key: Any, change: int) -> None:
    counter[key] += change
    if not counter[key]:
        del counter[key]
