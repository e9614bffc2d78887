"""What documents cost that were not seen before: parsing, validating and planning block the process meanwhile.

Who sends always new texts, values and all, pays for it out of a budget of its own; documents with variables cost once.
"""

import time
from collections.abc import Hashable
from typing import Final

from resolvers.core.bounded import Bounded
from resolvers.core.context import Context
from resolvers.core.errors import Refusal

BURST_SECONDS: Final = 10.0  # of work that may be caused at once: a thousand documents and more
SECONDS_PER_SECOND: Final = 0.1  # that come back: a tenth of the process, at most
MAX_PAYERS: Final = 10_000
PAYER_BYTES: Final = 400


class TooManyNewDocuments(Refusal):
    """The budget is used up."""

    code = "RATE_LIMITED"


class Budget:
    """The seconds that are left to each payer."""

    def __init__(self, burst: float = BURST_SECONDS, refill: float = SECONDS_PER_SECOND) -> None:
        self._burst = burst
        self._refill = refill
        self._left: Bounded[Hashable, tuple[float, float]] = Bounded(MAX_PAYERS, MAX_PAYERS * PAYER_BYTES)

    def left(self, payer: Hashable) -> float:
        """The payer's seconds as of now."""
        found = self._left.get(payer)
        if found is None:
            return self._burst
        seconds, then = found
        return min(self._burst, seconds + (time.monotonic() - then) * self._refill)

    def check(self, payer: Hashable) -> None:
        """Raise TooManyNewDocuments when nothing is left."""
        if self.left(payer) <= 0:
            raise TooManyNewDocuments(
                "Too many documents that this server has not seen before: put values into variables, or wait."
            )

    def charge(self, payer: Hashable, seconds: float) -> None:
        """Take what a document cost; the last one may cost more than was left."""
        self._left.put(payer, (self.left(payer) - seconds, time.monotonic()), PAYER_BYTES)


def payer_of(context: Context) -> Hashable:
    """Who pays: the tenant, or the address of who is nobody yet."""
    return context.viewer.tenant_id if context.has_viewer else context.request.ip_address
