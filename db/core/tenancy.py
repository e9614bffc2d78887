"""The first tenant lock: every statement carries the tenant on every tenant table, or it does not run.

The second lock, row-level security, lives in the migrations (`db/core/ddl.py`). Each is enough alone.
"""

import re
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from db.core.base import Base, TenantRow

TENANT: Final = "tenant_id"  # the key in `Session.info` under which a session keeps its tenant


class UnscopedStatement(RuntimeError):
    """A statement names a tenant table without its tenant: a defect in this server, never a client's fault."""


def add_criteria(state: ORMExecuteState) -> None:
    """Put `tenant_id = :tenant` on every tenant table of an ORM statement, at every level."""
    if not (state.is_select or state.is_update or state.is_delete) or state.is_column_load:
        return
    tenant_id: UUID = state.session.info[TENANT]
    # Spelled as an expression per class: a lambda would be cached with the first tenant's value in some paths.
    state.statement = state.statement.options(
        with_loader_criteria(TenantRow, lambda row: row.tenant_id == tenant_id, include_aliases=True)
    )


def refuse_unscoped(
    _connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    """Listener of every cursor execution: raises UnscopedStatement unless each tenant table has its tenant."""
    table = unscoped_table(statement)
    if table is not None:
        raise UnscopedStatement(f"{table} is read or written without its tenant: {statement[:500]}")


@lru_cache(maxsize=4096)
def unscoped_table(statement: str) -> str | None:
    """The first tenant table of the statement that lacks `tenant_id = $n`, or None.

    Each mention of a table in FROM, JOIN, UPDATE or DELETE needs its own `<alias>.tenant_id = $n`; an INSERT
    names the column. A comparison with another column is not enough: only a bound constant prunes shards.
    """
    wanted: dict[str, int] = {}
    for mention in _mentions().finditer(statement):
        before, table, columns, alias = mention.group("before", "table", "columns", "alias")
        if before.upper().startswith("INTO"):
            if columns is None or not re.search(r"\btenant_id\b", columns):
                return str(table)
        elif before.upper() != "AS":
            name = alias or table
            wanted[name] = wanted.get(name, 0) + 1
    for name, count in wanted.items():
        if len(re.findall(rf"(?<![\w.]){name}\.tenant_id = (?:\$\d+|%\()", statement)) < count:
            return name
    return None


@lru_cache(maxsize=1)
def _mentions() -> re.Pattern[str]:
    tables = "|".join(sorted(tenant_tables(), key=len, reverse=True))
    return re.compile(
        rf"(?P<before>\b(?:FROM|JOIN|UPDATE|INTO|USING|ONLY|AS)\b|,)[\s(]+(?:public\.)?(?P<table>{tables})\b(?![.])"
        r"(?:\s+\((?P<columns>[^)]*)\))?(?:\s+AS\s+(?P<alias>\w+))?",
        re.IGNORECASE,
    )


def tenant_tables() -> frozenset[str]:
    """Names of all tables that belong to a tenant."""
    return frozenset(table.name for table in Base.metadata.tables.values() if "tenant_id" in table.columns)
