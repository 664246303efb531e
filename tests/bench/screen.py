"""What the dashboard feels like: how soon it is there, what it costs to leave open, how soon a key shows its effect."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.bench.measure import Row


def screen(folder: Path) -> Iterator[Row]:
    """All of it, with the load of the machine; `BENCH_SCREEN=start,million,rest,keys` for some of it."""
    if find_spec("pyte") is None:
        yield "the screen", "not measured: pyte, which reads it, is not installed", "–"
        return
    from tests.bench.frames import a_million, starting
    from tests.bench.live import pressing, resting

    parts = {"start": starting, "million": a_million, "rest": resting, "keys": pressing}
    wanted = [word for word in os.environ.get("BENCH_SCREEN", "").split(",") if word]
    yield "load of the machine before", f"{os.getloadavg()[0]:.1f}", "–"
    for name, part in parts.items():
        if not wanted or name in wanted:
            (folder / name).mkdir()
            yield from part(folder / name)
    yield "load of the machine after, its own part in it", f"{os.getloadavg()[0]:.1f}", "–"
