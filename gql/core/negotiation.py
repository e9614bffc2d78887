"""Negotiation: which form of an answer the Accept header of a request asks for."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
LONGEST_REMEMBERED: Final = 300  # characters: clients send the same few headers


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a client takes.

    `json` is the JSON type for it. `is_stream_preferred`: it would rather have an event stream than any JSON;
    `may_stream`: it named event streams, which are all that a subscription can be answered by.
    """

    json: str
    may_stream: bool = False
    is_stream_preferred: bool = False


def accepted(header: str) -> Accepted:
    """What an Accept header says; what it does not name at all counts as JSON that any client takes."""
    return _remembered(header) if len(header) <= LONGEST_REMEMBERED else _read(header)


@lru_cache(maxsize=256)
def _remembered(header: str) -> Accepted:
    return _read(header)


def _read(header: str) -> Accepted:
    named = dict(_range(part) for part in header.lower().split(","))
    plain = _quality(named, JSON)
    special = named.get(GRAPHQL_JSON, 0.0)
    stream = named.get(EVENT_STREAM, named.get("text/*", 0.0))
    return Accepted(
        GRAPHQL_JSON if special and special >= plain else JSON,
        may_stream=stream > 0,
        is_stream_preferred=stream > max(plain, special),
    )


def _quality(named: dict[str, float], media_type: str) -> float:
    """The weight of a type by the most exact range that covers it."""
    for covering in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if covering in named:
            return named[covering]
    return 0.0


def _range(part: str) -> tuple[str, float]:
    """A range of the header and its weight; one that cannot be read counts fully."""
    media_type, *parameters = part.split(";")
    weight = next((value for name, _, value in (one.partition("=") for one in parameters) if name.strip() == "q"), "1")
    try:
        quality = float(weight)
    except ValueError:
        quality = 1.0
    return media_type.strip(), quality if 0 <= quality <= 1 else 1.0
