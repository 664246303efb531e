"""What in a JSON document is the history or the result of a run; everything else is settings."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainui.core.ingest.columns import is_never, is_setting, speaks
from trainui.core.ingest.dialects.names import PHASES
from trainui.core.ingest.fields import EPOCHS, axis_of, number_of, position_of
from trainui.core.ingest.structured import with_step

MAX_DEPTH = 5
MAX_SERIES = 200
LOOKED_AT = 200
"""Entries of a list by which it is known."""

_CONTAINERS = frozenset(
    {
        "history", "log_history", "training_history", "train_history", "histories", "logs", "log", "epochs", "steps",
        "metrics", "results", "result", "records", "entries", "data", "metrics_history", "training_log", "train_log",
        "epoch_logs", "epoch_history", "epoch_metrics", "training", "curves", "scalars",
    }
)  # fmt: skip
_SETTINGS = re.compile(
    r"config|args$|arguments|hparams|hyper_?param|^params$|^parameters$|settings|options|^env|environment|^meta|"
    r"trial_params|callbacks|tokenizer|vocab|per_class|class_report|classification_report|confusion|by_class",
    re.IGNORECASE,
)
_NO_CURVE = re.compile(
    r"class|confusion|fpr|tpr|thresh|bins|histogram|shape|milestones|betas|roc|pr_curve|pred|labels?$|target|y_true|"
    r"support|ids?$|indices|prob|logits|range|fold|seeds?|cv_|quantile|percentile|interval|ci_|_ci$",
    re.IGNORECASE,
)
_STATISTICS = frozenset(
    {
        "mean",
        "std",
        "min",
        "max",
        "avg",
        "median",
        "value",
        "best",
        "last",
        "final",
        "macro",
        "micro",
        "weighted",
        *PHASES,
    }
)
_EPOCH_KEY = re.compile(r"epoch[_\s-]?(\d+)", re.IGNORECASE)
_EPOCHS = frozenset({*EPOCHS, "epochs"})
_STEPS = frozenset(
    {"step", "steps", "global_step", "iteration", "iterations", "iter", "iters", "round", "rounds"}
)


@dataclass(slots=True)
class Series:
    """One growing list: `entries` are mappings of names and places, as a line of JSON would hold them."""

    name: str
    entries: list[dict[str, Any]]


@dataclass(slots=True)
class Content:
    """What a document tells: its growing lists, and values that belong to no step."""

    series: list[Series] = field(default_factory=list)
    results: dict[str, float] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)


def content_of(data: Any) -> Content:
    """The histories and results in a document; empty for settings, lists of things, and what is no mapping."""
    content = Content()
    if isinstance(data, list):
        _take_entries(data, "", content)
    elif isinstance(data, dict):
        _walk(data, (), content)
        _take_results(data, content)
    del content.series[MAX_SERIES:]
    return content


def _walk(
    data: Mapping[str, Any], path: tuple[str, ...], content: Content, *, is_history: bool = False
) -> None:
    entries = _by_epoch(data)
    if entries:
        content.series.append(Series("/".join(path), entries))
        return
    lengths = _take_curves(data, path, content, is_history=is_history)
    for key, value in data.items():
        if _SETTINGS.search(key) or len(path) >= MAX_DEPTH:
            continue
        inner = path if key.lower() in _CONTAINERS else (*path, key)
        if isinstance(value, dict):
            _walk(value, inner, content, is_history=is_history or inner == path)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            _take_entries(value, "/".join(inner), content, is_known=len(value) > 1 and len(value) in lengths)


def _by_epoch(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of `{"epoch_1": {"loss": …}, …}`."""
    found = [(_EPOCH_KEY.fullmatch(key), value) for key, value in data.items()]
    if not found or any(match is None or not isinstance(value, dict) for match, value in found):
        return []
    return [{"epoch": int(match[1]), **value} for match, value in found if match]


def _take_entries(entries: Sequence[Any], name: str, content: Content, *, is_known: bool = False) -> None:
    """A list of mappings, when they are moments of one run. `is_known`: it is as long as the curves beside it."""
    rows = [with_step(one) for one in entries if isinstance(one, dict)]
    seen = rows[:LOOKED_AT]
    if not seen or len(rows) != len(entries) or not (is_known or _is_one_run(seen)):
        return
    prefix = f"{name}/" if name else ""
    content.series.append(Series(name, [_named(row, prefix) for row in _told_once(rows)]))


