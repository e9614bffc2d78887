"""The rules that every row keeps, read off the metadata: no database is asked."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Enum,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    create_engine,
    create_mock_engine,
)
from sqlalchemy.sql.schema import ColumnCollectionConstraint

import db
import db.core
import db.enums
from db.core.base import Base, ReferenceRow
from db.enums import Choice

LONGEST_NAME = 63  # bytes of an identifier in PostgreSQL; what is longer is cut off


def import_all(package: ModuleType, *, but: frozenset[str] = frozenset()) -> list[ModuleType]:
    """Every module directly in the package, imported, so that its tables and enumerations are known."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__) if module.name not in but)
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


import_all(db, but=frozenset({"core", "enums", "migrations"}))
import_all(db.core)
ENUM_MODULES = import_all(db.enums)
TABLES = list(Base.metadata.tables.values())
TENANT_TABLES = [table for table in TABLES if "tenant_id" in table.columns]
REFERENCE_TABLES = [table for table in TABLES if "tenant_id" not in table.columns]
COLUMNS = [column for table in TABLES for column in table.columns]


def foreign_keys(tables: list[Table]) -> Iterator[tuple[str, list[str], str, list[str]]]:
    """Of each foreign key: table, columns, target table, target columns; the targets as they are written."""
    for table in tables:
        for constraint in table.foreign_key_constraints:
            targets = [element.target_fullname.split(".") for element in constraint.elements]
            assert len({name for name, _ in targets}) == 1, f"{table.name}: {constraint.name}"
            yield table.name, list(constraint.column_keys), targets[0][0], [column for _, column in targets]


