"""The facts that every summary is written from: of a run, of a study, of all that is told together.

Times are Unix seconds, sums are in the project's currency, texts are free of control characters other than newline
and tab. What nobody knows is None, '' or empty: a run that has nothing in it has a digest too. The JSON summary is this
document as it stands, where a number that is not finite is the string `nan`, `inf` or `-inf`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from trainui.core.export.parts import (
    Alarm,
    AnswerDigest,
    CheckpointDigest,
    Difference,
    EpochTable,
    Extreme,
    GateDigest,
    MetricDigest,
    Note,
    OriginDigest,
    PlannedDigest,
    RemedyDigest,
    TableDigest,
    UsageDigest,
)

VERSION = 2
"""Of the document: it grows when a field goes or changes its meaning, not when one is added."""


class RunDigest(Struct, frozen=True, kw_only=True):
    """One run. What it tells of a live one is so far."""

    run: str
    job: str
    study: str = ""
    alias: str = ""
    """What its study calls the runs of its job."""
    about: str = ""
    status: str = "queued"
    result: str = ""
    """`finished`, `failed`, `stopped` or `lost`; '' before its end."""
    cause: str = ""
    evidence: tuple[str, ...] = ()
    """What the cause was read from, in sentences."""
    exit_code: int | None = None
    is_live: bool = False
    waits_for: str = ""
    armed: bool = False
    attempt: int = 1
    """It is the how many-th run of its job in its study."""
    parent: str = ""
    children: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    """The runs that it goes on from, the oldest first, and itself."""
    remedy_tried: str = ""
    """The remedy that it is a try of."""
    directory: str = ""
    imported_from: str = ""
    """The finished log that it was read from: what it cost is not known, nor when it was unless the log says so."""
    command: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    config: dict[str, Any] = {}
    """The rest of its spec, tables as in the file; what may be a secret is not told."""
    difference: Difference | None = None
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    seconds: float = 0.0
    """For which it was live."""
    step: float | None = None
    epoch: float | None = None
    total_steps: float | None = None
    total_epochs: float | None = None
    progress: float | None = None
    """0 to 1."""
    eta_seconds: float | None = None
    primary: str = ""
    """The metric that it is judged by, under the name it was written by."""
    goal: str = "min"
    best: Extreme | None = None
    """Of the primary metric."""
    metrics: tuple[MetricDigest, ...] = ()
    """The primary first, then in the order they were first written."""
    epochs: EpochTable = EpochTable()
    gates: tuple[GateDigest, ...] = ()
    """Those that were written down before the run."""
    watched: tuple[GateDigest, ...] = ()
    """What the default watch saw, which nobody wrote; only what it has to say something about."""
    alarms: tuple[Alarm, ...] = ()
    answers: tuple[AnswerDigest, ...] = ()
    questions: tuple[str, ...] = ()
    """Gates that wait for an answer."""
    remedies: tuple[RemedyDigest, ...] = ()
    checkpoints: tuple[CheckpointDigest, ...] = ()
    usage: UsageDigest = UsageDigest()
    origin: OriginDigest = OriginDigest()
    usd: float = 0.0
    gpu_hours: float = 0.0
    line_usd: float = 0.0
    """With what the runs took that it goes on from."""
    line_gpu_hours: float = 0.0
    planned: tuple[PlannedDigest, ...] = ()
    """The estimate of one run of its job against what this one's line took."""
    notes: tuple[Note, ...] = ()
    tags: tuple[str, ...] = ()
    events: tuple[Note, ...] = ()
    """The newest of its life, oldest first."""
    log: tuple[str, ...] = ()
    """The last lines it printed."""
    lines_read: int = 0
    lines_understood: int = 0
    reported: dict[str, Any] = {}
    """What the job itself left in `results.json`."""

    @property
    def ended(self) -> str:
        """How it ended or stands, in a few words: `stopped: gate no-nan`, `running, so far`."""
        if self.result:
            return f"{self.result}: {self.cause}" if self.cause else self.result
        return f"{self.status}, so far" if self.is_live else self.status

    @property
    def metric(self) -> MetricDigest | None:
        """Its primary metric, once it was written."""
        return next((one for one in self.metrics if one.name == self.primary), None)


