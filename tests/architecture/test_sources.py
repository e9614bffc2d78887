"""Where the fields' values come from: each says so in metadata, and names what is really there."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)
from sqlalchemy import LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint

from gql.core.fields import Column, Computed, RootMany, RootOne, Source, ToMany, ToOne
from gql.core.mutations import Affected
from gql.core.node import node_type_named
from resolvers.core.loaders import ByUnique
from tests.support.schema import SCHEMA, node_types, shown_by, source_of


def object_fields() -> Iterator[tuple[str, GraphQLObjectType | GraphQLInterfaceType, GraphQLField]]:
    """Every field of the schema's own types, with its place."""
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", type_, field


def fields_from(kind: type[Any]) -> Iterator[tuple[str, str, Any, GraphQLField]]:
    """Of each field from this kind of source: its place, its type's name, and the source."""
    for place, type_, field in object_fields():
        source = source_of(field)
        if isinstance(source, kind):
            yield place, type_.name, source, field


def row_of(type_name: str) -> Any:
    """The row behind a type that has a global id; None for others."""
    return node_type_named(type_name).loader.row if type_name in node_types() else None  # type: ignore[union-attr]  # it is one


def table_of(row: Any) -> Table:
    table: Table = row.__table__
    return table


def test_every_field_says_where_its_value_comes_from() -> None:
    assert [place for place, _, field in object_fields() if not isinstance(source_of(field), Source)] == []


def test_every_column_is_one_of_the_row_and_none_of_its_secrets() -> None:
    wrong = []
    for place, type_name, source, _ in fields_from(Column):
        row = row_of(type_name)
        if row is None:
            continue  # plain values: settle_columns has checked their attributes
        stored = table_of(row).columns.get(source.name)
        if stored is None or isinstance(stored.type, LargeBinary) or stored.computed is not None:
            wrong.append(place)
    assert wrong == []


def test_a_value_that_may_be_missing_is_never_promised() -> None:
    wrong = []
    for place, type_name, source, field in fields_from(Column):
        row = row_of(type_name)
        if row is not None and isinstance(field.type, GraphQLNonNull) and table_of(row).columns[source.name].nullable:
            wrong.append(place)
    assert wrong == []


def test_what_is_computed_names_columns_of_the_row() -> None:
    wrong = [
        f"{place}: {name}"
        for place, type_name, source, _ in fields_from(Computed)
        for name in source.columns
        if (row := row_of(type_name)) is not None and name not in table_of(row).columns
    ]
    assert wrong == []


def test_a_relation_to_one_leads_by_a_column_to_a_row_of_the_type_that_it_shows() -> None:
    wrong = []
    for place, type_name, source, field in fields_from(ToOne):
        row, shown = row_of(type_name), row_of(shown_by(field).name)
        if shown is not source.loader.row:
            wrong.append(f"{place} shows another type")
        if row is None:
            continue
        near, far = table_of(row).columns[source.column], source.loader.column
        ends = {near.table.name, far.class_.__tablename__}
        keys = [*near.foreign_keys, *table_of(far.class_).columns[far.key].foreign_keys]
        if not any({key.parent.table.name, key.column.table.name} == ends for key in keys):
            wrong.append(f"{place}: no foreign key ties {near} to {far}")
    assert wrong == []


def test_what_is_read_one_per_key_is_unique_by_that_key() -> None:
    sources = [
        (place, source.loader) for kind in (ToOne, RootOne, Affected) for place, _, source, _ in fields_from(kind)
    ]
    assert sources
    assert sorted({place for place, loader in sources if not is_unique(loader)}) == []


def is_unique(loader: ByUnique[Any]) -> bool:
    """Whether at most one row of a tenant has a value of the loader's key, its criteria given."""
    table, key = loader.column.class_.__table__, loader.column.key
    wanted = {"tenant_id", key} & set(table.columns.keys())
    kinds = (PrimaryKeyConstraint, UniqueConstraint)
    uniques = [{column.name for column in each.columns} for each in table.constraints if isinstance(each, kinds)]
    partial = [{column.name for column in each.columns} for each in table.indexes if each.unique]
    return wanted in uniques or (bool(loader.criteria) and wanted in partial)


def test_a_relation_that_the_viewer_may_not_follow_does_not_take_the_object_with_it() -> None:
    """A refused relation is null, which it must be allowed to be; else the error climbs to its parent."""
    promised = [place for place, _, _, field in fields_from(ToOne) if isinstance(field.type, GraphQLNonNull)]
    assert promised == []


def test_a_list_offers_the_orders_that_it_has_and_filters_that_it_knows() -> None:
    wrong = []
    for kind in (RootMany, ToMany):
        for place, _, source, field in fields_from(kind):
            listing = source.listing if isinstance(source, RootMany) else source.pages.listing
            arguments = {name: get_named_type(argument.type) for name, argument in field.args.items()}
            if "filter" in arguments:
                offered = {each.name for each in dataclasses.fields(origin(arguments["filter"]))}
                wrong += [f"{place}: {name}" for name in offered - {"and_", "or_", "not_"} - listing.filters.keys()]
            if "orderBy" in arguments:
                ordered = arguments["orderBy"]
                assert isinstance(ordered, GraphQLInputObjectType)
                orders = get_named_type(ordered.fields["field"].type)
                assert isinstance(orders, GraphQLEnumType)
                wrong += [f"{place}: {name}" for name in set(orders.values) ^ listing.orders.keys()]
            if ("search" in arguments) != listing.is_searchable:
                wrong.append(f"{place}: search")
    assert wrong == []


def origin(type_: Any) -> Any:
    """The class behind an input type."""
    return type_.extensions["strawberry-definition"].origin
