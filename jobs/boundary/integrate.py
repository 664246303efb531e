"""Put the best refiner to use: a system's diarization, refined, and its error rate before and after.

    python -m jobs.boundary.integrate --source DIR --hypothesis system.rttm      a real system's answer
    python -m jobs.boundary.integrate --source DIR --diarizen "command {audio} {out}"
    python -m jobs.boundary.integrate                                            the test recordings, displaced

With a real system's answer each boundary that has a true one within 2 s is followed: how far it was off, and how far it
is now. Networks that looked well on made-up errors did harm there, and only there could it be seen. Without one the
truth is displaced as a real system displaces it, and said to be.

Leaves system.rttm, refined.rttm and results.json in the run directory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.boundary import checkpoint, statistics
from jobs.boundary.checkpoint import Saved
from jobs.boundary.dialogue import read_audio
from jobs.boundary.refine import Refiner, settle
from jobs.boundary.rttm import (
    ALL,
    Conversation,
    Segment,
    boundaries,
    one_split,
    pairs,
    read_conversations,
    read_rttms,
    write_rttm,
)
from jobs.boundary.scoring import ORACLE, TOLERANCE, convention, off, oracle, score
from jobs.boundary.system import diarized
from jobs.boundary.testing import best_of, test_recordings
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report
from models.boundary import MODELS

Figures = dict[str, float]
Answers = dict[str, list[Segment]]
CONVENTIONS = ((0.0, False), (0.25, False), (0.25, True))
"""(collar, overlap left out): DiariZen's and pyannote's tables, VoxConverse's challenge, the one that flatters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What refining did to the answers for some recordings."""

    numbers: Figures
    told: str
    """The same for people: every error rate under its convention."""


def displaced(one: Conversation, random: np.random.Generator) -> list[Segment]:
    """The true segments, each boundary as wrong as a real system's; their order stays."""
    errors = statistics.load().errors.draw(2 * len(one.segments), random).reshape(-1, 2)
    wished = [
        Segment(max(0.0, s.start - float(a)), s.stop - float(b), s.speaker)
        for s, (a, b) in zip(one.segments, errors, strict=True)
    ]
    return settle(one.segments, wished)


def made_up(recordings: Sequence[Conversation]) -> Answers:
    """Every recording's truth, displaced; always the same."""
    random = np.random.default_rng(2024)
    return {one.uri: displaced(one, random) for one in recordings}


def followed(
    truth: Sequence[Segment], before: Sequence[Segment], after: Sequence[Segment]
) -> list[tuple[float, float]]:
    """Of each boundary of `before` that has a true one: how far it was off, and how far it is in `after`, in seconds.

    `after` are the same segments in the same order. The match is made once, before: refining cannot choose another.
    """
    true = {h: r for r, h in pairs(boundaries(truth), boundaries(before), TOLERANCE)}
    moved: dict[float, float] = {}
    for old, new in zip(before, after, strict=True):
        moved.setdefault(round(old.start, 3), new.start)
        moved.setdefault(round(old.stop, 3), new.stop)
    return [(true[place] - place, true[place] - moved[place]) for place in sorted(true)]


