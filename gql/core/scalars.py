"""The custom scalars: strict in what they take, one spelling in what they give."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

Position = NewType("Position", int)

_MAX_POSITION = 2**63 - 1
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,16}(\.\d{1,8})?", re.ASCII)


def _parse_instant(value: Any) -> datetime:
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise ValueError("A DateTime is written like 2026-11-20T09:30:00Z, with its offset.")
    return datetime.fromisoformat(value).astimezone(UTC)


def _serialize_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_day(value: Any) -> date:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError("A Date is written like 2026-11-20.")
    return date.fromisoformat(value)


def _parse_decimal(value: Any) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or _NUMBER.fullmatch(value) is None:
        raise ValueError('A Decimal is written as text like "1250.50", at most 16 digits and 8 decimals.')
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ValueError("This is no decimal number.") from error


def _parse_position(value: Any) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > _MAX_POSITION:
        raise ValueError('A Position is written as text like "1042".')
    return int(text)


def _identity(value: Any) -> Any:
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in RFC 3339, such as `2026-11-20T09:30:00Z`; answers are in UTC.",
        serialize=_serialize_instant,
        parse_value=_parse_instant,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date in ISO 8601, such as `2026-11-20`.",
        serialize=date.isoformat,
        parse_value=_parse_day,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as text, such as `"1250.50"`: money is never a float.',
        serialize=str,
        parse_value=_parse_decimal,
    ),
    Position: strawberry.scalar(
        name="Position",
        description="A position in the tenant's event log, as text; compare positions as numbers.",
        serialize=str,
        parse_value=_parse_position,
    ),
    strawberry.scalars.JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        serialize=_identity,
        parse_value=_identity,
        specified_by_url="https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf",
    ),
}

CONFIG = StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS)
