"""The same domains stand in each layer, in files that a person can read."""

import subprocess

from db.core.settings import CHECKOUT

LONGEST = 500
NOT_IN_GQL = {"compliance"}  # the audit log is written from the first mutation on, and shown when it can be filtered
NOT_IN_DB = {"ingest"}  # a way in for the calls of outside systems, which are rows of calls
HOUSE = {"all", "app", "authentication", "checks", "cli", "commands", "demo", "ingest", "schema", "schema_check"}
HOUSE |= {"serving", "settings", "bench", "worker", "__init__", "__main__"}
FLOORS = {"core", "enums", "execution", "loaders", "migrations", "rules", "subscriptions"}


def domains(layer: str) -> set[str]:
    """The domain words of a layer: its modules and packages that are neither house nor floor."""
    found = {
        path.stem for path in (CHECKOUT / layer).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return found - HOUSE - FLOORS


def test_what_is_stored_is_shown_under_the_same_word() -> None:
    assert domains("db") - domains("gql") == NOT_IN_GQL
    assert domains("gql") - domains("db") == set()


def test_what_is_decided_has_the_words_of_what_is_stored() -> None:
    assert domains("resolvers") - domains("db") == set()
    assert domains("resolvers/loaders") - domains("db") == set()
    assert domains("db/enums") - domains("db") == set()


def test_no_file_is_longer_than_a_person_reads() -> None:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    paths = [CHECKOUT / name for name in names]
    lengths = {str(path): len(path.read_text().splitlines()) for path in paths if path.exists()}
    assert lengths
    assert [f"{name}: {length}" for name, length in lengths.items() if length > LONGEST] == []
