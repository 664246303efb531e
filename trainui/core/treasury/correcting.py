"""HAND: corrections: a person's own lines in the ledger, each with a note."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from trainui.core.clock import Clock
from trainui.core.errors import UserError
from trainui.core.money.amounts import MICRO
from trainui.core.store.money import CORRECTION, Ledger, Line
from trainui.core.store.runs import RunWriter
from trainui.core.treasury.accounts import Accounts


class Corrections:
    """Writes what a provider's bill says otherwise."""

    def __init__(self, db: sqlite3.Connection, accounts: Accounts) -> None:
        self._ledger = Ledger(db)
        self._runs = RunWriter(db)
        self._accounts = accounts

    def correct(self, payload: Mapping[str, Any], run: str, now: Clock) -> str:
        """Add `amount_micro`, which may be negative, to what `run` cost, or with '' to no run; what was done.

        Call inside a transaction. Raises UserError when a sum would be negative, or the budget would be overdrawn.
        """
        amount, note = int(payload["amount_micro"]), str(payload.get("note", "")).strip()
        currency = self._accounts.config.budget.currency
        self._check(amount, run, currency, now)
        self._ledger.write(Line(
            at=now.unix, kind=CORRECTION, run=run, machine=self._accounts.config.here.name, micro=amount,
            boot_id=now.boot_id, start=now.boot, end=now.boot, share="", text=note,
        ))  # fmt: skip
        of = f" of {run}" if run else ""
        text = (
            f"the ledger{of} was corrected by {amount / MICRO:+.2f} {currency}: {note or 'no note was given'}"
        )
        self._runs.event(run, "lease", text, at=now.unix)
        return f"corrected by {amount / MICRO:+.2f} {currency}"

    def _check(self, amount: int, run: str, currency: str, now: Clock) -> None:
        if not amount:
            raise UserError("a correction of nothing changes nothing")
        if run and self._runs.get(run) is None:
            raise UserError(f"there is no run {run!r}", hint="see `trainui ls --all`")
        charged = self._ledger.total_of(run) if run else self._ledger.total()
        if charged + amount < 0:
            whose = f"{run} was" if run else "all together were"
            raise UserError(
                f"a correction of {amount / MICRO:.2f} {currency} takes away more than was charged:"
                f" {whose} charged {charged / MICRO:.2f}"
            )
        cap = self._accounts.cap()
        if cap is not None and amount > 0:
            room = cap - self._accounts.spent(now) - self._accounts.held(now)
            if amount > room:
                raise UserError(
                    f"a correction of {amount / MICRO:.2f} {currency} is more than the"
                    f" {max(0, room) / MICRO:.2f} of the budget that are neither spent nor held",
                    hint="set total in trainui.toml higher first",
                )
