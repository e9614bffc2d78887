"""What the tests of the house share."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house.servers import Served, serving


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Processes that tests start hear SIGINT, also when a shell runs the tests in its background and ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the service account may pass through; pytest's own are closed to it when we are root."""
    with passable_folder() as made:
        yield made


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server with demo data, which all tests of a worker share."""
    with passable_folder() as made, serving(made) as server:
        yield server


@contextmanager
def passable_folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="customer-graph-house-"))
    if os.geteuid() == 0:
        made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)
