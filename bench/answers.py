"""Whether all servers answer alike: ids, instants and numbers brought to one spelling, and then compared."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

_ID: Final = re.compile(r"[a-z_]+_(?=[0-9a-f]{8}-[0-9a-f]{4}-)")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:")
NUMBERS: Final = frozenset(
    {"value", "quantity", "unitPrice", "totalPrice", "costAmount"}
    | {"sum", "average", "weightedSum", "count", "totalCount"}
)


def alike(value: Any, name: str = "") -> Any:
    """A part of an answer in the one spelling."""
    if isinstance(value, dict):
        if name == "dealsAggregate":
            return alike(value["nodes"], name)  # PostGraphile makes a connection of it
        return {key: alike(part, key) for key, part in sorted(value.items()) if key != "errors"}
    if isinstance(value, list):
        return [alike(part) for part in value]
    if isinstance(value, str) and name == "id":
        return _ID.sub("", value)
    if isinstance(value, str) and _INSTANT.match(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    if name in NUMBERS and value is not None:
        return Decimal(str(value)).normalize()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def difference(expected: Any, got: Any, path: str = "") -> str:
    """The first place at which two answers differ; empty when there is none."""
    if isinstance(expected, dict) and isinstance(got, dict) and list(expected) == list(got):
        return next((found for key in expected if (found := difference(expected[key], got[key], f"{path}.{key}"))), "")
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = enumerate(zip(expected, got, strict=True))
        return next((found for place, (a, b) in pairs if (found := difference(a, b, f"{path}[{place}]"))), "")
    return "" if expected == got else f"{path or 'all'}: {str(expected)[:200]} against {str(got)[:200]}"
