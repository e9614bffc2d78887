"""A pytest plugin: no operation of any test runs on the reference executor for a reason that is not allowed here."""

from collections.abc import Iterator
from typing import Final

import pytest

from gql.execution.fallback import Reason
from gql.execution.run import Executor, Prepared

ALLOWED: Final = frozenset(
    {
        Reason.INTROSPECTION,  # tools ask the schema about itself, rarely
        Reason.PERMISSION,  # an error, to be told at its place; nothing was read for it
        Reason.REFUSED,  # the same, of an argument
        Reason.CONDITION,  # the same, of a nullable variable that was null
        Reason.DATABASE,  # tests that break the database
        Reason.ERROR,  # tests that break a resolver
        Reason.NULL,  # tests that break a row
    }
)
"""All others say that the planner does not know something that the schema has."""


@pytest.fixture(autouse=True)
def only_allowed_fallbacks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test in which an operation fell back for another reason, unless it is marked `falls_back`."""
    seen: list[str] = []
    plain = Executor._fell_back

    def fell_back(self: Executor, prepared: Prepared, reason: Reason, detail: str | None = None) -> None:
        if reason not in ALLOWED:
            seen.append(f"{reason} ({detail}): {prepared.document.text}")
        plain(self, prepared, reason, detail)

    monkeypatch.setattr(Executor, "_fell_back", fell_back)
    yield
    assert request.node.get_closest_marker("falls_back") or not seen, seen
