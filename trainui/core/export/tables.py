"""A summary as CSV (RFC 4180, UTF-8): a row per run, and a row per point or, of many points, per piece of a curve.

A spreadsheet runs what begins like a formula. So a cell of text that begins with `=`, `+`, `-`, `@`, a tab, a carriage
return or `'` has a `'` before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from trainui.core.export.drafts import buckets_for
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.parts import Extreme, Place
from trainui.core.export.whole import whole
from trainui.core.ingest.text import strip_escapes
from trainui.core.store.read import Reader

RUNS, POINTS, CURVES = "runs.csv", "points.csv", "curves.csv"
MOST = 2_000_000
"""Points up to which the format `csv` tells every one, beyond which it tells the pieces; `points` tells them all."""
HEADS = ("run", "metric", "step", "epoch", "time", "value")
CURVE_HEADS = (
    "run",
    "metric",
    "step_from",
    "step",
    "epoch",
    "time",
    "min",
    "max",
    "last",
    "points",
    "nonfinite",
)
FORMULA = "=+-@\t\r'\uff1d\uff0b\uff0d\uff20"
"""First characters that are made harmless; the last four are those a Japanese spreadsheet reads like the first."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `runs.csv`, and `points.csv` or, where they are more than MOST, `curves.csv`. Raises OSError."""
    with whole(folder / RUNS) as written:
        _write(written.file, *runs_table(digest))
    if sum(metric.points for run in digest.runs for metric in run.metrics) <= MOST:
        return [*written.paths, *write_points(reader, digest, folder)]
    with whole(folder / CURVES) as pieces:
        _write(pieces.file, CURVE_HEADS, _pieces(reader, digest))
    return [*written.paths, *pieces.paths]


def write_points(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `points.csv`, however many there are; what was written. Raises OSError."""
    with whole(folder / POINTS) as written:
        _write(written.file, HEADS, _points(reader, digest))
    return written.paths


def _write(file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow([cell(head) for head in heads])
    writer.writerows(rows)
    text.flush()
    text.detach()


def cell(text: str) -> str:
    """A text that no spreadsheet runs; to read it back take one `'` from its beginning."""
    text = strip_escapes(text)
    return f"'{text}" if text[:1] and text[0] in FORMULA else text


def _points(reader: Reader, digest: Digest) -> Iterator[tuple[Any, ...]]:
    for run in digest.runs:
        name, known = cell(run.run), dict[str, str]()
        for metric, step, epoch, at, value in reader.rows_of_points(run.run):
            shown = known.get(metric) or known.setdefault(metric, cell(metric))
            yield name, shown, step, epoch, at, value


def _pieces(reader: Reader, digest: Digest) -> Iterator[tuple[Any, ...]]:
    buckets = buckets_for(sum(len(run.metrics) for run in digest.runs))
    for run in digest.runs:
        name = cell(run.run)
        metrics = [one.metric for one in reader.metrics(run.run)]
        for metric, outline in reader.outlines(run.run, metrics, buckets=buckets).items():
            shown = cell(metric)
            for one in outline.pieces:
                if one.points:
                    yield (
                        name, shown, one.step_from, one.step, one.epoch, one.at, one.low, one.high, one.last,
                        one.points, one.nonfinite,
                    )  # fmt: skip


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
        name: found.value if found is not None else None, f"{name}_step": place.step, f"{name}_epoch": place.epoch,
    }  # fmt: skip


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
