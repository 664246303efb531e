"""The purse: how far each run is paid ahead, and whether one may start. Nothing is spent that was not left."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable

from trainui.core.clock import Clock
from trainui.core.money.cap import own_until
from trainui.core.process.order import Allowance
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow
from trainui.core.store.schema import atomic
from trainui.core.treasury.means import Means


class Purse:
    """Pays runs their seconds in advance."""

    AHEAD = 60.0
    """Seconds a run is paid in advance, beside its grace."""

    def __init__(self, db: sqlite3.Connection, means: Means) -> None:
        self._db = db
        self._ledger = Ledger(db)
        self._means = means
        self._allowed: dict[str, Allowance] = {}
        self._last: set[str] = set()
        """Runs that some money pays no further than their newest allowance."""
        self.bound: dict[str, str] = {}
        """Run → what is told of a cap of its own that is nearly used up; '' while none is."""

    def allowance(self, run: RunRow, now: Clock) -> Allowance:
        """How long `run` may go on, its grace included, and what ends it: the budget or its own limits.

        A run may have to bear the whole machine at any moment, when those that share it end: of its own money, and
        of its study's, it is paid only as far as that would reach.
        """
        grace, rate = run.spec.ending_seconds, self._means.accounts.rate
        want = self.AHEAD + grace
        ends: list[tuple[float, str, str]] = []
        if rate > 0 and (paid := self._means.seconds(now)) < math.inf:
            ends.append((now.boot + min(want, paid), "budget", ""))
        for cap in self._means.caps(run, now) if rate > 0 else ():
            own = own_until(now=now.boot, left=cap.left, rate=rate, want=want)
            ends.append((own, "budget", cap.nearly if own < now.boot + want else ""))
        if run.spec.limits.hours is not None:
            end = (run.started_boot or now.boot) + run.spec.limits.hours * 3600 + grace
            ends.append((end, "time limit", ""))
        until, reason, self.bound[run.name] = min(ends, default=(None, "", ""))
        is_last = reason == "budget" and until is not None and until < now.boot + want
        (self._last.add if is_last else self._last.discard)(run.name)
        return Allowance(until=until, boot_id=now.boot_id, reason=reason)

    def renew(self, run: RunRow, now: Clock, write: Callable[[Allowance], None]) -> None:
        """Pay a run's next seconds; near the cap there are none left, and it is stopped in time.

        What is longer is noted before anybody may use it, and what is shorter when nobody can use more any longer.
        """
        allowance = self.allowance(run, now)
        if not self.is_worth_writing(run.name, allowance):
            return
        old = self._allowed.get(run.name)
        is_shorter = old is not None and _end(allowance) < _end(old)
        if is_shorter:
            write(allowance)
        with atomic(self._db):
            self.note_allowance(run.name, allowance)
        if not is_shorter:
            write(allowance)

    def is_worth_writing(self, run: str, new: Allowance) -> bool:
        """Whether an allowance differs enough from the one in force to be written again.

        A longer one when a quarter of what is paid ahead was used up, or when it is among the last that the money
        gives; a shorter one where the money ends, however little it is, and elsewhere from a second on.
        """
        old = self._allowed.get(run)
        if old is None or old.until is None or new.until is None:
            return old is None or old.until != new.until
        longer = new.until - old.until
        if run in self._last:
            return longer < -0.01 or longer > 0.5
        return longer <= -1 or longer >= self.AHEAD / 4

    def note_allowance(self, run: str, allowance: Allowance) -> None:
        """Remember what was paid ahead, before the run is told. Call inside a transaction."""
        self._allowed[run] = allowance
        if allowance.until is not None:
            self._ledger.note_allowed(run, allowance.until, allowance.boot_id)

    def why_not(self, run: RunRow, now: Clock) -> str:
        """Why there is no money for this run to start, not even for as long as its stop may take; '' when there is."""
        means, ending = self._means, run.spec.ending_seconds
        if means.accounts.rate <= 0:
            return ""
        if means.seconds(now) <= ending:
            left = means.sum(max(means.left_for_runs(now) or 0, 0))
            return f"budget: {left} left, which does not pay the {ending:g} s that its stop may take"
        short = ending * means.accounts.rate / 3600
        texts = (cap.text for cap in means.caps(run, now) if cap.left <= short)
        return next((f"{text}: too little for the {ending:g} s that its stop may take" for text in texts), "")


def _end(allowance: Allowance) -> float:
    return math.inf if allowance.until is None else allowance.until
