"""Passwords: argon2id in a thread, at most two at once, and as much work for people who do not exist."""

import asyncio
import base64
import os
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from resolvers.core.errors import RateLimited
from resolvers.rules.access import PASSWORD_LONGEST

AT_ONCE: Final = 2  # each takes 64 MiB and a core for a tenth of a second
RETRY_AFTER_SECONDS: Final = 1

T = TypeVar("T")


class Passwords:
    """Hashes passwords, and compares them with hashes, off the event loop. Tests replace `hasher`."""

    def __init__(self, hasher: PasswordHasher, at_once: int = AT_ONCE) -> None:
        self.hasher = hasher
        self._at_once = at_once
        self._running: set[asyncio.Task[object]] = set()

    async def hash(self, password: str) -> str:
        """The hash to store, parameters and salt included. Raises RateLimited."""
        return await self._run(lambda: self.hasher.hash(_bytes(password)))

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one of the stored hash. Raises RateLimited.

        Without a stored hash, or with a password that no hash can be of, the answer is no, after the same
        work.
        """
        try:
            given = _bytes(password)
        except UnicodeEncodeError:  # half of a surrogate pair, out of a JSON escape
            given, stored = b"", None
        if len(password) > PASSWORD_LONGEST:
            given, stored = b"", None
        against = stored or _nobodys_hash(self.hasher)
        return await self._run(lambda: self._verify(against, given)) and stored is not None

    def _verify(self, stored: str, given: bytes) -> bool:
        try:
            return self.hasher.verify(stored, given)
        except (VerifyMismatchError, InvalidHashError):
            return False  # anything else, such as no memory, is no wrong password: it must not be counted as one

    async def _run(self, work: Callable[[], T]) -> T:
        if len(self._running) >= self._at_once:
            raise RateLimited("Too many people are signing in; try again in a moment.", RETRY_AFTER_SECONDS)
        task = asyncio.create_task(asyncio.to_thread(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # A thread cannot be stopped: it counts until it ends, also when nobody waits for it any longer.
        return await asyncio.shield(task)


def _bytes(password: str) -> bytes:
    """The password as it is hashed: the same characters are the same bytes on every keyboard (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode()


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """A hash of the hasher's own parameters that no password has: random, where a real one is computed."""
    salt, digest = (
        base64.b64encode(os.urandom(length)).rstrip(b"=").decode() for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1))
