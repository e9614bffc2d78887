"""Database URLs: the one form that people write, and the one that each library wants."""

from sqlalchemy.engine import URL, make_url


def asyncpg_url(url: str) -> URL:
    """The URL for SQLAlchemy's asyncpg dialect, whatever driver the given one names."""
    given = make_url(url).set(drivername="postgresql+asyncpg")
    mode = given.query.get("sslmode")
    if mode is None:
        return given
    return given.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})  # asyncpg's name for it


def plain_url(url: str) -> str:
    """The URL for asyncpg itself and for libpq's tools."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
