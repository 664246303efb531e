"""The ladder in motion: tells what is reached, lets nothing new start, stops the runs worth least, and all at last.

Whatever was told or begun is a fact in runs.db: the next manager tells nothing twice. The last step needs nobody
here: it lies in how far runs are paid ahead, which keeper and guard hold.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from trainui.core.clock import Clock
from trainui.core.config.model import Countdown
from trainui.core.money.ladder import Funds, Memory, climb, is_past
from trainui.core.money.worth import Candidate, ends_in_time, least, moment
from trainui.core.run import Status
from trainui.core.store.caps import stopped_by_budget, verdicts_of
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import atomic
from trainui.core.treasury.farewell import Farewell
from trainui.core.treasury.hopes import hopes_of
from trainui.core.treasury.means import Means
from trainui.core.treasury.purse import Purse

WHERE = "trainui.toml [budget.ladder]"


class Counter(Protocol):
    """Who counts down to `on_cap`, which is run once for one key."""

    def begin(self, kind: str, key: str, *, reason: str, how: Countdown, now: Clock) -> None:
        """Count down, unless that was done for `key` before. May be said again and again."""

    def call_off(self, kind: str, why: str, now: Clock) -> None:
        """The reason is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hands:
    """What of the world outside runs.db the ladder may touch."""

    stop: Callable[[RunRow, str, Clock], None]
    eta: Callable[[RunRow, Clock], float | None]
    """Seconds a live run has to go."""
    notify: Callable[[str, Mapping[str, str], Clock], None]
    """Have people told: a sentence, and the facts it was made of. Called inside the transaction that made them."""
    countdowns: Counter


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the ladder has come to, as a fact in runs.db."""

    terms: str = ""
    reached: str = ""
    since: float = 0.0
    """Unix second from which these terms are in force."""
    soonest: float = 0.0
    """Seconds that the shortest stop of the runs that lived last may take."""
    stopping: str = ""
    """The run that is to be stopped now as worth least."""


class Steps:
    """Climbs the ladder of one runs.db."""

    def __init__(
        self,
        db: sqlite3.Connection,
        db_path: Path,
        *,
        project: Path,
        means: Means,
        purse: Purse,
        hands: Hands,
    ) -> None:
        self._db = db
        self._db_path = db_path
        self._runs = RunWriter(db)
        self._ledger = Ledger(db)
        self._means = means
        self._purse = purse
        self._hands = hands
        self._farewell = Farewell(db, db_path, project=project, tell=self._tell)
        try:
            self._kept = msgspec.json.decode(self._ledger.fact("ladder") or "{}", type=Kept)
        except msgspec.MsgspecError:  # kept by a trainui that knew other fields
            self._kept = Kept()
        means.accounts.step = self._kept.reached

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that a manager must see to its end though nothing runs."""
        return self._farewell.is_busy

    def closed(self, now: Clock) -> str:
        """Why no run at all may start; '' when the budget allows it."""
        if self._means.accounts.trouble:
            return f"trainui.toml to be mended: {self._means.accounts.trouble}"
        funds = self._means.funds(now)
        if funds is None:
            return ""
        memory, percents = self._climb(funds, now)[0], self._means.percents
        for step, what in (("stop_all", "everything is stopped"), ("admit_no_more", "nothing new starts")):
            if is_past(memory, step, percents):
                return f"budget: {self._means.spent(funds)}, {what} from {percents[step]:g} % ({WHERE})"
        return ""

    def look(self, runs: Sequence[RunRow], now: Clock) -> None:
        """Do and tell what is due, of the runs that have not ended."""
        live = live_of(runs)
        self._tell_of_caps(live, now)
        funds = self._means.funds(now)
        if funds is None:
            self._means.accounts.step = ""
            self._keep(terms="", reached="", stopping="")
            self._hands.countdowns.call_off("cap", "there is no budget any more", now)
            return
        self._rise(funds, runs, now)
        memory, percents = self._memory, self._means.percents
        if not is_past(memory, "stop_all", percents):
            self._hands.countdowns.call_off("cap", "the budget was changed", now)
        if is_past(memory, "stop_all", percents) and not live:
            stopped = stopped_by_budget(self._db, since=self._kept.since)
            self._farewell.begin(memory.terms, stopped, now)
            self._count_down(now)
        elif is_past(memory, "stop_least", percents):
            self._stop_least(live, now)
        else:
            self._keep(stopping="")  # a raise took it back

    def attend(self, now: Clock) -> None:
        """See to what was begun when everything had ended."""
        if self._farewell.is_busy:
            self._farewell.attend(now)
            self._count_down(now)

    def _count_down(self, now: Clock) -> None:
        """When the summaries are written, too, it is the turn of `on_cap`: once for one budget."""
        if not self._farewell.is_over(self._kept.terms):
            return
        budget = self._means.accounts.config.budget
        reason = f"the budget of {self._means.sum(self._means.total)} is used up, and nothing runs any more"
        key = f"{self._kept.since:.0f}"
        self._hands.countdowns.begin("cap", key, reason=reason, how=budget.on_cap, now=now)

    # ---------------------------------------------------------------- rising

    @property
    def _memory(self) -> Memory:
        return Memory(terms=self._kept.terms, reached=self._kept.reached)

    def _climb(self, funds: Funds, now: Clock) -> tuple[Memory, tuple[str, ...]]:
        is_out = self._means.seconds(now) <= self._kept.soonest
        terms, percents = self._means.terms, self._means.percents
        return climb(self._memory, terms=terms, used=funds.used, percents=percents, is_out=is_out)

    def _rise(self, funds: Funds, runs: Sequence[RunRow], now: Clock) -> None:
        """Note how high the ladder stands, and tell each step that was not told."""
        live = live_of(runs)
        if live:
            self._keep(soonest=min(run.spec.ending_seconds for run in live))
        memory, news = self._climb(funds, now)
        since = self._kept.since if memory.terms == self._kept.terms else now.unix
        waiting = sum(run.status is Status.QUEUED for run in runs)
        texts = [self._words(step, funds, waiting, now) for step in news]
        with atomic(self._db):
            for text in texts:
                self._runs.event("", "budget", text, at=now.unix)
            self._note(terms=memory.terms, reached=memory.reached, since=since)
            if news:
                self._hands.notify(texts[-1], {"step": news[-1], "reason": texts[-1]}, now)
        self._means.accounts.step = memory.reached
        if news:
            self._means.accounts.settle(now)  # front ends are told of the step at once

    def _words(self, step: str, funds: Funds, waiting: int, now: Clock) -> str:
        head, percent = f"budget: {self._means.spent(funds)}", self._means.percents[step]
        lasts = moment(now.unix + self._means.seconds(now), now.unix)
        if step == "tell":
            rate = self._means.sum(self._means.accounts.rate)
            return f"{head}; at {rate}/h the rest lasts until {lasts}"
        if step == "admit_no_more":
            waits = f", {waiting} queued wait" if waiting else ""
            return f"{head}: nothing new starts from {percent:g} %{waits} ({WHERE})"
        if step == "stop_least":
            return (
                f"{head}: from {percent:g} % the runs worth least are stopped, one after the other, until those left"
                f" are expected to end by {lasts} ({WHERE})"
            )
        return f"{head}: everything is stopped"

    def _keep(self, **changes: Any) -> None:
        if any(getattr(self._kept, name) != value for name, value in changes.items()):
            with atomic(self._db):
                self._note(**changes)

    def _note(self, **changes: Any) -> None:
        """Change what is kept. Call inside a transaction."""
        kept = replace(self._kept, **changes)
        if kept != self._kept:
            self._ledger.set_fact("ladder", msgspec.json.encode(kept).decode())
            self._kept = kept

    # ---------------------------------------------------------------- stopping, telling

    def _stop_least(self, live: Sequence[RunRow], now: Clock) -> None:
        """Stop the run worth least, one at a time: who is stopping makes room first."""
        chosen = next((run for run in live if run.name == self._kept.stopping), None)
        if chosen is None and not any(run.status is Status.STOPPING for run in live):
            chosen = self._choose(live, now)
        if chosen is not None and chosen.status is not Status.STOPPING:
            self._hands.stop(chosen, "budget", now)

    def _choose(self, live: Sequence[RunRow], now: Clock) -> RunRow | None:
        """The run worth least, after its reason was told; None when all left will end in time, or one is left."""
        left = self._means.seconds(now)
        known = [self._candidate(run, now) for run in live]
        if len(known) < 2 or all(ends_in_time(one, left) for one in known):
            return None
        late = [one.run for one in known if not ends_in_time(one, left)]
        hopes = hopes_of(self._db_path, late, left)
        found = least(
            [dataclasses.replace(one, outlook=hopes.get(one.run, "")) for one in known],
            left=left,
            now=now.unix,
        )
        if found is None:
            return None
        name, why = found
        with atomic(self._db):
            self._runs.event(name, "budget", why, at=now.unix)
            self._note(stopping=name)
            self._hands.notify(why, {"run": name, "step": "stop_least", "reason": why}, now)
        return next(run for run in live if run.name == name)

    def _candidate(self, run: RunRow, now: Clock) -> Candidate:
        return Candidate(
            run=run.name,
            priority=run.priority,
            gates=verdicts_of(self._db, run.name),
            eta=None if run.status is Status.PAUSED else self._hands.eta(run, now),
            ending=run.spec.ending_seconds,
            begun=run.started_boot or now.boot,
        )

    def _tell_of_caps(self, live: Sequence[RunRow], now: Clock) -> None:
        """Tell each run once that its own money, or its study's, is what ends it."""
        for run in live:
            text = self._purse.bound.get(run.name, "")
            if text and not self._runs.was_told(run.name, "budget", text):
                self._tell(text, now, run=run.name)

    def _tell(self, text: str, now: Clock, *, run: str = "") -> None:
        with atomic(self._db):
            self._runs.event(run, "budget", text, at=now.unix)
            self._hands.notify(f"{run}: {text}" if run else text, {"run": run, "reason": text}, now)
