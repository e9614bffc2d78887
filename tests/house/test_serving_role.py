"""The role that serves: exactly the rights it needs, and a refusal of every role that could see too much."""

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from db.core import prepare, roles
from db.core.cluster import Addresses, Cluster, Credentials, quoted
from tests.conftest import SharedServer


@pytest.fixture
async def superuser(database_urls: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_urls.superuser)
    yield connection
    await connection.close()


@pytest.fixture
async def other(superuser: asyncpg.Connection, test_server: SharedServer) -> AsyncIterator[Credentials]:
    """A role of its own for one test, which may sign in to this worker's database and nothing else."""
    made = Credentials.random(f"{test_server.prefix}_{secrets.token_hex(4)}")
    await superuser.execute(f"CREATE ROLE {quoted(made.name)} LOGIN NOINHERIT PASSWORD '{made.password}'")
    database = await superuser.fetchval("SELECT current_database()")
    await superuser.execute(f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(made.name)}")
    yield made
    await superuser.execute(f"DROP OWNED BY {quoted(made.name)} CASCADE")
    await superuser.execute(f"DROP ROLE {quoted(made.name)}")


def as_role(urls: Addresses, role: Credentials) -> str:
    database = urls.superuser.partition("?")[0].rpartition("/")[2]
    superuser_url = urls.superuser.replace(f"/{database}", "/postgres")
    return Cluster(superuser_url, role, role).addresses(database).app


async def refusal(url: str) -> str:
    async with prepare.connected(url, "DATABASE_URL") as connection:
        with pytest.raises(roles.RoleRefused) as refused:
            await roles.check_serving_role(connection)
        return str(refused.value)


async def test_the_application_role_may_serve(database_urls: Addresses) -> None:
    async with prepare.connected(database_urls.app, "DATABASE_URL") as connection:
        await roles.check_serving_role(connection)


async def test_the_owner_of_the_tables_may_not_serve(database_urls: Addresses) -> None:
    assert "must not serve" in await refusal(database_urls.owner)


async def test_a_superuser_may_not_serve(database_urls: Addresses) -> None:
    assert "is a superuser" in await refusal(database_urls.superuser)


@pytest.mark.parametrize(
    ("right", "reason"),
    [("BYPASSRLS", "has BYPASSRLS"), ("SUPERUSER", "is a superuser"), ("CREATEROLE", "has CREATEROLE")],
)
async def test_a_role_with_a_dangerous_right_may_not_serve(
    superuser: asyncpg.Connection, database_urls: Addresses, other: Credentials, right: str, reason: str
) -> None:
    await superuser.execute(f"ALTER ROLE {quoted(other.name)} {right}")
    said = await refusal(as_role(database_urls, other))
    assert reason in said
    assert other.name in said


async def test_a_role_that_owns_one_tenant_table_may_not_serve(
    superuser: asyncpg.Connection, database_urls: Addresses, other: Credentials
) -> None:
    await superuser.execute("CREATE TABLE public.stray (tenant_id uuid)")
    try:
        await superuser.execute(f"ALTER TABLE public.stray OWNER TO {quoted(other.name)}")
        assert "owns the table" in await refusal(as_role(database_urls, other))
    finally:
        await superuser.execute("DROP TABLE public.stray")


async def test_a_role_that_can_become_the_owner_may_not_serve(
    superuser: asyncpg.Connection, database_urls: Addresses, other: Credentials, test_server: SharedServer
) -> None:
    owner = test_server.cluster.owner.name
    await superuser.execute(f"GRANT {quoted(owner)} TO {quoted(other.name)}")
    assert f"it can become {owner}" in await refusal(as_role(database_urls, other))


async def test_a_role_that_inherits_the_clocks_rights_may_not_serve(
    superuser: asyncpg.Connection, database_urls: Addresses, other: Credentials
) -> None:
    await superuser.execute(f"ALTER ROLE {quoted(other.name)} INHERIT")
    await superuser.execute(f"GRANT {roles.CLOCK} TO {quoted(other.name)}")
    assert f"inherits {roles.CLOCK}" in await refusal(as_role(database_urls, other))


async def test_the_application_role_has_the_four_rights_on_every_table_and_no_other(
    superuser: asyncpg.Connection, test_server: SharedServer
) -> None:
    found = await superuser.fetch(
        """
        SELECT c.relname AS table, array_agg(a.privilege_type ORDER BY a.privilege_type) AS rights
          FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND r.rolname = $1
         GROUP BY c.relname
        """,
        test_server.cluster.app.name,
    )
    tables = await superuser.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {row["table"] for row in found} == {row["tablename"] for row in tables} - {"alembic_version"}
    assert {tuple(row["rights"]) for row in found} == {("DELETE", "INSERT", "SELECT", "UPDATE")}


async def test_functions_are_for_the_application_role_and_not_for_everybody(
    superuser: asyncpg.Connection, test_server: SharedServer
) -> None:
    rows = await superuser.fetch(
        """
        SELECT p.proname, has_function_privilege($1, p.oid, 'EXECUTE') AS ours,
               EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        WHERE a.grantee = 0) AS everybodys
          FROM pg_proc p WHERE p.pronamespace = 'app'::regnamespace
        """,
        test_server.cluster.app.name,
    )
    assert rows
    assert all(row["ours"] and not row["everybodys"] for row in rows)


async def test_the_application_role_becomes_the_clocks_role_only_on_purpose(database_urls: Addresses) -> None:
    async with prepare.connected(database_urls.app, "DATABASE_URL") as connection:
        assert not await roles.inherits_clock(connection, None)
        await connection.execute(text(f"SET LOCAL ROLE {roles.CLOCK}"))
        assert await connection.scalar(text("SELECT current_user")) == roles.CLOCK


def test_preparing_twice_changes_nothing(database_urls: Addresses) -> None:
    said: list[str] = []
    prepare.prepare(database_urls.owner, database_urls.app, said.append)
    prepare.prepare(database_urls.owner, database_urls.app, said.append)
    assert said == []


def test_a_database_out_of_reach_is_named_without_its_password() -> None:
    url = "postgresql://role:hidden@127.0.0.1:1/name"
    with pytest.raises(prepare.DatabaseUnreachable, match=r"DATABASE_OWNER_URL .*127\.0\.0\.1:1/name") as said:
        prepare.prepare(url, url)
    assert "hidden" not in str(said.value)
    with pytest.raises(prepare.DatabaseUnreachable, match="DATABASE_URL "):
        prepare.check(url)
