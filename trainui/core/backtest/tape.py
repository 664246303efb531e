"""Tapes: what a run told, in the order it told it, from the store or read from its files once more."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trainui.core.errors import NotFoundError
from trainui.core.following import stamp_of
from trainui.core.ingest.bundles import Bundle, bundles_in, job_name
from trainui.core.ingest.discover import Found, newest_copy
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.records import Record
from trainui.core.judging.hearing import heard, one_of
from trainui.core.run import Result
from trainui.core.spec import Spec
from trainui.core.store.columns import storable
from trainui.core.store.history import Row
from trainui.core.store.readings import Reading

PRINTED = ("console", "log")
"""Kinds of files whose lines are what a program printed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is known of a run beside its points. Times are Unix seconds."""

    result: str = str(Result.FINISHED)
    exit_code: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    """None, as `started_at`: its files do not say when anything was."""
    usd: float | None = None
    """What it cost in all."""
    points: int = 0
    total_steps: float | None = None
    total_epochs: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.started_at is None or self.ended_at is None or self.ended_at <= self.started_at:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that a run printed, and the number of the point after which it stood."""

    kind: str = "line"
    """Or `output`: from here on what it printed is known."""
    seq: int
    text: str = ""
    at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tape:
    """One run, to be judged again."""

    run: str
    job: str
    rows: Callable[[], Iterator[Row]]
    """Its points, from the first on."""
    told: Callable[[], Told]
    """What else is known; of a tape of files, after its rows were read to the end."""
    listen: Callable[[Sequence[re.Pattern[str]]], deque[Line]]
    """Before its rows are read: patterns → the printed lines that match one, which come as the rows do."""
    readings: Sequence[Reading] = ()
    """What its judge was told beside points while it lived."""
    looked_for: frozenset[str] = frozenset()
    """The patterns that judge held printed lines against."""
    measured: frozenset[str] = frozenset()
    """The meters that judge was told; what they read when it was not told stays unknown."""
    used: Callable[[float], Mapping[str, float]] = lambda _at: {}
    """Unix seconds → what meters of memory and GPU read then."""
    before: Callable[[float], Iterator[Row]] | None = None
    """For a run that went on from others: its first step → their points before that; else None."""
    spec: Spec | None = None
    """What it was started with."""
    notes: Sequence[str] = ()
    is_live: bool = False


@dataclass(slots=True)
class _Facts:
    """What the files of a run say beside points."""

    first_at: float | None = None
    last_at: float | None = None
    exit_code: int | None = None
    total_steps: float | None = None
    total_epochs: float | None = None
    points: int = 0


