"""Holds the ledger against the truth: leases, lines, sums, shares and the cap. Imports nothing of the product."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from tests.torture.scene import MICRO_PER_SECOND
from tests.torture.truth import RunTruth, Truth

Row = Mapping[str, Any]

BORNE = ("run", "idle")
"""Kinds of lines that charge a stretch of time."""

A_LOOK = 1.5
"""Seconds by which a charge may miss the edge of a run: money is settled between two looks at the runs, so
each beginning and each end may be charged as it was seen, one look (0.25 s and the tick's own work) late."""

A_SWEEP = 6.0
"""Seconds by which a run may be charged beyond its exit: it holds the machine until what it left behind, which
has a grace of five, is gone too."""

A_KILL = 1.5
"""Seconds a busy machine may take from the moment a SIGKILL is due until its job is gone."""


def money(
    db: sqlite3.Connection,
    rows: Mapping[str, Row],
    truth: Truth,
    *,
    cap_micro: int | None,
    paid: Mapping[str, float],
) -> Iterator[str]:
    """The ledger has no gap and no overlap, runs bear what they held, idle time the rest, and the cap held."""
    ledger = db.execute("SELECT * FROM ledger ORDER BY id").fetchall()
    if not ledger:
        return
    yield from leased(db, ledger)
    yield from summed(db, ledger)
    spent = sum(line["micro_usd"] for line in ledger if line["kind"] != "over")
    if cap_micro is not None and spent > cap_micro:
        yield f"the ledger holds {spent}, and the budget was {cap_micro}"
    if any(line["micro_usd"] < 0 for line in ledger):
        yield "the ledger holds a negative line"
    first = min(line["from_boot"] for line in ledger)
    last = max(line["to_boot"] for line in ledger)
    lingered = {run.run for run in truth.runs.values() if run.children}
    shares = _shares(rows, last)
    for name, row in rows.items():
        charged = sum(
            line["micro_usd"] for line in ledger if line["run"] == name and line["kind"] != "correction"
        )
        # whoever else begins or ends meanwhile changes the share, seen as late as that
        beside = [other for other in rows.values() if _overlap(row, other)]
        late = A_LOOK * max(1, len(beside)) + A_SWEEP * sum(one["name"] in lingered for one in (row, *beside))
        if abs(charged - shares.get(name, 0.0)) > MICRO_PER_SECOND * late:
            yield f"{name}: charged {charged}, its share is {shares.get(name, 0.0):.0f}"
    if cap_micro is not None:
        yield from capped(truth, first + cap_micro / MICRO_PER_SECOND, paid)


def leased(db: sqlite3.Connection, ledger: list[Row]) -> Iterator[str]:
    """Each lease is charged from its beginning on, without gap or overlap, and exactly; each goes on where the last
    ended; whoever is charged at a moment is charged for the same stretch of it."""
    leases = db.execute("SELECT * FROM leases ORDER BY id").fetchall()
    if unknown := {line["lease"] for line in ledger} - {None} - {lease["id"] for lease in leases}:
        yield f"lines of leases that nobody knows: {unknown}"
    for lease, following in itertools.pairwise(leases):
        if lease["to_boot"] != following["from_boot"]:
            yield f"a lease begins at {following['from_boot']}, the one before ended at {lease['to_boot']}"
    for lease in leases:
        lines_ = [line for line in ledger if line["lease"] == lease["id"]]
        periods = sorted({(line["from_boot"], line["to_boot"]) for line in lines_ if line["kind"] in BORNE})
        at = lease["from_boot"]
        for begin, end in periods:
            if abs(begin - at) > 0.001:
                yield f"the ledger goes on at {begin} after {at}"
            at = end
        if lease["to_boot"] not in (None, at):
            yield f"a lease ended at {lease['to_boot']}, and its lines at {at}"
        cost = lease["micro_per_hour"] * (at - lease["from_boot"]) / 3600
        charged = sum(line["micro_usd"] for line in lines_)
        owed = len({line["run"] for line in lines_}) + 1  # each bearer may owe a part of a micro-dollar
        if not -owed <= charged - cost <= 2:
            yield f"the ledger holds {charged} of a lease, the machine cost {cost:.0f}"


def summed(db: sqlite3.Connection, ledger: list[Row]) -> Iterator[str]:
    """The balances are the sums of the lines."""
    sums: dict[tuple[str, str], int] = {}
    for line in ledger:
        key = line["kind"], line["run"]
        sums[key] = sums.get(key, 0) + line["micro_usd"]
    told = {(row["kind"], row["run"]): row["micro_usd"] for row in db.execute("SELECT * FROM balances")}
    if told != sums:
        yield f"the balances are not the sums of the lines: {set(told.items()) ^ set(sums.items())}"


def capped(truth: Truth, end: float, paid: Mapping[str, float]) -> Iterator[str]:
    """Nobody was paid, or lived, beyond boot second `end`, to which the money reaches.

    The machine goes on costing while it is idle: that, nobody here can keep it from. An allowance that was over
    before its job began paid for nothing.
    """
    for name, until in paid.items():
        run = truth.runs.get(name, RunTruth(name))
        if run.starts and until > run.starts[0]["boot"] and until > end + 0.01:
            yield f"{name}: paid ahead to {until:.2f}, and the money reaches to {end:.2f}"
        lived = max(run.certain_life or (0.0,))
        if not run.may_be_lost and lived > end + A_KILL:
            yield f"{name}: lived at {lived:.2f}, and the money reached to {end:.2f}"


def _overlap(row: Row, other: Row) -> bool:
    if None in (row["started_boot"], other["started_boot"], row["ended_boot"], other["ended_boot"]):
        return False
    return row["started_boot"] < other["ended_boot"] and other["started_boot"] < row["ended_boot"]


def _shares(rows: Mapping[str, Row], until: float) -> dict[str, float]:
    """Micro-dollars each run owes: an equal part of every moment it lived in."""
    spans = {
        name: (row["started_boot"], row["ended_boot"] if row["ended_boot"] is not None else until)
        for name, row in rows.items()
        if row["started_boot"] is not None
    }
    times_ = sorted({edge for span in spans.values() for edge in span})
    shares: dict[str, float] = dict.fromkeys(spans, 0.0)
    for left, right in itertools.pairwise(times_):
        live = [name for name, (begin, end) in spans.items() if begin <= left and end >= right]
        for name in live:
            shares[name] += MICRO_PER_SECOND * (right - left) / len(live)
    return shares
