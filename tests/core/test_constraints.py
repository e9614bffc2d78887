"""What a client is told who breaks a constraint of the database: never its name, always the value that it is about."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import IntegrityError

import db.all
from resolvers.core.constraints import FOREIGN_KEY, NOT_NULL, UNIQUE, explain
from resolvers.core.errors import Conflict, NotFound, UserError, ValidationFailed, camel

CHECK = "23514"


class Cause(Exception):
    """What asyncpg raises: it knows the constraint's and the column's name."""

    def __init__(self, constraint_name: str | None, column_name: str | None) -> None:
        super().__init__("new row for relation violates something, Failing row contains (secret)")
        self.constraint_name = constraint_name
        self.column_name = column_name


class Translated(Exception):
    """What SQLAlchemy makes of it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"<class Cause>: {sqlstate} (secret)")
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Broken:
    """A constraint as the database names it when it is broken."""

    name: str | None
    sqlstate: str
    column: str | None = None
    columns: list[str] = field(default_factory=list)


def explained(broken: Broken) -> UserError:
    translated = Translated(broken.sqlstate)
    translated.__cause__ = Cause(broken.name, broken.column)
    return explain(IntegrityError("INSERT INTO secret", {}, translated))


def constraints() -> list[Broken]:
    """Every constraint that a client could break."""
    found: list[Broken] = []
    for table in db.all.metadata.sorted_tables:
        several: list[Any] = [*table.constraints, *table.indexes]
        for each in several:
            names = table.columns.keys() if isinstance(each, CheckConstraint) else each.columns.keys()
            columns = [name for name in names if name != "tenant_id"]
            state = state_of(each)
            if state is not None:
                found.append(Broken(str(each.name), state, columns=columns))
    return found


def state_of(constraint: Any) -> str | None:
    match constraint:
        case ForeignKeyConstraint():
            return FOREIGN_KEY
        case UniqueConstraint() | PrimaryKeyConstraint():
            return UNIQUE
        case CheckConstraint():
            return CHECK
        case Index() if constraint.unique:
            return UNIQUE
    return None


KINDS = {UNIQUE: Conflict, FOREIGN_KEY: NotFound, CHECK: ValidationFailed}


@pytest.mark.parametrize("suffix", ["", "_102008"], ids=["as it is named", "as a shard of Citus names it"])
def test_every_constraint_is_told_as_a_sentence_about_a_value(suffix: str) -> None:
    broken = constraints()
    assert len(broken) > 100
    for each in broken:
        told = explained(Broken(f"{each.name}{suffix}", each.sqlstate))
        assert type(told) is KINDS[each.sqlstate], each
        assert told.path[0] == "input", each
        assert told.path[1:] == () or told.path[1] in {camel(name) for name in each.columns}, each
        assert told.message.endswith("."), each
        assert not any(word in told.message for word in ("_", "(secret)", "violates", "relation")), told.message


@pytest.mark.parametrize(
    ("broken", "kind", "path", "message"),
    [
        (
            Broken("uq_contacts_tenant_id_external_id", UNIQUE),
            Conflict,
            ("input", "externalId"),
            "Another one already has this external id.",
        ),
        (
            Broken("fk_contacts_tenant_id_account_id", FOREIGN_KEY),
            NotFound,
            ("input", "accountId"),
            "There is no such account.",
        ),
        (
            Broken(None, NOT_NULL, column="last_name"),
            ValidationFailed,
            ("input", "lastName"),
            "The last name must not be null.",
        ),
        (
            Broken("ck_contacts_lead_score_range", CHECK),
            ValidationFailed,
            ("input", "leadScore"),
            "The value of lead score is out of range.",
        ),
        (
            Broken("made_by_hand_in_the_database", CHECK),
            ValidationFailed,
            ("input",),
            "The values do not fit together.",
        ),
    ],
    ids=["unique", "foreign key", "not null", "check", "unknown"],
)
def test_it_names_the_value_in_the_clients_words(
    broken: Broken, kind: type[UserError], path: tuple[str, ...], message: str
) -> None:
    told = explained(broken)
    assert (type(told), told.path, told.message) == (kind, path, message)
