"""Global ids: opaque to clients, the type's name and a UUID within, such as `voice_agent_0192…`."""

import re
from functools import lru_cache
from uuid import UUID

from resolvers.core.errors import InvalidId


def encode_id(type_name: str, row_id: UUID) -> str:
    """The global id of a row."""
    return f"{prefix(type_name)}{row_id}"


def decode_id(type_name: str, text: str) -> UUID:
    """The UUID in an id of this type. Raises InvalidId."""
    start = prefix(type_name)
    if not text.startswith(start):
        raise InvalidId(f"{text[:60]!r} is not the id of a {type_name}.")
    return _uuid(text, text[len(start) :])


def split_id(text: str) -> tuple[str, UUID]:
    """The prefix and the UUID of any id. Raises InvalidId."""
    start, _, rest = text.rpartition("_")
    return f"{start}_", _uuid(text, rest)


@lru_cache(maxsize=512)
def prefix(type_name: str) -> str:
    """What the ids of a type begin with."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type_name).lower() + "_"


def _uuid(whole: str, text: str) -> UUID:
    # Exactly one spelling is an id: UUID() would also take braces, urn: and missing hyphens.
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is None:
        raise InvalidId(f"{whole[:60]!r} is not an id.")
    return UUID(text)
