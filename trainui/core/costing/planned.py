"""What was estimated against what was taken, of studies and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainui.core.money.outlook import groups, ratio, remaining
from trainui.core.spec.estimate import ESTIMATED, Estimate
from trainui.core.spec.study import Study, study_of
from trainui.core.store.costs import Decision
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView

TOGETHER = 60.0
"""Seconds within which starts follow one another that are one decision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One thing that was estimated."""

    what: str
    """One of ESTIMATED: `decision_points`, `gpu_hours`, `usd`, `wall_hours`."""
    planned: tuple[float, float] | None
    """(low, high); None where nothing was planned."""
    actual: float
    remaining: tuple[float, float] | None
    """What is left of the plan, low and high; never below 0."""
    ratio: float | None
    """Actual, as a part of the middle of the plan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A study or a job with an estimate, against what it took."""

    kind: str
    """`study` or `job`."""
    name: str
    study: str
    runs: int
    """How many it has, retries included."""
    lines: int
    """How many were begun anew; a job's plan counts once for each, and at least once."""
    is_open: bool
    """Whether anything of it is live or waits."""
    compared: tuple[Compared, ...]
    """All of ESTIMATED, in that order."""
    quote: str = ""
    source: str = ""


def planned(
    reader: Reader, *, studies: Sequence[Study] = (), views: Sequence[RunView] | None = None
) -> list[Planned]:
    """Every study and every job of one that was estimated: studies in the order written down, their jobs after them.

    `studies` are those of the project's files: one of which no run was ever started is known by them alone. `views` are
    all runs, if somebody has read them.
    """
    views = reader.runs() if views is None else views
    decisions = reader.decisions()
    estimates: dict[str, Estimate | None] = {
        name: study_of(text).estimate for name, text in reader.study_texts().items()
    }
    for one in studies:
        estimates.setdefault(one.name, one.estimate)
    names = [*estimates, *sorted({view.study for view in views} - set(estimates))]
    found = []
    for study in names:
        mine = [view for view in views if view.study == study]
        whole = estimates.get(study)
        if whole is not None and any(whole.planned(what) is not None for what in ESTIMATED):
            own = [one for one in decisions if one.study == study]
            found.append(_compare("study", study, study, mine, own, whole))
        for job in sorted({view.job for view in mine}):
            of_job = [view for view in mine if view.job == job]
            newest = max(of_job, key=lambda view: view.queued_at)
            estimate = reader.spec(newest.run).estimate
            if estimate is not None:
                own = [one for one in decisions if one.study == study and one.job == job]
                found.append(_compare("job", job, study, of_job, own, estimate))
    return found


def _compare(
    kind: str, name: str, study: str, views: Sequence[RunView], decisions: Sequence[Decision], estimate: Estimate,
) -> Planned:  # fmt: skip
    lines = _line_parts(views)
    times = max(1, len(lines)) if kind == "job" else 1
    actual = _actual(views, decisions, lines if kind == "job" else [views])
    compared = []
    for what in ESTIMATED:
        plan = estimate.planned(what)
        if plan is not None:
            plan = (plan[0] * times, plan[1] * times)
        compared.append(
            Compared(
                what=what,
                planned=plan,
                actual=actual[what],
                remaining=None if plan is None else remaining(plan, actual[what]),
                ratio=None if plan is None else ratio(plan, actual[what]),
            )
        )
    return Planned(
        kind=kind, name=name, study=study, runs=len(views), lines=len(lines),
        is_open=any(view.is_live or view.ended_at is None for view in views),
        compared=tuple(compared), quote=estimate.quote, source=estimate.source,
    )  # fmt: skip


def _actual(
    views: Sequence[RunView], decisions: Sequence[Decision], parts: Sequence[Sequence[RunView]]
) -> Mapping[str, float]:
    """What was taken, by ESTIMATED; the wall hours of each of `parts` count. Starts that follow one another within a
    minute are one decision; everything else that a person asked for or answered is one each."""
    starts = [one.at for one in decisions if one.verb == "start"]
    others = sum(one.verb != "start" for one in decisions)
    return {
        "decision_points": groups(starts, TOGETHER) + others,
        "gpu_hours": sum(view.gpu_hours for view in views),
        "usd": sum(view.usd for view in views),
        "wall_hours": sum(_wall_seconds(part) for part in parts) / 3600,
    }


def _line_parts(views: Sequence[RunView]) -> list[list[RunView]]:
    """The runs of each line: those that go on from one another."""
    known = {view.run: view for view in views}
    parts: dict[str, list[RunView]] = {}
    for view in views:
        root = view
        while root.parent in known:
            root = known[root.parent]
        parts.setdefault(root.run, []).append(view)
    return list(parts.values())


def _wall_seconds(views: Sequence[RunView]) -> float:
    """From the first start to the last end, or as far as the live runs are."""
    begun = [view for view in views if view.started_at is not None]
    if not begun:
        return 0.0
    first = min(view.started_at or 0.0 for view in begun)
    last = max(
        view.ended_at if view.ended_at is not None else (view.started_at or 0.0) + view.seconds
        for view in begun
    )
    return max(0.0, last - first)
