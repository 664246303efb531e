"""RULE: the names that a run has in a filter, and their values. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from trainui.core.filter.language import NAMES, parse_filter

if TYPE_CHECKING:
    from trainui.core.filter.language import Filter, Value, Values
    from trainui.core.store.views import RunView

ABOUT = {
    "run": "its name",
    "job": "its job",
    "study": "its study",
    "status": "queued, starting, running, paused, stopping, ended; or how it ended: finished, failed, stopped, lost",
    "cause": "why it ended",
    "parent": "the run it goes on from",
    "gate": "a state that one of its gates is in: tripped, warn, unknown…",
    "tag": "one of its tags",
    "metric": "the name of its primary metric",
    "last": "the newest value of that",
    "best": "the best value of that",
    "step": "its step",
    "epoch": "its epoch",
    "progress": "how far it is: progress>50%",
    "eta": "seconds to go: eta<2h",
    "hours": "how long it ran",
    "gpu_hours": "GPU-hours",
    "usd": "what it cost",
    "live": "yes or no",
    "armed": "yes or no",
    "priority": "its priority in the queue",
}
"""Name → what it is. Any other name is a param of its spec: `learning_rate<1e-3`."""


def run_filter(text: str, params: Collection[str] = ()) -> Filter:
    """The filter for runs whose specs have these params. Raises FilterError."""
    return parse_filter(text, known={*ABOUT, *params})


def values_of(
    view: RunView, params: Mapping[str, object] | None = None, tags: Collection[str] | None = None
) -> Values:
    """Everything of a run that a filter can ask for. `tags`: its own when None."""
    tags = view.tags if tags is None else tags
    metric = view.metric
    values: dict[str, Value] = {name: _plain(value) for name, value in (params or {}).items()}
    values |= {
        NAMES: (view.run, view.job, view.study, *tags),
        "run": view.run,
        "job": view.job,
        "study": view.study,
        "status": tuple(str(one) for one in (view.status, view.result) if one is not None),
        "cause": view.cause,
        "parent": view.parent,
        "gate": tuple(state for state, count in view.gates.items() if count),
        "tag": tuple(tags),
        "metric": metric.name if metric else None,
        "last": metric.last if metric else None,
        "best": metric.best if metric else None,
        "step": view.step,
        "epoch": view.epoch,
        "progress": view.progress,
        "eta": view.eta_seconds,
        "hours": view.seconds / 3600,
        "gpu_hours": view.gpu_hours,
        "usd": view.usd,
        "live": view.is_live,
        "armed": view.armed,
        "priority": view.priority,
    }
    return values


def metric_filter(text: str) -> Filter:
    """The filter for names of metrics: bare words, `-aux`, `val/*`. Raises FilterError."""
    return parse_filter(text, known={"metric"})


def metric_values(name: str) -> Values:
    """A metric's name, as a filter sees it."""
    return {NAMES: (name,), "metric": name}


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
