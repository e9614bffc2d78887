"""Running an operation: from its text and variables to an answer, every error with a code."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import orjson
import structlog
from graphql import (
    ExecutionResult,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql.execution.values import VariableValues
from strawberry.schema import Schema

from gql.execution.cold import Budget, payer_of
from gql.execution.documents import Document, Documents, key_of
from gql.execution.errors import describe, is_unavailable
from gql.execution.fallback import EXPECTED, Reason, Unplannable, reason_of
from gql.execution.limits import Limits, TooComplex, price
from gql.execution.plan import RecordedRun, Run
from gql.execution.planner import Plan, plan_operation
from gql.execution.selection import Scope
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput

EXPLAIN: Final = "operation:explain"
MAX_PRICES: Final = 100  # of one document, by the page sizes in its variables

log = structlog.get_logger(__name__)


def dumps(value: Any) -> bytes:
    """JSON in UTF-8; instants, which plans leave to it, as the scalar DateTime spells them."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:  # an integer beyond 64 bits, which jsonb holds and orjson does not
        return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers. `is_executed` is False when it was refused before it ran: no `data` then."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]
    is_executed: bool
    extensions: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """The response as the specification spells it."""
        body: dict[str, Any] = {}
        if self.errors:
            body["errors"] = self.errors
        if self.is_executed:
            body["data"] = self.data
        if self.extensions:
            body["extensions"] = self.extensions
        return body


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that may run: valid, its variables coerced, its price within the limit."""

    document: Document
    operation: OperationDefinitionNode
    given: Mapping[str, Any]
    variables: VariableValues
    cost: int

    @property
    def name(self) -> str | None:
        """The operation's name, if it has one."""
        return self.operation.name.value if self.operation.name else None

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation


