"""The rights of the database roles: what serving needs, the clock's role, and which roles must not serve."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.core.cluster import quoted

CLOCK = "app_clock"
CLOCK_TABLE = "tenant_clock"
ALREADY_THERE = frozenset({"42710", "23505"})  # duplicate_object, and the same seen by a concurrent session
FORBIDDEN = "42501"
WITH_INHERIT_OPTION = 160000  # from PostgreSQL 16 on a membership says itself whether it is inherited

REACHABLE = text(
    """
    SELECT r.rolname AS role, r.rolsuper AS is_superuser,
           r.rolbypassrls AS has_bypass, r.rolcreaterole AS has_createrole,
           (SELECT min(c.oid::regclass::text) FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_') AS owned_table,
           r.rolname IN (session_user, current_user) AS is_self
      FROM pg_roles r
     WHERE pg_has_role(session_user, r.oid, 'MEMBER') OR pg_has_role(current_user, r.oid, 'MEMBER')
     ORDER BY is_self DESC, r.rolname
    """
)


class RoleRefused(RuntimeError):
    """A database role has rights that it must not have, or lacks what it needs; the text says which."""


async def check_serving_role(connection: AsyncConnection) -> None:
    """Raise RoleRefused when this connection's role can read past row-level security, itself or by SET ROLE.

    That is: a superuser, BYPASSRLS, CREATEROLE (which can grant itself other roles), the owner of a tenant
    table, or a member of such a role. To become the clock's role is allowed; to inherit it is refused.
    """
    for found in (await connection.execute(REACHABLE)).mappings():
        for wrong, what in (
            (found["is_superuser"], "is a superuser"),
            (found["has_bypass"], "has BYPASSRLS"),
            (found["has_createrole"], "has CREATEROLE"),
            (found["owned_table"], f"owns the table {found['owned_table']}"),
        ):
            if wrong:
                who = f"the role {found['role']}" if found["is_self"] else f"it can become {found['role']}, which"
                raise RoleRefused(
                    f"DATABASE_URL must not serve: {who} {what}, and row-level security would not hold. "
                    "Serve as the application role, and migrate as the owner by DATABASE_OWNER_URL."
                )
    if await inherits_clock(connection, None):
        raise RoleRefused(
            f"DATABASE_URL must not serve: its role inherits {CLOCK}, and would see every tenant's clock."
        )


async def ensure_clock_role(connection: AsyncConnection) -> None:
    """Create the clock's role, which cannot sign in, when there is none. For the owner, before migrations."""
    if await connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": CLOCK}):
        return
    try:
        async with connection.begin_nested():
            await connection.execute(text(f"CREATE ROLE {CLOCK} NOLOGIN NOINHERIT"))
    except DBAPIError as error:
        state = sqlstate(error)
        if state == FORBIDDEN:
            raise RoleRefused(
                f"DATABASE_OWNER_URL's role may not create the role {CLOCK}. Give it CREATEROLE, or run once "
                f"as an administrator: CREATE ROLE {CLOCK} NOLOGIN NOINHERIT;"
            ) from error
        if state not in ALREADY_THERE:
            raise


async def grant(connection: AsyncConnection, app_role: str) -> None:
    """Give the application role exactly what serving needs. For the owner, after every migration."""
    app = quoted(app_role)
    await ensure_clock_role(connection)
    await grant_clock(connection, app_role)
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {app}, {CLOCK}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
        f"REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA public FROM {app}",
    ]
    if await connection.scalar(text("SELECT to_regclass('public.alembic_version')")):
        statements.append(f"REVOKE ALL ON public.alembic_version FROM {app}")
    if await connection.scalar(text(f"SELECT to_regclass('public.{CLOCK_TABLE}')")):
        statements.append(f"GRANT SELECT ON public.{CLOCK_TABLE} TO {CLOCK}")
    if await connection.scalar(text("SELECT to_regnamespace('app')")):
        statements += [
            f"GRANT USAGE ON SCHEMA app TO {app}",
            "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO {app}",
        ]
    for statement in statements:
        await connection.execute(text(statement))


async def grant_clock(connection: AsyncConnection, app_role: str) -> None:
    """Let the application role become the clock's role by SET ROLE, without its rights at other times."""
    app = quoted(app_role)
    version = int(await connection.scalar(text("SHOW server_version_num")) or 0)
    try:
        async with connection.begin_nested():
            if version < WITH_INHERIT_OPTION and await inherits_anything(connection, app_role):
                await connection.execute(text(f"ALTER ROLE {app} NOINHERIT"))
            if not await is_member(connection, app_role):
                option = " WITH INHERIT FALSE, SET TRUE" if version >= WITH_INHERIT_OPTION else ""
                await connection.execute(text(f"GRANT {CLOCK} TO {app}{option}"))
    except DBAPIError as error:
        if sqlstate(error) != FORBIDDEN:
            raise
        raise RoleRefused(
            f"DATABASE_OWNER_URL's role may not grant {CLOCK} to {app_role}. Run once as an administrator: "
            f"ALTER ROLE {app} NOINHERIT; GRANT {CLOCK} TO {app}; (from PostgreSQL 16 on WITH INHERIT FALSE)"
        ) from error
    if await inherits_clock(connection, app_role):
        raise RoleRefused(
            f"{app_role} inherits {CLOCK}: revoke that membership, and it is granted again as it must be."
        )


async def is_member(connection: AsyncConnection, role: str) -> bool:
    asked = text("SELECT pg_has_role(cast(:role AS name), cast(:clock AS name), 'MEMBER')")
    return bool(await connection.scalar(asked, {"role": role, "clock": CLOCK}))


async def inherits_anything(connection: AsyncConnection, role: str) -> bool:
    asked = text("SELECT rolinherit FROM pg_roles WHERE rolname = :role")
    return bool(await connection.scalar(asked, {"role": role}))


async def inherits_clock(connection: AsyncConnection, role: str | None) -> bool:
    """Whether a role (this connection's when None) has the clock's rights without SET ROLE."""
    asked = text(
        "SELECT pg_has_role(coalesce(cast(:role AS name), current_user), rolname, 'USAGE') "
        "FROM pg_roles WHERE rolname = :clock"
    )
    return bool(await connection.scalar(asked, {"role": role, "clock": CLOCK}))


def sqlstate(error: DBAPIError) -> str | None:
    """The five letters by which PostgreSQL names an error."""
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None
