"""Every point of every curve as CSV, or the curves in pieces: how low, how high, how many points in each."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from trainui.core.export.commas import cell, write_rows
from trainui.core.export.model import Digest
from trainui.core.export.sketching import shared_sketches
from trainui.core.store.read import Reader

FILE, PIECES = "points.csv", "curves.csv"
HEADS = ("run", "metric", "step", "epoch", "time", "value")
PIECE_HEADS = (
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


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `points.csv`, however many there are; what was written. Raises OSError."""
    with closing(_points(reader, digest)) as rows:  # it reads on while there is a reader
        return write_rows(folder / FILE, HEADS, rows)


def write_pieces(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `curves.csv`; what was written. Raises OSError."""
    return write_rows(folder / PIECES, PIECE_HEADS, _pieces(reader, digest))


def _points(reader: Reader, digest: Digest) -> Generator[tuple[Any, ...]]:
    for run in digest.runs:
        for metric in reader.metrics(run.run):
            yield from reader.rows_of_points(
                run.run, metric.metric, before=(cell(run.run), cell(metric.metric))
            )


def _pieces(reader: Reader, digest: Digest) -> Iterator[tuple[Any, ...]]:
    drawn = shared_sketches(reader, [run.run for run in digest.runs])
    for run, outlines in drawn.outlines.items():
        for metric, outline in outlines.items():
            name, shown = cell(run), cell(metric)
            for one in outline.pieces:
                if one.points:
                    yield (
                        name, shown, one.step_from, one.step, one.epoch, one.at, one.low, one.high, one.last,
                        one.points, one.nonfinite,
                    )  # fmt: skip
