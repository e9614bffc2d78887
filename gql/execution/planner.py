"""The planner: from an operation and the metadata of the schema's fields to a plan. Once per document.

It knows columns, computed fields, to-one and to-many relations, and calls the rest. What it does not know raises
Unplannable, and the operation runs on the reference executor as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)

from gql.core.arguments import page_args
from gql.core.connections import OWN
from gql.core.fields import (
    PUBLIC,
    ByHand,
    Column,
    Computed,
    Field,
    GlobalId,
    RootMany,
    RootOne,
    ToMany,
    ToOne,
    type_permission,
)
from gql.core.ids import decode_id, encode_id, prefix
from gql.core.mutations import Affected, Doing
from gql.core.node import ByKey, Referred, node_type_named
from gql.core.subscriptions import Live
from gql.execution.fallback import Fallback, Reason, Unplannable
from gql.execution.plan import Many, One, Outputs, PageLevel, RootPage, RootRow, RowLevel, Run
from gql.execution.rows import OverRows, RowBuilder, column_expression, row_maker
from gql.execution.selection import Arguments, Scope, arguments_of, fields_of
from gql.execution.values import (
    ByContext,
    ByType,
    Completion,
    Constant,
    Leaf,
    ListOf,
    NotNull,
    Permitted,
    ReadOne,
    ReadReferred,
    Resolved,
    ValueLevel,
)
from resolvers.core.loaders import ByUnique
from resolvers.core.pagination import Listing, PageArgs
from resolvers.core.statements import Step

T = TypeVar("T")
BACKREF = "strawberry-definition"


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation, ready to run for every viewer who holds the permissions."""

    root: list[tuple[str, Any]]
    permissions: frozenset[str]
    statements: int  # how many it may keep, of each type that may turn up

    async def run(self, run: Run, root: Any) -> dict[str, Any]:
        """The data. Raises what the reference executor has to explain."""
        answers: dict[str, Any] = {}
        for key, part in self.root:
            answers[key] = (await part.answers([root], run))[0]
        return answers

    async def run_each(self, run: Run, roots: Sequence[Any]) -> list[dict[str, Any]]:
        """The data of each of several roots, in as many statements as one takes; for subscriptions alone."""
        answers: list[dict[str, Any]] = [{} for _ in roots]
        for key, part in self.root:
            for answer, value in zip(answers, await part.answers(roots, run), strict=True):
                answer[key] = value
        return answers


def plan_operation(scope: Scope, operation: OperationDefinitionNode) -> Plan:
    """Plan an operation. Raises Unplannable."""
    if operation.directives:
        raise Unplannable(Reason.DIRECTIVE, "on the operation")
    root = scope.schema.get_root_type(operation.operation)
    assert root is not None
    parts = _value_fields(scope, root, [operation.selection_set])
    return Plan(parts, frozenset(scope.permissions), scope.statements)


def _definition(scope: Scope, parent: GraphQLObjectType, node: FieldNode) -> tuple[GraphQLField, Field]:
    definition = parent.fields.get(node.name.value)
    if definition is None:
        raise Unplannable(Reason.INTROSPECTION, node.name.value)
    declared = definition.extensions.get(BACKREF)
    if not isinstance(declared, Field) or declared.permission_classes or declared.extensions:
        raise Unplannable(Reason.FIELD, f"{parent.name}.{node.name.value}")
    if declared.permission is not None and declared.permission != PUBLIC:
        scope.permissions.add(declared.permission)
    return definition, declared


def _sets(nodes: list[FieldNode]) -> list[Any]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


# ------------------------------------------------------------------------------------------------ levels of values


def _value_fields(scope: Scope, type_: GraphQLObjectType, sets: list[Any]) -> list[tuple[str, Any]]:
    parts = []
    for key, nodes in fields_of(scope, type_, sets).items():
        with scope.under(key):
            parts.append((key, _value_field(scope, type_, nodes)))
    return parts


