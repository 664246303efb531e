"""The farewell: when the money is used up and nothing runs any more, summaries are written.

Each summary is a `trainui export` of its own, beside the manager; one that a dead manager left goes on, and the next
sees to its end. A failure is told, and holds nothing up: the machine costs on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from trainui.core.clock import Clock
from trainui.core.export import child
from trainui.core.process.identity import Identity
from trainui.core.store.money import Ledger
from trainui.core.store.schema import atomic

LONGEST = child.LONGEST


class Exporting(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written and what was, as a fact in runs.db."""

    terms: str = ""
    """The budget that was used up: each is said farewell to once."""
    folder: str = ""
    todo: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(name, what `trainui export` is asked for), the one under way first."""
    child: dict[str, int | str] = {}
    """The identity of the export under way."""
    until: float = 0.0
    """Boot second at which that is given up."""
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    is_over: bool = False


class Farewell:
    """Sees to what is done at the end of the money, in one runs.db."""

    def __init__(
        self,
        db: sqlite3.Connection,
        db_path: Path,
        *,
        project: Path,
        tell: Callable[[str, Clock], None],
    ) -> None:
        self._db = db
        self._db_path = db_path
        self._project = project
        self._ledger = Ledger(db)
        self._tell = tell
        try:
            self._now = msgspec.json.decode(self._ledger.fact("cap_export") or "{}", type=Exporting)
        except msgspec.MsgspecError:  # kept by a trainui that knew other fields
            self._now = Exporting()

    @property
    def is_busy(self) -> bool:
        """Whether it has begun and is not over."""
        return bool(self._now.terms) and not self._now.is_over

    def is_over(self, terms: str) -> bool:
        """Whether all was done that is done when the budget of these `terms` is used up."""
        return self._now.terms == terms and self._now.is_over

    def begin(self, terms: str, stopped: Sequence[tuple[str, str]], now: Clock) -> None:
        """Begin with the studies of the runs, (run, study), that the budget stopped; once under the same `terms`."""
        if self._now.terms == terms:
            return
        studies = dict.fromkeys(study for _, study in stopped if study)
        alone = tuple(run for run, study in stopped if not study)
        todo = [(study, ("--study", study)) for study in studies] + ([("runs", alone)] if alone else [])
        folder = self._project / "exports" / f"budget-{datetime.fromtimestamp(now.unix):%Y%m%d-%H%M}"
        self._keep(Exporting(terms=terms, folder=str(folder), todo=tuple(todo)))

    def attend(self, now: Clock) -> None:
        """See what became of the export under way, and start the next; at last tell where they are."""
        if not self.is_busy or self._is_under_way(now):
            return
        if self._now.child:
            self._take_note(now)
        elif self._now.todo:
            self._start(now)
        else:
            self._keep(replace(self._now, is_over=True))
            if self._now.done:
                self._tell(f"budget: summaries of {', '.join(self._now.done)} are in {self._now.folder}", now)

    def _is_under_way(self, now: Clock) -> bool:
        if not self._now.child:
            return False
        known, folder = Identity.from_dict(self._now.child), self._folder(self._now.todo[0][0])
        return child.is_under_way(known, now, until=self._now.until, folder=folder)

    def _start(self, now: Clock) -> None:
        name, words = self._now.todo[0]
        try:
            identity = child.begin(self._db_path, self._project, words, self._folder(name))
        except OSError as error:
            self._close(f"{error.strerror}", now)
            return
        self._keep(replace(self._now, child=identity.to_dict(), until=now.boot + LONGEST))

    def _take_note(self, now: Clock) -> None:
        self._close(child.trouble(self._folder(self._now.todo[0][0])), now)

    def _close(self, trouble: str, now: Clock) -> None:
        """Go on to the next; `trouble` is why there is no summary of this one."""
        name = self._now.todo[0][0]
        done, failed = self._now.done, self._now.failed
        self._keep(
            replace(
                self._now,
                todo=self._now.todo[1:],
                child={},
                done=done if trouble else (*done, name),
                failed=(*failed, name) if trouble else failed,
            )
        )
        if trouble:
            self._tell(f"budget: no summary of {name} could be written: {trouble}", now)

    def _folder(self, name: str) -> Path:
        return Path(self._now.folder) / name.replace("/", "-")

    def _keep(self, exporting: Exporting) -> None:
        with atomic(self._db):
            self._ledger.set_fact("cap_export", msgspec.json.encode(exporting).decode())
        self._now = exporting
