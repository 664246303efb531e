"""Tapes: what a run told, in the order it told it, from the store or read from its files once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainui.core.errors import NotFoundError
from trainui.core.following import stamp_of
from trainui.core.ingest.bundles import Bundle, bundles_in, job_name
from trainui.core.ingest.discover import newest_copy
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.records import Record
from trainui.core.run import Result
from trainui.core.spec import Spec
from trainui.core.store.columns import storable
from trainui.core.store.history import Reading, Row


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

    seq: int
    text: str
    step: float | None
    epoch: float | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tape:
    """One run, to be judged again."""

    run: str
    job: str
    rows: Callable[[], Iterator[Row]]
    """Its points, from the first on."""
    told: Callable[[], Told]
    """What else is known; of a tape of files, after its rows were read to the end."""
    readings: Sequence[Reading] = ()
    """What its judge was told while it lived."""
    lines: Callable[[], Iterator[Line]] | None = None
    """What it printed; None where that is not kept."""
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
    lines: list[Line] = field(default_factory=list)


class FileTape:
    """The files of one run, read as an import reads them; nothing is stored."""

    def __init__(self, bundle: Bundle, patterns: Sequence[Pattern]) -> None:
        self._streams = sorted(bundle.streams, key=lambda one: format_named(one.kind).rank)
        self._patterns = patterns
        self._facts = _Facts()
        written = [stamp[2] / 1e9 for one in bundle.streams if (stamp := stamp_of(Path(one.path)))]
        self._now = max(written, default=0.0)

    def rows(self) -> Iterator[Row]:
        """Every point; a metric that two kinds of files tell is that of the more structured one."""
        facts = self._facts = _Facts()
        owners: dict[str, str] = {}
        for stream in self._streams:
            path = newest_copy(Path(stream.path))
            form = format_named(stream.kind)
            reader = form.make("", self._patterns)
            counts: dict[str, int] = {}
            for chunk in chunks_of(path, form):
                for item in chunk.items:
                    for record in reader.read(item):
                        if record.total_steps is not None or record.total_epochs is not None:
                            facts.total_steps = record.total_steps or facts.total_steps
                            facts.total_epochs = record.total_epochs or facts.total_epochs
                        if record.metrics and record.checkpoint is None:
                            yield from self._points(record, stream.prefix, stream.kind, owners, counts)
            code = getattr(reader, "exit_code", None)
            facts.exit_code = code if facts.exit_code is None else facts.exit_code

    def _points(
        self, record: Record, prefix: str, kind: str, owners: dict[str, str], counts: dict[str, int]
    ) -> Iterator[Row]:
        """The points of one record. One without a step stands at its epoch, or at its number."""
        facts = self._facts
        at = record.at
        if at is None:
            at = self._now
        else:
            if facts.first_at is None or at < facts.first_at:
                facts.first_at = at
            if facts.last_at is None or at > facts.last_at:
                facts.last_at = at
        step, epoch = record.step, record.epoch
        place = epoch if step is None else step
        place, epoch = (None if place is None else storable(place)), epoch
        seq = facts.points
        for name, value in record.metrics.items():
            metric = prefix + name
            if owners.setdefault(metric, kind) == kind:
                if place is None:
                    here = counts.get(metric, 0)
                    counts[metric] = here + 1
                    yield seq, metric, here, value, epoch, at
                else:
                    yield seq, metric, place, value, epoch, at
            seq += 1
        facts.points = seq

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
        tapes.append(Tape(run=name, job=job_name(bundle.root), rows=source.rows, told=source.told))
    if not tapes:
        raise NotFoundError(f"{path} holds no log")
    return tapes


def _name(bundle: Bundle, path: Path, count: int) -> str:
    """What a run of files is called: as the user named it, or by where it lies below that."""
    if count == 1:
        return path.name or str(path)
    top = path.resolve()
    return str(bundle.root.relative_to(top)) if bundle.root.is_relative_to(top) else bundle.root.name
