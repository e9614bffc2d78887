"""One PostgreSQL server seen by its superuser: our two roles, and databases that the owner role owns."""

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

OWNER_RIGHTS = "LOGIN CREATEROLE INHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION"
APP_RIGHTS = "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


@dataclass(frozen=True)
class Credentials:
    """A role and its password."""

    name: str
    password: str

    @classmethod
    def random(cls, name: str) -> "Credentials":
        return cls(name, secrets.token_urlsafe(24))


@dataclass(frozen=True)
class Addresses:
    """The addresses of one database, `postgresql://…`, for each of the roles."""

    owner: str
    app: str
    superuser: str


@dataclass(frozen=True)
class Cluster:
    """A server, by the address of a superuser, with the owner and application roles that we keep in it.

    The methods block, and may be called with or without a running event loop.
    """

    superuser_url: str
    owner: Credentials
    app: Credentials

    def create_roles(self) -> None:
        """Create whichever of the two roles is missing."""
        blocking(self._create_roles())

    def drop_roles(self) -> None:
        """Drop both roles; they must own nothing any more."""
        blocking(self._execute(*(f"DROP ROLE IF EXISTS {quoted(role.name)}" for role in (self.app, self.owner))))

    def drop_role_unless_used(self, role: str) -> None:
        """Drop a role that is shared by all databases of the server, unless one of them still refers to it."""
        with contextlib.suppress(asyncpg.DependentObjectsStillExistError):
            blocking(self._execute(f"DROP ROLE IF EXISTS {quoted(role)}"))

    def create_database(self, database: str, template: str | None = None) -> Addresses:
        """Create a database of the owner role, empty or as a copy of `template`; keep an existing one."""
        blocking(self._create_database(database, template))
        return self.addresses(database)

    def drop_database(self, database: str) -> None:
        """Drop a database and end the connections to it."""
        blocking(self._execute(f"DROP DATABASE IF EXISTS {quoted(database)} WITH (FORCE)"))

    def addresses(self, database: str) -> Addresses:
        return Addresses(
            owner=self._address(database, self.owner),
            app=self._address(database, self.app),
            superuser=self._address(database, None),
        )

    def _address(self, database: str, role: Credentials | None) -> str:
        parts = urlsplit(self.superuser_url)
        place = parts.netloc
        if role is not None:
            place = f"{quote(role.name)}:{quote(role.password)}@{place.rpartition('@')[2]}"
        return urlunsplit(parts._replace(netloc=place, path=f"/{quote(database)}"))

    async def _create_roles(self) -> None:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            for role, rights in ((self.owner, OWNER_RIGHTS), (self.app, APP_RIGHTS)):
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role.name):
                    await connection.execute(
                        f"CREATE ROLE {quoted(role.name)} {rights} PASSWORD {quoted_text(role.password)}"
                    )
        finally:
            await connection.close()

    async def _create_database(self, database: str, template: str | None) -> None:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
                source = f"TEMPLATE {quoted(template)}" if template else "TEMPLATE template0 ENCODING 'UTF8'"
                await connection.execute(f"CREATE DATABASE {quoted(database)} OWNER {quoted(self.owner.name)} {source}")
            await connection.execute(f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(self.app.name)}")
        finally:
            await connection.close()

    async def _execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


def quoted(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def quoted_text(value: str) -> str:
    """A string quoted for SQL, where no parameter is allowed."""
    if "\\" in value or "\0" in value:
        raise ValueError("A backslash or zero byte cannot be quoted here.")
    return "'" + value.replace("'", "''") + "'"


def blocking(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end in a thread of its own, whose event loop nobody else has."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
