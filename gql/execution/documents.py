"""Documents: parsed and validated once per text, within bounds, whatever the number of requests for them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from gql.execution.limits import Limits, check_shape, size_variables
from gql.execution.selection import condition_variables
from gql.execution.variables import Variables
from resolvers.core.bounded import Bounded
from resolvers.core.errors import BadUserInput

if TYPE_CHECKING:
    from gql.execution.planner import Plan

MAX_ENTRIES: Final = 2_000
MAX_BYTES: Final = 12 * 1024 * 1024
NODE_BYTES: Final = 260  # of a parsed document with its positions, without tokens; as measured
DOCUMENT_BYTES: Final = 3_000
PLAN_NODE_BYTES: Final = 60
STATEMENT_BYTES: Final = 4_000  # its level, and the SQL of some shapes
MAX_ERRORS: Final = 20
MAX_PLANS: Final = 16  # of one document: its operations, times what @skip and @include make of them


class ParseFailed(GraphQLError):
    """The text is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(Exception):
    """The document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document, with its operations and fragments by name. `size` is how many nodes it was parsed to."""

    text: str
    size: int
    node: DocumentNode
    operations: dict[str, OperationDefinitionNode]
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Variables]
    condition_variables: tuple[str, ...] = ()
    size_variables: tuple[str, ...] = ()
    prices: dict[tuple[Any, ...], int] = field(default_factory=dict)
    plans: dict[tuple[Any, ...], "Plan | None"] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of this name, or the only one. Raises BadUserInput."""
        if name is not None:
            found = self.operations.get(name)
            if found is None:
                raise BadUserInput(f"There is no operation {name!r} in this document.")
            return found
        if len(self.operations) != 1:
            raise BadUserInput("Name one of the operations of this document in operationName.")
        return next(iter(self.operations.values()))


def key_of(operation: OperationDefinitionNode) -> str:
    """The name of an operation within its document, empty for the only one."""
    return operation.name.value if operation.name else ""


class Documents:
    """The cache: least recently used documents go first, by number and by what they weigh with their plans.

    Documents that do not fit the schema are kept, too: refusing them takes as long as accepting others.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, has_introspection: bool = True) -> None:
        self._schema = schema
        self._rules = specified_rules if has_introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._limits = limits
        self.cached: Bounded[str, Document | tuple[GraphQLError, ...]] = Bounded(MAX_ENTRIES, MAX_BYTES)

    def known(self, text: str) -> Document | None:
        """The document of this text, if it was seen before. Raises ValidationFailed."""
        found = self.cached.get(text)
        if isinstance(found, tuple):
            raise ValidationFailed(list(found))
        return found

    def make(self, text: str) -> Document:
        """The document of a text that was not seen before. Raises ParseFailed, TooComplex and ValidationFailed."""
        try:
            node = parse(text, max_tokens=self._limits.max_tokens)
        except GraphQLSyntaxError as error:
            raise ParseFailed(error.message, source=error.source, positions=error.positions) from error
        except RecursionError as error:
            raise ParseFailed("The document is nested too deeply.") from error
        fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
        check_shape(node, fragments, self._limits)
        errors = validate(self._schema, node, self._rules, max_errors=MAX_ERRORS)
        if errors:
            kept = tuple(
                GraphQLError(error.message, source=error.source, positions=error.positions) for error in errors
            )
            self.cached.put(text, kept, DOCUMENT_BYTES + 2 * len(text) + 1_000 * len(kept))
            raise ValidationFailed(errors)
        operations = {key_of(part): part for part in node.definitions if isinstance(part, OperationDefinitionNode)}
        names = {name for operation in operations.values() for name in condition_variables(operation, fragments)}
        made = Document(
            text,
            forget_tokens(node),
            node,
            operations,
            fragments,
            variables={name: Variables(self._schema, operation) for name, operation in operations.items()},
            condition_variables=tuple(sorted(names)),
            size_variables=size_variables(node),
        )
        self._weigh(made)
        return made

    def keep(self, document: Document, key: tuple[Any, ...], plan: "Plan | None") -> None:
        """Remember a plan with its document; the oldest goes when there are as many as are worth it."""
        if len(document.plans) >= MAX_PLANS:
            del document.plans[next(iter(document.plans))]
        document.plans[key] = plan
        if self.cached.get(document.text) is document:
            self._weigh(document)

    def _weigh(self, document: Document) -> None:
        plans = sum(
            PLAN_NODE_BYTES * document.size + STATEMENT_BYTES * plan.statements
            for plan in document.plans.values()
            if plan is not None
        )
        own = DOCUMENT_BYTES + NODE_BYTES * document.size + 2 * len(document.text)
        self.cached.put(document.text, document, own + plans)


def forget_tokens(document: DocumentNode) -> int:
    """Take the tokens from a document, which are half of its weight and of no more use; the number of its nodes."""
    size = 0
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        size += 1
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = None
        for key in node.keys:
            inner = getattr(node, key, None)
            if isinstance(inner, Node):
                waiting.append(inner)
            elif isinstance(inner, tuple | list):
                waiting.extend(part for part in inner if isinstance(part, Node))
    return size
