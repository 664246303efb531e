"""The dashboard in a terminal, with somebody who presses a key now and then, and what it and the manager weigh."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.measure import cpu_seconds, pss
from tests.conftest import Cockpit, until
from tests.load.terminal import Terminal
from tests.soak.place import Held, hold_to_oracle

KEYS = ("j", "k", "m", "y", "i", "L", "F", "y", "\r", "\t", "z", "z", "\x1b", "v", "\t", "\x1b", "b", "\x1b", "/l\r", "\x1b",
        "?", "\x1b", "e", "\x1b", "u", "w", "W", "U", "l", "t", "t")  # fmt: skip
"""What somebody presses in turn: through the screens and back, the curves near and far, light and dark."""
SIGNS = ("Traceback", "NoMatches", "AttributeError", "KeyError")
"""What Textual draws when it falls."""


@dataclass(kw_only=True, slots=True)
class Soak:
    """What was seen. Memory in MiB by seconds from the start; shares of a core in per cent."""

    memory: dict[str, dict[int, float]] = field(default_factory=lambda: {"dashboard": {}, "manager": {}})
    cpu: dict[str, float] = field(default_factory=dict)
    pressed: int = 0
    bytes: int = 0
    exit_code: int | None = None
    complaints: list[str] = field(default_factory=list)
    """Lines of logs in which nothing should be."""
    held: Held | None = None


def soak(
    cockpit: Cockpit,
    *,
    runs: int,
    seconds: float,
    rate: float,
    every: float = 10.0,
    say: Callable[[str], None] = print,
) -> Soak:
    """So many runs that each write `rate` lines a second, watched to their end; a key every `every` seconds."""
    found = Soak()
    cockpit.client.start_all(["soak"] * runs, params={"rate": str(rate), "seconds": str(seconds)})
    screen = Terminal([sys.executable, "-m", "trainui"], cwd=cockpit.project, cells=120, lines=36)
    try:
        screen.shows("soak-")
        manager = until(cockpit.client.manager).pid
        pids = {"dashboard": screen.process.pid, "manager": manager}
        begun = time.monotonic()
        used = {name: cpu_seconds(pid) for name, pid in pids.items()}
        for key in itertools.cycle(KEYS):
            passed = time.monotonic() - begun
            if screen.process.poll() is not None or passed > seconds:
                break
            for name, pid in pids.items():
                found.memory[name][round(passed)] = pss(pid)
            if found.pressed % 30 == 0:
                say(
                    ", ".join(f"{name} {pss(pid):.1f} MiB" for name, pid in pids.items())
                    + f" at {passed:.0f} s"
                )
            screen.press(key)
            found.pressed += 1
            time.sleep(every)
        lasted = time.monotonic() - begun
        found.cpu = {name: 100 * (cpu_seconds(pid) - used[name]) / lasted for name, pid in pids.items()}
        _until_ended(cockpit, runs, patience=120 + seconds)
        for key in itertools.cycle(("\x1b", "q")):  # out of whatever screen is open, then out
            screen.press(key)
            with contextlib.suppress(subprocess.TimeoutExpired):
                found.exit_code = screen.ended(1.0)
                break
        found.bytes = screen.sent
        found.complaints += _exceptions(screen.everything())
    finally:
        screen.close()
    found.complaints += complaints(cockpit.project)
    found.held = hold_to_oracle(cockpit)
    return found


def _until_ended(cockpit: Cockpit, runs: int, *, patience: float) -> None:
    reader = cockpit.reader()
    until(lambda: time.sleep(0.2) or sum(view.status == "ended" for view in reader.runs()) == runs, patience)
    reader.close()


def complaints(project: Path) -> list[str]:
    """Every line of a log of trainui's own: a manager and keepers that are well write none."""
    logs = [project / "runs" / "manager.log", *sorted((project / "runs").glob("*/keeper.log"))]
    return [
        f"{log.relative_to(project)}: {line}"
        for log in logs
        if log.exists()
        for line in log.read_text("utf-8", "replace").splitlines()
        if line.strip()
    ]


def _exceptions(drawn: str) -> list[str]:
    """What Textual drew when it fell, if it did."""
    return [
        f"the dashboard drew {sign}: {drawn[drawn.index(sign) - 200 :][:6000]}"
        for sign in SIGNS
        if sign in drawn
    ][:1]


def growth(memory: dict[int, float], after: float) -> tuple[float, float]:
    """(MiB at the first look from `after` seconds on, mean of the last twentieth of all looks)."""
    first = next((mib for at, mib in sorted(memory.items()) if at >= after), float("nan"))
    last = [mib for _, mib in sorted(memory.items())][-max(1, len(memory) // 20) :]
    return first, sum(last) / len(last)
