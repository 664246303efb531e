"""What a front end is shown: plain frozen values, read from the store in one look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from trainui.core.gates.drawing import NOT_ASKED, Drawing
from trainui.core.run import LIVE

if TYPE_CHECKING:
    from trainui.core.run import Result, Status


class PrimaryView(Struct, frozen=True, kw_only=True):
    """The metric a run is judged by."""

    name: str
    goal: str
    """`min` or `max`."""
    last: float | None = None
    best: float | None = None
    best_step: float | None = None


class RunView(Struct, frozen=True, kw_only=True):
    """One run as the tables show it. Times are Unix seconds; durations come from the boot clock."""

    run: str
    job: str
    study: str
    status: Status
    result: Result | None = None
    cause: str = ""
    """Why it ended, from evidence: `exit 1`, `user`, `budget`, `gate no-nan`, `signal SIGKILL`…"""
    pid: int | None = None
    gpus: tuple[str, ...] = ()
    queued_at: float
    started_at: float | None = None
    ended_at: float | None = None
    seconds: float = 0.0
    gpu_hours: float = 0.0
    usd: float = 0.0
    usd_per_hour: float = 0.0
    """What it costs now, its share of the machine; 0 when it is not live."""
    step: float | None = None
    epoch: float | None = None
    total_steps: float | None = None
    total_epochs: float | None = None
    progress: float | None = None
    """0 to 1."""
    eta_seconds: float | None = None
    metric: PrimaryView | None = None
    gates: Mapping[str, int] = field(default_factory=dict)
    """Verdict → how many gates stand there."""
    parent: str | None = None
    directory: str
    armed: bool = False
    waits_for: str = ""
    """Why a queued run has not started."""
    priority: int = 0
    """Higher ones start first."""
    held: bool = False
    """It waits for a person to release it."""
    evidence: tuple[str, ...] = ()
    """What the cause was read from, in sentences."""
    peak_memory: int = 0
    """Bytes, of all its processes together."""
    peak_gpu_memory: int = 0
    stop_at: float | None = None
    """When a stopping run will be killed, Unix seconds."""
    tags: tuple[str, ...] = ()
    """Words that people put on it."""

    @property
    def is_live(self) -> bool:
        """Whether a process may exist."""
        return self.status in LIVE


class MetricView(Struct, frozen=True, kw_only=True):
    """One metric of a run, over all its points."""

    run: str
    metric: str
    points: int
    nonfinite: int
    first: float | None
    last: float | None
    min: float | None
    max: float | None
    last_step: float | None
    last_epoch: float | None = None
    source: str = ""


class CurvePoint(Struct, frozen=True, kw_only=True):
    """One point of a curve. `value` may be NaN or infinite: that is a fact, not a gap."""

    step: float
    value: float
    at: float
    """Unix seconds."""
    epoch: float | None = None


class Bucket(Struct, frozen=True, kw_only=True):
    """What an envelope keeps of `count` neighbouring points; nothing between min and max is lost."""

    step_from: float
    step_to: float
    min: float | None
    """None when every point of the bucket is non-finite."""
    max: float | None
    first: float | None
    last: float | None
    count: int
    nonfinite: int
    at_from: float | None = None
    """When its first and its last point were written, Unix seconds; None where that was not asked for."""
    at_to: float | None = None
    epoch_from: float | None = None
    epoch_to: float | None = None


class Link(Struct, frozen=True, kw_only=True):
    """One run of a lineage, in the curve that they make together."""

    run: str
    begun: float
    """The step of its first point: where it took over."""
    until: float | None
    """The step at which the next took over; its own points from there on are overlap. None for the last."""


class GateView(Struct, frozen=True, kw_only=True):
    """Where a gate of a run stands, and why. Fields are those of `gates --json`."""

    gate: str
    role: str
    run: str
    verdict: str
    at_epoch: float | None = None
    at_step: float | None = None
    value: float | None = None
    reason: str = ""
    action: str = ""
    """What was done, or `would have stopped` on an unarmed run."""
    would_save_seconds: float | None = None
    quote: str = ""
    rule: str = ""
    """The rule in short: `best(val/mae) < 100`."""
    threshold: float | None = None
    metric: str = ""
    at: float | None = None
    label: str = ""
    """What the band the value lies in is called."""
    interval: tuple[float, float] | None = None
    """Where the value would lie again by chance alone."""
    severity: str = "warning"
    source: str = ""
    digest: str = ""
    """SHA-256 of the gate as it was written down: an edited gate is a new gate."""
    is_default: bool = False
    """Nobody wrote it: it belongs to the default watch."""
    drawing: Drawing = field(default_factory=Drawing)
    """How it lies in the chart of its metric."""

    @property
    def is_open_question(self) -> bool:
        """Whether people are asked and nobody has answered."""
        is_open = self.role == "ask" and self.verdict in ("warn", "unknown")
        return is_open and not self.reason.startswith(NOT_ASKED)


class EventView(Struct, frozen=True, kw_only=True):
    """One past-tense fact."""

    id: int
    at: float
    run: str
    kind: str
    """`status`, `gate`, `checkpoint`, `note`, `money`, `stream`, `manager`…"""
    text: str


class CheckpointView(Struct, frozen=True, kw_only=True):
    """A file the run said it saved."""

    path: str
    at: float
    step: float | None = None
    epoch: float | None = None
    metric: str = ""
    value: float | None = None


class GpuView(Struct, frozen=True, kw_only=True):
    """One GPU, as NVML tells it."""

    name: str
    uuid: str
    utilisation: float | None
    """0 to 1."""
    memory_used: int
    """Bytes."""
    memory_total: int
    temperature: float | None = None
    """°C."""
    watts: float | None = None


class MachineView(Struct, frozen=True, kw_only=True):
    """The machine at the last sample."""

    at: float
    cpu: float
    """0 to 1 over all cores."""
    cores: int
    memory_used: int
    """Bytes."""
    memory_total: int
    disk_free: int
    """Bytes free where the runs are written."""
    gpus: tuple[GpuView, ...] = ()
    no_gpu_reason: str = ""


class UsageView(Struct, frozen=True, kw_only=True):
    """What the processes of one run use, at one look."""

    run: str
    at: float
    """Unix seconds."""
    cpu: float | None
    """Cores in use since the look before, 1.0 is one core; None at the first."""
    memory: int
    """Bytes resident; what the processes may share counts once."""
    gpu_memory: int | None = None
    """Bytes on all its GPUs; None: see `why_no_gpu`."""
    gpu: float | None = None
    """0 to 1, mean over its GPUs; None: see `why_no_gpu`."""
    processes: int = 0
    cpu_seconds: float = 0.0
    """CPU time of the run so far, as far as it was seen."""
    why_no_gpu: str = ""
    """Why a GPU number is missing; '' when both are there."""


class RunDetail(Struct, frozen=True, kw_only=True):
    """Everything `show` tells of one run beside its RunView."""

    view: RunView
    command: tuple[str, ...]
    params: Mapping[str, Any]
    about: str
    metrics: tuple[MetricView, ...]
    gates: tuple[GateView, ...]
    checkpoints: tuple[CheckpointView, ...]
    events: tuple[EventView, ...]
    notes: tuple[tuple[float, str], ...] = ()
    """(Unix seconds, what people remarked), oldest first."""
    lines_read: int = 0
    lines_understood: int = 0
    usage: UsageView | None = None
    """The newest sample of a run that is live."""
