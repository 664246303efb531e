"""HAND: keeps one lease open, on the terms in force: ends it when they, the machine or its boot change."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from trainui.core.clock import Clock
from trainui.core.money.amounts import MICRO
from trainui.core.money.lease import HOUR_MS
from trainui.core.store.leases import LeaseRow, Leases, Terms
from trainui.core.store.money import GAP, Ledger, Line, Seen
from trainui.core.store.runs import RunWriter
from trainui.core.treasury.settling import Settling

GAP_CHARGED = 900.0
"""Seconds between two boots of a machine that are charged: so long a restart may take. More was not rented, perhaps."""


class Leasing:
    """The machine as it is rented."""

    def __init__(self, db: sqlite3.Connection, settling: Settling) -> None:
        self._leases = Leases(db)
        self._ledger = Ledger(db)
        self._runs = RunWriter(db)
        self._settling = settling

    def follow(self, terms: Terms, now: Clock) -> LeaseRow:
        """The lease that is open on these terms, in this boot. Until now everything is charged as it was rented.

        Call inside a transaction.
        """
        old = self._leases.open()
        if old is None:
            return self._open(terms, now)
        if old.boot_id != now.boot_id:
            old = self._close_past(old, terms, now)
            new = self._open(terms, now)
            self._mind_gap(old, new, now)
            return new
        if old.terms == terms:
            return old
        is_same_rent = rent(old.terms) == rent(terms)
        why = _difference(old.terms, terms)
        self._settling.close(old, now.boot, now.unix, text=why, goes_on=is_same_rent)
        self._runs.event("", "lease", why, at=now.unix)
        return self._leases.begin(
            terms,
            boot_id=now.boot_id,
            start=now.boot,
            at=now.unix,
            steps_from=old.steps_from if is_same_rent else None,
        )

    def _open(self, terms: Terms, now: Clock) -> LeaseRow:
        """From where the lines of this boot reach, else from its first run on: these were there before we knew."""
        known = self._ledger.charged_until(now.boot_id)
        start = known if known is not None else self._ledger.first_start(now.boot_id)
        start = now.boot if start is None else min(start, now.boot)
        return self._leases.begin(terms, boot_id=now.boot_id, start=start, at=now.unix - (now.boot - start))

    def _close_past(self, old: LeaseRow, terms: Terms, now: Clock) -> LeaseRow:
        """End the lease of a boot that is over where the machine was last known to be up."""
        seen = self._ledger.seen()
        if seen is None or seen.boot_id != old.boot_id:
            seen = Seen(boot_id=old.boot_id, boot=old.start, unix=old.start_at)
        end = max(old.settled, seen.boot, self._ledger.last_sign(old.boot_id))
        is_same = old.terms.host == terms.host
        text = "the machine was started again" if is_same else "another machine is rented since"
        # nobody can have seen it after now, whatever became of the wall clock meanwhile
        at = min(seen.unix + (end - seen.boot), now.unix)
        return self._settling.close(old, end, at, text=text)

    def _mind_gap(self, old: LeaseRow, new: LeaseRow, now: Clock) -> None:
        """Charge a short time between two boots of a machine at the old rate, and tell of a longer one."""
        assert old.end is not None
        assert old.end_at is not None
        seconds = max(0.0, new.start_at - old.end_at)
        if old.terms.host != new.terms.host:
            text = f"another machine is rented from here on: {new.terms.machine}"
            self._runs.event("", "lease", text, at=now.unix)
            return
        micro = old.terms.rate * round(seconds * 1000) // HOUR_MS
        micro -= min(micro, old.begun(old.end))  # the rest of a begun hour was charged when the lease ended
        if not micro:
            return
        amount = f"{micro / MICRO:.2f} {old.terms.currency}"
        if seconds > GAP_CHARGED:
            text = (
                f"the machine was away for {_span(seconds)} between two boots; {amount} of that are not charged:"
                " if it was billed, trainui budget correct says so"
            )
        else:
            self._settling.write(Line(
                at=now.unix, kind=GAP, machine=old.terms.machine, micro=micro, boot_id=old.boot_id, start=old.end,
                end=old.end + seconds, lease=old.id, share=old.terms.share, text="between two boots",
            ))  # fmt: skip
            text = f"the machine was away for {_span(seconds)} between two boots: {amount} are charged"
        self._runs.event("", "lease", text, at=now.unix)


def rent(terms: Terms) -> Terms:
    """What of the terms is the rent: how it is shared is our own affair."""
    return replace(terms, share="", gpus=0)


def _difference(old: Terms, new: Terms) -> str:
    """What changed, in words."""
    told = [
        f"{word} {was} → {is_}"
        for word, was, is_ in (
            ("machine", old.machine, new.machine),
            ("rate an hour", _rate(old), _rate(new)),
            ("billed by the", old.billing, new.billing),
            ("shared", old.share, new.share),
            ("GPUs", old.gpus, new.gpus),
        )
        if was != is_
    ]
    return "; ".join(told) or "the host changed its name"


def _rate(terms: Terms) -> str:
    return f"{round(terms.rate / MICRO, 4)} {terms.currency}"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
