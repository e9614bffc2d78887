"""A PostgreSQL of the harness's own, at one port for life: killed, restarted, its backends ended one by one."""

import asyncio
import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg

from db.core.cluster import Addresses, Cluster, Credentials
from db.core.embedded import places
from db.core.embedded.guard import Guard
from db.core.embedded.server import INITDB, OPTIONS
from db.core.prepare import prepare
from db.core.reading import LOST

# A server that is killed, not a machine: what was written survives without fsync. Nothing else is traded for speed:
# an acknowledged commit must be there after a crash.
SETTINGS: Final = OPTIONS | {"fsync": "off", "max_connections": "300", "deadlock_timeout": "200ms"}
PORTS: Final = range(11_000, 30_000)  # below those that the kernel gives to outgoing connections while we are down
START_SECONDS: Final = 60.0


class Postgres:
    """The server's process and its one database."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        account = places.service_account()
        self.home = home
        self._guard = Guard(
            {
                "home": str(home),
                "data": str(home / "data"),
                "programs": str(places.programs(account)),
                "account": (account.user, account.group) if account else None,
                "initdb": [*INITDB, "--no-sync"],
                "options": SETTINGS,
                "is_ephemeral": True,
            }
        )
        self._port = free_port(chance)
        password = secrets.token_urlsafe(24)
        (home / "secrets.json").write_text(json.dumps({"superuser": password}))
        self._cluster = Cluster(
            f"postgresql://postgres:{password}@127.0.0.1:{self._port}/postgres?sslmode=disable",
            Credentials.random("faults_owner"),
            Credentials.random("faults_app"),
        )
        self.addresses: Addresses

    def make(self) -> None:
        """Make the server and its migrated database."""
        self._guard.make_data()
        self._run()
        self._wait()
        self._cluster.create_roles()
        self.addresses = self._cluster.create_database("faults")
        prepare(self.addresses.owner, self.addresses.app)

    def _run(self) -> None:
        """Start it, from the main thread, with which it ends."""
        self._guard.postgres = self._guard.run_postgres(self._port)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not self._guard.is_answering(self._port):
            assert time.monotonic() < until, (self.home / "log").read_text()[-2000:]
            self._guard.stop()
            self._run()

    async def restart(self) -> None:
        """Stop it in immediate mode, as after a crash: nobody is told, nothing is written down; and start it again."""
        assert self._guard.postgres is not None
        self._guard.postgres.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(self._guard.postgres.wait)
        self._run()
        await asyncio.to_thread(self._wait)

    async def kill_backend(self, chance: random.Random) -> int:
        """`kill -9` one of the servers' backends; PostgreSQL then ends all others, and recovers. Returns how many."""
        found = await self._ask(
            "SELECT array_agg(pid) FROM pg_stat_activity WHERE usename = $1", self._cluster.app.name
        )
        if not found:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
        return 1

    async def end_connections(self, which: str) -> int:
        """Have PostgreSQL end the application role's connections that match; returns their number."""
        ended = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1 AND ({which})"
        return int(await self._ask(ended, self._cluster.app.name))

    async def count_connections(self, which: str = "true") -> int:
        """How many connections of the application role match."""
        counted = f"SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND ({which})"
        return int(await self._ask(counted, self._cluster.app.name))

    async def count_events(self) -> int:
        """How many events all tenants have."""
        return int(await self._ask("SELECT sum(last_position) FROM tenant_clock"))

    async def _ask(self, sql: str, *values: Any) -> Any:
        """A value, asked for as superuser; again while the server recovers."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    connection = await asyncpg.connect(self.addresses.superuser, timeout=START_SECONDS)
                    try:
                        return await connection.fetchval(sql, *values)
                    finally:
                        connection.terminate()
                except LOST:
                    await asyncio.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._guard.stop()


@contextlib.contextmanager
def postgres(chance: random.Random) -> Iterator[Postgres]:
    """A migrated server, thrown away in the end."""
    home = places.closed_folder(Path(tempfile.mkdtemp(prefix="faults-")), places.service_account())
    try:
        made = Postgres(home, chance)
        try:
            made.make()
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_port(chance: random.Random) -> int:
    """A port that nobody listens on, and that no outgoing connection is given."""
    while True:
        port = chance.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
