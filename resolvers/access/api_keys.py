"""API keys: issued once in clear, stored as a hash, revoked for good."""

from collections.abc import Mapping
from dataclasses import asdict

from db.access import ApiKey
from db.core.base import TenantRow
from db.enums.compliance import AuditCategory
from db.enums.events import ActorKind, EventType
from resolvers.access import credentials
from resolvers.core.errors import PermissionDenied
from resolvers.core.writes import Outcome, Values, Write
from resolvers.rules import Findings
from resolvers.rules import access as rules


async def create_api_key(write: Write, values: Values) -> Outcome:
    """Issue a key whose scopes the viewer holds. The outcome's secret `secret` is the whole key, shown once.

    Raises Invalid for its values, and PermissionDenied for a program: a key that made keys would live on in
    them after its end.
    """
    if write.viewer.kind is ActorKind.API_KEY:
        raise PermissionDenied("An API key cannot issue API keys; sign in as a person.")
    findings = Findings()
    scopes = findings.of(rules.check_scopes, values.pop("scopes"), write.viewer.permissions)
    values["allowed_addresses"] = values.get("allowed_addresses") or []
    draft = findings.of(rules.normalise_api_key, rules.ApiKeyDraft(**values), write.now)
    findings.refuse()
    assert draft is not None
    key = credentials.new_api_key(write.tenant_id)
    row = write.add(
        ApiKey(
            **asdict(draft),
            id=key.key_id,
            prefix=key.prefix,
            secret_hash=credentials.digest(key.secret),
            scopes=sorted(scopes or ()),
            created_by_id=write.viewer.user_id,
        )
    )
    owner = {"created_by_id": row.created_by_id}
    write.record(EventType.API_KEY_CREATED, row, owner, category=AuditCategory.SECURITY)
    return Outcome(ids={"api_key": row.id}, secrets={"secret": key.text})


async def revoke_api_key(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """End a key for good; one that is revoked already stays as it is. Raises NotFound and Conflict."""
    row = await write.lock(ApiKey, values["id"], version=values.get("expected_version"))
    if row.revoked_at is None:
        changes = {
            "revoked_at": write.now,
            "revocation_reason": rules.revocation_reason(values.get("reason")),
            "revoked_by_id": write.viewer.user_id,
            "is_active": False,
        }
        write.change(row, changes)
        owner = {"created_by_id": row.created_by_id}
        write.record(EventType.API_KEY_REVOKED, row, owner, category=AuditCategory.SECURITY)
    return {"api_key": row}
