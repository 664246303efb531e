"""Playing a tape to a judge: the points in their order, what else it was told between them, and the end."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trainui.core.backtest.tape import Line, Tape, Told
from trainui.core.forecast import eta_seconds, progress
from trainui.core.gates import Judge, Notice, Place, Point, Verdict
from trainui.core.judging.retelling import tell

PACE = 5.0
"""Seconds of the run between two readings of its meters, as a manager takes them."""
RECKONED = frozenset(
    {"@wall_h", "@cost_usd", "@eta_total_h", "@silent_s", "@total_steps", "@total_epochs"}
    | {"@gpu_util", "@gpu_mem_gb", "@host_mem_gb"}
)
"""Meters that can be told afterwards, where nobody wrote down what they read."""
NEVER = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A verdict that changed, and after how many of the run's points."""

    verdict: Verdict
    points: int
    is_across: bool = False
    """Of a study: what is to be done about it stands in the verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What came of a tape: every change of a verdict in its order, and what the run wrote."""

    changes: tuple[Change, ...]
    metrics: frozenset[str]


def play(tape: Tape, judge: Judge) -> Played:
    """Play a whole run. A live run is played as far as it has come."""
    player = _Player(tape, judge)
    player.play()
    return Played(changes=tuple(player.changes), metrics=frozenset(player.metrics))


class _Player:
    """One tape being played to one judge."""

    def __init__(self, tape: Tape, judge: Judge) -> None:
        self.changes: list[Change] = []
        self.metrics: set[str] = set()
        self._tape = tape
        self._judge = judge
        self._count = 0
        self._place = Place()
        self._started: float | None = None
        hears_as_then = _covers(tape.looked_for, judge.looks_for)
        kinds = ("meter", "answer", "stop", "files", *(("line", "output") if hears_as_then else ()))
        known = judge.current()
        self._readings = deque(
            one for one in tape.readings if one.kind in kinds and (one.kind != "answer" or one.name in known)
        )
        self._lines: deque[Line] = deque()
        if judge.looks_for and not hears_as_then:
            self._lines = tape.listen(judge.looks_for)
        self._meters = (RECKONED & judge.measures) - tape.measured
        needs_clock = self._meters or (judge.waits_for_time and not tape.readings)
        self._meters_due = -NEVER if needs_clock else NEVER

    def play(self) -> None:
        """What came before it, the points with what was told between them, the end."""
        self._play_points()
        told = self._tape.told()
        self._tell_readings(NEVER)
        self._tell_lines(NEVER)
        if self._tape.is_live:
            return
        ended = told.ended_at
        if self._meters_due < NEVER and ended is not None:
            self._read_meters(ended, silent=ended - self._place.at if self._place.at else 0.0)
        at = self._place.at if ended is None else ended
        self._note(self._judge.end(result=told.result, exit_code=told.exit_code, at=at))

    def _play_points(self) -> None:
        """The hot loop: a million points pass here, and most of them nobody watches."""
        judge, feed, wanted = self._judge, self._judge.feed, dict[str, bool]()
        lines, between = self._lines, self._next_between()
        passed, begun = False, self._tape.before is None
        long = PACE if self._meters_due < NEVER else NEVER
        gone: tuple[float, float | None, float] = (0.0, None, 0.0)
        step: float = 0.0
        epoch: float | None = None
        at = 0.0
        for seq, metric, step, value, told_epoch, now in self._tape.rows():
            if told_epoch is not None:
                epoch = told_epoch
            if seq > between or (lines and lines[0].seq < seq):
                self._count = seq
                if passed:
                    judge.pass_by(Place(step=gone[0], epoch=gone[1], at=gone[2]))
                    passed = False
                self._tell_readings(seq)
                self._tell_lines(seq)
                between = self._next_between()
            if now >= self._meters_due or now - at >= long:
                self._place, self._count = Place(step=step, epoch=epoch, at=now), seq
                self._read_meters(now, silent=now - at if at else 0.0)
            at = now
            is_wanted = wanted.get(metric)
            if is_wanted is None:
                is_wanted = wanted[metric] = judge.wants(metric)
            if not is_wanted:
                passed, gone = True, (step, epoch, at)
                continue
            if not begun:
                begun = True
                self._play_past(step)
            if passed:
                judge.pass_by(Place(step=gone[0], epoch=gone[1], at=gone[2]))
                passed = False
            changed = feed(Point(metric=metric, step=step, value=value, epoch=told_epoch, at=at))
            if changed:
                self._count = seq + 1
                self._note(changed)
        self.metrics.update(wanted)
        self._place = Place(step=step, epoch=epoch, at=at)
        self._count = max(self._count, self._tape.told().points)
        if passed:
            judge.pass_by(self._place)

    def _play_past(self, begun: float) -> None:
        """What a run that goes on from others has behind it when it begins."""
        assert self._tape.before is not None
        for _, metric, step, value, epoch, at in self._tape.before(begun):
            if self._judge.wants(metric):
                self._judge.feed(Point(metric=metric, step=step, value=value, epoch=epoch, at=at))
            else:
                self._judge.pass_by(Place(step=step, epoch=epoch, at=at))
        self._judge.begin_again()

    def _next_between(self) -> float:
        """The number of the newest point before the next reading."""
        return self._readings[0].seq if self._readings else NEVER

    def _tell_readings(self, seq: float) -> None:
        """What the judge was told then, up to the point numbered `seq`."""
        while self._readings and self._readings[0].seq < seq:
            self._note(tell(self._judge, self._readings.popleft()))

    def _tell_lines(self, seq: float) -> None:
        while self._lines and self._lines[0].seq < seq:
            line = self._lines.popleft()
            self._note(self._judge.notice(Notice(kind=line.kind, text=line.text, at=line.at)))

    def _read_meters(self, at: float, *, silent: float) -> None:
        """What the clock says, every few seconds of the run and after each longer silence."""
        told = self._tape.told()
        self._started = told.started_at if self._started is None else self._started
        if self._started is None:
            return
        values = self._reckoned(at, told)
        if "@silent_s" in self._meters:
            values["@silent_s"] = max(0.0, silent)
        self._meters_due = at + PACE
        self._judge.pass_by(self._place)
        self._note(self._judge.meters(values, at=at))

    def _reckoned(self, at: float, told: Told) -> dict[str, float]:
        seconds = max(0.0, at - (self._started or at))
        done = progress(
            step=self._place.step,
            epoch=self._place.epoch,
            total_steps=told.total_steps,
            total_epochs=told.total_epochs,
        )
        eta = eta_seconds(progress=done, seconds=seconds)
        used = self._tape.used(at)
        values = {
            "@wall_h": seconds / 3600,
            "@cost_usd": None if told.usd is None or not told.seconds else told.usd * seconds / told.seconds,
            "@eta_total_h": None if eta is None else (seconds + eta) / 3600,
            "@total_steps": told.total_steps,
            "@total_epochs": told.total_epochs,
            **used,
        }
        return {name: value for name, value in values.items() if value is not None and name in self._meters}

    def _note(self, changed: Sequence[Verdict]) -> None:
        self.changes += [Change(verdict=one, points=self._count) for one in changed]


def _covers(then: Collection[str], now: Sequence[re.Pattern[str]]) -> bool:
    """Whether the run's own judge listened for all that is looked for now, so that what it heard is enough."""
    return all(one.pattern in then for one in now)
