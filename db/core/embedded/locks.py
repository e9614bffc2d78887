"""File locks that the kernel lets go when their holder dies, however it dies."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def hold_shared(find: Callable[[], Path]) -> int:
    """Hold a lock file shared, until the returned descriptor is closed; waits for an exclusive holder.

    The file may be taken away while we wait for it; then `find`, which makes its folder, is asked again.
    """
    while True:
        path = find()
        try:
            descriptor = _open(path)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def became_exclusive(descriptor: int) -> bool:
    """Whether the shared lock could be made exclusive: nobody else holds it. Otherwise it is lost."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file for the time of a block."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive_if_free(path: Path) -> Iterator[bool]:
    """Hold a lock file for the time of a block, unless another process has it; whether it is held."""
    descriptor = _open(path)
    try:
        yield became_exclusive(descriptor)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether another process has the lock."""
    with exclusive_if_free(path) as is_free:
        return not is_free


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
