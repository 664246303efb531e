"""Collects what a summary tells, and writes it in the formats asked for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainui.core.errors import NotFoundError, TrainuiError
from trainui.core.process.files import read_json
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.read import Reader
from trainui.core.store.studies import subject_of
from trainui.core.store.views import GateView, RunDetail, RunView


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One run, as a summary tells it."""

    detail: RunDetail
    origin: dict[str, object]
    results: dict[str, object]
    """What the job itself left in `results.json`, or nothing."""
    log: tuple[str, ...]
    notes: tuple[tuple[float, str], ...]
    outcomes: Outcomes = field(default_factory=Outcomes)
    """What came of its gates."""

    @property
    def view(self) -> RunView:
        """The run's row."""
        return self.detail.view


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Several runs that are told together."""

    title: str
    written_at: float
    runs: tuple[Told, ...]
    budget: BudgetView
    across: Mapping[str, tuple[tuple[GateView, ...], Outcomes]] = field(default_factory=dict)
    """Study → its gates across runs, and what came of them."""

    @property
    def best(self) -> Told | None:
        """The run with the best value of its primary metric, when they share one."""
        told = [run for run in self.runs if run.view.metric and run.view.metric.best is not None]
        metrics = {run.view.metric.name: run.view.metric.goal for run in told if run.view.metric}
        if len(metrics) != 1:
            return None
        sign = 1 if set(metrics.values()) == {"min"} else -1
        return min(told, key=lambda run: sign * (run.view.metric.best or 0.0) if run.view.metric else 0.0)


def export_runs(db: Path, runs: Sequence[str], *, study: str, to: Path, formats: Sequence[str]) -> Path:
    """Write a summary into the folder `to` and return it. Raises NotFoundError or TrainuiError in one sentence."""
    from trainui.core.export.document import as_json
    from trainui.core.export.markdown import as_markdown

    reader = Reader(db)
    try:
        names = list(runs) or _newest_of(reader, study)
        summary = Summary(
            title=study or ", ".join(names),
            written_at=time.time(),
            runs=tuple(_told(reader, name) for name in names),
            budget=reader.budget(),
            across=_across(reader, names),
        )
        to.mkdir(parents=True, exist_ok=True)
        if "png" in formats:
            from trainui.core.export.picture import draw_curves

            draw_curves(reader, summary, to / "training_curves.png")
        if "json" in formats:
            _write(
                to / "summary.json",
                json.dumps(as_json(summary), indent=1, ensure_ascii=False, allow_nan=False),
            )
        if "md" in formats:
            picture = "training_curves.png" if "png" in formats else ""
            _write(to / "summary.md", as_markdown(summary, picture=picture))
    except OSError as error:
        raise TrainuiError(f"{to}: the summary cannot be written: {error.strerror}") from error
    finally:
        reader.close()
    return to


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a summary."""
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)


def _newest_of(reader: Reader, study: str) -> list[str]:
    """The newest run of each job of a study, in the order the jobs were first run."""
    newest: dict[str, RunView] = {}
    for view in sorted(reader.runs(), key=lambda one: one.queued_at):
        if view.study == study:
            newest[view.job] = view
    if not newest:
        known = sorted({view.study for view in reader.runs()})
        raise NotFoundError(f"there is no study {study!r}", hint=f"known: {', '.join(known) or 'none'}")
    return [view.run for view in newest.values()]


def _across(reader: Reader, runs: Sequence[str]) -> dict[str, tuple[tuple[GateView, ...], Outcomes]]:
    """The gates across runs of the studies that these runs are of, where there are any."""
    studies = dict.fromkeys(view.study for view in reader.runs() if view.run in runs and view.study)
    found = {}
    for study in studies:
        gates = tuple(one.gate for one in reader.study_gates(study) if not one.is_replaced)
        if gates:
            found[study] = (gates, reader.outcomes(subject_of(study)))
    return found


def _told(reader: Reader, name: str) -> Told:
    detail = reader.detail(name)
    folder = Path(detail.view.directory)
    return Told(
        detail=detail,
        origin=_read(folder / "origin.json"),
        results=_read(folder / "results.json"),
        log=tuple(reader.log_tail(name, 20)),
        notes=tuple(reader.notes(name)),
        outcomes=reader.outcomes(name),
    )


def _read(path: Path) -> dict[str, object]:
    try:
        return dict(read_json(path) or {})
    except (OSError, ValueError):
        return {}
