"""HAND: the money of a rebuilt runs.db: what the old file and the run directories tell, the rest reckoned again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.config import load_config
from trainui.core.errors import SpecError
from trainui.core.process.files import recall
from trainui.core.rebuild.retelling import ORIGIN
from trainui.core.store import recount as store
from trainui.core.store.leases import LeaseRow, Leases, Terms
from trainui.core.store.money import Ledger
from trainui.core.store.salvage import Row, Wreck
from trainui.core.store.schema import atomic
from trainui.core.treasury.accounts import Accounts
from trainui.core.treasury.leasing import rent
from trainui.core.treasury.noting import LEASES
from trainui.core.treasury.settling import Settling

LOST = "reckoned again: the line was lost with runs.db"


class Recounting:
    """Leases and lines of one new runs.db. Lines are written once, in their order: nobody can change them later."""

    def __init__(self, db: sqlite3.Connection, wreck: Wreck, folders: list[Path]) -> None:
        self._db = db
        self._wreck = wreck
        self._folders = folders

    def salvage(self) -> int:
        """Every lease and every line that can be read; how many lines. Before the runs are told, which look at them."""
        lines = [row for row in self._wreck.rows("ledger") if store.is_sound_line(row)]
        with atomic(self._db):
            self._restore_leases()
            for row in lines:
                store.insert_line(self._db, row)
        return len(lines)

    def _restore_leases(self) -> None:
        """Those of the damaged file; of those it lost, what was noted beside the runs that lived then."""
        rows = [row for row in self._wreck.rows("leases") if store.is_sound_lease(row)]
        for row in rows:
            store.insert_lease(self._db, row, keep_id=True)
        known = {_key(row) for row in rows}
        taken = {row["id"] for row in rows}
        for row in sorted(self._noted(), key=lambda one: (float(one["from_at"]), one["id"])):
            if _key(row) not in known:
                known.add(_key(row))
                taken.add(store.insert_lease(self._db, row, keep_id=row["id"] not in taken))

    def _noted(self) -> list[Row]:
        found: list[Row] = []
        for folder in self._folders:
            told = (recall(folder / ORIGIN) or {}).get(LEASES)
            rows = told if isinstance(told, list) else []
            found += [row for row in rows if isinstance(row, dict) and store.is_sound_lease(row)]
        return found

    def reckon(self, accounts: Accounts, project: Path, now: Clock) -> list[str]:
        """Charge again what no line tells, and go on from there; what had to be guessed, a sentence each."""
        told: list[str] = []
        settling, before = Settling(self._db, accounts.cap), Ledger(self._db).count()
        boots = store.boots(self._db)
        for one in boots:
            if leases := Leases(self._db).of_boot(one.boot_id):
                with atomic(self._db):
                    self._fill(settling, leases, one.last)
                    self._fill_rest(settling, one, one.last, leases[0].terms)
        made = Ledger(self._db).count() - before
        if not Ledger(self._db).fact("config"):
            try:
                accounts.use(load_config(project), now)
            except SpecError as error:
                told.append(f"the budget is not known: {error}")
        before = Ledger(self._db).count()
        if (newest := Leases(self._db).last()) is not None:
            for one in boots:
                with atomic(self._db):  # nobody knows the rate: today's is taken
                    is_now = newest.boot_id == one.boot_id
                    self._fill_rest(settling, one, newest.start if is_now else one.last, newest.terms)
        guessed = Ledger(self._db).count() - before
        accounts.reckon(now)
        accounts.settle(now)
        if made + guessed:
            text = f"{made + guessed} lines of the ledger were reckoned from when runs began and ended"
            told.append(text + (f", {guessed} of them at today's rate" if guessed else ""))
        return told

    def _fill(self, settling: Settling, leases: list[LeaseRow], last: float) -> None:
        """Charge what no line of the leases of a boot charges. All but the newest of all have ended with their boot,
        or where the next began."""
        newest = Leases(self._db).last()
        for place, lease in enumerate(leases):
            following = leases[place + 1] if place + 1 < len(leases) else None
            end = lease.end if lease.end is not None else max(lease.settled, last)
            if lease.end is None and following is not None:
                end = following.start
            for left, right in store.uncovered(self._db, lease.boot_id, lease.start, end):
                at = lease.start_at + right - lease.start
                settling.settle(replace(lease, settled=left), right, at, text=LOST)
            if lease.end is None and (newest is None or lease.id != newest.id):
                row = Leases(self._db).get(lease.id)
                goes_on = following is not None and rent(following.terms) == rent(lease.terms)
                settling.close(row, end, lease.start_at + end - lease.start, text=LOST, goes_on=goes_on)

    def _fill_rest(self, settling: Settling, boot: store.Boot, end: float, terms: Terms) -> None:
        """Charge on these terms what no lease of a boot covers. Call inside a transaction."""
        for left, right in store.uncovered(self._db, boot.boot_id, boot.first, end):
            lease = Leases(self._db).begin(
                terms, boot_id=boot.boot_id, start=left, at=boot.first_at + left - boot.first, end=right,
                end_at=boot.first_at + right - boot.first, text="reckoned again, at a rate of another time",
            )  # fmt: skip
            settling.settle(lease, right, boot.first_at + right - boot.first, text=LOST)


def _key(row: Row) -> tuple[object, ...]:
    """What tells two leases apart, whatever their numbers."""
    return row["boot_id"], row["from_boot"], row["machine"], row["micro_per_hour"], row["share"]
