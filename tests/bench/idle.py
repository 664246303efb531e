"""What supervision burns while nothing happens: three quiet runs, and peers with three quiet jobs, side by side."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, cpu_seconds, wakeups
from tests.bench.peers import Spooler, Supervisor
from tests.bench.place import manager_pid, pids, project, start

SECONDS = float(os.environ.get("BENCH_IDLE_SECONDS", "60"))
"""How long is looked."""


def idling(folder: Path) -> Iterator[Row]:
    """CPU of the manager and three pairs over a minute, as a share of one core, and how often they wake."""
    with contextlib.ExitStack() as stack:
        cockpit = stack.enter_context(project(folder / "project", slots=4))
        runs = start(cockpit, "quiet", 3)
        ours = {
            "manager": [manager_pid(cockpit)],
            "three keepers": pids(cockpit, runs, "keeper"),
            "three guards": pids(cockpit, runs, "guard"),
        }
        groups = {"manager, three keepers, three guards": [pid for some in ours.values() for pid in some]}
        groups |= {f"  {name}": some for name, some in ours.items()}
        missing = []
        for peer in (Spooler(folder / "tsp"), Supervisor(folder / "supervisor")):
            stack.enter_context(peer)
            if peer.is_here:
                peer.start_quiet()
                groups[f"  {peer.name}"] = peer.pids()
            else:
                missing.append(peer.name)
        time.sleep(5)  # past what starting them cost
        shares = _watch(groups)
    whole = shares["manager, three keepers, three guards"][0]
    for name, (share, woken) in shares.items():
        is_peer = name.strip() in (Spooler.name, Supervisor.name)
        ratio = f"{whole / share:.1f}" if is_peer and share else "1" if share is whole else "–"
        yield (
            f"idle with three quiet runs: {name.strip()}",
            f"{share:.2f} % of a core, {woken:.1f} wakes/s",
            ratio,
        )
    for name in missing:
        yield f"idle with three quiet runs: {name}", "not installed", "–"


def _watch(groups: dict[str, list[int]]) -> dict[str, tuple[float, float]]:
    """Group → (per cent of a core, times a second it went to sleep) over a minute."""

    def look() -> dict[str, tuple[float, int]]:
        return {name: (sum(map(cpu_seconds, some)), sum(map(wakeups, some))) for name, some in groups.items()}

    begun, before = time.monotonic(), look()
    time.sleep(SECONDS)
    lasted, after = time.monotonic() - begun, look()
    return {
        name: (
            100 * (after[name][0] - before[name][0]) / lasted,
            (after[name][1] - before[name][1]) / lasted,
        )
        for name in groups
    }
