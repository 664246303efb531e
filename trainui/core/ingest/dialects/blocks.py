"""Tables of two columns that are one report: Stable-Baselines3, Spinning Up, Lightning's test results."""

from __future__ import annotations

import re
from typing import Any

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import is_measure, is_phased, metric_name
from trainui.core.ingest.numbers import NUMBER, float_of

_ROW = re.compile(rf"[|│┃]\s*(?P<name>[A-Za-z][^|│┃]{{0,60}}?)\s*[|│┃]\s*(?P<value>{NUMBER})?\s*[|│┃]")
_BORDER = re.compile(r"[|+]?[-=+|─━═┌┐└┘├┤┬┴┼┏┓┗┛┡┩┳╇┴]{8,}[|+]?")
_STEPS = (
    "total_timesteps", "timesteps", "num_timesteps", "totalenvinteracts", "total_steps", "total_num_steps",
)  # fmt: skip
_LESSER = ("iterations", "iteration", "itr", "epoch", "nupdates")
_EDGES = frozenset("|+-=─━═┌└├┏┗┡╇╄")
_MAX_ROWS = 100


class Block:
    """The rows of a table that has begun and not ended."""

    def __init__(self, state: list[Any] | None = None) -> None:
        self._is_open, self._group, self._values = state or [False, "", {}]

    def state(self) -> list[Any]:
        """What the constructor takes."""
        return [self._is_open, self._group, self._values]

    def read(self, text: str, *, is_under_way: bool) -> tuple[bool, Found | None]:
        """Whether the line is part of a table, and what the table says when the line ends it."""
        if not self._is_open and text[0] not in _EDGES:
            return False, None
        if text[0] in _EDGES and _BORDER.fullmatch(text):
            found = self._found(is_under_way) if self._values else None
            self._is_open, self._group, self._values = True, "", {}
            return found is not None, found
        row = _ROW.fullmatch(text) if self._is_open else None
        if row is None:
            self._is_open, self._group, self._values = False, "", {}
            return False, None
        name = row["name"]
        if row["value"] is None:
            self._group = name if name.endswith("/") else ""
        elif len(self._values) < _MAX_ROWS:
            self._values[self._group + name] = repr(float_of(row["value"]))
        return row["value"] is not None, None

    def _found(self, is_under_way: bool) -> Found | None:
        values = {name: float(value) for name, value in self._values.items()}
        plain = {name.rpartition("/")[2].lower(): value for name, value in values.items()}
        found = Found()
        step = next((plain[name] for name in (*_STEPS, *_LESSER) if name in plain), None)
        if step is not None and step - step == 0:
            found.step = int(step)
        elif not (all(map(is_phased, values)) or (is_under_way and any(map(is_measure, values)))):
            return None
        for name, value in values.items():
            if name.rpartition("/")[2].lower() not in _STEPS and (clean := metric_name(name)):
                found.metrics[clean] = value
        return found if found.metrics else None