class Executor:
    """Runs operations on one schema: by their plan where there is one, by graphql-core as the reference otherwise.

    One per process. `fallbacks` counts, by reason, the operations that a plan could not answer.
    """

    def __init__(
        self,
        schema: Schema,
        limits: Limits | None = None,
        *,
        has_introspection: bool = True,
        is_planning: bool = True,
    ) -> None:
        self._strawberry = schema
        self.schema: GraphQLSchema = schema._schema  # the graphql-core schema has no public name
        self.limits = limits or Limits()
        self.fallbacks: Counter[Reason] = Counter()
        self._is_planning = is_planning
        self._budget = Budget()
        self._documents = Documents(self.schema, self.limits, has_introspection=has_introspection)

    def prepare(
        self,
        text: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context | None = None,
    ) -> Prepared:
        """Parse, validate, coerce and price. Raises what `describe` understands. The context's viewer pays for news."""
        document = self._documents.known(text) or self._make(text, context)
        operation = document.operation(operation_name)
        given = variables or {}
        coerced = document.variables[key_of(operation)].coerce(given)
        cost = self._price(document, operation, coerced.coerced)
        if cost > self.limits.max_cost:
            raise TooComplex(f"The operation could return {cost} objects; at most {self.limits.max_cost} are allowed.")
        return Prepared(document, operation, given, coerced, cost)

    def _make(self, text: str, context: Context | None) -> Document:
        if context is None:
            return self._documents.make(text)
        payer = payer_of(context)
        self._budget.check(payer)
        began = time.thread_time()
        try:
            return self._documents.make(text)
        finally:
            self._budget.charge(payer, time.thread_time() - began)

    def _price(self, document: Document, operation: OperationDefinitionNode, values: Mapping[str, Any]) -> int:
        """The operation's price, worked out once for each set of page sizes."""
        sizes = [values.get(name) for name in document.size_variables]
        key = (key_of(operation), *[size if isinstance(size, int) else None for size in sizes])
        found = document.prices.get(key)
        if found is None:
            if len(document.prices) >= MAX_PRICES:
                document.prices.clear()
            found = document.prices[key] = price(self.schema, operation, document.fragments, values)
        return found

    async def run(self, context: Context, prepared: Prepared, root: Any = None) -> Answer:
        """Execute a prepared query or mutation, or a subscription's selection over one event (`root`)."""
        plan = self._plan(prepared) if self._is_planning else None
        if plan is None:
            return await self.refer(context, prepared, root)
        run = (RecordedRun if context.is_recorded else Run)(context, prepared.variables)
        if plan.permissions and not run.may(plan.permissions):
            self._fell_back(prepared, Reason.PERMISSION)
            return await self.refer(context, prepared, root)
        try:
            data = await plan.run(run, root)
        except Exception as error:
            reason = reason_of(error)
            self._fell_back(prepared, reason, type(error).__name__)
            await context.forget_reads()  # a failed statement has broken its transaction
            answer = await self.refer(context, prepared, root)
            if not answer.errors:
                log.error("plan_failed", reason=reason.value, operation=prepared.name, exc_info=error)
            return answer
        context.settled.clear()
        return Answer(data, [], True)

    async def run_each(self, context: Context, prepared: Prepared, roots: Sequence[Any]) -> list[Answer] | None:
        """Execute a subscription's selection over several messages in as many statements as one takes.

        None when it has no plan, or the plan cannot answer: `refer` has to, in a new context, since a failed statement
        has broken the transaction of this one. Raises what says that the database cannot be reached.
        """
        plan = self._plan(prepared) if self._is_planning else None
        if plan is None:
            return None
        run = Run(context, prepared.variables)
        if plan.permissions and not run.may(plan.permissions):
            self._fell_back(prepared, Reason.PERMISSION)
            return None
        try:
            found = await plan.run_each(run, roots)
        except Exception as error:
            if is_unavailable(error):
                raise
            self._fell_back(prepared, reason_of(error), type(error).__name__)
            return None
        return [Answer(data, [], True) for data in found]

    async def refer(self, context: Context, prepared: Prepared, root: Any = None) -> Answer:
        """Run on graphql-core, which is what every plan has to answer like."""
        result = execute(
            self.schema,
            prepared.document.node,
            root_value=root,
            context_value=context,
            variable_values=dict(prepared.given),
            operation_name=prepared.name,
        )
        outcome: ExecutionResult = (
            result if isinstance(result, ExecutionResult) else await result
        )  # no incremental delivery
        errors = [described for error in outcome.errors or () for described in describe(error)]
        return Answer(outcome.data, errors, True)

    def _plan(self, prepared: Prepared) -> Plan | None:
        """The operation's plan, made when first needed; None when it has none."""
        document, operation = prepared.document, prepared.operation
        coerced = prepared.variables.coerced
        conditions = {name: coerced.get(name) for name in document.condition_variables}
        key = (operation.name.value if operation.name else "", *conditions.values())
        if key not in document.plans:
            scope = Scope(self._strawberry, self.schema, document.fragments, conditions)
            plan: Plan | None = None
            try:
                plan = plan_operation(scope, operation)
            except Unplannable as error:
                self._fell_back(prepared, error.reason, str(error))
            except Exception:
                log.exception("planner_failed")
                self._fell_back(prepared, Reason.DEFECT)
            self._documents.keep(document, key, plan)
        return document.plans[key]

    def _fell_back(self, prepared: Prepared, reason: Reason, detail: str | None = None) -> None:
        self.fallbacks[reason] += 1
        tell = log.debug if reason in EXPECTED else log.info
        tell("fallback", reason=reason.value, operation=prepared.name, detail=detail)

    async def answer(
        self,
        context: Context,
        text: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        is_explained: bool = False,
    ) -> Answer:
        """Prepare and run; refusals come back as an Answer too. `is_explained`: say what it took, to who may know."""
        try:
            if is_explained:
                context.viewer.require(EXPLAIN)
            prepared = self.prepare(text, variables, operation_name, context)
            if prepared.kind is OperationType.SUBSCRIPTION:
                raise BadUserInput(
                    "Subscriptions run over WebSocket (graphql-transport-ws), or as text/event-stream (in Accept)."
                )
        except Exception as error:  # describe masks what it does not know
            return Answer(None, describe(error), is_executed=False)
        if is_explained:
            return await self._explained(context, prepared)
        return await self.run(context, prepared)

    async def _explained(self, context: Context, prepared: Prepared) -> Answer:
        reads = context.record()
        began = time.perf_counter()
        before = self.fallbacks.copy()
        answer = await self.run(context, prepared)
        fell_back = [reason.value for reason in self.fallbacks - before]
        explained = {
            "milliseconds": round((time.perf_counter() - began) * 1000, 3),
            "cost": prepared.cost,
            "fallbacks": fell_back,
            "statements": [asdict(read) for read in reads],
        }
        return replace(answer, extensions={"explain": explained})
