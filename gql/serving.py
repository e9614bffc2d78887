"""Runs the server: makes the database ready, starts uvicorn's processes, and says where everything is."""

import gc
import http.client
import multiprocessing
import os
import shlex
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from db.core.prepare import check
from db.core.settings import CHECKOUT, database_settings
from gql.commands import Misconfigured, Place, key_text, load_demo, place, say, show
from gql.core.wire import UVICORN
from gql.settings import ServerSettings, server_settings

GRAPHQL_PATH = "/graphql"
FIRST_QUERY = '{"query": "{ viewer { __typename } }"}'
READY_SECONDS = 120.0
DRAIN_SECONDS = 3.0
UNACKNOWLEDGED_MS = 60_000


def serve(overrides: dict[str, str]) -> int:
    """Serve until a signal ends it; returns the exit code. `overrides` are variables of the command line."""
    signal.signal(signal.SIGTERM, terminated)
    try:
        os.environ.update(overrides)
        settings = server_settings()
        with listening(settings) as listener, place() as found:
            found.prepare()
            check(found.app_url)
            announce = load_demo(found, "small") if wants_demo(settings, found) else []
            # Workers learn the rest from the environment; the owner's address is not for them.
            os.environ |= {"DATABASE_URL": found.app_url, "MASTER_KEY": key_text(found.master_key())}
            os.environ.pop("DATABASE_OWNER_URL", None)
            database_settings.cache_clear()
            port: int = listener.getsockname()[1]
            threading.Thread(target=announce_when_ready, args=(settings, port, announce), daemon=True).start()
            return run(settings, listener)
    except KeyboardInterrupt:
        return 0


def run(settings: ServerSettings, listener: socket.socket) -> int:
    """Run uvicorn: in this process for one worker, else in processes that it supervises and replaces."""
    config = uvicorn.Config(
        "gql.serving:application",
        factory=True,
        loop="uvloop",
        http="httptools",
        ws_max_size=settings.max_body_bytes,
        lifespan="on",
        workers=settings.workers,
        log_level=settings.log_level,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        **UVICORN,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return 0
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0 if server.started else STARTUP_FAILURE


def application() -> ASGIApp:
    """What each server process runs."""
    from gql.app import create_app

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    app = create_app(server_settings())
    # Modules and schema stay: to look through them for garbage stopped everything for a quarter of a second.
    gc.freeze()
    # What thousands of waiting sockets make outlives the young generations: a full search every few events is dear.
    gc.set_threshold(20_000, 20, 10)
    return app


def end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End this worker when its parent is gone, however it died: orderly, and soon after in any case."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(DRAIN_SECONDS)
    os._exit(1)


def listening(settings: ServerSettings) -> socket.socket:
    """The socket that all workers share; opened before anything else, so that a taken port costs no wait."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    address = (settings.listen_host, settings.port)
    try:
        opened = socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        raise Misconfigured(
            f"{settings.listen_host}:{settings.port} cannot be listened on: {error.strerror}. "
            "Choose another by --host and --port; --port 0 takes a free one."
        ) from error
    opened.set_inheritable(True)
    # Connections inherit it: one that has what we send neither taken nor acknowledged for so long is gone.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    return opened


def wants_demo(settings: ServerSettings, found: Place) -> bool:
    return found.is_embedded if settings.demo is None else settings.demo


def announce_when_ready(settings: ServerSettings, port: int, sign_ins: list[str]) -> None:
    """Print where everything is, once the server answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.listen_host, settings.listen_host)  # noqa: S104  shown
    until = time.monotonic() + READY_SECONDS
    while not answers(host, port):
        if time.monotonic() > until:
            return
        time.sleep(0.1)
    base = settings.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = ["", f"GraphQL  {base}{GRAPHQL_PATH}"]
    if sign_ins:
        lines += ["", "Sign in as:", *sign_ins]
        asking = f"""-H "Authorization: Bearer $(python3 {shlex.quote(str(CHECKOUT / "run.py"))} token)" """
        query = FIRST_QUERY
    else:
        asking, query = "", '{"query": "{ __typename }"}'
    lines += [
        "",
        "Try it:",
        f"  curl -s {base}{GRAPHQL_PATH} -H 'Content-Type: application/json' {asking}-d '{query}'",
    ]
    show("\n".join([*lines, "", "Ctrl-C stops it."]))


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM before and after uvicorn has its own say: leave in good order."""
    say("Stopping.")
    sys.exit(0)
