"""The lists with which streams begin: read together with the position of the log that they are as of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Enum, Select, Uuid, any_, bindparam, select

from db.core.base import TenantRow
from db.core.session import ReadTransaction
from resolvers.core.pagination import Listing
from resolvers.events.interest import OBJECT_ID, Wanted
from resolvers.events.log import read_positions

R = TypeVar("R", bound=TenantRow)

MAX_SNAPSHOT: Final = 1_000  # objects: they are read in one transaction, and wait in memory for their client

Link = tuple[Any, Callable[[ColumnElement[bool]], ColumnElement[bool]]]


@dataclass(frozen=True, eq=False)
class Current(Generic[R]):
    """The rows that an interest (see `resolvers.events.interest`) holds of now, the first in the listing's own order.

    Its names are filters of the listing, or in `linked`: a column of another table, and the condition on the row
    that a condition on that column makes.
    """

    listing: Listing[R]
    linked: Mapping[str, Link] = field(default_factory=dict)

    def knows(self, name: str) -> bool:
        """Whether an interest may compare the name."""
        return name == OBJECT_ID or name in self.linked or name in self.listing.filters

    def select_ids(self, wanted: Wanted, limit: int) -> Select[Any]:
        """The ids of so many rows, of which all that is wanted holds."""
        listing = self.listing
        row: Any = listing.row
        order = listing.orders[listing.default_order]
        keys = [key.desc() if listing.is_default_descending else key.asc() for key in (order, row.id)]
        conditions = [self._condition(name, texts) for name, texts in wanted]
        return select(row.id).where(*conditions).order_by(*keys).limit(limit)

    def _condition(self, name: str, texts: Iterable[str]) -> ColumnElement[bool]:
        if name in self.linked:
            column, link = self.linked[name]
            return link(_any_of(column, texts))
        return _any_of(self.listing.row.id if name == OBJECT_ID else self.listing.filters[name], texts)


def _any_of(column: Any, texts: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column is one of the values that these texts stand for in events."""
    read: Callable[[str], Any] = str
    if isinstance(column.type, Uuid):
        read = UUID
    elif isinstance(column.type, Enum):
        assert column.type.enum_class is not None
        read = column.type.enum_class
    values = [read(text) for text in sorted(texts)]
    if len(values) == 1:  # unlike ANY, an equality lets an index give the order too
        return column == bindparam(None, values[0], type_=column.type)  # type: ignore[no-any-return]  # any column
    return column == any_(bindparam(None, values, type_=ARRAY(column.type)))  # type: ignore[no-any-return]  # any column


async def read_current(
    reads: ReadTransaction, current: Current[Any], wanted: Wanted, limit: int
) -> tuple[int, list[UUID]]:
    """The last position of the tenant's log, and the ids of at most `limit` rows that are wanted as of it.

    Both are of the transaction's one snapshot, and so is all that is read in it afterwards. A transaction that
    appends an event takes the tenant's counter: whoever sees its position sees all that it did, and nobody else.
    """
    _, position = await read_positions(reads)
    return position, await reads.scalars(current.select_ids(wanted, limit))
