"""Score a diarization against the truth: boundary errors and the diarization error rate (DER).

Both compare RTTM with RTTM, so the baseline of any system can be had without its audio:

    python -m jobs.boundary.scoring --reference DIR --hypothesis FILE [--collar 0.25] [--perfect 0.5]
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

from jobs.boundary.rttm import Segment, boundaries, match, pairs, read_rttms, read_uems

TOLERANCE = 2.0
"""Seconds within which a reference and a system's boundary can be the same one."""


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
    """Who speaks between which edges: names, and (speakers, edges − 1) booleans."""
    moves = turnovers(segments)
    names = sorted(moves)
    active = np.zeros((len(names), len(edges)), dtype=np.int32)
    for row, name in enumerate(names):
        for time, change in moves[name]:
            active[row, np.searchsorted(edges, time)] += change
    return names, (active.cumsum(axis=1) > 0)[:, :-1]


def der(
    reference: Sequence[Segment],
    hypothesis: Sequence[Segment],
    *,
    collar: float = 0.0,
    part: tuple[float, float] | None = None,
) -> Der:
    """The error of one recording; `collar` seconds on each side of a reference boundary do not count.

    `part` is the annotated part; without it, from the first to the last segment of either.
    """
    times = [time for one in (*reference, *hypothesis) for time in (one.start, one.stop)]
    if not times:
        return Der()
    first, last = part or (min(times), max(times))
    marks = [time for one in reference for time in (one.start, one.stop)] if collar else []
    around = [time + side for time in marks for side in (-collar, collar)]
    edges = np.unique(np.array([*times, *around, first, last]))
    length = np.diff(edges)
    middle = edges[:-1] + length / 2
    length = np.where((middle > first) & (middle < last), length, 0.0)
    if marks:
        places = np.sort(np.array(marks))
        right = np.searchsorted(places, middle)
        near = np.minimum(
            np.abs(middle - places[np.clip(right - 1, 0, len(places) - 1)]),
            np.abs(middle - places[np.clip(right, 0, len(places) - 1)]),
        )
        length = np.where(near < collar, 0.0, length)
    _, truth = activity(reference, edges)
    _, answer = activity(hypothesis, edges)
    shared = (truth * length) @ answer.T.astype(float)
    rows, columns = linear_sum_assignment(-shared)
    correct = float(shared[rows, columns].sum())
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


def score(
    reference: Mapping[str, Sequence[Segment]],
    hypothesis: Mapping[str, Sequence[Segment]],
    parts: Mapping[str, tuple[float, float]] | None = None,
    *,
    collar: float = 0.0,
) -> dict[str, float]:
    """All recordings of the reference together: DER by duration, and the errors of matched boundaries.

    mae, median, bias, deviation in ms; acc50 … acc500 in % of the matched; recall in %.
    """
    total, errors, asked = Der(), [], 0
    for uri, truth in reference.items():
        answer = hypothesis.get(uri, ())
        total += der(truth, answer, collar=collar, part=(parts or {}).get(uri))
        moments = boundaries(truth)
        asked += len(moments)
        errors += match(moments, boundaries(answer), TOLERANCE)
    off = np.array(errors) * 1000
    numbers = {"der": total.percent, "missed": 100 * total.missed / max(total.speech, 1e-9)}
    numbers["false_alarm"] = 100 * total.false_alarm / max(total.speech, 1e-9)
    numbers["confusion"] = 100 * total.confused / max(total.speech, 1e-9)
    if len(off):
        numbers |= {"mae": float(np.abs(off).mean()), "median": float(np.median(np.abs(off)))}
        numbers |= {"bias": float(off.mean()), "deviation": float(off.std())}
        for limit in (50, 100, 200, 500):
            numbers[f"acc{limit}"] = 100 * float((np.abs(off) <= limit).mean())
        numbers["recall"] = 100 * len(off) / asked
    return numbers


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.scoring", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--reference", type=Path, required=True, help="RTTM, a file or a folder (UEM beside it)"
    )
    parser.add_argument("--hypothesis", type=Path, required=True, help="RTTM of a system, a file or a folder")
    parser.add_argument("--collar", type=float, default=0.0, help="seconds on each side of a boundary")
    parser.add_argument(
        "--perfect", type=float, default=0.0, help="first put boundaries this near to the truth in place"
    )
    given = parser.parse_args(arguments)
    parts = read_uems(given.reference) if given.reference.is_dir() else {}
    truth, answer = read_rttms(given.reference), read_rttms(given.hypothesis)
    if given.perfect:
        answer = {
            uri: perfected(truth[uri], found, given.perfect) for uri, found in answer.items() if uri in truth
        }
    numbers = score(truth, answer, parts, collar=given.collar)
    for name, value in numbers.items():
        print(f"{name:12} {value:9.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
