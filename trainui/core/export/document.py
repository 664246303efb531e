"""A summary as one JSON document. `version` grows when a field changes its meaning."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from trainui.core.export.summary import Summary, Told

VERSION = 1


def as_json(summary: Summary) -> dict[str, Any]:
    """The summary as plain values; non-finite numbers are the strings nan, inf and -inf."""
    best = summary.best
    return {
        "version": VERSION,
        "title": summary.title,
        "written_at": summary.written_at,
        "best": best.view.run if best else None,
        "budget": jsonable(summary.budget),
        "runs": [_run(told) for told in summary.runs],
        "across": {
            study: {"gates": jsonable(gates), "outcomes": jsonable(outcomes)}
            for study, (gates, outcomes) in summary.across.items()
        },
    }


def _run(told: Told) -> dict[str, Any]:
    detail = told.detail
    return {
        **jsonable(detail.view),
        "about": detail.about,
        "params": jsonable(dict(detail.params)),
        "origin": jsonable({key: value for key, value in told.origin.items() if key != "packages"}),
        "metrics": jsonable(detail.metrics),
        "gates": jsonable(detail.gates),
        "outcomes": jsonable(told.outcomes),
        "checkpoints": jsonable(detail.checkpoints),
        "events": jsonable(detail.events),
        "results": jsonable(told.results),
        "notes": [{"at": at, "text": text} for at, text in told.notes],
        "log": list(told.log),
    }


def jsonable(value: Any) -> Any:
    """What JSON can say: non-finite numbers become "nan", "inf", "-inf"."""
    if value is None or isinstance(value, str | int | float):  # nearly all there is: a ledger has millions
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value
