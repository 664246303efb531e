"""Tables of text: columns that align, and those of least weight gone where the screen is narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainui.ui.present.ink import Line, Span, clip, fit, join, line, width

GAP = 2
LEAST_WORDS = 14
"""Cells below which a column of words says too little."""

LIGHT = 4
"""The weight from which a column goes before any word is cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: what its cells are called, its head, its side, and how soon it goes."""

    name: str
    head: str
    left: bool = False
    """Words stand left, numbers right."""
    weight: int = 0
    """The highest goes first."""
    gives: bool = False
    """Its words may be cut where they are too long."""


Row = Mapping[str, Line]
"""Column → what stands there; a column that is left out is empty."""


def columns(heads: Sequence[Column], rows: Sequence[Row], cells: int) -> tuple[Line, ...]:
    """The head and a line for each row, each in at most `cells` cells. A column that is empty all over goes."""
    kept = [one for one in heads if any(row.get(one.name) for row in rows)]
    wide = {one.name: _natural(one, rows) for one in kept}
    while len(kept) > 1:
        last = max(kept, key=lambda one: one.weight)
        needed = _most(kept, wide) if last.weight >= LIGHT else _least(kept, wide)
        if needed <= cells:
            break
        kept.remove(last)
    over = _most(kept, wide) - cells
    giving = [one.name for one in kept if one.gives]
    while over > 0 and (name := max(giving, key=lambda name: wide[name], default="")):
        if wide[name] <= LEAST_WORDS:
            break
        wide[name] -= 1
        over -= 1
    out = [_row(kept, wide, {one.name: line(Span(one.head, "dim")) for one in kept})]
    out += [_row(kept, wide, row) for row in rows]
    return tuple(clip(row, cells) for row in out)


def _natural(column: Column, rows: Sequence[Row]) -> int:
    return max(width(line(column.head)), *(width(row.get(column.name, ())) for row in rows))


def _most(kept: Sequence[Column], wide: Mapping[str, int]) -> int:
    return sum(wide[one.name] for one in kept) + GAP * (len(kept) - 1)


def _least(kept: Sequence[Column], wide: Mapping[str, int]) -> int:
    needed = (min(wide[one.name], LEAST_WORDS) if one.gives else wide[one.name] for one in kept)
    return sum(needed) + GAP * (len(kept) - 1)


def _row(kept: Sequence[Column], wide: Mapping[str, int], row: Row) -> Line:
    parts = [fit(row.get(one.name, ()), wide[one.name], right=not one.left) for one in kept]
    return join(parts, " " * GAP)
