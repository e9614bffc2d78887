"""What all tests share: one server per run, one template built by the migrations, one database per worker.

TEST_DATABASE_URL, the address of a superuser, names another server to test on; without it an embedded
PostgreSQL is started and thrown away at the end. On either, the last worker leaves nothing behind.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from db.core.cluster import Addresses, Cluster, Credentials
from db.core.embedded import embedded
from db.core.embedded.locks import became_exclusive, exclusive, hold_shared
from db.core.prepare import prepare
from db.core.roles import CLOCK

pytest_plugins = [f"tests.support.{name}" for name in ("fixtures", "wholeness", "fallbacks", "telling")]


# `test` must say the same of the same tree on any machine; `prove properties` looks further, differently each time.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("search", parent=settings.get_profile("same"), derandomize=False, max_examples=1_000)
settings.load_profile(os.environ.get("PROPERTIES", "same"))
if settings.get_current_profile_name() == "same":
    # It also draws the constants of all modules that happen to be imported: which tests ran before would count.
    providers._get_local_constants = Constants

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"  # whom tests ask is on this machine, whatever stands around it


@dataclass(frozen=True)
class SharedServer:
    """The server of this run, the prefix of its databases' names, and a folder that all workers share."""

    cluster: Cluster
    prefix: str
    folder: Path


@pytest.fixture(scope="session")
def test_server(testrun_uid: str) -> Iterator[SharedServer]:
    """The server that all workers of this run use."""
    name = f"test-{hashlib.sha256(testrun_uid.encode()).hexdigest()[:10]}"
    elsewhere = os.environ.get("TEST_DATABASE_URL")
    if elsewhere:
        with borrowed_server(elsewhere, name) as server:
            yield server
    else:
        with embedded(name, is_ephemeral=True) as own:
            yield SharedServer(own.cluster, "test", own.home)


@pytest.fixture(scope="session")
def template(test_server: SharedServer) -> str:
    """The name of a migrated database without rows; the first worker of a run makes it."""
    name = f"{test_server.prefix}_template"
    done = test_server.folder / "template.done"
    with exclusive(test_server.folder / "template.lock"):
        if not done.exists():
            addresses = test_server.cluster.create_database(name)
            prepare(addresses.owner, addresses.app)
            done.touch()
    return name


@pytest.fixture(scope="session")
def database_urls(test_server: SharedServer, template: str, worker_id: str) -> Iterator[Addresses]:
    """The addresses of this worker's own migrated database, as owner, application role and superuser."""
    name = f"{test_server.prefix}_{worker_id}"
    yield test_server.cluster.create_database(name, template)
    test_server.cluster.drop_database(name)


@pytest.fixture
def new_database(test_server: SharedServer) -> Iterator[Callable[..., Addresses]]:
    """Makes databases for one test: `new_database()` an empty, `new_database(template)` a migrated one."""
    made: list[str] = []

    def make(template: str | None = None) -> Addresses:
        made.append(f"{test_server.prefix}_{secrets.token_hex(4)}")
        return test_server.cluster.create_database(made[-1], template)

    yield make
    for name in made:
        test_server.cluster.drop_database(name)


@contextmanager
def borrowed_server(superuser_url: str, name: str) -> Iterator[SharedServer]:
    """A server that is there already, and two roles for this run; the last worker drops what the run made."""
    folder = Path(tempfile.gettempdir()) / f"customer-graph-borrowed-{os.geteuid()}-{name}"

    def lock_file() -> Path:
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / "workers"

    lock = hold_shared(lock_file)
    prefix = name.replace("-", "_")
    password = hashlib.sha256(name.encode()).hexdigest()  # the same for every worker; the roles live for one run
    cluster = Cluster(superuser_url, Credentials(f"{prefix}_owner", password), Credentials(f"{prefix}_app", password))
    try:
        with exclusive(folder / "roles.lock"):
            cluster.create_roles()
        yield SharedServer(cluster, prefix, folder)
        if became_exclusive(lock):
            cluster.drop_database(f"{prefix}_template")
            cluster.drop_roles()
            cluster.drop_role_unless_used(CLOCK)
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
    finally:
        os.close(lock)
