"""Score every FastDiarizationModel training on the same held-out AMI meetings, and say which may be put to use.

    python -m jobs.diarization.compare --real /data/ami [--runs_dir runs]
    python -m jobs.diarization.compare --real /data/ami --checkpoint runs/ami-1/best_model.pth

Leaves results.json in the run directory: each training's figures beside the majority line, and `promoted`, the one
to put to use, or null with the reasons. Labels that were dealt out by speaker are never promoted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from jobs.diarization.corpora import open_ami
from jobs.diarization.scoring import figures, promoted
from jobs.diarization.settings import Settings
from jobs.diarization.train import WHAT, Cepstra, answers, network, thinned
from jobs.diarization.windows import of_meetings
from jobs.training import files
from jobs.training.errors import say_and_leave
from jobs.training.report import Report
from jobs.training.settings import settings_of

JOBS = ("librispeech", "splice", "ami")
MARGIN = 10.0
"""Points above the majority line that a training must reach to be put to use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A network as its best validation left it."""

    path: Path
    settings: Settings
    model: nn.Module
    ear: nn.Module
    figures: Mapping[str, float]
    """Of that validation."""


def open_trained(path: Path) -> Trained:
    """A checkpoint's network, ready to answer. Raises DataError."""
    state = files.load(path, WHAT)
    settings: Settings = settings_of(Settings, state)
    model = network(settings)
    model.load_state_dict(state["model"])
    ear = Cepstra() if settings.features == "mfcc" else nn.Identity()
    return Trained(path=path, settings=settings, model=model.eval(), ear=ear, figures=state["figures"])


def compare(paths: Mapping[str, Path], real: Path, windows: int, margin: float) -> dict[str, Any]:
    """Each training's figures on the same windows, and which may be put to use. Raises DataError."""
    meetings = open_ami(real)
    audio, _, grid = of_meetings(meetings.val)
    picked = thinned(grid, windows)
    rows: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for name, path in paths.items():
        trained = open_trained(path)
        answered = answers(trained.model, trained.ear, audio, picked, torch.device("cpu"))
        assert answered is not None
        row: dict[str, Any] = dict(figures(answered, picked.label))
        reasons[name] = promoted(row, trained.settings.label_mode, margin)
        own = {f"own_{key}": trained.figures.get(f"val/{key}") for key in ("acc", "balanced", "majority")}
        rows[name] = {**row, **own, "label_mode": trained.settings.label_mode, "checkpoint": str(path)}
    able = [name for name, reason in reasons.items() if not reason]
    best = max(able, key=lambda name: rows[name]["balanced"], default=None)
    return {
        "windows": len(picked),
        "majority": picked.majority,
        "margin": margin,
        "trainings": rows,
        "promoted": best,
        "reasons": {name: one for name, one in reasons.items() if one},
    }


def table(results: Mapping[str, Any]) -> str:
    """The results for people."""
    lines = [
        f"{'on the same AMI windows':24} {'acc':>8} {'balanced':>9} {'own val':>9} {'majority':>9}  labels"
    ]
    lines.append(f"{'always one answer':24} {results['majority']:6.2f} % {50:7.2f} %")
    for name, row in results["trainings"].items():
        own, most = (
            row[key] if row[key] is not None else float("nan") for key in ("own_acc", "own_majority")
        )
        lines.append(
            f"{name:24} {row['acc']:6.2f} % {row['balanced']:7.2f} % {own:7.2f} % {most:7.2f} %  "
            f"{row['label_mode']}"
        )
    lines += [f"{name} is not promoted: {reason}" for name, reason in results["reasons"].items()]
    lines.append(f"promoted: {results['promoted'] or 'none'}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.diarization.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="the AMI folder: audio, RTTM, UEM")
    parser.add_argument("--checkpoint", action="append", default=[], help="a best_model.pth; repeatable")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="", help="where results.json goes")
    parser.add_argument("--windows", type=int, default=1_000, help="at most so many windows")
    parser.add_argument("--margin", type=float, default=MARGIN, help="points above the majority line")
    given = parser.parse_args(arguments)

    def work() -> None:
        run_dir = files.run_dir(given.run_dir, "compare")
        named = {Path(one).parent.name: Path(one) for one in given.checkpoint}
        paths = named or files.newest_of(Path(given.runs_dir), JOBS, "best_model.pth")
        results = compare(paths, Path(given.real).expanduser(), given.windows, given.margin)
        report = Report(run_dir)
        report.say(table(results))
        numbers = {
            f"{name}/{key}": row[key]
            for name, row in results["trainings"].items()
            for key in ("acc", "balanced")
        }
        best = results["trainings"].get(results["promoted"])
        numbers |= {"best/acc": best["acc"], "best/balanced": best["balanced"]} if best else {}
        leader = max(row["acc"] for row in results["trainings"].values())
        numbers |= {"majority": results["majority"], "lead": leader - results["majority"]}
        report.log(numbers, step=1, epoch=1)
        report.close()
        files.save_json(run_dir / "results.json", results)

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
