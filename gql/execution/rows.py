"""Builders of answers from rows: Python compiled for one selection, so that a row costs one dict and no calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import GraphQLNonNull, GraphQLOutputType, get_nullable_type, is_enum_type, is_list_type
from sqlalchemy import ARRAY, Enum, Float, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB

from gql.execution.fallback import Fallback, Reason
from gql.execution.plan import Child, Object, Outputs, RowLevel, Run
from gql.execution.values import Resolved, Values
from resolvers.core.statements import Step

PLAIN = frozenset({"String", "Boolean", "DateTime", "Date"})  # orjson writes them as their scalars do


def not_null(value: Any) -> Any:
    """The value. Raises Fallback when it is null."""
    if value is None:
        raise Fallback(Reason.NULL)
    return value


@dataclass(slots=True)
class RowBuilder:
    """Gathers the parts of a level's objects, then compiles their builder.

    `path` leads to the row that the parts are of, where it is folded into its parent's statement.
    """

    outputs: Outputs
    parts: list[str] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    positional: list[int] = field(default_factory=list)
    path: tuple[Step, ...] = ()

    def index(self, name: str, *, is_text: bool = False) -> int:
        """The position of a column of the row."""
        return self.outputs.index(name, is_text=is_text, path=self.path)

    def folded(self, step: Step) -> "RowBuilder | None":
        """A builder for the row at the end of one more step, in the same statement; None when it cannot be."""
        path = (*self.path, step)
        if not self.outputs.can_join(path):
            return None
        return RowBuilder(self.outputs, [], self.children, self.positional, path)

    def presence(self) -> int | None:
        """The position that is null where there is no such row; None when there always is one."""
        return self.index("id", is_text=True) if self.path else None

    def display(self) -> str:
        """The expression of the object."""
        return f"{{{', '.join(self.parts)}}}"

    def part(self, key: str, expression: str) -> None:
        """A part of the object, as an expression over the row `r`, the children `m0, m1, …` and their items `x0, …`."""
        self.parts.append(f"{key!r}: {expression}")

    def child(self, child: Child) -> int:
        """Add a child; its number."""
        self.children.append(child)
        return len(self.children) - 1

    def along(self, key: str, child: Child) -> None:
        """A part that a child gives along the rows."""
        number = self.child(child)
        self.positional.append(number)
        self.part(key, f"x{number}")

    def level(self) -> RowLevel:
        """The level, its builder compiled."""
        names = "".join(f", m{number}" for number in range(len(self.children)))
        loop = "r in rows"
        if self.positional:
            items = ", ".join(f"x{number}" for number in self.positional)
            lists = ", ".join(f"m{number}" for number in self.positional)
            loop = f"r, {items} in zip(rows, {lists}, strict=True)"
        source = f"def build(rows, context{names}):\n    return [{self.display()} for {loop}]\n"
        return RowLevel(self.outputs, self.children, _compile(source))


@lru_cache(maxsize=256)
def _compile(source: str) -> Callable[..., list[Object]]:
    namespace: dict[str, Any] = {"not_null": not_null}
    # The source holds literals made by repr() and numbers alone: keys are GraphQL names, checked by the parser.
    exec(compile(source, "<plan>", "exec"), namespace)  # noqa: S102  # figures in bench/: a generic loop costs 3 times
    made: Callable[..., list[Object]] = namespace["build"]
    return made


def column_expression(builder: RowBuilder, row: Any, name: str, type_: GraphQLOutputType) -> str | None:
    """The expression of a column's value in the answer, or None where only its scalar itself knows."""
    column = row.__table__.columns.get(name)
    if column is None:
        return None
    named: Any = get_nullable_type(type_)
    stored = column.type
    if is_list_type(named):
        if not isinstance(stored, ARRAY) or not isinstance(stored.item_type, Text):
            return None
        expression = f"r[{builder.index(name)}]"
    elif named.name == "Decimal":
        expression = f"r[{builder.index(name, is_text=True)}]"
    elif _is_plain(named, stored):
        expression = f"r[{builder.index(name)}]"
    else:
        return None
    if isinstance(type_, GraphQLNonNull) and column.nullable:
        return f"not_null({expression})"
    return expression


def _is_plain(named: Any, stored: Any) -> bool:
    if is_enum_type(named):
        return isinstance(stored, Enum)
    if named.name == "Int":
        return type(stored) is Integer
    if named.name == "JSON":
        return isinstance(stored, JSONB)  # decoded by the codec that SQLAlchemy sets on its connections
    if named.name == "Float":
        return isinstance(stored, Float)
    return named.name in PLAIN


@dataclass(slots=True)
class OverRows:
    """A field that is computed or resolved by hand, over rows made into objects with the columns it reads."""

    resolved: Resolved
    make: Callable[[Any], Any]
    presence: int | None

    async def read(self, rows: Sequence[Any], run: Run) -> Values:
        """The field's answers along the rows; null where a folded row is not there."""
        make, presence = self.make, self.presence
        present = rows if presence is None else [record for record in rows if record[presence] is not None]
        answers = await self.resolved.answers([make(record) for record in present], run)
        if len(present) == len(rows):
            return answers
        rest = iter(answers)
        return [None if record[presence] is None else next(rest) for record in rows]


def row_maker(row: type, columns: Sequence[str], builder: RowBuilder) -> Callable[[Any], Any]:
    """A function from a record to a read-only row of the class, which has these columns and no others."""
    places = [(name, builder.index(name), _reader(row, name)) for name in columns]

    def make(record: Any) -> Any:
        made: Any = object.__new__(row)  # without a session: the attributes answer from __dict__
        made.__dict__.update({name: read(record[place]) for name, place, read in places})
        return made

    return make


def _reader(row: Any, name: str) -> Callable[[Any], Any]:
    stored = row.__table__.columns[name].type
    if isinstance(stored, Enum) and stored.enum_class is not None:
        enumeration = stored.enum_class
        return lambda value: None if value is None else enumeration(value)
    return lambda value: value
