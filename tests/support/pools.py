"""Pools for tests: the server's own, but who waits long on a busy machine is neither refused nor cancelled."""

from typing import Any, Final

from db.core.session import Database

PATIENCE: Final[dict[str, Any]] = {"pool_timeout_seconds": 60, "statement_timeout_ms": 60_000}


def pool(url: str, pool_size: int = 10) -> Database:
    """A pool of connections that is patient."""
    return Database(url, pool_size=pool_size, **PATIENCE)
