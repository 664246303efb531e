"""The two loads: many short runs queued at once, and live runs that write without pause."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import Cockpit, until
from tests.load.project import Told, cpu_seconds, make_project, tell
from tests.load.terminal import Terminal

KEYS = (
    ("?", "this help", "help opens"), ("\x1b", "x stop", "help closes"), ("s", "p preset", "start opens"),
    ("\x1b", "x stop", "start closes"), ("\r", "f follow", "run opens"),
    ("\x1b", "x stop", "run closes"),
)  # fmt: skip
"""A key, what is drawn only when it had its effect, and what that is."""


def queue(folder: Path, *, runs: int, seconds: float, slots: int) -> tuple[list[Told], float]:
    """So many short runs queued in one go, to their ends; what was told of each, and the seconds it took."""
    cockpit = make_project(folder, slots=slots)
    try:
        begun = time.monotonic()
        cockpit.client.start_all(["brief"] * runs, params={"seconds": str(seconds)})
        _until_ended(cockpit, runs, patience=60 + 10 * runs * seconds)
        return tell(cockpit), time.monotonic() - begun
    finally:
        cockpit.clean_up()


def wrong_ends(told: Sequence[Told]) -> list[str]:
    """What of short runs is not as the runs themselves say; empty when all is right."""
    wrong = []
    for one in told:
        how = one.oracle[-1] if len(one.oracle) == 2 else f"started {len(one.oracle)} times"
        right = ("finished", "") if how == "exit 0" else ("failed", how)
        if (one.result, one.cause) != right:
            wrong.append(f"{one.run}: {how}, and the store says {one.result} {one.cause}")
    return wrong + wrong_rows(told)


def wrong_rows(told: Sequence[Told]) -> list[str]:
    """The runs whose rows are not the lines they wrote, each once and in order."""
    return [
        f"{one.run}: {one.lines} lines, {one.rows} rows, in order: {one.is_in_order}"
        for one in told
        if one.rows != one.lines or not one.is_in_order or not one.lines
    ]


@dataclass(kw_only=True, slots=True)
class Flood:
    """What was seen of a flood. Shares of a core are in per cent, times in seconds."""

    told: list[Told] = field(default_factory=list)
    keys: list[tuple[str, float]] = field(default_factory=list)
    """What a key press did, and how long that took."""
    lags: list[float] = field(default_factory=list)
    """How far the newest row of the run that is furthest behind was behind, while all wrote."""
    cpu: dict[str, float] = field(default_factory=dict)
    caught_up: float = 0.0
    """From the last line of the last run to the last `ended` in the store."""


def flood(folder: Path, *, runs: int, seconds: float, rate: float, keys: bool) -> Flood:
    """So many live runs that each write `rate` lines a second; `keys` opens a dashboard and presses some."""
    cockpit = make_project(folder, slots=runs)
    found = Flood()
    screen = None
    try:
        cockpit.client.start_all(["flood"] * runs, params={"rate": str(rate), "seconds": str(seconds)})
        if keys:
            screen = Terminal([sys.executable, "-m", "trainui"], cwd=cockpit.project, cells=160, lines=45)
            screen.shows("flood-")
        _until_running(cockpit, runs)
        _press_and_look(cockpit, screen, found, until_time=time.monotonic() + seconds)
        _until_ended(cockpit, runs, patience=60 + 5 * seconds)
        found.caught_up = time.time() - _newest(cockpit)
        found.told = tell(cockpit)
        return found
    finally:
        if screen is not None:
            screen.close()
        cockpit.clean_up()


def _press_and_look(cockpit: Cockpit, screen: Terminal | None, found: Flood, *, until_time: float) -> None:
    """Press one key after the other and note how far the store is behind, until that time."""
    processes = _processes(cockpit, screen)
    before = {pid: cpu_seconds(pid) for pids in processes.values() for pid in pids}
    used = dict(before)
    begun, press = time.monotonic(), 0
    while time.monotonic() < until_time - 1:  # the last second belongs to their ends
        time.sleep(0.5)
        found.lags.append(_lag(cockpit))
        used = {pid: max(seen, cpu_seconds(pid)) for pid, seen in used.items()}
        if screen is not None:
            key, sign, what = KEYS[press % len(KEYS)]
            screen.press(key)
            found.keys.append((what, screen.shows(sign)))
            press += 1
    lasted = time.monotonic() - begun
    found.cpu = {
        name: 100 * sum(used[pid] - before[pid] for pid in pids) / lasted for name, pids in processes.items()
    }


def _processes(cockpit: Cockpit, screen: Terminal | None) -> dict[str, list[int]]:
    manager = cockpit.client.manager()
    reader = cockpit.reader()
    jobs = [view.pid for view in reader.runs() if view.pid]
    reader.close()
    return {
        "manager": [manager.pid] if manager else [],
        "dashboard": [screen.process.pid] if screen else [],
        "all keepers and guards": cockpit.keepers(),
        "all jobs": jobs,
    }


def _lag(cockpit: Cockpit) -> float:
    """Seconds by which the newest row of the run furthest behind is older than now."""
    db = sqlite3.connect(cockpit.db)
    newest = db.execute(
        "SELECT min(last_at) FROM metrics JOIN runs ON runs.name = metrics.run WHERE status = 'running'"
    ).fetchone()[0]
    db.close()
    return time.time() - newest if newest else 0.0


def _newest(cockpit: Cockpit) -> float:
    db = sqlite3.connect(cockpit.db)
    newest: float = db.execute("SELECT max(last_at) FROM metrics").fetchone()[0]
    db.close()
    return newest


def _until_running(cockpit: Cockpit, runs: int) -> None:
    reader = cockpit.reader()
    until(lambda: sum(view.status == "running" for view in reader.runs()) == runs, 60 + runs)
    reader.close()


def _until_ended(cockpit: Cockpit, runs: int, *, patience: float) -> None:
    reader = cockpit.reader()
    until(lambda: time.sleep(0.05) or sum(view.status == "ended" for view in reader.runs()) == runs, patience)
    reader.close()


def at(values: Sequence[float], share: float) -> float:
    """The value that so large a share of `values` does not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Rows as Markdown."""
    return "\n".join(["| what | measured |", "|---|---|", *(f"| {what} | {told} |" for what, told in rows)])
