"""Runs an operation on both executors, and says where their answers differ."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gql.execution.limits import Limits
from gql.execution.run import Answer, Executor, dumps
from gql.schema import schema
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from tests.execution.operations import Operation

ROOMY = Limits(max_cost=10**12, max_depth=60, max_aliases=10_000)


@dataclass
class Pair:
    """The planned executor and the reference, with their caches: fresh ones see what a test has bent."""

    services: Services
    executor: Executor = field(default_factory=lambda: Executor(schema, ROOMY))

    async def difference(
        self,
        operation: Operation,
        viewer: Viewer | None,
        *,
        root: Any = None,
        settled: Callable[[], dict[str, Any]] = dict,
    ) -> str | None:
        """What the answers differ in; None when they are the same. Raises Refused when the operation is not valid."""
        planned, reference = await self.answers(operation, viewer, root=root, settled=settled)
        return unequal(planned, reference)

    async def answers(
        self,
        operation: Operation,
        viewer: Viewer | None,
        *,
        root: Any = None,
        settled: Callable[[], dict[str, Any]] = dict,
    ) -> tuple[Answer, Answer]:
        """What the plan and the reference answer. Raises Refused when the operation is not valid."""
        try:
            prepared = self.executor.prepare(operation.text, operation.variables, operation.name)
        except Exception as error:
            raise Refused(str(error)) from error
        found = []
        for run in (self.executor.run, self.executor.refer):
            context = Context(self.services, viewer)
            context.settled.update(settled())
            try:
                found.append(await run(context, prepared, root))
            finally:
                await context.close()
        planned, reference = found
        return planned, reference


class Refused(Exception):
    """The operation was refused before it ran: both executors share that part."""


def unequal(planned: Answer, reference: Answer) -> str | None:
    """What two answers differ in: their data byte for byte, their errors by what they null and their codes."""
    ours, theirs = dumps(planned.data), dumps(reference.data)
    if ours != theirs:
        return f"data: {around(ours, theirs)}\nerrors: {planned.errors} / {reference.errors}"
    ours_known, theirs_known = known(planned), known(reference)
    if ours_known == theirs_known:
        return None
    places = [
        {_nulled(answer.data, path) for path, _ in found}
        for answer, found in ((planned, ours_known), (reference, theirs_known))
    ]
    if places[0] != places[1]:
        return f"errors: {sorted(map(str, ours_known))} / {sorted(map(str, theirs_known))}"
    return None


def known(answer: Answer) -> set[tuple[tuple[Any, ...], str]]:
    """The errors as (path, code)."""
    return {(tuple(error.get("path", ())), error["extensions"]["code"]) for error in answer.errors}


def _nulled(data: Any, path: tuple[Any, ...]) -> tuple[Any, ...]:
    """The place that an error made null: where several did, any one of them is reported."""
    here: Any = data
    for length, step in enumerate(path):
        if here is None:
            return path[:length]
        here = here[step]
    return path


def around(ours: bytes, theirs: bytes) -> str:
    """The first place where two texts differ, and what is around it."""
    place = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    begin = max(0, place - 150)
    return f"{ours[begin : place + 150]!r}\n != {theirs[begin : place + 150]!r}"
