"""`bench subscribers`: thousands of subscribers on one worker, executed once for all of them and once for each.

Each round starts a server, opens its subscribers from two processes, and publishes events by transactions of this
process, as another worker would. Latency is from the commit to when a subscriber has the message in its hands.
"""

import argparse
import asyncio
import itertools
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from bench import measure, report
from bench.harness import RESULTS
from bench.servers import OURS, Running, started
from db.calls import Call
from db.core.base import TenantRow
from db.core.embedded import embedded
from db.core.keys import Keyring
from db.core.session import Database
from db.core.settings import CHECKOUT
from db.enums.calls import CallStatus
from db.enums.events import ActorKind, EventType
from gql.commands import Place, key_text, load_demo, say, show
from resolvers.access import credentials
from resolvers.core.clock import clock_from
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.wakeups import Wakeups
from resolvers.core.writes import Values, Write, perform
from resolvers.demo import SMALL
from resolvers.rules.access import PERMISSIONS

CROWDS: Final = 2  # client processes
WARM: Final = 200  # subscribers before the first figure, so that what a process needs once is there
OWN_MOST: Final = 1_000  # subscribers who are executed for one by one: more only take longer
SETTLE_SECONDS: Final = 1.0
DOCUMENT: Final = """
subscription Follow($filter: CallStatusChangedFilter, $after: Position) {
  callStatusChanged(filter: $filter, after: $after) {
    __typename
    ... on CallChange {
      position oldStatus newStatus
      object { id status direction contact { fullName } voiceAgent { displayName } }
    }
    ... on CallRemoval { position }
    ... on Gap { from to }
    ... on Reconnect { afterMs position }
  }
}
"""
BEGIN: Final = "<!-- subscribers: written by `python3 run.py bench subscribers` -->"
END: Final = "<!-- end of subscribers -->"


@dataclass(frozen=True)
class Measured:
    """One number of subscribers in one round. `own` figures are of one execution for each subscriber.

    Latencies are of single events; deliveries a second and CPU of a burst. Idle memory is per subscriber.
    """

    round: int
    subscribers: int
    idle_kib: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    per_second: float
    cpu_us: float
    own_p50_ms: float
    own_per_second: float
    own_cpu_us: float


class Publisher:
    """Commits events of one tenant, from outside the server that is measured."""

    def __init__(self, services: Services, viewer: Viewer, calls: Sequence[UUID]) -> None:
        self._services, self._viewer = services, viewer
        self._calls = itertools.cycle(calls)
        self._statuses = itertools.cycle([CallStatus.RINGING, CallStatus.ANSWERED])

    async def publish(self, count: int = 1) -> tuple[int, float]:
        """Commit so many events in one transaction; the position of the last, and when they were committed."""

        async def act(write: Write, _: Values) -> Mapping[str, TenantRow]:
            for _number in range(count):
                call = await write.lock(Call, next(self._calls))
                before, after = call.status, next(self._statuses)
                write.change(call, {"status": after})
                told = {"old_status": before, "new_status": after, "direction": call.direction}
                write.record(EventType.CALL_STATUS_CHANGED, call, told)
            return {}

        outcome = await perform(Context(self._services, self._viewer), "bench", act, {})
        now = time.monotonic()  # before the wake-up, which waits for this task to pause
        assert outcome.position is not None, outcome.errors
        return outcome.position, now


class Crowd:
    """A process of subscribers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, **order: Any) -> None:
        """Give an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The answer to an order. Raises RuntimeError when the subscribers met what must not be."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the subscribers' process has ended")
        found: dict[str, Any] = json.loads(line)
        if "failure" in found:
            raise RuntimeError(f"a subscriber: {found['failure']}")
        return found


class Crowds:
    """All processes of subscribers of one server."""

    def __init__(self, crowds: Sequence[Crowd]) -> None:
        self._crowds = crowds
        self._orders: Iterator[list[str]] = orders()

    def open(self, count: int, *, is_own: bool = False) -> None:
        """So many subscribers; `is_own` gives each a group of its own: a filter that no other has, and lets all in."""
        for number, crowd in enumerate(self._crowds):
            share = count // len(self._crowds) + (number < count % len(self._crowds))
            statuses = [next(self._orders) for _ in range(share)] if is_own else None
            crowd.tell(open=share, document=DOCUMENT, statuses=statuses)
        for crowd in self._crowds:
            crowd.answer()

    async def received(self, each: int) -> dict[int, list[float]]:
        """When each position reached the subscribers, once all of them have had so many."""
        for crowd in self._crowds:
            crowd.tell(**{"await": each})
        times: dict[int, list[float]] = {}
        for answer in [await asyncio.to_thread(crowd.answer) for crowd in self._crowds]:
            for position, found in answer["times"].items():
                times.setdefault(int(position), []).extend(found)
        return times

    def close(self) -> None:
        """Close every socket."""
        for crowd in self._crowds:
            crowd.tell(close=True)
        for crowd in self._crowds:
            crowd.answer()


