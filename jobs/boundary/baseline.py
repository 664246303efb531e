"""What leaving every boundary where it is comes to: the figure that every refiner stands beside.

    python -m jobs.boundary.baseline --data demo
    python -m jobs.boundary.baseline --reference RTTM_DIR --hypothesis system.rttm     and the system's DER

Builds the examples if they are not there yet, so a training that starts after it starts at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from jobs.boundary import data, statistics
from jobs.boundary.decode import figures
from jobs.boundary.examples import Errors, Window
from jobs.boundary.judge import SEED, table
from jobs.boundary.rttm import one_split, read_conversations, read_rttms, write_rttm
from jobs.boundary.scoring import convention, oracle, read_pair, score
from jobs.boundary.settings import Settings
from jobs.boundary.system import diarized
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report


def doing_nothing(folder: Path, split: str) -> dict[str, float]:
    """The figures of the unrefined boundaries of one split: how wrong a real system leaves them."""
    count = len(data.load(folder, split).time)
    errors = Errors(statistics.load().errors, Window(tokens=200, stride=2), 0.0)
    return figures(errors.draw(count, torch.Generator().manual_seed(SEED)))


def system(reference: Path, hypothesis: Path) -> tuple[dict[str, float], str]:
    """DER and boundary errors of a real system's RTTM, and what to tell of them. Raises DataError."""
    truth, answer, parts = read_pair(reference, hypothesis)
    found = score(truth, answer, parts)
    best = score(truth, oracle(truth, answer), parts)["der"]
    split = one_split(reference) or reference.name
    mae, recall = found.get("mae", float("nan")), found.get("recall", 0.0)
    collar = score(truth, answer, parts, collar=0.25)["der"]
    kinder = score(truth, answer, parts, collar=0.25, skip_overlap=True)["der"]
    told = (
        f"the system on {split}: DER {found['der']:.2f} % ({convention()}), boundaries {mae:.1f} ms off "
        f"({recall:.0f} % found); perfect boundaries would leave {best:.2f} %\n"
        f"with ±0.25 s left out the same answer scores {collar:.2f} %, without "
        f"overlap {kinder:.2f} %: figures counted another "
        "way, or of another split, are no baseline"
    )
    return found | {"oracle": best}, told


def answered(given: argparse.Namespace, run_dir: Path) -> str:
    """The RTTM of the system: given, or made now by its own command. Raises DataError."""
    if not given.diarizen:
        return str(given.hypothesis)
    if not (given.audio and given.reference):
        raise DataError("--diarizen needs --audio, a folder of recordings, and --reference, their RTTM.")
    recordings = read_conversations(Path(given.audio), read_rttms(Path(given.reference)))
    if not recordings:
        raise DataError(f"{given.audio} has audio for no recording of {given.reference}.")
    write_rttm(run_dir / "system.rttm", diarized(given.diarizen, recordings, run_dir / "diarized"))
    return str(run_dir / "system.rttm")


def measure(given: argparse.Namespace, run_dir: Path) -> None:
    """The job: say and save what doing nothing and what the system come to. Raises DataError."""
    report = Report(run_dir)
    settings = Settings(data=given.data, source=given.source)
    folder = data.prepare(data.recipe_of(settings), given.data_dir)
    rows = {split: doing_nothing(folder, split) for split in ("val", "test")}
    numbers = {f"{split}/{name}": value for split, row in rows.items() for name, value in row.items()}
    report.say(table({f"do nothing ({split})": row for split, row in rows.items()}))
    hypothesis = answered(given, run_dir)
    if given.reference and hypothesis:
        found, told = system(Path(given.reference), Path(hypothesis))
        numbers |= {"der": found["der"]} | {f"system/{name}": value for name, value in found.items()}
        report.say(told)
    report.log(numbers, step=1, epoch=1)
    report.close()
    files.save_json(run_dir / "results.json", numbers)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.baseline", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="full")
    parser.add_argument("--source", default="asterisk")
    parser.add_argument("--data_dir", "--data-dir", default="")
    parser.add_argument("--run_dir", "--run-dir", default="")
    parser.add_argument("--reference", default="", help="reference RTTM, a file or a folder (UEM beside it)")
    parser.add_argument("--hypothesis", default="", help="RTTM of a system for the same recordings")
    parser.add_argument("--audio", default="", help="the recordings, for --diarizen")
    parser.add_argument("--diarizen", default="", help='a system to run on them: "command {audio} {out}"')
    given = parser.parse_args(arguments)
    run_dir = files.run_dir(given.run_dir, "baseline")
    return say_and_leave(lambda: measure(given, run_dir))


if __name__ == "__main__":
    raise SystemExit(main())
