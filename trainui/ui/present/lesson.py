"""A taught line as it is shown: the lines to choose from, the numbers and their names, what the pattern finds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from trainui.core.ingest.coverage import Coverage
from trainui.core.ingest.printed import Printed
from trainui.core.ingest.report import MetricReport
from trainui.core.ingest.teach import ANY, Number, Taught
from trainui.ui.present.ink import Line, Span, clip, fit, line, safe, wrap

NUMBER_CELLS = 11
NAME_CELLS = 14
VALUE_CELLS = 9
NAME_AT = 3 + NUMBER_CELLS + 2
"""Cells before the column of names."""
NOT_UNDERSTOOD = "?"
HERE = "reverse"
_BREAKS = re.compile(r"(?<!\\)(?=\\{1,2}s[+*]|\(\?P<)")


def chopped(spans: Line, cells: int) -> list[Line]:
    """The line on as many rows as it needs, cut where a row is full: every blank of it stays."""
    rows: list[list[Span]] = [[]]
    room = cells
    for span in spans:
        begun = 0
        for at, char in enumerate(span.text):
            wide = cell_len(char)
            if wide > room:
                rows[-1].append(Span(span.text[begun:at], span.tone))
                rows.append([])
                begun, room = at, max(cells, wide)
            room -= wide
        rows[-1].append(Span(span.text[begun:], span.tone))
    return [line(*row) for row in rows]


def list_lines(printed: Printed, cells: int) -> list[Line]:
    """The lines of an output, one row each; those that told nothing are marked."""
    rows = []
    for text, understood in zip(printed.lines, printed.understood, strict=True):
        mark = Span("  ") if understood else Span(f"{NOT_UNDERSTOOD} ", "bold warn")
        rows.append(clip(line(" ", mark, Span(safe(text), "dim" if understood else "")), cells))
    return rows or [line(Span(" nothing was printed yet", "dim"))]


def head_line(run: str, printed: Printed | None, cells: int) -> Line:
    """What is taught, and how much of it is understood so far."""
    title = line(" teach ", Span(safe(run), "bold"))
    if printed is None:
        return clip(line(title, Span("   reading its output…", "dim")), cells)
    missed = printed.understood.count(False)
    of = f"{'the' if printed.is_whole else 'the last'} {len(printed.lines)} lines"
    told = Span(f"{missed} of {of} not understood", "warn" if missed else "dim")
    return clip(line(title, "   ", told), cells)


def taught_line(
    text: str, numbers: Sequence[Number], names: Mapping[int, str], here: int, cells: int, most: int
) -> list[Line]:
    """The line with its numbers marked, in at most `most` rows; number `here` (from 1; 0: none) is among them."""
    spans: list[Span] = []
    end = 0
    for one in numbers:
        tone = "bold accent" if names.get(one.place) else "accent"
        spans += [
            Span(safe(text[end : one.start])),
            Span(safe(one.text), f"{tone} {HERE}" if one.place == here else tone),
        ]
        end = one.end
    rows = chopped(line(*spans, Span(safe(text[end:]))), max(1, cells - 1))
    place = next((at for at, row in enumerate(rows) if any(HERE in span.tone for span in row)), 0)
    first = max(0, min(place - 1, len(rows) - most))
    return [line(" ", row) for row in rows[first : first + most]]


def number_lines(
    numbers: Sequence[Number], names: Mapping[int, str], here: int, found: Coverage | None, cells: int
) -> list[Line]:
    """One row for each number: what it is called, and what is found under that name."""
    columns = "".join(f"{word:>{VALUE_CELLS}}" for word in ("first", "last", "min", "max"))
    head = f"   {'number':>{NUMBER_CELLS}}  {'name':<{NAME_CELLS}}{'values':>{VALUE_CELLS}}{columns}"
    rows = [clip(line(Span(head, "dim")), cells)]
    for one in numbers:
        name = names.get(one.place, "")
        shown = {"": Span("not kept", "dim"), ANY: Span("any, not kept", "dim")}.get(
            name, Span(safe(name), "bold")
        )
        is_here = one.place == here
        row = line(
            Span(" ▶ " if is_here else "   ", "accent"),
            fit(line(Span(safe(one.text), "bold accent" if is_here else "accent")), NUMBER_CELLS, right=True),
            "  ",
            fit(line(shown), NAME_CELLS),
            _values(found.values.get(name) if found else None),
        )
        rows.append(clip(row, cells))
    return rows


def _values(found: MetricReport | None) -> Line:
    if found is None:
        return ()
    told = (str(found.points), *map(_short, (found.first, found.last, found.min, found.max)))
    more = Span(f"   {found.nonfinite} not finite" if found.nonfinite else "", "warn")
    return line(*(text.rjust(VALUE_CELLS) for text in told), more)


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def pattern_lines(
    taught: Taught | None, found: Coverage | None, problem: str, cells: int, most: int
) -> list[Line]:
    """How many lines the pattern matches, which look alike, and the pattern; or what is wrong with it.

    At most `most` rows.
    """
    if taught is None or found is None:
        return list(wrap(line(Span(safe(problem), "warn")), cells - 1, 1)) if problem else []
    rows = [line(" matches ", Span(str(found.matched), "bold"), f" of {found.lines} lines")]
    if found.alike:
        rows[0] = line(rows[0], Span(f"; {found.alike} look alike and do not match:", "warn"))
        rows += [line(Span(f"   {safe(text)}", "dim")) for text in found.samples[:2]]
    regex = cut_to(_regex_rows(taught.regex, cells - 1), most - len(rows))
    return [clip(row, cells) for row in rows] + [line(" ", row) for row in regex]


def toml_lines(toml: str, cells: int, most: int) -> list[Line]:
    """What stands in the spec file then, in at most `most` rows."""
    return cut_to([row for text in toml.splitlines() for row in _regex_rows(text, cells)], most)


def _regex_rows(text: str, cells: int) -> list[Line]:
    """A regular expression on as many rows as it needs, broken before a blank or a group where it can be."""
    rows = [""]
    for part in _BREAKS.split(safe(text)):
        if rows[-1] and len(rows[-1]) + len(part) > cells:
            rows.append("")
        rows[-1] += part
    return [piece for row in rows for piece in chopped(line(Span(row, "calm")), max(1, cells))]


def cut_to(rows: list[Line], most: int) -> list[Line]:
    """The first `most` rows; the last says that there is more."""
    if len(rows) <= most:
        return rows
    return [*rows[: max(0, most - 1)], line(Span(f"… and {len(rows) - max(0, most - 1)} rows more", "dim"))]
