"""Watching one live run: what it wrote becomes points, what the points mean becomes verdicts.

Points, envelopes, the byte offset they reach and the verdicts they cause commit in one transaction, so a
kill at any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from trainui.core.errors import StoreError
from trainui.core.following import OWN, Stream, Streams, stamp_of, written_after
from trainui.core.gates import Gate, Notice, Verdict
from trainui.core.ingest.discover import Found
from trainui.core.ingest.follow import Chunk
from trainui.core.ingest.format import Reader
from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.records import Record
from trainui.core.judging.hearing import Files, heard
from trainui.core.judging.remembered import Judging
from trainui.core.store.columns import storable
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import Added, Source, StreamWriter
from trainui.core.store.verdicts import write_checkpoint

MOST_CHUNKS = 8
"""Chunks taken from one file in one pass, so that a flood from one run cannot starve the others."""
PRINTED = ("console", "log")
"""Kinds of streams whose lines are held against the gates."""
SHOWN = 3
"""Streams that are named where several were found at once."""


class Watch:
    """One run's readers and judge. After a failed commit, throw it away and make a new one from the store."""

    def __init__(
        self, db: sqlite3.Connection, run: RunRow, writer: StreamWriter, *, own: Sequence[Found] = OWN
    ) -> None:
        """`own`: the streams it has from the start; an imported run has only those that were named."""
        self.name = run.name
        self._db = db
        self._run = run
        self._runs = RunWriter(db)
        self._writer = writer
        self._judging = Judging(db, run, count=lambda: writer.points(run.name))
        self._files = Files((run.project, run.directory))
        self._patterns = compile_patterns(run.spec.metrics.pattern)
        self._streams = Streams(run.directory, own, source=self._source, make=self._reader)
        self._named = run.spec.files(run=run.name, run_dir=run.directory)
        self._hinted: set[str] = set()
        self.is_behind = False
        """Whether a stream has more than the last read took."""
        self.saved_at = self._runs.saved_at(run.name)
        """When the newest checkpoint was told of, Unix seconds."""
        self.awake_since = 0.0
        """Unix seconds of its last going on after a pause, in which it could not speak."""

    def _source(self, found: Found) -> Source:
        return self._writer.source(self.name, found.path, found.kind, prefix=found.prefix)

    def _reader(self, kind: str, state: str) -> Reader:
        return reader_for(kind, patterns=self._patterns, state=state)

    @property
    def gates(self) -> dict[str, Gate]:
        """The gates it is judged by, by their ids: its own, and detectors of the default watch that left ok."""
        return by_id(self._judging.all_gates())

    def register_gates(self) -> None:
        """Write the run's gates down before it starts. Call inside a transaction."""
        self._judging.register()

    def find(self, others: Iterable[str] = (), *, now: float, final: bool = False) -> None:
        """Take in streams that appeared: in the run directory, by the spec, and of `others` (absolute paths) those
        that are of a format."""
        begun = self._run.started_at or self._run.queued_at
        fresh = self._streams.find(
            others, self._named, folder=self._run.project, since=begun, now=now, final=final
        )
        if final:
            self._tell_unmatched(begun, now)
        if fresh:
            shown = ", ".join(one.path for one in fresh[:SHOWN]) + (" …" if len(fresh) > SHOWN else "")
            with atomic(self._db):
                self._runs.event(self.name, "stream", f"reads {shown} too", at=now)

    def _tell_unmatched(self, begun: float, now: float) -> None:
        """Say at the end which names of the spec found nothing the run wrote."""
        for pattern in self._named:
            if not any(written_after(begun, self._run.project, pattern)):
                with atomic(self._db):
                    self._runs.event(self.name, "stream", f"files: {pattern} found nothing", at=now)

    def read(
        self,
        *,
        now: float,
        final: bool = False,
        growing: Collection[str] = (),
        tell: Callable[[int], None] | None = None,
    ) -> list[Verdict]:
        """Read what is new in every stream; returns the verdicts that changed, already committed.

        `final` also takes a last line without an end, but of files that are `growing` (absolute paths). `now` is
        Unix seconds. `tell` hears of bytes as they are read.
        """
        changed: list[Verdict] = []
        self.is_behind = False
        if any(stream.source.kind in PRINTED for stream in self._streams):
            changed += self._judging.listens(now=now)
        for stream in self._streams:
            is_over = final and (not growing or os.path.realpath(stream.path()) not in growing)
            for _ in range(10**9 if final else MOST_CHUNKS):
                chunk = stream.next(now=now, final=is_over)
                if chunk is None:
                    break
                changed.extend(self._commit(stream, chunk, now))
                if tell is not None:
                    tell(chunk.end - chunk.start)
            else:
                self.is_behind = True
        return changed

    def _commit(self, stream: Stream, chunk: Chunk, now: float) -> list[Verdict]:
        if chunk.rewound:
            self._streams.begin_anew(stream)
        told = stream.read(chunk)
        records = [record for _, found in told for record in found]
        before = stream.source
        after = replace(
            before,
            offset=chunk.end,
            inode=chunk.inode,
            lines=stream.reader.lines,
            understood=stream.reader.understood,
            state=stream.reader.state(),
            mark=chunk.mark,
        )
        with self._judging.transaction():
            if not self._writer.advance(before, after):
                raise StoreError(f"{self.name}: {before.path} is being read by another manager")
            if chunk.rewound:
                self._runs.event(
                    self.name, "stream", f"{before.path} was {chunk.rewound}; read again from 0", at=now
                )
            added = self._writer.add_records(
                self.name, before.kind, records, now=now, wanted=self._judging.wants, prefix=before.prefix
            )
            lines = self._lines(told, added, now) if before.kind in PRINTED else ()
            changed = self._judging.points(added, lines)
            self._hint(added.metrics, now)
            self._keep_rest(records, added, now, tells_place=self._tells_place(stream))
        stream.source = after
        return changed

    def _hint(self, written: Collection[str], now: float) -> None:
        """Say early that a promise waits for `train/loss` while the run writes `loss`, or for `Train Loss`."""
        awaited = {self._run.spec.metrics.primary, *(gate.metric for gate in self._judging.gates)}
        for name in sorted(awaited - self._hinted - {""}):
            said = self._run.spec.metric.get(name)
            if said is not None and any(one in written for one in said.from_):
                self._hinted.add(name)  # it is known by another name, as the spec says
                continue
            meant = [name.rpartition("/")[2], *(one for one in written if _bare(one) == _bare(name))]
            other = next((one for one in meant if one != name and one in written), None)
            if other is not None and not self._writer.is_known(self.name, name):
                self._hinted.add(name)
                text = f"the spec waits for {name}, and the run writes {other}: is that the one?"
                self._runs.event(self.name, "gate", text, at=now)

    def _lines(
        self, told: Sequence[tuple[bytes, Sequence[Record]]], added: Added, now: float
    ) -> list[tuple[int, Notice]]:
        """The printed lines that a gate looks for, each with the number of the newest point before it."""
        patterns = self._judging.looks_for
        if not patterns:
            return []
        found: list[tuple[int, Notice]] = []
        seq = self._writer.points(self.name) - added.size - 1
        for line, records in told:
            seq += sum(len(one.metrics) for one in records if one.checkpoint is None)
            at = next((one.at for one in records if one.at is not None), now)
            found += [(seq, Notice(kind="line", text=text, at=at)) for text in heard(line, patterns)]
        return found

    def _tells_place(self, stream: Stream) -> bool:
        """Whether no more structured stream says how far the run is: a printed step may count anything."""
        return not any(one.source.understood for one in self._streams if one.form.rank < stream.form.rank)

    def _keep_rest(self, records: Iterable[Record], added: Added, now: float, *, tells_place: bool) -> None:
        """Checkpoints, events and how far the run is."""
        place: dict[str, float] = {}
        for record in filter(_tells_more, records):
            if record.event:
                self._runs.event(self.name, "note", record.event, at=record.at or now)
            if record.checkpoint:
                self._keep_checkpoint(record, now)
            for name in ("total_steps", "total_epochs"):
                if (value := getattr(record, name)) is not None:
                    place[name] = storable(value)
        if added.place is not None and added.place.step is not None:
            place["step"] = added.place.step
            if added.place.epoch is not None:
                place["epoch"] = added.place.epoch
        if place and tells_place:
            self._runs.change(self.name, **place)

    def _keep_checkpoint(self, record: Record, now: float) -> None:
        self.saved_at = record.at or time.time()  # not `now`: it may have been asked for since
        metric, value = next(iter(record.metrics.items()), ("", None))
        write_checkpoint(
            self._db,
            self.name,
            path=record.checkpoint or "",
            at=record.at or now,
            step=None if record.step is None else storable(record.step),
            epoch=None if record.epoch is None else storable(record.epoch),
            metric=metric,
            value=value,
        )
        shown = f" {metric} {value:.4g}" if value is not None else ""
        self._runs.event(self.name, "checkpoint", f"{record.checkpoint}{shown}", at=record.at or now)

    @property
    def exit_code(self) -> int | None:
        """The exit code its streams told of, where a format keeps it."""
        codes = (getattr(stream.reader, "exit_code", None) for stream in self._streams)
        return next((code for code in codes if code is not None), None)

    def silent_seconds(self, now: float) -> float:
        """Seconds since the run last wrote anything to a stream; 0 before it wrote its first."""
        written = [stamp[2] / 1e9 for stream in self._streams if (stamp := stamp_of(stream.path()))]
        return max(0.0, now - max([*written, self.awake_since])) if written else 0.0

    @property
    def is_stale(self) -> bool:
        """Whether a transaction failed, so that this must be made anew."""
        return self._judging.is_stale

    def meters(self, values: dict[str, float], *, now: float) -> list[Verdict]:
        """Judge the built-in meters, and the files that gates ask for; the verdicts that changed, committed."""
        return self._judging.meters(values, now=now) + self.count_files(now=now)

    def count_files(self, *, now: float, again: bool = False) -> list[Verdict]:
        """Judge the files that gates ask for, `again` also those that were counted just now; as `meters` does."""
        found = self._files.look(self._judging.globs, now=now, again=again)
        return [verdict for notice in found for verdict in self._judging.notice(notice)]

    def told_to_stop(self, who: str, *, now: float) -> None:
        """Somebody asked the run to stop: what it prints from here on says nothing of how it fares."""
        self._judging.told_to_stop(who, now=now)

    def answer(self, gate: str, is_yes: bool, *, who: str, note: str, now: float) -> list[Verdict]:
        """Take somebody's answer to a gate; the verdicts that changed, committed. Raises as `Judge.answer` does."""
        return self._judging.answer(gate, is_yes, who=who, note=note, now=now)

    def end(
        self, *, result: str, exit_code: int | None, now: float, meters: Mapping[str, float] | None = None
    ) -> list[Verdict]:
        """The run ended, when its `meters` read so: no gate stays pending. Call inside a transaction."""
        return self._judging.end(result=result, exit_code=exit_code, now=now, meters=meters)


def by_id(gates: Iterable[Gate]) -> dict[str, Gate]:
    """Gates by their ids."""
    return {gate.id: gate for gate in gates}


def _tells_more(record: Record) -> bool:
    """Whether a record tells anything beside points."""
    return bool(
        record.event or record.checkpoint or record.total_steps is not None or record.total_epochs is not None
    )


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
