"""The guard of one embedded PostgreSQL: a detached process that starts it and stops it after its last client.

It is run as a script by `python -I -S`, so it imports the standard library alone. Clients hold the file
`lock` shared for as long as they live. The guard, once PostgreSQL answers, waits for that lock exclusively:
the kernel grants it when the last client is gone, however it died. The guard then stops PostgreSQL, and only
after that lets the lock go.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

STARTS = 3
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOG_BYTES = 8_000_000
PR_SET_PDEATHSIG = 1


class StoppedError(Exception):
    """PostgreSQL ended by itself, or somebody asked the guard to end."""


class Guard:
    """What the client passed, as `EmbeddedServer._launch` writes it, and the process that is guarded."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.home = Path(order["home"])
        self.data = Path(order["data"])
        self.programs = Path(order["programs"])
        self.account: tuple[int, int] | None = tuple(order["account"]) if order["account"] else None
        self.initdb: list[str] = order["initdb"]
        self.options: dict[str, str] = order["options"]
        self.is_ephemeral: bool = order["is_ephemeral"]
        self.log = self.home / "log"
        self.postgres: subprocess.Popen[bytes] | None = None

    # ------------------------------------------------------------------------------------------------ start

    def start(self) -> int:
        """Make the data folder when there is none, start PostgreSQL, and return its port once it answers."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        if not (self.data / "PG_VERSION").exists():
            self.make_data()
        clear_leftover(self.data)
        began = 0
        for _attempt in range(STARTS):
            began = self.log.stat().st_size if self.log.exists() else 0
            port = free_port()
            self.postgres = self.run_postgres(port)
            if self.is_answering(port):
                return port
            self.stop()
            time.sleep(1)  # a port taken in between, or backends of a killed server on their way out
        with self.log.open("rb") as file:
            file.seek(began)
            said = file.read()[-1500:].decode(errors="replace").strip()
        raise RuntimeError(f"PostgreSQL does not start: {said}")

    def make_data(self) -> None:
        """Run initdb in a folder that is renamed at the end: a broken run leaves no half-made data."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secrets = json.loads((self.home / "secrets.json").read_text())
        password = self.home / "password"
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets["superuser"])
        try:
            if self.account:
                os.chown(fresh, *self.account)
                os.chown(password, *self.account)
            command = [str(self.programs / "initdb"), *self.initdb, f"--pwfile={password}", "-D", str(fresh)]
            done = self.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            text = done.communicate()[0].decode(errors="replace")
        finally:
            password.unlink(missing_ok=True)
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise RuntimeError(f"initdb failed: {text.strip()[-1500:]}")
        fresh.rename(self.data)

    def run_postgres(self, port: int) -> subprocess.Popen[bytes]:
        """Start the postmaster, bound to the guard's life where the kernel offers that."""
        settings = {**self.options, "port": str(port)}
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return self.run(command, stdout=descriptor, stderr=descriptor)
        finally:
            os.close(descriptor)

    def run(self, command: list[str], *, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """One of PostgreSQL's programs as the service account, with a small environment of its own."""
        user, group = self.account or (None, None)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=user,
            group=group,
            extra_groups=[] if self.account else None,
            umask=0o077,
            preexec_fn=die_with_parent(),
        )

    def is_answering(self, port: int) -> bool:
        """Wait until the postmaster has written that it is ready; false when it ended or takes too long."""
        assert self.postgres is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.postgres.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                said = [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
                if (said[0], said[3], said[7]) == (str(self.postgres.pid), str(port), "ready"):
                    return True
            time.sleep(0.01)
        return False

    # ------------------------------------------------------------------------------------------------- stop

    def stop(self) -> None:
        """Stop PostgreSQL: orderly when the data are kept, at once when they are thrown away."""
        if self.postgres is None:
            return
        first = signal.SIGQUIT if self.is_ephemeral else signal.SIGINT
        for number, seconds in ((first, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if self.postgres.poll() is not None:
                return
            self.postgres.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.postgres.wait(seconds)

    def clean(self) -> None:
        """Take back what described the running server, and everything of one that is thrown away."""
        (self.home / "state.json").unlink(missing_ok=True)
        if self.is_ephemeral:
            shutil.rmtree(self.home, ignore_errors=True)


def die_with_parent() -> Callable[[], None] | None:
    """What a child calls between fork and exec, to be told to stop when the guard is killed; Linux only."""
    if sys.platform != "linux":
        return None  # elsewhere the next start stops what a killed guard left behind
    import ctypes

    prctl = ctypes.CDLL(None).prctl  # found before the fork: little may be done after it
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clear_leftover(data: Path) -> None:
    """Stop a postmaster that runs on these data without a guard; drop a pid file that names a stranger."""
    try:
        number = int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    if is_postmaster(number, data):
        for code in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, code)
            until = time.monotonic() + 10
            while time.monotonic() < until and is_postmaster(number, data):
                time.sleep(0.05)
    if not is_postmaster(number, data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def is_postmaster(number: int, data: Path) -> bool:
    """Whether that process is the postmaster of these data, and not one that was given its number later."""
    try:
        line = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return False
        asked = ["ps", "-o", "command=", "-p", str(number)]
        line = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return f"-D {data} " in f"{line} "


# ----------------------------------------------------------------------------------------------- the process


def lock(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def stopped(_number: int, _frame: FrameType | None) -> NoReturn:
    raise StoppedError


def child_ended(guard: Guard) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        if guard.postgres is not None and guard.postgres.poll() is not None:
            raise StoppedError

    return handle


def tell(line: str) -> None:
    """One line for the client that waits; it may have gone in the meantime."""
    with contextlib.suppress(OSError):
        os.write(1, line.encode() + b"\n")


def watch(guard: Guard) -> None:
    """Start, tell the client, wait until the last client is gone, stop. It ends when PostgreSQL does, too."""
    clients = -1
    try:
        port = guard.start()
        postgres = guard.postgres.pid if guard.postgres else None
        state = {"port": port, "guard": os.getpid(), "postgres": postgres}
        written = guard.home / "state.json.new"
        written.write_text(json.dumps(state))
        written.replace(guard.home / "state.json")
        tell("ready")
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)
        signal.signal(signal.SIGCHLD, child_ended(guard))
        child_ended(guard)(0, None)
        clients = lock(guard.home / "lock", fcntl.LOCK_EX)
    except StoppedError:
        tell("PostgreSQL was stopped while it started")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        tell(str(error))
    finally:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
        guard.stop()
        if clients >= 0:
            guard.clean()
        else:
            (guard.home / "state.json").unlink(missing_ok=True)


def main() -> None:
    guard = Guard(json.loads(sys.argv[1]))
    if os.fork():
        os._exit(0)  # the client waits for this process only, so that no zombie is ever its own
    os.setsid()
    os.umask(0o077)
    os.chdir("/")
    try:
        own = lock(guard.home / "guard.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        tell("busy")
        return
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)
    try:
        watch(guard)
    finally:
        os.close(own)  # before the clients' lock, which goes with the process: whoever gets that finds no guard


if __name__ == "__main__":
    main()
