"""What is drawn: which runs, which metrics, and what they had taken when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trainui.core.filter.runs import metric_filter, metric_values
from trainui.core.store.views import Bucket
from trainui.ui.trace import Taken

if TYPE_CHECKING:
    from trainui.core.store.views import CurvePoint, MetricView, RunView
    from trainui.ui.source import Look

MOST_DRAWN = 8
"""Runs in one chart; more could not be told apart."""


def drawn_runs(runs: Sequence[RunView], look: Look) -> tuple[str, ...]:
    """The runs whose curves are drawn: the marked, else the live ones in sight; and the one under the cursor."""
    if look.opened or look.beside:
        return (look.opened,) if look.opened else look.beside[:MOST_DRAWN]
    live = [v.run for v in runs if v.is_live and v.run not in look.hidden]
    chosen = [v.run for v in runs if v.run in look.marked] or live
    chosen = chosen[:MOST_DRAWN]
    if look.cursor in {v.run for v in runs} and look.cursor not in chosen:
        chosen = [*chosen[: MOST_DRAWN - 1], str(look.cursor)]
    return tuple(chosen)


def metric_order(views: Sequence[MetricView], primary: Sequence[str]) -> tuple[str, ...]:
    """Names of the metrics that have points: primary ones, then validation, training, the rest."""
    names = {view.metric for view in views if view.points}
    first = [name for name in dict.fromkeys(primary) if name in names]
    groups = ("val", "eval", "test", "train")

    def place(name: str) -> tuple[int, bool, str]:
        head = name.partition("/")[0]
        return (groups.index(head) if head in groups else len(groups), "loss" not in name, name)

    return (*first, *sorted(names.difference(first), key=place))


def charted(names: Sequence[str], look: Look) -> tuple[str, ...]:
    """The metrics that get a chart: the chosen one first, then the others in order."""
    first = look.metric if look.metric in names else (names[0] if names else None)
    return tuple([name for name in (first,) if name] + [n for n in names if n != first])[
        : max(1, look.charts)
    ]


def taken(run: str, views: Mapping[str, RunView], now: float) -> tuple[Taken, ...]:
    """What a run and those it goes on from had taken when each began and ended, `now` if it lives."""
    line: list[RunView] = []
    name: str | None = run
    while name is not None and name in views and views[name] not in line:
        line.insert(0, views[name])
        name = line[0].parent
    marks, sums = [], Taken(at=0.0)
    for view in line:
        if view.started_at is not None:
            marks.append(replace(sums, at=view.started_at))
            sums = Taken(
                at=max(view.started_at, view.ended_at or now),
                seconds=sums.seconds + view.seconds,
                gpu_hours=sums.gpu_hours + view.gpu_hours,
                cost=sums.cost + view.usd,
            )
            marks.append(sums)
    return tuple(marks)


def sifted(names: Sequence[str], text: str) -> tuple[str, ...]:
    """The names of metrics that a filter leaves. Raises FilterError."""
    holds = metric_filter(text)
    return tuple(name for name in names if holds(metric_values(name)))


def as_bucket(point: CurvePoint) -> Bucket:
    """A point as the smallest of buckets, to stand before a long curve."""
    value = point.value if math.isfinite(point.value) else None
    return Bucket(
        step_from=point.step,
        step_to=point.step,
        min=value,
        max=value,
        first=value,
        last=value,
        count=1,
        nonfinite=int(value is None),
    )
