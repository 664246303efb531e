"""HAND: what `[export] on_end` asks for: when a run has ended, its study is written into `exports/`, by a child.

What was written is a fact in runs.db: how many runs of each study had ended. A study of which more have by now is
written again; runs that end together are one export. Nothing waits for it, and a failure is told once. An export that
was killed is tried once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from trainui.core.clock import Clock
from trainui.core.complaints import complaints
from trainui.core.config import Config
from trainui.core.export import child
from trainui.core.export.whole import name_for
from trainui.core.process.identity import Identity
from trainui.core.store.money import Ledger
from trainui.core.store.placing import ended_by_study
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic

FACT = "on_end"
REST = 10.0
"""Seconds between two exports: runs of a second each must not keep a core busy."""


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, as a fact in runs.db."""

    told: dict[str, int] = {}
    """Study → how many of its runs had ended when it was written last."""
    study: str = ""
    """The one that is being written."""
    count: int = 0
    child: dict[str, int | str] = {}
    until: float = 0.0
    """Boot second at which that is given up."""
    trouble: dict[str, str] = {}
    """Study → why its last export was not whole."""
    again: str = ""
    """The study whose export was killed, and is tried once more."""


class Summaries:
    """Sees to the exports of one runs.db."""

    def __init__(
        self, db: sqlite3.Connection, db_path: Path, project: Path, *, config: Callable[[], Config]
    ) -> None:
        """`config`: the trainui.toml in force."""
        self._db = db
        self._db_path = db_path
        self._project = project
        self._config = config
        self._ledger = Ledger(db)
        self._runs = RunWriter(db)
        self._rests_until = 0.0
        known = self._ledger.fact(FACT)
        self._is_new = not known
        try:
            self._now = msgspec.json.decode(known or "{}", type=Ends)
        except msgspec.MsgspecError:  # kept by a trainui that knew other fields
            self._now = Ends()

    @property
    def is_busy(self) -> bool:
        """Whether an export is under way."""
        return bool(self._now.study)

    def attend(self, now: Clock) -> None:
        """See what became of the export under way, and start the next. Waits for nothing."""
        formats = self._config().export.on_end
        if self._now.study:
            known, folder = Identity.from_dict(self._now.child), self._folder(self._now.study)
            if child.is_under_way(known, now, until=self._now.until, folder=folder):
                return
            self._close(now)
        if not formats:
            self._is_new = True  # what ends while nothing is asked for is not written later
            return
        ended = ended_by_study(self._db)
        if self._is_new:
            self._is_new = False
            self._keep(msgspec.structs.replace(self._now, told=ended))
        due = [study for study, count in ended.items() if count != self._now.told.get(study, 0)]
        if due and now.boot >= self._rests_until:
            self._start(due[0], ended[due[0]], formats, now)

    def _start(self, study: str, count: int, formats: list[str], now: Clock) -> None:
        words = ("--study", study, "--format", ",".join(formats))
        told = {**self._now.told, study: count}
        try:
            identity = child.begin(self._db_path, self._project, words, self._folder(study))
        except OSError as error:
            self._keep(msgspec.structs.replace(self._now, told=told))
            self._tell(study, error.strerror or str(error), now)
            return
        self._keep(msgspec.structs.replace(
            self._now, told=told, study=study, count=count, child=identity.to_dict(), until=now.boot + child.LONGEST,
        ))  # fmt: skip

    def _close(self, now: Clock) -> None:
        study, folder = self._now.study, self._folder(self._now.study)
        trouble = child.trouble(folder)
        self._rests_until = now.boot + REST
        told, again = dict(self._now.told), ""
        if trouble == child.KILLED and self._now.again != study:
            again = study
            told.pop(study, None)
        self._keep(msgspec.structs.replace(self._now, study="", child={}, told=told, again=again))
        if not trouble:
            with complaints(f"export of {study}"):
                (folder / child.LOG).unlink(missing_ok=True)
        self._tell(study, trouble, now)

    def _tell(self, study: str, trouble: str, now: Clock) -> None:
        """Tell what went wrong once, and where the first summary is."""
        known = self._now.trouble.get(study)
        if trouble == known:
            return
        self._keep(msgspec.structs.replace(self._now, trouble={**self._now.trouble, study: trouble}))
        where = self._folder(study)
        text = f"export: {study} is in {where}" if not trouble else f"export: {study} into {where}: {trouble}"
        with atomic(self._db):
            self._runs.event("", "export", text, at=now.unix)

    def _folder(self, study: str) -> Path:
        return self._project / "exports" / name_for(study)

    def _keep(self, ends: Ends) -> None:
        with atomic(self._db):
            self._ledger.set_fact(FACT, msgspec.json.encode(ends).decode())
        self._now = ends
