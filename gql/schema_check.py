"""Compares the code's schema with the committed one, and with the baseline that clients rely on."""

import difflib
import hashlib
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes
from strawberry.printer import print_schema

COMMITTED = Path("schema.graphql")
BASELINE = Path("tests/schema.baseline.graphql")
CHANGELOG = Path("CHANGELOG.md")
SHOWN_LINES = 40


def printed() -> str:
    """The schema of the code as text, ending in a line break."""
    from gql.schema import schema

    return print_schema(schema).strip() + "\n"


def check(folder: Path) -> list[str]:
    """What is wrong, each a sentence with what to do; empty when all is well.

    The baseline may move: when a change is meant to break clients, `schema.graphql` is copied over it, and
    CHANGELOG.md gets a line that says what breaks and holds the baseline's mark.
    """
    current = printed()
    complaints = []
    committed = read(folder / COMMITTED)
    if committed != current:
        complaints.append(
            f"{COMMITTED} is not what the code makes: python3 run.py schema print > {COMMITTED}\n"
            + difference(committed, current)
        )
    baseline = read(folder / BASELINE)
    if not baseline:
        return [*complaints, f"{BASELINE} is missing: cp {COMMITTED} {BASELINE}"]
    broken = find_breaking_changes(build_schema(baseline), build_schema(current))
    complaints += [f"Breaks clients ({change.type.name}): {change.description}" for change in broken]
    if mark(baseline) not in read(folder / CHANGELOG):
        complaints.append(
            f"{BASELINE} moved without a word: {CHANGELOG} needs a line that says what changes for clients "
            f"and contains `baseline {mark(baseline)}`."
        )
    return complaints


def mark(baseline: str) -> str:
    """The first twelve letters of the baseline's SHA-256, by which CHANGELOG.md names it."""
    return hashlib.sha256(baseline.encode()).hexdigest()[:12]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def difference(committed: str, current: str) -> str:
    lines = list(
        difflib.unified_diff(committed.splitlines(), current.splitlines(), "committed", "code", lineterm="", n=1)
    )
    more = [f"… and {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    return "\n".join(lines[:SHOWN_LINES] + more)
