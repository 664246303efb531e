"""Clocks, and what a process weighs and burns."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Row = tuple[str, str, str]
"""What, how much, and as a ratio to what it is beside."""


def clock(work: Callable[[], object]) -> float:
    """Seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def wait_for(fact: Callable[[], object], seconds: float = 60.0) -> float:
    """Seconds until `fact()` is true, to a millisecond. Raises TimeoutError."""
    start = time.perf_counter()
    while not fact():
        if time.perf_counter() - start > seconds:
            raise TimeoutError("it never came true")
        time.sleep(0.001)
    return time.perf_counter() - start


def at(values: Iterable[float], share: float) -> float:
    """The value that so large a share of `values` does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(values: Sequence[float], *, tail: bool = True) -> str:
    """Median and 95th percentile of seconds."""
    p95 = f", p95 {at(values, 0.95) * 1000:.0f} ms" if tail else ""
    return f"p50 {at(values, 0.5) * 1000:.0f} ms{p95} of {len(values)}"


def pss(pid: int) -> float:
    """MiB of memory, what is shared counted in parts."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """Seconds of a core a process has used, its threads too, to a microsecond where the kernel says."""
    used = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        used += int((thread / "schedstat").read_text().split()[0]) / 1e9
    return used


def wakeups(pid: int) -> int:
    """How often a process has gone to sleep by itself."""
    found = re.search(
        r"^voluntary_ctxt_switches:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    assert found is not None
    return int(found[1])


def children(pid: int) -> list[int]:
    """The processes right below `pid`."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
