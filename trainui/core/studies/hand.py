"""HAND: the studies of a project, as their runs go on. Registers them before their first run, judges, hands on.

A study is written down when the first of its runs is taken in, and from then on judged by the text that was written
down; a file that was edited is written down anew, and what it said before is kept.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.complaints import complaints
from trainui.core.errors import NotFoundError, nearest
from trainui.core.gates import Gate
from trainui.core.project import find_studies
from trainui.core.run import Status
from trainui.core.spec.study import Study, study_of
from trainui.core.store.intents import coming
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.studies import Kept, Member, StudyWriter
from trainui.core.store.subjects import subject_of
from trainui.core.studies.watch import BegunAnewError, StudyWatch, newest_of

LOOK = 1.0
"""Seconds between looks at what runs have written, while they go on."""
FILES = 5.0
"""Seconds between looks at the study files."""
Act = Callable[[str, Mapping[str, Gate], Clock], None]
"""(`study:NAME`, its gates by id, now): does what newly committed verdicts ask for."""


class Studies:
    """The studies of one runs.db."""

    def __init__(self, db: sqlite3.Connection, project: Path, *, act: Act | None = None) -> None:
        self._db = db
        self._project = project
        self._act = act
        self._writer = StudyWriter(db)
        self._runs = RunWriter(db)
        self._watches: dict[str, StudyWatch] = {}
        self._written: dict[str, Study] = {}
        """What the files say now, as far as they can be read."""
        self._troubles: dict[Path, str] = {}
        self._files: tuple[tuple[str, int, int], ...] | None = None
        self._late: set[str] = set()
        self._life: tuple[int, int] | None = None
        self._next_look = self._next_files = 0.0

    def look(self, now: Clock) -> None:
        """Take in what is new; at once when a run came or ended: what a gate holds back must not start before."""
        life = self._writer.life()
        has_news = life != self._life
        if not has_news and now.boot < self._next_look:
            return
        if has_news or now.boot >= self._next_files:
            self._read_files(now)
        members = self._writer.members()
        if has_news or any(run.status is not Status.ENDED for run in members):
            self._register(members, now)
            soon = list(coming(self._db))
            # a manager that died may have left something to be done
            waiting = self._writer.waiting() if self._life is None else ()
            for kept in self._writer.all():
                with complaints(subject_of(kept.name)):
                    if kept.name in waiting or not self._is_settled(kept, members, soon):
                        self._look_at(kept, members, soon, now)
        self._life = life
        self._next_look = now.boot + LOOK

    def answer(self, name: str, gate: str, verdict: bool, *, who: str, note: str, now: Clock) -> None:
        """Take a person's answer to a question about a study. Raises NotFoundError or UserError."""
        kept = {one.name: one for one in self._writer.all()}
        if name not in kept:
            raise NotFoundError(f"there is no study {name!r}", hint=nearest(name, kept))
        watch = self._watch(kept[name])
        try:
            watch.answer(gate, verdict, who=who, note=note, now=now)
        except sqlite3.Error:
            self._watches.pop(name, None)
            raise
        self._hand_on(watch, now)

    # ---------------------------------------------------------------- what is written

    def _read_files(self, now: Clock) -> None:
        """Take the study files in when one changed; a broken one leaves what was written down in force."""
        self._next_files = now.boot + FILES
        found = [
            (str(path), stat.st_mtime_ns, stat.st_size)
            for path in sorted((self._project / "jobs").rglob("*.toml"))
            if (stat := _stat(path)) is not None
        ]
        if tuple(found) == self._files:
            return
        self._files = tuple(found)
        self._written = {}
        for file in find_studies(self._project):
            self._written |= {study.name: study for study in file.studies}
            if file.problem and self._troubles.get(file.path) != file.problem:
                with atomic(self._db):
                    text = f"a study cannot be judged as it stands: {file.problem}"
                    self._runs.event("", "manager", text, at=now.unix)
            self._troubles[file.path] = file.problem

    def _register(self, members: Sequence[Member], now: Clock) -> None:
        """Write down studies that have a run, and those whose text changed."""
        kept = {one.name: one for one in self._writer.all()}
        for study in self._written.values():
            mine = [run for run in members if study.plan.aliases_of(run.job)]
            digest = hashlib.sha256(study.text.encode()).hexdigest()
            before = kept.get(study.name)
            if not mine or (before is not None and before.digest == digest):
                continue
            # what had happened before a promise was written down is shown, and brings no action
            is_late = before is None and any(run.status is not Status.QUEUED for run in mine)
            with complaints(subject_of(study.name)), atomic(self._db):
                source = str(study.path.relative_to(self._project))
                edited = self._writer.keep(study.name, study.text, digest, source, study.plan.gates, now.unix)
                self._tell(study, before, edited, mine, now)
                self._watches.pop(study.name, None)
                if is_late:
                    self._late.add(study.name)
                if before is not None:
                    ids = {gate.id for gate in study_of(before.text).plan.gates}
                    new = [gate.id for gate in study.plan.gates if gate.id not in ids]
                    StudyWatch(self._db, study).show([*edited, *new], now)

    def _tell(
        self, study: Study, before: Kept | None, edited: Sequence[str], mine: Sequence[Member], now: Clock
    ) -> None:
        subject = subject_of(study.name)
        begun = [run.run for run in mine if run.status is not Status.QUEUED]
        after = f", after {', '.join(begun)} had begun" if begun else ""
        if before is None:
            text = f"study {study.name} is written down with {len(study.plan.gates)} gates{after}"
            self._runs.event(subject, "gate", text, at=now.unix)
            return
        what = f": {', '.join(edited)}" if edited else ""
        text = f"study {study.name} was edited{what}{after}; what it said before is kept"
        self._runs.event(subject, "gate", text, at=now.unix)

    # ---------------------------------------------------------------- how it stands

    def _look_at(self, kept: Kept, members: Sequence[Member], soon: Sequence[str], now: Clock) -> None:
        is_new = kept.name not in self._watches
        watch = self._watch(kept)
        try:
            moved = watch.look(members, soon, now, late=kept.name in self._late)
        except BegunAnewError:
            watch = self._watches[kept.name] = StudyWatch(self._db, study_of(kept.text))
            with atomic(self._db):
                stored = self._writer.states(kept.name)
                watch.show([gate for gate in stored if stored[gate] != watch.states.get(gate)], now)
            moved = True
        except sqlite3.Error:
            self._watches.pop(kept.name)
            raise
        self._late.discard(kept.name)
        if moved or is_new:
            self._hand_on(watch, now)

    def _is_settled(self, kept: Kept, members: Sequence[Member], soon: Sequence[str]) -> bool:
        """Whether a study that is over has nothing new, so that its journal need not even be read."""
        if kept.status != "over" or kept.name in self._watches:
            return False
        newest, waits = newest_of(study_of(kept.text).plan, members, soon)
        begun = self._writer.begun(kept.name)
        return not waits and all(begun.get(alias) == run.run for alias, run in newest.items())

    def _watch(self, kept: Kept) -> StudyWatch:
        if kept.name not in self._watches:
            self._watches[kept.name] = StudyWatch(self._db, study_of(kept.text))
        return self._watches[kept.name]

    def _hand_on(self, watch: StudyWatch, now: Clock) -> None:
        if self._act is not None:
            self._act(watch.subject, watch.gates, now)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
