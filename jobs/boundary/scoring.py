"""Score a diarization against the truth: boundary errors and the diarization error rate (DER).

Both compare RTTM with RTTM, so the baseline of any system can be had without its audio:

    python -m jobs.boundary.scoring --reference DIR --hypothesis FILE [--collar 0.25] [--skip_overlap] [--perfect 0.5]

An error rate says nothing without its convention, so each is printed with it. The trap: of one and the same answer
(VBx on VoxConverse dev) it is 6.86 % with nothing left out, 3.44 % with 0.25 s around each boundary left out, and
1.14 % with overlapping speech left out too. A baseline scored one way and a target set the other is how a plan came to
ask for "4.52 % -> < 3 %" of a system whose error is 9.1 %.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from jobs.boundary.rttm import (
    Parts,
    Segment,
    boundaries,
    changes,
    match,
    one_split,
    pairs,
    read_rttms,
    read_uems,
)
from jobs.training.errors import DataError, say_and_leave

TOLERANCE = 2.0
"""Seconds within which a reference and a system's boundary can be the same one."""
ORACLE = 0.5
"""Seconds within which a perfect refiner puts every boundary right: what moves none farther can do no better."""
MODES = {"boundaries": boundaries, "changes": changes}
"""What is matched: every start and stop, or the middle between one speaker's segment and the next one's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Der:
    """Seconds of each kind of error, and of reference speech."""

    missed: float = 0.0
    false_alarm: float = 0.0
    confused: float = 0.0
    speech: float = 0.0

    def __add__(self, other: Der) -> Der:
        return Der(
            missed=self.missed + other.missed,
            false_alarm=self.false_alarm + other.false_alarm,
            confused=self.confused + other.confused,
            speech=self.speech + other.speech,
        )

    @property
    def percent(self) -> float:
        """The error rate in percent of the reference speech."""
        return 100 * (self.missed + self.false_alarm + self.confused) / max(self.speech, 1e-9)


def turnovers(segments: Sequence[Segment]) -> dict[str, list[tuple[float, int]]]:
    """For each speaker the moments at which the number of their open segments changes."""
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for segment in segments:
        found[segment.speaker] += [(segment.start, 1), (segment.stop, -1)]
    return found


def activity(segments: Sequence[Segment], edges: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Who speaks between which edges: names, and (speakers, edges − 1) counts.

    A count is above one where a speaker's own segments overlap: the field's scorer counts such speech twice."""
    moves = turnovers(segments)
    names = sorted(moves)
    active = np.zeros((len(names), len(edges)), dtype=np.int32)
    for row, name in enumerate(names):
        for time, change in moves[name]:
            active[row, np.searchsorted(edges, time)] += change
    return names, active.cumsum(axis=1)[:, :-1]


def convention(collar: float = 0.0, skip_overlap: bool = False) -> str:
    """How an error rate was counted, in the words that stand beside it."""
    edges = f"±{collar:g} s around reference boundaries left out" if collar else "no collar"
    return f"{edges}, overlapping speech {'left out' if skip_overlap else 'scored'}"


def der(
    reference: Sequence[Segment],
    hypothesis: Sequence[Segment],
    *,
    collar: float = 0.0,
    skip_overlap: bool = False,
    parts: Parts | None = None,
) -> Der:
    """The error of one recording; `collar` seconds on each side of a reference boundary do not count, and with
    `skip_overlap` nothing does where two people speak at once in the reference.

    `parts` are the annotated stretches; without them, from the first to the last segment of either.
    """
    times = [time for one in (*reference, *hypothesis) for time in (one.start, one.stop)]
    if not times:
        return Der()
    parts = parts or ((min(times), max(times)),)
    marks = [time for one in reference for time in (one.start, one.stop)] if collar else []
    around = [time + side for time in marks for side in (-collar, collar)]
    edges = np.unique(np.array([*times, *around, *(end for part in parts for end in part)]))
    length = np.diff(edges)
    middle = edges[:-1] + length / 2
    inside = [(middle > first) & (middle < last) for first, last in parts]
    length = np.where(np.any(inside, axis=0), length, 0.0)
    if marks:
        places = np.sort(np.array(marks))
        right = np.searchsorted(places, middle)
        near = np.minimum(
            np.abs(middle - places[np.clip(right - 1, 0, len(places) - 1)]),
            np.abs(middle - places[np.clip(right, 0, len(places) - 1)]),
        )
        length = np.where(near < collar, 0.0, length)
    _, truth = activity(reference, edges)
    if skip_overlap:
        length = np.where(truth.sum(axis=0) > 1, 0.0, length)
    _, answer = activity(hypothesis, edges)
    shared = (truth * length) @ answer.T.astype(float)
    rows, columns = linear_sum_assignment(-shared)
    correct = float((np.minimum(truth[rows], answer[columns]) * length).sum())
    spoken, claimed = truth.sum(axis=0), answer.sum(axis=0)
    return Der(
        missed=float((np.maximum(spoken - claimed, 0) * length).sum()),
        false_alarm=float((np.maximum(claimed - spoken, 0) * length).sum()),
        confused=float((np.minimum(spoken, claimed) * length).sum()) - correct,
        speech=float((spoken * length).sum()),
    )


