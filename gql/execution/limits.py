"""Limits of one operation, checked before it runs: shape when its document is first seen, price on each request.

Every measure is memoised per fragment, so that a document cannot make the check itself exponential.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from gql.core.fields import Field, RootMany, ToMany
from resolvers.core.pagination import DEFAULT_SIZE, MAX_SIZE

LIST_GUESS = 10  # objects that a plain list is priced at


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an operation may be.

    `max_cost` bounds the objects it could return, page sizes multiplied. `max_repeats` bounds the pairs of fields that
    stand at the same place of the answer: validation compares each with each.
    """

    max_tokens: int = 10_000
    max_depth: int = 20
    max_fields: int = 2_000
    max_aliases: int = 200
    max_repeats: int = 5_000
    max_cost: int = 100_000


class TooComplex(GraphQLError):
    """The operation is larger than a limit."""

    code = "OPERATION_TOO_COMPLEX"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a selection adds up to, with its fragments in place."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0


def check_shape(document: DocumentNode, fragments: Mapping[str, FragmentDefinitionNode], limits: Limits) -> None:
    """Raise TooComplex when an operation is too deep, too wide, or has too many aliases."""
    known: dict[str, Shape | None] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            shape = _shape(definition.selection_set, fragments, known)
            for name, value, limit in (
                ("levels", shape.depth, limits.max_depth),
                ("fields", shape.fields, limits.max_fields),
                ("aliases", shape.aliases, limits.max_aliases),
            ):
                if value > limit:
                    raise TooComplex(f"The operation has {value} {name}; at most {limit} are allowed.")
            if _repeats(definition.selection_set, fragments) > limits.max_repeats:
                raise TooComplex("The operation asks too often for the same fields: name each once.")


def _repeats(selection: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many pairs of fields stand at the same place of the answer. The selection is known to be of bounded size."""
    places: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[tuple[str, ...], SelectionSetNode]] = [((), selection)]
    spread: set[tuple[tuple[str, ...], str]] = set()
    while waiting:
        path, current = waiting.pop()
        for node in current.selections:
            if isinstance(node, FieldNode):
                inner = (*path, (node.alias or node.name).value)
                places[inner] += 1
                if node.selection_set is not None:
                    waiting.append((inner, node.selection_set))
            elif isinstance(node, InlineFragmentNode):
                places[(*path, "...")] += 1
                waiting.append((path, node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                places[(*path, "...")] += 1
                fragment = fragments.get(node.name.value)
                if fragment is not None and (path, node.name.value) not in spread:
                    spread.add((path, node.name.value))
                    waiting.append((path, fragment.selection_set))
    return sum(times * (times - 1) // 2 for times in places.values())


def _shape(
    selection: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    known: dict[str, Shape | None],
) -> Shape:
    depth = fields = aliases = 0
    for node in selection.selections:
        if isinstance(node, FieldNode):
            inner = _shape(node.selection_set, fragments, known) if node.selection_set else Shape()
            part = Shape(inner.depth + 1, inner.fields + 1, inner.aliases + (node.alias is not None))
        elif isinstance(node, InlineFragmentNode):
            part = _shape(node.selection_set, fragments, known)
        else:
            part = _fragment_shape(node, fragments, known)
        depth, fields, aliases = max(depth, part.depth), fields + part.fields, aliases + part.aliases
    return Shape(depth, fields, aliases)


def _fragment_shape(
    spread: Any, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, Shape | None]
) -> Shape:
    name = spread.name.value
    if name not in known:
        known[name] = None  # entered: a cycle counts as nothing here, validation refuses it afterwards
        fragment = fragments.get(name)
        known[name] = _shape(fragment.selection_set, fragments, known) if fragment else Shape()
    return known[name] or Shape()


def price(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    """The most objects that the operation can return: page sizes multiplied along each path, and summed."""
    root = schema.get_root_type(operation.operation)
    known: dict[tuple[str, str], int] = {}

    def of_selection(selection: SelectionSetNode, parent: Any) -> int:
        return sum(of_node(node, parent) for node in selection.selections)

    def of_node(node: Any, parent: Any) -> int:
        if isinstance(node, FieldNode):
            return of_field(node, parent)
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            key = (node.name.value, parent.name)
            if key not in known:
                known[key] = of_selection(fragment.selection_set, schema.get_type(fragment.type_condition.name.value))
            return known[key]
        narrowed = schema.get_type(node.type_condition.name.value) if node.type_condition else parent
        return of_selection(node.selection_set, narrowed)

    def of_field(node: FieldNode, parent: Any) -> int:
        if node.selection_set is None or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 0
        field = parent.fields.get(node.name.value)
        if field is None:  # __schema and __type: bounded by the schema
            return 1
        size = page_size(node, field, variables)
        return size * (1 + of_selection(node.selection_set, get_named_type(field.type)))

    return of_selection(operation.selection_set, root)


def size_variables(document: DocumentNode) -> tuple[str, ...]:
    """The names of the variables that page sizes are taken from: the price depends on no others."""
    names = {
        argument.value.name.value
        for definition in document.definitions
        for node in _walk(getattr(definition, "selection_set", None))
        for argument in getattr(node, "arguments", None) or ()
        if argument.name.value in _SIZES and isinstance(argument.value, VariableNode)
    }
    return tuple(sorted(names))


def _walk(selection: SelectionSetNode | None) -> Iterator[Any]:
    for node in selection.selections if selection is not None else ():
        yield node
        yield from _walk(getattr(node, "selection_set", None))


def page_size(node: FieldNode, field: Any, variables: Mapping[str, Any]) -> int:
    """How many objects one value of the field holds at most; a connection's own edges and nodes count as one."""
    source = getattr(field.extensions.get("strawberry-definition"), "source", None)
    if isinstance(source, ToMany | RootMany):
        asked = [
            _number(argument.value, variables) for argument in node.arguments or () if argument.name.value in _SIZES
        ]
        sizes = [size for size in asked if size is not None]
        return min(max(sizes[0], 0), MAX_SIZE) if sizes else DEFAULT_SIZE
    type_ = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not isinstance(type_, GraphQLList) or (
        node.name.value in {"edges", "nodes"} and isinstance(field.extensions.get("strawberry-definition"), Field)
    ):
        return 1
    return LIST_GUESS


_SIZES = frozenset({"first", "last"})


def _number(value: Any, variables: Mapping[str, Any]) -> int | None:
    if isinstance(value, IntValueNode):
        return int(value.value)
    if isinstance(value, VariableNode):
        found = variables.get(value.name.value)
        return found if isinstance(found, int) else None
    return None
