"""Errors as clients see them: a message, a code, a path; and of what nobody foresaw, only an id."""

from typing import Any, Final
from uuid import uuid4

import asyncpg
import structlog
from graphql import GraphQLError
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from resolvers.core.errors import Forbidden, Refusal, ServiceUnavailable

log = structlog.get_logger(__name__)

STATEMENT_CANCELLED: Final = "57014"
DATA_EXCEPTION: Final = "22"  # SQLSTATE class: a value that PostgreSQL cannot take
LOST: Final = (
    OSError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a statement when only the farewell of the connection's server has come yet
)
UNREACHABLE: Final = ("08", "53", "57P")  # classes: connection lost, resources used up, shutting down


def describe(error: BaseException) -> list[dict[str, Any]]:
    """An error as the entries of `errors`: several where it gathers several."""
    several = getattr(error, "errors", None)
    code = getattr(error, "code", None)
    if isinstance(several, list) and isinstance(code, str):
        return [_entry(part, part.message, code) for part in several]
    cause = error.original_error if isinstance(error, GraphQLError) else error
    if cause is None:
        return [_entry(error, str(getattr(error, "message", error)), code or "BAD_USER_INPUT")]
    if isinstance(cause, GraphQLError):
        return [_entry(error, cause.message, getattr(cause, "code", None) or "BAD_USER_INPUT")]
    refusal = _refusal(cause)
    if refusal is None:
        return [_masked(error, cause)]
    entry = _entry(error, refusal.message, refusal.code)
    if isinstance(refusal, Forbidden):
        entry["extensions"]["permission"] = refusal.permission
    if refusal.path:
        entry["extensions"]["argumentPath"] = list(refusal.path)
    return [entry]


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not be reached or had no connection to give."""
    cause = _driver_error(error)
    if isinstance(cause, asyncpg.DataError):  # an InterfaceError too: a value that asyncpg cannot send
        return False
    if isinstance(cause, LOST):
        return True
    if isinstance(error, DBAPIError) or isinstance(cause, asyncpg.PostgresError):
        return isinstance(error, InterfaceError | OperationalError) or _sqlstate(error).startswith(UNREACHABLE)
    return False


def _driver_error(error: BaseException) -> BaseException:
    """What asyncpg raised, under what SQLAlchemy makes of it: of a statement, or where the pool connects."""
    found = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (found.__cause__ or found) if isinstance(found, AsyncAdapt_asyncpg_dbapi.Error) else found


def _refusal(cause: BaseException) -> Refusal | None:
    if isinstance(cause, Refusal):
        return cause
    if is_unavailable(cause):
        log.error("database_unavailable", error=repr(cause))
        return ServiceUnavailable("The database cannot be reached; try again shortly.")
    if isinstance(_driver_error(cause), asyncpg.DataError):
        return _coded("A value cannot be stored or compared.", "BAD_USER_INPUT")
    if isinstance(cause, DBAPIError | asyncpg.PostgresError):
        state = _sqlstate(cause)
        if state.startswith(DATA_EXCEPTION):
            return _coded("A value cannot be stored or compared.", "BAD_USER_INPUT")
        if state == STATEMENT_CANCELLED:
            return _coded("The operation took too long and was cancelled.", "TIMEOUT")
    return None


def _coded(message: str, code: str) -> Refusal:
    refusal = Refusal(message)
    refusal.code = code
    return refusal


def _sqlstate(error: BaseException) -> str:
    return str(getattr(_driver_error(error), "sqlstate", None) or "")


def _entry(error: BaseException, message: str, code: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": message}
    if isinstance(error, GraphQLError):
        if error.locations:
            entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
        if error.path is not None:
            entry["path"] = list(error.path)
    entry["extensions"] = {"code": code}
    return entry


def _masked(error: BaseException, cause: BaseException) -> dict[str, Any]:
    error_id = uuid4().hex
    log.error("internal_error", error_id=error_id, exc_info=cause)
    entry = _entry(
        error,
        f"Something went wrong on the server; the error is known there as {error_id}.",
        "INTERNAL_ERROR",
    )
    entry["extensions"]["errorId"] = error_id
    return entry