def perfected(truth: Sequence[Segment], answer: Sequence[Segment], reach: float) -> list[Segment]:
    """The answer with every boundary that has a true one within `reach` seconds moved onto it.

    No refiner can do better, so what this leaves of the DER says what refining can be worth.
    """
    place = {h: r for r, h in pairs(boundaries(truth), boundaries(answer), reach)}
    moved = [
        Segment(place.get(round(s.start, 3), s.start), place.get(round(s.stop, 3), s.stop), s.speaker)
        for s in answer
    ]
    return sorted(segment for segment in moved if segment.stop > segment.start)


def oracle(
    truth: Mapping[str, Sequence[Segment]], answer: Mapping[str, Sequence[Segment]], reach: float = ORACLE
) -> dict[str, list[Segment]]:
    """The answers of a perfect refiner that sees `reach` seconds; recordings without truth are left out."""
    return {uri: perfected(truth[uri], found, reach) for uri, found in answer.items() if uri in truth}


def score(
    reference: Mapping[str, Sequence[Segment]],
    hypothesis: Mapping[str, Sequence[Segment]],
    parts: Mapping[str, Parts] | None = None,
    *,
    collar: float = 0.0,
    skip_overlap: bool = False,
    tolerance: float = TOLERANCE,
    mode: str = "boundaries",
) -> dict[str, float]:
    """All recordings of the reference together: DER by duration, and the errors of matched boundaries.

    mae, median, bias, deviation in ms; acc50 … acc500 in % of the matched; recall in %.
    """
    total, errors, asked = Der(), [], 0
    for uri, truth in reference.items():
        answer = hypothesis.get(uri, ())
        annotated = (parts or {}).get(uri)
        total += der(truth, answer, collar=collar, skip_overlap=skip_overlap, parts=annotated)
        moments = MODES[mode](truth)
        asked += len(moments)
        errors += match(moments, MODES[mode](answer), tolerance)
    speech = max(total.speech, 1e-9)
    numbers = {"der": total.percent, "missed": 100 * total.missed / speech}
    numbers |= {"false_alarm": 100 * total.false_alarm / speech, "confusion": 100 * total.confused / speech}
    numbers["speech_seconds"] = total.speech
    if errors:
        numbers |= off(np.array(errors)) | {"recall": 100 * len(errors) / asked}
        numbers |= {"matched": float(len(errors)), "asked": float(asked)}
    return numbers


def off(errors: np.ndarray) -> dict[str, float]:
    """Errors in seconds → mae, median, bias, deviation in ms and the shares within 50 … 500 ms in %."""
    wrong = np.asarray(errors) * 1000
    numbers = {"mae": float(np.abs(wrong).mean()), "median": float(np.median(np.abs(wrong)))}
    numbers |= {"bias": float(wrong.mean()), "deviation": float(wrong.std())}
    for limit in (50, 100, 200, 500):
        numbers[f"acc{limit}"] = 100 * float((np.abs(wrong) <= limit).mean())
    return numbers


def read_pair(
    reference: Path, hypothesis: Path
) -> tuple[dict[str, list[Segment]], dict[str, list[Segment]], dict[str, Parts]]:
    """Truth, a system's answer and the annotated parts (UEM below the reference). Raises DataError: files that cannot
    be read, dev and test together, or an answer about other recordings."""
    one_split(reference)
    truth, answer = read_rttms(reference), read_rttms(hypothesis)
    if not truth.keys() & answer.keys():
        raise DataError(
            f"{hypothesis} says nothing about any recording of {reference} (as {min(truth)}): expected RTTM of "
            "the same recordings."
        )
    return truth, answer, read_uems(reference) if reference.is_dir() else {}


def tell(given: argparse.Namespace) -> None:
    """Read, score, print. Raises DataError."""
    truth, answer, parts = read_pair(given.reference, given.hypothesis)
    unheard = len(truth.keys() - answer.keys())
    if unheard:
        print(
            f"{unheard} of {len(truth)} recordings have no answer: all their speech counts as missed",
            file=sys.stderr,
        )
    if given.perfect:
        answer = oracle(truth, answer, given.perfect)
    ways = {"collar": given.collar, "skip_overlap": given.skip_overlap}
    numbers = score(truth, answer, parts, **ways, tolerance=given.tolerance, mode=given.mode)
    print(f"DER with {convention(**ways)}; {given.mode} matched within {given.tolerance:g} s")
    for name, value in numbers.items():
        print(f"{name:14} {value:9.2f}")
    if given.skip_overlap:
        whole = score(truth, answer, parts, collar=given.collar)["der"]
        print(
            f"with overlapping speech scored it is {whole:.2f} %: compare only figures counted the same way"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.scoring", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--reference", type=Path, required=True, help="RTTM, a file or a folder (UEM below it)"
    )
    parser.add_argument("--hypothesis", type=Path, required=True, help="RTTM of a system, a file or a folder")
    parser.add_argument("--collar", type=float, default=0.0, help="seconds on each side of a boundary")
    parser.add_argument(
        "--skip_overlap",
        "--skip-overlap",
        action="store_true",
        help="leave out where two speak at once: a smaller figure, not a better system",
    )
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help="seconds within which boundaries match"
    )
    parser.add_argument("--mode", choices=[*MODES], default="boundaries", help="what is matched")
    parser.add_argument(
        "--perfect", type=float, default=0.0, help="first put boundaries this near to the truth in place"
    )
    given = parser.parse_args(arguments)
    return say_and_leave(lambda: tell(given))


if __name__ == "__main__":
    sys.exit(main())
