"""One run: what every server is asked, the check that all answer alike, and rounds of load, the servers in turn."""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from bench import measure
from bench.answers import alike, difference
from bench.data import TENANTS, Data
from bench.peers import document_of, variables_for
from bench.queries import OPERATIONS, PAGE, WIDE_PAGES, Keys, Operation
from bench.servers import Running, Server
from db.core.settings import CHECKOUT

RESULTS: Final = CHECKOUT / "bench" / "results"
REQUESTS_PER_TENANT: Final = 20
COMPARED_TENANTS: Final = (0, 7, 19)
WARM_UP: Final = (0.5, 16)  # seconds and connections
LONGER: Final = 3  # times as long loads take what a second answers too rarely for its CPU to be measured
FEW: Final = 100  # answers a second


@dataclass(frozen=True)
class Measured:
    """One server under one load in one round. Processor time is per request, over all its processes."""

    round: int
    server: str
    operation: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    postgres_ms: float


class Bench:
    """The servers that run, over one set of data."""

    def __init__(self, data: Data, running: Sequence[Running], say: Callable[[str], None]) -> None:
        self.data, self.running, self.say = data, list(running), say
        self.keys: list[Keys] = []
        self.tokens: list[str] = []
        self._speeds: dict[tuple[str, str], float] = {}

    @property
    def ours(self) -> Running:
        """This server."""
        return next(running for running in self.running if running.server.needs_token)

    def prepare(self) -> None:
        """Sign in, and find what the requests ask for."""
        self.sign_in()
        ids = asyncio.run(keys_of(self.data.superuser_url))
        self.keys = [Keys(deals, contacts, self._cursors(number)) for number, (deals, contacts) in enumerate(ids)]

    def sign_in(self) -> None:
        """Fresh access tokens: they last a quarter of an hour."""
        self.tokens = self.data.tokens()

    def _cursors(self, tenant: int) -> tuple[str, ...]:
        """Where the tenant's second and further pages of calls begin."""
        cursors: list[str] = []
        query = f"query($after: String) {{ calls(first: {PAGE}, after: $after) {{ pageInfo {{ endCursor }} }} }}"
        for _ in range(WIDE_PAGES - 1):
            variables = {"after": cursors[-1] if cursors else None}
            body = {"query": query, "variables": variables}
            answer = json.loads(post(self.ours.port, self.headers(self.ours.server, tenant), body))
            cursors.append(answer["data"]["calls"]["pageInfo"]["endCursor"])
        return tuple(cursors)

    def headers(self, server: Server, tenant: int) -> dict[str, str]:
        """What a server is told of the tenant."""
        if server.needs_token:
            return {"Authorization": f"Bearer {self.tokens[tenant]}"}
        return {"X-Tenant-Id": str(TENANTS[tenant])}

    def bodies(self, server: Server, operation: Operation, tenant: int) -> list[dict[str, Any]]:
        """The tenant's requests for an operation, as this server takes them."""
        document = document_of(server, operation)
        return [
            {"query": document, "operationName": operation.name, "variables": variables}
            for variables in variables_for(server, operation, TENANTS[tenant], self.keys[tenant])
        ]

    def write_requests(self, server: Server, operation: Operation) -> Path:
        """The file from which the load takes its requests: tenants in turn."""
        per_tenant = [self.bodies(server, operation, tenant) for tenant in range(len(TENANTS))]
        lines = [
            json.dumps([self.headers(server, tenant), json.dumps(bodies[number])])
            for number in range(len(per_tenant[0]))
            for tenant, bodies in enumerate(per_tenant)
        ]
        file = RESULTS / f"requests-{server.name}-{operation.name}.jsonl"
        file.write_text("\n".join(lines))
        return file

    def check(self) -> None:
        """Leave out, by name, every peer that does not answer all operations as this server does."""
        for running in [each for each in self.running if each is not self.ours]:
            problem = next((found for operation in OPERATIONS if (found := self._other(running, operation))), None)
            if problem and running.server.name == "limit":
                raise RuntimeError(f"the limit answers otherwise: {problem}")
            if problem:
                self.say(f"{running.server.title} is left out, since it answers otherwise: {problem}")
                self.running.remove(running)

    def _other(self, running: Running, operation: Operation) -> str:
        """Where a server answers otherwise than this one; empty when it does not."""
        for tenant in COMPARED_TENANTS:
            expected, got = (self._answer(each, operation, tenant) for each in (self.ours, running))
            found = difference(expected, got)
            if found:
                return f"{operation.name}{found}"
        return ""

    def _answer(self, running: Running, operation: Operation, tenant: int) -> Any:
        body = self.bodies(running.server, operation, tenant)[-1]
        answer = json.loads(post(running.port, self.headers(running.server, tenant), body))
        if answer.get("errors") or answer.get("data") is None:
            return {"errors": str(answer)[:300]}
        return alike(answer["data"])

    def warm_up(self) -> None:
        """Let every server prepare its statements and compile what it compiles."""
        for operation in OPERATIONS:
            for running in self.running:
                file = self.write_requests(running.server, operation)
                answer = load(running.port, file, WARM_UP[1], WARM_UP[0])
                self._speeds[running.server.name, operation.name] = answer["per_second"]

    def round(self, number: int, seconds: float, connections: Sequence[int]) -> list[Measured]:
        """Every operation at every number of connections on every server; each round another one begins."""
        self.sign_in()
        turn = number % len(self.running)
        order = (*self.running[turn:], *self.running[:turn])
        return [
            self._load(number, running, operation, count, seconds)
            for operation in OPERATIONS
            for count in connections
            for running in order
        ]

    def _load(self, number: int, running: Running, operation: Operation, connections: int, seconds: float) -> Measured:
        file = self.write_requests(running.server, operation)
        if self._speeds[running.server.name, operation.name] < FEW:
            seconds *= LONGER
        server, postgres = running.process.pid, self.data.postmaster
        before = measure.cpu_seconds(server), measure.cpu_seconds(postgres)
        answer = load(running.port, file, connections, seconds)
        after = measure.cpu_seconds(server), measure.cpu_seconds(postgres)
        if answer["failures"]:
            raise RuntimeError(f"{running.server.name} failed at {operation.name}: {answer['failure']}")
        cpu, postgres_cpu = (
            (end - begin) * 1000 / answer["requests"] for begin, end in zip(before, after, strict=True)
        )
        speed, p50, p99 = (answer[name] for name in ("per_second", "p50_ms", "p99_ms"))
        return Measured(number, running.server.name, operation.name, connections, speed, p50, p99, cpu, postgres_cpu)


def load(port: int, file: Path, connections: int, seconds: float) -> dict[str, Any]:
    """Load a server from a process of its own."""
    command = [sys.executable, "-m", "bench.load", str(port), str(file), str(connections), str(seconds)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def post(port: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> bytes:
    """The body of one answer, whatever its status."""
    given = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", json.dumps(body).encode(), given)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: bytes = response.read()
    except urllib.error.HTTPError as error:
        answer = error.read()
    return answer


async def keys_of(url: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Ids of some deals and contacts of each tenant."""
    connection = await asyncpg.connect(url)
    try:
        return [
            (await _some(connection, "deals", tenant), await _some(connection, "contacts", tenant))
            for tenant in TENANTS
        ]
    finally:
        await connection.close()


async def _some(connection: Any, table: str, tenant: UUID) -> tuple[str, ...]:
    statement = f"SELECT id::text FROM {table} WHERE tenant_id = $1 ORDER BY md5(id::text) LIMIT $2"
    return tuple(row[0] for row in await connection.fetch(statement, tenant, REQUESTS_PER_TENANT))
