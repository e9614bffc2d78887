"""What wraps every HTTP request: its id, its log line, and the headers that all answers carry."""

import re
import secrets
import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
NO_STORE: Final = (b"cache-control", b"no-store")
QUIET: Final = frozenset({"/healthz", "/readyz"})
INGEST: Final = re.compile(r"(/ingest/[^/]*/[^/]*/).+")


class RequestLog:
    """Gives each request an id (the client's own X-Request-Id when it is tame), answers with it, and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        started = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers += [(b"x-request-id", request_id.encode()), NOSNIFF]
                if all(name != NO_STORE[0] for name, _ in headers):
                    headers.append(NO_STORE)
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, note)
        finally:
            if scope["type"] == "http" and scope["path"] not in QUIET:
                elapsed = round((time.perf_counter() - started) * 1000, 1)
                log.info("request", method=scope["method"], path=_shown(scope["path"]), status=status, ms=elapsed)
            structlog.contextvars.reset_contextvars(**bound)


def _shown(path: str) -> str:
    """The path without what proves an ingest address: whoever reads the log must not be able to use it."""
    return INGEST.sub(r"\1…", path) if path.startswith("/ingest/") else path
