"""Write the promoted network as ONNX, hold it against PyTorch on real windows, and measure how fast it answers.

    python -m jobs.diarization.export_onnx --real /data/ami [--runs_dir runs] [--checkpoint best_model.pth]

Leaves model.onnx (one file, any batch size) and results.json. A file that answers otherwise than PyTorch is not
kept. A network that reads `mfcc` takes features, not samples: (batch, 80, frames).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jobs.diarization.compare import Trained, open_trained
from jobs.diarization.corpora import open_ami
from jobs.diarization.train import thinned
from jobs.diarization.windows import gather, of_meetings
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report

MOST_APART = 1e-4
"""The most that a logit may differ from PyTorch's."""
OPSET = 17
TIMED = 100
"""Answers to one window that latency is measured over."""


def promoted_checkpoint(runs: Path) -> Path:
    """What the newest comparison promoted. Raises DataError."""
    path = files.newest(runs, "compare", "results.json")
    if path is None:
        raise DataError(
            f"{runs}: there is no comparison yet; run the job compare first, or name a --checkpoint."
        )
    results = json.loads(path.read_text(encoding="utf-8"))
    if not results["promoted"]:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in results["reasons"].items())
        raise DataError(f"{path} promotes no training ({reasons}); nothing is exported.")
    return Path(results["trainings"][results["promoted"]]["checkpoint"])


def write(trained: Trained, example: torch.Tensor, path: Path) -> None:
    """The network as one file. Raises DataError."""
    try:
        import onnx
    except ImportError as error:
        raise DataError(
            "ONNX needs onnx and onnxruntime, which are not here: pip install 'trainui[onnx]'"
        ) from error
    axes = {"window": {0: "batch"}, "logits": {0: "batch"}}
    torch.onnx.export(
        trained.model,
        (example[:1],),
        str(path),
        input_names=["window"],
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(path))


def hold_against(trained: Trained, windows: torch.Tensor, path: Path) -> dict[str, float]:
    """How far onnxruntime's answers are from PyTorch's, and how long one window takes, ms. Raises DataError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        ours = trained.model(windows).numpy()
    theirs = np.concatenate([session.run(None, {"window": one[None].numpy()})[0] for one in windows])
    apart, same = float(np.abs(ours - theirs).max()), float((ours.argmax(1) == theirs.argmax(1)).mean())
    batch = session.run(None, {"window": windows[:4].numpy()})[0]
    apart = max(apart, float(np.abs(batch - ours[:4]).max()))
    if not apart < MOST_APART or same < 1:
        path.unlink()
        raise DataError(
            f"{path}: onnxruntime answers otherwise than PyTorch (by {apart:.2g}); it was not kept."
        )
    took = []
    one = windows[:1].numpy()
    for _ in range(TIMED):
        begun = time.perf_counter()
        session.run(None, {"window": one})
        took.append(1000 * (time.perf_counter() - begun))
    return {
        "onnx/max_delta": apart,
        "onnx/same_answer": 100 * same,
        "onnx/windows": len(windows),
        "onnx/latency_ms": float(np.median(took)),
        "onnx/latency_p95_ms": float(np.quantile(took, 0.95)),
        "onnx/megabytes": path.stat().st_size / 1e6,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.diarization.export_onnx", description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="the AMI folder whose held-out windows are answered")
    parser.add_argument("--checkpoint", default="", help="a best_model.pth; else the promoted one")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="")
    parser.add_argument("--windows", type=int, default=100, help="at most so many windows are compared")
    given = parser.parse_args(arguments)

    def work() -> None:
        run_dir = files.run_dir(given.run_dir, "export")
        run_dir.mkdir(parents=True, exist_ok=True)
        checkpoint = Path(given.checkpoint) if given.checkpoint else promoted_checkpoint(Path(given.runs_dir))
        trained = open_trained(checkpoint)
        audio, _, grid = of_meetings(open_ami(Path(given.real).expanduser()).val)
        picked = thinned(grid, given.windows)
        windows = trained.ear(gather(audio, picked, torch.arange(len(picked)))[0])
        path = run_dir / "model.onnx"
        write(trained, windows, path)
        numbers: dict[str, Any] = hold_against(trained, windows, path)
        report = Report(run_dir)
        size, apart = (numbers[f"onnx/{key}"] for key in ("megabytes", "max_delta"))
        report.say(f"{path}: {size:.1f} MB, at most {apart:.1e} from PyTorch on {len(picked)} windows")
        report.say(f"a window takes {numbers['onnx/latency_ms']:.2f} ms on one CPU thread")
        report.log(numbers, step=1, epoch=1)
        report.close()
        files.save_json(run_dir / "results.json", {"checkpoint": str(checkpoint), **numbers})

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
