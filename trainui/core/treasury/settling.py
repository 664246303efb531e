"""HAND: settlement: lines for what a lease cost since the last ones, borne by whoever held the machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from msgspec.structs import replace

from trainui.core.money.shares import Charges, Owed, charges
from trainui.core.process.failpoint import reach
from trainui.core.store.leases import LeaseRow, Leases
from trainui.core.store.money import IDLE, OVER, ROUNDING, RUN, Ledger, Line


class Settling:
    """Writes what leases cost. Where the last settlement stopped stands in the lines: a manager may die anywhere."""

    def __init__(self, db: sqlite3.Connection, cap: Callable[[], int | None]) -> None:
        """`cap`: micro-dollars the ledger may hold, None without a budget. What is beyond is written as `over`."""
        self._ledger = Ledger(db)
        self._leases = Leases(db)
        self._cap = cap

    def room(self) -> int | None:
        """Micro-dollars that still fit into the ledger; None without a budget."""
        cap = self._cap()
        return None if cap is None else max(0, cap - self._ledger.total())

    def is_due(self, row: LeaseRow, end: float) -> bool:
        """Whether a run began or ended since the last lines: from then on others bear the cost."""
        spans = self._ledger.spans(row.boot_id, since=row.settled)
        return any(row.settled < span.start < end or span.end is not None for span in spans)

    def measure(self, row: LeaseRow, end: float, at: float) -> Charges:
        """Who owes what from the last lines to boot second `end`, Unix second `at`."""
        start = row.settled
        spans = self._ledger.spans(row.boot_id, since=start)
        runs = [span.run for span in spans]
        is_by_use = row.terms.share == "use"
        use = self._ledger.use(runs, since=at - (end - start), until=at) if is_by_use else None
        return charges(spans, row.lease, start=start, end=end, owed=self._ledger.owed(row.id, runs), use=use)

    def settle(self, row: LeaseRow, end: float, at: float, *, text: str = "") -> LeaseRow:
        """Charge a lease up to boot second `end`, Unix second `at`. Call inside a transaction."""
        if end <= row.settled:
            return row
        reach("settling")
        found = self.measure(row, end, at)
        for run in sorted(
            found.parts, key=lambda one: (one is None, one)
        ):  # idle time is what goes over first
            part = found.parts[run]
            self.write(Line(
                at=at, kind=IDLE if run is None else RUN, run=run or "", machine=row.terms.machine, micro=part.micro,
                gpu_ms=part.gpu_ms, boot_id=row.boot_id, start=row.settled, end=end, lease=row.id,
                share=row.terms.share, owed=found.owed[run], text=text,
            ))  # fmt: skip
        reach("settled")
        return self._leases.get(row.id)

    def write(self, line: Line) -> None:
        """Write a line, or as much of it as the cap has room for, and the rest as one that went over."""
        room = self.room()
        fits = line.micro if room is None else min(line.micro, room)
        if fits or line.kind in (RUN, IDLE) or not line.micro:
            self._ledger.write(replace(line, micro=fits))
        if fits < line.micro:
            over = replace(line, kind=OVER, micro=line.micro - fits, gpu_ms=0)
            self._ledger.write(over)

    def cover(self, row: LeaseRow, at: float) -> None:
        """Count what went over an earlier cap, as far as there is room now: it was spent. Call inside a transaction."""
        for run, micro in self._ledger.over().items():
            room = self.room()
            fits = micro if room is None else min(micro, room)
            if fits > 0:
                line = Line(
                    at=at, kind=OVER, run=run, machine=row.terms.machine, micro=-fits, gpu_ms=0, boot_id=row.boot_id,
                    start=row.settled, end=row.settled, lease=row.id, share=row.terms.share,
                    owed=self._ledger.owed(row.id, [run] if run else []).get(run or None, Owed()),
                    text="the budget that is there now covers it",
                )  # fmt: skip
                self._ledger.write(line)
                self._ledger.write(replace(line, kind=RUN if run else IDLE, micro=fits))

    def close(self, row: LeaseRow, end: float, at: float, *, text: str, goes_on: bool = False) -> LeaseRow:
        """End a lease: charge it to `end`, then what is in no line yet, the rest of a begun minute or hour too.

        `goes_on`: the same machine is rented on, at the same rate, and so are the minute and the hour that were begun.
        Call inside a transaction.
        """
        row = self.settle(row, end, at)
        rest = row.uncharged(end) if goes_on else row.uncharged(end) + row.begun(end)
        rest_ms = self._ledger.owed_ms(row.id)
        if rest or rest_ms:
            self.write(Line(
                at=at, kind=ROUNDING, machine=row.terms.machine, micro=rest, gpu_ms=rest_ms, boot_id=row.boot_id,
                start=end, end=end, lease=row.id, share=row.terms.share,
            ))  # fmt: skip
        return self._leases.end(row, at=at, end=end, text=text)
