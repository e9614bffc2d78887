"""Subscriptions lose nothing, whatever breaks: `prove faults` runs it with 100,000 events and 1,000 clients."""

import asyncio
import base64
import contextlib
import os
import random
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from tests.faults import verdict
from tests.faults.chaos import Chaos
from tests.faults.crowds import Crowd, Writers
from tests.faults.making import make_world
from tests.faults.mutators import Mutators
from tests.faults.postgres import Postgres, postgres
from tests.faults.servers import Servers
from tests.faults.world import Plan, World
from tests.support.store import Store
from tests.support.waiting import eventually, eventually_true

END_SECONDS: Final = 300.0


@dataclass
class Run:
    """A run under way: its processes, and in the end what was wrong."""

    world: World
    database: Postgres
    servers: Servers
    crowds: list[Crowd]
    writers: Writers
    mutators: Mutators
    chaos: Chaos
    wrong: list[str] = field(default_factory=list)
    logs: list[list[verdict.Logged]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    async def write(self) -> None:
        """Let writers and mutators write and everything break, until there are events enough."""
        began = time.monotonic()
        mutating = asyncio.create_task(self.mutators.run())
        plan = self.world.plan
        events = 0

        def is_over() -> bool:
            return time.monotonic() - began >= plan.seconds and events >= plan.events

        breaking = asyncio.create_task(self.chaos.go_on(is_over))
        while not (breaking.done() and is_over()):
            await asyncio.sleep(0.25)
            events = await self.database.count_events()
        await breaking
        self.mutators.is_over = True
        await self.writers.stop()
        await mutating

    async def judge(self) -> None:
        """Let the clients come to the end, and compare what they were told with the log."""
        connection = await asyncpg.connect(self.database.addresses.superuser)
        try:
            self.logs = [await verdict.read_log(connection, place) for place in self.world.tenants]
            for place, log in zip(self.world.tenants, self.logs, strict=True):
                self.wrong += await verdict.contradictions(connection, place, log)
        finally:
            await connection.close()
        clients = self.world.clients
        lasts = {one.number: verdict.expected(one, self.logs[one.tenant]).last for one in clients}
        for crowd in await asyncio.gather(*(crowd.finish(lasts) for crowd in self.crowds)):
            self.told += crowd
        for told in self.told:
            client = clients[told["number"]]
            calls = [f"call_{UUID(call)}" for call in self.world.tenants[client.tenant].calls]
            self.wrong += verdict.differences(client, told, self.logs[client.tenant], calls)
        self._judge_writing()

    def _judge_writing(self) -> None:
        acknowledged = self.writers.acknowledged()
        for number, log in enumerate(self.logs):
            self.wrong += verdict.half_written(log)
            of_tenant = [(key, at, count) for tenant, key, at, count in acknowledged if tenant == number]
            self.wrong += verdict.unkept(log, of_tenant)
        told = {
            (number, event.object_id): event.position
            for number, log in enumerate(self.logs)
            for event in log
            if event.type == "CALLBACK_CREATED"
        }
        answered = {(one.tenant, one.object_id): one.position for one in self.mutators.acknowledged}
        if told != answered:
            self.wrong.append(f"{len(answered)} callbacks were acknowledged, the log tells of {len(told)}")
        self.wrong += [*self.mutators.wrong, *self.chaos.wrong, *self.writers.wrong]

    async def end(self) -> None:
        """Stop the servers; nothing of them may be left, in the system or in PostgreSQL."""
        await eventually_true(self._is_idle, END_SECONDS)
        codes = await self.servers.stop()
        if any(codes):
            self.wrong.append(f"the servers ended with codes {codes}")
        await eventually(lambda: not self.servers.leaked(), END_SECONDS)
        await eventually_true(self._is_alone, END_SECONDS)

    async def _is_idle(self) -> bool:
        """Whether no connection is held for anybody, with all clients subscribed."""
        return await self.database.count_connections("state <> 'idle'") == 0

    async def _is_alone(self) -> bool:
        return await self.database.count_connections() == 0

    def summary(self, seconds: float) -> str:
        """What happened, for a person."""
        plan = self.world.plan
        events = sum(len(log) for log in self.logs)
        messages, connects, sent_away = (
            sum(one[what] for one in self.told) for what in ("messages", "connects", "reconnects")
        )
        stretches = [stretch for one in self.told for stretch in one["stretches"]]
        again = sum(len(one["removals"]) - len(set(one["removals"])) for one in stretches)
        lists = sum(one["start"] is not None for one in stretches) - sum(
            not one.has_snapshot for one in self.world.clients
        )
        ends: Counter[str] = Counter()
        for one in self.told:
            ends.update(one["closes"])
        transactions, mutations = len(self.writers.acknowledged()), len(self.mutators.acknowledged)
        attempts, pace = (
            self.mutators.attempts,
            f"{events / seconds:.0f} events/s, {messages / seconds:.0f} deliveries/s",
        )
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.chaos.done.items()))
        lines = [
            f"{events:,} events of {plan.tenants} tenants, {plan.clients:,} clients, seed {plan.seed}",
            f"{messages:,} deliveries in {seconds:.0f} s: {pace}",
            f"acknowledged: {transactions:,} transactions, {mutations:,} mutations in {attempts:,} attempts",
            f"faults: {faults}",
            f"processor time: {sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]):.0f} s, on {os.cpu_count()} cores",
            f"connections: {connects:,}, {sent_away:,} of them sent away by Reconnect",
            f"their ends: {', '.join(f'{name} {count:,}' for name, count in ends.most_common(8))}",
            f"snapshots: {lists:,}, and {sum(one['start'] is None for one in stretches):,} that were cut",
            f"removals told again after a reconnect, as the protocol allows: {again:,}",
            f"gaps, mismatches and whatever else was wrong: {len(self.wrong)}",
        ]
        return "\n".join(lines)


@contextlib.asynccontextmanager
async def running(plan: Plan, folder: Path) -> AsyncIterator[Run]:
    """Everything up, and gone afterwards."""
    master_key = base64.b64encode(os.urandom(32)).decode()
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres(random.Random()))  # noqa: S311  # only for a port that is free
        store = Store(database.addresses.owner)
        try:
            world = await make_world(plan, store, folder)
        finally:
            await store.close()
        path = world.save()
        servers = Servers(world, database.addresses.app, master_key)
        stack.callback(servers.close)
        writers = Writers(world, path, database.addresses.app, master_key)
        stack.callback(writers.close)
        await asyncio.gather(*(servers.start() for _ in range(plan.servers)))
        crowds = [Crowd(world, path, number) for number in range(plan.crowds)]
        for crowd in crowds:
            stack.callback(crowd.close)
        await writers.ready()
        mutators = Mutators(world)
        yield Run(
            world,
            database,
            servers,
            crowds,
            writers,
            mutators,
            Chaos(plan, database, servers, crowds, writers),
        )


async def test_every_client_ends_with_exactly_the_log_whatever_breaks(tmp_path: Path) -> None:
    plan = Plan.from_environment()
    async with running(plan, tmp_path) as run:
        began = time.monotonic()
        await run.write()
        await run.judge()
        seconds = time.monotonic() - began
        await run.end()
    print(f"\n{run.summary(seconds)}")  # noqa: T201  # shown by prove
    assert not run.wrong, "\n".join([run.summary(seconds), *run.wrong[:50]])
    assert sum(len(log) for log in run.logs) >= plan.events
    assert len(run.told) == plan.clients