def ordered_columns(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Primary key, uniques and indexes of a table: the name and the columns in order."""
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            yield str(constraint.name), [column.name for column in constraint.columns]
    for index in table.indexes:
        yield str(index.name), index_columns(index)


def index_columns(index: Index) -> list[str]:
    return [part.name if isinstance(part, Column) else str(part) for part in index.expressions]


def is_partial(table: Table, name: str) -> bool:
    return any(
        index.name == name and index.dialect_options["postgresql"]["where"] is not None for index in table.indexes
    )


def where(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def test_every_table_is_of_a_tenant_or_a_reference_table() -> None:
    references = {mapper.local_table for mapper in Base.registry.mappers if issubclass(mapper.class_, ReferenceRow)}
    assert TENANT_TABLES
    assert set(REFERENCE_TABLES) == references


def test_the_tenant_comes_first_in_primary_keys_uniques_and_indexes() -> None:
    wrong = [
        (name, columns)
        for table in TENANT_TABLES
        for name, columns in ordered_columns(table)
        if columns[0] != "tenant_id"
    ]
    assert wrong == []


def test_every_tenant_table_refers_to_its_tenant() -> None:
    rooted = {
        table
        for table, columns, target, _ in foreign_keys(TENANT_TABLES)
        if columns == ["tenant_id"] and target == "tenants"
    }
    assert {table.name for table in TENANT_TABLES} - rooted == set()


def test_a_foreign_key_stays_in_the_tenant_or_leads_to_a_reference_table() -> None:
    of_tenants = {table.name for table in TENANT_TABLES}
    wrong = [
        (table, columns, target)
        for table, columns, target, target_columns in foreign_keys(TABLES)
        if target in of_tenants
        and (table not in of_tenants or columns[0] != "tenant_id" or target_columns[0] != "tenant_id")
    ]
    assert wrong == []


def test_a_foreign_key_leads_to_columns_that_exist() -> None:
    wrong = [
        (table, target, target_columns)
        for table, _, target, target_columns in foreign_keys(TABLES)
        if target not in Base.metadata.tables
        or not set(target_columns) <= set(Base.metadata.tables[target].columns.keys())
    ]
    assert wrong == []


def test_every_foreign_key_has_an_index_that_starts_with_it() -> None:
    wrong = []
    for table in TABLES:
        orders = [columns for name, columns in ordered_columns(table) if not is_partial(table, name)]
        tenant = ["tenant_id"] if table in TENANT_TABLES else []
        for _, columns, _, _ in foreign_keys([table]):
            start = tenant + [column for column in columns if column != "tenant_id"]
            if not any(order[: len(start)] == start for order in orders):
                wrong.append((table.name, start))
    assert wrong == []


def test_a_row_goes_with_its_parent_or_holds_it_back() -> None:
    """Nothing but CASCADE: a composite ON DELETE SET NULL would clear the tenant, and Citus refuses it."""
    constraints = [key for table in TABLES for key in table.foreign_key_constraints]
    assert [key.name for key in constraints if key.ondelete not in (None, "CASCADE") or key.onupdate] == []


def test_booleans_times_and_dates_are_told_by_their_names() -> None:
    def is_well_named(column: Column[Any]) -> bool:
        name, kind = column.name, column.type
        return (
            isinstance(kind, Boolean) == name.startswith(("is_", "has_"))
            and isinstance(kind, DateTime) == name.endswith("_at")
            and isinstance(kind, Date) == name.endswith("_on")
        )

    assert [where(column) for column in COLUMNS if not is_well_named(column)] == []


def test_times_have_a_time_zone() -> None:
    times = [(column, column.type) for column in COLUMNS if isinstance(column.type, DateTime)]
    assert [where(column) for column, kind in times if not kind.timezone] == []


def test_money_stands_beside_its_currency() -> None:
    def is_money(column: Column[Any]) -> bool:
        return isinstance(column.type, Numeric) and (column.type.precision, column.type.scale) == (18, 2)

    assert [where(column) for column in COLUMNS if is_money(column) and "currency" not in column.table.c] == []


def test_no_column_leaves_open_which_kind_of_agent_it_means() -> None:
    bare = re.compile(r"(^|_)agent_ids?$")
    told = re.compile(r"(voice|insurance|department)_agent_ids?$")
    wrong = [where(column) for column in COLUMNS if bare.search(column.name) and not told.search(column.name)]
    assert wrong == []


def test_the_database_fills_in_nothing_by_itself() -> None:
    """No server default, identity or sequence; only columns generated from others of the row."""
    wrong = [
        where(column)
        for column in COLUMNS
        if (column.server_default is not None and column.computed is None)
        or column.identity is not None
        or (column.default is not None and column.default.is_sequence)
    ]
    assert wrong == []


def test_the_tables_need_no_enum_type_sequence_trigger_or_clock() -> None:
    statements: list[str] = []
    dialect = create_engine("postgresql+asyncpg://").dialect
    recorder = create_mock_engine(
        "postgresql+asyncpg://", lambda sql, *_, **__: statements.append(str(sql.compile(dialect=dialect)))
    )
    Base.metadata.create_all(recorder, checkfirst=False)
    refused = re.compile(
        r"CREATE (TYPE|SEQUENCE|TRIGGER|RULE)|\bSERIAL\b|\bnow\(|CURRENT_TIMESTAMP|SET NULL", re.IGNORECASE
    )
    assert sum(sql.lstrip().startswith("CREATE TABLE") for sql in statements) == len(TABLES)
    assert [sql for sql in statements if refused.search(sql)] == []


def test_every_constraint_has_a_name_that_fits_and_is_its_own() -> None:
    """Errors are told apart by these names. Other indexes may be longer: SQLAlchemy shortens them itself."""
    constraints = [
        (table.name, constraint.name)
        for table in TABLES
        for constraint in table.constraints
        if isinstance(constraint, ColumnCollectionConstraint)
    ]
    names = [str(name) for _, name in constraints if name]
    names += [str(index.name) for table in TABLES for index in table.indexes if index.unique]
    assert [table for table, name in constraints if not name] == []
    assert [name for name in names if len(name.encode()) > LONGEST_NAME] == []
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_a_choice_is_stored_as_text_that_is_checked() -> None:
    wrong = []
    for column in COLUMNS:
        if isinstance(column.type, Enum):
            checks = {check.name for check in column.table.constraints if isinstance(check, CheckConstraint)}
            if column.type.native_enum or f"ck_{column.table.name}_{column.name}" not in checks:
                wrong.append(where(column))
    assert wrong == []


def choices() -> list[type[Choice]]:
    return [
        member
        for module in ENUM_MODULES
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Choice) and member.__module__ == module.__name__
    ]


def is_sentence(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"[A-Z\d`].*[.?]", text) is not None


def test_every_choice_and_each_of_its_values_is_described() -> None:
    undescribed = [choice.__name__ for choice in choices() if not is_sentence(vars(choice).get("__doc__"))]
    undescribed += [
        f"{choice.__name__}.{member.name}"
        for choice in choices()
        for member in choice
        if not is_sentence(member.description)
    ]
    assert choices()
    assert undescribed == []


def test_the_value_of_a_choice_is_its_name_in_capitals() -> None:
    wrong = [
        f"{choice.__name__}.{member.name}"
        for choice in choices()
        for member in choice
        if member.value != member.name or not re.fullmatch(r"[A-Z][A-Z0-9_]*", member.name)
    ]
    assert wrong == []


def test_no_two_domains_have_a_choice_of_the_same_name() -> None:
    counted = Counter(choice.__name__ for choice in choices())
    assert [name for name, times in counted.items() if times > 1] == []
