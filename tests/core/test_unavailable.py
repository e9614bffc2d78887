"""What counts as a database that cannot be reached: clients are told to come back, and the dispatcher tries again."""

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gql.execution.errors import describe, is_unavailable


def adapted(cause: Exception) -> Exception:
    """What SQLAlchemy's driver makes of an error of asyncpg, when the pool connects for us."""
    error: Exception = AsyncAdapt_asyncpg_dbapi.Error(str(cause), cause)  # type: ignore[no-untyped-call]  # untyped there
    error.__cause__ = cause
    return error


def wrapped(cause: Exception) -> Exception:
    """What a statement raises."""
    return DBAPIError("SELECT 1", {}, adapted(cause))


AWAY = [
    asyncpg.CannotConnectNowError("the database system is in recovery mode"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
]
THERE = [
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.DataError("invalid input for query argument $1"),
    asyncpg.InsufficientPrivilegeError("permission denied"),
]


def known(error: Exception) -> str:
    """A name for the test."""
    return type(error).__name__


@pytest.mark.parametrize("cause", AWAY, ids=known)
def test_a_database_that_is_away_is_known_under_whatever_raises_it(cause: Exception) -> None:
    for error in (cause, adapted(cause), wrapped(cause)):
        assert is_unavailable(error), error
        [entry] = describe(error)
        assert entry["extensions"] == {"code": "SERVICE_UNAVAILABLE"}


@pytest.mark.parametrize("cause", THERE, ids=known)
def test_an_error_of_a_statement_is_not(cause: Exception) -> None:
    for error in (cause, adapted(cause), wrapped(cause)):
        assert not is_unavailable(error), error


def test_so_are_a_pool_without_connections_and_a_network_without_the_server() -> None:
    assert is_unavailable(PoolTimeout("No connection within 5 s."))
    assert is_unavailable(ConnectionRefusedError(111, "Connect call failed"))
    assert not is_unavailable(ValueError("no"))
