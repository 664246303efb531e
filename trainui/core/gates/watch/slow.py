"""What the default watch sees slowly: a loss at chance, validation that turns, a run that is silent, an idle GPU."""

from __future__ import annotations

import math
import statistics
from collections import deque
from itertools import islice
from operator import sub

from trainui.core.gates.units import shown
from trainui.core.gates.verdict import Point, State
from trainui.core.gates.watch.detector import CHANCE, GPU_IDLE, OVERFIT, SILENT
from trainui.core.gates.watch.loss import Tell

CLOSE = 0.02
CHANCE_WARNS, CHANCE_TRIPS = 10, 20
"""Medians of five in a row that are so close to ln(classes)."""
EVALUATIONS, POINTS, EPOCHS, SHARE = 20, 100, 3.0, 0.10
"""When nothing learnt is late: of a validation loss so many evaluations; of a training loss a tenth of the run, where
its length is known, else so many epochs, else so many points."""

BY = 0.30
SIGMAS = 5.0
TO_SIGMA = 1.4826 / math.sqrt(2)
IN_A_ROW = 5
NOISE_OF = 10
PATIENCE = 9
"""A score still improves when its best is no older than so many of its evaluations."""

SILENT_WARNS, SILENT_TRIPS = (1200.0, 5.0), (3600.0, 10.0)
"""(Seconds at least, times the longest time between two points)."""
RHYTHM = 3
"""Pauses that make one: a run that has not had them may still be loading."""
A_PAUSE = 10.0
"""Seconds; what is shorter is a line after another."""
IDLE_WARNS, IDLE_TRIPS = 900.0, 1800.0
"""Seconds without any use of the GPU."""
IDLE = 1.0
"""Per cent of use that is none."""
LOOK_AGAIN = 120.0
"""Readings further apart than this many seconds say nothing of the time between them."""


class Chance:
    """Whether a loss is still where guessing would be."""

    def __init__(self, tell: Tell, classes: int) -> None:
        self._tell = tell
        self._level = math.log(classes)
        self._classes = classes
        self._streak: dict[str, int] = {}
        self.total_steps = 0.0
        self.total_epochs = 0.0

    def see(self, point: Point, middle: float, count: int, *, is_val: bool) -> None:
        """`middle`: the median of the newest five of `count` values."""
        if abs(middle - self._level) > CLOSE * self._level or count < MEDIAN_KNOWN:
            if self._streak.get(point.metric):
                self._streak[point.metric] = 0
                self._tell(CHANCE, point, State.OK, f"{point.metric} left chance, at {shown(middle)}", ())
            return
        streak = self._streak[point.metric] = self._streak.get(point.metric, 0) + 1
        if streak >= CHANCE_WARNS and self._is_late(point, count, is_val=is_val):
            state = State.TRIPPED if streak >= CHANCE_TRIPS else State.WARN
            reason = (
                f"{point.metric} is {shown(middle)}, what guessing among {self._classes} gives"
                f" ({shown(self._level)}), after {count} values"
            )
            self._tell(CHANCE, point, state, reason, ())

    def foresees(self, metric: str, values: list[float]) -> bool:
        """Whether no median of these is at chance, nor was the last."""
        margin = CLOSE * self._level
        is_off = min(values) - self._level > margin or self._level - max(values) > margin
        return is_off and not self._streak.get(metric)

    def _is_late(self, point: Point, count: int, *, is_val: bool) -> bool:
        if count < EVALUATIONS:
            return False
        if is_val:
            return True
        if self.total_steps:
            return point.step >= SHARE * self.total_steps
        if point.epoch is not None:
            return point.epoch >= (SHARE * self.total_epochs or EPOCHS)
        return count >= POINTS


MEDIAN_KNOWN = 5


