"""How people take turns and how wrong real diarization is: quantiles measured once, kept in statistics.toml.

The table came from VoxConverse dev's reference RTTM and the answer of a real system (VBx) to it:

    python -m jobs.boundary.data statistics --reference DIR --hypothesis FILE
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.boundary.rttm import Segment, changes, gaps, match, one_split, read_rttms
from jobs.training.errors import DataError

TABLE = Path(__file__).with_name("statistics.toml")
GAPS_FROM, GAPS_TO = -1.0, 1.5
"""Seconds: longer silences and overlaps are other situations, not turns."""
WORST_ERROR = 1.0
"""Seconds: a boundary farther off than this is a missed one, not an imprecise one."""
POINTS = 101
FEWEST = 30
"""Errors from which a distribution can be drawn at all."""

Array = np.ndarray
Segments = dict[str, list[Segment]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantiles:
    """A measured distribution, as evenly spaced quantiles in seconds."""

    values: tuple[float, ...]

    def at(self, chance: Array | float) -> Array:
        """The value below which `chance` (0 … 1) of the measurements lie."""
        return np.interp(chance, np.linspace(0, 1, len(self.values)), self.values)

    def draw(self, count: int, random: np.random.Generator) -> Array:
        """`count` independent values."""
        return self.at(random.random(count))

    def density(self, where: Array, *, width: float) -> Array:
        """How dense the values lie at each place, seen through a bell of `width` seconds; sums to one."""
        grains = self.at((np.arange(2000) + 0.5) / 2000)
        bells = np.exp(-0.5 * ((where[:, None] - grains[None, :]) / width) ** 2).sum(axis=1)
        return np.asarray(bells / bells.sum())


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """What conversations and diarization errors look like."""

    source: str
    gaps: Quantiles
    errors: Quantiles


def load(path: Path = TABLE) -> Statistics:
    """The table that ships with the job."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Statistics(
        source=table["source"],
        gaps=Quantiles(values=tuple(table["gaps"]["quantiles"])),
        errors=Quantiles(values=tuple(table["errors"]["quantiles"])),
    )


def errors_of(reference: Path, hypothesis: Path) -> Quantiles:
    """How wrong a given system is about given recordings. Raises DataError."""
    values = errors(*truth_and_answer(reference, hypothesis))
    if len(values) < FEWEST:
        raise DataError(
            f"{hypothesis} has {len(values)} speaker changes within {WORST_ERROR:g} s of one of {reference}'s, "
            f"and its errors are only known from {FEWEST} on: give more recordings."
        )
    return Quantiles(values=tuple(rounded(values)))


def truth_and_answer(reference: Path, hypothesis: Path) -> tuple[Segments, Segments]:
    """Both RTTMs. Raises DataError, also for dev and test in one folder."""
    one_split(reference)
    return read_rttms(reference), read_rttms(hypothesis)


def errors(truth: Segments, answer: Segments) -> Array:
    """reference − system, in seconds, of speaker changes matched within 2 s and at most WORST_ERROR apart."""
    found = [
        error
        for uri, segments in truth.items()
        for error in match(changes(segments), changes(answer.get(uri, [])), 2.0)
        if abs(error) <= WORST_ERROR
    ]
    return np.array(found)


def measure(reference: Path, hypothesis: Path) -> str:
    """The text of statistics.toml, from reference RTTM files and a system's answer to the same recordings."""
    truth, answer = truth_and_answer(reference, hypothesis)
    silences = np.array([gap for found in truth.values() for gap in gaps(found)])
    kept = silences[(silences > GAPS_FROM) & (silences < GAPS_TO)]
    wrong = errors(truth, answer)
    lines = [
        "# Measured, not made up; see statistics.py for the command.",
        f'source = "{reference.name}: {len(truth)} recordings; {hypothesis.name}"',
        "",
        "[gaps]",
        "# Seconds from one speaker's end to the next one's start (negative: they overlap).",
        f"count = {len(kept)}",
        f"overlapping = {np.mean(kept < -0.02):.3f}",
        f"quantiles = {rounded(kept)}",
        "",
        "[errors]",
        "# reference − system, seconds, of speaker changes matched within 2 s and at most 1 s apart.",
        f"count = {len(wrong)}",
        f"mean_absolute = {np.abs(wrong).mean():.4f}",
        f"median_absolute = {np.median(np.abs(wrong)):.4f}",
        f"quantiles = {rounded(wrong)}",
    ]
    return "\n".join(lines) + "\n"


def rounded(values: Array) -> list[float]:
    """Evenly spaced quantiles, to the tenth of a millisecond."""
    return [round(float(value), 4) for value in np.quantile(values, np.linspace(0, 1, POINTS))]
