"""How the command line prints: tables for people, one JSON document for scripts."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from trainui.core.export.plain import jsonable
from trainui.core.ingest.text import strip_escapes
from trainui.core.store.views import GateView, RunView

NAMED = 3
"""Things left out of an archive that are named; its manifest.json names all."""
LONGEST = 500
"""Characters of one cell: a question of pages would push every other column out of sight."""


def plain(text: str) -> str:
    """Text from a run or a spec as one line that cannot drive the terminal."""
    return " ".join(strip_escapes(text).split())


def shortened(text: str) -> str:
    """What fits into a cell of a table; the whole of it stands in --json."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def print_json(value: Any) -> None:
    """One document on stdout, nothing else."""
    click.echo(json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False))


RUN_FIELDS = (
    "run", "job", "study", "status", "result", "cause", "pid", "gpus", "queued_at", "started_at", "ended_at",
    "seconds", "gpu_hours", "usd", "step", "epoch", "progress", "eta_seconds", "metric", "gates", "parent",
    "directory", "total_steps", "total_epochs", "armed", "waits_for", "priority", "held",
    "evidence", "peak_memory", "peak_gpu_memory", "tags",
)  # fmt: skip
"""Fields of a run in `ls --json`; they are a contract: add, never take away."""

GATE_FIELDS = (
    "gate", "role", "run", "verdict", "at_epoch", "at_step", "value", "reason", "action", "would_save_seconds",
    "quote", "rule", "label", "interval", "severity", "source", "digest", "is_default", "at",
)  # fmt: skip
"""Fields of a gate in `gates --json`; they are a contract: add, never take away."""


def run_json(view: RunView) -> dict[str, Any]:
    """A run as `ls --json` prints it."""
    return {name: jsonable(getattr(view, name)) for name in RUN_FIELDS}


def gate_json(view: GateView) -> dict[str, Any]:
    """A gate as `gates --json` prints it."""
    return {name: jsonable(getattr(view, name)) for name in GATE_FIELDS}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Columns aligned, numbers to the right; the last column is not padded."""
    cells = [[shortened(plain(cell)) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in [list(head), *cells]) for place in range(len(head))]
    for row in [list(head), *cells]:
        parts = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(parts).rstrip())


def number(value: float | None, digits: int = 4) -> str:
    """A metric's value in few characters; – when there is none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """Seconds as people say them: 42 s, 3:20 min, 1:12 h."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def size(count: int) -> str:
    """Bytes as people say them: 812 MiB, 21.3 GiB."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def why(view: RunView) -> str:
    """Why a run is where it is: its cause, what it waits for, when it will be killed."""
    if view.stop_at is not None:
        return f"SIGKILL in {max(0.0, view.stop_at - time.time()):.0f} s"
    rank = f"priority {view.priority}, " if view.priority and view.waits_for else ""
    return view.cause or (f"{rank}waits for {view.waits_for}" if view.waits_for else "")


def tell_left_out(archive: Path) -> None:
    """Say on stderr what an archive does not hold, if anything: how many things, and the first of them."""
    from trainui.core.export.carry.manifest import left_out

    if found := left_out(archive):
        shown = "; ".join(map(plain, found[:NAMED])) + ("; …" if len(found) > NAMED else "")
        click.echo(f"trainui: {plain(archive.name)} leaves out {len(found)}: {shown}", err=True)


def has_terminal() -> bool:
    """Whether a dashboard can be drawn, and hear keys: on a terminal, or in a browser through `trainui serve`."""
    return "TEXTUAL_DRIVER" in os.environ or (os.isatty(0) and os.isatty(2))


def is_person() -> bool:
    """Whether somebody is looking at stdout."""
    return sys.stdout.isatty()
