"""The first tenant lock by itself: which statements it lets pass."""

import pytest

import db.all  # fills the metadata
from db.core.tenancy import UnscopedStatement, refuse_unscoped, tenant_tables, unscoped_table


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT contacts.id FROM contacts WHERE contacts.tenant_id = $1::UUID",
        "SELECT c.id FROM contacts AS c WHERE c.tenant_id = $1",
        "SELECT 1",
        "SELECT tenants.id FROM tenants WHERE tenants.id = $1",
        "INSERT INTO contacts (tenant_id, id) VALUES ($1, $2)",
        "UPDATE contacts SET first_name=$1 WHERE contacts.tenant_id = $2 AND contacts.id = $3",
        "DELETE FROM contacts WHERE contacts.tenant_id = $1",
        "SELECT a.id FROM contacts AS a JOIN deals AS d ON d.tenant_id = $1 WHERE a.tenant_id = $1",
        "SELECT deals.value AS contacts FROM deals WHERE deals.tenant_id = $1",
        (
            "SELECT x.id FROM unnest($1) AS k(key) JOIN LATERAL (SELECT contacts.id FROM contacts "
            "WHERE contacts.account_id = k.key AND contacts.tenant_id = $2) AS x ON true"
        ),
    ],
)
def test_statements_with_their_tenant_pass(statement: str) -> None:
    assert unscoped_table(statement) is None


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("SELECT contacts.id FROM contacts", "contacts"),
        ("SELECT contacts.id FROM public.contacts WHERE contacts.id = $1", "contacts"),
        ("SELECT c.id FROM contacts AS c WHERE c.id = $1", "c"),
        ("SELECT c.id FROM contacts AS c, deals AS d WHERE c.tenant_id = $1", "d"),
        ("SELECT c.id FROM (contacts AS c JOIN deals AS d ON d.tenant_id = $1 AND d.contact_id = c.id)", "c"),
        ("SELECT t.id FROM tenants AS t JOIN (contacts JOIN deals ON deals.tenant_id = $1) ON true", "contacts"),
        (
            "SELECT c.id FROM contacts AS c JOIN deals AS d ON d.tenant_id = c.tenant_id WHERE c.tenant_id = $1",
            "d",
        ),
        (
            "SELECT c.id FROM contacts AS c WHERE c.id IN (SELECT deals.contact_id FROM deals) AND c.tenant_id = $1",
            "deals",
        ),
        ("SELECT 1 FROM contacts WHERE contacts.tenant_id = $1 UNION SELECT 1 FROM contacts", "contacts"),
        ("INSERT INTO contacts (id) VALUES ($1)", "contacts"),
        ("INSERT INTO contacts SELECT * FROM x", "contacts"),
        ("UPDATE contacts SET tenant_id = $1", "contacts"),
        ("DELETE FROM contacts", "contacts"),
        ("SELECT d.id FROM deals AS d WHERE my_d.tenant_id = $1", "d"),
    ],
)
def test_statements_without_their_tenant_are_refused(statement: str, table: str) -> None:
    assert unscoped_table(statement) == table
    with pytest.raises(UnscopedStatement):
        refuse_unscoped(None, None, statement, None, None, False)


def test_every_table_is_a_tenants_or_a_known_reference_table() -> None:
    reference = {table for table in db.all.metadata.tables if table not in tenant_tables()}
    assert reference == {"organizations", "tenants", "logins", "signing_keys"}
