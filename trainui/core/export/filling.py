"""The tables that a study file left to be filled in: cells reckoned from stored points, in the way of gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainui.core.export.markup import number
from trainui.core.export.parts import CellDigest, LineDigest, TableDigest
from trainui.core.export.past import Past
from trainui.core.gates import Gate, Judge, State, Verdict
from trainui.core.gates.quantity import Range
from trainui.core.spec.results import ResultRow, ResultTable, measures
from trainui.core.spec.study import Study, study_of
from trainui.core.store.picking import Stretch
from trainui.core.store.studyviews import StudyGateView
from trainui.core.store.views import GateView, RunView

GIB = 2**30
AT_ENDS = frozenset({"best", "max", "min", "range", "last"})
"""Reducers that the ends and the extremes of a curve tell all of."""


def filled_tables(
    past: Past, name: str, runs: Mapping[str, str], over: Sequence[StudyGateView]
) -> tuple[TableDigest, ...]:
    """The tables of a study; `runs`: alias → the run that it means, `over`: where its gates stand."""
    text = past.reader.study_text(name)
    study = study_of(text) if text else None
    stands = {one.gate.gate: one for one in over if not one.is_replaced}
    return tuple(_Filling(past, study, one, runs, stands).filled() for one in study.results) if study else ()


class _Filling:
    """One table, and all that its cells are told from."""

    def __init__(
        self, past: Past, study: Study, table: ResultTable, runs: Mapping[str, str],
        stands: Mapping[str, StudyGateView],
    ) -> None:  # fmt: skip
        self._past = past
        self._plan = study.plan
        self._table = table
        self._runs = {alias: runs.get(alias, "") for alias in table.columns}
        self._stands = stands
        self._gates = measures(table, study)

    def filled(self) -> TableDigest:
        """Every cell, column by column, then the differences."""
        table = self._table
        columns = [self._column(alias) for alias in table.columns]
        if table.delta:
            columns.append([self._difference(*line) for line in zip(table.rows, *columns, strict=True)])
        return TableDigest(
            title=table.title,
            columns=(*table.columns.values(), *([table.delta] if table.delta else [])),
            runs=tuple(self._runs.values()),
            rows=tuple(
                LineDigest(name=row.name, rule=row.value or row.gate, unit=row.unit, cells=cells)
                for row, cells in zip(table.rows, zip(*columns, strict=True), strict=True)
            ),
        )

    def _column(self, alias: str) -> list[CellDigest]:
        view = self._past.view(self._runs[alias])
        if view is None:
            return [CellDigest(reason=f"there is no run of {alias}") for _ in self._table.rows]
        said = self._said(view)
        return [
            self._stand(alias, row.gate, said.get(place)) if row.gate else _value(row, said[place])
            for place, row in enumerate(self._table.rows)
        ]

    def _said(self, view: RunView) -> dict[int, Verdict]:
        """Row → what is measured of it, as far as the run has come: of its end nothing is told."""
        reader, gates = self._past.reader, list(self._gates.values())
        judge = Judge(gates)
        for point in reader.points_told(view.run, _wanted(gates)):
            judge.feed(point)
        for one in reader.usage(view.run) if judge.measures else ():
            gpu_memory = None if one.gpu_memory is None else one.gpu_memory / GIB
            used = {"@host_mem_gb": one.memory / GIB, "@gpu_mem_gb": gpu_memory, "@gpu_util": one.gpu}
            judge.meters({name: value for name, value in used.items() if value is not None}, at=one.at)
        judge.meters({"@wall_h": view.seconds / 3600, "@cost_usd": view.usd}, at=self._past.now)
        current = judge.current()
        return {place: current[gate.id] for place, gate in self._gates.items()}

    def _stand(self, alias: str, gate: str, said: Verdict | None) -> CellDigest:
        """Where a gate stands in a run that carries it, or over the study where it rests on that run; else no more
        than the band that its value lies in."""
        if self._compares(gate):
            return CellDigest(reason=f"{gate} is about the difference")
        one, view = self._stands.get(gate), None
        if one is not None and gate in self._plan.homes:
            view = one.runs.get(alias)
        elif one is not None and alias in self._plan.needs[gate]:
            view = one.gate
        if view is not None:
            return _verdict(view)
        why = f"{gate} says nothing of {self._runs[alias]}"
        if said is None or said.value is None or not said.label:
            return CellDigest(reason=why)
        return CellDigest(text=said.label, value=said.value, reason=why)

    def _compares(self, gate: str) -> bool:
        """Whether a gate is about the difference: it is judged across all columns."""
        is_across = gate in self._stands and gate not in self._plan.homes
        return is_across and bool(self._table.delta) and self._runs.keys() <= set(self._plan.needs[gate])

    def _difference(self, row: ResultRow, first: CellDigest, second: CellDigest) -> CellDigest:
        if self._compares(row.gate):
            return _verdict(self._stands[row.gate].gate)
        if row.gate or row.bands:
            return CellDigest(reason="words have no difference")
        if first.value is None or second.value is None:
            return CellDigest(reason=first.reason or second.reason)
        value = second.value - first.value
        shown = _shown(value, row.unit.removeprefix("±"))
        return CellDigest(text=f"+{shown}" if value > 0 else shown, value=value)


def _wanted(gates: Sequence[Gate]) -> dict[str, tuple[Stretch, ...] | None]:
    """Name of a metric → the points that the values of these gates rest on."""
    found: dict[str, tuple[Stretch, ...] | None] = {}
    counts = any(one in ("@epoch", "@step") for gate in gates for one in gate.params.metrics)
    for gate in gates:
        for quantity in getattr(gate.params, "quantities", ()):
            window = quantity.window
            more: tuple[Stretch, ...] | None
            if isinstance(window, Range):
                more = (Stretch(window.unit, window.first, window.last),)
            else:
                more = () if window is None and quantity.reducer in AT_ENDS and not counts else None
            for name in gate.names(quantity.metric):
                before = found.get(name, ())
                found[name] = None if more is None or before is None else before + more
    return found


def _value(row: ResultRow, said: Verdict) -> CellDigest:
    if said.value is None or said.state is State.UNKNOWN:
        return CellDigest(reason=said.reason)
    return CellDigest(text=said.label or _shown(said.value, row.unit), value=said.value)


def _verdict(view: GateView) -> CellDigest:
    return CellDigest(
        text=view.label or view.verdict, value=view.value, verdict=view.verdict, reason=view.reason
    )


def _shown(value: float, unit: str) -> str:
    before = "±" if unit.startswith("±") else ""
    return f"{before}{number(value)} {unit.removeprefix('±').strip()}".rstrip()
