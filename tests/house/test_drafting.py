"""`run.py migrate --new`: rows change, and the draft brings the newest revision to them and back."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from db.core.differences import condition
from db.core.settings import CHECKOUT

WIDGET = '''

class Widget(VersionedRow):
    """What the test adds."""

    __tablename__ = "widgets"
    __table_args__ = (
        tenant_root(),
        tenant_fk("contact_id", "contacts"),
        UniqueConstraint("tenant_id", "name"),
        Index(None, "tenant_id", "contact_id", "id"),
        CheckConstraint("weight >= 0", name="weight_not_negative"),
    )

    contact_id: Mapped[UUID]
    name: Mapped[str]
    weight: Mapped[int]
    status: Mapped[ContactStatus] = mapped_column(default=ContactStatus.ACTIVE)
    search_document: Mapped[str] = search_document("name")
'''
NEW_COLUMNS = """\
    hobbies: Mapped[list[str]] = mapped_column(default=list)
    arrived_on: Mapped[date]
    second_method: Mapped[ContactMethod] = mapped_column(default=ContactMethod.POST)
"""
CHANGES = [
    # a table comes, a table goes
    ("db/contacts.py", r"\Z", WIDGET),
    ("db/callbacks.py", r"(?s)class CallbackActivity\(.*?(?=\nclass |\Z)", ""),
    # a value of an enumeration comes
    (
        "db/enums/contacts.py",
        r'(?<=    ACTIVE = "ACTIVE", "The tenant deals with this person."\n)',
        '    LOST = "LOST", "x."\n',
    ),
    # columns come: with a fixed default, with none, with an enumeration's; and one goes
    (
        "db/contacts.py",
        r"    gender: Mapped\[str \| None\]\n",
        NEW_COLUMNS,
    ),
    # a search finds more, an index has another condition, a foreign key another end
    ("db/contacts.py", r'"company", "job_title"\n', '"company", "job_title", "city"\n'),
    ("db/deals.py", r'text\("is_default"\)', 'text("NOT is_default")'),
    (
        "db/contacts.py",
        r'tenant_fk\("account_id", "accounts"\)',
        'tenant_fk("account_id", "accounts", ondelete="CASCADE")',
    ),
]
UP = [
    'op.create_table(\n        "widgets",',
    'sa.Column("status", sa.String(length=64), nullable=False)',
    "\"status IN ('ACTIVE', 'LOST', 'INACTIVE', 'SUSPENDED', 'ARCHIVED')\", name=op.f(\"ck_widgets_status\")",
    'ddl.protect("widgets")\n    ddl.make_searchable("widgets")',
    'op.drop_table("callback_activities")',
    'op.drop_constraint(op.f("ck_contacts_status"), "contacts", type_="check")',
    "\"contacts\", \"status IN ('ACTIVE', 'LOST', 'INACTIVE', 'SUSPENDED', 'ARCHIVED')\"",
    "server_default=sa.text(\"'{}'\"), nullable=False",
    'op.alter_column("contacts", "hobbies", server_default=None)',
    "server_default=sa.text(\"'POST'\"), nullable=False",
    'op.drop_column("contacts", "gender")',
    'ddl.forget_searchable("contacts")\n    op.drop_column("contacts", "search_document")',
    'postgresql_where=sa.text("NOT is_default")',
]
DOWN = [
    'ddl.forget_searchable("widgets")\n    op.drop_table("widgets")',
    'ddl.protect("callback_activities")',
    'op.add_column("contacts", sa.Column("gender", sa.TEXT(), nullable=True))',
    "\"contacts\", \"status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED', 'ARCHIVED')\"",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code whose rows may change."""
    for name in ("db", "resolvers", "gql"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return tmp_path


def migrate_new(checkout: Path, title: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gql", "migrate", "--new", title],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def versions(checkout: Path) -> list[Path]:
    return sorted((checkout / "db" / "migrations" / "versions").glob("*.py"))


def test_a_draft_leads_to_what_the_rows_declare_and_back(checkout: Path) -> None:
    for file, pattern, replacement in CHANGES:
        path = checkout / file
        changed, count = re.subn(pattern, replacement, path.read_text())
        assert count == 1, pattern
        path.write_text(changed)

    drafted = migrate_new(checkout, "add widgets")
    newest = versions(checkout)[-1]
    assert drafted.stdout == f"db/migrations/versions/{newest.name}\n", drafted.stderr
    assert newest.name.endswith("_add_widgets.py")
    # Going up made what the rows declare, and down what was there: the one thing left is a person's.
    assert drafted.stderr.splitlines()[-1].startswith("- contacts.arrived_on must not be null")
    assert drafted.stderr.count("\n- ") == 1
    assert drafted.returncode == 1

    up, down = newest.read_text().split("def downgrade()")
    assert [text for text in UP if text not in up] == []
    assert [text for text in DOWN if text not in down] == []
    for checking in (["format", "--check"], ["check"]):
        subprocess.run([sys.executable, "-m", "ruff", *checking, newest], cwd=checkout, check=True)

    again = migrate_new(checkout, "add nothing")
    assert (again.returncode, again.stdout) == (0, ""), again.stderr
    assert "Nothing to draft" in again.stderr
    assert versions(checkout)[-1] == newest


@pytest.mark.parametrize("title", ["", "...", '"""', "ä"])
def test_a_title_is_plain_words(title: str) -> None:
    refused = migrate_new(CHECKOUT, title)
    assert refused.returncode == 1
    assert "is no title" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (
            "CHECK (((status)::text = ANY ((ARRAY['A'::character varying, 'IT''S'::character varying])::text[])))",
            "status IN ('A', 'IT''S')",
        ),
        (
            "CHECK (((\"position\")::text = ANY (ARRAY[('A'::character varying)::text, ('B'::text)::text])))",
            "position IN ('A', 'B')",
        ),
        ("CHECK ((weight >= 0))", "(weight >= 0)"),
        ("CHECK (((status)::text = 'A'::text))", "((status)::text = 'A'::text)"),
    ],
)
def test_conditions_of_enumerations_are_written_as_rows_write_them(stored: str, written: str) -> None:
    assert condition(stored) == written
