"""Servers as a person starts them: `run.py serve` in a process of its own, and other commands beside it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from db.core.settings import CHECKOUT

COMMAND = [sys.executable, "-m", "gql"]  # what run.py ends in; run.py itself might make a .venv


@dataclass(frozen=True)
class Served:
    """A server that has said that it is ready."""

    process: subprocess.Popen[str]
    folder: Path
    printed: str

    @cached_property
    def base(self) -> str:
        """Its address."""
        found = re.search(r"http://127\.0\.0\.1:\d+", self.printed)
        assert found is not None, self.printed
        return found[0]

    @cached_property
    def token(self) -> str:
        """What `run.py token` prints."""
        done = run(self.folder, "token")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def post(self, query: str, variables: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        """The answer to an operation, of the demo tenant's administrator unless another token is given."""
        request = urllib.request.Request(
            f"{self.base}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token or self.token}"},
        )
        with urllib.request.urlopen(request) as response:
            answer: dict[str, Any] = json.load(response)
            return answer


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A bare environment: no HOME, no LANG, no settings."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "DATA_DIR": str(folder), **more}


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """A server on a free port in a session of its own, once it is ready; it is killed in the end."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port=0", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env=environment(folder),
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout is not None
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith("Ctrl-C"):
                    break
            yield Served(process, folder, "".join(printed))
        finally:
            process.kill()


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Another command, on the same folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=environment(folder, **more),
        check=False,
        timeout=300,
    )


def paste(served: Served, text: str) -> str:
    """Run a line as a person pastes it into a shell in the checkout, and return what it prints."""
    for program in (f"python3 {CHECKOUT / 'run.py'}", "python3 run.py"):
        text = text.replace(program, " ".join(COMMAND))
    done = subprocess.run(
        ["bash", "-c", text],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env=environment(served.folder),
        timeout=300,
    )
    return done.stdout
