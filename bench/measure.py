"""What a server uses: processor time and peak memory of its processes, from /proc."""

import os
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def cpu_seconds(root: int) -> float:
    """The processor time of the process tree so far, in user and system mode; of ended children, too."""
    total = 0
    for process in tree(root):
        fields = _stat(process)
        total += (
            sum(int(value) for value in fields[11:15])
            if process == root
            else sum(int(value) for value in fields[11:13])
        )
    return total / TICKS


def peak_mib(root: int) -> float:
    """The peaks of resident memory of the tree's processes, added up."""
    total = 0
    for process in tree(root):
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return total / 1024


def resident_mib(process: int) -> float:
    """The resident memory of one process now."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def proportional_kib(process: int) -> float:
    """The memory of one process now, shared pages counted by its part of them."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    raise RuntimeError("the kernel tells no proportional memory")


def _stat(process: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty when the process is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
