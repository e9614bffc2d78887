"""The schema as its own metadata describes it: for tests that walk all of it."""

from typing import Final

from graphql import GraphQLField, GraphQLObjectType, get_named_type

from gql.core.fields import Field, RootMany, Source, ToMany
from gql.schema import schema

SCHEMA: Final = schema._schema  # the graphql-core schema has no public name


def root_type(kind: str) -> GraphQLObjectType:
    """`Query`, `Mutation` or `Subscription`."""
    found = SCHEMA.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    return found


def declared(field: GraphQLField) -> Field | None:
    """The field as it was declared; None for what Strawberry made by itself."""
    found = field.extensions.get("strawberry-definition")
    return found if isinstance(found, Field) else None


def source_of(field: GraphQLField) -> Source | None:
    """Where the field's value comes from."""
    found = declared(field)
    return found.source if found is not None else None


def fields_from(type_: GraphQLObjectType, *kinds: type[Source]) -> dict[str, GraphQLField]:
    """The type's fields whose source is of these kinds."""
    return {name: field for name, field in type_.fields.items() if isinstance(source_of(field), kinds)}


def node_types() -> dict[str, GraphQLObjectType]:
    """Every type that has a global id."""
    return {
        name: type_
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType) and any(each.name == "Node" for each in type_.interfaces)
    }


def shown_by(field: GraphQLField) -> GraphQLObjectType:
    """The type of the objects that a field shows, those of the page where it is a connection."""
    named = get_named_type(field.type)
    assert isinstance(named, GraphQLObjectType)
    if not isinstance(source_of(field), ToMany | RootMany):
        return named
    shown = get_named_type(named.fields["nodes"].type)
    assert isinstance(shown, GraphQLObjectType)
    return shown
