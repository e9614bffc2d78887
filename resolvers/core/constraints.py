"""Integrity errors of the database as refusals: by SQLSTATE and the constraint's name, never its message."""

import re
from typing import Final

from sqlalchemy import CheckConstraint, Constraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from db.core.base import Base
from resolvers.core.errors import Conflict, NotFound, Path, UserError, ValidationFailed, input_path

UNIQUE: Final = "23505"
FOREIGN_KEY: Final = "23503"
NOT_NULL: Final = "23502"
_SHARD = re.compile(r"_\d+$")  # Citus appends the shard's number to a constraint's name

_messages: dict[str, str] = {}


def describe(messages: dict[str, str]) -> None:
    """Register what to tell a client who broke a constraint, by the constraint's name."""
    _messages.update(messages)


def explain(error: IntegrityError) -> UserError:
    """The refusal for a broken constraint; its path leads to the constraint's last column in the input."""
    cause = getattr(error.orig, "__cause__", None)
    name = getattr(cause, "constraint_name", None) or ""
    state = getattr(error.orig, "sqlstate", "")
    found = _constraint(name) or _constraint(_SHARD.sub("", name))
    if state == NOT_NULL:
        path = input_path(getattr(cause, "column_name", None) or "value")
        return ValidationFailed(f"The {_words(path)} must not be null.", path)
    known = found.name if found is not None else name
    path = _path(found)
    message = _messages.get(str(known))
    if state == UNIQUE:
        return Conflict(message or f"Another one already has this {_words(path)}.", path)
    if state == FOREIGN_KEY:
        return NotFound(message or f"There is no such {_words(path).removesuffix(' id')}.", path)
    if len(path) < 2:  # a check of several columns
        return ValidationFailed(message or "The values do not fit together.", path)
    return ValidationFailed(message or f"The value of {_words(path)} is out of range.", path)


def _constraint(name: str) -> Constraint | Index | None:
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            if constraint.name == name:
                return constraint
        for index in table.indexes:
            if index.name == name:
                return index
    return None


def _path(constraint: Constraint | Index | None) -> Path:
    if isinstance(constraint, ForeignKeyConstraint | UniqueConstraint | Index | CheckConstraint):
        columns = [column.name for column in constraint.columns if column.name != "tenant_id"]
        if isinstance(constraint, CheckConstraint) and not columns:
            columns = _checked(constraint)
        if columns:
            return input_path(columns[-1])
    return ("input",)


def _checked(constraint: CheckConstraint) -> list[str]:
    """The one column that a check written as text is about; none when it is about several."""
    words = set(re.findall(r"\w+", str(constraint.sqltext)))
    found = [column.name for column in constraint.table.columns if column.name in words]
    return found if len(found) == 1 else []


def _words(path: Path) -> str:
    if len(path) < 2:  # only the input itself
        return "value"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", str(path[-1])).lower()
