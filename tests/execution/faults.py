"""Fields bent for a while: some of their values are null, or fail, as no right row ever does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final

from graphql import GraphQLInterfaceType, GraphQLObjectType

from gql.core.fields import ByHand, Column, Computed, Field, Source
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput, Forbidden
from tests.execution.operations import SCHEMA


def _null() -> None:
    return None


def _refuse() -> None:
    raise BadUserInput("bent")


def _forbid() -> None:
    raise Forbidden("nobody:has")


def _break() -> None:
    raise RuntimeError("bent")


FAULTS: Final = (_null, _null, _refuse, _forbid, _break)


@contextmanager
def bent(rnd: Random, text: str) -> Iterator[list[str]]:
    """Bend some of the fields that the operation's text names; gives their names."""
    words = set(text.replace("{", " ").replace("}", " ").split())
    named = (
        sorted(
            ((type_.name, name), definition.extensions["strawberry-definition"])
            for type_ in SCHEMA.type_map.values()
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__")
            for name, definition in type_.fields.items()
            if name in words and isinstance(definition.extensions.get("strawberry-definition"), Field)
            if isinstance(definition.extensions["strawberry-definition"].source, Column | Computed | ByHand)
        )
        if words
        else []
    )
    chosen = rnd.sample(named, min(len(named), rnd.randint(1, 4)))
    before = [(field, field.source) for _, field in chosen]
    try:
        for _, field in chosen:
            field.source = _bent(field.source, rnd.choice(FAULTS), rnd.choice([None, 0, 1]))
        yield [".".join(name) for name, _ in chosen]
    finally:
        for field, source in reversed(before):
            field.source = source


def _bent(source: Source, fault: Callable[[], None], remainder: int | None) -> Source:
    def strikes(row: Any) -> bool:
        row_id = getattr(row, "id", None)
        return remainder is None or row_id is None or row_id.int % 2 == remainder

    match source:
        case Column(name):
            return Computed((name, "id"), lambda _, row: fault() if strikes(row) else getattr(row, name))
        case Computed(columns, compute):
            made = compute

            def computed(context: Context, row: Any) -> Any:
                return fault() if strikes(row) else made(context, row)

            return Computed(tuple(dict.fromkeys((*columns, "id"))), computed)
        case ByHand(function):
            resolve = function

            def resolved(row: Any, context: Context, **arguments: Any) -> Any:
                return fault() if strikes(row) else resolve(row, context, **arguments)

            return ByHand(resolved)
    raise TypeError(source)
