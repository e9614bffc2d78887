"""Access tokens: whom they vouch for, and what is none."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from db.access import User
from db.core.keys import Signer, SigningKey
from db.enums.events import ActorKind
from db.organizations import Tenant
from resolvers.access.tokens import current_signer
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.viewer import Viewer
from tests.factories import access
from tests.factories.access import OpenSession
from tests.resolvers.authentication.asking import HERE, counted, is_nobody, token, token_of
from tests.support.store import START, Store

MISSING: Any = object()


def forged(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """A token with these parts and no signature."""
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


async def test_a_token_vouches_for_its_user(
    services: Services, authenticator: Authenticator, tenant: Tenant, user: User, session: OpenSession
) -> None:
    viewer = await authenticator.viewer(await token_of(services, tenant, session), HERE)
    assert viewer == Viewer(
        kind=ActorKind.USER,
        actor_id=user.id,
        credential_id=session.row.id,
        organization_id=tenant.organization_id,
        tenant_id=tenant.id,
        user_id=user.id,
        permissions=frozenset({"deal:read", "call:read"}),
        expires_at=START + timedelta(minutes=15),
    )


async def test_permissions_are_those_of_the_active_roles_that_have_not_expired(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant
) -> None:
    user = await access.user(store, tenant, permissions=["deal:read", "gone:read"])

    async def give(permission: str, *, role: dict[str, Any], **assignment: Any) -> None:
        granted = await access.role(store, tenant, permissions=[permission], **role)
        await access.role_assignment(store, tenant, user_id=user.id, role_id=granted.id, **assignment)

    await give("call:read", role={}, expires_at=START + timedelta(seconds=1))
    await give("call:write", role={}, expires_at=START)
    await give("deal:write", role={}, is_active=False)
    await give("user:read", role={"is_active": False})
    session = await access.session(store, tenant, user_id=user.id)
    viewer = await authenticator.viewer(await token_of(services, tenant, session), HERE)
    assert viewer.permissions == {"deal:read", "call:read"}


async def test_an_expired_token_is_refused_to_the_second(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    text = await token_of(services, tenant, session)
    clock.instant = START + timedelta(minutes=15, microseconds=-1)
    assert not await is_nobody(authenticator, text)
    clock.instant = START + timedelta(minutes=15)
    assert await is_nobody(authenticator, text)


async def test_a_token_from_the_future_is_refused_beyond_a_minute(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    assert not await is_nobody(
        authenticator, await token_of(services, tenant, session, issued_at=START + timedelta(minutes=1))
    )
    assert await is_nobody(
        authenticator, await token_of(services, tenant, session, issued_at=START + timedelta(seconds=61))
    )


async def test_a_forged_signature_is_refused(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    real = await current_signer(services)
    text = token(tenant, session).signed(real)
    head, payload, signature = text.split(".")
    other = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other["sub"] = str(uuid4())
    changed = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
    stranger = Signer(real.kid, Ed25519PrivateKey.generate())
    for bad in (
        f"{head}.{changed}.{signature}",
        f"{head}.{payload}.{'A' * len(signature)}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        token(tenant, session).signed(stranger),
    ):
        assert await is_nobody(authenticator, bad)
    assert not await is_nobody(authenticator, text)


async def test_another_algorithm_than_ours_is_refused(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession
) -> None:
    real = await current_signer(services)
    claims = jwt.decode(token(tenant, session).signed(real), options={"verify_signature": False})
    public = real.private_key.public_key().public_bytes_raw()
    for algorithm in ("none", "None", "NONE", "HS256", "RS256", "", None, 1):
        assert await is_nobody(authenticator, forged(claims, {"alg": algorithm, "kid": real.kid, "typ": "JWT"}))
    by_public_key = jwt.encode(claims, public, algorithm="HS256", headers={"kid": real.kid})
    assert await is_nobody(authenticator, by_public_key)


async def test_another_kid_is_refused_and_the_keys_are_read_again_only_after_some_seconds(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, clock: FixedClock
) -> None:
    real = await current_signer(services)
    assert not await is_nobody(authenticator, token(tenant, session).signed(real))
    unknown = Signer("0000000000000000", real.private_key)
    text = token(tenant, session).signed(unknown)
    async with counted(services.database) as statements:
        assert await is_nobody(authenticator, text)
        assert statements == []
        clock.instant = START + timedelta(seconds=5)
        assert await is_nobody(authenticator, text)
        assert await is_nobody(authenticator, text)
    assert len([statement for statement in statements if "signing_keys" in statement]) == 1
    for kid in (None, 7, "", ["x"]):
        claims = jwt.decode(text, options={"verify_signature": False})
        assert await is_nobody(authenticator, forged(claims, {"alg": "EdDSA", "kid": kid}))


async def test_a_new_signing_key_is_accepted_within_seconds_and_a_retired_one_goes_on_verifying(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    session: OpenSession,
    clock: FixedClock,
) -> None:
    old = await token_of(services, tenant, session)
    assert not await is_nobody(authenticator, old)
    await store.execute(update(SigningKey).values(retired_at=START))
    clock.instant = START + timedelta(seconds=6)
    new = await token_of(services, tenant, session)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    assert not await is_nobody(authenticator, new)
    assert not await is_nobody(authenticator, old)


@pytest.mark.parametrize("claim", ["sub", "tid", "oid", "sid", "iat", "exp", "iss", "aud"])
async def test_each_claim_is_needed_and_must_make_sense(
    services: Services, authenticator: Authenticator, tenant: Tenant, session: OpenSession, claim: str
) -> None:
    signer = await current_signer(services)
    claims = jwt.decode(token(tenant, session).signed(signer), options={"verify_signature": False})

    def signed(**changes: Any) -> str:
        changed = {name: value for name, value in {**claims, **changes}.items() if value is not MISSING}
        text = json.dumps(changed).encode()  # jwt.encode itself would refuse some of these
        return jwt.PyJWS().encode(text, signer.private_key, algorithm="EdDSA", headers={"kid": signer.kid})

    assert not await is_nobody(authenticator, signed())
    senseless: tuple[Any, ...] = (MISSING, None, "x", [], {}, 10**30, "\0")
    for value in senseless:
        assert await is_nobody(authenticator, signed(**{claim: value}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "x",
        "a.b.c",
        "ey.ey.ey",
        "x" * 4_097,
        "\ud800.a.b",
        "é.é.é",
        "eyJ" + "[" * 3_000,
        "cgr_x",
        "null.null.null",
    ],
)
async def test_what_is_no_token_is_refused(authenticator: Authenticator, text: str) -> None:
    assert await is_nobody(authenticator, text)


async def test_deep_nesting_in_an_unsigned_header_is_only_a_wrong_token(authenticator: Authenticator) -> None:
    deep = base64.urlsafe_b64encode(b'{"kid":' + b"[" * 2_500).rstrip(b"=").decode()
    assert await is_nobody(authenticator, f"{deep}.e30.AA")


async def test_a_token_of_another_users_session_or_another_tenant_is_refused(
    store: Store,
    services: Services,
    authenticator: Authenticator,
    tenant: Tenant,
    other_tenant: Tenant,
    session: OpenSession,
) -> None:
    other = await access.user(store, tenant)
    foreign = await access.session(store, other_tenant)
    for claims in (
        {"user_id": other.id},
        {"session_id": foreign.row.id},
        {"tenant_id": other_tenant.id},
        {"tenant_id": uuid4()},
        {"session_id": uuid4()},
    ):
        assert await is_nobody(authenticator, await token_of(services, tenant, session, **claims))
