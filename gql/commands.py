"""What the command line does with a database: find one, make it ready, load demo data, issue a token."""

import asyncio
import base64
import binascii
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from db.core.embedded import embedded, exclusive, write_private
from db.core.keys import KEY_BYTES, Keyring, master_key
from db.core.prepare import prepare
from db.core.session import Database
from db.core.settings import CHECKOUT, database_settings
from resolvers.core.clock import clock_from
from resolvers.core.context import Services
from resolvers.core.wakeups import Wakeups

SIGN_INS = "demo-sign-ins.json"
Result = TypeVar("Result")


class Misconfigured(RuntimeError):
    """The environment lacks something, or contradicts itself; the text says what to set."""


@dataclass(frozen=True)
class Place:
    """A database that answers. `folder` keeps what belongs to its data; `owner_url` may be unknown."""

    app_url: str
    owner_url: str | None
    folder: Path
    is_embedded: bool

    def prepare(self) -> None:
        """Migrate and grant, when the owner's address is known."""
        if self.owner_url is not None:
            prepare(self.owner_url, self.app_url, say)

    def master_key(self) -> bytes:
        """MASTER_KEY, or the key beside embedded data. Raises Misconfigured when there is none."""
        given = database_settings().master_key
        if given is None and not self.is_embedded:
            raise Misconfigured(
                "MASTER_KEY is missing. Make one by `openssl rand -base64 32`, and keep it as safe as the "
                "database, and apart from it: without it nothing encrypted can be read again."
            )
        try:
            key = master_key(given.get_secret_value() if given else None, self.folder)
        except binascii.Error as error:
            raise Misconfigured(f"MASTER_KEY is not base64: {error}.") from error
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"MASTER_KEY holds {len(key)} bytes, and must hold {KEY_BYTES}.")
        return key


@contextmanager
def place() -> Iterator[Place]:
    """The database of the environment, or the embedded one, which runs as long as somebody uses it."""
    settings = database_settings()
    if settings.database_url is not None:
        owner = settings.database_owner_url
        yield Place(
            app_url=settings.database_url.get_secret_value(),
            owner_url=owner.get_secret_value() if owner else None,
            folder=settings.data_dir or CHECKOUT / ".data",
            is_embedded=False,
        )
    elif settings.database_owner_url is not None:
        raise Misconfigured(
            "DATABASE_OWNER_URL is set, DATABASE_URL is not: one migrates, the other serves as another role."
        )
    else:
        with embedded("serve", say=say) as server:
            yield Place(server.app_url, server.owner_url, server.home, is_embedded=True)


def migrate() -> None:
    """Bring the database to the newest revision."""
    with place() as found:
        if found.owner_url is None:
            raise Misconfigured("DATABASE_OWNER_URL is missing: the role that owns the tables migrates.")
        found.prepare()
        say("The database is at the newest revision.")


def draft_migration(title: str) -> int:
    """Draft what the rows declare and the revisions do not make; returns 1 when a person has to look at it."""
    from db.all import metadata
    from db.core.drafting import draft

    if not re.fullmatch(r"\w[\w ,.'-]*", title, re.ASCII):
        raise Misconfigured(f"{title!r} is no title: it is plain words, such as 'add widgets'.")
    with embedded(f"draft-{secrets.token_hex(4)}", is_ephemeral=True) as server:
        migrated, declared = (server.cluster.create_database(name) for name in ("migrated", "declared"))
        drafted = draft(title, clock_from(None).now(), migrated, declared, metadata)
    if drafted.path is None:
        say("Nothing to draft: the revisions make what the rows declare.")
    else:
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", drafted.path], cwd=CHECKOUT, check=True)  # noqa: S603  # fixed arguments
        show(str(drafted.path.relative_to(CHECKOUT)))
        say(
            "Not right yet:"
            if drafted.advice
            else "It goes up and down. Read it: what was renamed goes and comes, empty."
        )
    for line in drafted.advice:
        say(f"- {line}")
    return 1 if drafted.advice else 0


def seed(size: str) -> None:
    """Load demo data and print their sign-ins."""
    with place() as found:
        found.prepare()
        show("\n".join(load_demo(found, size)))


def token(email: str | None, tenant: str | None) -> str:
    """An access token: of the person with that e-mail address, or of the tenant's administrator."""
    from resolvers import demo

    with place() as found:
        found.prepare()
        if email is None and tenant is None and found.is_embedded:
            load_demo(found, "small")
        try:
            return with_services(found, lambda services: demo.access_token(services, email=email, tenant=tenant))
        except LookupError as error:
            raise Misconfigured(str(error.args[0])) from error


def load_demo(found: Place, size: str) -> list[str]:
    """Load what is missing of the demo data; returns the sign-ins, one a line. Passwords come first."""
    from resolvers import demo

    found.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = found.folder / SIGN_INS
    with exclusive(found.folder / "demo.lock"):
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        passwords = {who.email: kept.get(who.email) or secrets.token_urlsafe(9) for who in demo.SIGN_INS}
        if passwords != kept:
            write_private(path, json.dumps(passwords, indent=1))
        with_services(found, lambda services: demo.load(services, passwords=passwords, size=size, say=say))
    return [f"  {who.email:32} {passwords[who.email]:14} {who.role} of {who.tenant}" for who in demo.SIGN_INS]


def with_services(found: Place, work: Callable[[Services], Awaitable[Result]]) -> Result:
    """Run a piece of work with the services of a process, outside any server."""

    async def run() -> Result:
        services = Services(
            database=Database(found.app_url, pool_size=4, statement_timeout_ms=0),
            keyring=Keyring(found.master_key()),
            clock=clock_from(database_settings().clock_file),
            wakeups=Wakeups(found.app_url),
        )
        try:
            return await work(services)
        finally:
            await services.wakeups.close()
            await services.database.close()

    return asyncio.run(run())


def key_text(key: bytes) -> str:
    """A master key as MASTER_KEY holds it."""
    return base64.b64encode(key).decode()


def show(lines: str) -> None:
    """A result, on standard output."""
    print(lines, flush=True)


def say(line: str) -> None:
    """A line for the person who waits; standard output is kept for results."""
    print(line, file=sys.stderr, flush=True)
