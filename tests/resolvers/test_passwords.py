"""Hashing passwords: in threads, two at once, and for nobody as for somebody."""

import asyncio
import threading
from typing import Any, Literal

import pytest
from argon2.exceptions import VerificationError

from resolvers.access.passwords import Passwords, passwords
from resolvers.core.errors import RateLimited
from tests.factories.access import PASSWORD, PASSWORD_HASH, CountingHasher


class Waiting(CountingHasher):
    """A hasher that waits for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.threads: set[int] = set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        """Once the gate is open."""
        self.threads.add(threading.get_ident())
        assert self.gate.wait(60)
        return super().verify(hash, password)


async def test_the_right_password_is_right_and_another_is_not() -> None:
    hasher = CountingHasher()
    checked = Passwords(hasher)
    stored = await checked.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert await checked.is_right(stored, PASSWORD)
    assert not await checked.is_right(stored, PASSWORD + " ")
    assert (hasher.hashed, hasher.verified) == (1, 2)


async def test_the_same_characters_are_the_same_password_however_they_are_encoded() -> None:
    checked = Passwords(CountingHasher())
    stored = await checked.hash("caf\u00e9 at the corner")
    assert await checked.is_right(stored, "cafe\u0301 at the corner")


@pytest.mark.parametrize("stored", [None, "", "no hash"])
async def test_without_a_hash_the_answer_is_no_whatever_the_password(stored: str | None) -> None:
    hasher = CountingHasher()
    assert not await Passwords(hasher).is_right(stored, PASSWORD)
    assert hasher.verified == 1


@pytest.mark.parametrize("password", ["x" * 129, "half of a pair: \ud800"])
async def test_what_can_be_no_password_takes_the_same_work(password: str) -> None:
    hasher = CountingHasher()
    assert not await Passwords(hasher).is_right(PASSWORD_HASH, password)
    assert hasher.verified == 1


async def test_the_work_for_nobody_has_the_parameters_of_real_work() -> None:
    seen: list[str | bytes] = []

    class Noting(CountingHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            seen.append(hash)
            return super().verify(hash, password)

    hasher = Noting()
    await Passwords(hasher).is_right(None, PASSWORD)
    assert str(seen[0]).split("$")[:4] == PASSWORD_HASH.split("$")[:4]
    assert len(str(seen[0])) == len(PASSWORD_HASH)


async def test_a_third_at_the_same_time_is_refused_until_one_has_ended() -> None:
    hasher = Waiting()
    checked = Passwords(hasher)
    two = [asyncio.create_task(checked.is_right(PASSWORD_HASH, PASSWORD)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited) as refusal:
        await checked.is_right(PASSWORD_HASH, PASSWORD)
    assert refusal.value.retry_after_seconds == 1
    hasher.gate.set()
    assert await asyncio.gather(*two) == [True, True]
    assert await checked.is_right(PASSWORD_HASH, PASSWORD)
    assert threading.get_ident() not in hasher.threads


async def test_a_hash_that_nobody_waits_for_any_longer_still_counts() -> None:
    hasher = Waiting()
    checked = Passwords(hasher, at_once=1)
    task = asyncio.create_task(checked.is_right(PASSWORD_HASH, PASSWORD))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RateLimited):
        await checked.is_right(PASSWORD_HASH, PASSWORD)
    hasher.gate.set()
    await asyncio.gather(*checked._running)
    assert await checked.is_right(PASSWORD_HASH, PASSWORD)


async def test_hashing_that_breaks_off_is_not_a_wrong_password() -> None:
    class Exhausted(CountingHasher):
        def verify(self, *_: Any, **__: Any) -> Literal[True]:
            raise VerificationError("Memory allocation error")

    checked = Passwords(Exhausted(), at_once=1)
    for _ in range(2):  # and its place is free again
        with pytest.raises(VerificationError):
            await checked.is_right(PASSWORD_HASH, PASSWORD)


def test_the_server_hashes_as_strongly_as_owasp_asks() -> None:
    real = passwords.hasher
    assert (real.memory_cost >= 47_104, real.time_cost >= 2, real.parallelism) == (True, True, 1)
