"""Watching one live run: what it wrote becomes points, what the points mean becomes verdicts.

Points, envelopes, the byte offset they reach and the verdicts they cause commit in one transaction, so a
kill at any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from trainui.core.errors import StoreError
from trainui.core.following import OWN, Stream, Streams, stamp_of, written_after
from trainui.core.gates import Gate, Judge, Place, Point, State, Verdict
from trainui.core.ingest.discover import Found
from trainui.core.ingest.follow import Chunk
from trainui.core.ingest.format import Reader
from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.records import Record
from trainui.core.process.beat import beat
from trainui.core.store.columns import storable
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import Added, Source, StreamWriter
from trainui.core.store.verdicts import write_checkpoint, write_gates, write_verdict

MOST_CHUNKS = 8
"""Chunks taken from one file in one pass, so that a flood from one run cannot starve the others."""


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
        self._gates = run.spec.gates()
        self._judge = Judge(self._gates)
        self._written: dict[str, tuple[State, float | None]] = {}
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
        self._replay()

    def _source(self, found: Found) -> Source:
        return self._writer.source(self.name, found.path, found.kind, prefix=found.prefix)

    def _reader(self, kind: str, state: str) -> Reader:
        return reader_for(kind, patterns=self._patterns, state=state)

    def _replay(self) -> None:
        """Bring the judge to where the store says it stood; what it decides again was decided before."""
        watched = self._judge.watched
        passed: Place | None = None
        rows = self._runs.points_in_order(self.name) if self._gates else ()
        for number, (metric, step, value, epoch, at) in enumerate(rows):
            if number % 5000 == 0:
                beat()
            if watched is not None and metric not in watched:
                if epoch is None and passed is not None:
                    epoch = passed.epoch
                passed = Place(step=step, epoch=epoch, at=at)
                continue
            if passed is not None:
                self._judge.pass_by(passed)
                passed = None
            value = math.nan if value is None else value
            self._judge.feed(Point(metric=metric, step=step, value=value, epoch=epoch, at=at))
        if passed is not None:
            self._judge.pass_by(passed)

    @property
    def gates(self) -> dict[str, Gate]:
        """The gates it is judged by, by their ids."""
        return by_id(self._gates)

    def register_gates(self) -> None:
        """Write the run's gates down before it starts. Call inside a transaction."""
        write_gates(self._db, self.name, self._gates)

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
        records = stream.read(chunk)
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
        with atomic(self._db):
            if not self._writer.advance(before, after):
                raise StoreError(f"{self.name}: {before.path} is being read by another manager")
            if chunk.rewound:
                self._runs.event(
                    self.name, "stream", f"{before.path} was {chunk.rewound}; read again from 0", at=now
                )
            added = self._writer.add_records(
                self.name, before.kind, records, now=now, wanted=self._judge.watched, prefix=before.prefix
            )
            changed = self._judge_points(added)
            self._hint(added.metrics, now)
            self._keep_rest(records, added, now, tells_place=self._tells_place(stream))
        stream.source = after
        return changed

    def _hint(self, written: Collection[str], now: float) -> None:
        """Say early that a promise waits for `train/loss` while the run writes `loss`, or for `Train Loss`."""
        awaited = {self._run.spec.metrics.primary, *(gate.metric for gate in self._gates)}
        for name in sorted(awaited - self._hinted - {""}):
            meant = [name.rpartition("/")[2], *(one for one in written if _bare(one) == _bare(name))]
            other = next((one for one in meant if one != name and one in written), None)
            if other is not None and not self._writer.is_known(self.name, name):
                self._hinted.add(name)
                text = f"the spec waits for {name}, and the run writes {other}: is that the one?"
                self._runs.event(self.name, "gate", text, at=now)

    def _judge_points(self, added: Added) -> list[Verdict]:
        """Feed the judge with what it watches, and write down where the gates stand."""
        changed = [verdict for one in added.points for verdict in self._judge.feed(one)]
        if added.curve_place is not None:
            self._judge.pass_by(added.curve_place)
        self._write(changed)
        return changed

    def _write(self, changed: Sequence[Verdict]) -> None:
        for verdict in changed:
            write_verdict(self._db, self.name, verdict, is_change=True)
        for gate, verdict in self._judge.current().items():
            shown = (verdict.state, verdict.value)
            if self._written.get(gate) != shown:
                write_verdict(self._db, self.name, verdict, is_change=False)
                self._written[gate] = shown

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

    def meters(self, values: dict[str, float], *, now: float) -> list[Verdict]:
        """Judge the built-in meters; returns the verdicts that changed, already committed."""
        changed = self._judge.meters(values, at=now)
        with atomic(self._db):
            self._write(changed)
        return changed

    def end(self, *, result: str, exit_code: int | None, now: float) -> list[Verdict]:
        """The run ended: no gate stays pending. Call inside a transaction."""
        changed = self._judge.end(result=result, exit_code=exit_code, at=now)
        self._write(changed)
        return changed


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
