"""Global ids of rows, as clients see them."""

from typing import Any

from gql.core.ids import encode_id


def gid(row: Any) -> str:
    """The global id of a row."""
    return encode_id(type(row).__name__, row.id)
