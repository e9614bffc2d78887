"""Migrations by Alembic's own API: no ini file, and one place that says where the revisions are."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).resolve().parents[1] / "migrations"
STAMP = "%Y_%m_%d_%H%M"  # a revision's name; its file has dashes for underscores
REVISION = '''"""{title}."""

{imports}

from db.core import ddl

revision = "{revision}"
down_revision = "{parent}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    ddl.begin()
{upgrade}


def downgrade() -> None:
    """Undo."""
    ddl.begin()
{downgrade}
'''


def config(url: str | None = None) -> Config:
    """Alembic's configuration; `db/migrations/env.py` finds the address as `config.attributes["url"]`."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    if url is not None:
        made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database of the owner's address to a revision. Blocks; works within a running event loop."""
    _in_thread(command.upgrade, url, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision; `base` leaves nothing but Alembic's own table."""
    _in_thread(command.downgrade, url, revision)


def _in_thread(run: Callable[[Config, str], None], url: str, revision: str) -> None:
    """`db/migrations/env.py` starts an event loop, and a thread can have only one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(run, config(url), revision).result()


def head() -> str:
    """The newest revision of this checkout. Raises when the revisions have several ends."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if newest is None:
        raise LookupError(f"There are no revisions in {FOLDER / 'versions'}.")
    return newest


def add(title: str, now: datetime, upgrade: Sequence[str], downgrade: Sequence[str]) -> Path:
    """Write a revision that follows the newest, dated now, or a minute after that one if the clock is behind it."""
    parent = head()
    earliest = datetime.strptime(parent, STAMP).replace(tzinfo=UTC) + timedelta(minutes=1)
    revision = max(now, earliest).strftime(STAMP)
    words = "_".join(re.findall(r"[a-z0-9]+", title.lower()))[:60]
    body = "\n".join([*upgrade, *downgrade])
    needed = ["import sqlalchemy as sa"] if "sa." in body else []
    needed += ["from alembic import op"] if "op." in body else []
    needed += ["from sqlalchemy.dialects import postgresql"] if "postgresql." in body else []
    path = FOLDER / "versions" / f"{revision.replace('_', '-')}_{words}.py"
    path.write_text(
        REVISION.format(
            title=title[0].upper() + title[1:].rstrip("."),
            imports="\n".join(needed),
            revision=revision,
            parent=parent,
            upgrade="\n".join(indented(upgrade)),
            downgrade="\n".join(indented(downgrade)),
        ),
        encoding="utf-8",
    )
    return path


def indented(statements: Sequence[str]) -> list[str]:
    """Statements, which may run over lines, within a function."""
    return [f"    {line}" if line else line for statement in statements for line in statement.splitlines()]
