"""Offline files of Weights & Biases: the history of a run, and how it ended."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from trainui.core.ingest.fields import STEPS, clean_name, position_of, record_of
from trainui.core.ingest.format import Format
from trainui.core.ingest.formats.framed import Framed
from trainui.core.ingest.formats.leveldb import MAGIC, cut
from trainui.core.ingest.formats.messages import BYTES, DOUBLE, INT32, INT64, SINT64, Field, parser_of
from trainui.core.ingest.records import NOTHING, Record, Tally

MAX_SETTINGS = 64
MAX_TEXT = 100
"""Entries of a run's configuration that are kept, and characters of each: they are part of the state."""

_STEP = "_step"
_STEPS = frozenset(STEPS)
_INTERNAL = frozenset({"_runtime", "_wandb"})
"""An elapsed clock, and the library's notes to itself."""
_MESSAGES: dict[str, tuple[Field, ...]] = {
    "Record": (
        ("history", 2, "History"), ("config", 5, "Config"), ("metric", 12, "Metric"), ("run", 17, "Run"),
        ("exit", 18, "Exit"),
    ),
    "History": (("item[]", 1, "Item"), ("step", 2, "Step")),
    "Step": (("num", 1, INT64),),
    "Item": (
        ("key", 1, BYTES), ("nested_key[]", 2, BYTES), ("integer", 5, SINT64), ("number", 6, DOUBLE),
        ("json", 8, BYTES), ("value_json", 16, BYTES),
    ),
    "Config": (("update[]", 1, "Item"),),
    "Metric": (("glob_name", 2, BYTES), ("step_metric", 4, BYTES)),
    "Run": (
        ("run_id", 1, BYTES), ("entity", 2, BYTES), ("project", 3, BYTES), ("config", 4, "Config"),
        ("display_name", 8, BYTES),
    ),
    "Exit": (("exit_code", 1, INT32),),
}  # fmt: skip
_decode = msgspec.json.Decoder().decode


class WandbRecords(Framed):
    """Reads one record of the library an item. Summaries, machine statistics and printed lines tell no points.

    The step is what the run declared its step to be (`define_metric("*", step_metric=…)`), else what it logged
    under a usual name, else the library's own count of log calls.

    Attributes:
        exit_code: None until the run has ended.
        about: `id`, `project`, `name`, `entity` where they are known; `config`: setting → text or number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.exit_code: int | None = None
        self.about: dict[str, Any] = {}
        self._axis = ""

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        tally = self._tally
        told = [self.exit_code, self.about, self._axis]
        return json.dumps([tally.lines, tally.understood, tally.samples, *told])

    @classmethod
    def restore(cls, state: str) -> WandbRecords:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls()
        if state:
            lines, understood, samples, reader.exit_code, reader.about, reader._axis = json.loads(state)
            reader._tally = Tally(lines, understood, samples)
        return reader

    def read(self, item: bytes) -> Sequence[Record]:
        """The record of a history entry; none of any other."""
        parse, error = _parser()
        try:
            told = parse(item)
        except error:
            return self.miss(item)
        self._tally.lines += 1
        self._tally.understood += 1
        if told.HasField("history"):
            record = self._record(told.history)
            return (record,) if record else NOTHING
        if told.HasField("run"):
            self._describe(told.run)
        elif told.HasField("config"):
            self._configure(told.config)
        elif told.HasField("metric") and told.metric.glob_name == b"*":
            self._axis = _text(told.metric.step_metric)
        elif told.HasField("exit"):
            self.exit_code = told.exit.exit_code
        return NOTHING

    def _record(self, history: Any) -> Record | None:
        data = _data(history.item)
        counted = data.pop(_STEP, None)
        if counted is None:
            counted = history.step.num if history.HasField("step") else None
        if self._axis and (step := position_of(data.get(self._axis))) is not None:
            del data[self._axis]
            for name in _STEPS.intersection(data):
                del data[name]
            data["step"] = step
        elif counted is not None and not _has_step(data):
            data["step"] = counted
        record = record_of(data)
        return record if record and record.metrics else None

    def _describe(self, run: Any) -> None:
        told = {"id": run.run_id, "project": run.project, "name": run.display_name, "entity": run.entity}
        self.about.update((name, clean_name(_text(text))) for name, text in told.items() if text)
        self._configure(run.config)

    def _configure(self, config: Any) -> None:
        settings = self.about.get("config", {})
        for name, value in _leaves(_data(config.update)):
            if len(settings) < MAX_SETTINGS or name in settings:
                settings[name] = clean_name(value)[:MAX_TEXT] if isinstance(value, str) else value
        if settings:
            self.about["config"] = settings


def _has_step(data: Mapping[str, Any]) -> bool:
    """Whether the user logged a step of their own."""
    return any(position_of(data[name]) is not None for name in _STEPS.intersection(data))


def _data(items: Any) -> dict[str, Any]:
    """Name → value of the items, nested names joined by "/"; media and what the library notes are left out."""
    data: dict[str, Any] = {}
    media: list[str] = []
    for item in items:
        name = _text(item.key) or "/".join(map(_text, item.nested_key))
        if name.endswith("/_type"):
            media.append(name.removesuffix("_type"))
        elif name.partition("/")[0] not in _INTERNAL:
            data[name] = _value(item)
    if media:
        return {name: value for name, value in data.items() if not name.startswith(tuple(media))}
    return data


def _value(item: Any) -> Any:
    """What an item says, as JSON's types; None when it is not JSON."""
    text = item.value_json or item.json
    if not text:
        return item.integer if item.HasField("integer") else item.number if item.HasField("number") else None
    try:
        return _plain(_decode(text))
    except (ValueError, RecursionError):
        pass
    try:
        return _plain(json.loads(text))  # NaN and Infinity
    except (ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """The value without media: objects that say of which `_type` they are."""
    if type(value) is not dict:
        return value
    if "_type" in value:
        return None
    return {name: _plain(one) for name, one in value.items()}


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Sequence[tuple[str, Any]]:
    """Names and values of a nested mapping that are texts, numbers or truth values."""
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            found += _leaves(value, f"{prefix}{name}/")
        elif isinstance(value, str | int | float):
            found.append((clean_name(prefix + name), value))
    return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


@functools.cache
def _parser() -> tuple[Callable[[bytes], Any], type[Exception]]:
    return parser_of("wandb_records", _MESSAGES, "Record")


def claims(name: str, head: bytes) -> bool:
    """Whether it begins as such files do; an empty one, whether it is called like them."""
    return head.startswith(MAGIC) or (not head and name.endswith(".wandb"))


FORMAT = Format(
    kind="wandb",
    rank=2,
    make=lambda state, _patterns: WandbRecords.restore(state),
    claims=claims,
    cut=cut,
    watched=("*.wandb",),
)
