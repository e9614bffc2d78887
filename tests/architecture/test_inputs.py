"""What clients send: ids of known types, keys that make retries safe, and names that tell what a value is."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
)

from gql.core.arguments import ID_TYPE
from gql.core.fields import RootMany, ToMany
from resolvers.core.errors import camel
from tests.architecture.test_sources import fields_from, origin, row_of, table_of
from tests.support.schema import SCHEMA, node_types, root_type

GENERIC = {"IdFilter"}  # what it compares, the field of the filter says
ANY_TYPE = "Node"
KEPT_NAMES = re.compile(r"^(eq|ne|in|notIn|gt|gte|lt|lte|isNull|has|and|or|not|startsWith)$")  # of comparisons


def inputs() -> Iterator[GraphQLInputObjectType]:
    return (type_ for type_ in SCHEMA.type_map.values() if isinstance(type_, GraphQLInputObjectType))


def test_every_id_that_is_taken_says_of_which_type_it_is() -> None:
    wrong = []
    for type_ in inputs():
        if type_.name in GENERIC:
            continue
        for field in dataclasses.fields(origin(type_)):
            taken = get_named_type(type_.fields[graphql_name(field)].type).name
            id_type = field.metadata.get(ID_TYPE)
            if (taken in {"ID", "IdFilter"}) != (id_type is not None):
                wrong.append(f"{type_.name}.{field.name}")
            if id_type is not None and id_type not in {*node_types(), ANY_TYPE}:
                wrong.append(f"{type_.name}.{field.name}: {id_type}")
    assert wrong == []


def graphql_name(field: Any) -> str:
    return camel(field.name.rstrip("_"))


def test_a_filter_compares_the_ids_that_its_column_holds() -> None:
    wrong = []
    for kind in (RootMany, ToMany):
        for place, _, source, field in fields_from(kind):
            listing = source.listing if isinstance(source, RootMany) else source.pages.listing
            if "filter" not in field.args:
                continue
            for each in dataclasses.fields(origin(get_named_type(field.args["filter"].type))):
                id_type = each.metadata.get(ID_TYPE)
                if id_type is None:
                    continue
                column = table_of(listing.row).columns[listing.filters[each.name].key]
                targets = {key.column.table.name for key in column.foreign_keys}
                if row_of(id_type).__tablename__ not in targets:
                    wrong.append(f"{place}: {each.name} takes {id_type}, {column.name} refers to {targets}")
    assert wrong == []


def test_every_change_can_be_repeated_safely_and_every_object_is_changed_at_a_version() -> None:
    wrong = []
    for name, field in root_type("Mutation").fields.items():
        taken = get_named_type(field.args["input"].type)
        assert isinstance(taken, GraphQLInputObjectType)
        if "idempotencyKey" not in taken.fields:
            wrong.append(f"{name}: idempotencyKey")
        if "id" in taken.fields and "expectedVersion" not in taken.fields:
            wrong.append(f"{name}: expectedVersion")
        shown = get_named_type(field.type)
        assert isinstance(shown, GraphQLObjectType)
        if [each.name for each in shown.interfaces] != ["MutationPayload"]:
            wrong.append(f"{name}: {shown.name}")
    assert wrong == []


def named_fields() -> Iterator[tuple[str, str, GraphQLField | GraphQLInputField]]:
    """Every field of the schema's own types, of input types too: place, name and field."""
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            if type_.name.startswith("__"):
                continue
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", name, field


def test_truth_values_times_and_dates_are_told_by_their_names() -> None:
    wrong = []
    for place, name, field in named_fields():
        kind = get_named_type(field.type).name
        if KEPT_NAMES.match(name):
            continue
        told = {
            "Boolean": re.match(r"(is|has)[A-Z]", name),
            "DateTime": re.search(r"At$", name),
            "Date": re.search(r"On$", name),
        }
        if kind in told and not told[kind]:
            wrong.append(f"{place}: {kind}")
    assert wrong == []


def test_no_name_leaves_open_which_kind_of_agent_it_means() -> None:
    bare = re.compile(r"^agents?(Ids?)?$|(?<!Insurance)(?<!Voice)(?<!Department)(?<!user)Agents?(Ids?)?$")
    wrong = [
        place
        for place, name, _ in named_fields()
        if bare.search(name) and not re.match(r"(insurance|voice|department|user)Agents?(Ids?)?$", name)
    ]
    assert wrong == []
