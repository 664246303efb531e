"""Compared runs as pages: what differs, what each reached, how their gates stand. A column is a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainui.core.comparing import Comparison, Reached, Row
from trainui.core.store.views import RunView
from trainui.ui.params import written
from trainui.ui.present.ink import Line, Span, clip, fit, join, line, middle, plain, safe, width
from trainui.ui.present.lights import run_light, verdict_light
from trainui.ui.present.text import NONE, decimals_for, duration, fine, number, plural, sign, usd, whole

GAP = 2
LEAST_CELL = 3
LEAST_NAME = 12
"""Cells that a value and a name keep where there are many runs."""
LEAST_HEAD = 5
VERDICT = 9
"""Cells of a verdict with its light."""
LEAST_RULE = 16
_NAMES = {"seconds": "ran", "gpu_hours": "GPU-hours"}
_WHOLE = frozenset({"epoch", "step"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Heads:
    """The compared runs: their names, and the digits and colours of their curves."""

    runs: tuple[str, ...]
    tags: Mapping[str, str]
    colours: Mapping[str, int]

    def tag(self, run: str) -> Span:
        """The digit of a run, in its colour."""
        return Span(self.tags.get(run, " "), f"run{self.colours.get(run, 0)} bold")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """A row of a page; without values it is a heading, or says something."""

    name: Line
    values: tuple[Line, ...] = ()
    tail: str = ""


def compared_head(views: Sequence[RunView], heads: Heads, cells: int) -> tuple[Line, ...]:
    """`compare  1● transformer-3 running  2● mlp-2 running`: which digit is which run, on up to two lines."""
    parts = [line(heads.tag(view.run), run_light(view), f" {safe(view.run)}") for view in views]
    rows: list[Line] = [line(Span(" compare", "head"))]
    for part in parts:
        if width(rows[-1]) + 2 + width(part) > cells and width(rows[-1]) > 9:
            rows.append(line(" " * 8))
        rows[-1] = line(rows[-1], "  ", part)
    return tuple(clip(row, cells) for row in rows[:2])


def differences_page(found: Comparison, heads: Heads, cells: int, *, currency: str) -> tuple[Line, ...]:
    """Params, facts and packages that are not the same in all runs; what is alike is counted."""
    rows: list[_Line] = []
    for title, group in (
        ("params", found.params),
        ("what they are", found.facts),
        ("packages", found.packages),
    ):
        if group:
            rows.append(_Line(name=line(Span(title, "head"))))
            rows += [_different(row, currency) for row in group]
    alike = f"{plural(len(found.alike), 'param')} alike" if found.alike else "no param is alike"
    if not found.params and found.alike:
        alike = f"all {plural(len(found.alike), 'param')} alike"
    rows.append(_Line(name=line(Span(alike, "dim"))))
    return _page(rows, heads, cells)


def metrics_page(found: Comparison, heads: Heads, cells: int, *, kept: Sequence[str]) -> tuple[Line, ...]:
    """The newest value of each of the `kept` metrics; of one with a goal also the best, with a star at the winner."""
    order = {name: place for place, name in enumerate(kept)}
    rows: list[_Line] = []
    for one in sorted(
        (one for one in found.metrics if one.metric in order), key=lambda one: order[one.metric]
    ):
        rows.append(_Line(name=line(safe(one.metric)), values=_numbers(one.last)))
        if one.goal:
            rows.append(_best(one))
    return _page(rows or [_Line(name=line(Span("no metric yet", "dim")))], heads, cells)


def gates_page(found: Comparison, heads: Heads, cells: int) -> tuple[Line, ...]:
    """How every gate stands in each run: lights alone where words do not fit, and its rule where that fits too."""
    has_words = LEAST_NAME + len(heads.runs) * (GAP + VERDICT) <= cells
    rows = [
        _Line(
            name=line(safe(row.name)),
            values=tuple(_verdict(one, has_words=has_words) for one in row.values),
            tail=safe(found.rules.get(row.name, "")) or "another rule in each run",
        )
        for row in found.gates
    ]
    return _page(rows or [_Line(name=line(Span("no gates", "dim")))], heads, cells)


def _verdict(verdict: str | None, *, has_words: bool) -> Line:
    if verdict is None:
        return line(Span(NONE, "dim"))
    light = verdict_light(verdict)
    return line(
        light, Span(f" {verdict}" if has_words else "", light.tone if light.tone in ("bad", "warn") else "")
    )


def _numbers(values: Sequence[float | None], star: int | None = None) -> tuple[Line, ...]:
    places = decimals_for(values)
    return tuple(
        line(
            Span(number(value, places), "dim" if value is None else "ok bold" if place == star else ""),
            Span("*", "ok bold") if place == star else "" if star is None else " ",
        )
        for place, value in enumerate(values)
    )


def _best(one: Reached) -> _Line:
    values = one.min if one.goal == "min" else one.max
    return _Line(name=line(Span(f"  best ({one.goal})", "dim")), values=_numbers(values, one.best))


def _different(row: Row, currency: str) -> _Line:
    name = sign(currency) if row.name == "usd" else _NAMES.get(row.name, row.name)
    return _Line(name=line(safe(name)), values=tuple(_value(row.name, one) for one in row.values))


def _value(name: str, value: Any) -> Line:
    if value is None:
        return line(Span(NONE, "dim"))
    if isinstance(value, bool):
        return line("yes" if value else "no")
    if isinstance(value, int | float):
        if name == "seconds":
            return line(duration(value))
        if name == "usd":
            return line(usd(value))
        return line(fine(value) if name == "gpu_hours" else whole(value) if name in _WHOLE else str(value))
    return line(safe(written(value)))


# ---------------------------------------------------------------- columns


def _page(rows: Sequence[_Line], heads: Heads, cells: int) -> tuple[Line, ...]:
    """The head and the rows in `cells` cells: names give way before values, and both before anything is left out."""
    told = [row for row in rows if row.values]
    if not told:
        return (line(), *(clip(row.name, cells) for row in rows))
    longest = max(width(row.name) for row in told)
    wide = [max(width(row.values[place]) for row in told) for place in range(len(heads.runs))]
    full = [max(one, 2 + len(safe(run))) for one, run in zip(wide, heads.runs, strict=True)]
    room = cells - GAP * len(wide)
    name = min(longest, max(LEAST_NAME, room - sum(wide), cells // 5))
    room -= name
    shown = _shrunk(full, wide, room)
    names = _apart([line(safe(run)) for run in heads.runs], [one - 2 for one in shown])
    head = [
        fit(
            line(heads.tag(run), Span(f" {plain(word)}" if one >= LEAST_HEAD else "", "dim")), one, right=True
        )
        for run, word, one in zip(heads.runs, names, shown, strict=True)
    ]
    out = [join([line(" " * name), *head], " " * GAP)]
    left = room - sum(shown) - GAP
    for row in rows:
        if not row.values:
            out.append(row.name)
            continue
        values = [fit(one, shown[at], right=True) for at, one in enumerate(_apart(row.values, shown))]
        tail = line(Span(row.tail, "dim")) if row.tail and left >= LEAST_RULE else ()
        told_name = tuple(Span(middle(span.text, name), span.tone) for span in row.name)
        out.append(join([fit(told_name, name), *values, tail], " " * GAP))
    return tuple(clip(row, cells) for row in out)


def _shrunk(full: Sequence[int], wide: Sequence[int], room: int) -> list[int]:
    """Widths of columns in `room` cells: the names of runs are cut first, then the widest values."""
    shown = list(full)
    while sum(shown) > room:
        spare = [one - max(LEAST_CELL, need) for one, need in zip(shown, wide, strict=True)]
        at = spare.index(max(spare)) if max(spare) > 0 else shown.index(max(shown))
        if shown[at] <= LEAST_CELL:
            break
        shown[at] -= 1
    return shown


def _apart(values: Sequence[Line], shown: Sequence[int]) -> Sequence[Line]:
    """Values that do not fit, without what they all begin with: their ends tell them apart."""
    if all(width(value) <= cells for value, cells in zip(values, shown, strict=True)):
        return values
    texts = [plain(value) for value in values if value != (Span(NONE, "dim"),)]
    same = next((n for n, letters in enumerate(zip(*texts, strict=False)) if len(set(letters)) > 1), 0)
    if same < LEAST_CELL or any(text[0] in "0123456789.-" for text in texts):
        return values  # a number has no end that says something alone
    return [value if value == (Span(NONE, "dim"),) else line("…", plain(value)[same:]) for value in values]
