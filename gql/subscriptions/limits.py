"""What one connection may do, whatever its transport, and how long it may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """The limits of WebSockets and event streams; those of connections count within one process.

    A client is pinged each `ping_seconds`, an event stream kept alive by a comment; who leaves `unanswered_pings` in
    a row without any message is taken for dead, and so is an event stream that takes nothing for as long. Credentials
    are reviewed each `review_seconds`, and nothing is delivered on a finding that is older than `trust_seconds`.
    """

    frame_characters: int = 262_144
    operations: int = 100
    connections_per_credential: int = 20_000
    connections_per_tenant: int = 50_000
    init_seconds: float = 10.0
    ping_seconds: float = 20.0
    unanswered_pings: int = 2
    notice_seconds: float = 60.0
    review_seconds: float = 2.0
    trust_seconds: float = 5.0
    drain_seconds: float = 4.0

    @property
    def silence_seconds(self) -> float:
        """How long a client may take nothing."""
        return self.ping_seconds * (self.unanswered_pings + 1)
