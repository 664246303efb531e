"""`results.json`: the few numbers that people look up when a training is over, flat, as it named them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.plain import jsonable
from trainui.core.export.whole import write_whole
from trainui.core.store.read import Reader

NAME = "results.json"


def write(_reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write results.json: of one run flat, of several under their names."""
    return write_whole(
        folder / NAME, json.dumps(as_results(digest), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )


def as_results(digest: Digest) -> dict[str, Any]:
    """Of one run its results; of several each under its name, with the best of each study."""
    if len(digest.runs) == 1:
        return results_of(digest.runs[0])
    best = {study.study: study.best for study in digest.studies}
    return {
        "best": {
            name: {"run": one.run or None, "metric": one.metric, "rule": one.rule}
            for name, one in best.items()
        },
        "runs": {one.run: results_of(one) for one in digest.runs},
    }


def results_of(run: RunDigest) -> dict[str, Any]:
    """What one run reached: `best_val_wer`, `final_val_wer`, and what the job itself reported."""
    found: dict[str, Any] = {
        "run": run.run,
        "status": run.result or run.status,
        "cause": run.cause,
        "is_final": bool(run.result),
        "epochs": _whole(run.epoch),
        "steps": _whole(run.step),
        "best_epoch": _whole(run.best.place.epoch) if run.best else None,
        "best_step": _whole(run.best.place.step) if run.best else None,
        "best_checkpoint": next((one.path for one in run.checkpoints if one.is_best), None),
        "training_hours": round(run.seconds / 3600, 4),
        "gpu_hours": round(run.gpu_hours, 4),
        "cost": round(run.usd, 4),
    }
    for one in run.metrics:
        name = one.name.replace("/", "_").replace(" ", "_")
        if one.best is not None:
            found.setdefault(f"best_{name}", one.best.value)
        found.setdefault(f"final_{name}", one.last)
    found["gates"] = {one.gate: one.verdict for one in run.gates}
    found["config"] = run.params
    found["reported"] = run.reported
    result: dict[str, Any] = jsonable(found)
    return result


def _whole(count: float | None) -> float | None:
    """30 and not 30.0, as programs that count write it; half an epoch stays one."""
    return int(count) if count is not None and math.isfinite(count) and count == int(count) else count
