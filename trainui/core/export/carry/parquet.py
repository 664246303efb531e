"""Runs as Parquet: points.parquet, a row group per run and metric, and runs.parquet, a row per run."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from trainui.core.errors import UserError
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.whole import whole
from trainui.core.store.packing import Chunk, Packer
from trainui.core.store.read import Reader

POINTS, RUNS = "points.parquet", "runs.parquet"
MOST_ROWS = 1 << 18
"""Rows of a row group; a longer curve has several."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write both files. Raises UserError when pyarrow is not installed."""
    arrow, parquet = _arrow()
    runs = [run.run for run in digest.runs]
    packer = Packer(reader.path)
    try:
        with whole(folder / POINTS) as points:
            _write_points(arrow, parquet, packer, runs, points.file)
    finally:
        packer.close()
    rows = arrow.Table.from_pylist([_row(run) for run in digest.runs], schema=_runs_schema(arrow))
    with whole(folder / RUNS) as table:
        parquet.write_table(rows, table.file)
    return [*points.paths, *table.paths]


def _arrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        hint = "pip install 'trainui[parquet]'"
        raise UserError("Parquet needs pyarrow, which is not installed here", hint=hint) from error


def _write_points(arrow: Any, parquet: Any, packer: Packer, runs: Sequence[str], file: IO[bytes]) -> None:
    name = arrow.dictionary(arrow.int32(), arrow.string())
    real = arrow.float64()
    schema = arrow.schema(
        [
            arrow.field("run", name, nullable=False), arrow.field("metric", name, nullable=False),
            arrow.field("source", name, nullable=False), arrow.field("n", arrow.int64(), nullable=False),
            arrow.field("step", real, nullable=False), arrow.field("value", real, nullable=False),
            arrow.field("epoch", real), arrow.field("at", real, nullable=False),
        ]
    )  # fmt: skip
    with parquet.ParquetWriter(file, schema) as writer:
        for run in runs:
            for _, chunks in groupby(packer.chunks(run), key=lambda chunk: chunk.metric):
                for group in _groups(chunks):
                    writer.write_table(_table(arrow, schema, run, group))


def _groups(chunks: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    """The chunks of one metric, as many as a row group takes."""
    group: list[Chunk] = []
    for chunk in chunks:
        group.append(chunk)
        if sum(len(one.step) for one in group) >= MOST_ROWS:
            yield group
            group = []
    if group:
        yield group


def _table(arrow: Any, schema: Any, run: str, group: Sequence[Chunk]) -> Any:
    first = group[0]
    size = sum(len(one.step) for one in group)

    def same(word: str) -> Any:
        return arrow.DictionaryArray.from_arrays(
            arrow.array([0] * size, arrow.int32()), arrow.array([word], arrow.string())
        )

    def joined(name: str) -> list[Any]:
        return [value for one in group for value in getattr(one, name)]

    columns = [
        same(run), same(first.metric), same(first.source), arrow.array(range(first.n, first.n + size), arrow.int64()),
        arrow.array(map(float, joined("step")), arrow.float64()),
        arrow.array([math.nan if one is None else one for one in joined("value")], arrow.float64(), from_pandas=False),
        arrow.array(joined("epoch"), arrow.float64(), from_pandas=False), arrow.array(joined("at"), arrow.float64()),
    ]  # fmt: skip
    return arrow.Table.from_arrays(columns, schema=schema)


def _runs_schema(arrow: Any) -> Any:
    text, real, words = arrow.string(), arrow.float64(), arrow.list_(arrow.string())
    return arrow.schema(
        [
            ("run", text), ("job", text), ("study", text), ("status", text), ("result", text), ("cause", text),
            ("parent", text), ("exit_code", arrow.int64()), ("queued_at", real), ("started_at", real),
            ("ended_at", real), ("seconds", real), ("step", real), ("epoch", real), ("gpu_hours", real), ("usd", real),
            ("primary", text), ("goal", text), ("best", real), ("best_step", real), ("tags", words), ("command", words),
            ("params", text), ("gates", arrow.map_(text, text)),
        ]
    )  # fmt: skip


def _row(run: RunDigest) -> dict[str, Any]:
    best = run.best
    return {
        "run": run.run, "job": run.job, "study": run.study, "status": run.status, "result": run.result or None,
        "cause": run.cause, "parent": run.parent or None, "exit_code": run.exit_code, "queued_at": run.queued_at,
        "started_at": run.started_at, "ended_at": run.ended_at, "seconds": run.seconds, "step": run.step,
        "epoch": run.epoch, "gpu_hours": run.gpu_hours, "usd": run.usd, "primary": run.primary, "goal": run.goal,
        "best": best.value if best else None, "best_step": best.place.step if best else None, "tags": list(run.tags),
        "command": list(run.command), "params": json.dumps(run.params, ensure_ascii=False),
        "gates": [(gate.gate, gate.verdict) for gate in run.gates],
    }  # fmt: skip
