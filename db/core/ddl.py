"""Helpers of the migrations: row-level security, search functions, and the order that Citus asks for."""

from alembic import op


def begin() -> None:
    """First statement of every migration: on Citus, one shard after the other; elsewhere without effect."""
    op.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")


def protect(table: str) -> None:
    """Enable row-level security by tenant. ENABLE, not FORCE: the owner migrates and moves shards."""
    tenant = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({tenant}) WITH CHECK ({tenant})")


def make_searchable(table: str) -> None:
    """Add the index over `search_document` and the function `app.search_<table>(words, cap)` that uses it.

    `@@` is not leakproof, so under row-level security PostgreSQL would not use the index: the function runs as
    the owner with the tenant of the transaction, returns ids, and its caller joins them back under both locks.
    `words` is a tsquery in text; at most `cap` ids come back, best rank first.
    """
    op.execute(f"CREATE INDEX ix_{table}_search ON {table} USING gin (tenant_id, search_document)")
    op.execute(
        f"""
        CREATE FUNCTION app.search_{table}(words text, cap integer) RETURNS TABLE (id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
          SELECT t.id FROM public.{table} t
          WHERE t.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
            AND t.search_document @@ to_tsquery('simple', words)
          ORDER BY ts_rank(t.search_document, to_tsquery('simple', words)) DESC, t.id
          LIMIT cap
        $$
        """
    )


def forget_searchable(table: str) -> None:
    """Undo `make_searchable`."""
    op.execute(f"DROP FUNCTION app.search_{table}(text, integer)")
    op.execute(f"DROP INDEX ix_{table}_search")
