"""The embedded PostgreSQL: it comes up in every condition it is left in, and never outlives its clients."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from db.core.embedded import EmbeddedPostgresError, embedded
from db.core.embedded.places import is_passable
from tests.house.processes import running, wait_until

CLIENT = """
import sys, time
from pathlib import Path
from db.core.embedded import embedded
with embedded("data", folder=Path(sys.argv[1]), is_ephemeral=sys.argv[2] == "ephemeral") as server:
    print(server.superuser_url, flush=True)
    time.sleep(600)
"""


@contextmanager
def client(folder: Path, kind: str = "durable") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that has the server open, and the server's address."""
    process = subprocess.Popen([sys.executable, "-c", CLIENT, str(folder), kind], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def gone(folder: Path) -> None:
    wait_until(lambda: not running(str(folder)), f"no process of {folder} is left")


def ask(url: str, sql: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def state(folder: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((folder / "data" / "state.json").read_text())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_no_process_is_left_when_its_only_client_is_ended(folder: Path, number: signal.Signals) -> None:
    with client(folder) as (process, _):
        assert running(f"-D {folder}")
        process.send_signal(number)
        process.wait(timeout=60)
        gone(folder)


def test_two_clients_share_one_server_and_the_last_one_ends_it(folder: Path) -> None:
    with client(folder) as (first, one), client(folder) as (second, two):
        assert one == two
        first.kill()
        first.wait()
        assert ask(two, "SELECT 1") == 1
        second.kill()
        second.wait()
        gone(folder)


def test_clients_that_start_at_once_get_one_server(folder: Path) -> None:
    command = [sys.executable, "-c", CLIENT, str(folder), "durable"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        addresses = {process.stdout.readline() for process in started if process.stdout}
        assert len(addresses) == 1
        # A process that PostgreSQL has just forked bears its command line for a moment.
        wait_until(lambda: len(running(f"-D {folder}")) == 1, "one server runs")
    finally:
        for process in started:
            process.kill()
            process.communicate()
    gone(folder)


def test_data_passwords_and_roles_outlive_a_restart(folder: Path) -> None:
    with embedded("data", folder=folder) as server:
        ask(server.owner_url, "CREATE TABLE kept AS SELECT 7 AS x")
    with embedded("data", folder=folder) as server:
        assert ask(server.owner_url, "SELECT x FROM kept") == 7
        assert ask(server.app_url, "SELECT current_user::text") == server.cluster.app.name


def test_an_ephemeral_server_leaves_no_file_behind(folder: Path) -> None:
    with client(folder, "ephemeral") as (process, _):
        assert list(folder.iterdir())
        process.kill()
        process.wait()
        wait_until(lambda: not list(folder.iterdir()), "the folder is empty")
        gone(folder)


def test_an_ephemeral_folder_whose_guard_was_killed_is_taken_away_by_the_next(folder: Path) -> None:
    with client(folder, "ephemeral") as (process, _):
        (home,) = folder.iterdir()
        os.kill(json.loads((home / "state.json").read_text())["guard"], signal.SIGKILL)
        process.kill()
        process.wait()
    gone(folder)  # PostgreSQL, which ends with its guard, still writes files while it does
    assert home.exists()
    with embedded("other", folder=folder, is_ephemeral=True):
        assert not home.exists()
    gone(folder)


def test_a_killed_guard_takes_postgresql_along_and_the_next_client_starts_anew(folder: Path) -> None:
    with client(folder):
        first = state(folder)
        os.kill(first["guard"], signal.SIGKILL)
        if sys.platform == "linux":
            gone_server = f"-D {folder}"
            wait_until(lambda: not running(gone_server), "PostgreSQL ended with its guard")
        with embedded("data", folder=folder) as server:
            assert state(folder)["postgres"] != first["postgres"]
            assert ask(server.superuser_url, "SELECT 1") == 1


def test_a_killed_postgresql_recovers_at_the_next_start(folder: Path) -> None:
    with client(folder) as (process, address):
        ask(address, "CREATE TABLE kept AS SELECT 7 AS x")
        os.kill(state(folder)["postgres"], signal.SIGKILL)
        wait_until(lambda: not (folder / "data" / "state.json").exists(), "the guard has noticed")
        with embedded("data", folder=folder) as server:
            assert ask(server.superuser_url, "SELECT x FROM kept") == 7
        process.kill()
    gone(folder)


def test_a_stale_pid_file_that_names_a_stranger_is_no_obstacle(folder: Path) -> None:
    with embedded("data", folder=folder):
        lines = (folder / "data" / "data" / "postmaster.pid").read_text().splitlines()
    gone(folder)
    pid_file = folder / "data" / "data" / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
    os.chown(pid_file, (folder / "data" / "data").stat().st_uid, -1)
    with embedded("data", folder=folder) as server:
        assert ask(server.superuser_url, "SELECT 1") == 1


def test_a_first_start_that_was_cut_short_is_begun_again(folder: Path) -> None:
    (folder / "data" / "data.new" / "base").mkdir(parents=True)
    (folder / "data" / "password").write_text("left")
    with embedded("data", folder=folder) as server:
        assert ask(server.superuser_url, "SELECT 1") == 1
    assert not (folder / "data" / "data.new").exists()
    assert not (folder / "data" / "password").exists()


def test_data_of_another_major_version_are_refused_and_kept(folder: Path) -> None:
    with embedded("data", folder=folder):
        pass
    gone(folder)
    version = folder / "data" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 17.*brings PostgreSQL 18"):
        embedded("data", folder=folder).open()
    assert version.read_text() == "17\n"


def test_data_without_their_passwords_are_refused_and_kept(folder: Path) -> None:
    with embedded("data", folder=folder):
        pass
    gone(folder)
    (folder / "data" / "secrets.json").unlink()
    with pytest.raises(EmbeddedPostgresError, match=r"secrets.json is missing"):
        embedded("data", folder=folder).open()
    assert (folder / "data" / "data" / "PG_VERSION").exists()


def test_a_path_too_long_for_a_socket_is_no_obstacle(folder: Path) -> None:
    deep = folder / ("a folder with blanks, ä and 'quotes' " * 4)
    deep.mkdir(mode=0o711)
    with embedded("data", folder=deep) as server:
        assert ask(server.app_url, "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with embedded("data", folder=folder):
        pass
    gone(folder)
    (folder / "data" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        embedded("data", folder=folder).open()
    gone(folder)


def test_folders_and_secrets_are_closed_to_others(folder: Path) -> None:
    with embedded("data", folder=folder) as server:
        home = server.home
        owner = home.stat().st_uid
        assert owner == os.geteuid()
        assert stat.S_IMODE(home.stat().st_mode) == (0o711 if owner == 0 else 0o700)
        assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700
        for name in ("secrets.json", "lock", "guard.lock", "state.json", "log"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a service account for PostgreSQL")
def test_as_root_postgresql_runs_as_the_service_account(folder: Path) -> None:
    with embedded("data", folder=folder) as server:
        assert server.account is not None
        process = Path(f"/proc/{state(folder)['postgres']}")
        assert process.stat().st_uid == server.account.user
        assert (folder / "data" / "data").stat().st_uid == server.account.user
        status = (process / "status").read_text()
        assert f"Gid:\t{server.account.group}\t{server.account.group}" in status
        assert "Groups:\t \n" in status or "Groups:\t\n" in status


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's folders are never out of its own reach")
def test_as_root_a_folder_out_of_the_accounts_reach_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match="may not pass through"):
        embedded("data", folder=closed).open()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all of these tests as one")
def test_an_ordinary_user_needs_no_service_account(folder: Path) -> None:
    if not all(is_passable(path) for path in (Path(sys.executable).resolve().parent, Path(asyncpg.__file__).parent)):
        pytest.skip("this interpreter is in a folder that other users may not enter")
    folder.chmod(0o777)
    program = CLIENT.replace("time.sleep(600)", "print(server.home.owner(), server.account)")
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), "durable"],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[1] == "nobody None"
    gone(folder)
