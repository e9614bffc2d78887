"""API keys: whom they vouch for, from where, and how their use is counted."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from db.access import ApiKey, User
from db.enums.access import UserStatus
from db.enums.events import ActorKind
from db.enums.organizations import TenantStatus
from db.organizations import Tenant
from resolvers.access import credentials
from resolvers.authentication import Authenticator
from resolvers.core.clock import FixedClock
from resolvers.core.context import Request, Services
from tests.factories import access
from tests.factories.access import IssuedKey
from tests.resolvers.authentication.asking import HERE, counted, is_nobody
from tests.support.store import START, Store


async def test_a_key_vouches_for_a_program_with_its_scopes(
    store: Store, authenticator: Authenticator, tenant: Tenant
) -> None:
    key = await access.api_key(store, tenant, scopes=["deal:read", "gone:read"])
    viewer = await authenticator.viewer(key.text, HERE)
    assert (viewer.kind, viewer.actor_id, viewer.credential_id) == (ActorKind.API_KEY, key.row.id, key.row.id)
    assert (viewer.user_id, viewer.tenant_id, viewer.permissions) == (
        None,
        tenant.id,
        frozenset({"deal:read"}),
    )


async def test_a_key_does_no_more_than_who_issued_it_may_do_now(
    store: Store, authenticator: Authenticator, tenant: Tenant, user: User, clock: FixedClock
) -> None:
    key = await access.api_key(store, tenant, scopes=["deal:read", "deal:write"], created_by_id=user.id)
    assert (await authenticator.viewer(key.text, HERE)).permissions == {"deal:read"}
    await store.execute(update(User).where(User.id == user.id).values(status=UserStatus.DEACTIVATED))
    clock.instant = START + timedelta(seconds=5)
    assert await is_nobody(authenticator, key.text)


async def test_a_key_of_the_wrong_tenant_row_or_secret_is_refused(
    store: Store, authenticator: Authenticator, tenant: Tenant, other_tenant: Tenant
) -> None:
    own, second = await access.api_key(store, tenant), await access.api_key(store, tenant)
    foreign = await access.api_key(store, other_tenant)
    secret = secret_of(own)
    for bad in (
        credentials.ApiKeyText(other_tenant.id, own.row.id, secret),
        credentials.ApiKeyText(other_tenant.id, foreign.row.id, secret),
        credentials.ApiKeyText(tenant.id, second.row.id, secret),
        credentials.ApiKeyText(tenant.id, own.row.id, secret_of(second)),
        credentials.ApiKeyText(uuid4(), own.row.id, secret),
    ):
        assert await is_nobody(authenticator, bad.text)
    for text in (own.text[:-1], own.text + "A", own.text.upper(), "cg_", "cg__", own.text.replace("cg_", "cgr_")):
        assert await is_nobody(authenticator, text)
    assert not await is_nobody(authenticator, own.text)


def secret_of(key: IssuedKey) -> str:
    """The secret part of a key."""
    parsed = credentials.parse_api_key(key.text)
    assert parsed is not None
    return parsed.secret


@pytest.mark.parametrize(
    "values",
    [{"revoked_at": START}, {"expires_at": START}, {"is_active": False}],
)
async def test_a_key_that_is_revoked_expired_or_switched_off_is_refused(
    store: Store, authenticator: Authenticator, tenant: Tenant, values: dict[str, Any]
) -> None:
    key = await access.api_key(store, tenant, **values)
    assert await is_nobody(authenticator, key.text)


async def test_a_key_that_expires_is_not_remembered_past_its_end(
    store: Store, authenticator: Authenticator, tenant: Tenant, clock: FixedClock
) -> None:
    key = await access.api_key(store, tenant, expires_at=START + timedelta(seconds=2))
    assert not await is_nobody(authenticator, key.text)
    clock.instant = START + timedelta(seconds=2)
    assert await is_nobody(authenticator, key.text)


async def test_a_suspended_tenants_key_is_refused(store: Store, authenticator: Authenticator, tenant: Tenant) -> None:
    key = await access.api_key(store, tenant)
    await store.execute(update(Tenant).where(Tenant.id == tenant.id).values(status=TenantStatus.SUSPENDED))
    assert await is_nobody(authenticator, key.text)


async def test_the_address_is_checked_each_time_also_of_a_viewer_that_is_remembered(
    store: Store, authenticator: Authenticator, tenant: Tenant
) -> None:
    key = await access.api_key(store, tenant, allowed_addresses=["203.0.113.0/24"])
    for address, is_refused in (
        ("203.0.113.7", False),
        ("203.0.114.7", True),
        (None, True),
        ("203.0.113.9", False),
    ):
        assert await is_nobody(authenticator, key.text, Request(ip_address=address)) is is_refused
    stored = await now(store, tenant, key)
    assert (stored.usage_count, stored.last_used_ip_address) == (1, "203.0.113.7")


async def test_uses_are_written_down_once_a_minute_and_none_is_lost(
    store: Store, services: Services, authenticator: Authenticator, tenant: Tenant, clock: FixedClock
) -> None:
    key = await access.api_key(store, tenant)
    for second in (0, 1, 6, 59):
        clock.instant = START + timedelta(seconds=second)
        await authenticator.viewer(key.text, HERE)
    stored = await now(store, tenant, key)
    assert (stored.last_used_at, stored.usage_count, stored.version) == (START, 1, 1)
    clock.instant = START + timedelta(seconds=60)
    async with counted(services.database) as statements:
        await asyncio.gather(*(authenticator.viewer(key.text, HERE) for _ in range(3)))
    assert len([statement for statement in statements if statement.startswith("UPDATE")]) == 1
    stored = await now(store, tenant, key)
    assert stored.last_used_at == clock.instant
    clock.instant = START + timedelta(seconds=125)
    await authenticator.viewer(key.text, HERE)
    assert (await now(store, tenant, key)).usage_count == 8


async def test_of_two_processes_one_writes_the_use_down_and_the_other_keeps_its_count(
    store: Store, services: Services, tenant: Tenant, clock: FixedClock
) -> None:
    key = await access.api_key(store, tenant)
    processes = [Authenticator(services) for _ in range(2)]
    await asyncio.gather(*(process.viewer(key.text, HERE) for process in processes))
    assert (await now(store, tenant, key)).usage_count == 1
    clock.instant = START + timedelta(seconds=61)
    for process in processes:
        await process.viewer(key.text, HERE)
    clock.instant = START + timedelta(seconds=130)
    for process in processes:
        await process.viewer(key.text, HERE)
    assert sum(process._uses.total() for process in processes) + (await now(store, tenant, key)).usage_count == 6


async def now(store: Store, tenant: Tenant, key: IssuedKey) -> ApiKey:
    """The key as it is stored."""
    found = await store.get(ApiKey, tenant.id, key.row.id)
    assert found is not None
    return found


def test_nothing_that_a_log_shows_of_a_credential_is_its_secret() -> None:
    key, refresh = credentials.new_api_key(uuid4()), credentials.new_refresh_token(uuid4(), uuid4())
    assert key.secret not in repr(key)
    assert refresh.secret not in repr(refresh)
    assert refresh.family not in repr(refresh)
