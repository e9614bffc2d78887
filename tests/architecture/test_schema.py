"""The schema as a whole: described, guarded, and without secrets."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
)

from gql.core.fields import PUBLIC, SIGNED_IN, Field, type_permission
from gql.core.node import node_type_named
from gql.schema import schema
from resolvers.rules.access import PERMISSIONS

SCHEMA = schema._schema
OWN: list[GraphQLNamedType] = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]
BUILT_IN = {"Boolean", "Float", "ID", "Int", "String"}
ROOTS = [root for root in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type) if root is not None]
SECRET = re.compile(r"hash|encrypted|wrapped|salt|secret|password", re.IGNORECASE)
NOT_SECRET = {
    "passwordChangedAt",
    "isPasswordChangeRequired",
    "hasSecret",
    "previousSecretExpiresAt",
    "webhookEndpointSecretRotate",
}  # no values of any
SHOWN_ONCE = {
    ("ApiKeyCreatePayload", "secret"),
    ("WebhookEndpointCreatePayload", "secret"),
    ("WebhookEndpointSecretRotatePayload", "secret"),
}


def fields_of(type_: Any) -> dict[str, GraphQLField]:
    """The fields of an object type or interface; of another type none."""
    return dict(type_.fields) if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) else {}


def undescribed() -> Iterator[str]:
    """The names of all that has no description."""
    for type_ in OWN:
        if not type_.description and type_.name not in BUILT_IN:
            yield type_.name
        for name, field in fields_of(type_).items():
            if not field.description:
                yield f"{type_.name}.{name}"
            yield from (f"{type_.name}.{name}({key}:)" for key, found in field.args.items() if not found.description)
        if isinstance(type_, GraphQLInputObjectType):
            yield from (f"{type_.name}.{name}" for name, found in type_.fields.items() if not found.description)
        if isinstance(type_, GraphQLEnumType):
            yield from (f"{type_.name}.{name}" for name, found in type_.values.items() if not found.description)


def declared(field: GraphQLField) -> Field:
    """The field as its domain declares it."""
    found = field.extensions["strawberry-definition"]
    assert isinstance(found, Field)
    return found


def test_everything_is_described() -> None:
    assert list(undescribed()) == []


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_every_root_field_declares_a_permission_of_the_catalogue(root: GraphQLObjectType) -> None:
    known = {*PERMISSIONS, PUBLIC, SIGNED_IN}
    assert [name for name, field in root.fields.items() if declared(field).permission not in known] == []


def test_what_is_public_is_so_on_purpose() -> None:
    public = {
        f"{root.name}.{name}"
        for root in ROOTS
        for name, field in root.fields.items()
        if declared(field).permission == PUBLIC
    }
    assert public == {"Query.viewer", "Mutation.signIn", "Mutation.tokenRefresh"}


def test_every_node_needs_a_permission_by_whatever_path() -> None:
    node = SCHEMA.get_type("Node")
    assert isinstance(node, GraphQLInterfaceType)
    for type_ in SCHEMA.get_possible_types(node):
        registered = node_type_named(type_.name)
        assert registered is not None, type_.name
        assert registered.permission in PERMISSIONS
        assert type_permission(registered.loader.row) == registered.permission


def test_each_node_type_is_reached_by_id_and_by_a_list_from_the_root() -> None:
    assert SCHEMA.query_type is not None
    shown = [get_named_type(field.type).name for field in SCHEMA.query_type.fields.values()]
    node = SCHEMA.get_type("Node")
    assert isinstance(node, GraphQLInterfaceType)
    alone = {"Organization", "Tenant"}  # a viewer has exactly one of each
    for type_ in SCHEMA.get_possible_types(node):
        assert type_.name in shown, type_.name
        assert type_.name in alone or f"{type_.name}Connection" in shown, type_.name


def test_no_field_gives_a_secret_away() -> None:
    found = {
        (type_.name, name)
        for type_ in OWN
        for name in fields_of(type_)
        if SECRET.search(name) and name not in NOT_SECRET
    }
    assert found <= SHOWN_ONCE


def test_lists_are_pages_with_a_filter_and_an_order_that_are_named_after_their_type() -> None:
    for type_ in OWN:
        for name, field in fields_of(type_).items():
            shown = get_named_type(field.type).name
            if not shown.endswith("Connection"):
                continue
            item = shown.removesuffix("Connection")
            arguments = {key: get_named_type(found.type).name for key, found in field.args.items()}
            assert {"first", "after", "last", "before"} <= arguments.keys(), f"{type_.name}.{name}"
            assert arguments.get("filter", f"{item}Filter") == f"{item}Filter"
            assert arguments.get("orderBy", f"{item}Order") == f"{item}Order"
