"""Mutations: inputs, payloads, and the field that runs an action as one transaction."""

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import strawberry
from strawberry import UNSET

from gql.core.arguments import ID_TYPE
from gql.core.errors import Shown, UserError
from gql.core.fields import PUBLIC, Source, argument, by_hand, make, require_type
from gql.core.ids import decode_id
from gql.core.scalars import Position
from resolvers.core.context import Context
from resolvers.core.errors import InvalidId, ValidationFailed, camel
from resolvers.core.loaders import ByUnique
from resolvers.core.writes import Action, Outcome, Values, perform

if TYPE_CHECKING:
    from strawberry import Info

C = TypeVar("C", bound=type)
MAX_KEY = 200


@strawberry.interface(description="What every mutation answers.")
class MutationPayload:
    errors: list[UserError] = by_hand(
        lambda outcome, _: [Shown(refusal) for refusal in outcome.errors],
        "Why nothing was done; empty when all of it was done.",
    )
    position: Position | None = by_hand(
        lambda outcome, _: outcome.position,
        "The position of the last event of this change, null without one: subscribe `after` it to see only what"
        " follows.",
    )

    @classmethod
    def resolve_type(cls, *_: Any) -> str:
        """Payloads are never reached through the interface alone."""
        raise TypeError("a field of type MutationPayload cannot be resolved")


def payload_type(description: str) -> Callable[[C], C]:
    """Make a class the payload of a mutation: its rows are Outcomes."""

    def wrap(cls: C) -> C:
        cls.is_type_of = classmethod(lambda _, outcome, __: isinstance(outcome, Outcome))  # type: ignore[attr-defined]  # Strawberry looks for it on the class
        return strawberry.type(cls, description=description)

    return wrap


@dataclass(frozen=True, slots=True)
class Affected(Source):
    """The object that a mutation was about, read after its commit; none when it was refused."""

    loader: ByUnique[Any]
    name: str

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The row that the outcome names."""
        row_id = row.ids.get(self.name)
        if row_id is None:
            return None
        require_type(info.context, self.loader.row)
        return self.loader.load(info.context, row_id)


def affected(loader: ByUnique[Any], name: str, description: str) -> Any:
    """A field of a payload: the object that the action returned under this name."""
    return make(Affected(loader, name), description)


def shown_once(name: str, description: str) -> Any:
    """A field of a payload: a secret, there only in the answer to the request that made it."""
    return by_hand(lambda outcome, _: outcome.secrets.get(name), description)


def given(description: str, *, id_of: str | None = None, default: Any = UNSET) -> Any:
    """A field of an input. A nullable one may be left out; `id_of` names the type whose id it takes."""
    return strawberry.field(default=default, description=description, metadata={ID_TYPE: id_of} if id_of else {})


def required(description: str, *, id_of: str | None = None) -> Any:
    """A field of an input that must be given."""
    return strawberry.field(description=description, metadata={ID_TYPE: id_of} if id_of else {})


def idempotency_key() -> Any:
    """The field `idempotencyKey` of an input."""
    return given(
        "Makes a retry safe: for 24 hours the same key with the same input does nothing again, and answers with the"
        f" same objects, without secrets that were shown. At most {MAX_KEY} characters."
    )


def expected_version() -> Any:
    """The field `expectedVersion` of an input that changes an object."""
    return given("Refuse with a Conflict unless the object is still at this version.")


class Doing(Source):
    """Base of what mutations do with their input."""

    async def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Outcome:
        """The outcome: the objects it was about, or its errors. What a failed plan has run already is not run again."""
        settled = info.context.settled.pop(str(info.path.key), None)
        if isinstance(settled, Exception):
            raise settled
        if settled is not None:
            return settled  # type: ignore[no-any-return]  # an Outcome, put there by this method's own result
        try:
            values = input_values(arguments["input"], ("input",))
        except InvalidId as error:
            return Outcome(errors=[ValidationFailed(error.message, error.path)])
        key = values.pop("idempotency_key", None)
        if key is not None and not 0 < len(key) <= MAX_KEY:
            message = f"An idempotency key has 1 to {MAX_KEY} characters."
            return Outcome(errors=[ValidationFailed(message, ("input", "idempotencyKey"))])
        return await self.run(info, values, key)

    async def run(self, info: "Info[Context, Any]", values: Values, idempotency_key: str | None) -> Outcome:
        """Do it; refusals come back in the outcome."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Mutation(Doing):
    """An action, run as one transaction of the viewer."""

    action: Action

    async def run(self, info: "Info[Context, Any]", values: Values, idempotency_key: str | None) -> Outcome:
        """Perform the action."""
        return await perform(info.context, info.field_name, self.action, values, idempotency_key=idempotency_key)


@dataclass(frozen=True, slots=True)
class Entrance(Doing):
    """A way in for who is nobody yet: finds out who acts, and performs a transaction as that viewer."""

    enter: Callable[[Context, Values, str | None], Awaitable[Outcome]]

    async def run(self, info: "Info[Context, Any]", values: Values, idempotency_key: str | None) -> Outcome:
        """Let them in, or not."""
        return await self.enter(info.context, values, idempotency_key)


def mutation(action: Action, input_type: Any, description: str, *, permission: str) -> Any:
    """A mutation field: `action` takes the input's values by their Python names."""
    arguments = [argument("input", input_type, "What to do.")]
    return make(Mutation(action), description, permission=permission, arguments=arguments)


def entrance(
    enter: Callable[[Context, Values, str | None], Awaitable[Outcome]], input_type: Any, description: str
) -> Any:
    """A public mutation field: `enter` takes the context, the input's values and the idempotency key."""
    arguments = [argument("input", input_type, "What to do.")]
    return make(Entrance(enter), description, permission=PUBLIC, arguments=arguments)


def input_values(given_: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    """An input as a dict by Python names: what was left out is missing, ids are UUIDs. Raises InvalidId."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(given_):
        value = getattr(given_, field.name)
        if value is not UNSET:
            values[field.name] = _value(value, field.metadata.get(ID_TYPE), (*path, camel(field.name)))
    return values


def _value(value: Any, id_type: str | None, path: tuple[str | int, ...]) -> Any:
    if isinstance(value, list):
        return [_value(item, id_type, (*path, index)) for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value):
        return input_values(value, path)
    if id_type is None or value is None:
        return value
    try:
        return decode_id(id_type, value)
    except InvalidId as error:
        error.path = path
        raise
