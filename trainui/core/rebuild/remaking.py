"""HAND: fills a new runs.db from the run directories, and from what the damaged one still gives."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.complaints import LASTING
from trainui.core.importing import is_imported
from trainui.core.process import order as names
from trainui.core.process.files import recall
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.rebuild.recounting import Recounting
from trainui.core.rebuild.retelling import (
    Retelling,
    Told,
    UnclearError,
    hear,
    launch_environment,
    run_folders,
)
from trainui.core.run import Status
from trainui.core.store import rebuild as store
from trainui.core.store.actions import ACTING_SINCE
from trainui.core.store.money import Ledger
from trainui.core.store.salvage import Row, Wreck
from trainui.core.store.schema import atomic, connect
from trainui.core.store.subjects import subject_of
from trainui.core.treasury.accounts import Accounts
from trainui.core.unpacking.again import is_carried

OUTDATED = (ACTING_SINCE, "accrued", "accrued_gpu_ms")
"""Facts that count what the old file held: its verdicts, what was in none of its lines."""


@dataclass(kw_only=True, slots=True)
class Report:
    """What a rebuild did."""

    runs: dict[str, str] = field(default_factory=dict)
    """Run → how it stands now, in the order they were queued."""
    salvaged: dict[str, int] = field(default_factory=dict)
    """What was taken over from the damaged file → how many."""
    lost: list[str] = field(default_factory=list)
    """What could not be rebuilt or salvaged, a sentence each."""
    kept: str = ""
    """Where the old file is now; '' when there was none."""
    is_busy: bool = False
    """Whether something is live or waits: then a manager is needed."""


class Remaking:
    """One new runs.db at `draft`, which will be `db`, from a `wreck` and the directories beside it."""

    def __init__(self, project: Path, db: Path, draft: Path, wreck: Wreck) -> None:
        self.project = project
        self.path = db
        self.wreck = wreck
        self.report = Report()
        self._db = connect(draft)
        self._intents: set[int] = set()
        self._recounting = Recounting(self._db, wreck, run_folders(db))

    def run(self) -> Report:
        """Do it all; returns what was done."""
        self._salvage_facts()
        rows = [row for row in self.wreck.rows("runs") if store.is_sound_run(row)]
        events = [row for row in self.wreck.rows("events") if isinstance(row["at"], float | int)]
        going = {str(row["name"]) for row in rows if row["status"] != Status.ENDED}
        with atomic(self._db):
            store.remember_deeds(
                self._db,
                self.wreck,
                going | {subject_of(str(row["name"])) for row in self.wreck.rows("studies")},
            )
        self._tell_runs({str(row["name"]): row for row in rows})
        self._salvage_intents(self.wreck)
        self._mind_environments()
        with atomic(self._db):
            store.act_from_here(self._db)
            store.replace_events(self._db, events)
        self._count("events", len(events))
        self._restore_money()
        for table, unread in self.wreck.unread.items():
            self.report.lost.append(f"{table}: {unread or 'some'} rows of the damaged file cannot be read")
        if self.wreck.trouble:
            self.report.lost.append(f"nothing could be read of {self.path}: {self.wreck.trouble}")
        self.wreck.close()
        store.finish(self._db)
        return self.report

    def close(self) -> None:
        """Let go of both files, as they are."""
        self.wreck.close()
        self._db.close()

    def take_late_intents(self, aside: Path) -> None:
        """Take over what a front end wrote into the old file while the new one was built."""
        self._db = connect(self.path, durable=True)
        late = Wreck(aside).open()
        self._salvage_intents(late)
        late.close()
        self._db.close()

    # ---------------------------------------------------------------- runs

    def _tell_runs(self, rows: dict[str, Row]) -> None:
        """Every run, from its directory where that knows it, else from the damaged file."""
        told: dict[str, Told] = {}
        for folder in run_folders(self.path):
            try:
                one = hear(folder, self.path)
            except UnclearError as error:
                if folder.name not in rows:
                    self.report.lost.append(f"{folder} is left alone: {error}")
                continue
            if one is not None and (one.claim or is_imported(one.origin) or folder.name not in rows):
                told[one.name] = one  # prepared but not claimed: its row knows better
        self._leave_halves(told, rows)
        queued_at = {name: float(row["queued_at"]) for name, row in rows.items()}
        queued_at = {name: one.queued_at for name, one in told.items()} | queued_at
        retelling = Retelling(self._db, self.project)
        for name in sorted(queued_at, key=lambda one: (queued_at[one], one)):
            if name in told:
                self._tell(retelling, told[name], rows.get(name))
            else:
                with atomic(self._db):
                    store.copy_run(self._db, self.wreck, rows[name])
                self.report.runs[name] = (
                    f"{rows[name]['result'] or rows[name]['status']}, as the old file says"
                )
                self.report.is_busy |= rows[name]["status"] != Status.ENDED
        for row in self.wreck.rows("answers"):
            is_judged = row["run"] in told and not is_carried(told[row["run"]].origin)
            if is_judged and isinstance(row["at"], float | int):
                retelling.answer(row)
        retelling.catch_up(Clock(unix=time.time(), boot=boot_seconds(), boot_id=boot_id()))

    def _leave_halves(self, told: dict[str, Told], rows: dict[str, Row]) -> None:
        """Leave out the directories of imports that were killed before their row was there, and done again since."""
        known: dict[str, str] = {}
        for name in sorted(told, key=lambda one: (one not in rows, told[one].queued_at, one)):
            one = told[name]
            if is_imported(one.origin) and (root := str(one.origin["imported"])) in known:
                self.report.lost.append(f"{one.folder} is left alone: {root} was imported as {known[root]}")
                del told[name]
            elif is_imported(one.origin):
                known[root] = name

    def _tell(self, retelling: Retelling, told: Told, row: Row | None) -> None:
        try:
            run = retelling.tell(told, has_row=row is not None)
        except LASTING as error:
            with atomic(self._db):
                store.forget_run(self._db, told.name)
            self.report.lost.append(f"{told.folder} is left alone: {error}")
            return
        is_same_end = row is not None and run.status is Status.ENDED and row["result"] == run.result
        with atomic(self._db):
            if row is not None:
                store.restore_run(self._db, row, is_same_end=is_same_end)
                self._count("runs", 1)
                self._count("curves", store.restore_gone(self._db, self.wreck, run.name, told.folder))
            for gate in self.wreck.rows_of("gates", "run", run.name) if is_same_end else ():
                store.restore_gate(self._db, gate)
            for table in ("notes", "tags", "usage"):
                found = self.wreck.rows_of(table, "run", run.name)
                for one in found:
                    store.insert(self._db, table, one)
                self._count(table, len(found))
        self.report.runs[run.name] = str(run.result or run.status)
        self.report.is_busy |= run.status is not Status.ENDED

    def _salvage_intents(self, wreck: Wreck) -> None:
        """What was acknowledged and not yet done is still to be done; a start that was done keeps its environment."""
        known = store.run_names(self._db)
        kept = 0
        for row in wreck.rows("intents"):
            is_start, is_open = row["verb"] == "start", row["done_at"] is None
            if row["id"] in self._intents or not (is_start or is_open):
                continue
            self._intents.add(row["id"])
            if not store.is_sound_intent(row):
                if is_open:
                    text = f"intent {row['id']} ({row['verb']} of {row['run']}) cannot be read"
                    self.report.lost.append(text)
                continue
            if is_start and is_open and row["run"] in known:  # its directory knows that it was carried out
                row |= {"done_at": row["created_at"], "outcome": "queued"}
                is_open = False
            with atomic(self._db):
                store.insert(self._db, "intents", row)
            kept += 1
            self.report.is_busy |= is_open
            if is_start and is_open:
                self.report.runs[str(row["run"])] = "queued, as the old file says"
        self._count("intents", kept)

    def _mind_environments(self) -> None:
        """A lost intent took the environment along; that of a launched run stands in its order, for its next try."""
        for row in store.without_environment(self._db):
            env = launch_environment(Path(row["directory"]))
            if env:
                with atomic(self._db):
                    store.keep_environment(self._db, row, env)
            elif not row["was_launched"] or json.loads(row["spec"]).get("retry"):
                then = "its next try starts" if row["was_launched"] else "it starts"
                self.report.lost.append(
                    f"{row['name']}: the environment it was asked for in is lost, {then} in that of the manager"
                )

    # ---------------------------------------------------------------- money and facts

    def _salvage_facts(self) -> None:
        """What the rest leans on: the last good trainui.toml, who saw what, and every ledger line."""
        with atomic(self._db):
            for table in ("facts", "looks", "blocks", "answers"):
                found = self.wreck.rows(table)
                for row in found:
                    if row.get("name") not in OUTDATED:
                        store.insert(self._db, table, row)
                self._count(table, len(found))
            for table in ("messages", "deliveries", "sendings"):  # what was told is not told again
                for row in (told := self.wreck.rows(table)):
                    store.insert(self._db, table, row, keep_id=True)
                self._count(table, len(told))
        self._count("ledger", self._recounting.salvage())

    def _restore_money(self) -> None:
        """Charge again what no line tells, and publish the reckoning."""
        now = Clock(unix=time.time(), boot=boot_seconds(), boot_id=boot_id())
        with atomic(self._db):
            for folder in run_folders(self.path):
                paid = recall(folder / names.ALLOWANCE) or {}
                if paid.get("boot_id") == now.boot_id and paid.get("until"):
                    Ledger(self._db).note_allowed(folder.name, float(paid["until"]), now.boot_id)
        self.report.lost += self._recounting.reckon(Accounts(self._db), self.project, now)

    def _count(self, what: str, number: int) -> None:
        if number:
            self.report.salvaged[what] = self.report.salvaged.get(what, 0) + number
