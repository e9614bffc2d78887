"""Everything starts here, with Python 3.11 or newer and nothing else.

    python3 run.py serve     start the server on http://127.0.0.1:8000, with a database and demo data
    python3 run.py test      every check that has an end: style, types, contracts, migrations, schema, tests
    python3 run.py prove     the long checks, by name
    python3 run.py bench     measure the server beside hand-written code and other servers
    python3 run.py worker    do what falls due: webhooks, what is kept no longer; each server does it too
    python3 run.py token     print an access token
    python3 run.py migrate   bring the database to the newest revision; --new TITLE drafts one
    python3 run.py seed      load demo data
    python3 run.py schema    print the GraphQL schema, or check it against schema.graphql
    python3 run.py settings  list the environment variables that are read

Each takes --help. The first start makes the folder .venv from requirements.lock (the tests add
requirements-test.lock); later starts use it as long as those files stay the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "made-from.json"
SERVING = "requirements.lock"
TESTING = "requirements-test.lock"
BENCHING = "requirements-bench.lock"
TEST_COMMANDS = frozenset({"test", "prove", "bench"})
OLDEST = (3, 11)
STRAYS = ("PYTHONHOME", "PYTHONSAFEPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return
    if sys.version_info < OLDEST:
        wanted = ".".join(str(part) for part in OLDEST)
        stop(f"This needs Python {wanted} or newer; {sys.executable} is {sys.version.split()[0]}.")
    signal.signal(signal.SIGTERM, terminated)
    locks = needed(arguments)
    if not is_made(locks):
        make(locks)
    os.chdir(ROOT)
    sys.stdout.flush()
    # The command takes over this process, so that signals reach it and not a parent of it.
    os.execve(PYTHON, [str(PYTHON), "-m", "gql", *arguments], environment())


def needed(arguments: list[str]) -> list[str]:
    """The locks that a command needs; drafting a migration also needs the formatter, benchmark and clients a Node."""
    is_drafting = any(word.partition("=")[0] == "--new" for word in arguments)
    locks = [SERVING, TESTING] if arguments[0] in TEST_COMMANDS or is_drafting else [SERVING]
    has_node = arguments[0] == "bench" or (arguments[0] == "prove" and "clients" in arguments)
    return [*locks, BENCHING] if has_node else locks


def environment() -> dict[str, str]:
    """Our environment without what would lead Python or pip elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in STRAYS}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "VIRTUAL_ENV": str(VENV)}


# --------------------------------------------------------------------------------------------- is it there?


def is_made(locks: list[str]) -> bool:
    """Whether .venv works and was made from these files as they are now. A linked .venv is somebody's own."""
    if VENV.is_symlink() and os.access(PYTHON, os.X_OK):
        return True
    made = stamp()
    return is_sound(made) and all(made.get(lock) == fingerprint(lock) for lock in locks)


def is_sound(made: dict[str, str]) -> bool:
    """Whether the interpreter is the one that .venv was made with, and not gone or replaced by an upgrade."""
    return os.access(PYTHON, os.X_OK) and made.get("python") == os.path.realpath(PYTHON)


def stamp() -> dict[str, str]:
    """What .venv was made from; it is written last, so a half-made one has none."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def fingerprint(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


# ------------------------------------------------------------------------------------------------- make it


def make(locks: list[str]) -> None:
    """Make .venv, or add what it lacks. Whoever starts at the same time waits here."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another start is making .venv; waiting for it ...")
            fcntl.flock(folder, fcntl.LOCK_EX)
        if not is_made(locks):
            build(locks, folder)
    except PermissionError as error:
        stop(f"{error.filename} cannot be written. Run as the user who owns {ROOT}, or remove {VENV}.")
    finally:
        os.close(folder)


def build(locks: list[str], held: int) -> None:
    """Install what is missing. pip inherits the lock's descriptor `held`, and keeps it if we are killed."""
    made = stamp()
    if not is_sound(made) or made.get(SERVING) != fingerprint(SERVING):
        if VENV.is_symlink():
            stop(f"{VENV} is a link to an environment that does not work. Remove the link.")
        if VENV.exists():
            say("Removing a .venv that is half made or out of date ...")
            shutil.rmtree(VENV)
        create(held)
        made = {"python": os.path.realpath(PYTHON)}
    missing = [lock for lock in locks if made.get(lock) != fingerprint(lock)]
    install(missing, held)
    made.update({lock: fingerprint(lock) for lock in missing})
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(made), encoding="utf-8")
    fresh.replace(STAMP)


def create(held: int) -> None:
    """An empty environment, with pip of its own where this Python brings one."""
    if importlib.util.find_spec("venv") is None:
        stop("This Python has no module venv. On Debian and Ubuntu: apt-get install python3-venv")
    options = [] if has_ensurepip() else ["--without-pip"]
    if options and importlib.util.find_spec("pip") is None:
        stop("This Python can neither bring nor run pip. On Debian and Ubuntu: apt-get install python3-venv")
    say(f"Making .venv for Python {sys.version.split()[0]} ...")
    code, output = run([sys.executable, "-m", "venv", *options, str(VENV)], held)
    if code != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(f"{output}\nThe environment could not be made. On Debian and Ubuntu: apt-get install python3-venv")


def has_ensurepip() -> bool:
    """Debian takes ensurepip, or the wheels that it installs, out into the package python3-venv."""
    if importlib.util.find_spec("ensurepip") is None:
        return False
    asked = [sys.executable, "-c", "import ensurepip; ensurepip.version()"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def install(locks: list[str], held: int) -> None:
    """Install the files' packages, each checked by its hash."""
    pip = [str(PYTHON), "-m", "pip"] if has_own_pip() else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    total = sum((ROOT / lock).read_text(encoding="utf-8").count("==") for lock in locks)
    say(f"Installing {' and '.join(locks)}: {total} packages, once ...")
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--require-hashes"]
    files = [part for lock in dict.fromkeys([SERVING, *locks]) for part in ("-r", str(ROOT / lock))]
    code, output = run([*pip, "install", *options, *files], held, total)
    if code != 0:
        stop(f"{output}\nThe packages could not be installed; the reason stands above. Start again to go on.")


def has_own_pip() -> bool:
    return subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def run(command: list[str], held: int, total: int = 0) -> tuple[int, str]:
    """Run a command to its end and return its code and last lines. With a total, pip's progress is shown."""
    collected = 0
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        pass_fds=[held],
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if total and line.startswith("Collecting "):
                    collected += 1
                    progress(f"  {min(collected, total)} of {total}: {line.split()[1].split('==')[0]}")
                elif total and line.startswith("Installing collected packages"):
                    progress("  unpacking ...")
        except BaseException:
            process.send_signal(signal.SIGINT)  # pip then takes its temporary folders away
            raise
    progress("")
    return process.returncode, "\n".join(lines[-25:])


# ------------------------------------------------------------------------------------------------- talk


def progress(line: str) -> None:
    """One line that the next one replaces; only where a person watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line[:100]}", end="", file=sys.stderr, flush=True)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def stop(line: str) -> NoReturn:
    say(line)
    raise SystemExit(1)


def terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("Interrupted.")
