"""What every resolver receives: the viewer, the time, the tenant's reads, and the loaders of one operation."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from aiodataloader import DataLoader

from db.core.keys import Keyring
from db.core.session import Database, ReadTransaction, TransactionClosed
from resolvers.core.clock import Clock
from resolvers.core.errors import Unauthenticated
from resolvers.core.recording import Read, RecordedTransaction
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups


@dataclass(frozen=True, slots=True)
class Services:
    """What a process has once and all its operations share."""

    database: Database
    keyring: Keyring
    clock: Clock
    wakeups: Wakeups


@dataclass(frozen=True, slots=True)
class Request:
    """Where an operation came from; kept in the audit log."""

    id: str = field(default_factory=lambda: uuid4().hex)
    ip_address: str | None = None
    user_agent: str | None = None


class Context:
    """One operation. Never shared between operations, not even of one WebSocket connection.

    `now` is the instant at which the operation began: everything in it happens then.
    """

    def __init__(self, services: Services, viewer: Viewer | None, request: Request | None = None) -> None:
        self.services = services
        self._viewer = viewer
        self.request = request or Request()
        self.now = services.clock.now()
        self._reads: ReadTransaction | None = None
        self._is_closed = False
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self.settled: dict[str, Any] = {}  # outcomes (or exceptions) of mutations that ran, by their key in the answer

    @property
    def viewer(self) -> Viewer:
        """The viewer. Raises Unauthenticated when there is none."""
        if self._viewer is None:
            raise Unauthenticated("Sign in, or send an API key, in the Authorization header.")
        return self._viewer

    @property
    def has_viewer(self) -> bool:
        """Whether somebody is signed in."""
        return self._viewer is not None

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the credential: never an argument."""
        return self.viewer.tenant_id

    @property
    def reads(self) -> ReadTransaction:
        """The operation's read transaction. Raises TransactionClosed when the operation is over."""
        if self._reads is None:
            if self._is_closed:  # graphql-core lets what it gave up on run to its end
                raise TransactionClosed("the operation has ended")
            self._reads = self.services.database.reads(self.tenant_id)
        return self._reads

    @property
    def is_recorded(self) -> bool:
        """Whether its reads are written down."""
        return isinstance(self._reads, RecordedTransaction)

    def record(self) -> list[Read]:
        """Write down the reads from here on, into the list that this returns."""
        recorded = RecordedTransaction(self.services.database, self.tenant_id)
        self._reads = recorded
        return recorded.reads

    def loader(self, key: Hashable, make: Callable[..., DataLoader[Any, Any]], *arguments: Any) -> DataLoader[Any, Any]:
        """The operation's one loader under this key, made by `make(self, *arguments)` when it is first asked for."""
        found = self._loaders.get(key)
        if found is None:
            found = self._loaders[key] = make(self, *arguments)
        return found

    async def forget_reads(self) -> None:
        """After a write: let what follows see it. Ends the read transaction and drops what loaders remember."""
        self._loaders.clear()
        if self._reads is not None:
            await self._reads.renew()

    async def close(self) -> None:
        """End the read transaction, if one was opened; there will be no other."""
        self._is_closed = True
        if self._reads is not None:
            await self._reads.close()
