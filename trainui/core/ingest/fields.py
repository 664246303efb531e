"""Names and values → a record: which keys say where we are, which values are numbers, what else there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trainui.core.ingest.dialects.names import PHASES, is_phased
from trainui.core.ingest.records import Record
from trainui.core.ingest.text import strip_escapes

MAX_DEPTH = 8
MAX_NAME = 200
MAX_TEXT = 4000
MAX_EXACT = 2**63
"""Whole numbers beyond this are kept as floats: a database integer ends here."""

EARLIEST = 946_684_800.0  # the year 2000
LATEST = 4_102_444_800.0  # the year 2100

# In order of trust. "batch" is no step: it counts within an epoch, or says how large one is.
STEPS = (
    "step", "global_step", "trainer/global_step", "_step", "train_step", "iteration", "iter", "steps", "it",
    "num_updates", "update", "iter_num", "n_iter",
)  # fmt: skip
EPOCHS = ("epoch", "current_epoch", "_epoch", "epochs_done", "epoch_num")
TIMES = ("time", "timestamp", "_timestamp", "ts", "wall_time", "created_at", "datetime", "date")
TOTAL_STEPS = ("total_steps", "max_steps", "total_iters", "max_iters", "num_training_steps")
TOTAL_EPOCHS = ("total_epochs", "max_epochs", "num_epochs", "num_train_epochs", "epochs")

_AXES: dict[str, tuple[str, int]] = {
    spelling: (axis, rank)
    for axis, names in (
        ("step", STEPS),
        ("epoch", EPOCHS),
        ("total_steps", TOTAL_STEPS),
        ("total_epochs", TOTAL_EPOCHS),
    )
    for rank, name in enumerate(names)
    for spelling in (name, name.upper(), name.capitalize())
}
_CLOCKS = frozenset(TIMES)
_PARTS = ("mode", "split", "phase")
_NONFINITE = {
    f"{sign}{word}": float(f"{sign}{word}") for word in ("nan", "inf", "infinity") for sign in ("", "+", "-")
}


def axis_of(name: str) -> str:
    """`step`, `epoch`, `total_steps`, `total_epochs`, or "" when the name is not an axis."""
    known = _AXES.get(name)
    return known[0] if known else ""


def number_of(value: object) -> float | None:
    """The float `value` stands for, or None: a truth value, a list or a word is no metric, "nan" is one."""
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return _NONFINITE.get(value.strip().lower()) if isinstance(value, str) and len(value) < 12 else None


def position_of(value: object) -> float | int | None:
    """A step or epoch: a finite number, whole where the source wrote it whole."""
    if type(value) is int and -MAX_EXACT < value < MAX_EXACT:
        return value
    number = number_of(value)
    return number if number is not None and number - number == 0 else None


def time_of(value: object) -> float | None:
    """Unix seconds from seconds, milliseconds or ISO text; None when it is not a time of this century."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).timestamp() if len(value) < 40 else None
        except (ValueError, OverflowError):
            return None
    number = number_of(value)
    if number is None:
        return None
    if EARLIEST <= number <= LATEST:
        return number
    return number / 1000 if EARLIEST <= number / 1000 <= LATEST else None


def is_clean(name: str) -> bool:
    """Whether a metric may keep this name as it is."""
    return 0 < len(name) <= MAX_NAME and name.isprintable()


def clean_name(name: str) -> str:
    """A metric's name, harmless to a terminal and of bounded length."""
    return strip_escapes(name).replace("\n", " ").strip()[:MAX_NAME]


def record_of(data: Mapping[str, Any]) -> Record | None:
    """The record a flat or nested mapping holds, or None when nothing in it is ours.

    Every numeric key that is no axis and no time is a metric; nested mappings are joined by "/", and what
    lies under "metrics" stands at the top. `{"mode": "val", "loss": 1}` tells of val/loss. A time that cannot
    be one (`{"time": 0.63}`, the seconds of an iteration) is a metric too.
    """
    metrics: dict[str, float] = {}
    found: dict[str, tuple[int, float | int]] = {}
    at: float | None = None
    texts: dict[str, str] = {}
    for key, value in data.items():
        axis = _AXES.get(key)
        if axis is not None:
            position = position_of(value)
            if position is not None and (axis[0] not in found or axis[1] < found[axis[0]][0]):
                found[axis[0]] = (axis[1], position)
        elif key in _CLOCKS and (moment := time_of(value)) is not None:
            at = at if at is not None else moment
        elif isinstance(value, dict):
            _flatten(value, "" if key == "metrics" else f"{key}/", metrics, 1)
        elif (number := number_of(value)) is not None:
            metrics[key] = number
        elif key in ("checkpoint", "event") and isinstance(value, str) and value:
            texts[key] = strip_escapes(value)[:MAX_TEXT]
    if phase := _phase_of(data):
        metrics = {name if is_phased(name) else f"{phase}/{name}": metrics[name] for name in metrics}
    if not all(map(is_clean, metrics)):
        metrics = {clean: value for name, value in metrics.items() if (clean := clean_name(name))}
    if metrics or "checkpoint" in texts:
        texts.pop("event", None)  # a structured logger calls its every line an event
    if not (metrics or texts or found):
        return None
    rest: dict[str, Any] = {axis: position for axis, (_, position) in found.items()}
    if "epoch" in rest:
        rest["epoch"] = float(rest["epoch"])
    rest.update(texts)
    return Record(metrics=metrics, at=at, **rest)


def _phase_of(data: Mapping[str, Any]) -> str:
    words = (data.get(key) for key in _PARTS)
    return next(
        (PHASES[word.lower()] for word in words if isinstance(word, str) and word.lower() in PHASES), ""
    )


def _flatten(data: Mapping[str, Any], prefix: str, into: dict[str, float], depth: int) -> None:
    for key, value in data.items():
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                _flatten(value, f"{prefix}{key}/", into, depth + 1)
        elif (number := number_of(value)) is not None:
            into[f"{prefix}{key}"] = number
