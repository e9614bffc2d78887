"""Reads that are written down: for who asks what an operation costs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.engine import Row

from db.core.session import Database, ReadTransaction
from resolvers.core.statements import compiled


@dataclass(frozen=True, slots=True)
class Read:
    """One statement that ran. `place` is the level of the operation that it was for, None when nobody said."""

    place: str | None
    sql: str
    rows: int
    milliseconds: float


class RecordedTransaction(ReadTransaction):
    """A read transaction that keeps what it ran; `place` is set by who runs the next statement."""

    def __init__(self, database: Database, tenant_id: Any) -> None:
        super().__init__(database, tenant_id)
        self.place: str | None = None
        self.reads: list[Read] = []

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """Run it, and write it down."""
        place, self.place = self.place, None
        began = time.perf_counter()
        found = await super().fetch(sql, values)
        self._note(place, sql, len(found), began)
        return found

    async def rows(
        self, statement: Executable, parameters: dict[str, Any] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run it, and write it down."""
        began = time.perf_counter()
        found = await super().rows(statement, parameters)
        self._note(None, compiled(statement).sql, len(found), began)  # type: ignore[arg-type]  # reads are selects
        return found

    def _note(self, place: str | None, sql: str, rows: int, began: float) -> None:
        self.reads.append(Read(place, sql, rows, round((time.perf_counter() - began) * 1000, 3)))
