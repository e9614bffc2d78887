"""Why an operation ran on the reference executor: a few reasons, to be counted; what exactly goes to the log."""

from enum import StrEnum

import asyncpg
from graphql import GraphQLError
from sqlalchemy.exc import SQLAlchemyError

from gql.execution.errors import is_unavailable
from resolvers.core.errors import Forbidden, Refusal, Unauthenticated


class Reason(StrEnum):
    """Why a plan did not answer. The first ones are known before anything runs."""

    INTROSPECTION = "introspection"  # the schema asks about itself: the reference answers that
    DIRECTIVE = "directive"  # one that the planner does not know
    FIELD = "field"  # one that was not declared by our helpers, such as with permission classes of Strawberry
    SOURCE = "source"  # a field's source that the planner does not know
    CONDITION = "condition"  # the variable of an @skip or @include is null
    DEFECT = "defect"  # the planner failed: a mistake of ours
    VARIANTS = "variants"  # @skip and @include leave more variants of the document than are worth a plan
    PERMISSION = "permission"  # the viewer lacks one, somewhere in the operation
    NULL = "null"  # a null where none may be
    TYPE = "type"  # a value of another type than the field's
    REFUSED = "refused"  # an argument that the schema admits and a resolver does not
    DATABASE = "database"  # the database failed, or took too long
    ERROR = "error"  # a resolver failed


EXPECTED = frozenset({Reason.PERMISSION, Reason.REFUSED, Reason.INTROSPECTION})
"""Reasons that clients give; the others say something about this server."""


class Fallback(Exception):
    """The plan cannot answer this: the reference executor must."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.value)
        self.reason = reason


class Unplannable(Fallback):
    """The planner does not know something about this operation: the reference executor runs it as a whole."""


def reason_of(error: Exception) -> Reason:
    """Why a plan failed in running."""
    match error:
        case Fallback():
            return error.reason
        case Forbidden() | Unauthenticated():
            return Reason.PERMISSION
        case Refusal() | GraphQLError():
            return Reason.REFUSED
        case SQLAlchemyError() | asyncpg.PostgresError():
            return Reason.DATABASE
    return Reason.DATABASE if is_unavailable(error) else Reason.ERROR
