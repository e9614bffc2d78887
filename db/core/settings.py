"""Settings of the stored side, from the environment: where the database is, its use, the master key."""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

CHECKOUT = Path(__file__).resolve().parents[2]


class DatabaseSettings(BaseSettings):
    """What the environment says of the database. Empty variables count as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL as the application role, which serves; without it an embedded one starts.",
    )
    database_owner_url: SecretStr | None = Field(
        None, description="PostgreSQL as the role that owns the tables and migrates; never used to serve."
    )
    master_key: SecretStr | None = Field(
        None,
        description="32 bytes in base64 that encrypt all other keys; made beside embedded data.",
    )
    data_dir: Path | None = Field(
        None,
        description="Folder of the embedded PostgreSQL and its secrets; `.data` beside the checkout, or "
        "as root a closed folder in /var/lib.",
    )
    pool_size: int = Field(15, ge=1, le=500, description="Database connections that each worker keeps open.")
    pool_overflow: int = Field(
        0,  # bench/README.md: what goes beyond the pool is opened and closed for each request
        ge=0,
        le=500,
        description="Connections that each worker may open beyond POOL_SIZE; each costs a sign-in every time.",
    )
    pool_timeout_seconds: float = Field(
        5.0, gt=0, le=120, description="How long a request waits for a free connection before it is refused."
    )
    statement_timeout_ms: int = Field(
        15_000, ge=0, description="The database cancels a statement that runs longer; 0 means never."
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis that carries the hints of new events between workers; without it PostgreSQL does.",
    )
    clock_file: Path | None = Field(
        None, description="For tests only: a file whose ISO 8601 time every process takes for the present."
    )

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def names_a_role(cls, value: SecretStr | None) -> SecretStr | None:
        """An address of PostgreSQL with a role and a database; the message does not repeat a password."""
        if value is not None:
            try:
                parsed = make_url(value.get_secret_value())
            except (ArgumentError, ValueError):
                parsed = None
            is_postgres = parsed is not None and parsed.get_backend_name() in {"postgresql", "postgres"}
            if parsed is None or not (is_postgres and parsed.username and parsed.database):
                raise ValueError("must be of the form postgresql://role:password@host:5432/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def names_a_redis(cls, value: SecretStr | None) -> SecretStr | None:
        """An address of Redis; the message does not repeat a password."""
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be of the form redis://user:password@host:6379/0, or rediss:// or unix://")
        return value


@cache
def database_settings() -> DatabaseSettings:
    """The settings of this process, read once."""
    return DatabaseSettings()
