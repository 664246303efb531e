"""What is remembered of how a person looks at a project: one private file for each, written whole."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

MOST_BYTES = 1_000_000
"""A longer file is none of ours."""
MOST_NAMES = 2000
"""Marks, and runs with a sight of their own, that are kept."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of an x axis that is seen, in its own unit; one that follows moves on with the newest point."""

    low: float
    high: float
    follows: bool = False


class Charts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How curves are drawn. None: as the settings say."""

    metric: str | None = None
    axis: str | None = None
    log_x: bool | None = None
    log_y: bool | None = None
    smooth: float | None = None
    clip: bool | None = None
    outlook: bool | None = None
    parts: dict[str, dict[str, Part]] = {}
    """Run, or "" for the overview → x axis → what is seen of it."""


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A view of a project. Everything of it may be of runs and metrics that are gone by now."""

    project: str = ""
    """For people who read the file: its name is a hash."""
    left_at: float | None = None
    """Unix seconds when the dashboard was left last, or a key was pressed in it for the last time."""
    theme: str = ""
    """`dark` or `light` if a key chose it; "": as the settings say."""
    marked: tuple[str, ...] = ()
    filter: str = ""
    """Of runs."""
    metrics: str = ""
    """The filter of metrics."""
    cursor: str = ""
    """The run under the cursor."""
    tail: str = ""
    """What the overview shows below where one fits: `log`, else events."""
    opened: str = ""
    """The run whose screen was in sight; "": the overview."""
    pane: str = ""
    """The current pane of a run's screen."""
    is_zoomed: bool = False
    """Whether that pane stood alone."""
    charts: Charts = Charts()


def memory_path(project: Path, db: Path | None = None, env: Mapping[str, str] | None = None) -> Path | None:
    """Where the view of a project is remembered; another runs.db than its own has a memory of its own.

    None where there is no home for it.
    """
    env = os.environ if env is None else env
    home = env.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):  # the XDG rules say to ignore others
        home = os.path.join(env.get("HOME") or os.path.expanduser("~"), ".local", "state")
    project = project.resolve()
    key = str(project) if db is None or db.resolve() == project / "runs.db" else f"{project}\n{db.resolve()}"
    name = hashlib.sha256(os.fsencode(key)).hexdigest()[:16]
    return Path(home, "trainui", f"{name}.json") if os.path.isabs(home) else None


def recall(path: Path | None) -> tuple[Memory, str]:
    """What is remembered, and what there is to complain about. A broken file is put aside: it is never a crash."""
    if path is None:
        return Memory(), ""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Memory(), ""
    except OSError as error:
        return Memory(), f"the view that was left cannot be read: {path}: {error.strerror}"
    try:
        if len(raw) > MOST_BYTES:
            raise msgspec.DecodeError("it is far too long")
        return _sane(msgspec.json.decode(raw, type=Memory)), ""
    except (msgspec.DecodeError, RecursionError) as error:
        return Memory(), _put_aside(path, str(error))


def keep(path: Path, memory: Memory) -> None:
    """Remember. Two that write at once each write a whole file, the later one stays. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # for this person's eyes only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(_short(memory)), indent=1) + b"\n")
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise


def _short(memory: Memory) -> Memory:
    parts = dict(list(memory.charts.parts.items())[-MOST_NAMES:])
    charts = msgspec.structs.replace(memory.charts, parts=parts)
    return msgspec.structs.replace(memory, marked=memory.marked[:MOST_NAMES], charts=charts)


def _sane(memory: Memory) -> Memory:
    """Without numbers nothing can be drawn with."""
    parts = {
        run: {axis: part for axis, part in axes.items() if part.low < part.high < math.inf > -part.low}
        for run, axes in memory.charts.parts.items()
    }
    charts = msgspec.structs.replace(memory.charts, parts=parts)
    left_at = memory.left_at if memory.left_at is not None and math.isfinite(memory.left_at) else None
    return msgspec.structs.replace(memory, left_at=left_at, charts=charts)


def _put_aside(path: Path, why: str) -> str:
    aside = path.with_name(path.name + ".broken")
    try:
        os.replace(path, aside)
    except OSError as error:
        return f"the view that was left cannot be read ({why}), nor put aside: {path}: {error.strerror}"
    return f"the view that was left cannot be read ({why}): it is put aside as {aside}"
