"""The data that all servers answer from: the demo's large size, in an embedded PostgreSQL of its own."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

from db.core.cluster import blocking
from db.core.embedded import embedded
from db.core.prepare import prepare
from db.core.settings import CHECKOUT
from gql.commands import Place, load_demo, with_services
from resolvers import demo
from resolvers.core.context import Services
from resolvers.demo import LARGE

TENANTS = tuple(plan.id for plan in LARGE)
SLUGS = tuple(plan.slug for plan in LARGE)


@dataclass(frozen=True)
class Data:
    """A database that holds the large data set, and whom to ask in its name."""

    place: Place
    superuser_url: str
    postmaster: int

    def tokens(self) -> list[str]:
        """A fresh access token of an administrator of each tenant, in the order of TENANTS; each lasts 15 minutes."""

        async def issue(services: Services) -> list[str]:
            return [await demo.access_token(services, email=None, tenant=slug) for slug in SLUGS]

        return with_services(self.place, issue)


@contextmanager
def data(say: Callable[[str], None]) -> Iterator[Data]:
    """The data set, loaded where it is missing: minutes for the first time, a second afterwards."""
    with embedded("bench", say=say) as server:
        name = f"bench_{migrations()}"
        blocking(drop_others(server.superuser_url, name))
        addresses = server.create_database(name)
        place = Place(addresses.app, addresses.owner, server.home, is_embedded=True)
        prepare(addresses.owner, addresses.app, say)
        load_demo(place, "large")
        blocking(tidy(addresses.owner))
        yield Data(place, addresses.superuser, asyncio.run(postmaster(server.superuser_url)))


def migrations() -> str:
    """A short name of the tables as the migrations make them: data of others would not fit."""
    digest = hashlib.sha256()
    for file in sorted((CHECKOUT / "db" / "migrations" / "versions").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


async def drop_others(url: str, kept: str) -> None:
    """Drop the data sets of other migrations."""
    connection = await asyncpg.connect(url)
    try:
        for (name,) in await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_%'"):
            if name != kept:
                await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


# PostGraphile sums up by a view, whose rows are the caller's own.
VIEW = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE VIEW bench.deal_groups WITH (security_invoker) AS
  SELECT tenant_id, stage_id, currency, count(*) AS count, coalesce(sum(value), 0.00) AS sum,
         round(avg(value), 2) AS average, coalesce(sum(round(value * probability / 100, 2)), 0.00) AS weighted_sum
  FROM deals GROUP BY tenant_id, stage_id, currency;
COMMENT ON VIEW bench.deal_groups IS
  E'@foreignKey (tenant_id, stage_id) references public.pipeline_stages (tenant_id, id)';
GRANT USAGE ON SCHEMA bench TO PUBLIC;
GRANT SELECT ON bench.deal_groups TO PUBLIC;
"""


async def tidy(url: str) -> None:
    """Vacuum, so that no server has to live with what loading or the mutations of another one left behind."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(VIEW)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def postmaster(url: str) -> int:
    """The id of PostgreSQL's first process."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval("SELECT pg_read_file('postmaster.pid')")
        return int(found.split("\n")[0])
    finally:
        await connection.close()
