"""Enumerations as GraphQL types, described by their own docstrings and members."""

import inspect
from types import ModuleType
from typing import Any, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from db.enums import Choice

C = TypeVar("C", bound=type[Choice])


def enum_type(choice: C) -> C:
    """Make an enumeration a GraphQL type of the same name; registering it twice is the same as once."""
    if "__strawberry_definition__" in choice.__dict__:
        return choice
    made: Any = strawberry.enum(choice, description=inspect.cleandoc(choice.__doc__ or ""))
    definition: StrawberryEnumDefinition = made.__strawberry_definition__
    for value in definition.values:
        value.description = choice[value.name].description
    return choice


def register(enums: ModuleType) -> None:
    """Make all enumerations of a module GraphQL types: each domain does so with its own, first thing."""
    for choice in vars(enums).values():
        if isinstance(choice, type) and issubclass(choice, Choice) and choice is not Choice:
            enum_type(choice)
