"""How people take turns and how wrong real diarization is: quantiles measured once, kept in statistics.toml.

The table came from VoxConverse dev's reference RTTM and the answer of a real system (VBx) to it:

    python -m jobs.boundary.data statistics --reference DIR --hypothesis FILE
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.boundary.rttm import changes, gaps, match, read_rttms

TABLE = Path(__file__).with_name("statistics.toml")
GAPS_FROM, GAPS_TO = -1.0, 1.5
"""Seconds: longer silences and overlaps are other situations, not turns."""
WORST_ERROR = 1.0
"""Seconds: a boundary farther off than this is a missed one, not an imprecise one."""
POINTS = 101

Array = np.ndarray


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


def measure(reference: Path, hypothesis: Path) -> str:
    """The text of statistics.toml, from reference RTTM files and a system's answer to the same recordings."""
    truth, answer = read_rttms(reference), read_rttms(hypothesis)
    silences = np.array([gap for found in truth.values() for gap in gaps(found)])
    kept = silences[(silences > GAPS_FROM) & (silences < GAPS_TO)]
    errors = np.array(
        [
            error
            for uri, found in truth.items()
            for error in match(changes(found), changes(answer.get(uri, [])), 2.0)
            if abs(error) <= WORST_ERROR
        ]
    )
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
        f"count = {len(errors)}",
        f"mean_absolute = {np.abs(errors).mean():.4f}",
        f"median_absolute = {np.median(np.abs(errors)):.4f}",
        f"quantiles = {rounded(errors)}",
    ]
    return "\n".join(lines) + "\n"


def rounded(values: Array) -> list[float]:
    """Evenly spaced quantiles, to the tenth of a millisecond."""
    return [round(float(value), 4) for value in np.quantile(values, np.linspace(0, 1, POINTS))]
