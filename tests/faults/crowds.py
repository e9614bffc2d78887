"""The processes of a run that are no servers: clients that follow, and writers."""

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from db.core.settings import CHECKOUT
from tests.faults.world import World

ANSWER_SECONDS: Final = 900.0
END_SECONDS: Final = 300.0


class Crowd:
    """A process of clients."""

    def __init__(self, world: World, path: Path, number: int) -> None:
        self._log = (Path(world.folder) / "clients.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.followers", str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=CHECKOUT,
        )

    def tell(self, **order: Any) -> None:
        """Give an order. The pipe holds it while the process is frozen."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    async def finish(self, wanted: dict[int, int]) -> list[dict[str, Any]]:
        """Let every client come as far as wanted; what each was told."""
        assert self.process.stdout is not None
        await asyncio.to_thread(self.tell, finish=wanted)
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await asyncio.to_thread(self.process.stdout.readline)
        assert line, "a process of clients has ended"
        return read_told(Path(json.loads(line)["told"]))

    async def freeze(self, seconds: float) -> None:
        """Stop the process for a while: its sockets stay open, and nobody reads them."""
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            assert pipe is not None
            pipe.close()


class Writers:
    """The processes that write, and what they had acknowledged."""

    def __init__(self, world: World, path: Path, database_url: str, master_key: str) -> None:
        self._world, self._path = world, path
        self._log = (Path(world.folder) / "writers.log").open("ab")
        self._environment = {**os.environ, "DATABASE_URL": database_url, "MASTER_KEY": master_key}
        self._numbers = itertools.count(1)
        self._file = Path(world.folder) / "acknowledged.jsonl"
        self._running = [self._start() for _ in range(world.plan.writers)]
        self.wrong: list[str] = []

    def _start(self) -> subprocess.Popen[bytes]:
        number = next(self._numbers)
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writers", str(self._path), str(number), str(self._file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment,
            cwd=CHECKOUT,
        )

    async def ready(self) -> None:
        """Return when all write."""
        for process in self._running:
            assert process.stdout is not None
            if not process.stdout.closed:
                await asyncio.to_thread(process.stdout.readline)
                process.stdout.close()

    async def kill_one(self, chance: random.Random) -> None:
        """`kill -9` one amid its transactions, and start another."""
        await self.ready()
        process = self._running.pop(chance.randrange(len(self._running)))
        process.kill()
        await ended(process)
        self._running.append(self._start())

    async def stop(self) -> None:
        """Let all end what they have begun."""
        await self.ready()
        for process in self._running:
            assert process.stdin is not None
            process.stdin.close()
        codes = await asyncio.gather(*(ended(process) for process in self._running))
        if any(codes):
            said = (Path(self._world.folder) / "writers.log").read_text()[-2000:]
            self.wrong.append(f"the writers ended with codes {codes}: {said}")
        self._running.clear()

    def acknowledged(self) -> list[tuple[int, str, int, int]]:
        """The transactions that came to their end: tenant, key, position and number of events."""
        if not self._file.exists():
            return []
        return [tuple(json.loads(line)) for line in self._file.read_text().splitlines()]

    def close(self) -> None:
        """Kill whoever is left."""
        for process in self._running:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()
        self._log.close()


def read_told(path: Path) -> list[dict[str, Any]]:
    """What the clients of a process wrote down."""
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process's end; returns its code."""
    code = await asyncio.to_thread(process.wait, END_SECONDS)
    assert process.stdin is not None
    if not process.stdin.closed:
        process.stdin.close()
    return code
