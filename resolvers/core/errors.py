"""Refusals: what a client did wrong, as exceptions with stable codes. Anything else is a defect and is masked."""

from collections.abc import Sequence
from uuid import UUID

from resolvers import rules

RuleError = rules.IllegalTransition | rules.Invalid | rules.LimitExceeded
RULE_ERRORS = (rules.IllegalTransition, rules.Invalid, rules.LimitExceeded)
Path = tuple[str | int, ...]


class Refusal(Exception):
    """Base of all refusals. `path` leads to the offending part of the input, in GraphQL names."""

    code = "REFUSED"

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class BadUserInput(Refusal):
    """An argument that the schema admits and this server does not, such as a negative page size."""

    code = "BAD_USER_INPUT"


class InvalidId(BadUserInput):
    """Text that is no id of this server, or the id of another type."""

    code = "INVALID_ID"


class InvalidCursor(BadUserInput):
    """A cursor that this server did not make for this order."""

    code = "INVALID_CURSOR"


class Unauthenticated(Refusal):
    """No credential, or one that is wrong, expired or revoked."""

    code = "UNAUTHENTICATED"


class Forbidden(Refusal):
    """The viewer lacks a permission."""

    code = "FORBIDDEN"

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission}.")
        self.permission = permission


class ServiceUnavailable(Refusal):
    """The database cannot be reached, or all its connections are taken."""

    code = "SERVICE_UNAVAILABLE"


class UserError(Refusal):
    """Base of the refusals that a mutation answers in its payload; the transaction is rolled back."""


class NotFound(UserError):
    """Something that the input names does not exist, or not for this tenant."""

    code = "NOT_FOUND"


class Conflict(UserError):
    """The object was changed meanwhile, or the idempotency key was used for something else.

    `type_name` and `object_id` name the object as it is now, where there is one.
    """

    code = "CONFLICT"

    def __init__(
        self, message: str, path: Path = (), *, type_name: str | None = None, object_id: UUID | None = None
    ) -> None:
        super().__init__(message, path)
        self.type_name = type_name
        self.object_id = object_id


class ValidationFailed(UserError):
    """A value breaks a rule of the domain."""

    code = "VALIDATION_FAILED"


class TransitionRefused(UserError):
    """A status or stage cannot follow the present one; `allowed` lists those that can."""

    code = "ILLEGAL_TRANSITION"

    def __init__(self, current: str, wanted: str, allowed: Sequence[str], path: Path = ()) -> None:
        may = ", ".join(allowed) or "nothing"
        super().__init__(f"{current} cannot become {wanted}; allowed: {may}.", path)
        self.current = current
        self.wanted = wanted
        self.allowed = tuple(allowed)


class LimitExceeded(UserError):
    """A limit of the tenant's plan or of an object is used up; `limit` is its size."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, message: str, limit: int, path: Path = ()) -> None:
        super().__init__(message, path)
        self.limit = limit


class PermissionDenied(UserError):
    """The viewer may do this in general, and not to this object."""

    code = "PERMISSION_DENIED"


class InvalidCredentials(UserError):
    """What was shown to enter is wrong, spent, or not accepted now; the message does not say which."""

    code = "INVALID_CREDENTIALS"


class RateLimited(UserError):
    """Too much at once: the same request may succeed after `retry_after_seconds`."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after_seconds: int, path: Path = ()) -> None:
        super().__init__(message, path)
        self.retry_after_seconds = retry_after_seconds


class Refusals(Exception):
    """Several refusals at once, such as all invalid fields of one input."""

    def __init__(self, refusals: Sequence[UserError]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = list(refusals)


def from_rule(error: RuleError) -> list[UserError]:
    """A rule's exception as refusals: one for each problem it found."""
    match error:
        case rules.IllegalTransition():
            return [TransitionRefused(error.current, error.wanted, error.allowed)]
        case rules.LimitExceeded():
            return [LimitExceeded(f"{_sentence(error.limit)} is limited to {error.maximum}.", error.maximum)]
        case rules.Invalid():
            return [
                ValidationFailed(f"{_sentence(problem.path)} {problem.message}.", input_path(*problem.path))
                for problem in error.problems
            ]


def input_path(field: str | int, *within: str | int) -> Path:
    """The path of an input's value: fields by their GraphQL names, keys and positions as they were given.

    A field is what comes first, and what follows a position in a list: `products`, 0, `unitPrice`.
    """
    path: list[str | int] = ["input", camel(str(field))]
    for part in within:
        path.append(camel(str(part)) if isinstance(path[-1], int) else part)
    return tuple(path)


def camel(name: str) -> str:
    """A Python name as a GraphQL name."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _sentence(path: Sequence[str | int] | str) -> str:
    """The subject of a sentence about a value: its name, or that of the list it stands in."""
    names = [path] if isinstance(path, str) else [str(part) for part in path if not str(part).isdigit()]
    return names[-1].replace("_", " ").capitalize() if names else "The value"
