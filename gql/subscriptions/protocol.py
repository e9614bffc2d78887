"""The messages of graphql-transport-ws: what a frame says, or why the socket has to be closed for it.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

SUBPROTOCOL: Final = "graphql-transport-ws"
LONGEST_ID: Final = 128
LONGEST_REASON: Final = 123  # bytes: what a close frame holds

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
BAD_REQUEST: Final = 4400
UNAUTHORIZED: Final = 4401
FORBIDDEN: Final = 4403
SUBPROTOCOL_NOT_ACCEPTABLE: Final = 4406
INITIALISATION_TIMEOUT: Final = 4408
SILENCE: Final = 4408  # the protocol has no code for a client that went silent; after this one clients come back
SUBSCRIBER_EXISTS: Final = 4409
TOO_MANY_INITIALISATIONS: Final = 4429
INTERNAL_ERROR: Final = 4500


class Close(Exception):
    """The socket is to be closed, with this code and a reason for people."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    """`connection_init`: the client begins, with its credential if it has one to send here."""

    authorization: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`, to be answered by a pong with the same payload; or with what comes of a new credential in it."""

    payload: dict[str, Any] | None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    """`pong`: an answer, or a sign of life."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`subscribe`: an operation of any kind."""

    id: str
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Complete:
    """`complete`: the client wants no more of this operation."""

    id: str


ClientMessage: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def parse(frame: Any, longest: int) -> ClientMessage:
    """What a frame of at most `longest` characters says. Raises Close, 4400, for what the protocol does not know."""
    if not isinstance(frame, str):
        raise _bad("Messages are JSON in text frames, in UTF-8")
    if len(frame) > longest:
        raise _bad(f"A message may have {longest} characters")
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise _bad("This is not JSON") from error
    if not isinstance(message, dict):
        raise _bad("A message is a JSON object")
    match message.get("type"):
        case "connection_init":
            return Init(_authorization(_object(message, "payload")))
        case "ping":
            payload = _object(message, "payload")
            return Ping(payload, _authorization(payload))
        case "pong":
            _object(message, "payload")
            return Pong()
        case "subscribe":
            return _subscribe(message)
        case "complete":
            return Complete(_id(message))
    raise _bad("There is no message of this type")


def _subscribe(message: dict[str, Any]) -> Subscribe:
    payload = _object(message, "payload")
    if payload is None:
        raise _bad("subscribe needs a payload")
    query, name = payload.get("query"), payload.get("operationName")
    if not isinstance(query, str):
        raise _bad("payload.query must be the text of a document")
    if name is not None and not isinstance(name, str):
        raise _bad("payload.operationName must be text")
    _object(payload, "extensions")
    return Subscribe(_id(message), query, _object(payload, "variables"), name or None)


def _authorization(payload: dict[str, Any] | None) -> str | None:
    """The value of `authorization`, in whatever case: clients copy the header's name."""
    for name, value in (payload or {}).items():
        if name.lower() == "authorization":
            if value is not None and not isinstance(value, str):
                raise _bad("payload.authorization must be text")
            return value
    return None


def _id(message: dict[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID:
        raise _bad(f"An id is a text of 1 to {LONGEST_ID} characters")
    return found


def _object(message: dict[str, Any], name: str) -> dict[str, Any] | None:
    found = message.get(name)
    if found is not None and not isinstance(found, dict):
        raise _bad(f"{name} must be an object")
    return found


def _bad(reason: str) -> Close:
    return Close(BAD_REQUEST, reason)


def message(type_: str, **parts: Any) -> str:
    """A message of the server."""
    return orjson.dumps({"type": type_, **parts}, option=orjson.OPT_UTC_Z).decode()


def pong(ping: Ping) -> str:
    """The answer to a ping. Raises Close for a payload that cannot be sent back: orjson reads more than it writes."""
    if ping.payload is None:
        return message("pong")
    try:
        return message("pong", payload=ping.payload)
    except TypeError as error:
        raise _bad("payload is nested too deeply") from error


def head(operation_id: str) -> str:
    """What precedes a result in `next`: the result itself is the same text for many clients."""
    return f'{{"type":"next","id":{orjson.dumps(operation_id).decode()},"payload":'


def next_message(start: str, payload: str) -> str:
    """A `next` message: its head, and the JSON of the result."""
    return f"{start}{payload}}}"
