"""What a server keeps in memory of documents that are all different: `prove documents` sends a hundred thousand.

In a run of all tests a few hundred are sent, which shows that what they leave behind is counted.
"""

import gc
import os
import resource
from pathlib import Path
from random import Random
from typing import Final

from gql.execution.documents import MAX_BYTES, MAX_ENTRIES
from gql.execution.run import Executor
from gql.schema import schema
from resolvers.core import statements
from resolvers.core.context import Context, Services
from tests.execution.population import World
from tests.execution.test_both_executors import viewer_of
from tests.support.chance import seeded

DOCUMENTS: Final = int(os.environ.get("DOCUMENTS", "300"))
WARM: Final = 10_000  # documents after which memory must hardly grow
MOST_MIB: Final = 10.0

DEAL: Final = (
    "title",
    "value",
    "currency",
    "probability",
    "status",
    "dealType",
    "createdAt",
    "updatedAt",
    "tags",
    "version",
)
CONTACT: Final = ("firstName", "lastName", "email", "city", "country", "leadScore", "createdAt", "fullName")


def document(rnd: Random, number: int) -> str:
    """A document like no other: by an alias, by its columns, by the values in its filter."""
    deal = " ".join(rnd.sample(DEAL, rnd.randint(1, len(DEAL))))
    contact = " ".join(rnd.sample(CONTACT, rnd.randint(1, len(CONTACT))))
    order = rnd.choice(["CREATED_AT", "UPDATED_AT", "TITLE", "VALUE"])
    limits = ", ".join(
        f"{name}: {{gte: {rnd.randint(0, 9)}}}" for name in rnd.sample(["probability"], rnd.randint(0, 1))
    )
    return (
        f"query Q{number} {{ a{number}: deals(first: {rnd.randint(1, 5)}, orderBy: {{field: {order}}}, "
        f"filter: {{{limits}}}) {{ totalCount nodes {{ {deal} contact {{ {contact} }} "
        f"products(first: 2) {{ edges {{ cursor node {{ productName }} }} }} }} }} }}"
    )


def resident() -> float:
    """This process's memory, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def test_documents_that_are_all_different_do_not_add_up(own_services: Services, world: World) -> None:
    executor = Executor(schema)
    viewer = viewer_of(world, seeded(3))
    rnd = seeded(7)
    sizes = {}
    for number in range(1, DOCUMENTS + 1):
        context = Context(own_services, viewer)
        answer = await executor.run(context, executor.prepare(document(rnd, number), None, None))
        await context.close()
        assert answer.errors == []
        if number == WARM or number % 20_000 == 0:
            sizes[number] = resident()
            print(f"{number:>7} documents: {sizes[number]:.1f} MiB")  # noqa: T201  # shown by prove
    cached = executor._documents.cached
    print(f"kept: {len(cached)} documents, {cached.bytes / 2**20:.1f} MiB by estimate")  # noqa: T201  # shown by prove
    assert len(cached) <= MAX_ENTRIES
    assert cached.bytes <= MAX_BYTES
    assert statements._cache.bytes <= statements.CACHED_BYTES
    if DOCUMENTS > WARM:
        assert max(sizes.values()) - sizes[WARM] <= MOST_MIB, sizes
