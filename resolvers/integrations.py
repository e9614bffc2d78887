"""What happens to the connections to outside systems: they are set up, and their secrets are replaced."""

import secrets
from datetime import datetime
from typing import Any, Final

from uuid_utils.compat import uuid7

from db import integrations as rows
from db.core.keys import Crypter
from db.enums.compliance import AuditCategory
from db.enums.events import EventType
from db.enums.integrations import IntegrationStatus
from resolvers.core.constraints import describe
from resolvers.core.writes import Outcome, Values, Write
from resolvers.rules import Invalid
from resolvers.rules import integrations as rules

KEY_VERSION: Final = 1  # of the tenant's key: the Keyring makes no other so far

describe(
    {
        "uq_integrations_tenant_id_kind_account_identifier": (
            "There is an integration of this kind with this account already."
        ),
    }
)


async def create_integration(write: Write, values: Values) -> Outcome:
    """Add an integration. Raises Invalid for its values, Conflict for an account that is connected already.

    The path of its ingest address is among the outcome's secrets: only the hash of its token is stored.
    """
    secret = values.pop("secret", None)
    given = {name: value for name, value in values.items() if value is not None}
    draft = rules.normalise(rules.IntegrationDraft(**given))
    rules.check_secret(draft, secret)
    integration = rows.Integration(
        id=uuid7(),
        kind=draft.kind,
        provider=draft.provider,
        name=draft.name,
        status=IntegrationStatus.ACTIVE,
        account_identifier=draft.account_identifier,
        endpoint_url=draft.endpoint_url,
        config=dict(draft.config),
        scopes=list(draft.scopes),
        created_by_id=write.viewer.user_id,
    )
    if secret is not None:
        integration.secret_encrypted = await _sealed(write, integration, secret)
        integration.secret_key_version = KEY_VERSION
    outcome = Outcome(ids={"integration": integration.id})
    if rules.ingest_path(draft.kind, draft.provider):
        integration.address_token_hash, outcome.secrets["ingest_path"] = _new_address(write, integration)
    write.add(integration)
    payload = {"kind": integration.kind, "provider": integration.provider}
    write.record(EventType.INTEGRATION_CREATED, integration, payload, category=AuditCategory.SECURITY)
    return outcome


async def rotate_integration(write: Write, values: Values) -> Outcome:
    """Give an integration a new secret, a new ingest address, or both; the old ones count on for a while.

    Raises Invalid for its values and for a revoked integration, NotFound and Conflict.
    """
    integration = await write.lock(rows.Integration, values["id"], version=values.get("expected_version"))
    secret, is_new_address = values.get("secret"), bool(values.get("is_new_address"))
    expires_at = write.now + rules.grace(values.get("grace_seconds"))
    if integration.status is IntegrationStatus.REVOKED:
        raise Invalid(("id",), "is of an integration that was revoked", "NOT_ALLOWED")
    if secret is None and not is_new_address:
        raise Invalid(("secret",), "must be given, or a new address asked for", "REQUIRED")
    outcome = Outcome(ids={"integration": integration.id})
    changes: dict[str, Any] = {"rotated_at": write.now, "updated_by_id": write.viewer.user_id}
    if secret is not None:
        rules.check_new_secret(secret)
        changes |= _keeping_secret(integration, write.now, expires_at)
        changes |= {
            "secret_encrypted": await _sealed(write, integration, secret),
            "secret_key_version": KEY_VERSION,
        }
    if is_new_address:
        if rules.ingest_path(integration.kind, integration.provider) is None:
            message = "is not possible: this integration reports nothing here"
            raise Invalid(("is_new_address",), message, "NOT_ALLOWED")
        token_hash, outcome.secrets["ingest_path"] = _new_address(write, integration)
        is_kept = integration.address_token_hash is not None and expires_at > write.now
        changes |= {
            "previous_address_token_hash": integration.address_token_hash if is_kept else None,
            "previous_address_expires_at": expires_at if is_kept else None,
            "address_token_hash": token_hash,
        }
    write.change(integration, changes)
    payload = {"kind": integration.kind, "provider": integration.provider}
    write.record(EventType.INTEGRATION_ROTATED, integration, payload, category=AuditCategory.SECURITY)
    return outcome


def secrets_of(integration: rows.Integration, crypter: Crypter, now: datetime) -> tuple[str, ...]:
    """The secrets that count at this time, in plain: the present one, and the previous one while it lasts."""
    sealed = [integration.secret_encrypted]
    if integration.previous_secret_expires_at is not None and now < integration.previous_secret_expires_at:
        sealed.append(integration.previous_secret_encrypted)
    return tuple(crypter.decrypt(one, _about(integration)).decode() for one in sealed if one is not None)


def address_hashes_of(integration: rows.Integration, now: datetime) -> tuple[bytes, ...]:
    """The hashes of the address tokens that count at this time."""
    hashes = [integration.address_token_hash]
    if integration.previous_address_expires_at is not None and now < integration.previous_address_expires_at:
        hashes.append(integration.previous_address_token_hash)
    return tuple(one for one in hashes if one is not None)


def _keeping_secret(integration: rows.Integration, now: datetime, expires_at: datetime) -> dict[str, Any]:
    """The columns that keep the present secret as the previous one, or drop it at once."""
    is_kept = integration.secret_encrypted is not None and expires_at > now
    return {
        "previous_secret_encrypted": integration.secret_encrypted if is_kept else None,
        "previous_secret_key_version": integration.secret_key_version if is_kept else None,
        "previous_secret_expires_at": expires_at if is_kept else None,
    }


async def _sealed(write: Write, integration: rows.Integration, secret: str) -> bytes:
    crypter = await write.context.services.keyring.for_tenant(write.session, write.tenant_id, write.now)
    return crypter.encrypt(secret.encode(), _about(integration))


def _about(integration: rows.Integration) -> str:
    return f"secret of integration {integration.id}"


def _new_address(write: Write, integration: rows.Integration) -> tuple[bytes, str]:
    """The hash of a fresh token, and the path that carries it."""
    address = rules.Address(write.tenant_id, integration.id, secrets.token_bytes(rules.TOKEN_BYTES))
    path = rules.ingest_path(integration.kind, integration.provider)
    return address.token_hash, f"{path}{rules.encode_address(address)}"