class Overfit:
    """One validation loss beside the training loss. It only ever warns: a loss may rise while what counts improves."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._newest: deque[float] = deque(maxlen=3)
        self._steps: deque[float] = deque(maxlen=NOISE_OF)
        self._last = math.nan
        self._best = math.inf
        self._train_then = math.nan
        self._streak = 0

    def see(self, point: Point, train: float, *, improves: bool) -> None:
        """`train`: the training loss now (NaN: unknown); `improves`: whether a score got better of late."""
        value = point.value
        if value - value != 0:
            return
        if self._last == self._last:
            self._steps.append(abs(value - self._last))
        self._last = value
        self._newest.append(value)
        now = statistics.median(self._newest)
        if now <= self._best or not self._best > 0:
            self._best, self._train_then = now, train
            self._turn(point, State.OK, now)
            return
        noise = TO_SIGMA * statistics.median(self._steps)
        turned = now - self._best > max(BY * self._best, SIGMAS * noise) and train < self._train_then
        self._streak = self._streak + 1 if turned and not improves else 0
        self._turn(point, State.WARN if self._streak >= IN_A_ROW else State.OK, now)

    def _turn(self, point: Point, state: State, now: float) -> None:
        if state is State.OK:
            self._streak = 0 if now <= self._best else self._streak
            self._tell(OVERFIT, point, state, f"{point.metric} is {shown(now)} again", tuple(self._newest))
            return
        more = 100 * (now - self._best) / self._best
        reason = f"{point.metric} is {more:.3g} % worse than its best of {shown(self._best)} while training improves"
        self._tell(OVERFIT, point, state, reason, tuple(self._newest))


class Improving:
    """Whether any score, or the primary metric, got better of late."""

    def __init__(self) -> None:
        self._best: dict[str, float] = {}
        self._since: dict[str, int] = {}

    def see(self, metric: str, value: float, *, falls: bool) -> None:
        """Take in a value of a score; `falls`: lower is better."""
        value = -value if falls else value
        if value > self._best.get(metric, -math.inf):
            self._best[metric], self._since[metric] = value, 0
        else:
            self._since[metric] = self._since.get(metric, 0) + 1

    def take(self, metric: str, values: list[float], *, falls: bool) -> None:
        """Take in finite values, as `see` would one by one."""
        best = min(values) if falls else max(values)
        self._since[metric] = self._since.get(metric, 0) + values.index(best)
        self.see(metric, best, falls=falls)
        self._since[metric] += len(values) - 1 - values.index(best)

    def lately(self) -> bool:
        """Whether one did."""
        return any(since <= PATIENCE for since in self._since.values())


class Rhythm:
    """How long the run is used to say nothing, and how long it has now; and whether its GPU works."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._longest = 0.0
        self._gaps = 0
        self._silent = 0.0
        self._last = math.nan
        self._idle_since = math.nan
        self._looked = math.nan

    def begin_again(self) -> None:
        """The time between two runs is no silence of either."""
        self._last = self._idle_since = self._looked = math.nan
        self._silent = 0.0

    def point(self, at: float) -> None:
        """A point came, at Unix seconds."""
        gap = at - self._last
        if gap > 0:
            self._gaps += 1
            if gap > self._longest:
                self._longest = gap
        self._last = at

    def points(self, ats: list[float]) -> None:
        """Points came, each no earlier than the one before."""
        self.point(ats[0])
        gaps = list(map(sub, islice(ats, 1, None), ats))
        self._gaps += len(gaps) - gaps.count(0.0)
        self._longest = max([self._longest, *gaps])
        self._last = ats[-1]

    def silent(self, point: Point) -> None:
        """`point.value`: seconds since anything was written."""
        if point.value < self._silent and self._silent >= A_PAUSE:
            self._gaps += 1
            self._longest = max(self._longest, self._silent)
        self._silent = point.value
        if self._gaps < RHYTHM:
            return
        state = State.OK
        for bound, (least, times) in ((State.WARN, SILENT_WARNS), (State.TRIPPED, SILENT_TRIPS)):
            if point.value > max(least, times * self._longest):
                state = bound
        used = f", {point.value / self._longest:.3g} times its longest gap" if self._longest else ""
        reason = (
            f"nothing written for {point.value / 60:.0f} min{used}"
            if state is not State.OK
            else "writes again"
        )
        self._tell(SILENT, point, state, reason, ())

    def idle(self, point: Point) -> None:
        """`point.value`: per cent of use of the GPUs the run holds."""
        if point.value >= IDLE or not point.at - self._looked <= LOOK_AGAIN:
            self._idle_since = math.nan if point.value >= IDLE else point.at
        self._looked = point.at
        seconds = point.at - self._idle_since
        state = State.TRIPPED if seconds >= IDLE_TRIPS else State.WARN if seconds >= IDLE_WARNS else State.OK
        reason = (
            f"its GPU did nothing for {seconds / 60:.0f} min"
            if state is not State.OK
            else "its GPU works again"
        )
        self._tell(GPU_IDLE, point, state, reason, ())
