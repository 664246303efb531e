"""What leaving every boundary where it is comes to: the figure that every refiner stands beside.

    python -m jobs.boundary.baseline --data demo
    python -m jobs.boundary.baseline --reference RTTM_DIR --hypothesis system.rttm     and the system's DER

Builds the examples if they are not there yet, so a training that starts after it starts at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from jobs.boundary import data, statistics
from jobs.boundary.decode import figures
from jobs.boundary.examples import Errors, Window
from jobs.boundary.judge import SEED, table
from jobs.boundary.rttm import read_rttms, read_uems
from jobs.boundary.scoring import score
from jobs.boundary.settings import Settings
from jobs.training.errors import DataError
from jobs.training.report import Report


def doing_nothing(folder: Path, split: str) -> dict[str, float]:
    """The figures of the unrefined boundaries of one split: how wrong a real system leaves them."""
    count = len(data.load(folder, split).time)
    errors = Errors(statistics.load().errors, Window(tokens=200, stride=2), 0.0)
    return figures(errors.draw(count, torch.Generator().manual_seed(SEED)))


def system(reference: Path, hypothesis: Path) -> dict[str, float]:
    """DER and boundary errors of a real system's RTTM."""
    parts = read_uems(reference) if reference.is_dir() else {}
    return score(read_rttms(reference), read_rttms(hypothesis), parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.baseline", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="full")
    parser.add_argument("--source", default="asterisk")
    parser.add_argument("--data_dir", "--data-dir", default="")
    parser.add_argument("--run_dir", "--run-dir", default="")
    parser.add_argument("--reference", default="", help="reference RTTM, a file or a folder (UEM beside it)")
    parser.add_argument("--hypothesis", default="", help="RTTM of a system for the same recordings")
    given = parser.parse_args(arguments)
    run_dir = Path(given.run_dir or os.environ.get("TRAINUI_RUN_DIR", "") or "runs/baseline-by-hand")
    run_dir.mkdir(parents=True, exist_ok=True)
    report = Report(run_dir)
    try:
        settings = Settings(data=given.data, source=given.source)
        folder = data.prepare(data.recipe_of(settings), given.data_dir)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    rows = {split: doing_nothing(folder, split) for split in ("val", "test")}
    numbers = {f"{split}/{name}": value for split, row in rows.items() for name, value in row.items()}
    report.say(table({f"do nothing ({split})": row for split, row in rows.items()}))
    if given.reference and given.hypothesis:
        found = system(Path(given.reference), Path(given.hypothesis))
        numbers |= {"der": found["der"]} | {f"system/{name}": value for name, value in found.items()}
        mae, recall = found.get("mae", float("nan")), found.get("recall", 0.0)
        report.say(
            f"the system: DER {found['der']:.2f} %, boundaries {mae:.1f} ms off ({recall:.0f} % found)"
        )
    report.log(numbers, step=1, epoch=1)
    report.close()
    (run_dir / "results.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
