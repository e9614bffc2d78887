"""The worlds of the tenancy tests: made once per worker, each in a database of its own."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

import pytest

from gql.execution.run import Executor
from tests.conftest import SharedServer
from tests.tenancy import worlds
from tests.tenancy.baseline import remember
from tests.tenancy.worlds import Locks, World

READ: Final = "read"
Found = Callable[[bool, str], Awaitable[World]]


class EnterWorld(Protocol):
    """Enters the world that has these locks: the one that is only read, or another, by its name."""

    async def __call__(self, locks: Locks, name: str = READ) -> World:
        """The world, its locks as said."""


@pytest.fixture(scope="session")
def executors() -> dict[str, Executor]:
    """Both executors, by name."""
    return worlds.executors()


@pytest.fixture(scope="session")
async def founded(test_server: SharedServer, template: str, executors: dict[str, Executor]) -> AsyncIterator[Found]:
    """A world with row-level security, or one without, made when first asked for by its name."""
    made: dict[tuple[bool, str], World] = {}
    databases: list[str] = []

    async def found(has_row_level_security: bool, name: str) -> World:
        key = (has_row_level_security, name)
        if key not in made:
            databases.append(f"{test_server.prefix}_{secrets.token_hex(4)}")
            made[key] = await worlds.found_world(
                test_server.cluster.create_database(databases[-1], template),
                has_row_level_security=has_row_level_security,
                meanwhile=(lambda world: remember(world, executors["planned"])) if name == READ else None,
            )
        return made[key]

    yield found
    for world in made.values():
        await world.close()
    for database in databases:
        test_server.cluster.drop_database(database)


@pytest.fixture
async def enter(founded: Found) -> AsyncIterator[EnterWorld]:
    """Enters worlds; afterwards their statements name their tenants again."""
    entered: list[World] = []

    async def enter_(locks: Locks, name: str = READ) -> World:
        world = await founded(locks.has_row_level_security, name)
        world.database.is_blind = not locks.has_criterion
        entered.append(world)
        return world

    yield enter_
    for world in entered:
        world.database.is_blind, world.database.spared = False, None