class Best(Struct, frozen=True, kw_only=True):
    """The best run of several, and by what rule; without a run `rule` says why there is none."""

    rule: str
    """A sentence."""
    run: str = ""
    metric: str = ""
    goal: str = ""
    best: Extreme | None = None
    ranking: tuple[tuple[str, float], ...] = ()
    """(run, its best value) of all that can be compared, the best first."""
    doubts: tuple[str, ...] = ()
    """What speaks against it, in sentences: a criterion that it fails, an end that was none."""


class Row(Struct, frozen=True, kw_only=True):
    """One thing that is not alike in all runs."""

    kind: str
    """`fact`, `param`, `package`, `metric` or `gate`."""
    name: str
    values: tuple[Any, ...]
    """In the order of `compared`; None where a run has none."""


class Decision(Struct, frozen=True, kw_only=True):
    """One item of a decision gate: a box that is ticked when it holds."""

    gate: str
    text: str
    """The researcher's own words, or the rule."""
    verdict: str
    holds: bool | None
    """None: it is open."""
    told: str = ""
    """Value and why, or where it stands in each run."""
    rule: str = ""
    """What has to hold for the box to be ticked; '' where `text` says it."""


class NextStep(Struct, frozen=True, kw_only=True):
    """What to do next, and why."""

    kind: str
    """`answer`, `release`, `remedy`, `criterion`, `retry`, `start`, `advice` or `wait`."""
    text: str
    run: str = ""
    gate: str = ""
    command: str = ""
    """What does it, where a command can."""


class StudyDigest(Struct, frozen=True, kw_only=True):
    """Runs that are compared."""

    study: str
    about: str = ""
    source: str = ""
    """The file it was read from; '' for one that has none."""
    runs: tuple[str, ...] = ()
    """All that are told here, in the order they were queued."""
    size: int = 0
    """How many runs it has, told here or not; its times, its hours and its money are of all of them."""
    aliases: dict[str, str] = {}
    """What the study calls its runs → the newest of each."""
    is_open: bool = False
    """Whether anything of it is live or waits."""
    started_at: float | None = None
    ended_at: float | None = None
    """Of its last run; None while one is live or waits."""
    best: Best = Best(rule="no run is best: none has written the metric it is judged by")
    compared: tuple[str, ...] = ()
    """Those of its runs that can be compared: judged by the same metric, or else begun."""
    comparison: tuple[Row, ...] = ()
    """What differs between them."""
    alike: int = 0
    """How many params all of them have with the same value."""
    tables: tuple[TableDigest, ...] = ()
    """Those that its file left to be filled in."""
    hypotheses: tuple[GateDigest, ...] = ()
    decisions: tuple[Decision, ...] = ()
    gates: tuple[GateDigest, ...] = ()
    """Those judged over the study, hypotheses among them."""
    answers: tuple[AnswerDigest, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    usd: float = 0.0
    gpu_hours: float = 0.0
    planned: tuple[PlannedDigest, ...] = ()
    """The estimate of the study against what all its runs took."""
    jobs_planned: dict[str, tuple[PlannedDigest, ...]] = {}
    """Job → its estimate against what its runs took."""


class Budget(Struct, frozen=True, kw_only=True):
    """The money of the whole project."""

    machine: str = ""
    usd_per_hour: float = 0.0
    gpus: int = 0
    total_usd: float | None = None
    """None: no budget was set."""
    spent_usd: float = 0.0
    idle_usd: float = 0.0
    """Of that, what the machine cost while nothing ran."""
    left_usd: float | None = None
    reserve_usd: float = 0.0


class Machine(Struct, frozen=True, kw_only=True):
    """The machine at its last sample."""

    at: float
    cores: int
    memory: int
    """Bytes."""
    gpus: tuple[str, ...] = ()
    gpu_memory: tuple[int, ...] = ()
    """Bytes, of each."""


class Digest(Struct, frozen=True, kw_only=True):
    """All that is told together."""

    title: str
    written_at: float
    version: int = VERSION
    trainui: str = ""
    """The version of the program that wrote it."""
    currency: str = "USD"
    budget: Budget = Budget()
    machine: Machine | None = None
    runs: tuple[RunDigest, ...] = ()
    studies: tuple[StudyDigest, ...] = ()
    """Of these runs."""

    def run(self, name: str) -> RunDigest | None:
        """The run of that name, where it is told here."""
        return next((one for one in self.runs if one.run == name), None)