def _value_field(scope: Scope, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Any:
    node = nodes[0]
    if node.name.value == "__typename":
        return Constant(parent.name)
    definition, declared = _definition(scope, parent, node)
    arguments = arguments_of(scope, definition, declared, node)
    below = _rows_below(scope, definition, declared, arguments, nodes)
    if below is not None:
        return below
    resolve = _resolver(parent, declared, node, arguments)
    return Resolved(resolve, _completion(scope, definition.type, nodes))


def _resolver(
    parent: GraphQLObjectType, declared: Field, node: FieldNode, arguments: Arguments
) -> Callable[[Any, Run], Any]:
    match declared.source:
        case GlobalId():
            return lambda value, _: encode_id(parent.name, value.id)
        case Column(name):
            return lambda value, _: getattr(value, name)
        case Computed(_, compute):
            return lambda value, run: compute(run.context, value)
        case ByHand(function):
            return lambda value, run: function(value, run.context, **arguments(run.variables))
        case Doing() as source:
            key = (node.alias or node.name).value
            return lambda _, run: _mutate(source, run, key, declared.python_name or "", arguments)
        case Live():
            return lambda message, _: message  # the dispatcher gives the message as the root
    raise Unplannable(Reason.SOURCE, f"{parent.name}.{node.name.value}")


async def _mutate(source: Doing, run: Run, key: str, name: str, arguments: Arguments) -> Any:
    """Run a mutation once: should the rest of the plan fail, the reference executor finds what came of it."""
    context = run.context
    try:
        info: Any = SimpleNamespace(context=context, field_name=name, path=SimpleNamespace(key=key))
        outcome = await source.resolve(None, info, arguments(run.variables))
    except Exception as error:
        context.settled[key] = error
        raise
    context.settled[key] = outcome
    return outcome


def _rows_below(
    scope: Scope, definition: GraphQLField, declared: Field, arguments: Arguments, nodes: list[FieldNode]
) -> Any:
    """The part of a field whose value is read from rows by a key, or None."""
    may_be_null = not isinstance(definition.type, GraphQLNonNull)
    match declared.source:
        case ToOne(loader, column):
            key = _text_of(lambda value: getattr(value, column))
            return ReadOne(key, One(key, loader, _target(scope, definition, loader, nodes)), may_be_null)
        case Affected(loader, name):
            key = _text_of(lambda outcome: outcome.ids.get(name))
            return ReadOne(key, One(key, loader, _target(scope, definition, loader, nodes)), may_be_null)
        case ByKey() as source:
            return _by_key(scope, definition, source, nodes)
        case Referred(find):
            return _referred(scope, definition, find, arguments, nodes)
        case ToMany(pages):
            key = _text_of(lambda value: value.id)
            page = _page(scope, definition, pages.listing, nodes, offset=1)
            return ReadOne(key, Many(key, pages, _paging(pages.listing, arguments), page), False)
        case RootOne(loader, type_name):
            level = _target(scope, definition, loader, nodes)
            return RootRow(loader, lambda run: decode_id(type_name, arguments(run.variables)["id"]), level, may_be_null)
        case RootMany(listing):
            return RootPage(_paging(listing, arguments), _page(scope, definition, listing, nodes, offset=0))
    return None


def _paging(listing: Listing[Any], arguments: Arguments) -> Callable[[Run], PageArgs]:
    return lambda run: page_args(run.context, listing, arguments(run.variables))


def _by_key(scope: Scope, definition: GraphQLField, source: ByKey, nodes: list[FieldNode]) -> Any:
    """A row by a key that is computed from the value and the context."""
    loader = source.loader_for(definition.type)
    level = _target(scope, definition, loader, nodes, is_own=source.is_own)
    return ByContext(source.key, One(lambda key: key, loader, level), not isinstance(definition.type, GraphQLNonNull))


def _referred(
    scope: Scope, definition: GraphQLField, find: Callable[..., Any], arguments: Arguments, nodes: list[FieldNode]
) -> Any:
    """Objects of any type: each possible one has a level of rows, and permissions, of its own."""
    shown: Any = get_nullable_type(definition.type)
    is_list = isinstance(shown, GraphQLList)
    if isinstance(shown.of_type if is_list else definition.type, GraphQLNonNull):
        raise Unplannable(Reason.SOURCE, "an object of any type that may not be null")
    named: Any = get_named_type(definition.type)
    types = {}
    for possible in scope.schema.get_possible_types(named):
        node_type = node_type_named(possible.name)
        if node_type is not None:
            types[possible.name] = _permitted(scope, _one_of(possible, node_type.loader, nodes))
    return ReadReferred(find, arguments, types, is_list)


def _one_of(type_: GraphQLObjectType, loader: ByUnique[Any], nodes: list[FieldNode]) -> Callable[[Scope], One]:
    def plan(scope: Scope) -> One:
        scope.permissions.add(type_permission(loader.row))
        level = _row_level(scope, type_, loader.row, nodes, scope.outputs(1))
        return One(lambda reference: str(reference.key), loader, level)

    return plan


def _permitted(scope: Scope, plan: Callable[[Scope], T]) -> Permitted[T]:
    """A part whose permissions are asked for only where it runs."""
    own = replace(scope, permissions=set())
    return Permitted(plan(own), frozenset(own.permissions))


def _text_of(read: Callable[[Any], Any]) -> Callable[[Any], str | None]:
    def text(value: Any) -> str | None:
        found = read(value)
        return None if found is None else str(found)

    return text


def _completion(scope: Scope, type_: GraphQLOutputType, nodes: list[FieldNode]) -> Completion:
    if isinstance(type_, GraphQLNonNull):
        return NotNull(_completion(scope, type_.of_type, nodes))
    if isinstance(type_, GraphQLList):
        return ListOf(_completion(scope, type_.of_type, nodes))
    if is_leaf_type(type_):
        return Leaf(type_.coerce_output_value)
    if is_abstract_type(type_):
        levels = {
            possible.name: _permitted(scope, partial(_value_level, type_=possible, nodes=nodes))
            for possible in scope.schema.get_possible_types(type_)
        }
        return ByType(lambda value: _type_name(type_, value), levels)
    assert isinstance(type_, GraphQLObjectType)
    return _value_level(scope, type_, nodes)


def _value_level(scope: Scope, type_: GraphQLObjectType, nodes: list[FieldNode]) -> ValueLevel:
    return ValueLevel(_value_fields(scope, type_, _sets(nodes)), type_.is_type_of)


def _type_name(type_: Any, value: Any) -> str:
    if isinstance(type_, GraphQLUnionType):
        for possible in type_.types:
            if possible.is_type_of is not None and possible.is_type_of(value, None):
                return str(possible.name)
        raise Fallback(Reason.TYPE, type_.name)
    return str(type_.extensions[BACKREF].origin.resolve_type(value))


# -------------------------------------------------------------------------------------------------- levels of rows


def _target(
    scope: Scope, definition: GraphQLField, loader: ByUnique[Any], nodes: list[FieldNode], *, is_own: bool = False
) -> RowLevel:
    """The level of a field that shows one row."""
    type_ = get_nullable_type(definition.type)
    if not isinstance(type_, GraphQLObjectType):
        raise Unplannable(Reason.SOURCE, f"one row of the type {type_}")
    if not is_own:
        scope.permissions.add(type_permission(loader.row))
    return _row_level(scope, type_, loader.row, nodes, scope.outputs(1))


def _row_level(scope: Scope, type_: GraphQLObjectType, row: type, nodes: list[FieldNode], outputs: Outputs) -> RowLevel:
    builder = RowBuilder(outputs)
    _row_fields(scope, type_, row, nodes, builder)
    return builder.level()


def _row_fields(scope: Scope, type_: GraphQLObjectType, row: type, nodes: list[FieldNode], builder: RowBuilder) -> None:
    for key, inner in fields_of(scope, type_, _sets(nodes)).items():
        if inner[0].name.value == "__typename":
            builder.part(key, repr(type_.name))
        else:
            with scope.under(key):
                _row_field(scope, type_, row, key, inner, builder)


def _row_field(
    scope: Scope, type_: GraphQLObjectType, row: Any, key: str, nodes: list[FieldNode], builder: RowBuilder
) -> None:
    definition, declared = _definition(scope, type_, nodes[0])
    match declared.source:
        case GlobalId():
            builder.part(key, f"{prefix(type_.name)!r} + r[{builder.index('id', is_text=True)}]")
        case Column(name) if (expression := column_expression(builder, row, name, definition.type)) is not None:
            builder.part(key, expression)
        case ToOne(loader, column):
            _one(scope, definition, (column, loader), key, nodes, builder)
        case ToMany(pages):
            place = builder.index("id", is_text=True)
            arguments = arguments_of(scope, definition, declared, nodes[0])
            page = _page(scope, definition, pages.listing, nodes, offset=1)
            child = builder.child(Many(_at(place), pages, _paging(pages.listing, arguments), page))
            builder.part(key, f"m{child}[r[{place}]]")
        case Column() | Computed() | ByHand() as source:
            columns = _columns_read(source, row)
            arguments = arguments_of(scope, definition, declared, nodes[0])
            resolve = _resolver(type_, declared, nodes[0], arguments)
            resolved = Resolved(resolve, _completion(scope, definition.type, nodes))
            builder.along(key, OverRows(resolved, row_maker(row, columns, builder), builder.presence()))
        case _:
            raise Unplannable(Reason.SOURCE, f"{type_.name}.{nodes[0].name.value}")


def _one(
    scope: Scope, definition: GraphQLField, step: Step, key: str, nodes: list[FieldNode], builder: RowBuilder
) -> None:
    """A to-one relation: joined into the same statement where it can be, read by its keys otherwise."""
    column, loader = step
    is_required = isinstance(definition.type, GraphQLNonNull)
    folded = builder.folded(step)
    if folded is None:
        place = builder.index(column, is_text=True)
        child = builder.child(One(_at(place), loader, _target(scope, definition, loader, nodes)))
        builder.part(key, f"m{child}[r[{place}]]" if is_required else f"m{child}.get(r[{place}])")
        return
    type_ = get_nullable_type(definition.type)
    if not isinstance(type_, GraphQLObjectType):
        raise Unplannable(Reason.SOURCE, f"one row of the type {type_}")
    scope.permissions.add(type_permission(loader.row))
    presence = folded.presence()
    _row_fields(scope, type_, loader.row, nodes, folded)
    shown = f"None if r[{presence}] is None else {folded.display()}"
    builder.part(key, f"not_null({shown})" if is_required else shown)


def _columns_read(source: Column | Computed | ByHand, row: Any) -> tuple[str, ...]:
    if isinstance(source, Column):
        return (source.name,)
    if isinstance(source, Computed):
        return source.columns
    return tuple(column.key for column in row.__mapper__.column_attrs if not column.deferred)


def _at(place: int) -> Callable[[Any], Any]:
    return lambda record: record[place]


# ------------------------------------------------------------------------------------------------------ connections


def _page(scope: Scope, definition: GraphQLField, listing: Any, nodes: list[FieldNode], *, offset: int) -> PageLevel:
    connection = get_nullable_type(definition.type)
    assert isinstance(connection, GraphQLObjectType)
    scope.permissions.add(type_permission(listing.row))
    outputs = scope.outputs(offset)
    page = PageLevel(listing, outputs)
    for key, inner in fields_of(scope, connection, _sets(nodes)).items():
        name = inner[0].name.value
        if name == "__typename":
            page.parts.append((key, "constant", connection.name))
            continue
        shown = _structural(scope, connection, inner[0])
        item = get_nullable_type(shown.type)
        match name:
            case "nodes":
                with scope.under(key):
                    level = _row_level(scope, _item(item), listing.row, inner, outputs)
                page.parts.append((key, "nodes", level))
            case "edges":
                with scope.under(key):
                    page.parts.append((key, "edges", _edges(scope, page, _item(item), inner)))
            case "pageInfo":
                page.parts.append((key, "page_info", _page_info(scope, page, item, inner)))
            case "totalCount" | "isTotalCountCapped":
                page.has_count = True
                page.parts.append((key, "total_count" if name == "totalCount" else "is_total_count_capped", None))
            case _:
                raise Unplannable(Reason.SOURCE, f"{connection.name}.{name}")
    return page


def _structural(scope: Scope, parent: GraphQLObjectType, node: FieldNode) -> GraphQLField:
    """A field of the connection, edge or page info itself; one that somebody gave another source is not known here."""
    definition, declared = _definition(scope, parent, node)
    if declared.source not in OWN:
        raise Unplannable(Reason.SOURCE, f"{parent.name}.{node.name.value}")
    return definition


def _item(type_: Any) -> GraphQLObjectType:
    item = get_nullable_type(type_.of_type)
    if not isinstance(item, GraphQLObjectType):
        raise Unplannable(Reason.SOURCE, f"a connection of {item}")
    return item


def _edges(scope: Scope, page: PageLevel, edge: GraphQLObjectType, nodes: list[FieldNode]) -> Any:
    levels: list[RowLevel] = []
    parts: list[tuple[str, str, Any]] = []
    for key, inner in fields_of(scope, edge, _sets(nodes)).items():
        name = inner[0].name.value
        if name == "__typename":
            parts.append((key, "constant", edge.name))
            continue
        shown = _structural(scope, edge, inner[0])
        if name == "cursor":
            _with_cursors(page)
            parts.append((key, "cursor", None))
        elif name == "node":
            type_: Any = get_nullable_type(shown.type)
            parts.append((key, "node", len(levels)))
            with scope.under(key):
                levels.append(_row_level(scope, type_, page.listing.row, inner, page.outputs))
        else:
            raise Unplannable(Reason.SOURCE, f"{edge.name}.{name}")
    return levels, parts


def _page_info(scope: Scope, page: PageLevel, type_: Any, nodes: list[FieldNode]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for key, inner in fields_of(scope, type_, _sets(nodes)).items():
        name = inner[0].name.value
        if name != "__typename":
            _structural(scope, type_, inner[0])
        if name in {"startCursor", "endCursor"}:
            _with_cursors(page)
        parts.append((key, type_.name if name == "__typename" else name))
    return parts


def _with_cursors(page: PageLevel) -> None:
    listing, outputs = page.listing, page.outputs
    page.id_index = outputs.index("id", is_text=True)
    page.order_index = lambda order: outputs.index(listing.orders[order].key)
