"""Which runs a back-test is over: runs of the store by name or study, and logs by path, with their alias."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from trainui.core.backtest.tape import Tape, Told, tapes_of_files
from trainui.core.errors import NotFoundError, nearest
from trainui.core.ingest.patterns import Pattern
from trainui.core.store.history import exit_code_of, notes_of, points_in, readings_of, rows_of
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView


class Shelf:
    """Where tapes are found: the runs of one runs.db, where there is one, and any file."""

    def __init__(self, reader: Reader | None, db: sqlite3.Connection | None) -> None:
        self._db = db
        self._reader = reader
        self._views = {view.run: view for view in reader.runs()} if reader else {}

    def tapes(self, word: str, patterns: Sequence[Pattern] = ()) -> list[Tape]:
        """The runs that `word` names: a run, a study, or a file or folder. Raises NotFoundError."""
        if word in self._views:
            return [self._stored(self._views[word])]
        of_study = [
            view for view in self._views.values() if view.study == word and view.started_at is not None
        ]
        if of_study:
            return [self._stored(view) for view in sorted(of_study, key=lambda view: view.queued_at)]
        path = Path(word).expanduser()
        if path.exists():
            return tapes_of_files(path, patterns)
        known = {*self._views, *(view.study for view in self._views.values())}
        raise NotFoundError(
            f"there is no run, study or file {word!r}", hint=nearest(word, known) or "see `trainui ls --all`"
        )

    def _stored(self, view: RunView) -> Tape:
        reader, db, run = self._reader, self._db, view.run
        assert reader is not None
        assert db is not None
        told = Told(
            result=str(view.result or "finished"),
            exit_code=exit_code_of(db, run),
            started_at=view.started_at,
            ended_at=view.ended_at if view.ended_at is not None else _last_at(view),
            usd=view.usd or None,
            points=points_in(db, run),
            total_steps=view.total_steps,
            total_epochs=view.total_epochs,
        )
        return Tape(
            run=run,
            job=view.job,
            rows=lambda: rows_of(db, run),
            told=lambda: told,
            readings=readings_of(db, run),
            spec=reader.spec(run),
            notes=notes_of(db, run),
            is_live=view.ended_at is None,
        )


def _last_at(view: RunView) -> float | None:
    return None if view.started_at is None else view.started_at + view.seconds
