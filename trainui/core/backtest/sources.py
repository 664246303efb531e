"""Which runs a back-test is over: runs of the store by name or study, and logs by path, with their alias."""

from __future__ import annotations

import os
import re
import sqlite3
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from trainui.core.backtest.tape import Line, Tape, Told, tapes_of_files
from trainui.core.errors import NotFoundError, nearest
from trainui.core.gates import Judge
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.patterns import Pattern, compile_patterns
from trainui.core.judging.hearing import heard, one_of
from trainui.core.process.order import OUTPUT
from trainui.core.spec import Spec
from trainui.core.store.history import (
    exit_code_of,
    notes_of,
    points_in,
    printed_at,
    rows_before,
    rows_of,
    was_imported,
)
from trainui.core.store.read import Reader
from trainui.core.store.readings import readings_of
from trainui.core.store.views import RunView, UsageView

GIB = 2**30


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
        path = Path(os.path.expanduser(word))
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
        spec = reader.spec(run)
        is_imported = was_imported(db, run)
        then = Judge(spec.readable_gates()[0], watch=spec.default_watch())
        return Tape(
            run=run,
            job=view.job,
            rows=lambda: rows_of(db, run),
            told=lambda: told,
            listen=lambda patterns: self._lines(view, spec, patterns),
            readings=list(readings_of(db, run)),
            looked_for=frozenset() if is_imported else frozenset(one.pattern for one in then.looks_for),
            measured=frozenset() if is_imported else then.measures,
            used=_Usage(reader.usage(run)).at,
            before=(lambda begun: rows_before(db, run, begun)) if view.parent else None,
            spec=spec,
            notes=notes_of(db, run),
            is_live=view.ended_at is None,
        )

    def _lines(self, view: RunView, spec: Spec, patterns: Sequence[re.Pattern[str]]) -> deque[Line]:
        """What a run printed that matches, each line after the point that was read from before it."""
        assert self._db is not None
        path = Path(view.directory) / OUTPUT
        found: deque[Line] = deque()
        if not path.is_file():
            return found
        form = format_named("console")
        reader = form.make("", compile_patterns(spec.metrics.pattern))
        seqs, combined, count = printed_at(self._db, view.run), one_of(patterns), 0
        found.append(Line(kind="output", seq=-1, at=view.started_at or view.queued_at))
        for chunk in chunks_of(path, form):
            for item in chunk.items:
                count += sum(len(one.metrics) for one in reader.read(item) if one.checkpoint is None)
                seq = seqs[min(count, len(seqs)) - 1] if seqs and count else -1
                at = view.started_at or view.queued_at
                found += [Line(seq=seq, text=text, at=at) for text in heard(item, combined)]
        return found


class _Usage:
    """What a run's processes used, sample by sample."""

    def __init__(self, samples: Sequence[UsageView]) -> None:
        self._samples = samples
        self._times = [one.at for one in samples]

    def at(self, at: float) -> dict[str, float]:
        """What the meters read at Unix second `at`; nothing before the first sample."""
        place = bisect_right(self._times, at)
        if not place:
            return {}
        one = self._samples[place - 1]
        gpu_memory = None if one.gpu_memory is None else one.gpu_memory / GIB
        told = {"@host_mem_gb": one.memory / GIB, "@gpu_mem_gb": gpu_memory, "@gpu_util": one.gpu}
        return {name: value for name, value in told.items() if value is not None}


def _last_at(view: RunView) -> float | None:
    return None if view.started_at is None else view.started_at + view.seconds
