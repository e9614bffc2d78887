"""Looks for processes that should be gone."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 60.0


def running(mark: str) -> list[str]:
    """Other command lines than ours in which a text stands: a folder that only the sought processes know."""
    return [line for number, line in command_lines() if mark in line and number != os.getpid()]


def command_lines() -> list[tuple[int, str]]:
    if not Path("/proc/self/cmdline").exists():
        listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True)
        return [(int(line.split()[0]), line) for line in listed.stdout.splitlines()]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it ended in this moment
                continue
            found.append((int(folder.name), line))
    return found


def in_session(session: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for number, line in command_lines():
        try:
            if line and os.getsid(number) == session:
                found.append(number)
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so; fails the test when that takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"not so after {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.05)
