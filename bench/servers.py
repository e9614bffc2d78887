"""The servers that are compared: how each is started, and what its requests look like."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from db.core.settings import CHECKOUT, DatabaseSettings
from gql.settings import ServerSettings

READY_SECONDS: Final = 60.0
POOL_SIZE: Final = 10  # connections of each server to PostgreSQL: this server's default
UVICORN: Final = [sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
OWN_SETTINGS: Final = {name.upper() for model in (DatabaseSettings, ServerSettings) for name in model.model_fields}


@dataclass(frozen=True)
class Server:
    """A server by its short name. `needs_token` is this server alone; the others believe a header X-Tenant-Id.

    `documents` has the operations in its own spelling, `has_own_ids` says that its ids are plain UUIDs, and
    `names_tenant` that what reads one row has to name the tenant, too.
    """

    name: str
    title: str
    command: tuple[str, ...]
    port_option: str | None = "--port"
    settings: Mapping[str, str] = field(default_factory=dict)
    needs_token: bool = False
    folder: Path = CHECKOUT
    documents: Mapping[str, str] | None = None
    has_own_ids: bool = False
    names_tenant: bool = False


OURS: Final = Server(
    "ours",
    "this server",
    (sys.executable, "-m", "gql", "serve", "--no-demo"),
    needs_token=True,
)
LIMIT: Final = Server(
    "limit",
    "the limit: asyncpg and orjson by hand",
    (*UVICORN, "--log-level", "warning", "--factory", "bench.limit:create"),
)


@dataclass
class Running:
    """A server that runs."""

    server: Server
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def started(server: Server, environment: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Run a server in a process of its own; its output goes to the file `log`. Raises RuntimeError if it ends."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    settings = {**kept, **environment, **server.settings, "PORT": str(port), "POOL_SIZE": str(POOL_SIZE)}
    settings["PYTHONPATH"] = str(CHECKOUT)
    option = [server.port_option, str(port)] if server.port_option else []
    with log.open("wb") as output:
        process = _spawn([*server.command, *option], settings, server.folder, output)
        try:
            wait_until_ready(process, port, log)
            yield Running(server, port, process)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _spawn(command: list[str], settings: Mapping[str, str], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=dict(settings), cwd=folder, stdout=log, stderr=subprocess.STDOUT)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when somebody listens on the port."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}: {tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server does not listen after {READY_SECONDS:.0f} s: {tail(log)}")


def tail(log: Path) -> str:
    """The end of a server's output."""
    return log.read_bytes()[-2000:].decode(errors="replace")
