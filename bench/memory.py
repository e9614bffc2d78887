"""What ever new documents do to this server's memory: its caches have bounds, and this shows that they hold."""

import http.client
import json
from collections.abc import Callable
from typing import Final

from bench import measure
from bench.servers import Running

DOCUMENTS: Final = 100_000
FIRST: Final = 10_000
FIELDS: Final = ("title", "status", "value", "currency", "probability", "priority", "createdAt", "updatedAt")


def document(number: int) -> str:
    """A document that no other number gives: other fields, an alias of its own."""
    fields = " ".join(field for place, field in enumerate(FIELDS) if number >> place & 1)
    return f"query D{number} {{ deals(first: {number % 5}) {{ nodes {{ id a{number}: title {fields} }} }} }}"


def growth(
    ours: Running, headers: Callable[[], list[dict[str, str]]], say: Callable[[str], None]
) -> tuple[float, float]:
    """Resident memory in MiB after the first 10,000 different documents, and after 100,000.

    `headers` are those of each tenant, fresh: they send in turn, since each may cause so much work and no more.
    """
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=60)
    early = 0.0
    for number in range(DOCUMENTS):
        if number % 5_000 == 0:
            tenants = [{"Content-Type": "application/json", **given} for given in headers()]
        body = json.dumps({"query": document(number)})
        connection.request("POST", "/graphql", body, tenants[number % len(tenants)])
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK or b'"errors"' in content:
            raise RuntimeError(f"document {number}: {content[:300]!r}")
        if number + 1 == FIRST:
            early = measure.resident_mib(ours.process.pid)
        if (number + 1) % FIRST == 0:
            say(f"  {number + 1:,} documents: {measure.resident_mib(ours.process.pid):.0f} MiB")
    connection.close()
    return early, measure.resident_mib(ours.process.pid)
