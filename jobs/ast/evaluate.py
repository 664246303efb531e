"""Test a fine-tuned AST on clips that no training and no choice of a checkpoint has seen.

    python -m jobs.ast.evaluate --source /data/UrbanSound8K [--checkpoint best_model.pth] [--runs_dir runs]

Without --checkpoint: the best_model.pth of the newest run of each job; the figures of test/… are those of the best by
validation. Leaves results.json: accuracy, F1, mAP, the majority line, and each class's recall.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from jobs.ast.features import pictures
from jobs.ast.scoring import figures
from jobs.ast.settings import Settings
from jobs.ast.train import WHAT, answers, network, split_of
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report
from jobs.training.settings import settings_of

JOBS = ("ast_warmup", "ast_nowarmup", "ast_right_warmup")


def test(path: Path, source: str, tell: Any) -> tuple[dict[str, Any], Mapping[str, float]]:
    """Figures on the test side, and those of the validation that chose the checkpoint. Raises DataError."""
    state = files.load(path, WHAT)
    settings: Settings = settings_of(Settings, state)
    settings = replace(settings, source=source or settings.source)
    split = split_of(settings)
    clips = split.test or split.val
    if not split.test:
        tell("there are only two folds: tested on the one that was validated on, which flatters")
    model = network(settings, len(split.classes))
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        raise DataError(
            f"{path} is of {str(error).splitlines()[-1].strip()}: other classes than {source}."
        ) from error
    number = {name: place for place, name in enumerate(split.classes)}
    label = torch.tensor([number[clip.label] for clip in clips])
    logits = answers(model, pictures(clips, files.home() / "ast", tell))
    assert logits is not None
    said = logits.argmax(dim=1)
    recalls = {
        name: 100 * float((said[label == place] == place).double().mean())
        for name, place in number.items()
        if bool((label == place).any())
    }
    row: dict[str, Any] = {
        **figures(logits, label),
        "clips": len(clips),
        "recall": recalls,
        "checkpoint": str(path),
    }
    return row, state["figures"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.ast.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="", help="the clips; else where the training found them")
    parser.add_argument("--checkpoint", default="", help="a best_model.pth")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="")
    given = parser.parse_args(arguments)

    def work() -> None:
        one, runs = Path(given.checkpoint), Path(given.runs_dir)
        paths = {one.parent.name: one} if given.checkpoint else files.newest_of(runs, JOBS, "best_model.pth")
        run_dir = files.run_dir(given.run_dir, "eval")
        report = Report(run_dir)
        rows, chosen = {}, {}
        for name, path in paths.items():
            rows[name], chosen[name] = test(path, given.source, report.say)
            row = rows[name]
            report.say(
                f"{name:18} acc {row['acc']:6.2f} %  F1 macro {row['f1_macro']:6.2f} %  mAP {row['map']:6.2f} %"
                f"  (always one class: {row['majority']:.2f} %)"
            )
        best = max(rows, key=lambda name: chosen[name].get("val/acc", 0.0))
        report.say(f"best by validation: {best}")
        numbers = {f"{name}/acc": row["acc"] for name, row in rows.items()}
        numbers |= {
            f"test/{key}": rows[best][key] for key in ("acc", "f1_macro", "f1_weighted", "map", "majority")
        }
        report.log(numbers, step=1, epoch=1)
        report.close()
        files.save_json(run_dir / "results.json", {"best": best, "trainings": rows})

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
