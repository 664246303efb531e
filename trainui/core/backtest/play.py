"""Playing a tape to a judge: the points in their order, what was measured beside them, and the end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainui.core.backtest.tape import Tape, Told
from trainui.core.forecast import eta_seconds, progress
from trainui.core.gates import Judge, Place, Point, Verdict

PACE = 5.0
"""Seconds of the run between two readings of its meters, as a manager takes them."""
CLOCKED = frozenset({"@wall_h", "@cost_usd", "@eta_total_h", "@silent_s"})
"""Meters that follow from when points came, where nobody wrote down what was measured."""
NEVER = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A verdict that changed, and after how many of the run's points."""

    verdict: Verdict
    points: int


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
        self._tape = tape
        self._judge = judge
        self.changes: list[Change] = []
        self.metrics: set[str] = set()
        self._count = 0
        self._place = Place()
        self._started: float | None = None
        self._last_at: float | None = None
        self._meters = judge.measures & CLOCKED - self._read_live()
        self._meters_due = -NEVER if self._meters else NEVER

    def play(self) -> None:
        """The points, what was measured, the end."""
        self._play_points()
        told = self._tape.told()
        ended = told.ended_at
        if self._meters and ended is not None and not self._tape.is_live:
            self._read_meters(ended)
        if not self._tape.is_live:
            at = self._place.at if ended is None else ended
            self._note(self._judge.end(result=told.result, exit_code=told.exit_code, at=at))

    def _read_live(self) -> frozenset[str]:
        return frozenset(one.name for one in self._tape.readings if one.name.startswith("@"))

    def _play_points(self) -> None:
        """The hot loop: a million points pass here, and most of them nobody watches."""
        judge, feed, wanted = self._judge, self._judge.feed, dict[str, bool]()
        passed = False
        step: float = 0.0
        epoch: float | None = None
        at = 0.0
        for seq, metric, step, value, told_epoch, at in self._tape.rows():
            if told_epoch is not None:
                epoch = told_epoch
            if at >= self._meters_due:
                self._place, self._count = Place(step=step, epoch=epoch, at=at), seq
                self._read_meters(at)
            is_wanted = wanted.get(metric)
            if is_wanted is None:
                is_wanted = wanted[metric] = judge.wants(metric)
            if not is_wanted:
                passed = True
                continue
            if passed:
                judge.pass_by(Place(step=step, epoch=epoch, at=at))
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

    def _read_meters(self, at: float) -> None:
        """What the clock says, at most every few seconds of the run, and after each silence."""
        told = self._tape.told()
        self._started = told.started_at if self._started is None else self._started
        if self._started is None:
            return
        before = self._started if self._last_at is None else self._last_at
        values = self._clocked(at, told)
        if "@silent_s" in self._meters and at > before:
            values["@silent_s"] = at - before
        self._last_at = at
        self._meters_due = at + (0.0 if "@silent_s" in self._meters else PACE)
        if values:
            self._judge.pass_by(self._place)
            self._note(self._judge.meters(values, at=at))

    def _clocked(self, at: float, told: Told) -> dict[str, float]:
        seconds = max(0.0, at - (self._started or at))
        values = {"@wall_h": seconds / 3600}
        if told.usd is not None and told.seconds:
            values["@cost_usd"] = told.usd * seconds / told.seconds
        done = progress(
            step=self._place.step,
            epoch=self._place.epoch,
            total_steps=told.total_steps,
            total_epochs=told.total_epochs,
        )
        eta = eta_seconds(progress=done, seconds=seconds)
        if eta is not None:
            values["@eta_total_h"] = (seconds + eta) / 3600
        return {name: value for name, value in values.items() if name in self._meters}

    def _note(self, changed: list[Verdict]) -> None:
        self.changes += [Change(verdict=one, points=self._count) for one in changed]
