"""What clients do about webhooks in these tests."""

from typing import Any

from tests.support.client import Client

ENDPOINT = """
id url isActive goneAt circuit consecutiveFailureCount nextAttemptAt deliveredPosition lastError
lastSuccessAt lastFailureAt version eventTypes previousSecretExpiresAt rotatedAt
"""
DELIVERIES = """
query {
  webhookDeliveries(orderBy: { field: CREATED_AT, direction: ASC }, first: 100) {
    nodes {
      kind status isRedelivery eventId eventType position fromPosition attemptCount responseStatus durationMs error
      firstAttemptedAt lastAttemptedAt nextAttemptAt deliveredAt endpoint { id }
    }
  }
}
"""


async def change(client: Client, mutation: str, shown: str = "", **given: Any) -> Any:
    """Run one of the mutations; returns its payload, which has no errors."""
    name = mutation[0].upper() + mutation[1:]
    shown = f"position errors {{ code path message }} {shown}"
    text = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {shown} }} }}"
    payload = (await client.run(text, {"input": given})).ok()[mutation]
    assert payload["errors"] == [], payload["errors"]
    return payload


async def follow(client: Client, url: str, *types: str, **given: Any) -> tuple[str, str]:
    """Set up an endpoint that is told of contacts, or of other types; returns its id and secret."""
    asked = {"url": url, "eventTypes": list(types or ("CONTACT_CREATED", "CONTACT_UPDATED")), **given}
    made = await change(client, "webhookEndpointCreate", "secret webhookEndpoint { id }", **asked)
    return made["webhookEndpoint"]["id"], made["secret"]


async def happen(client: Client, times: int = 1) -> list[int]:
    """Let something happen to contacts; returns the positions of the events."""
    made = [await change(client, "contactCreate", firstName=f"Person {number}") for number in range(times)]
    return [int(each["position"]) for each in made]


async def endpoint(client: Client, endpoint_id: str) -> Any:
    """An endpoint as clients see it."""
    text = f"query ($id: ID!) {{ webhookEndpoint(id: $id) {{ {ENDPOINT} }} }}"
    return (await client.run(text, {"id": endpoint_id})).ok()["webhookEndpoint"]


async def deliveries(client: Client) -> list[Any]:
    """What was delivered, or is to be, the oldest first."""
    found: list[Any] = (await client.run(DELIVERIES)).ok()["webhookDeliveries"]["nodes"]
    return sorted(found, key=lambda each: int(each["position"] or 0))
