"""What a digest is made of: places, metrics, gates, remedies, checkpoints, money; see `model` for what they make up."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

NOT_FINITE = "^(nan|-?inf)$"
Value = Annotated[float, Meta(extra_json_schema={"pattern": NOT_FINITE})]
"""A number that may be none: NaN and infinities are facts."""


class Place(Struct, frozen=True, kw_only=True):
    """Where in a run, and when."""

    step: float | None = None
    epoch: float | None = None
    at: float | None = None


class Extreme(Struct, frozen=True, kw_only=True):
    """The lowest or the highest finite value of a metric, and where the run was at its first time."""

    value: float
    place: Place = Place()


class Span(Struct, frozen=True, kw_only=True):
    """What lies in one piece of a curve: nothing between its least and its greatest value is lost."""

    step_from: float
    step_to: float
    min: float | None
    """None where no value was finite."""
    max: float | None
    last: float | None
    count: int
    nonfinite: int = 0


class MetricDigest(Struct, frozen=True, kw_only=True):
    """One metric of one run, over all its points."""

    name: str
    goal: str = ""
    """`min` or `max`, as far as the spec says or the default watch would take it; '' where nobody knows."""
    points: int = 0
    nonfinite: int = 0
    first: Value | None = None
    last: Value | None = None
    last_step: float | None = None
    last_epoch: float | None = None
    min: Extreme | None = None
    max: Extreme | None = None
    best: Extreme | None = None
    """As the goal says; None without one."""
    first_nonfinite: Place | None = None
    source: str = ""
    envelope: tuple[Span, ...] = ()
    """The whole curve in a few pieces."""


class Epoch(Struct, frozen=True, kw_only=True):
    """What the main metrics said last in one epoch."""

    epoch: float
    values: tuple[Value | None, ...]


class EpochTable(Struct, frozen=True, kw_only=True):
    """The main metrics, epoch by epoch."""

    by: str = "epoch"
    """`epoch`, or `step` for a run that tells of no epochs: then a row is that of one step."""
    metrics: tuple[str, ...] = ()
    rows: tuple[Epoch, ...] = ()
    epochs: int = 0
    """How many there were. There are fewer rows when they are many: the first, the last, the best and the first that is
    not finite are always there."""


class Change(Struct, frozen=True, kw_only=True):
    """One thing that is not as it was."""

    kind: str
    """`param`, `command`, `environment`, `resource`, `limit`, `metric`, `gate`, `code`, `package` or `machine`."""
    name: str
    before: Any = None
    """None: it was not there."""
    after: Any = None


class Difference(Struct, frozen=True, kw_only=True):
    """What a run does otherwise than another."""

    against: str
    """The other run."""
    why: str
    """Why it is that one: `its parent`, `the baseline of the study`, `the run of its job before`."""
    changes: tuple[Change, ...] = ()


class ActionDigest(Struct, frozen=True, kw_only=True):
    """What a verdict brought."""

    action: str
    outcome: str
    is_done: bool
    """False: it was withheld, `outcome` says why."""
    at: float
    would_save_seconds: float | None = None
    """What would have been spared had it been done."""
    would_save_usd: float | None = None


class GateDigest(Struct, frozen=True, kw_only=True):
    """Where a gate stands in a run, or over a study, and why."""

    gate: str
    role: str
    verdict: str
    """`pending`, `ok`, `warn`, `tripped`, `passed`, `failed` or `unknown`."""
    rule: str = ""
    quote: str = ""
    """The researcher's own words."""
    source: str = ""
    value: Value | None = None
    threshold: float | None = None
    interval: tuple[float, float] | None = None
    """Where the value would lie again by chance alone."""
    label: str = ""
    """What the band is called in which the value lies."""
    reason: str = ""
    severity: str = "warning"
    metric: str = ""
    place: Place = Place()
    digest: str = ""
    """SHA-256 of the gate as it was written down before the run."""
    actions: tuple[ActionDigest, ...] = ()
    runs: dict[str, str] = {}
    """Over a study: run → where the gate stands in it."""
    is_replaced: bool = False
    """Over a study: it was edited since, and this is what it said before."""


