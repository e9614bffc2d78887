"""`schema check`: it sees a stale file, a change that breaks clients, and a baseline that moved in silence."""

from pathlib import Path

import pytest

from gql import schema_check

CURRENT = "type Query {\n  a: Int\n  b(size: Int): String\n}\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which everything fits together."""
    monkeypatch.setattr(schema_check, "printed", lambda: CURRENT)
    (tmp_path / "tests").mkdir()
    write(tmp_path, committed=CURRENT, baseline=CURRENT)
    return tmp_path


def write(folder: Path, *, committed: str, baseline: str, mark: str | None = None) -> None:
    (folder / schema_check.COMMITTED).write_text(committed)
    (folder / schema_check.BASELINE).write_text(baseline)
    (folder / schema_check.CHANGELOG).write_text(f"- First. baseline {mark or schema_check.mark(baseline)}\n")


def test_a_schema_that_fits_has_no_complaint(checkout: Path) -> None:
    assert schema_check.check(checkout) == []


def test_a_stale_file_is_shown_with_its_differences(checkout: Path) -> None:
    write(checkout, committed=CURRENT.replace("  a: Int\n", ""), baseline=CURRENT)
    (complaint,) = schema_check.check(checkout)
    assert "schema print > schema.graphql" in complaint
    assert "+  a: Int" in complaint


def test_an_addition_breaks_nobody(checkout: Path) -> None:
    write(checkout, committed=CURRENT, baseline="type Query {\n  a: Int\n}\n")
    assert schema_check.check(checkout) == []


@pytest.mark.parametrize(
    "baseline",
    [
        CURRENT.replace("a: Int\n", "a: Int\n  gone: Int\n"),
        CURRENT.replace("a: Int", "a: Int!"),
        CURRENT.replace("(size: Int)", "(size: Int, gone: Int)"),
    ],
)
def test_what_clients_rely_on_may_not_go(checkout: Path, baseline: str) -> None:
    write(checkout, committed=CURRENT, baseline=baseline)
    (complaint,) = schema_check.check(checkout)
    assert complaint.startswith("Breaks clients (")


def test_a_baseline_moves_only_with_a_line_in_the_changelog(checkout: Path) -> None:
    write(checkout, committed=CURRENT, baseline=CURRENT, mark="000000000000")
    (complaint,) = schema_check.check(checkout)
    assert f"baseline {schema_check.mark(CURRENT)}" in complaint


def test_a_missing_baseline_is_a_complaint(checkout: Path) -> None:
    (checkout / schema_check.BASELINE).unlink()
    (complaint,) = schema_check.check(checkout)
    assert "is missing" in complaint