def orders() -> Iterator[list[str]]:
    """All statuses, each time in another order: 40,320 of them."""
    return ([status.value for status in order] for order in itertools.permutations(CallStatus))


@contextmanager
def crowds(port: int, key: str) -> Iterator[Crowds]:
    """Processes of subscribers, each with an address of its own, so that ports suffice."""
    with ExitStack() as stack:
        started_ = []
        for number in range(CROWDS):
            command = [sys.executable, "-m", "bench.followers", str(port), key, f"127.0.0.{number + 2}"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
            stack.enter_context(process)
            stack.callback(process.kill)
            started_.append(Crowd(process))
        yield Crowds(started_)


async def measured(round_: int, count: int, ours: Running, key: str, publisher: Publisher, plan: "Plan") -> Measured:
    """One number of subscribers on a fresh server."""
    pid = ours.process.pid
    with crowds(ours.port, key) as crowd:
        crowd.open(WARM)
        await publisher.publish()
        await crowd.received(1)
        crowd.close()
        await asyncio.sleep(SETTLE_SECONDS)
        before = measure.proportional_kib(pid)
        crowd.open(count)
        await asyncio.sleep(SETTLE_SECONDS)
        idle = (measure.proportional_kib(pid) - before) / count
        await one_by_one(crowd, publisher, 2)  # what the first ones compile and prepare
        waits = await one_by_one(crowd, publisher, plan.single)
        per_second, cpu = await burst(crowd, publisher, pid, max(plan.deliveries // count, 2))
        crowd.close()
        crowd.open(min(count, OWN_MOST), is_own=True)
        await one_by_one(crowd, publisher, 1)
        own_waits = await one_by_one(crowd, publisher, plan.own_single)
        own_per_second, own_cpu = await burst(
            crowd, publisher, pid, max(plan.own_deliveries // min(count, OWN_MOST), 1)
        )
        crowd.close()
    return Measured(
        round_,
        count,
        idle,
        quantile(waits, 0.5),
        quantile(waits, 0.99),
        max(waits) * 1000,
        per_second,
        cpu,
        quantile(own_waits, 0.5),
        own_per_second,
        own_cpu,
    )


async def one_by_one(crowd: Crowds, publisher: Publisher, times: int) -> list[float]:
    """Publish events, each when all have the one before; how long each took to reach each subscriber."""
    waits: list[float] = []
    for _ in range(times):
        position, committed = await publisher.publish()
        waits += [now - committed for now in (await crowd.received(1))[position]]
    return waits


async def burst(crowd: Crowds, publisher: Publisher, pid: int, events: int) -> tuple[float, float]:
    """Publish events at once; deliveries a second, and the server's microseconds of CPU for each."""
    cpu = measure.cpu_seconds(pid)
    _, committed = await publisher.publish(events)
    times = await crowd.received(events)
    deliveries = sum(len(found) for found in times.values())
    took = max(max(found) for found in times.values()) - committed
    return deliveries / took, (measure.cpu_seconds(pid) - cpu) / deliveries * 1_000_000


def quantile(waits: Sequence[float], part: float) -> float:
    """A quantile in milliseconds."""
    ordered = sorted(waits)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000


# ------------------------------------------------------------------------------------------------ the command


@dataclass(frozen=True)
class Plan:
    """How much is published: single events, and deliveries in a burst; `own` where each subscriber is executed for."""

    single: int
    deliveries: int
    own_single: int
    own_deliveries: int


def run(arguments: Sequence[str]) -> int:
    """Measure, and write the section of bench/README.md; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 run.py bench subscribers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--subscribers", default="1000,10000", help="numbers of subscribers (1000,10000)")
    parser.add_argument("--events", type=int, default=30, help="single events whose latency is measured (30)")
    parser.add_argument("--deliveries", type=int, default=200_000, help="deliveries in a burst (200000)")
    parser.add_argument("--own-deliveries", type=int, default=10_000, help="the same, executed for each (10000)")
    options = parser.parse_args(arguments)
    plan = Plan(options.events, options.deliveries, 2, options.own_deliveries)
    counts = [int(count) for count in options.subscribers.split(",")]
    raise_limit(max(counts))
    RESULTS.mkdir(exist_ok=True)
    rows: list[Measured] = []
    with embedded("bench-subscribers", is_ephemeral=True) as database:
        place = Place(database.app_url, database.owner_url, database.home, is_embedded=True)
        place.prepare()
        load_demo(place, "small")
        environment = {"DATABASE_URL": place.app_url, "MASTER_KEY": key_text(place.master_key())}
        environment["CONNECTIONS_PER_CREDENTIAL"] = str(max(counts) + 100)
        for round_, count in itertools.product(range(options.rounds), counts):
            began = time.monotonic()
            with started(OURS, environment, RESULTS / "subscribers.log") as ours:
                rows.append(asyncio.run(one(round_, count, ours, place, plan)))
            say(f"Round {round_ + 1}, {count:,} subscribers: {time.monotonic() - began:.0f} s. {rows[-1]}")
    (RESULTS / "subscribers.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
    content = "\n".join(lines(rows))
    report.write_section(BEGIN, END, content)
    show(content)
    return 0


def raise_limit(subscribers: int) -> None:
    """As many open files as a server of so many sockets needs. Raises RuntimeError when they are not to be had."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < subscribers + 500:
        raise RuntimeError(f"{subscribers} sockets need more open files than the {most} that are allowed (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server inherits it


async def one(round_: int, count: int, ours: Running, place: Place, plan: Plan) -> Measured:
    """One number of subscribers in one round."""
    async with publishing(place) as (publisher, key):
        return await measured(round_, count, ours, key, publisher, plan)


@asynccontextmanager
async def publishing(place: Place) -> AsyncIterator[tuple[Publisher, str]]:
    """A publisher of the first demo tenant, and an API key of that tenant."""
    services = Services(
        Database(place.app_url, pool_size=4),
        Keyring(place.master_key()),
        clock_from(None),
        Wakeups(place.app_url),
    )
    tenant_id = SMALL[0].id
    try:
        key = await api_key(str(place.owner_url), tenant_id)
        connection = await asyncpg.connect(place.owner_url)
        calls = await connection.fetch("SELECT id FROM calls WHERE tenant_id = $1 ORDER BY id LIMIT 500", tenant_id)
        await connection.close()
        viewer = Viewer(ActorKind.SYSTEM, uuid4(), uuid4(), uuid4(), tenant_id, None, frozenset(PERMISSIONS))
        yield Publisher(services, viewer, [row["id"] for row in calls]), key
    finally:
        await services.wakeups.close()
        await services.database.close()


async def api_key(owner_url: str, tenant_id: UUID) -> str:
    """A new API key that may read everything."""
    issued = credentials.new_api_key(tenant_id)
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(
            "INSERT INTO api_keys (tenant_id, id, name, prefix, secret_hash, scopes, allowed_addresses,"
            " requests_per_minute, requests_per_hour, requests_per_day, is_active, usage_count,"
            " created_at, updated_at, version)"
            " VALUES ($1, $2, 'bench', $3, $4, $5, '{}', 1000000, 1000000, 1000000, true, 0, $6, $6, 1)",
            tenant_id,
            issued.key_id,
            issued.prefix,
            credentials.digest(issued.secret),
            sorted(PERMISSIONS),
            clock_from(None).now(),
        )
    finally:
        await connection.close()
    return issued.text


# ------------------------------------------------------------------------------------------------- the report


def lines(rows: Sequence[Measured]) -> list[str]:
    """The table, in Markdown: medians over the rounds, ratios within each."""
    counts = sorted({row.subscribers for row in rows})
    made = [
        f"Medians of {len({row.round for row in rows})} rounds on {report.machine()}; ratios are within each round.",
        "",
        f"| | {' | '.join(f'{count:,} subscribers' for count in counts)} |",
        "|---|" + "---|" * len(counts),
    ]
    for title, form, figure in FIGURES:
        medians = [statistics.median(figure(row) for row in rows if row.subscribers == count) for count in counts]
        made.append(f"| {title} | {' | '.join(f'{median:{form}}' for median in medians)} |")
    return made


FIGURES: Final[tuple[tuple[str, str, Callable[[Measured], float]], ...]] = (
    ("one event to all, p50 ms", ".1f", lambda row: row.p50_ms),
    ("one event to all, p99 ms", ".1f", lambda row: row.p99_ms),
    ("one event to all, worst ms", ".1f", lambda row: row.worst_ms),
    ("deliveries/s", ",.0f", lambda row: row.per_second),
    ("server CPU, µs per delivery", ".1f", lambda row: row.cpu_us),
    ("executed for each: p50 ms", ",.0f", lambda row: row.own_p50_ms),
    ("executed for each: deliveries/s", ",.0f", lambda row: row.own_per_second),
    ("executed for each: server CPU, µs per delivery", ",.0f", lambda row: row.own_cpu_us),
    ("deliveries/s, times those executed for each", ".1f", lambda row: row.per_second / row.own_per_second),
    ("idle memory, KiB per subscriber", ".1f", lambda row: row.idle_kib),
)
