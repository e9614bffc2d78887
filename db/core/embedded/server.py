"""The client's side of an embedded PostgreSQL: join the running server, or start it and its guard."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from db.core.cluster import Addresses, Cluster, Credentials
from db.core.embedded import places
from db.core.embedded.locks import exclusive, hold_shared, is_held
from db.core.embedded.places import EmbeddedPostgresError

DATABASE = "customer_graph"
JOIN_SECONDS = 90.0
GUARD = Path(__file__).with_name("guard.py")
INITDB = [
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
]
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # no socket: the path of a deep checkout is too long for one
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedServer:
    """A running embedded PostgreSQL, which stays up as long as somebody has it open. A context manager.

    `home` is the folder of the instance, closed to others: secrets that belong to its data may be kept there.
    """

    def __init__(
        self,
        name: str = "serve",
        *,
        is_ephemeral: bool = False,
        folder: Path | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise EmbeddedPostgresError(f"The embedded PostgreSQL needs Linux or macOS. {places.INSTEAD}")
        self.name = name
        self.is_ephemeral = is_ephemeral
        self.account = places.service_account()
        self._folder = folder
        self._say = say or (lambda _line: None)
        self._lock = -1
        self.home = Path()
        self.cluster: Cluster

    # ------------------------------------------------------------------------------------------ what it gives

    @property
    def owner_url(self) -> str:
        return self.cluster.addresses(DATABASE).owner

    @property
    def app_url(self) -> str:
        return self.cluster.addresses(DATABASE).app

    @property
    def superuser_url(self) -> str:
        return self.cluster.addresses(DATABASE).superuser

    def create_database(self, name: str, template: str | None = None) -> Addresses:
        """A further database of the owner role; see `Cluster.create_database`."""
        return self.cluster.create_database(name, template)

    def drop_database(self, name: str) -> None:
        self.cluster.drop_database(name)

    # ----------------------------------------------------------------------------------------- open and close

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Join or start the server. Raises EmbeddedPostgresError, whose text is meant for who started us."""
        if self.is_ephemeral:
            places.clear_abandoned(self._folder)
        try:
            # A guard that stops the server holds this lock exclusively: we wait until it has ended.
            self._lock = hold_shared(self._lock_file)
            places.refuse_other_major(self.home)
            with exclusive(self.home / "start.lock"):
                passwords = self._passwords()
                port = self._running_port()
                address = f"postgresql://postgres:{passwords['superuser']}@127.0.0.1:{port}/postgres?sslmode=disable"
                owner = Credentials(f"{DATABASE}_owner", passwords["owner"])
                app = Credentials(f"{DATABASE}_app", passwords["app"])
                self.cluster = Cluster(address, owner, app)
                self.cluster.create_roles()
                self.cluster.create_database(DATABASE)
        except PermissionError as error:
            self.close()
            raise EmbeddedPostgresError(
                f"{error.filename} belongs to another user. Give it to who starts this, or set DATA_DIR."
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go. The guard stops the server at once when nobody else holds it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _lock_file(self) -> Path:
        self.home = places.instance(self.name, self._folder, self.account, is_ephemeral=self.is_ephemeral)
        return self.home / "lock"

    def _passwords(self) -> dict[str, str]:
        """The passwords of this instance's roles, made at random with its data."""
        path = self.home / "secrets.json"
        try:
            kept: dict[str, str] = json.loads(path.read_text())
        except FileNotFoundError:
            if (self.home / "data").exists():
                raise EmbeddedPostgresError(
                    f"{path} is missing, and without it nobody can open the data beside it. Put it back, or "
                    f"move {self.home} away to start anew."
                ) from None
        else:
            return kept
        made = {role: secrets.token_urlsafe(24) for role in ("superuser", "owner", "app")}
        write_private(path, json.dumps(made))
        return made

    def _running_port(self) -> int:
        """The port of the answering server; starts a guard, with a server, whenever there is none."""
        until = time.monotonic() + JOIN_SECONDS
        while time.monotonic() < until:
            if not is_held(self.home / "guard.lock"):
                self._launch()
            with contextlib.suppress(OSError, ValueError, KeyError):
                port = int(json.loads((self.home / "state.json").read_text())["port"])
                with socket.create_connection(("127.0.0.1", port), timeout=5):
                    return port
            time.sleep(0.05)  # a guard that another client started is still at it, or one is on its way out
        raise EmbeddedPostgresError(f"PostgreSQL does not answer; its log is {self.home / 'log'}. {places.INSTEAD}")

    def _launch(self) -> None:
        """Start a guard and wait until its server answers."""
        programs = places.programs(self.account)
        if not (self.home / "data").exists():
            self._say("Making a PostgreSQL database (once) …")
        order = {
            "home": str(self.home),
            "data": str(self.home / "data"),
            "programs": str(programs),
            "account": (self.account.user, self.account.group) if self.account else None,
            "initdb": [*INITDB, "--no-sync"] if self.is_ephemeral else INITDB,
            "options": OPTIONS | THROW_AWAY if self.is_ephemeral else OPTIONS,
            "is_ephemeral": self.is_ephemeral,
        }
        (self.home / "state.json").unlink(missing_ok=True)
        command = [sys.executable, "-I", "-S", str(GUARD), json.dumps(order)]
        started = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, text=True)
        answer = started.stdout.strip()
        if answer not in {"ready", "busy"}:
            reason = answer or f"its guard ended with code {started.returncode}"
            raise EmbeddedPostgresError(f"The embedded PostgreSQL cannot be started: {reason}\n{places.INSTEAD}")


def write_private(path: Path, content: str) -> None:
    """Write a file that only this user may read, in one step: readers see it whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
