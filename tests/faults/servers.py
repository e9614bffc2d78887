"""The server processes of a run: `serve` as it is started by anybody, killed and drained and started again."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from tests.faults.world import World
from tests.house.processes import in_session
from tests.house.servers import COMMAND, environment

READY_SECONDS: Final = 300.0
END_SECONDS: Final = 300.0


class Servers:
    """All servers of a run, each in a session of its own. The file of ports says which can be asked."""

    def __init__(self, world: World, app_url: str, master_key: str) -> None:
        self._world = world
        folder = Path(world.folder)
        self._log = (folder / "servers.log").open("ab")
        self._environment = environment(
            folder, DATABASE_URL=app_url, MASTER_KEY=master_key, LOG_LEVEL="warning", POOL_SIZE="8"
        )
        self.running: dict[int, subprocess.Popen[bytes]] = {}  # by port
        self.sessions: list[int] = []  # of all that ever ran

    async def start(self) -> None:
        """Start a server, and let the clients know when it is ready; again when PostgreSQL was away meanwhile."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                process = self._spawn()
                self.sessions.append(process.pid)
                port = await asyncio.to_thread(read_port, process)
                if port is not None:
                    self.running[port] = process
                    self._tell()
                    return

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, "serve", "--port=0", "--no-demo"],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment,
            start_new_session=True,
        )

    def _tell(self) -> None:
        fresh = self._world.ports.with_suffix(".new")
        fresh.write_text(json.dumps(list(self.running)))
        fresh.replace(self._world.ports)

    def take(self, port: int) -> subprocess.Popen[bytes]:
        """Take a server off the list of those that clients ask."""
        process = self.running.pop(port)
        self._tell()
        return process

    async def kill(self, port: int) -> None:
        """`kill -9`."""
        process = self.take(port)
        process.kill()
        await ended(process)

    async def drain(self, port: int) -> int:
        """SIGTERM, as a deploy does it; returns the exit code."""
        process = self.take(port)
        process.send_signal(signal.SIGTERM)
        return await ended(process)

    async def stop(self) -> list[int]:
        """End all in good order; returns their exit codes."""
        return list(await asyncio.gather(*(self.drain(port) for port in list(self.running))))

    def leaked(self) -> list[int]:
        """The processes of servers that are over."""
        return [process for session in self.sessions for process in in_session(session)]

    def close(self) -> None:
        """Kill whatever is left."""
        for process in self.leaked():
            os.kill(process, signal.SIGKILL)
        self._log.close()


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process's end; returns its code."""
    code = await asyncio.to_thread(process.wait, END_SECONDS)
    assert process.stdout is not None
    process.stdout.close()
    return code


def read_port(process: subprocess.Popen[bytes]) -> int | None:
    """The port, once the server has said that it is ready; None when it ended instead."""
    assert process.stdout is not None
    port = None
    for line in process.stdout:
        if line.startswith(b"GraphQL  http://127.0.0.1:"):
            port = int(line.rpartition(b":")[2].partition(b"/")[0])
        if line.startswith(b"Ctrl-C"):
            return port
    process.wait()
    process.stdout.close()
    return None
