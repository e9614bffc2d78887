"""The results for people: medians and ratios to the limit in bench/README.md, and a chart beside it."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.harness import RESULTS, Measured
from bench.queries import OPERATIONS
from bench.servers import LIMIT, Server

README: Final = Path(__file__).with_name("README.md")
CHART: Final = Path(__file__).with_name("chart.svg")
BEGIN: Final = "<!-- results: written by `python3 run.py bench` -->"
END: Final = "<!-- end of results -->"
CHARTED: Final = 16  # connections
COLORS: Final = ("#1d4e89", "#9aa5b1", "#f79256", "#7dcfb6", "#c1666b")


class Results:
    """What was measured of some servers over some rounds."""

    def __init__(self, measured: Sequence[Measured], servers: Sequence[Server], peaks: Mapping[str, float]) -> None:
        self.measured, self.servers, self.peaks = measured, servers, peaks
        self.connections = sorted({one.connections for one in measured})
        self._limits = {
            (one.round, one.operation, one.connections): one for one in measured if one.server == LIMIT.name
        }

    def of(self, server: str, operation: str, connections: int) -> list[Measured]:
        """One server under one load, by round."""
        wanted = (server, operation, connections)
        return [one for one in self.measured if (one.server, one.operation, one.connections) == wanted]

    def median(self, server: str, operation: str, connections: int, what: str) -> float:
        """The median of a figure over the rounds."""
        return statistics.median(float(getattr(one, what)) for one in self.of(server, operation, connections))

    def ratio(self, server: str, operation: str, connections: int, what: str) -> float:
        """The median of the ratios to the limit, each within one round."""
        return statistics.median(
            float(getattr(one, what) / max(getattr(self._limits[one.round, operation, connections], what), 1e-6))
            for one in self.of(server, operation, connections)
        )

    def lines(self) -> list[str]:
        """The tables, in Markdown."""
        lines = []
        for operation in OPERATIONS:
            lines += ["", f"**{operation.name}**: {operation.title}", ""]
            lines += ["| connections | server | requests/s | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms |"]
            lines += ["|---|---|---|---|---|---|---|"]
            for connections in self.connections:
                for server in self.servers:
                    lines.append(self._line(server, operation.name, connections))
        lines += ["", "| server | peak memory MiB |", "|---|---|"]
        return lines + [f"| {server.title} | {self.peaks[server.name]:.0f} |" for server in self.servers]

    def _line(self, server: Server, operation: str, connections: int) -> str:
        cells = [f"{connections}", server.title]
        for what, form in (
            ("per_second", ".0f"),
            ("p50_ms", ".1f"),
            ("p99_ms", ".1f"),
            ("cpu_ms", ".2f"),
            ("postgres_ms", ".2f"),
        ):
            value = self.median(server.name, operation, connections, what)
            cells.append(f"{value:{form}} (×{self.ratio(server.name, operation, connections, what):.2f})")
        return f"| {' | '.join(cells)} |"


class Chart:
    """Bars of the server's CPU per request as multiples of the limit's, a group for each operation."""

    WIDTH, HEIGHT, LEFT, TOP = 980, 320, 50, 40
    MOST = 8.0  # taller bars are cut off, with their figure on top

    def __init__(self, results: Results) -> None:
        self.results = results
        self.shown = [server for server in results.servers if server.name != LIMIT.name]
        counts = results.connections
        self.connections = CHARTED if CHARTED in counts else counts[0]
        self.step = (self.WIDTH - self.LEFT - 20) / len(OPERATIONS)
        self.floor = self.TOP + self.HEIGHT

    def svg(self) -> str:
        """The picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT + 80}" '
            'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        )
        title = f"Server CPU per request, times the limit, at {self.connections} connections (lower is better)"
        parts = [head, self._text(self.LEFT, 20, title, 15), *self._grid()]
        for place, operation in enumerate(OPERATIONS):
            x = self.LEFT + place * self.step + 8
            parts += [*self._bars(x, operation.name), self._text(x, self.floor + 18, operation.name, 12)]
        for number, server in enumerate(self.shown):
            x = self.LEFT + number * 235
            parts.append(f'<rect x="{x}" y="{self.floor + 34}" width="12" height="12" fill="{COLORS[number]}"/>')
            parts.append(self._text(x + 18, self.floor + 44, server.title, 11))
        return "\n".join([*parts, "</svg>", ""])

    def _grid(self) -> list[str]:
        parts = []
        for line in range(0, int(self.MOST) + 1, 2):
            y = self.floor - line / self.MOST * self.HEIGHT
            parts.append(f'<path d="M{self.LEFT} {y:.0f}H{self.WIDTH - 20}" stroke="#ddd"/>')
            parts.append(self._text(20, y + 4, f"×{line}", 12))
        return parts

    def _bars(self, x: float, operation: str) -> list[str]:
        width = (self.step - 16) / len(self.shown)
        parts = []
        for number, server in enumerate(self.shown):
            value = self.results.ratio(server.name, operation, self.connections, "cpu_ms")
            tall = min(value, self.MOST) / self.MOST * self.HEIGHT
            place = f'x="{x + number * width:.1f}" y="{self.floor - tall:.1f}"'
            parts.append(f'<rect {place} width="{width - 2:.1f}" height="{tall:.1f}" fill="{COLORS[number]}"/>')
            parts.append(self._text(x + number * width, self.floor - tall - 3, f"{value:.1f}", 10))
        return parts

    def _text(self, x: float, y: float, text: str, size: int) -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{text}</text>'


def write(results: Results, seconds: float, left_out: Sequence[str], memory: tuple[float, float] | None) -> None:
    """Write the JSON, the table between its marks, and the chart."""
    rows = {"measured": [asdict(one) for one in results.measured], "peaks": dict(results.peaks), "memory": memory}
    (RESULTS / "measured.json").write_text(json.dumps(rows, indent=1))
    rounds = len({one.round for one in results.measured})
    told = [
        f"Medians of {rounds} rounds of {seconds:g} s on {machine()}; "
        "in brackets the median of the ratios to the limit, each within its round.",
        *left_out,
    ]
    if memory is not None:
        early, late = memory
        told.append(
            f"This server after 10,000 different documents: {early:.0f} MiB; after 100,000: {late:.0f} MiB "
            f"({late - early:+.1f} MiB)."
        )
    content = "\n\n".join(told) + "\n\n![Server CPU per request](chart.svg)\n" + "\n".join(results.lines())
    write_section(BEGIN, END, content)
    CHART.write_text(Chart(results).svg(), encoding="utf-8")


def write_section(begin: str, end: str, content: str) -> None:
    """Put the content between two marks of bench/README.md."""
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    README.write_text(f"{before}{begin}\n\n{content}\n\n{end}{after}", encoding="utf-8")


def machine() -> str:
    """What was measured on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"
