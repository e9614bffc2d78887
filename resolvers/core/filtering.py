"""Filters as plain trees: what a client asked for, free of GraphQL, turned into SQL conditions here.

A condition is first split from its values (`parameterise`), so that one statement serves all filters of a shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Numeric, and_, any_, bindparam, false, func, not_, or_, true

from db.core.base import SEPARATORS
from resolvers.core.errors import BadUserInput

MAX_LIST: Final = 200  # values of one `in`
MAX_NODES: Final = 100  # comparisons of one filter

Compare = Callable[[Any, Any], ColumnElement[bool]]

OPERATORS: Final[Mapping[str, Compare]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(value),
    "in_": lambda column, values: column == any_(values),
    "not_in": lambda column, values: not_(column == any_(values)),
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "starts_with": func.starts_with,  # leakproof, as LIKE is not
    "has": lambda column, value: value == any_(column),
}
LISTS: Final = frozenset({"in_", "not_in"})
_BETWEEN_WORDS: Final = dict.fromkeys(map(ord, f"{SEPARATORS}'\\\0"), " ")


@dataclass(frozen=True, slots=True)
class Parameter:
    """Stands in a condition for a value that is bound by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column compared with one value."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; true when there is none."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; false when there is none."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold; a comparison with null counts as not holding."""

    part: "Condition"


Condition = Comparison | Every | Some | Negation


@dataclass(frozen=True, slots=True)
class MinorUnits:
    """An amount that is filtered by its column of hundredths, which has an index and is never null.

    Under row-level security an index serves comparisons of integers, and none of numerics.
    """

    column: Any

    def scaled(self, comparison: Comparison) -> Condition:
        """The comparison in hundredths; exact also for values between two of them."""
        operator, value = comparison.operator, comparison.value
        if not isinstance(value, Decimal):
            return comparison
        hundredths = value * 100
        whole = int(hundredths.to_integral_value(ROUND_FLOOR))
        if whole != hundredths:
            if operator in {"eq", "ne"}:
                return Every(()) if operator == "ne" else Some(())
            operator = {"gte": "gt", "lt": "lte"}.get(operator, operator)
        return Comparison(comparison.field, operator, whole)


def fields_of(condition: Condition) -> frozenset[str]:
    """The names of all that a condition compares."""
    match condition:
        case Every(parts) | Some(parts):
            return frozenset().union(*map(fields_of, parts))
        case Negation(part):
            return fields_of(part)
        case Comparison(field):
            return frozenset({field})


def parameterise(condition: Condition, columns: Mapping[str, Any], values: dict[str, Any]) -> Condition:
    """The condition with Parameters for its values, which are put into `values`. Raises BadUserInput if too large."""
    if _size(condition) > MAX_NODES:
        raise BadUserInput(f"A filter holds at most {MAX_NODES} comparisons.")
    return _parameterised(condition, columns, values)


def _parameterised(condition: Condition, columns: Mapping[str, Any], values: dict[str, Any]) -> Condition:
    match condition:
        case Every(parts):
            return Every(tuple(_parameterised(part, columns, values) for part in parts))
        case Some(parts):
            return Some(tuple(_parameterised(part, columns, values) for part in parts))
        case Negation(part):
            return Negation(_parameterised(part, columns, values))
        case Comparison(field, operator, value):
            column = columns[field]
            if isinstance(column, MinorUnits):
                scaled = column.scaled(condition)
                if not isinstance(scaled, Comparison):
                    return scaled
                operator, value = scaled.operator, scaled.value
            if value is None or operator == "is_null":
                return Comparison(field, operator, value)  # part of the shape: IS NULL takes no parameter
            if operator in LISTS and len(value) > MAX_LIST:
                raise BadUserInput(f"A list in a filter holds at most {MAX_LIST} values, this one {len(value)}.")
            name = f"v{len(values)}"
            values[name] = list(value) if operator in LISTS else value
            return Comparison(field, operator, Parameter(name))


def shape_to_sql(condition: Condition | None, columns: Mapping[str, Any]) -> ColumnElement[bool]:
    """A parameterised condition over the filterable columns, its parameters still to be bound."""
    match condition:
        case None:
            return true()
        case Comparison(field, operator, value):
            column = columns[field]
            return _compare(column.column if isinstance(column, MinorUnits) else column, operator, value)
        case Every(parts):
            return and_(true(), *(shape_to_sql(part, columns) for part in parts))
        case Some(parts):
            return or_(false(), *(shape_to_sql(part, columns) for part in parts))
        case Negation(part):
            return shape_to_sql(part, columns).is_not(true())


def _compare(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if operator == "is_null" or value is None:
        is_null = bool(value) if operator == "is_null" else operator == "eq"
        return column.is_(None) if is_null else column.is_not(None)  # type: ignore[no-any-return]  # any column
    # A value is compared as it was given: in the column's own digits it would be rounded, or not fit.
    type_ = Numeric() if isinstance(column.type, Numeric) else column.type
    if operator in LISTS:
        type_ = ARRAY(type_)
    elif operator == "has":
        type_ = column.type.item_type
    return OPERATORS[operator](column, bindparam(value.name, type_=type_))


def _size(condition: Condition) -> int:
    match condition:
        case Comparison():
            return 1
        case Every(parts) | Some(parts):
            return 1 + sum(_size(part) for part in parts)
        case Negation(part):
            return 1 + _size(part)


def words_to_tsquery(search: str) -> str | None:
    """The text of a tsquery that finds all words by their beginnings; None when the search has no word.

    At most ten words count, split as those of `search_document` are. Each word is quoted, and what could end the
    quotes is dropped, so nothing of the tsquery syntax gets through.
    """
    words = search.translate(_BETWEEN_WORDS).split()
    meant = [word for word in words if any(letter.isalnum() for letter in word)]
    return " & ".join(f"'{word}':*" for word in meant[:10]) or None
