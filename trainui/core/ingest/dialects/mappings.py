"""Objects that a program prints: JSON lines among other output, and Python dicts as HF Trainer prints them."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head
from trainui.core.ingest.dialects.names import is_measure
from trainui.core.ingest.fields import axis_of, is_clean, record_of
from trainui.core.ingest.jsonl import object_of
from trainui.core.ingest.numbers import NUMBER, float_of
from trainui.core.ingest.records import Record

_ITEM = re.compile(
    rf"""(?P<quote>['"])(?P<name>[^'"]{{1,200}})(?P=quote)\s*:\s*(?P<mark>['"]?)(?P<value>{NUMBER})(?P=mark)\s*(?=[,}}])"""
)
_WIRE = frozenset({"metrics", "checkpoint", "total_steps", "total_epochs"})


def read_json(text: str) -> Record | None:
    """A JSON object that ends the line, if it says where it belongs; a printed configuration does not."""
    if not text.endswith("}"):
        return None
    at = text.find('{"')
    data = object_of(text[at:].encode()) if at >= 0 else None
    if data is None:
        return None
    is_report = any(axis_of(key) in ("step", "epoch") for key in data) or not _WIRE.isdisjoint(data)
    return record_of(data) if is_report or _is_results(data) else None


def read_dict(text: str) -> Found | None:
    """A Python dict that ends the line: `{'loss': 0.69, 'learning_rate': 5e-05, 'epoch': 0.5}`."""
    at = text.find("{'")
    if at < 0 or not text.endswith("}"):
        return None
    found, _ = read_head(text[:at])
    for match in _ITEM.finditer(text, at):
        name, value = match["name"], float_of(match["value"])
        axis = axis_of(name)
        if axis == "epoch":
            found.epoch = value
        elif axis == "step":
            found.step = int(value)
        elif not axis and is_clean(name):
            found.metrics[name] = value
    if not found.metrics or not (found.is_headed or _is_results(found.metrics)):
        return None
    return found


def _is_results(data: object) -> bool:
    """Whether every name speaks of a result, as after a last evaluation: `{"test_loss": 0.3, "test_acc": 0.9}`."""
    return isinstance(data, dict) and bool(data) and all(is_measure(name) for name in data)
