"""Lists: every order is one that an index serves under row-level security, and every relation names what is there."""

import importlib
import pkgutil
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)

import db.all  # noqa: F401  # fills the metadata
from gql.core.fields import Field, ToMany, ToOne
from gql.schema import schema
from resolvers import loaders
from resolvers.core.filtering import MinorUnits
from resolvers.core.pagination import SEARCH, Listing

LEAKPROOF = (Uuid, Integer, BigInteger, Float, Double, Text, Date, DateTime, Boolean, Enum)


def listings() -> dict[str, Listing[Any]]:
    """Every listing by its module and name."""
    found: dict[str, Listing[Any]] = {}
    for module in pkgutil.iter_modules(loaders.__path__):
        for name, value in vars(importlib.import_module(f"resolvers.loaders.{module.name}")).items():
            if isinstance(value, Listing):
                found[f"{module.name}.{name}"] = value
    return found


LISTINGS = listings()


NESTED = {"deals.products_of_a_deal": "deal_id"}  # lists of one parent alone, and the column that leads to it


def serves(index: list[str], is_unique: bool, parent: list[str], column: str) -> bool:
    """Whether an index gives the rows in the order of the column, ties settled by the id."""
    wanted = ["tenant_id", *parent, *([] if column == "id" else [column])]
    return index[: len(wanted) + 1] == [*wanted, "id"] or (index == wanted and (is_unique or bool(parent)))


@pytest.mark.parametrize("name", LISTINGS)
def test_each_order_is_over_a_column_that_is_never_null_and_has_its_index(name: str) -> None:
    listing = LISTINGS[name]
    table: Any = listing.row.__table__
    indexes = [([column.name for column in index.columns], bool(index.unique)) for index in table.indexes]
    keys = (PrimaryKeyConstraint, UniqueConstraint)
    indexes += [([c.name for c in key.columns], True) for key in table.constraints if isinstance(key, keys)]
    parent = [NESTED[name]] if name in NESTED else []
    assert listing.default_order in listing.orders
    for order, column in listing.orders.items():
        stored = table.columns[column.key]
        assert not stored.nullable, order
        assert isinstance(stored.type, LEAKPROOF), order
        assert any(serves(index, is_unique, parent, column.key) for index, is_unique in indexes), order


@pytest.mark.parametrize("name", LISTINGS)
def test_each_filter_is_over_a_column_of_the_row(name: str) -> None:
    listing = LISTINGS[name]
    for field, column in listing.filters.items():
        compared = column.column if isinstance(column, MinorUnits) else column
        assert hasattr(compared, "type"), field


def test_each_to_one_relation_starts_at_a_column_and_each_connection_ends_at_the_type_it_shows() -> None:
    for type_ in schema._schema.type_map.values():
        for name, field in getattr(type_, "fields", {}).items():
            declared = field.extensions.get("strawberry-definition")
            if not isinstance(declared, Field):
                continue
            place = f"{type_.name}.{name}"
            if isinstance(declared.source, ToOne):
                assert declared.source.column, place
            if isinstance(declared.source, ToMany):
                shown = str(field.type).rstrip("!").removesuffix("Connection")
                assert declared.source.pages.listing.row.__name__ == shown, place


@pytest.mark.parametrize("name", LISTINGS)
def test_what_may_not_be_read_may_not_be_found_out_by_a_filter(name: str) -> None:
    listing = LISTINGS[name]
    type_ = schema.get_type_by_name(listing.row.__name__)
    fields = {field.python_name: field for field in getattr(type_, "fields", ()) if isinstance(field, Field)}
    own = {
        filtered: field.permission
        for filtered in listing.filters
        if (field := fields.get(filtered)) is not None and field.permission is not None
    }
    assert {filtered: listing.guarded.get(filtered) for filtered in own} == own
    assert set(listing.guarded) <= {*listing.filters, SEARCH}
    if listing.is_searchable:
        words = set(_searched(listing.row))
        needed = {fields[column].permission for column in words & fields.keys()} - {None}
        assert needed <= {listing.guarded.get(SEARCH)}


def _searched(row: Any) -> list[str]:
    """The columns whose words a search finds."""
    computed: Any = row.__table__.columns["search_document"].computed
    return [column.name for column in row.__table__.columns if f"{column.name}" in str(computed.sqltext)]
