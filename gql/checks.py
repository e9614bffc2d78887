"""Runs the project's checks: all that have an end by `test`, the long ones by name with `prove`."""

import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import asyncpg

from db.core.cluster import blocking
from db.core.settings import CHECKOUT
from gql.commands import Misconfigured, say, show
from gql.settings import settings_table

PYTHON = sys.executable
PYTEST = [PYTHON, "-m", "pytest"]
WORKERS = ["-n", "2"]
MIGRATIONS = "tests/house/test_migrations.py"
EMBEDDED = "tests/house/test_embedded.py"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"


@dataclass(frozen=True)
class Step:
    """One check: its heading and the command that fails with a code other than 0."""

    title: str
    command: list[str]


STEPS = (
    Step("style (ruff check)", [PYTHON, "-m", "ruff", "check", "."]),
    Step("layout (ruff format --check)", [PYTHON, "-m", "ruff", "format", "--check", "."]),
    Step("types (mypy --strict)", [PYTHON, "-m", "mypy"]),
    Step("import contracts (import-linter)", [PYTHON, "-c", LINT_IMPORTS, "--no-logo"]),
    Step("migrations up and down", [*PYTEST, "-q", MIGRATIONS]),
    Step("schema", [PYTHON, "-m", "gql", "schema", "check"]),
    Step("tests (pytest)", [*PYTEST, *WORKERS, "--ignore", MIGRATIONS]),
)


def test(arguments: list[str]) -> int:
    """Run every check, also after a failure, and sum up. With arguments only pytest runs, with them."""
    if arguments:
        return run([*PYTEST, *arguments])
    began = time.monotonic()
    failed = []
    for step in STEPS:
        show(f"\n=== {step.title}")
        started = time.monotonic()
        code = run(step.command)
        took = time.monotonic() - started
        show(f"--- {step.title}: {f'FAILED (code {code})' if code else 'passed'} in {took:.1f} s")
        if code:
            failed.append(step.title)
    took = time.monotonic() - began
    if failed:
        show(f"\nFAILED in {took:.0f} s: {len(failed)} of {len(STEPS)} checks: {', '.join(failed)}")
        return 1
    show(f"\nPassed in {took:.0f} s: all {len(STEPS)} checks.")
    return 0


def prove(arguments: list[str]) -> int:
    """Run long checks by name; from the first dash on, arguments go to pytest. Without a name, list them."""
    names = list(takewhile(lambda word: not word.startswith("-"), arguments))
    passed_on = arguments[len(names) :]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise Misconfigured(f"There is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}.")
    if not names:
        show("\n".join(f"{name:14} {part.__doc__}" for name, part in PARTS.items()))
        return 0
    codes = {name: PARTS[name](passed_on) for name in names}
    for name, code in codes.items():
        show(f"{name}: {f'FAILED (code {code})' if code else 'passed'}")
    return 1 if any(codes.values()) else 0


def postgres15(arguments: list[str]) -> int:
    """The tests on PostgreSQL 15: TEST_DATABASE_URL, or this user as superuser on 127.0.0.1:5432."""
    url = os.environ.get("TEST_DATABASE_URL") or f"postgresql://{getpass.getuser()}@127.0.0.1:5432/postgres"
    blocking(refuse_unless(url, major=15))
    return run([*PYTEST, *WORKERS, "--ignore", EMBEDDED, *arguments], environment={"TEST_DATABASE_URL": url})


async def refuse_unless(url: str, *, major: int) -> None:
    """Raise Misconfigured unless a superuser answers at the address, on that major version."""
    wanted = f"Set TEST_DATABASE_URL to a superuser's address of a PostgreSQL {major} that may be used for tests"
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        place = url.rpartition("@")[2]
        raise Misconfigured(f"No PostgreSQL answers at {place}: {error}. {wanted}.") from error
    try:
        found = connection.get_server_version().major
        is_superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    finally:
        await connection.close()
    if found != major or not is_superuser:
        what = f"PostgreSQL {found}" if found != major else "not a superuser's"
        raise Misconfigured(f"The server at {url.rpartition('@')[2]} is {what}. {wanted}.")


def executors(arguments: list[str]) -> int:
    """Tens of thousands of made-up operations, planned and on graphql-core; EXECUTOR_CASES sets how many [20000]."""
    cases = os.environ.get("EXECUTOR_CASES", "20000")
    command = [*PYTEST, *WORKERS, "-s", "tests/execution/test_both_executors.py", *arguments]
    return run(command, environment={"EXECUTOR_CASES": cases})


def documents(arguments: list[str]) -> int:
    """The memory of a process that is sent a hundred thousand different documents; DOCUMENTS sets how many."""
    many = os.environ.get("DOCUMENTS", "100000")
    command = [*PYTEST, "-s", "tests/execution/test_documents_memory.py", *arguments]
    return run(command, environment={"DOCUMENTS": many})


def pages(arguments: list[str]) -> int:
    """Pages of lists with a million rows: out of an index, at any depth; INDEX_ROWS sets how many."""
    rows = os.environ.get("INDEX_ROWS", "1000000")
    return run([*PYTEST, "-s", "tests/execution/test_indexes.py", *arguments], environment={"INDEX_ROWS": rows})


def faults(arguments: list[str]) -> int:
    """Subscriptions while everything breaks: 100,000 events, 1,000 clients; FAULT_EVENTS, _CLIENTS, _SECONDS [480]."""
    sizes = {"FAULT_EVENTS": "100000", "FAULT_CLIENTS": "1000", "FAULT_SECONDS": "480"}
    command = [*PYTEST, "-s", "tests/faults", *arguments]
    return run(command, environment={name: os.environ.get(name, size) for name, size in sizes.items()})


def properties(arguments: list[str]) -> int:
    """The property tests with examples that are new each time, and more of them."""
    return run([*PYTEST, *WORKERS, "-m", "hypothesis", *arguments], environment={"PROPERTIES": "search"})


def redis(arguments: list[str]) -> int:
    """The hints of new events over a real Redis: TEST_REDIS_URL, or the one on 127.0.0.1:6379."""
    url = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/0"
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "127.0.0.1", place.port or 6379), timeout=5).close()
    except OSError as error:
        where = f"{place.hostname}:{place.port or 6379}"
        raise Misconfigured(f"No Redis answers at {where}: {error}. Set TEST_REDIS_URL.") from error
    return run([*PYTEST, "tests/subscriptions/test_redis_wakeups.py", *arguments], environment={"TEST_REDIS_URL": url})


def clients(arguments: list[str]) -> int:
    """The npm packages graphql-ws, graphql-sse and @apollo/client against two servers, one of which goes down."""
    return run([PYTHON, "-m", "tests.clients.prove", *arguments])


PARTS: dict[str, Callable[[list[str]], int]] = {
    "executors": executors,
    "documents": documents,
    "pages": pages,
    "postgres15": postgres15,
    "properties": properties,
    "redis": redis,
    "clients": clients,
    "faults": faults,
}


def run(command: list[str], environment: dict[str, str] | None = None) -> int:
    """Run a command in the checkout without the settings of a server in its environment; returns its code."""
    own = {name for name, _, _ in settings_table()}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    before = signal.signal(signal.SIGTERM, terminated)
    process = subprocess.Popen(command, cwd=CHECKOUT, env={**kept, **(environment or {})})
    try:
        return process.wait()
    except KeyboardInterrupt:
        say("Interrupted.")
        process.wait(30)  # the terminal told it, too
        raise SystemExit(130) from None
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        signal.signal(signal.SIGTERM, before)


def terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)