class FileTape:
    """The files of one run, read as an import reads them; nothing is stored."""

    def __init__(self, bundle: Bundle, patterns: Sequence[Pattern]) -> None:
        self._streams = sorted(bundle.streams, key=lambda one: format_named(one.kind).rank)
        self._patterns = patterns
        self._facts = _Facts()
        self._looks_for: Sequence[re.Pattern[str]] = ()
        self._lines: deque[Line] = deque()
        self._is_heard = False
        written = [stamp[2] / 1e9 for one in bundle.streams if (stamp := stamp_of(Path(one.path)))]
        self._now = max(written, default=0.0)

    def listen(self, patterns: Sequence[re.Pattern[str]]) -> deque[Line]:
        """The printed lines that match one of the patterns, as they are come across."""
        self._looks_for, self._lines, self._is_heard = one_of(patterns), deque(), False
        return self._lines

    def rows(self) -> Iterator[Row]:
        """Every point; a metric that two kinds of files tell is that of the more structured one.

        One without a step stands at its epoch, or at its number; one without a time at the last that was told.
        """
        facts = self._facts = _Facts()
        owners: dict[str, str] = {}
        for stream in self._streams:
            names: dict[str, str] = {}
            counts: dict[str, int] = {}
            for record in self._records(stream):
                at = self._now if facts.last_at is None else facts.last_at
                epoch = None if record.epoch is None else storable(record.epoch)
                place = epoch if record.step is None else storable(record.step)
                seq = facts.points
                facts.points += len(record.metrics)
                for name, value in record.metrics.items():
                    metric = names.get(name)
                    if metric is None:
                        full = stream.prefix + name
                        metric = names[name] = (
                            full if owners.setdefault(full, stream.kind) == stream.kind else ""
                        )
                    if metric:
                        here = place
                        if here is None:
                            here = counts.get(metric, 0)
                            counts[metric] = int(here) + 1
                        yield seq, metric, here, value, epoch, at
                    seq += 1

    def _records(self, stream: Found) -> Iterator[Record]:
        """The records of a file that hold points; what else they tell is noted."""
        facts, form = self._facts, format_named(stream.kind)
        reader = form.make("", self._patterns)
        listens = bool(self._looks_for) and form.kind in PRINTED
        for chunk in chunks_of(newest_copy(Path(stream.path)), form):
            for item in chunk.items:
                records = reader.read(item)
                if listens:
                    self._hear(item, records)
                for record in records:
                    if record.total_steps is not None or record.total_epochs is not None:
                        facts.total_steps = record.total_steps or facts.total_steps
                        facts.total_epochs = record.total_epochs or facts.total_epochs
                    at = record.at
                    if at is not None:
                        facts.first_at = at if facts.first_at is None else min(at, facts.first_at)
                        facts.last_at = at if facts.last_at is None else max(at, facts.last_at)
                    if record.metrics and record.checkpoint is None:
                        yield record
        code = getattr(reader, "exit_code", None)
        facts.exit_code = code if facts.exit_code is None else facts.exit_code

    def _hear(self, item: bytes, records: Sequence[Record]) -> None:
        """Keep what of a printed line is looked for; it stands behind the points of its own records."""
        seq = self._facts.points - 1 + sum(len(one.metrics) for one in records if one.checkpoint is None)
        at = next((one.at for one in records if one.at is not None), self._facts.last_at or self._now)
        if not self._is_heard:
            self._is_heard = True
            self._lines.append(Line(kind="output", seq=self._facts.points - 1, at=at))
        self._lines += [Line(seq=seq, text=text, at=at) for text in heard(item, self._looks_for)]

    def told(self) -> Told:
        """What the files said, once their rows were read."""
        facts = self._facts
        failed = facts.exit_code not in (None, 0)
        return Told(
            result=str(Result.FAILED if failed else Result.FINISHED),
            exit_code=facts.exit_code,
            started_at=facts.first_at,
            ended_at=facts.last_at,
            points=facts.points,
            total_steps=facts.total_steps,
            total_epochs=facts.total_epochs,
        )


def priced(tape: Tape, usd_per_hour: float) -> Tape:
    """The tape of a run as if it had cost so much, where it is not known what it did cost."""

    def told() -> Told:
        known = tape.told()
        if known.usd is not None or known.seconds is None:
            return known
        return replace(known, usd=usd_per_hour * known.seconds / 3600)

    return replace(tape, told=told)


def tapes_of_files(path: Path, patterns: Sequence[Pattern] = ()) -> list[Tape]:
    """The runs that lie at `path`, a file or a folder. Raises NotFoundError where there is none."""
    bundles = bundles_in(path)
    taken: dict[str, int] = {}
    tapes = []
    for bundle in bundles:
        name = _name(bundle, path, len(bundles))
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name} ({taken[name]})"
        source = FileTape(bundle, patterns)
        job = job_name(bundle.root)
        tapes.append(Tape(run=name, job=job, rows=source.rows, told=source.told, listen=source.listen))
    if not tapes:
        raise NotFoundError(f"{path} holds no log")
    return tapes


def _name(bundle: Bundle, path: Path, count: int) -> str:
    """What a run of files is called: as the user named it, or by where it lies below that."""
    if count == 1:
        return path.name or str(path)
    top = path.resolve()
    return str(bundle.root.relative_to(top)) if bundle.root.is_relative_to(top) else bundle.root.name
