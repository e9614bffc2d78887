"""run.py: it makes .venv once, notices when it must be made again, and hands over to the command line."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import typer.main

from db.core.settings import CHECKOUT
from gql.cli import app

COMMAND = """
import os, sys
print(sys.argv[1:], sys.prefix, os.getppid())
"""

Load = Callable[[Path], ModuleType]


@pytest.fixture
def load() -> Load:
    """Loads the run.py of a folder as a module, so that its paths are those of the folder."""

    def from_folder(folder: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location("run_py", folder / "run.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return from_folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose locks ask for nothing, and whose command line prints what it was given."""
    folder = tmp_path / "a check out"
    (folder / "gql").mkdir(parents=True)
    (folder / "gql" / "__init__.py").touch()
    (folder / "gql" / "__main__.py").write_text(COMMAND)
    shutil.copy(CHECKOUT / "run.py", folder)
    for lock in ("requirements.lock", "requirements-test.lock"):
        (folder / lock).write_text("# nothing\n")
    return folder


def pretend_made(run: ModuleType, *locks: str) -> None:
    """A .venv as run.py leaves it, without installing anything."""
    run.PYTHON.parent.mkdir(parents=True)
    run.PYTHON.symlink_to(sys.executable)
    made = {"python": os.path.realpath(run.PYTHON), **{lock: run.fingerprint(lock) for lock in locks}}
    run.STAMP.write_text(json.dumps(made))


def test_venv_is_made_once_for_all_who_start_at_the_same_time(checkout: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, checkout / "run.py", "serve", f"--port={number}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": "/nowhere"},  # no HOME, no LANG
        )
        for number in range(2)
    ]
    ends = [(process.communicate(timeout=300), process) for process in started]
    for number, ((output, errors), process) in enumerate(ends):
        assert process.returncode == 0, errors
        assert output.startswith(f"['serve', '--port={number}'] {checkout / '.venv'}")
        assert output.split()[-1] == str(os.getpid())  # it took over the process that we started
    made = [errors for (_, errors), _ in ends if "Making .venv" in errors]
    assert len(made) == 1

    again = subprocess.run([sys.executable, checkout / "run.py", "x"], capture_output=True, text=True, check=True)
    assert again.stderr == ""


def test_help_makes_nothing(checkout: Path) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        done = subprocess.run(
            [sys.executable, checkout / "run.py", *arguments], capture_output=True, text=True, check=True
        )
        assert "run.py serve" in done.stdout
    assert not (checkout / ".venv").exists()


def test_help_names_every_command_of_the_command_line() -> None:
    named = re.findall(r"python3 run\.py (\w+)", (CHECKOUT / "run.py").read_text())
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    assert set(named) == set(command.commands)


def test_a_venv_is_made_anew_when_a_lock_changes_or_the_interpreter_is_gone(checkout: Path, load: Load) -> None:
    run = load(checkout)
    assert not run.is_made([run.SERVING])
    pretend_made(run, run.SERVING)
    assert run.is_made([run.SERVING])
    (checkout / run.SERVING).write_text("# something else\n")
    assert not run.is_made([run.SERVING])
    (checkout / run.SERVING).write_text("# nothing\n")
    assert run.is_made([run.SERVING])
    run.PYTHON.unlink()
    assert not run.is_made([run.SERVING])


def test_a_half_made_venv_has_no_stamp_and_is_not_used(checkout: Path, load: Load) -> None:
    run = load(checkout)
    pretend_made(run, run.SERVING)
    for broken in ("", "{", "[]", '"text"', '{"python": "/gone"}'):
        run.STAMP.write_text(broken)
        assert not run.is_made([run.SERVING])
    run.STAMP.unlink()
    assert not run.is_made([run.SERVING])


def test_serving_does_not_wait_for_what_only_the_tests_need(checkout: Path, load: Load) -> None:
    run = load(checkout)
    pretend_made(run, run.SERVING)
    assert run.is_made([run.SERVING])
    assert not run.is_made([run.SERVING, run.TESTING])


def test_drafting_a_migration_also_takes_the_formatter_of_the_tests(checkout: Path, load: Load) -> None:
    run = load(checkout)
    assert run.needed(["migrate"]) == run.needed(["serve", "--workers=2"]) == [run.SERVING]
    for arguments in (["test"], ["migrate", "--new", "add widgets"], ["migrate", "--new=add widgets"]):
        assert run.needed(arguments) == [run.SERVING, run.TESTING]


def test_a_linked_venv_is_used_as_it_is_and_never_removed(checkout: Path, load: Load) -> None:
    own = checkout / "own" / "bin"
    own.mkdir(parents=True)
    (own / "python").symlink_to(sys.executable)
    (checkout / ".venv").symlink_to(checkout / "own")
    run = load(checkout)
    assert run.is_made([run.SERVING, run.TESTING])
    (own / "python").unlink()
    assert not run.is_made([run.SERVING])
    with pytest.raises(SystemExit):
        run.make([run.SERVING])
    assert (checkout / "own").is_dir()


def test_an_old_python_is_told_which_one_is_needed(
    checkout: Path, load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load(checkout)
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(sys, "argv", ["run.py", "serve"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_a_python_without_pip_is_told_what_to_install(
    checkout: Path, load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load(checkout)
    real = importlib.util.find_spec
    missing = {"ensurepip", "pip"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in missing else real(name, *more))
    with pytest.raises(SystemExit):
        run.make([run.SERVING])
    assert "apt-get install python3-venv" in capsys.readouterr().err
    assert not (checkout / ".venv").exists()


def test_nothing_in_the_environment_leads_python_or_pip_elsewhere(
    checkout: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load(checkout)
    for name in (*run.STRAYS, "PYTHONPATH"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("DATABASE_URL", "kept")
    made = run.environment()
    assert not set(run.STRAYS) & set(made)
    assert made["PYTHONPATH"] == str(checkout)
    assert made["DATABASE_URL"] == "kept"


def test_the_locks_hold_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        text = (CHECKOUT / name).read_text()
        assert not re.search(r"https?:|\bfile:|--index|--find-links|--extra|--trusted", text), name
        pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.MULTILINE)
        assert len(pins) == len(set(pins)) == len(re.findall(r"==.* \\\n    --hash=sha256:[0-9a-f]{64}", text)), name
