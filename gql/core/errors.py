"""Errors that mutations answer with: the interface UserError and its types, over the resolvers' refusals."""

from dataclasses import dataclass
from typing import Any

import strawberry

from gql.core.fields import ByHand, by_hand, make
from gql.core.node import Node, Reference, node_type_named, referred
from resolvers.core import errors
from resolvers.core.context import Context

_names: dict[type[errors.UserError], str] = {}


@dataclass(frozen=True, slots=True)
class Shown:
    """A refusal in a list: graphql-core would raise the exception itself."""

    refusal: errors.UserError


@strawberry.interface(description="Why a mutation did nothing.")
class UserError:
    code: str = by_hand(lambda shown, _: shown.refusal.code, "A stable code for programs, such as `CONFLICT`.")
    message: str = by_hand(lambda shown, _: shown.refusal.message, "A sentence for people.")
    path: list[str] = by_hand(
        lambda shown, _: [str(part) for part in shown.refusal.path],
        "The way to the offending value, from `input` on; empty where no single value is to blame.",
    )

    @classmethod
    def resolve_type(cls, shown: Shown, *_: Any) -> str:
        """The GraphQL type of a refusal."""
        return _names[type(shown.refusal)]


def _error_type(refusal: type[errors.UserError], description: str) -> Any:
    def wrap(cls: Any) -> Any:
        _names[refusal] = cls.__name__
        cls.is_type_of = classmethod(lambda _, shown, __: isinstance(shown.refusal, refusal))
        return strawberry.type(cls, description=description)

    return wrap


@_error_type(errors.NotFound, "Something that the input names does not exist in this tenant.")
class NotFound(UserError):
    pass


def _current(shown: Shown, context: Context) -> Reference | None:
    error = shown.refusal
    assert isinstance(error, errors.Conflict)
    if error.type_name is None or error.object_id is None:
        return None
    node_type = node_type_named(error.type_name)
    if node_type is None or not context.viewer.may(node_type.permission):
        return None
    return Reference(node_type, error.object_id)


@_error_type(errors.Conflict, "Somebody else was first: the object changed meanwhile, or the value is taken.")
class Conflict(UserError):
    current: Node | None = referred(_current, "The object as it is now, where the conflict is about one.")


@_error_type(errors.ValidationFailed, "A value breaks a rule of its field.")
class ValidationFailed(UserError):
    pass


@_error_type(errors.TransitionRefused, "The wanted status or stage cannot follow the present one.")
class IllegalTransition(UserError):
    from_: str = make(ByHand(lambda shown, _: shown.refusal.current), "The present status or stage.", name="from")
    to: str = by_hand(lambda shown, _: shown.refusal.wanted, "The one asked for.")
    allowed: list[str] = by_hand(lambda shown, _: list(shown.refusal.allowed), "Those that could follow.")


@_error_type(errors.LimitExceeded, "A limit of the tenant's plan, or of an object, is used up.")
class LimitExceeded(UserError):
    limit: int = by_hand(lambda shown, _: shown.refusal.limit, "The size of the limit.")


@_error_type(errors.PermissionDenied, "The viewer may do this in general, and not to this object.")
class PermissionDenied(UserError):
    pass


@_error_type(errors.InvalidCredentials, "What was shown to enter is wrong, spent, or not accepted now.")
class InvalidCredentials(UserError):
    pass


@_error_type(errors.RateLimited, "Too much at once; the same request may succeed later.")
class RateLimited(UserError):
    retry_after_seconds: int = by_hand(
        lambda shown, _: shown.refusal.retry_after_seconds, "How many seconds to wait before trying again."
    )


ERROR_TYPES = [
    NotFound,
    Conflict,
    ValidationFailed,
    IllegalTransition,
    LimitExceeded,
    PermissionDenied,
    InvalidCredentials,
    RateLimited,
]
