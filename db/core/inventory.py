"""What a database holds, as PostgreSQL itself writes it: one line an object, so that two can be compared."""

from collections.abc import Iterable

from sqlalchemy import Connection, MetaData, text

DECLARED = ("column ", "index ", "constraint ")  # the kinds of objects that rows declare

OBJECTS = """
SELECT 'table ' || c.relname || ' ' || c.relrowsecurity || ' ' || coalesce(c.reloptions::text, '')
  FROM pg_class c
 WHERE c.relnamespace IN ('public'::regnamespace, to_regnamespace('app'))
   AND c.relkind IN ('r', 'p', 'v', 'S')
UNION ALL
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE a.attgenerated WHEN '' THEN coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
          ELSE ' AS ' || pg_get_expr(d.adbin, d.adrelid) END
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'policy ' || tablename || ' ' || policyname || ' ' || roles::text || ' ' || coalesce(qual, '')
       || ' ' || coalesce(with_check, '') FROM pg_policies
UNION ALL
SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = to_regnamespace('app')
ORDER BY 1
"""


def objects(connection: Connection) -> list[str]:
    """Every object of the database but Alembic's table."""
    found = connection.execute(text(OBJECTS)).scalars()
    return [line for line in found if "alembic_version" not in line]


def declarable(lines: Iterable[str]) -> list[str]:
    """Those objects that rows can declare; the indexes of searches are the migrations' own (`db/core/ddl.py`)."""
    return [line for line in lines if line.startswith(DECLARED) and not is_of_search(line)]


def differences(made: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """What is missing, and what is too much."""
    here, there = set(made), set(wanted)
    return [f"missing: {line}" for line in sorted(there - here)] + [
        f"too much: {line}" for line in sorted(here - there)
    ]


def is_of_search(line: str) -> bool:
    """Whether the object is an index that `ddl.make_searchable` made."""
    return line.startswith("index CREATE INDEX ix_") and "_search ON public." in line


def create_declared(connection: Connection, metadata: MetaData) -> list[str]:
    """Make the tables as the rows declare them, in an empty database, and return those objects."""
    metadata.create_all(connection)
    return declarable(objects(connection))
