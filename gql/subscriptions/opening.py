"""What comes before the first event of a subscription: its permission, its arguments, and the group it belongs to."""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import graphql
import orjson
from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

from gql.core.subscriptions import Opening
from gql.execution.run import Executor, Prepared
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput
from resolvers.core.viewer import Viewer

# They say where one client begins, and not what it is told from there on.
OWN_ARGUMENTS: Final = frozenset({"after", "snapshot", "snapshotFirst"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as a client sent it, valid so far."""

    text: str
    prepared: Prepared

    @property
    def operation_name(self) -> str | None:
        """The operation's name."""
        name = self.prepared.operation.name
        return name.value if name else None


async def open_subscription(executor: Executor, context: Context, asked: Asked) -> Opening:
    """Check the field's permission and coerce its arguments, as graphql-core does for every source of events.

    Raises GraphQLError: validation has seen to it that there is exactly one root field.
    """
    prepared = asked.prepared
    assert prepared.kind is OperationType.SUBSCRIPTION
    built = graphql.Executor.build(
        executor.schema,
        prepared.document.node,
        context_value=context,
        raw_variable_values=dict(prepared.given),
        operation_name=asked.operation_name,
    )
    if isinstance(built, list):
        raise built[0]
    source: Any = graphql.create_source_event_stream(built)
    if built.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        raise (source.errors or [GraphQLError("The subscription cannot be opened.")])[0]
    assert isinstance(source, Opening)
    return source


def group_key(asked: Asked, viewer: Viewer) -> Hashable:
    """What decides the bytes that a subscriber of a tenant is sent: equal keys are executed once.

    The viewer counts by what it may see, never by who it is: by its permissions, and by its scope. Raises BadUserInput.
    """
    own = _own_variables(asked.prepared)
    declared = {definition.variable.name.value for definition in asked.prepared.operation.variable_definitions or ()}
    variables = {name: value for name, value in asked.prepared.given.items() if name in declared and name not in own}
    try:
        packed = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # orjson writes 254 levels, and reads more
        raise BadUserInput("The variables are nested too deeply.") from error
    return (asked.text, asked.operation_name, packed, viewer.permissions, viewer.scope)


def _own_variables(prepared: Prepared) -> set[str]:
    """The variables that serve only as a root field's own arguments."""
    own: Counter[str] = Counter()
    for field in _root_fields(prepared, prepared.operation.selection_set):
        for argument in field.arguments or ():
            if argument.name.value in OWN_ARGUMENTS and isinstance(argument.value, VariableNode):
                own[argument.value.name.value] += 1
    if not own:
        return set()
    mentions = _Mentions()
    visit(prepared.document.node, mentions)
    return {name for name, times in own.items() if mentions.times[name] == times}


def _root_fields(prepared: Prepared, selection: SelectionSetNode) -> Iterator[FieldNode]:
    for node in selection.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _root_fields(prepared, prepared.document.fragments[node.name.value].selection_set)
        else:
            yield from _root_fields(prepared, node.selection_set)  # type: ignore[attr-defined]  # an inline fragment is all that is left


class _Mentions(Visitor):
    """Counts where a document uses each variable, definitions left out."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Counter[str] = Counter()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """One more use."""
        self.times[node.name.value] += 1

    def enter_variable_definition(self, node: Any, *_: Any) -> None:
        """Its own mention of the variable is visited too, and no use."""
        self.times[node.variable.name.value] -= 1
