"""Keys: what is sealed opens with its own key, for its own place, and for nothing else."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from db.core.cluster import Addresses
from db.core.keys import KEY_BYTES, Crypter, DataKey, DecryptionFailed, Keyring, SigningKey, master_key, public_keys
from db.core.session import Database
from db.organizations import Tenant
from tests.support.pools import pool
from tests.support.store import START, Store

MASTER = b"m" * KEY_BYTES
ABOUT = "a place"


@pytest.fixture
async def two_processes(database_urls: Addresses) -> AsyncIterator[list[Database]]:
    """Two pools that know nothing of each other."""
    made = [pool(database_urls.app), pool(database_urls.app)]
    yield made
    for each in made:
        await each.close()


@given(plain=st.binary(max_size=200), about=st.text(max_size=40))
def test_what_is_sealed_opens_with_the_same_key_for_the_same_place(plain: bytes, about: str) -> None:
    crypter = Crypter(MASTER)
    sealed = crypter.encrypt(plain, about)
    assert crypter.decrypt(sealed, about) == plain
    assert crypter.encrypt(plain, about) != sealed
    assert len(plain) < 8 or plain not in sealed


@given(plain=st.binary(min_size=1, max_size=50), place=st.integers(0, 200), flipped=st.integers(1, 255))
def test_what_was_touched_does_not_open(plain: bytes, place: int, flipped: int) -> None:
    sealed = bytearray(Crypter(MASTER).encrypt(plain, ABOUT))
    sealed[place % len(sealed)] ^= flipped
    with pytest.raises(DecryptionFailed):
        Crypter(MASTER).decrypt(bytes(sealed), ABOUT)


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 12, b"x" * 40])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        Crypter(MASTER).decrypt(sealed, ABOUT)


def test_it_opens_neither_with_another_key_nor_for_another_place() -> None:
    sealed = Crypter(MASTER).encrypt(b"plain", ABOUT)
    for crypter, about in ((Crypter(b"o" * KEY_BYTES), ABOUT), (Crypter(MASTER), "another place")):
        with pytest.raises(DecryptionFailed, match=about):
            crypter.decrypt(sealed, about)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"it is {length} bytes"):
        Keyring(b"x" * length)


async def first_use(database: Database, tenant: Tenant, subject_id: UUID, master: bytes = MASTER) -> Crypter:
    async with database.write(tenant.id) as session:
        crypter = await Keyring(master).for_subject(session, tenant.id, subject_id, START)
        await asyncio.sleep(0.05)  # the others find it half done
    return crypter


async def test_a_key_that_is_first_used_by_many_at_once_is_one_key(
    store: Store, tenant: Tenant, two_processes: list[Database]
) -> None:
    uses = [first_use(two_processes[number % 2], tenant, tenant.id) for number in range(10)]
    crypters = await asyncio.gather(*uses)
    sealed = crypters[0].encrypt(b"plain", ABOUT)
    assert [each.decrypt(sealed, ABOUT) for each in crypters] == [b"plain"] * 10
    assert await store.counts(tenant, DataKey) == [1]


async def test_every_subject_has_a_key_of_its_own_and_destroying_it_destroys_what_it_sealed(
    store: Store, tenant: Tenant, other_tenant: Tenant, database: Database
) -> None:
    subject = other_tenant.organization_id  # any id will do
    own = await first_use(database, tenant, subject)
    others = [
        await first_use(database, tenant, tenant.id),
        await first_use(database, other_tenant, subject),
    ]
    sealed = own.encrypt(b"plain", ABOUT)
    for other in others:
        with pytest.raises(DecryptionFailed):
            other.decrypt(sealed, ABOUT)
    assert (await first_use(database, tenant, subject)).decrypt(sealed, ABOUT) == b"plain"
    await store.execute(delete(DataKey).where(DataKey.tenant_id == tenant.id, DataKey.subject_id == subject))
    with pytest.raises(DecryptionFailed):
        (await first_use(database, tenant, subject)).decrypt(sealed, ABOUT)


async def test_a_stored_key_is_wrapped_by_the_master_key_for_its_subject_and_tenant(
    store: Store, tenant: Tenant, other_tenant: Tenant, database: Database
) -> None:
    await first_use(database, tenant, tenant.id)
    with pytest.raises(DecryptionFailed):
        await first_use(database, tenant, tenant.id, master=b"o" * KEY_BYTES)
    [wrapped] = await store.all(select(DataKey.wrapped).where(DataKey.tenant_id == tenant.id))
    assert len(wrapped) > KEY_BYTES
    moved = DataKey(tenant_id=other_tenant.id, subject_id=tenant.id, wrapped=wrapped)
    await store.add(moved)
    with pytest.raises(DecryptionFailed):
        await first_use(database, other_tenant, tenant.id)


async def test_what_signs_can_be_verified_also_when_many_sign_first(
    store: Store, two_processes: list[Database]
) -> None:
    keyring = Keyring(MASTER)

    async def sign(database: Database) -> tuple[str, bytes]:
        async with database.reference() as session:
            signer = await keyring.signer(session, START)
            return signer.kid, signer.private_key.sign(b"token")

    await store.execute(delete(SigningKey))
    signed = await asyncio.gather(*(sign(two_processes[number % 2]) for number in range(6)))
    async with two_processes[0].reference() as session:
        known = await public_keys(session)
        assert (await keyring.signer(session, START)).kid in known
    for kid, signature in signed:
        known[kid].verify(signature, b"token")
    await store.execute(delete(SigningKey))
    assert await store.all(select(func.count()).select_from(SigningKey)) == [0]


def test_the_master_key_is_made_once_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: master_key(None, folder), range(16)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == KEY_BYTES
    assert [path.name for path in folder.iterdir()] == ["master.key"]
    assert stat.S_IMODE((folder / "master.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert master_key(None, folder) == keys[0]


def test_a_configured_master_key_leaves_no_file_and_must_be_base64(tmp_path: Path) -> None:
    configured = base64.b64encode(MASTER).decode()
    assert master_key(configured, tmp_path) == MASTER
    with pytest.raises(ValueError, match=r"base64|padding"):
        master_key("not base64!", tmp_path)
    assert list(tmp_path.iterdir()) == []
