"""A server of its own process, to be ended by signals: `python -m tests.subscriptions.served` with DATABASE_URL.

Takes any credential that begins with a tenant's id for one that may do everything in that tenant. Prints its port.
"""

import contextlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from db.core.keys import Keyring
from db.core.session import Database
from db.enums.events import ActorKind
from gql.core.middleware import RequestLog
from gql.core.wire import UVICORN
from gql.execution.run import Executor
from gql.schema import schema
from gql.subscriptions import SubscriptionServer
from resolvers.access.reviews import Finding, Held
from resolvers.core.clock import SystemClock
from resolvers.core.context import Request, Services
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups
from resolvers.rules.access import PERMISSIONS
from tests.subscriptions.support import endpoint


class Trusting:
    """Knows everybody."""

    async def viewer(self, credential: str, request: Request) -> Viewer:
        """Somebody who may do everything in the tenant."""
        assert request.id
        permissions = frozenset(PERMISSIONS)
        return Viewer(ActorKind.SYSTEM, uuid4(), uuid4(), uuid4(), UUID(credential), None, permissions)

    async def review(self, tenant_id: UUID, held: Sequence[Held]) -> list[Finding]:
        """They stay who they are."""
        assert {one.viewer.tenant_id for one in held} == {tenant_id}
        return [one.viewer for one in held]


def main() -> None:
    """Serve until a signal ends it, on the loop that the real server runs on."""
    url = os.environ["DATABASE_URL"]
    services = Services(Database(url), Keyring(b"k" * 32), SystemClock(), Wakeups(url))
    sockets = SubscriptionServer(Executor(schema), services, Trusting())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await sockets.start()
        os.write(1, f"{listener.getsockname()[1]}\n".encode())
        yield
        await sockets.stop()
        await services.wakeups.close()
        await services.database.close()

    routes = [Route("/graphql", endpoint(sockets, services)), *sockets.routes("/graphql")]
    app = Starlette(routes=routes, middleware=[Middleware(RequestLog)], lifespan=lifespan)
    config = uvicorn.Config(app, loop="uvloop", lifespan="on", log_config=None, timeout_graceful_shutdown=5, **UVICORN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
