"""Workers in processes of their own: `run.py worker`, killed outright, and what of it a receiver notices."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from db.core.cluster import Addresses
from db.core.settings import CHECKOUT
from tests.support.client import Client
from tests.support.store import START
from tests.webhooks.receiver import HOLD, Receiver
from tests.webhooks.support import deliveries, follow, happen


@pytest.fixture
def clock_file() -> Iterator[Path]:
    """What time it is for the processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "now"
        path.write_text(START.isoformat())
        yield path


def set_clock(path: Path, since: timedelta) -> None:
    """Let it be that long after the start, for all at once."""
    draft = path.with_suffix(".new")
    draft.write_text((START + since).isoformat())
    draft.replace(path)


@contextmanager
def working(addresses: Addresses, clock_file: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, or another command; it is killed in the end."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "DATABASE_URL": addresses.app,
        "MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
        "CLOCK_FILE": str(clock_file),
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_TIMEOUT_SECONDS": "30",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "gql", *(command or ("worker",))],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_what_a_killed_worker_was_sending_another_sends_again_under_the_same_id(
    database_urls: Addresses, client: Client, receiver: Receiver, clock_file: Path
) -> None:
    _, secret = await follow(client, receiver.url)
    positions = await happen(client, 4)
    receiver.answers = [200, HOLD]
    with working(database_urls, clock_file) as first:
        await receiver.until(2, 120)  # the second delivery is under way, and never answered
        first.kill()
    with working(database_urls, clock_file) as second:
        set_clock(clock_file, timedelta(seconds=59))
        await happen(client)  # wakes it; the lease of the dead one still holds
        set_clock(clock_file, timedelta(seconds=61))
        await receiver.until(6, 120)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait, 60) == 0
    assert receiver.positions[:2] == positions[:2]
    assert receiver.positions[2:6] == positions[1:] + receiver.positions[5:6]
    assert receiver.received[1].id == receiver.received[2].id
    assert receiver.received[1].body == receiver.received[2].body
    assert len(set(receiver.positions)) == 5
    assert all(each.is_genuine(secret) for each in receiver.received)
    assert {each["status"] for each in await deliveries(client)} == {"DELIVERED"}


async def test_a_server_works_too_and_ends_in_good_order(
    database_urls: Addresses, client: Client, receiver: Receiver, clock_file: Path
) -> None:
    await follow(client, receiver.url)
    with working(database_urls, clock_file, "serve", "--port=0", "--no-demo", "--workers=2") as server:
        positions = await happen(client, 5)
        await receiver.until(5, 120)
        server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait, 60) == 0
    assert receiver.positions == positions
