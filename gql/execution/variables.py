"""Variables: coerced by graphql-core, but for those of built-in scalars, which only have to be looked at."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_scalar_type,
    is_specified_scalar_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

# What stays as it is when graphql-core coerces it; all else, also what it refuses, is left to graphql-core.
FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "ID": lambda value: type(value) is str,
    "String": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
}


class VariablesRefused(Exception):
    """The variables do not fit their types."""

    code = "BAD_USER_INPUT"

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class Variables:
    """The variables that an operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._declared = operation.variable_definitions or ()
        self._plain = _plain([get_variable_signature(schema, node) for node in self._declared])

    def coerce(self, given: Mapping[str, Any]) -> VariableValues:
        """The values, coerced. Raises VariablesRefused."""
        if self._plain is not None:
            sources: dict[str, VariableValueSource] = {}
            values: dict[str, Any] = {}
            for name, signature, fits in self._plain:
                value = given.get(name)
                if not fits(value):
                    break
                sources[name] = VariableValueSource(signature, value)
                values[name] = value
            else:
                return VariableValues(sources, values)
        coerced = get_variable_values(self._schema, self._declared, dict(given))
        if isinstance(coerced, list):
            raise VariablesRefused(coerced)
        return coerced


def _plain(
    signatures: list[GraphQLVariableSignature | GraphQLError],
) -> list[tuple[str, GraphQLVariableSignature, Callable[[Any], bool]]] | None:
    """Name, signature and test of each variable, when all are of built-in scalars; None otherwise."""
    found = []
    for signature in signatures:
        if isinstance(signature, GraphQLError):
            return None
        type_: Any = get_nullable_type(signature.type)
        if not is_scalar_type(type_) or not is_specified_scalar_type(type_) or type_.name not in FITS:
            return None
        found.append((signature.name, signature, FITS[type_.name]))
    return found
