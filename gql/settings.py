"""Settings of the server, read from the environment; `settings_table` lists them with the database's."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.core.settings import DatabaseSettings

LogLevel = Literal["debug", "info", "warning", "error"]


class ServerSettings(BaseSettings):
    """How the server listens, what it logs and what it refuses. Empty variables count as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    listen_host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port that the server listens on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Server processes; each has its own pool of connections.")
    log_level: LogLevel = Field("info", description="Least severe messages to log: debug, info, warning, error.")
    public_url: str | None = Field(
        None,
        description="Address by which clients and providers reach the server; signatures are checked on it.",
    )
    demo: bool | None = Field(
        None, description="Whether `serve` loads demo data; by default only into the embedded PostgreSQL."
    )
    introspection: bool = Field(True, description="Whether clients may ask for the schema.")
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        [],
        description="Origins, separated by commas, whose pages browsers may let read answers; `*` for all.",
    )
    max_body_bytes: int = Field(1_048_576, ge=1_024, description="Largest body of a request and WebSocket message.")
    connections_per_credential: int = Field(
        2_000,
        ge=1,
        description="Most WebSockets and event streams of a session, an API key, or an address without, on one worker.",
    )
    connections_per_tenant: int = Field(
        20_000, ge=1, description="Most WebSockets and event streams of a tenant on one worker."
    )
    max_depth: int = Field(20, ge=1, description="Deepest nesting of fields in one operation.")
    max_aliases: int = Field(200, ge=1, description="Most aliased fields in one operation.")
    run_worker: bool = Field(
        True,
        description="Whether each server process also does what falls due, as `python3 run.py worker` does alone.",
    )
    event_retention_days: int = Field(30, ge=0, description="How many days the event log is kept; 0 means for ever.")
    webhook_retention_days: int = Field(
        14, ge=0, description="How many days the record of a delivery is kept after it arrived; 0 means for ever."
    )
    webhook_allow_private: bool = Field(
        False, description="Whether webhooks may go to private addresses, such as this machine's own."
    )
    webhook_timeout_seconds: float = Field(
        10.0, gt=0, le=30, description="How long the receiver of a webhook may take to answer."
    )
    shutdown_seconds: int = Field(
        10,
        ge=0,
        le=300,
        description="How long requests under way may take to end when the server is stopped.",
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def split_origins(cls, value: Any) -> Any:
        """Commas in the environment, a list in code."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def lower(cls, value: Any) -> Any:
        """Any case of letters."""
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def without_slash(cls, value: str | None) -> str | None:
        """An address without a slash at its end; only http and https."""
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/") if value else None


@cache
def server_settings() -> ServerSettings:
    """The settings of this process, read once."""
    return ServerSettings()


def settings_table() -> list[tuple[str, str, str]]:
    """Each setting as the variable that holds it, its default, and its sentence: the README's table."""
    fields = {**DatabaseSettings.model_fields, **ServerSettings.model_fields}
    return [(name.upper(), shown(field.default), field.description or "") for name, field in fields.items()]


def shown(default: Any) -> str:
    """A default as it would stand in the environment."""
    if default is None or default == []:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
