"""Tables: a header of names, then rows of numbers under it."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import is_measure, metric_name
from trainui.core.ingest.fields import axis_of
from trainui.core.ingest.numbers import NUMBER, float_of

_GAP = re.compile(r"\s{2,}|\s*\|\s*|\t+")
_CELL = re.compile(rf"(?P<value>{NUMBER})(?:%|[A-Za-z]{{1,3}})?")
_PLACE = re.compile(r"(?P<n>\d+)(?:/(?P<of>\d+))?")
_COLUMN = re.compile(r"[A-Za-z][\w@#%./ +\-()]*")
_CLOCK = re.compile(r"(?:\d+:)?\d+:\d\d(?:\.\d+)?|-|—")
_CLASS = "Class"
_COUNTED = frozenset({"Images", "Labels", "Instances", "Targets"})
_CELLS = re.compile(r"\s+|\s*\|\s*")


def columns_of(text: str) -> list[str]:
    """The names in a header whose first column is a step or an epoch, or whose every column is a result.

    Empty when the line is no header.
    """
    if "  " not in text and "|" not in text and "\t" not in text:
        return []
    cells = [cell for cell in _GAP.split(text.strip("| \t")) if cell]
    if len(cells) > 3 and cells[:2] == ["E", "#"]:
        return ["epoch", "step", *cells[2:]]  # spaCy
    if len(cells) < 2 or not (_is_place(cells[0]) or (len(cells) > 2 and all(map(is_measure, cells)))):
        return []
    return cells if all(_COLUMN.fullmatch(cell) and len(cell) < 40 for cell in cells) else []


def read_row(text: str, columns: list[str]) -> Found | None:
    """A row with a number in every column; words after the last column are a remark."""
    cells = [cell for cell in _CELLS.split(text.strip("| \t")) if cell]
    if not _is_place(columns[0]):
        return _placeless(cells, columns)
    place = _PLACE.fullmatch(cells[0]) if len(cells) >= len(columns) > 1 else None
    if place is None:
        return None
    found = Found()
    if axis_of(columns[0].lower()) == "epoch":
        found.epoch, found.epochs = float(place["n"]), int(place["of"]) if place["of"] else None
    else:
        found.step, found.steps = int(place["n"]), int(place["of"]) if place["of"] else None
    for column, cell in zip(columns[1:], cells[1:], strict=False):
        match = _CELL.fullmatch(cell)
        if match is None and _CLOCK.fullmatch(cell):
            continue
        if match is None:
            return None
        axis = axis_of(column.lower())
        if axis == "step":
            found.step = int(float_of(match["value"]))
        elif axis == "epoch":
            found.epoch = float_of(match["value"])
        elif name := metric_name(column):
            found.metrics[name] = float_of(match["value"])
    remark = cells[len(columns) :]
    if not found.metrics or any(_CELL.fullmatch(cell) for cell in remark):
        return None
    return found


def classes_of(title: str) -> list[str]:
    """The columns of YOLO's table of classes, which is the title of a bar: `Class  Images  P  R  mAP50`."""
    head, mark, _ = title.partition("%")
    cells = head.rstrip("0123456789 ").removesuffix(":").split() if mark else []
    return cells if len(cells) > 4 and cells[0] == _CLASS and "mAP" in title else []


def read_class_row(text: str, columns: list[str]) -> Found | None:
    """The row over all classes under such a header; the counts of images and labels are no results."""
    cells = text.split()
    if cells[:1] != ["all"] or len(cells) != len(columns):
        return None
    found = Found(phase="val")
    for column, cell in zip(columns[1:], cells[1:], strict=True):
        match = _CELL.fullmatch(cell)
        if match is None:
            return None
        if column not in _COUNTED and (name := metric_name(column, "val")):
            found.metrics[name] = float_of(match["value"])
    return found


def _is_place(column: str) -> bool:
    return axis_of(column.lower()) in ("step", "epoch")


def _placeless(cells: list[str], columns: list[str]) -> Found | None:
    """A row of results under a header that names neither steps nor epochs: each a decimal, none missing."""
    if len(cells) != len(columns) or not all("." in cell and _CELL.fullmatch(cell) for cell in cells):
        return None
    values = {metric_name(column): cell for column, cell in zip(columns, cells, strict=True)}
    return Found(metrics={name: float_of(_number(cell)) for name, cell in values.items() if name})


def _number(cell: str) -> str:
    match = _CELL.fullmatch(cell)
    return match["value"] if match else "nan"
