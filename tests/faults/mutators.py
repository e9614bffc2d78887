"""Mutations over HTTP while servers die: each has an idempotency key, and is sent until some server acknowledges it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx2

from tests.faults.world import Place, World
from tests.support.chance import seeded

CREATE: Final = """
mutation ($input: CallbackCreateInput!) {
  done: callbackCreate(input: $input) { position callbackRequest { id } errors { code message } }
}
"""
RETRIED: Final = frozenset({"SERVICE_UNAVAILABLE", "TIMEOUT", "CONFLICT"})
AGAIN: Final = 0.25  # of what is acknowledged is sent once more, to another server


@dataclass(frozen=True)
class Acknowledged:
    """A mutation that a server said it had done."""

    tenant: int
    key: str
    position: int
    object_id: str


class Mutators:
    """Everybody who sends mutations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = seeded(world.plan.seed + 7)
        self._client = httpx2.AsyncClient(timeout=10.0)
        self.acknowledged: list[Acknowledged] = []
        self.wrong: list[str] = []
        self.attempts = 0
        self.is_over = False

    async def run(self) -> None:
        """Send until told to end; what was begun is sent until it is acknowledged."""
        plan = self._world.plan
        pause = 0.05 if plan.is_short else 0.5
        await asyncio.gather(*(self._send_on(pause) for _ in range(plan.mutators)))
        await self._client.aclose()

    async def _send_on(self, pause: float) -> None:
        while not self.is_over:
            await self._send_once()
            await asyncio.sleep(self._chance.uniform(0, 2 * pause))

    async def _send_once(self) -> None:
        tenant = self._chance.randrange(len(self._world.tenants))
        place, key = self._world.tenants[tenant], uuid4().hex
        first = await self._until_done(place, key)
        self.acknowledged.append(Acknowledged(tenant, key, int(first["position"]), first["callbackRequest"]["id"]))
        if self._chance.random() < AGAIN:
            again = await self._until_done(place, key)
            if again != first:
                self.wrong.append(f"the same key did {first}, and then {again}")

    async def _until_done(self, place: Place, key: str) -> dict[str, Any]:
        """The payload of the mutation, without errors."""
        variables = {
            "input": {
                "contactId": place.contact,
                "requestType": "GENERAL_INQUIRY",
                "description": "Please call.",
                "idempotencyKey": key,
            }
        }
        while True:
            self.attempts += 1
            payload = await self._post(place, {"query": CREATE, "variables": variables})
            if payload is not None:
                return payload
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _post(self, place: Place, body: dict[str, Any]) -> dict[str, Any] | None:
        """One attempt; None when it is to be made again."""
        ports = json.loads(self._world.ports.read_text())
        if not ports:
            return None
        address = f"http://127.0.0.1:{self._chance.choice(ports)}/graphql"
        try:
            response = await self._client.post(address, json=body, headers={"Authorization": f"Bearer {place.key}"})
            answer = response.json()
        except (httpx2.HTTPError, ValueError):
            return None  # nobody knows whether it was done
        errors = [error["extensions"] for error in answer.get("errors", [])]
        payload: dict[str, Any] | None = (answer.get("data") or {}).get("done")
        if payload is not None and not errors:
            errors = payload.pop("errors")
        if not errors and payload is not None:
            return payload
        if not {error["code"] for error in errors} <= RETRIED:
            self.wrong.append(f"status {response.status_code}: {answer}")
        return None
