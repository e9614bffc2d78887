"""Rows of the connections to outside systems, with their secrets."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.integrations import IntegrationKind, IntegrationStatus


class Integration(VersionedRow):
    """A tenant's account with an outside system, such as Twilio; `provider` names that system in lower case.

    `secret_encrypted` is what signs its reports (Twilio: the auth token), under version `secret_key_version`
    of the tenant's key; the previous secret is accepted until `previous_secret_expires_at`.
    `address_token_hash` is the SHA-256 of the secret part of its ingest address, null when it reports
    nothing; the previous address is accepted until `previous_address_expires_at`. `config` holds no secrets.
    `consecutive_error_count` goes back to zero at the next success.
    """

    __tablename__ = "integrations"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "kind", "account_identifier"),
        UniqueConstraint("tenant_id", "address_token_hash"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "kind", "name", "id"),
        Index(None, "tenant_id", "status", "name", "id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "last_sync_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint(
            "(secret_encrypted IS NULL) = (secret_key_version IS NULL)",
            name="secret_key_known",
        ),
        CheckConstraint(
            "(previous_secret_encrypted IS NULL) = (previous_secret_key_version IS NULL)"
            " AND (previous_secret_encrypted IS NULL) = (previous_secret_expires_at IS NULL)",
            name="previous_secret_key_known",
        ),
        CheckConstraint(
            "(previous_address_token_hash IS NULL) = (previous_address_expires_at IS NULL)",
            name="previous_address_expires",
        ),
        CheckConstraint("octet_length(address_token_hash) = 32", name="address_token_hash"),
        CheckConstraint("octet_length(previous_address_token_hash) = 32", name="previous_address_token_hash"),
        CheckConstraint("rate_limit_per_hour > 0", name="rate_limit_per_hour"),
        CheckConstraint("requests_this_hour >= 0", name="requests_this_hour"),
        CheckConstraint("error_count >= 0", name="error_count"),
        CheckConstraint("consecutive_error_count >= 0", name="consecutive_error_count"),
    )

    kind: Mapped[IntegrationKind]
    provider: Mapped[str]
    name: Mapped[str]
    status: Mapped[IntegrationStatus] = mapped_column(default=IntegrationStatus.ACTIVE)
    account_identifier: Mapped[str | None]
    endpoint_url: Mapped[str | None]
    webhook_url: Mapped[str | None]
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    scopes: Mapped[list[str]] = mapped_column(default=list)

    secret_encrypted: Mapped[bytes | None]
    secret_key_version: Mapped[int | None]
    previous_secret_encrypted: Mapped[bytes | None]
    previous_secret_key_version: Mapped[int | None]
    previous_secret_expires_at: Mapped[datetime | None]
    address_token_hash: Mapped[bytes | None]
    previous_address_token_hash: Mapped[bytes | None]
    previous_address_expires_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    access_token_encrypted: Mapped[bytes | None]
    refresh_token_encrypted: Mapped[bytes | None]
    token_key_version: Mapped[int | None]
    token_expires_at: Mapped[datetime | None]

    last_event_at: Mapped[datetime | None]
    last_sync_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    last_error_at: Mapped[datetime | None]
    error_count: Mapped[int] = mapped_column(default=0)
    consecutive_error_count: Mapped[int] = mapped_column(default=0)
    rate_limit_per_hour: Mapped[int | None]
    requests_this_hour: Mapped[int] = mapped_column(default=0)
    rate_limit_reset_at: Mapped[datetime | None]

    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("name", "provider", "account_identifier")
