"""Compare trained refiners with each other and with doing nothing, on speakers that none of them ever heard.

    python -m jobs.boundary.evaluate --model transformer --checkpoint best.pt
    python -m jobs.boundary.evaluate                       the newest best.pt of each job below runs/
    python -m jobs.boundary.evaluate --source PATH         other speech than the training's

Then the best one by validation is put to use (integrate.py); figures of the test choose nothing. It refines a
diarization of the test recordings, and the error rate (DER) is counted before and after, with that of a perfect refiner
beside. That diarization is the truth, displaced as a real system displaces it, unless --hypothesis names a real
system's RTTM. Leaves results.json in the run directory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from jobs.boundary import checkpoint
from jobs.boundary.checkpoint import Saved
from jobs.boundary.integrate import made_up, put_to_use
from jobs.boundary.judge import table
from jobs.boundary.rttm import read_rttms
from jobs.boundary.testing import test, test_recordings
from jobs.training import files
from jobs.training.errors import say_and_leave
from jobs.training.report import Report
from models.boundary import MODELS

Figures = dict[str, float]


def compare(given: argparse.Namespace, run_dir: Path) -> None:
    """Test every checkpoint, put the best to use, say and save what came out."""
    asked = MODELS if given.model == "all" else (given.model,)
    paths = {given.model: Path(given.checkpoint)}
    if not given.checkpoint:
        paths = files.newest_of(Path(given.runs_dir), asked, "best.pt")
    report = Report(run_dir)
    results: dict[str, Figures] = {}
    networks: dict[str, Saved] = {}
    nothing: Figures = {}
    for path in paths.values():
        saved = checkpoint.read(path)
        name = saved.settings.model
        report.say(f"{name}: {path}")
        networks[name] = saved
        results[name], nothing = test(saved, given.source, given.data_dir)
    best = min(networks, key=lambda name: networks[name].best)
    report.say("\n" + table({"do nothing": nothing, **results}) + "\n")
    numbers = {f"{name}/{key}": value for name, row in results.items() for key, value in row.items()}
    numbers |= {f"test/{key}": results[best][key] for key in ("mae", "median", "acc50", "acc100", "acc200")}
    numbers |= {f"test/{key}_zero": nothing[key] for key in ("mae", "median", "acc100")}
    rivals = [row["mae"] for name, row in results.items() if name != "transformer"]
    if rivals:
        numbers["rivals/mae"] = min(rivals)
    recordings = test_recordings(networks[best], given.source, given.data_dir)
    answers = read_rttms(Path(given.hypothesis)) if given.hypothesis else made_up(recordings)
    used = put_to_use(networks[best], recordings, answers, run_dir, real=bool(given.hypothesis))
    report.say(
        f"best: {best}, {results[best]['mae']:.1f} ms where doing nothing leaves {nothing['mae']:.1f} ms\n"
        f"put to use on {len(recordings)} recordings\n{used.told}"
    )
    report.log(numbers | used.numbers, step=1, epoch=1)
    report.close()
    results = {"do nothing": nothing, **results, "put to use": used.numbers}
    files.save_json(run_dir / "results.json", results)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["all", *MODELS], default="all")
    parser.add_argument("--checkpoint", default="", help="a best.pt; else the newest below --runs_dir")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="", help="where results.json goes")
    parser.add_argument("--source", default="", help="other speech than the training's")
    parser.add_argument("--hypothesis", default="", help="RTTM of a real system for the test recordings")
    parser.add_argument("--data_dir", "--data-dir", default="")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    run_dir = files.run_dir(given.run_dir, "evaluate")
    return say_and_leave(lambda: compare(given, run_dir))


if __name__ == "__main__":
    raise SystemExit(main())
