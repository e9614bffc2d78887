"""The command `bench`: what it takes, and the order in which things happen."""

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench import measure, memory, peers, report, subscribers
from bench.data import TENANTS, data
from bench.harness import RESULTS, Bench, Measured
from bench.servers import LIMIT, OURS, Running, Server, started
from gql.commands import key_text, say, show


def run(arguments: Sequence[str]) -> int:
    """Measure, and write bench/README.md; returns the exit code."""
    if arguments[:1] == ["subscribers"]:
        return subscribers.run(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python3 run.py bench", description="Measure this server beside others, or `subscribers`."
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each load lasts (1)")
    parser.add_argument("--connections", default="1,16,64", help="numbers of connections (1,16,64)")
    parser.add_argument("--peers", default="postgraphile,mercurius,plain", help="the others, or none")
    parser.add_argument("--no-memory", action="store_true", help="leave out the check of 100,000 documents")
    options = parser.parse_args(arguments)
    RESULTS.mkdir(exist_ok=True)
    left_out: list[str] = []

    def leave_out(line: str) -> None:
        left_out.append(line)
        say(line)

    others = [peer for peer in peers.installed(leave_out) if peer.name in options.peers.split(",")]
    with data(say) as found, ExitStack() as stack:
        environment = {"DATABASE_URL": found.place.app_url, "MASTER_KEY": key_text(found.place.master_key())}
        running = _start([OURS, LIMIT, *others], environment, stack, leave_out)
        bench = Bench(found, running, leave_out)
        bench.prepare()
        bench.check()
        say(f"Alike: {', '.join(each.server.name for each in bench.running)}.")
        connections = [int(count) for count in options.connections.split(",")]
        measured = _measure(bench, options.rounds, options.seconds, connections)
        peaks = {each.server.name: measure.peak_mib(each.process.pid) for each in bench.running}
        grown = None if options.no_memory else _grown(environment, bench)
    results = report.Results(measured, [each.server for each in bench.running], peaks)
    report.write(results, options.seconds, left_out, grown)
    show("\n".join(results.lines()))
    return 0


def _start(
    servers: Sequence[Server], environment: dict[str, str], stack: ExitStack, leave_out: Callable[[str], None]
) -> list[Running]:
    """Start the servers; a peer that does not start is left out."""
    running = []
    for server in servers:
        try:
            running.append(stack.enter_context(started(server, environment, RESULTS / f"{server.name}.log")))
        except RuntimeError as error:
            if server in (OURS, LIMIT):
                raise
            leave_out(f"{server.title} is left out: {str(error)[-300:]}")
    return running


def _measure(bench: Bench, rounds: int, seconds: float, connections: Sequence[int]) -> list[Measured]:
    bench.warm_up()
    measured: list[Measured] = []
    for number in range(rounds):
        began = time.monotonic()
        measured += bench.round(number, seconds, connections)
        say(f"Round {number + 1} of {rounds}: {time.monotonic() - began:.0f} s")
    return measured


def _grown(environment: dict[str, str], bench: Bench) -> tuple[float, float]:
    """The check of different documents, on a process of its own."""
    say("100,000 different documents …")

    def headers() -> list[dict[str, str]]:
        bench.sign_in()
        return [bench.headers(OURS, tenant) for tenant in range(len(TENANTS))]

    with started(OURS, environment, RESULTS / "memory.log") as fresh:
        return memory.growth(fresh, headers, say)