class Alarm(Struct, frozen=True, kw_only=True):
    """A gate that tripped or failed, each time it did."""

    gate: str
    verdict: str
    place: Place = Place()


class AnswerDigest(Struct, frozen=True, kw_only=True):
    """What a person said to a gate that asks."""

    gate: str
    question: str
    is_yes: bool
    who: str
    note: str
    at: float


class RemedyDigest(Struct, frozen=True, kw_only=True):
    """A documented remedy of a run, and what came of it."""

    remedy: str
    on: str = ""
    state: str = ""
    """`tried`, `offered`, `advice` or `not needed`."""
    sets: dict[str, Any] = {}
    quote: str = ""
    source: str = ""
    text: str = ""
    """What a person can do: the command that tries it, or the advice."""
    child: str = ""
    """The run that tried it."""
    child_ended: str = ""
    """How that one ended or stands, with its cause."""
    child_best: float | None = None
    was_better: bool | None = None
    """Whether the child's best is better than this run's; None where it cannot be told."""


class CheckpointDigest(Struct, frozen=True, kw_only=True):
    """A file that the run said it saved."""

    path: str
    place: Place = Place()
    metric: str = ""
    value: Value | None = None
    is_best: bool = False
    """Of those that can be compared by the primary metric."""
    is_there: bool = False
    """Whether the file was still on the disk when this was told."""


class UsageDigest(Struct, frozen=True, kw_only=True):
    """What the processes of a run used; means are over its samples."""

    samples: int = 0
    cpu_mean: float | None = None
    """Cores in use."""
    cpu_max: float | None = None
    gpu_mean: float | None = None
    """0 to 1, over its GPUs."""
    gpu_max: float | None = None
    peak_memory: int = 0
    """Bytes."""
    peak_gpu_memory: int = 0
    why_no_gpu: str = ""


class OriginDigest(Struct, frozen=True, kw_only=True):
    """Where a run ran and what code it was."""

    host: str = ""
    system: str = ""
    python: str = ""
    gpus: tuple[str, ...] = ()
    commit: str = ""
    is_dirty: bool = False
    """Whether files differed from the commit."""
    changed_files: int = 0
    packages: int = 0
    """How many were installed; `origin.json` of the run lists them."""


class PlannedDigest(Struct, frozen=True, kw_only=True):
    """One thing that was estimated, against what it took."""

    what: str
    """`usd`, `gpu_hours`, `wall_hours` or `decision_points`."""
    low: float | None = None
    """None: nothing was planned."""
    high: float | None = None
    actual: float = 0.0
    ratio: float | None = None
    """The actual as a part of the middle of the plan."""


class CellDigest(Struct, frozen=True, kw_only=True):
    """One cell of a table that was filled in."""

    text: str = "–"
    """As it is shown: a number with its unit, the word of a band, or where a gate stands."""
    value: Value | None = None
    verdict: str = ""
    """Of a gate, where it is judged there."""
    reason: str = ""
    """Why there is no value; of a gate why it stands so."""


class LineDigest(Struct, frozen=True, kw_only=True):
    """One row of a table that was filled in."""

    name: str
    rule: str = ""
    """The quantity, or the gate."""
    unit: str = ""
    cells: tuple[CellDigest, ...] = ()
    """One for each column."""


class TableDigest(Struct, frozen=True, kw_only=True):
    """A table that the study file left to be filled in."""

    title: str
    columns: tuple[str, ...] = ()
    """What stands over them, that of the difference last where there is one."""
    runs: tuple[str, ...] = ()
    """The run of each column, but of the difference; '' where there is none."""
    rows: tuple[LineDigest, ...] = ()


class Note(Struct, frozen=True, kw_only=True):
    """What a person, or the run's life, left behind at a moment."""

    at: float
    text: str
    kind: str = "note"