def put_to_use(
    saved: Saved, recordings: Sequence[Conversation], answers: Answers, run_dir: Path, *, real: bool
) -> Outcome:
    """Refine the answers; error rates and boundary errors before, after, and of a perfect refiner. Raises DataError."""
    refiner = Refiner(saved)
    before, after, errors = {}, {}, []
    for one in recordings:
        before[one.uri] = sorted(answers.get(one.uri, []))
        samples = read_audio(one.audio, refiner.rate)
        after[one.uri] = refiner.refine(samples, before[one.uri], one.parts)
        errors += followed(one.segments, before[one.uri], after[one.uri])
    write_rttm(run_dir / "system.rttm", before)
    write_rttm(run_dir / "refined.rttm", after)
    truth = {one.uri: one.segments for one in recordings}
    parts = {one.uri: one.parts for one in recordings if one.parts != ALL}
    rows = {"as it was": before, "refined": after, f"perfect within {ORACLE:g} s": oracle(truth, before)}
    lines, rates = [], {}
    for collar, skip in CONVENTIONS:
        lines.append(f"DER with {convention(collar, skip)}:")
        for name, answer in rows.items():
            rates[name, collar, skip] = score(truth, answer, parts, collar=collar, skip_overlap=skip)["der"]
            lines.append(f"  {name:22} {rates[name, collar, skip]:6.2f} %")
    names = dict(zip(("before", "after", "oracle"), rows, strict=True))
    numbers = {f"der/{key}": rates[name, 0.0, False] for key, name in names.items()}
    numbers |= {f"der/{key}_collar": rates[name, 0.25, False] for key, name in names.items()}
    if errors:
        was, now = (off(np.array(column)) for column in zip(*errors, strict=True))
        numbers |= {"system/mae": was["mae"], "refined/mae": now["mae"]}
        if real:
            numbers |= {f"real/{key}": now[key] for key in ("mae", "median", "bias", "acc50", "acc100")}
            numbers |= {f"real/{key}_zero": was[key] for key in ("mae", "median", "acc100")}
            numbers["real/matched"] = float(len(errors))
        whose = "a real system's" if real else "made-up"
        lines.append(
            f"{len(errors)} {whose} boundaries with a true one within {TOLERANCE:g} s: "
            f"{was['mae']:.1f} ms off as they were, {now['mae']:.1f} ms refined"
        )
    return Outcome(numbers=numbers, told="\n".join(lines))


def integrate(given: argparse.Namespace, run_dir: Path) -> None:
    """The job: choose the best network, get the answers, refine, say and save what came out. Raises DataError."""
    report = Report(run_dir)
    path = Path(given.checkpoint)
    if not given.checkpoint:
        path = best_of(files.newest_of(Path(given.runs_dir), MODELS, "best.pt"))
    saved = checkpoint.read(path)
    report.say(f"{saved.settings.model}: {path}")
    if given.source:
        one_split(Path(given.source))
        recordings = read_conversations(Path(given.source))
        if not recordings:
            raise DataError(f"{given.source} has no recording with both audio and RTTM.")
    else:
        recordings = test_recordings(saved, "", given.data_dir)
    if given.diarizen:
        answers = diarized(given.diarizen, recordings, run_dir / "diarized")
    elif given.hypothesis:
        answers = read_rttms(Path(given.hypothesis))
        if not answers.keys() & {one.uri for one in recordings}:
            raise DataError(f"{given.hypothesis} says nothing about any of the {len(recordings)} recordings.")
    else:
        answers = made_up(recordings)
        report.say(
            "no system was given (--diarizen or --hypothesis): the truth is displaced as a real system would"
        )
    found = put_to_use(saved, recordings, answers, run_dir, real=bool(given.diarizen or given.hypothesis))
    report.say(f"put to use on {len(recordings)} recordings\n{found.told}")
    report.log(found.numbers, step=1, epoch=1)
    report.close()
    files.save_json(run_dir / "results.json", found.numbers)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.integrate", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--checkpoint", default="", help="a best.pt; else the best of the newest below --runs_dir"
    )
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="", help="where results.json and the RTTM go")
    parser.add_argument(
        "--source", default="", help="recordings with reference RTTM; else the training's test split"
    )
    parser.add_argument("--hypothesis", default="", help="RTTM of a system for them")
    parser.add_argument("--diarizen", default="", help='a system to run on them: "command {audio} {out}"')
    parser.add_argument("--data_dir", "--data-dir", default="")
    given = parser.parse_args(arguments)
    run_dir = files.run_dir(given.run_dir, "integrate")
    return say_and_leave(lambda: integrate(given, run_dir))


if __name__ == "__main__":
    raise SystemExit(main())
