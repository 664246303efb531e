"""What the screen of gates reads: the gates of some runs and of their studies, and one of them from near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trainui.core.judging.near import NearReader, gate_from_near
from trainui.core.store.subjects import PREFIX as STUDY
from trainui.core.store.subjects import REPLACED, subject_of

if TYPE_CHECKING:
    from trainui.core.judging.near import NearGate
    from trainui.core.store.outcomes import Outcomes
    from trainui.core.store.views import GateView, MetricView, RunView


@dataclass(frozen=True, kw_only=True, slots=True)
class GateLook:
    """Whose gates are looked at, and which of them from near."""

    runs: tuple[str, ...] = ()
    """With the studies of these runs."""
    studies: bool = True
    """Whether those of the studies, across their runs, are among them."""
    chosen: tuple[str, str] | None = None
    """(run or `study:NAME`, gate)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """The gates of a look."""

    gates: tuple[GateView, ...] = ()
    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)
    """Run or `study:NAME` → what came of its gates: of those that ask, and of the chosen one."""
    near: NearGate | None = None
    """The chosen gate."""
    drawn: tuple[str, ...] = ()
    """The runs whose curves are drawn below it."""
    names: tuple[str, ...] = ()
    """What they may call its metric, the gate's own name first."""


class BenchReader(NearReader, Protocol):
    """What is read for it. Every method may raise TrainuiError."""

    def gates(self, run: str | None = None) -> list[GateView]:
        """Where gates stand."""

    def outcomes(self, subject: str) -> Outcomes:
        """What came of the gates of a run, or of `study:NAME`."""

    def metrics(self, run: str) -> list[MetricView]:
        """The metrics of a run."""


def newest_runs(runs: Sequence[RunView]) -> tuple[str, ...]:
    """The live runs and the newest of each job, in the order of the table: older ones were replaced."""
    newest = {view.job: view.run for view in sorted(runs, key=lambda view: view.queued_at)}
    return tuple(view.run for view in runs if view.is_live or newest[view.job] == view.run)


def read_bench(reader: BenchReader, runs: Sequence[RunView], look: GateLook) -> Bench:
    """The gates of these runs, those of their studies, and the chosen one from near."""
    views = {view.run: view for view in runs}
    wanted = [run for run in look.runs if run in views]
    subjects = dict.fromkeys(wanted)
    if look.studies:
        subjects |= dict.fromkeys(subject_of(views[run].study) for run in wanted if views[run].study)
    gates = tuple(gate for one in subjects for gate in reader.gates(one) if REPLACED not in gate.gate)
    told = {gate.run for gate in gates if gate.role == "ask"}
    chosen = next((gate for gate in gates if (gate.run, gate.gate) == look.chosen), None)
    if chosen is None:
        return Bench(gates=gates, outcomes={one: reader.outcomes(one) for one in told})
    names = (chosen.metric, *chosen.drawing.names) if chosen.metric else ()
    return Bench(
        gates=gates,
        outcomes={one: reader.outcomes(one) for one in told | {chosen.run}},
        near=gate_from_near(reader, chosen.run, chosen.gate),
        drawn=_drawn(reader, runs, chosen.run, names),
        names=names,
    )


def _drawn(
    reader: BenchReader, runs: Sequence[RunView], subject: str, names: Sequence[str]
) -> tuple[str, ...]:
    """The run a gate is of, or the newest of each job of its study that wrote its metric."""
    if not subject.startswith(STUDY):
        return (subject,)
    study = subject.removeprefix(STUDY)
    newest = newest_runs([view for view in runs if view.study == study])
    wrote = [run for run in newest if any(one.metric in names for one in reader.metrics(run))]
    return tuple(wrote)
