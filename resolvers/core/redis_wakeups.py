"""Wake-ups over Redis: publish and subscribe, for deployments that have one and spare their database the NOTIFY."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis, from_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from resolvers.core.wakeups import CHANNEL, HEARTBEAT_SECONDS, TIMEOUT_SECONDS, Heard, HintLost, tell

REDIS_CHANNEL: Final = f"customer-graph:{CHANNEL}"


class RedisChannel:
    """PUBLISH and SUBSCRIBE. Import this module only where REDIS_URL is set: the client takes megabytes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sender: Redis | None = None

    def _client(self) -> Redis:
        # Whoever calls tries again by itself, and a hint that is late is worth nothing.
        client: Redis = from_url(
            self._url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
        )
        return client

    async def send(self, tenants: Sequence[UUID]) -> None:
        """Publish one message that names the tenants. Raises HintLost."""
        if self._sender is None:
            self._sender = self._client()
        with _lost():
            await self._sender.publish(REDIS_CHANNEL, " ".join(str(tenant) for tenant in tenants))

    async def listen(self, heard: Heard) -> None:
        """Listen on one connection until it is lost. Raises HintLost."""
        client = self._client()
        try:
            with _lost():
                async with client.pubsub() as listening:
                    await listening.subscribe(REDIS_CHANNEL)
                    is_asked = False
                    while True:
                        message: dict[str, Any] | None = await listening.get_message(timeout=HEARTBEAT_SECONDS)
                        if message is None and is_asked:
                            raise HintLost("Redis does not answer")
                        is_asked = message is None
                        if message is None:
                            await listening.ping()
                        elif message["type"] == "message":
                            tell(heard, str(message["data"]))
        finally:
            await _close(client)

    async def close(self) -> None:
        """Close the sending connection."""
        if self._sender is not None:
            sender, self._sender = self._sender, None
            await _close(sender)


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    """Raise HintLost for whatever may happen to a connection."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise HintLost(repr(error)) from error


async def _close(client: Redis) -> None:
    with contextlib.suppress(RedisError, OSError):
        await client.aclose()
