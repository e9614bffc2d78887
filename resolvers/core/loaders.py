"""Batched reads: whatever the number of parents, one statement per relation and level.

A source (`ById`, `ByUnique`) describes a batch once, at import; the operation's Context holds one
aiodataloader per source, which gathers the keys of a level.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from db.core.base import Base

if TYPE_CHECKING:
    from resolvers.core.context import Context

R = TypeVar("R", bound=Base)


def keys_parameter() -> Any:
    """The bound array of a batch's keys."""
    return bindparam("keys", type_=ARRAY(Uuid(as_uuid=True)))


class BatchLoader(DataLoader[UUID, Any]):
    """The loader of one source in one operation."""

    def __init__(self, context: "Context", source: "ByUnique[Any]") -> None:
        super().__init__()
        self._context = context
        self._source = source

    async def batch_load_fn(self, keys: list[UUID]) -> list[Any]:
        """The rows in the order of the keys, None where there is none."""
        return list(await self._source.batch(self._context, keys))


class ByUnique(Generic[R]):
    """At most one row per key of a unique column, such as a contact's policyholder.

    `criteria` are what a partial unique index asks for, such as the published one among an agent's versions; or
    they tie the row to the row of another table, whose unique column `column` then is.
    """

    def __init__(self, row: type[R], column: InstrumentedAttribute[Any], *criteria: ColumnElement[bool]) -> None:
        self.row = row
        self.column = column
        self.criteria = criteria
        self._statement = select(column, row).where(column == any_(keys_parameter()), *criteria)

    async def load(self, context: "Context", key: UUID | None) -> R | None:
        """The row of the key, read together with the other keys of this level."""
        if key is None:
            return None
        row: R | None = await context.loader(self, BatchLoader, self).load(key)
        return row

    async def batch(self, context: "Context", keys: list[UUID]) -> Sequence[R | None]:
        """One statement for all keys."""
        pairs = await context.reads.rows(self._statement, {"keys": keys})
        rows: dict[UUID, R] = {pair[0]: pair[1] for pair in pairs}
        return [rows.get(key) for key in keys]


class ById(ByUnique[R]):
    """One row per id."""

    def __init__(self, row: type[R]) -> None:
        super().__init__(row, row.id)  # type: ignore[attr-defined]  # every concrete row has one; Base itself has none
