"""What the dashboard feels like: how soon it is there, what it costs to leave open, how soon a key shows its effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.frames import a_million, starting
from tests.bench.live import pressing, resting
from tests.bench.measure import Row

PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "start": starting,
    "million": a_million,
    "rest": resting,
    "keys": pressing,
}


def screen(folder: Path) -> Iterator[Row]:
    """All of it, with the load of the machine; `BENCH_SCREEN=start,keys` for some of it."""
    wanted = [word for word in os.environ.get("BENCH_SCREEN", "").split(",") if word]
    yield "load of the machine before", f"{os.getloadavg()[0]:.1f}", "–"
    for name, part in PARTS.items():
        if not wanted or name in wanted:
            (folder / name).mkdir()
            yield from part(folder / name)
    yield "load of the machine after, its own part in it", f"{os.getloadavg()[0]:.1f}", "–"
