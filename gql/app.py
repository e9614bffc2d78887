"""The application: every route, what starts before the first request, and what ends after the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.core.keys import Keyring, master_key
from db.core.roles import check_serving_role
from db.core.session import Database
from db.core.settings import CHECKOUT, DatabaseSettings, database_settings
from gql import ingest
from gql.core.authentication import authenticate_request
from gql.core.http import GraphQLEndpoint
from gql.core.logging import configure
from gql.core.middleware import RequestLog
from gql.execution.limits import Limits
from gql.execution.run import Executor
from gql.schema import schema
from gql.settings import ServerSettings
from gql.subscriptions import SocketLimits, SubscriptionServer
from gql.worker import working
from resolvers.authentication import Authenticator
from resolvers.core.clock import clock_from
from resolvers.core.context import Services
from resolvers.core.wakeups import Wakeups

log = structlog.get_logger(__name__)


def create_app(settings: ServerSettings) -> Starlette:
    """The server of one process, under the settings given and the database that the environment names."""
    configure(settings.log_level)
    return build(settings, services_from(database_settings()), is_working=settings.run_worker)


def services_from(settings: DatabaseSettings) -> Services:
    """The services of a process. Raises ValueError when the environment names no database."""
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is missing: `python3 run.py serve` sets it for the embedded PostgreSQL.")
    url = settings.database_url.get_secret_value()
    key = settings.master_key.get_secret_value() if settings.master_key else None
    return Services(
        database=Database(
            url,
            pool_size=settings.pool_size,
            pool_overflow=settings.pool_overflow,
            pool_timeout_seconds=settings.pool_timeout_seconds,
            statement_timeout_ms=settings.statement_timeout_ms,
        ),
        keyring=Keyring(master_key(key, settings.data_dir or CHECKOUT / ".data")),
        clock=clock_from(settings.clock_file),
        wakeups=wakeups_from(settings, url),
    )


def wakeups_from(settings: DatabaseSettings, database_url: str) -> Wakeups:
    """What carries hints of new events: Redis where one is named, else the database."""
    if settings.redis_url is None:
        return Wakeups(database_url)
    from resolvers.core.redis_wakeups import RedisChannel  # the client takes megabytes

    return Wakeups(RedisChannel(settings.redis_url.get_secret_value()))


def build(
    settings: ServerSettings, services: Services, *, is_planning: bool = True, is_working: bool = False
) -> Starlette:
    """The application over the services; its lifespan starts and stops what runs beside the requests.

    `is_working`: a worker is among that.
    """
    limits = Limits(max_depth=settings.max_depth, max_aliases=settings.max_aliases)
    executor = Executor(schema, limits, has_introspection=settings.introspection, is_planning=is_planning)
    authenticator = Authenticator(services)
    subscriptions = SubscriptionServer(
        executor,
        services,
        authenticator,
        SocketLimits(
            connections_per_credential=settings.connections_per_credential,
            connections_per_tenant=settings.connections_per_tenant,
        ),
        is_origin_allowed=lambda origin: is_allowed(settings, origin),
    )
    endpoint = GraphQLEndpoint(
        executor,
        services,
        lambda request: authenticate_request(authenticator, request),
        subscriptions.stream,
        max_body_bytes=settings.max_body_bytes,
    )

    @asynccontextmanager
    async def serving(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with services.database.connect() as connection:
            await check_serving_role(connection)
        await subscriptions.start()
        log.info("started")
        async with working(services, settings) if is_working else nullcontext():
            yield {"services": services}
        await subscriptions.stop()
        await services.wakeups.close()
        await services.database.close()
        log.info("stopped")

    async def readyz(_request: Request) -> Response:
        return await _readiness(services.database)

    return Starlette(
        routes=[
            Route("/graphql", endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            *subscriptions.routes("/graphql"),
            *ingest.routes(services, settings),
            Route("/healthz", healthz, methods=["GET"]),
            Route("/readyz", readyz, methods=["GET"]),
        ],
        middleware=[Middleware(RequestLog), *cors(settings)],
        lifespan=serving,
    )


def is_allowed(settings: ServerSettings, origin: str | None) -> bool:
    """Whether a page of this origin may open a WebSocket: any may where ALLOWED_ORIGINS names none.

    A credential is never sent by the browser on its own, so another site's page has none to misuse.
    """
    allowed = settings.allowed_origins
    return origin is None or not allowed or "*" in allowed or origin in allowed


def cors(settings: ServerSettings) -> list[Middleware]:
    """The middleware that lets pages of the allowed origins read answers; none by default."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-API-Key", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
    ]


async def healthz(_request: Request) -> Response:
    """Whether the process answers."""
    return JSONResponse({"status": "ok"})


async def _readiness(database: Database) -> Response:
    """Whether the database answers too."""
    try:
        async with database.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError) as error:
        log.warning("not_ready", error=repr(error))
        return JSONResponse({"status": "unavailable", "code": "SERVICE_UNAVAILABLE"}, status_code=503)
    return JSONResponse({"status": "ok"})
