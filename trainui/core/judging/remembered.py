"""The judge of one run and the store it is remembered in: whatever it is told is written down in the same transaction.

A judge that is made anew is told the same again in the same order, so it stands where the last one stood.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from trainui.core.gates import Gate, Judge, Notice, Pace, Point, State, Verdict
from trainui.core.judging.hearing import one_of
from trainui.core.judging.retelling import (
    answer_reading,
    meter_reading,
    meters_of,
    notice_reading,
    retell,
    tell,
)
from trainui.core.store.history import exit_code_of
from trainui.core.store.lineage import told_before
from trainui.core.store.readings import Reading, readings_of, write_reading
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import Added
from trainui.core.store.verdicts import write_gates, write_unjudged, write_verdict

OFTEN = 4.5
"""Seconds between two looks at the meters, at least."""
SELDOM = 60.0
"""Seconds after which meters are told again though they stand still: some gates wait for time to pass."""
MOVED = 1e-3
"""Share by which a meter must have moved to be told of before that: so that a day of them weighs 3 MB at most."""
MOST_LINES = 500
"""Printed lines that are told of those one pattern matches; who prints more of them has said it."""


class Judging:
    """What the gates of a run say, and its memory. After a failed transaction, throw it away: see `is_stale`."""

    def __init__(self, db: sqlite3.Connection, run: RunRow, *, count: Callable[[], int]) -> None:
        """`count`: how many points of the run are written."""
        self.gates, self._problems = run.spec.readable_gates()
        self.is_stale = False
        """Whether the judge knows what the store does not."""
        self._db = db
        self._run = run
        self._runs = RunWriter(db)
        self._count = count
        self._written: dict[str, tuple[State, float | None, str]] = {}
        self._told: dict[str, float] = {}
        self._told_at = -math.inf
        self._patterns: Sequence[re.Pattern[str]] = ()
        self._combined: Sequence[re.Pattern[str]] = ()
        self._heard: Counter[str] = Counter()
        self._said: set[str] = set()
        self._hinted: set[str] = set()
        self._pace = Pace()
        self._judge = self._anew()

    def wants(self, metric: str) -> bool:
        """Whether the points of a metric are judged."""
        return self._judge.wants(metric)

    @property
    def looks_for(self) -> Sequence[re.Pattern[str]]:
        """What printed lines are to be held against now; not what MOST_LINES have matched."""
        found = self._heard
        patterns = tuple(one for one in self._judge.looks_for if found[one.pattern] < MOST_LINES)
        if patterns != self._patterns:
            self._patterns, self._combined = patterns, one_of(patterns)
        return self._combined

    @property
    def globs(self) -> Sequence[str]:
        """The files that are to be counted now."""
        return self._judge.globs

    def register(self) -> None:
        """Write the gates down before the run starts. Call inside a transaction. Raises SpecError."""
        self._run.spec.gates()
        write_gates(self._db, self._run.name, self.gates)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One in which the judge is told something: when it fails, the judge is ahead of the store."""
        self.is_stale = True
        with atomic(self._db):
            yield
        self.is_stale = False

    def points(self, added: Added, notices: Sequence[tuple[int, Notice]] = ()) -> list[Verdict]:
        """Take in a batch, with the notices of its lines, each with the number of the newest point before it.

        Call inside the transaction that writes the batch; returns the verdicts that changed, written.
        """
        if any(map(self.wants, added.overruled)):
            return self._judge_again(notices)
        changed: list[Verdict] = []
        waiting = list(notices)
        told = added.told
        if not self._has_begun and told.lines:
            self._begin(added.points[0])
        if not waiting:
            changed += self._pace.feed(self._judge, told)
        for seq, point in told.numbered(0, told.lines) if waiting else ():
            while waiting and waiting[0][0] < seq:
                changed += self._notice(*waiting.pop(0))
            changed += self._judge.feed(point)
        for seq, notice in waiting:
            changed += self._notice(seq, notice)
        if added.curve_place is not None:
            self._judge.pass_by(added.curve_place)
        self._write(changed)
        self._tell_passed_over()
        return changed

    def meters(self, values: Mapping[str, float], *, now: float) -> list[Verdict]:
        """Judge the meters that a gate watches; the verdicts that changed, committed. `now` is Unix seconds."""
        wanted = self._judge.measures
        values = {name: value for name, value in values.items() if name in wanted}
        if not self._is_news(values, now):
            return []
        self._told, self._told_at = dict(values), now
        place = self._judge.place
        told = meter_reading(values, seq=self._newest(), step=place.step, epoch=place.epoch, at=now)
        return self._commit(told)

    def notice(self, notice: Notice) -> list[Verdict]:
        """Tell the judge what is no number; the verdicts that changed, committed."""
        return self._commit(notice_reading(self._here(notice), seq=self._newest()))

    def listens(self, *, now: float) -> list[Verdict]:
        """Tell the judge, once, that what the run prints is looked at; the verdicts that changed, committed."""
        return self._once(Notice(kind="output", at=now))

    def told_to_stop(self, who: str, *, now: float) -> list[Verdict]:
        """Tell the judge, once, that somebody asked the run to stop; the verdicts that changed, committed."""
        return self._once(Notice(kind="stop", text=who, at=now))

    def _once(self, notice: Notice) -> list[Verdict]:
        if notice.kind in self._said:
            return []
        self._said.add(notice.kind)
        return self.notice(notice) if self._judge.hears else []

    def answer(self, gate: str, is_yes: bool, *, who: str, note: str, now: float) -> list[Verdict]:
        """Take somebody's answer; the verdicts that changed, committed. Raises as `Judge.answer` does."""
        return self._commit(answer_reading(gate, is_yes, who=who, note=note, seq=self._newest(), at=now))

    def end(
        self, *, result: str, exit_code: int | None, now: float, meters: Mapping[str, float] | None = None
    ) -> list[Verdict]:
        """The run ended: no gate stays pending. Call inside a transaction, and then throw this away. `meters`: what
        they read then, for a short run may have been looked at never."""
        self.is_stale = True
        changed: list[Verdict] = []
        values = {name: value for name, value in (meters or {}).items() if name in self._judge.measures}
        if values:
            place = self._judge.place
            last = meter_reading(values, seq=self._newest(), step=place.step, epoch=place.epoch, at=now)
            write_reading(self._db, self._run.name, last)
            changed += tell(self._judge, last)
        changed += self._judge.end(result=result, exit_code=exit_code, at=now)
        self._write(changed)
        return changed

    def close(self, *, at: float) -> None:
        """The run had ended before this was made: the judge is told so, and nothing is written."""
        code = exit_code_of(self._db, self._run.name)
        self._judge.end(result=str(self._run.result), exit_code=code, at=at)
        self._written = {
            name: (one.state, one.value, one.reason) for name, one in self._judge.current().items()
        }

    def _anew(self) -> Judge:
        """A judge brought to where the store says it stood; what it decides again was decided before."""
        self._has_begun = self._run.parent is None
        watch = self._run.spec.default_watch()
        self._judge = Judge(self.gates, watch=watch)
        if self.gates or watch.is_on:
            rows = self._runs.points_in_order(self._run.name)
            readings = list(readings_of(self._db, self._run.name))
            self._heard.clear()
            for line in (one.text for one in readings if one.kind == "line"):
                self._is_news_to_them(line)
            self._said = {one.kind for one in readings}
            last = next((one for one in reversed(readings) if one.kind == "meter"), None)
            if last is not None:
                self._told, self._told_at = meters_of(last), last.at
            for _ in retell(self._judge, rows, readings, begin=self._begin):
                pass
        return self._judge

    def _begin(self, first: Point) -> None:
        """Before the first point of a run that goes on where another stopped: what lies behind it is remembered."""
        if self._has_begun:
            return
        self._has_begun = True
        for run, until in told_before(self._db, self._run.name, first.step):
            rows = (row for row in self._runs.points_in_order(run) if row[1] < until)
            for _ in retell(self._judge, rows, ()):
                pass
        self._judge.begin_again()

    def _judge_again(self, notices: Sequence[tuple[int, Notice]]) -> list[Verdict]:
        """A better source of a metric has appeared: it is the curve from its beginning on, and so it is judged."""
        for seq, notice in (one for one in notices if self._is_news_to_them(one[1].text)):
            write_reading(self._db, self._run.name, notice_reading(self._here(notice), seq=seq))
        before = self._judge.current()
        after = self._anew().current()
        changed = [
            self._acting(one)
            for name, one in after.items()
            if name not in before or one.state is not before[name].state
        ]
        self._write(changed)
        return changed

    def _acting(self, verdict: Verdict) -> Verdict:
        gate = next(one for one in self.all_gates() if one.id == verdict.gate)
        return replace(verdict, actions=gate.actions.get(verdict.state, ()))

    def all_gates(self) -> list[Gate]:
        """Those of the spec, and detectors of the default watch that have ever left ok."""
        return [*self.gates, *self._judge.unwritten.values()]

    def _tell_passed_over(self) -> None:
        """Say once which of several names of a metric the gates read."""
        for name, (used, other) in self._judge.passed_over.items():
            text = f"gates read {used} as {name}, since it came first; the run writes {other} too"
            if name not in self._hinted and not self._runs.was_told(self._run.name, "gate", text):
                self._runs.event(self._run.name, "gate", text, at=self._judge.place.at)
            self._hinted.add(name)

    def _notice(self, seq: int, notice: Notice) -> list[Verdict]:
        if not self._is_news_to_them(notice.text):
            return []
        told = notice_reading(self._here(notice), seq=seq)
        write_reading(self._db, self._run.name, told)
        return tell(self._judge, told)

    def _is_news_to_them(self, line: str) -> bool:
        """Count a printed line; whether one of the gates has not heard its like MOST_LINES times."""
        matched = [one.pattern for one in self._judge.looks_for if one.search(line)]
        is_news = any(self._heard[one] < MOST_LINES for one in matched)
        self._heard.update(matched)
        return is_news

    def _here(self, notice: Notice) -> Notice:
        place = self._judge.place
        return replace(notice, step=place.step, epoch=place.epoch)

    def _commit(self, told: Reading) -> list[Verdict]:
        with self.transaction():
            write_reading(self._db, self._run.name, told)
            changed = tell(self._judge, told)
            self._write(changed)
        return changed

    def _newest(self) -> int:
        return self._count() - 1

    def _is_news(self, values: Mapping[str, float], now: float) -> bool:
        """Whether the meters are worth telling: one of them has moved, or a gate waits for time to pass."""
        gone = now - self._told_at
        if not values and not self._judge.waits_for_time:
            return False
        if gone >= SELDOM or gone < 0:
            return True
        return gone >= OFTEN and (
            values.keys() != self._told.keys()
            or any(not math.isclose(value, self._told[name], rel_tol=MOVED) for name, value in values.items())
        )

    def _write(self, changed: Sequence[Verdict]) -> None:
        for name, why in self._problems.items():
            write_unjudged(self._db, self._run.name, name, why)
        self._problems = {}
        fresh = [gate for gate in self._judge.unwritten.values() if gate.id not in self._written]
        write_gates(self._db, self._run.name, fresh, first=len(self.gates), is_default=True)
        for verdict in changed:
            write_verdict(self._db, self._run.name, verdict, is_change=True)
        for gate, verdict in self._judge.current().items():
            shown = (verdict.state, verdict.value, verdict.reason)
            if self._written.get(gate) != shown:
                write_verdict(self._db, self._run.name, verdict, is_change=False)
                self._written[gate] = shown
