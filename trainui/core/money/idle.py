"""RULE: since when the machine costs while no live run makes progress, and when that is told. Pure.

Times are seconds of the boot clock, unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BUSY_GPU = 0.05
"""Of a GPU: who uses so much of it works."""
BUSY_CPU = 0.5
"""Cores: who uses so many and says something works."""
FULL_CPU = 0.9
"""Of all cores: then who says something works with whatever part of one it is given."""
CROWDED_CPU = 0.02
"""Cores: the least of such a part."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far a run had come at a look."""

    points: int = 0
    """All it ever logged."""
    step: float | None = None
    checkpoints: int = 0
    output: int = 0
    """Bytes."""
    is_paused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """A live run at a look."""

    run: str
    mark: Mark
    cpu: float | None = None
    """Cores in use; None: nobody knows."""
    gpu: float | None = None
    """0 to 1; None: nobody knows, or it has none."""
    is_crowded: bool = False
    """All cores are busy, and it may get less than it wants."""
    started: float | None = None
    """When its job began; None: it is about to."""
    is_sent_away: bool = False
    """It is being stopped because the machine stands idle: what it still does is no progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The time since something last made progress, within one boot."""

    boot_id: str
    since: float
    at: float
    """The same moment in Unix seconds; it names the stretch."""
    told: int = 0
    """How often people were told of it."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Run → its mark at the last look."""


def makes_progress(sight: Sight, before: Mark | None, *, boot: float, starting: float) -> bool:
    """Whether a run got on since the look `before` (None: there was none); `starting` seconds it may begin in."""
    mark = sight.mark
    if sight.is_sent_away or mark.is_paused:
        return False
    if sight.started is None or boot - sight.started < starting:
        return True
    if (sight.gpu or 0.0) >= BUSY_GPU:
        return True
    if before is None:
        return False
    if before.is_paused:
        return True  # somebody let it go on
    has_more = (mark.points, mark.step, mark.checkpoints) != (before.points, before.step, before.checkpoints)
    enough = CROWDED_CPU if sight.is_crowded else BUSY_CPU
    return has_more or (mark.output != before.output and (sight.cpu or 0.0) >= enough)


def looked(
    old: Stretch | None,
    sights: Sequence[Sight],
    *,
    boot: float,
    unix: float,
    boot_id: str,
    ended: float | None = None,
    in_use: bool = False,
    starting: float = 120.0,
) -> tuple[Stretch, list[str]]:
    """The stretch as it stands after a look, and the runs that made progress.

    `ended`: when a run last ended by itself, or by a person. `in_use`: something else makes use of the machine, or
    is about to. The first look of a boot begins a stretch: of what was before it, nobody knows.
    """
    marks = {sight.run: sight.mark for sight in sights}
    if old is None or old.boot_id != boot_id:
        return Stretch(boot_id=boot_id, since=boot, at=unix, marks=marks), []
    active = [
        sight.run
        for sight in sights
        if makes_progress(sight, old.marks.get(sight.run), boot=boot, starting=starting)
    ]
    since = boot if active or in_use else min(boot, max(old.since, ended or 0.0))
    if since == old.since:
        return Stretch(boot_id=boot_id, since=since, at=old.at, told=old.told, marks=marks), active
    return Stretch(boot_id=boot_id, since=since, at=unix - (boot - since), marks=marks), active


def tellings(seconds: float, first: float | None) -> int:
    """How often people should have been told of a stretch of `seconds`: after `first`, and at its doublings."""
    if first is None or seconds < first:
        return 0
    return max(1, int(seconds / max(first, 1.0)).bit_length())


def next_telling(told: int, first: float) -> float:
    """After how many seconds of a stretch people are told once more, when they were `told` so often."""
    return max(first, 1.0) * 2.0**told if told else first


def cost_of(seconds: float, rate: int) -> int:
    """Micro-dollars of a stretch at the present rate."""
    return round(rate * max(0.0, seconds) / 3600)


def duration(seconds: float) -> str:
    """`40 s`, `14 min`, `3.5 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


def why(sights: Sequence[Sight], waiting: Mapping[str, str]) -> str:
    """What the machine is left with: `r3 is live and made no step`. `waiting`: queued runs → what they wait for."""
    paused = [sight.run for sight in sights if sight.mark.is_paused]
    hung = [sight.run for sight in sights if not sight.mark.is_paused]
    parts = [f"{_names(hung)} live and made no step"] if hung else []
    parts += [f"{_names(paused)} paused"] if paused else []
    parts = parts or ["nothing runs"]
    if waiting:
        name, reason = next(iter(waiting.items()))
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        parts.append(f"{name}{more} waits for {reason}" if reason else f"{name}{more} waits")
    return ", and ".join(parts)


def _names(runs: Sequence[str]) -> str:
    shown = [*runs[:3], f"{len(runs) - 3} more"] if len(runs) > 3 else list(runs)
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
    return f"{listed} {'is' if len(runs) == 1 else 'are'}"
