"""A cache that forgets what was used least recently, by number and by weight: what anybody may fill has to end."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Values by key, at most so many, and weighing at most so many bytes. Weights are the giver's estimates."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.bytes = 0
        self._found: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: K) -> V | None:
        """The value, used just now; None when there is none."""
        found = self._found.get(key)
        if found is None:
            return None
        self._found.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep a value; what was used least recently goes, where there are too many or they weigh too much."""
        before = self._found.pop(key, None)
        self.bytes += weight - (before[1] if before else 0)
        self._found[key] = value, weight
        while len(self._found) > self.max_entries or (self.bytes > self.max_bytes and len(self._found) > 1):
            _, (_, gone) = self._found.popitem(last=False)
            self.bytes -= gone
