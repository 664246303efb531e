"""JSON objects that are no report of a training: lines of a structured log, rows of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from trainui.core.ingest.dialects.names import is_measure
from trainui.core.ingest.fields import axis_of, position_of
from trainui.core.ingest.records import Record

# What only a logger writes.
_LOGGER = frozenset(
    {
        "level", "levelname", "severity", "lvl", "logger", "logger_name", "pid", "ppid", "hostname", "caller",
        "lineno", "line", "funcName", "func", "function", "thread", "threadName", "tid", "process", "processName",
        "method", "url", "status_code", "request_id", "trace_id", "span_id", "user_agent", "remote_addr", "port",
        "msg", "message",
    }
)  # fmt: skip
# What one row of a data set has and no other: its text, its name, its number.
_ITEM = frozenset(
    {
        "id", "uid", "uuid", "name", "file", "filename", "file_name", "path", "image", "audio", "text", "prompt",
        "question", "answer", "sentence", "label", "output", "input", "instruction", "response", "prediction", "pred",
        "target", "reference", "hypothesis", "query", "title", "gold", "messages", "completion", "idx", "index",
    }
)  # fmt: skip
_ITEM_ENDS = ("_id", "_path", "_file", "_text")
_NO_METRIC = _LOGGER | {
    "duration", "duration_ms", "elapsed", "elapsed_ms", "status", "code", "size", "bytes", "count",
}  # fmt: skip

# Counters of other kinds of training, in order of trust; they count where nothing else does.
_LATE = (
    "total_timesteps", "timesteps_total", "timesteps", "training_iteration", "round", "communication_round", "episode",
    "generation",
)  # fmt: skip
_LATE_NAMES = frozenset(_LATE)
PECULIAR = _LOGGER | _LATE_NAMES
"""Keys for which an object with a step must be looked at more closely."""


def with_step(data: dict[str, Any]) -> dict[str, Any]:
    """The object, its round, episode or generation called a step when it names no other place."""
    if _LATE_NAMES.isdisjoint(data):
        return data
    if not any(axis_of(key) in ("step", "epoch") for key in data if key != "steps"):
        for key in _LATE:
            if key in data and position_of(data[key]) is not None:
                return {**{name: value for name, value in data.items() if name != key}, "step": data[key]}
    return data


def as_report(data: Mapping[str, Any], record: Record) -> Record | None:
    """The record of an object as far as it is a report; None when the object is something else.

    A logger's line needs a measure by its name; a row of a data set is told by having neither step nor epoch.
    """
    if not _LOGGER.isdisjoint(data):
        metrics = {name: value for name, value in record.metrics.items() if name not in _NO_METRIC}
        if not any(map(is_measure, metrics)):
            return None
        return msgspec.structs.replace(record, metrics=metrics, event=None)
    is_placed = record.step is not None or record.epoch is not None
    if is_placed or not record.metrics or record.checkpoint:
        return record
    return None if any(key in _ITEM or key.endswith(_ITEM_ENDS) for key in data) else record
