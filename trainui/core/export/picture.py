"""The curves of a summary as a PNG, one panel per metric, the runs overlaid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.whole import whole
from trainui.core.store.read import Reader
from trainui.core.store.views import Bucket

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#f0e442")
"""Okabe and Ito's palette, which colour-blind people can tell apart."""
STYLES = ("-", "--", "-.", ":")
MOST_PANELS = 6
BUCKETS = 500


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """The curves of all runs as `training_curves.png`."""
    with whole(folder / "training_curves.png") as written:
        _draw_curves(reader, digest, written.file)
    return written.paths


def _draw_curves(reader: Reader, summary: Digest, file: IO[bytes]) -> None:
    """Draw the metrics the runs share first; no spike is lost, non-finite values are marked."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    metrics = _metrics(summary.runs)
    drawn = [told for told in summary.runs if any(one.points > 1 for one in told.metrics)]
    by_epoch = bool(drawn) and all(_steps_per_epoch(told) for told in drawn)
    columns = min(2, max(1, len(metrics)))
    rows = max(1, -(-len(metrics) // columns))
    figure = Figure(figsize=(6.5 * columns, 3.6 * rows), layout="constrained")
    if not metrics:
        figure.text(0.5, 0.5, "no metric was written", ha="center")
    for place, metric in enumerate(metrics):
        axes = figure.add_subplot(rows, columns, place + 1)
        for number, told in enumerate(summary.runs):
            if any(one.name == metric for one in told.metrics):
                buckets = reader.envelope(told.run, metric, buckets=BUCKETS)
                style = STYLES[number // len(COLOURS) % len(STYLES)]
                per_unit = (_steps_per_epoch(told) if by_epoch else 0.0) or 1.0
                _draw(axes, buckets, told.run, COLOURS[number % len(COLOURS)], style, per_unit)
        _thresholds(axes, summary.runs, metric)
        axes.set_title(metric, parse_math=False)
        axes.set_xlabel("epoch" if by_epoch else "step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(file, dpi=110, format="png")


def _steps_per_epoch(told: RunDigest) -> float:
    """So that runs with unequal epochs share an axis; 0 when the run told no epoch."""
    places = [(one.last_step, one.last_epoch) for one in told.metrics if one.points > 1]
    return next((step / epoch for step, epoch in places if step and epoch), 0.0)


def _metrics(runs: Sequence[RunDigest]) -> list[str]:
    """The primary metrics first, then what most runs share."""
    counts: dict[str, int] = {}
    primary = [told.primary for told in runs if told.primary]
    lines = {one.name for told in runs for one in told.metrics if one.points > 1}
    for told in runs:
        for one in told.metrics:
            if one.name in lines or not lines:  # a single point is no curve
                counts[one.name] = counts.get(one.name, 0) + 1
    first = [name for name in dict.fromkeys(primary) if name in counts]
    rest = sorted((name for name in counts if name not in first), key=lambda name: -counts[name])
    return [*first, *rest][:MOST_PANELS]


def _draw(
    axes: object, buckets: Sequence[Bucket], name: str, colour: str, style: str, steps_per_unit: float
) -> None:
    finite = [one for one in buckets if one.min is not None and one.max is not None]
    middle = [(one.step_from + one.step_to) / 2 / steps_per_unit for one in finite]
    plot, fill, lines = axes.plot, axes.fill_between, axes.axvline  # type: ignore[attr-defined]
    marker = "o" if len(finite) == 1 else ""
    plot(
        middle,
        [one.last for one in finite],
        color=colour,
        linestyle=style,
        linewidth=1.4,
        marker=marker,
        label=name,
    )
    fill(
        middle, [one.min for one in finite], [one.max for one in finite], color=colour, alpha=0.2, linewidth=0
    )
    for one in buckets:
        if one.nonfinite:
            lines(one.step_from / steps_per_unit, color=colour, linestyle=":", linewidth=1)


def _thresholds(axes: object, runs: Sequence[RunDigest], metric: str) -> None:
    seen: set[float] = set()
    for told in runs:
        for gate in told.gates:
            if gate.metric == metric and gate.threshold is not None and gate.threshold not in seen:
                seen.add(gate.threshold)
                line = axes.axhline  # type: ignore[attr-defined]
                line(
                    gate.threshold,
                    color="#888888",
                    linestyle="--",
                    linewidth=0.8,
                    label=f"{gate.gate}: {gate.rule}",
                )
