"""Keys: the master key outside the database, a data key per tenant or person, and the keys that sign tokens.

Data keys are stored wrapped by the master key, so a copy of the database alone reveals nothing, and destroying
one data key destroys all that was encrypted with it.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Index, LargeBinary, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from db.core.base import ReferenceRow, TenantRow, tenant_root

NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionFailed(Exception):
    """The ciphertext is broken, belongs to something else, or its key was destroyed."""


class DataKey(TenantRow):
    """A key of AES-256-GCM, wrapped by the master key. The subject is the tenant itself or one contact."""

    __tablename__ = "data_keys"
    __table_args__ = (
        tenant_root(),
        Index("uq_data_keys_subject", "tenant_id", "subject_id", "key_version", unique=True),
    )

    subject_id: Mapped[UUID]
    key_version: Mapped[int] = mapped_column(default=1)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class SigningKey(ReferenceRow):
    """An Ed25519 key that signs access tokens; the newest that is not retired signs, all verify."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    private_key_wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    retired_at: Mapped[datetime | None]


class Crypter:
    """AES-256-GCM under one key; `about` binds a ciphertext to the place it was written for."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, plain: bytes, about: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def decrypt(self, sealed: bytes, about: str) -> bytes:
        """The plain bytes. Raises DecryptionFailed."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise DecryptionFailed(f"cannot decrypt {about}") from error


@dataclass(frozen=True)
class Signer:
    """The private half of the key that signs now."""

    kid: str
    private_key: Ed25519PrivateKey


class Keyring:
    """All keys, unlocked by the master key. Unwrapped data keys are not cached: unwrapping costs microseconds."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError(f"MASTER_KEY must be {KEY_BYTES} bytes in base64, it is {len(master_key)} bytes")
        self._master = Crypter(master_key)

    async def for_tenant(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Crypter:
        """The tenant's own key; made at first use."""
        return await self.for_subject(session, tenant_id, tenant_id, now)

    async def for_subject(self, session: AsyncSession, tenant_id: UUID, subject_id: UUID, now: datetime) -> Crypter:
        """The key of one subject, such as a contact; made at first use, the same for concurrent first uses."""
        about = f"data key of {subject_id} in {tenant_id}"
        find = select(DataKey.wrapped).where(DataKey.subject_id == subject_id, DataKey.key_version == 1)
        wrapped = await session.scalar(find)
        if wrapped is None:
            fresh = self._master.encrypt(secrets.token_bytes(KEY_BYTES), about)
            await session.execute(
                insert(DataKey)
                .values(tenant_id=tenant_id, id=uuid7(), subject_id=subject_id, wrapped=fresh, created_at=now)
                .on_conflict_do_nothing()
            )
            wrapped = await session.scalar(find)
        if wrapped is None:
            raise DecryptionFailed(f"the {about} could not be stored")
        return Crypter(self._master.decrypt(wrapped, about))

    async def signer(self, session: AsyncSession, now: datetime) -> Signer:
        """The key that signs now; the first one is made at first use."""
        found = await session.scalar(
            select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc()).limit(1)
        )
        if found is None:
            found = self._new_signing_key(now)
            session.add(found)
            await session.flush()
        raw = self._master.decrypt(found.private_key_wrapped, f"signing key {found.kid}")
        return Signer(found.kid, Ed25519PrivateKey.from_private_bytes(raw))

    def _new_signing_key(self, now: datetime) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        kid = secrets.token_hex(8)
        return SigningKey(
            kid=kid,
            public_key=private.public_key().public_bytes_raw(),
            private_key_wrapped=self._master.encrypt(private.private_bytes_raw(), f"signing key {kid}"),
            created_at=now,
            updated_at=now,
        )


async def public_keys(session: AsyncSession) -> dict[str, Ed25519PublicKey]:
    """The keys that verify access tokens, by `kid`: retired ones too, until they are deleted."""
    rows = await session.execute(select(SigningKey.kid, SigningKey.public_key))
    return {kid: Ed25519PublicKey.from_public_bytes(raw) for kid, raw in rows}


def master_key(configured: str | None, folder: Path) -> bytes:
    """The configured master key (base64), or the one kept in the folder, made there at first start (0600)."""
    if configured:
        return base64.b64decode(configured, validate=True)
    path = folder / "master.key"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f"master.key.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)))
        try:
            os.link(draft, path)  # the first of several processes wins; a rename would replace its key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return base64.b64decode(path.read_bytes(), validate=True)
