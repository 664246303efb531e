"""A row for each run as CSV, with everything of it that is one value; and its points beside them, see `points`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainui.core.export import points
from trainui.core.export.commas import cell, write_rows
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.parts import Extreme, Place
from trainui.core.store.read import Reader

FILE = "runs.csv"
MOST = 2_000_000
"""Points up to which every one is told, beyond which curves are told in pieces; the format `points` tells them all."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `runs.csv`, and `points.csv` or, where the points are more than MOST, `curves.csv`. Raises OSError."""
    written = write_rows(folder / FILE, *runs_table(digest))
    count = sum(metric.points for run in digest.runs for metric in run.metrics)
    beside = points.write if count <= MOST else points.write_pieces
    return [*written, *beside(reader, digest, folder)]


def runs_table(digest: Digest) -> tuple[list[str], Iterator[list[Any]]]:
    """The heads and a row for each run: everything of it that is one value."""
    flat = [dict(_flat(run)) for run in digest.runs]
    heads = list(dict.fromkeys(head for row in flat for head in row))
    order = {kind: place for place, kind in enumerate(("", "param", "metric", "gate", "planned", "config"))}
    heads.sort(key=lambda head: order[head.partition(".")[0] if "." in head else ""])
    return heads, ([row.get(head) for head in heads] for row in flat)


def _flat(run: RunDigest) -> Iterator[tuple[str, Any]]:
    """(head, cell) of what there is of a run; None is an empty cell."""
    for name in ("run", "job", "study", "about", "status", "result", "cause"):
        yield name, cell(getattr(run, name))
    yield from {
        "exit_code": run.exit_code, "armed": _bool(run.armed), "attempt": run.attempt, "parent": cell(run.parent),
        "remedy_tried": cell(run.remedy_tried), "queued_at": _time(run.queued_at), "started_at": _time(run.started_at),
        "ended_at": _time(run.ended_at), "seconds": run.seconds, "step": run.step, "epoch": run.epoch,
        "total_steps": run.total_steps, "total_epochs": run.total_epochs, "primary": cell(run.primary),
        "goal": run.goal, **_extreme("best", run.best), "usd": run.usd, "gpu_hours": run.gpu_hours,
        "line_usd": run.line_usd, "line_gpu_hours": run.line_gpu_hours, "peak_memory": run.usage.peak_memory or None,
        "peak_gpu_memory": run.usage.peak_gpu_memory or None, "cpu_mean": run.usage.cpu_mean,
        "gpu_mean": run.usage.gpu_mean, "host": cell(run.origin.host), "gpus": cell(", ".join(run.origin.gpus)),
        "commit": cell(run.origin.commit), "is_dirty": _bool(run.origin.is_dirty),
        "command": cell(shlex.join(run.command)), "directory": cell(run.directory), "tags": cell(" ".join(run.tags)),
        "notes": cell("\n".join(one.text for one in run.notes)),
    }.items()  # fmt: skip
    for key, value in run.params.items():
        yield cell(f"param.{key}"), _value(value)
    for metric in run.metrics:
        for head, found in {
            "points": metric.points, "nonfinite": metric.nonfinite, "first": metric.first, "last": metric.last,
            **_extreme("min", metric.min), **_extreme("max", metric.max), **_extreme("best", metric.best),
        }.items():  # fmt: skip
            yield f"metric.{metric.name}.{head}", found
    for gate in run.gates:
        yield f"gate.{gate.gate}.verdict", gate.verdict
        yield f"gate.{gate.gate}.value", gate.value
    for plan in run.planned:
        yield f"planned.{plan.what}.low", plan.low
        yield f"planned.{plan.what}.high", plan.high
    yield from _leaves("config", run.config)


def _extreme(name: str, found: Extreme | None) -> dict[str, Any]:
    place = found.place if found is not None else Place()
    return {
        name: found.value if found is not None else None,
        f"{name}_step": place.step,
        f"{name}_epoch": place.epoch,
    }


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner)
    else:
        yield cell(name), _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return _bool(value)
    if value is None or isinstance(value, int | float):
        return value
    return cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _time(at: float | None) -> str | None:
    """ISO 8601 in UTC."""
    return (
        datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
    )