def _told_once(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Entries of the HF Trainer end with a summary, whose average loss is not to stand in a curve of that name."""
    has_curve = any("train_loss" in row and "train_runtime" not in row for row in rows)
    for row in rows:
        if has_curve and "train_runtime" in row:
            row = {key: value for key, value in row.items() if key != "train_loss"}
        yield row


def _named(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    if not prefix:
        return dict(row)
    return {key if axis_of(key) else f"{prefix}{key}": value for key, value in row.items()}


def _is_one_run(rows: Sequence[Mapping[str, Any]]) -> bool:
    measured = sum(any(speaks(key) for key in _numbers(row)) for row in rows)
    places = [place for row in rows if (place := _place(row)) is not None]
    moves = [right - left for left, right in itertools.pairwise(places)]
    if len(places) * 2 >= len(rows) and _numbers(rows[0]):
        back = sum(move < 0 for move in moves)
        return back * 5 <= len(moves) * 2 and (
            len(moves) < 2 or sum(move > 0 for move in moves) * 3 >= len(moves)
        )
    texts = [tuple(value for value in row.values() if isinstance(value, str)) for row in rows]
    names_rows = any(texts) and len(set(texts)) * 2 > len(texts)
    settings = sum(map(is_setting, rows[0]))
    return measured * 2 >= len(rows) and not names_rows and settings < 2 and not any(map(is_never, rows[0]))


def _place(row: Mapping[str, Any]) -> float | int | None:
    for axis in ("step", "epoch"):
        for key, value in row.items():
            if axis_of(key) == axis and (place := position_of(value)) is not None:
                return place
    return None


def _numbers(row: Mapping[str, Any], depth: int = 0) -> list[str]:
    names = [key for key, value in row.items() if number_of(value) is not None and not axis_of(key)]
    if depth < 2:
        for value in row.values():
            if isinstance(value, dict):
                names += _numbers(value, depth + 1)
    return names


def _take_curves(
    data: Mapping[str, Any], path: tuple[str, ...], content: Content, *, is_history: bool
) -> set[int]:
    """Lists of numbers side by side, as Keras keeps its history: each its own series. Returns their lengths."""
    lists = {key: value for key, value in data.items() if isinstance(value, list) and _are_numbers(value)}
    places = {key: value for key, value in lists.items() if key.lower() in _EPOCHS | _STEPS}
    if "support" in lists or "labels" in data or "classes" in data:
        return set()
    curves = {key: value for key, value in lists.items() if key not in places and not _NO_CURVE.search(key)}
    parents = any(map(speaks, path))
    measured = [key for key in curves if speaks(key) or parents]
    if not measured or not (is_history or places or len(measured) > 1 or len(curves[measured[0]]) > 1):
        return set()
    lengths = {len(curves[key]) for key in measured}
    for key, values in curves.items():
        if key in measured or len(values) in lengths:
            name = "/".join((*path, key))
            content.series.append(Series(name, [*_entries(name, values, places)]))
    return lengths


def _entries(
    name: str, values: Sequence[Any], places: Mapping[str, Sequence[Any]]
) -> Iterator[dict[str, Any]]:
    same = {key: place for key, place in places.items() if len(place) == len(values)}
    for number, value in enumerate(values):
        entry: dict[str, Any] = {name: value}
        for key, place in same.items():
            entry["epoch" if key.lower() in _EPOCHS else "step"] = place[number]
        if not same:
            entry["step"] = number
        yield entry


def _are_numbers(values: Sequence[Any]) -> bool:
    return bool(values) and all(value is None or number_of(value) is not None for value in values)


def _take_results(data: Mapping[str, Any], content: Content) -> None:
    """Numbers that stand alone: a final result. Beside a history only what is a measure by its name."""
    if "log_history" in data or _by_epoch(data):
        return
    found = dict(_alone(data, ""))
    measured = {name for name in found if _is_result(name)}
    settings = sum(is_setting(name.rpartition("/")[2]) for name in found)
    if not measured or settings > len(measured) or len(measured) * 10 < len(found):
        return
    for name, value in found.items():
        last = name.rpartition("/")[2]
        axis = axis_of(name)
        if axis in ("step", "epoch") and not content.series:
            content.place[name] = value
        elif name in measured or not (content.series or axis_of(last) or is_never(last) or is_setting(last)):
            content.results[name] = value


def _is_result(name: str) -> bool:
    """Whether a path ends with a measure, or with a statistic or split of one: `test/wer`, `wer/mean`."""
    above, _, last = name.rpartition("/")
    return speaks(last) or (last.lower() in _STATISTICS and speaks(above.rpartition("/")[2]))


def _alone(data: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, float]]:
    for key, value in data.items():
        if _SETTINGS.search(key):
            continue
        if isinstance(value, dict):
            if depth < MAX_DEPTH and not _by_epoch(value):
                inner = prefix if key.lower() in _CONTAINERS else f"{prefix}{key}/"
                yield from _alone(value, inner, depth + 1)
        elif (number := number_of(value)) is not None:
            yield f"{prefix}{key}", number
