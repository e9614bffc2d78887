"""Levels of Python values: what hand-written resolvers, mutations and subscriptions return, completed in batches."""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gql.execution.fallback import Fallback, Reason
from gql.execution.plan import Object, Run
from resolvers.core.context import Context

Values = list[Any]
T = TypeVar("T")


class Completion(Protocol):
    """Turns resolved values into what the answer shows, all of one place at once."""

    async def complete(self, values: Values, run: Run) -> Values:
        """The completed values, along the given ones. Raises Fallback where the reference would report an error."""


@dataclass(slots=True)
class Leaf:
    """Scalars and enumerations."""

    serialize: Callable[[Any], Any]

    async def complete(self, values: Values, run: Run) -> Values:
        """Each value as its scalar spells it."""
        serialize = self.serialize
        return [None if value is None else serialize(value) for value in values]


@dataclass(slots=True)
class NotNull:
    """What may not be null."""

    inner: Completion

    async def complete(self, values: Values, run: Run) -> Values:
        """As the inner completion; a null is an error, which only the reference executor knows how to tell."""
        done = await self.inner.complete(values, run)
        if None in done:
            raise Fallback(Reason.NULL)
        return done


@dataclass(slots=True)
class ListOf:
    """Lists, completed as one flat batch."""

    inner: Completion

    async def complete(self, values: Values, run: Run) -> Values:
        """The completed lists."""
        if any(value is not None and not isinstance(value, list | tuple) for value in values):
            raise Fallback(Reason.TYPE, "no list")
        done = await self.inner.complete([item for value in values if value is not None for item in value], run)
        completed: Values = []
        start = 0
        for value in values:
            if value is None:
                completed.append(None)
                continue
            completed.append(done[start : start + len(value)])
            start += len(value)
        return completed


@dataclass(slots=True)
class ByType:
    """Objects of an interface or union: each completed by the level of its own type, if the viewer may see that."""

    type_of: Callable[[Any], str]
    levels: Mapping[str, "Permitted[ValueLevel]"]

    async def complete(self, values: Values, run: Run) -> Values:
        """The completed objects."""
        places: dict[str, list[int]] = {}
        for place, value in enumerate(values):
            if value is not None:
                places.setdefault(self.type_of(value), []).append(place)
        completed: Values = [None] * len(values)
        for name, mine in places.items():
            done = await self.levels[name].open(run).complete([values[place] for place in mine], run)
            for place, answer in zip(mine, done, strict=True):
                completed[place] = answer
        return completed


@dataclass(slots=True)
class Permitted(Generic[T]):
    """A part of a plan that runs only where objects of its type turn up: it has permissions of its own."""

    part: T
    permissions: frozenset[str]

    def open(self, run: Run) -> T:
        """The part. Raises Fallback when the viewer lacks one of its permissions."""
        if self.permissions and not run.may(self.permissions):
            raise Fallback(Reason.PERMISSION)
        return self.part


@dataclass(slots=True)
class Resolved:
    """One field of a level of values: resolved for each value, then completed for all."""

    resolve: Callable[[Any, Run], Any]
    completion: Completion

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The field's answers along the values. Raises what a resolver raises, when all of them are done."""
        found: Values = []
        try:
            for value in values:
                found.append(self.resolve(value, run))  # those before the one that fails are awaited
        except Exception:
            await _settle(found)
            raise
        await _settle(found)
        for result in found:
            if isinstance(result, BaseException):
                raise result
        return await self.completion.complete(found, run)

    async def read(self, rows: Sequence[Any], run: Run) -> Values:
        """As a child of a level of rows."""
        return await self.answers(rows, run)


async def _settle(found: Values) -> None:
    """Wait for whatever can be waited for, and put what came of it in its place: a value, or an exception."""
    waiting = [place for place, result in enumerate(found) if inspect.isawaitable(result)]
    if waiting:
        results = await asyncio.gather(*(found[place] for place in waiting), return_exceptions=True)
        for place, result in zip(waiting, results, strict=True):
            found[place] = result


class Part(Protocol):
    """One field of a level of values."""

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The field's answers along the values."""


@dataclass(slots=True)
class ValueLevel:
    """Objects of one type made from Python values, field by field. `is_type_of` tells what is shown so by mistake."""

    fields: list[tuple[str, Part]]
    is_type_of: Callable[[Any, Any], Any] | None = None

    async def complete(self, values: Values, run: Run) -> Values:
        """The answers along the values; a null stays null."""
        present = [value for value in values if value is not None]
        is_type_of = self.is_type_of
        if is_type_of is not None and not all(is_type_of(value, None) for value in present):
            raise Fallback(Reason.TYPE)
        answers: list[Object] = [{} for _ in present]
        for name, part in self.fields:
            for answer, value in zip(answers, await part.answers(present, run), strict=True):
                answer[name] = value
        if len(present) == len(values):
            return list(answers)
        rest = iter(answers)
        return [None if value is None else next(rest) for value in values]


@dataclass(slots=True)
class Constant:
    """A value that does not depend on the object: `__typename`."""

    value: Any

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The value, once for each."""
        return [self.value] * len(values)


@dataclass(slots=True)
class ReadOne:
    """Rows of the database below a value: by key, through a child of levels of rows."""

    key: Callable[[Any], str | None]
    child: Any
    may_be_null: bool

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The objects along the values."""
        found = await self.child.read(values, run)
        answers = [None if (key := self.key(value)) is None else found.get(key) for value in values]
        if not self.may_be_null and None in answers:
            raise Fallback(Reason.NULL)
        return answers


@dataclass(slots=True)
class ByContext:
    """One row of the database below a value, by a key that takes the context too."""

    key: Callable[[Any, Context], Any]
    child: Any
    may_be_null: bool

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The objects along the values."""
        keys = [None if (key := self.key(value, run.context)) is None else str(key) for value in values]
        found = await self.child.read(keys, run)
        answers = [None if key is None else found.get(key) for key in keys]
        if not self.may_be_null and None in answers:
            raise Fallback(Reason.NULL)
        return answers


@dataclass(slots=True)
class ReadReferred:
    """Objects of any type below a value: those of each type are read together, by the columns asked of it."""

    find: Callable[..., Any]
    arguments: Callable[[Any], dict[str, Any]]
    types: Mapping[str, Permitted[Any]]
    is_list: bool

    async def answers(self, values: Sequence[Any], run: Run) -> Values:
        """The object, or the list of objects, that each value refers to; null for what is not there."""
        arguments = self.arguments(run.variables)
        found = [self.find(value, run.context, **arguments) for value in values]
        lists = found if self.is_list else [[reference] for reference in found]
        by_type: dict[str, list[Any]] = {}
        for references in lists:
            for reference in references:
                if reference is not None:
                    by_type.setdefault(reference.node_type.name, []).append(reference)
        objects = {name: await self.types[name].open(run).read(references, run) for name, references in by_type.items()}
        shown = [[_referred(objects, reference) for reference in references] for references in lists]
        return list(shown) if self.is_list else [one for (one,) in shown]


def _referred(objects: Mapping[str, Mapping[str, Any]], reference: Any) -> Any:
    return None if reference is None else objects[reference.node_type.name].get(str(reference.key))
