"""The settings: each is described, none shows a secret, and wrong ones are refused by name."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from db.core.settings import CHECKOUT, DatabaseSettings
from gql.cli import settings_rows
from gql.settings import ServerSettings, settings_table


def test_every_setting_has_one_sentence() -> None:
    for name, _, sentence in settings_table():
        assert sentence[0].isupper() or sentence[0].isdigit(), name
        assert sentence.endswith("."), name
        assert ". " not in sentence, name
        assert "|" not in sentence, name


def test_the_readme_lists_every_setting_as_it_is() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    missing = [row for row in settings_rows() if row not in readme]
    assert not missing, "python3 run.py settings prints the table"


@pytest.mark.parametrize("url", ["secret", "mysql://u:secret@h/d", "postgresql://u:secret@h", "postgresql:///secret"])
def test_a_wrong_database_address_is_refused_without_repeating_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError) as refused:
        DatabaseSettings()
    assert "postgresql://role:password@host:5432/database" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in settings_table():
        monkeypatch.setenv(name, "")
    assert DatabaseSettings().database_url is None
    assert ServerSettings().port == 8000


def test_values_are_read_as_a_person_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", " https://a.example, https://b.example ,")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("PUBLIC_URL", "https://graph.example/")
    monkeypatch.setenv("INTROSPECTION", "no")
    settings = ServerSettings()
    assert settings.allowed_origins == ["https://a.example", "https://b.example"]
    assert settings.log_level == "warning"
    assert settings.public_url == "https://graph.example"
    assert settings.introspection is False


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://role:hidden@host/name")
    monkeypatch.setenv("MASTER_KEY", "hidden")
    assert "hidden" not in repr(DatabaseSettings())


def test_the_command_line_names_the_wrong_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hidden")
    done = subprocess.run(
        [sys.executable, "-m", "gql", "migrate"], capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert done.returncode == 1
    assert done.stderr.startswith("python3 run.py: DATABASE_URL: must be of the form")
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr
