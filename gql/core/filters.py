"""The comparisons that filters offer, by the kind of value."""

from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from db.enums import Choice
from gql.core.arguments import where

C = TypeVar("C", bound=Choice)


@strawberry.input(description="Compares an id.")
class IdFilter:
    eq: strawberry.ID | None = where("Is this id; null finds what has none.")
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="Is one of these ids, at most 200."
    )
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares a text, exactly: upper and lower case differ.")
class StringFilter:
    eq: str | None = where("Is this text; null finds what has none.")
    ne: str | None = where("Is another text, or none.")
    in_: list[str] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="Is one of these texts, at most 200."
    )
    starts_with: str | None = where("Begins with this text.")
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares a list of texts.")
class StringListFilter:
    has: str | None = where("Contains this text.")


@strawberry.input(description="Compares a truth value.")
class BooleanFilter:
    eq: bool | None = where("Is this value.")


@strawberry.input(description="Compares a whole number.")
class IntFilter:
    eq: int | None = where("Is this number; null finds what has none.")
    gt: int | None = where("Is greater.")
    gte: int | None = where("Is greater or equal.")
    lt: int | None = where("Is less.")
    lte: int | None = where("Is less or equal.")
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares a decimal number, such as an amount of money in the row's own currency.")
class DecimalFilter:
    eq: Decimal | None = where("Is this number; null finds what has none.")
    gt: Decimal | None = where("Is greater.")
    gte: Decimal | None = where("Is greater or equal.")
    lt: Decimal | None = where("Is less.")
    lte: Decimal | None = where("Is less or equal.")
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares an instant.")
class DateTimeFilter:
    gt: datetime | None = where("Is later.")
    gte: datetime | None = where("Is later or the same.")
    lt: datetime | None = where("Is earlier.")
    lte: datetime | None = where("Is earlier or the same.")
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares a calendar date.")
class DateFilter:
    eq: date | None = where("Is this date; null finds what has none.")
    gt: date | None = where("Is later.")
    gte: date | None = where("Is later or the same.")
    lt: date | None = where("Is earlier.")
    lte: date | None = where("Is earlier or the same.")
    is_null: bool | None = where("Whether there is none.")


@strawberry.input(description="Compares a value of an enumeration.")
class EnumFilter(Generic[C]):
    eq: C | None = where("Is this value; null finds what has none.")
    ne: C | None = where("Is another value, or none.")
    in_: list[C] | None = strawberry.field(name="in", default=strawberry.UNSET, description="Is one of these values.")
    not_in: list[C] | None = where("Is none of these values.")
    is_null: bool | None = where("Whether there is none.")
