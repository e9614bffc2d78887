"""The migrations: each goes up and down, and all of them together make exactly what the rows declare."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.all import metadata
from db.core import inventory, migrate, prepare
from db.core.cluster import Addresses, blocking

MakeDatabase = Callable[..., Addresses]


def inspect(url: str, look: Callable[[Connection], Any]) -> Any:
    """What a function sees on one connection."""
    found: list[Any] = []

    async def run() -> None:
        async with prepare.connected(url, "the test database") as connection:
            found.append(await connection.run_sync(look))

    blocking(run())
    return found[0]


def objects(url: str) -> list[str]:
    found: list[str] = inspect(url, inventory.objects)
    return found


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    scripts = ScriptDirectory.from_config(migrate.config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_the_revisions_form_one_line_with_dated_names() -> None:
    scripts = list(ScriptDirectory.from_config(migrate.config()).walk_revisions())
    assert sum(script.is_head for script in scripts) == 1
    assert not any(script.is_merge_point for script in scripts)
    names = [script.path.rpartition("/")[2] for script in reversed(scripts)]
    assert names == sorted(names)


@pytest.mark.usefixtures("template")  # making it also makes the clock's role, once for the whole server
def test_each_revision_goes_up_down_and_up_again_to_the_same(new_database: MakeDatabase) -> None:
    url = new_database().owner
    before = objects(url)
    history = []
    for revision in revisions():
        migrate.upgrade(url, revision)
        history.append(objects(url))
    for after in reversed([before, *history[:-1]]):
        migrate.downgrade(url, "-1")
        assert objects(url) == after
    migrate.upgrade(url)
    assert objects(url) == history[-1]


def test_the_migrations_make_what_the_rows_declare(new_database: MakeDatabase, template: str) -> None:
    """Not Alembic's comparison, which sees no CHECK constraints, conditions of indexes and generated columns."""
    declared = inspect(new_database().owner, lambda connection: inventory.create_declared(connection, metadata))
    made = inventory.declarable(objects(new_database(template).owner))
    assert inventory.differences(made, declared) == []
    assert {line.split()[0] for line in made} == {"column", "index", "constraint"}
