"""The tables that a study file left to be filled in: cells reckoned from stored points, in the way of gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainui.core.export.markup import number
from trainui.core.export.parts import CellDigest, LineDigest, TableDigest
from trainui.core.export.past import Past
from trainui.core.gates import Judge, State, Verdict
from trainui.core.spec.results import ResultRow, ResultTable, measures
from trainui.core.spec.study import Study, study_of
from trainui.core.store.studyviews import StudyGateView
from trainui.core.store.views import RunView

GIB = 2**30


def filled_tables(
    past: Past, name: str, runs: Mapping[str, str], over: Sequence[StudyGateView]
) -> tuple[TableDigest, ...]:
    """The tables of a study; `runs`: alias → the run that it means, `over`: where its gates stand."""
    text = past.reader.study_text(name)
    study = study_of(text) if text else None
    stands = {one.gate.gate: one for one in over if not one.is_replaced}
    return tuple(_filled(past, study, one, runs, stands) for one in study.results) if study else ()


def _filled(
    past: Past, study: Study, table: ResultTable, runs: Mapping[str, str], stands: Mapping[str, StudyGateView]
) -> TableDigest:
    columns = [_column(past, study, table, alias, runs.get(alias, ""), stands) for alias in table.columns]
    lines = []
    for place, row in enumerate(table.rows):
        cells = [column[place] for column in columns]
        if table.delta:
            cells.append(_difference(row, *cells))
        lines.append(LineDigest(name=row.name, rule=row.value or row.gate, unit=row.unit, cells=tuple(cells)))
    return TableDigest(
        title=table.title,
        columns=(*table.columns.values(), *([table.delta] if table.delta else [])),
        runs=tuple(runs.get(alias, "") for alias in table.columns),
        rows=tuple(lines),
    )


def _column(
    past: Past, study: Study, table: ResultTable, alias: str, run: str, stands: Mapping[str, StudyGateView]
) -> list[CellDigest]:
    view = past.view(run)
    if view is None:
        return [CellDigest(reason=f"there is no run of {alias}") for _ in table.rows]
    said = _said(past, study, table, view)
    return [
        _stand(study, alias, row.gate, stands.get(row.gate), said.get(place)) if row.gate
        else _value(row, said[place])
        for place, row in enumerate(table.rows)
    ]  # fmt: skip


def _said(past: Past, study: Study, table: ResultTable, view: RunView) -> dict[int, Verdict]:
    """Row → what is measured of it, as far as the run has come: it is not told of its end, and decides nothing."""
    gates = measures(table, study)
    judge = Judge(list(gates.values()))
    names = {name for gate in gates.values() for one in gate.params.metrics for name in gate.names(one)}
    judge.feed_all(past.reader.points_told(view.run, names))
    for one in past.reader.usage(view.run) if judge.measures else ():
        used = {"@host_mem_gb": one.memory, "@gpu_mem_gb": one.gpu_memory}
        told = {name: size / GIB for name, size in used.items() if size is not None}
        judge.meters(told | ({} if one.gpu is None else {"@gpu_util": one.gpu}), at=one.at)
    judge.meters({"@wall_h": view.seconds / 3600, "@cost_usd": view.usd}, at=past.now)
    current = judge.current()
    return {place: current[gate.id] for place, gate in gates.items()}


def _value(row: ResultRow, said: Verdict) -> CellDigest:
    value = None if said.state is State.UNKNOWN else said.value
    if value is None:
        return CellDigest(reason=said.reason)
    return CellDigest(text=said.label or _shown(value, row.unit), value=value)


def _stand(
    study: Study, alias: str, gate: str, stand: StudyGateView | None, said: Verdict | None
) -> CellDigest:
    """Where a gate stands in a run that carries it, else over the study where it rests on the alias, else no more than
    the band that its value lies in."""
    homes = study.plan.homes.get(gate, ())
    view = stand.runs.get(alias) if stand and homes else None
    if stand is not None and not homes and alias in study.plan.needs[gate]:
        view = stand.gate
    if view is not None:
        return CellDigest(
            text=view.label or view.verdict, value=view.value, verdict=view.verdict, reason=view.reason
        )
    why = f"{gate} is not judged of {alias}"
    if said is None or said.value is None or not said.label:
        return CellDigest(reason=why)
    return CellDigest(text=said.label, value=said.value, reason=why)


def _difference(row: ResultRow, first: CellDigest, second: CellDigest) -> CellDigest:
    if row.gate or row.bands:
        return CellDigest(reason="words have no difference")
    if first.value is None or second.value is None:
        return CellDigest(reason=first.reason or second.reason)
    value = second.value - first.value
    return CellDigest(
        text=("+" if value > 0 else "") + _shown(value, row.unit.removeprefix("±")), value=value
    )


def _shown(value: float, unit: str) -> str:
    before = "±" if unit.startswith("±") else ""
    return f"{before}{number(value)} {unit.removeprefix('±').strip()}".rstrip()
