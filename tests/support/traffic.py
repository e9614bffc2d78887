"""The tests' own traffic: which root fields were answered with data, and which were refused, over a whole run.

`tests/conftest.py` asks for the gaps when all tests have run: a root field without both fails the build.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse

FOLDER = "TRAFFIC_FOLDER"  # variable that names the folder, which all workers of a run share
OUTCOMES = {
    "Query": ("data", "refusal"),
    "Mutation": ("data", "refusal", "event"),  # an event in the log: a change that nobody could be told of is none
    "Subscription": ("data", "refusal"),
}

_seen: set[tuple[str, str, str]] = set()


def note(kind: str, field: str, outcome: str) -> None:
    """One root field (`Query`, `Mutation` or `Subscription` and its name) met one outcome."""
    folder = os.environ.get(FOLDER)
    if folder is None or (kind, field, outcome) in _seen:
        return
    _seen.add((kind, field, outcome))
    with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps([kind, field, outcome]) + "\n")


def record(query: str, data: Mapping[str, Any] | None, errors: Iterable[Mapping[str, Any]]) -> None:
    """Note every root field of an operation that a client ran, with what it got."""
    refused = {error["path"][0] for error in errors if error.get("path")}
    for kind, key, field in root_fields(query):
        value = (data or {}).get(key)
        is_refused = value is None or key in refused or (isinstance(value, dict) and bool(value.get("errors")))
        if is_refused:
            note(kind, field, "refusal")
        elif has_content(value):
            note(kind, field, "data")


def root_fields(query: str) -> list[tuple[str, str, str]]:
    """(root type, key in the answer, field) of each plain root field; nothing for what is no document."""
    try:
        document = parse(query)
    except GraphQLError:
        return []
    return [
        (definition.operation.value.capitalize(), (node.alias or node.name).value, node.name.value)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for node in definition.selection_set.selections
        if isinstance(node, FieldNode)
    ]


def has_content(value: Any) -> bool:
    """Whether an answer shows anything: an empty page does not count; an object whose own lists are empty does."""
    if isinstance(value, dict) and (pages := [value[part] for part in ("nodes", "edges") if part in value]):
        return any(pages)
    return value not in (None, [])


def gaps(folder: Path, root_types: Mapping[str, Iterable[str]]) -> list[str]:
    """The root fields that no test of the run answered with data, or refused."""
    seen = {tuple(json.loads(line)) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()}
    return [
        f"{kind}.{field} was never run with {outcome}"
        for kind, fields in root_types.items()
        for field in fields
        for outcome in OUTCOMES[kind]
        if (kind, field, outcome) not in seen
    ]
