"""While you were away, in a box: five lines, what waits for a person, and as much of the rest as fits."""

from __future__ import annotations

from trainui.core.away.model import Away
from trainui.core.away.words import detail, ended_line, five_lines, title
from trainui.ui.present.ink import Line, Span, line, safe, wrap

FIRST = ("waits for you", "ended")
MOST_NEEDS, MOST_ENDED = 6, 8


def heading(away: Away) -> str:
    """What the box is called."""
    return f"while you were away: {title(away)}"


def away_lines(away: Away, cells: int, rows: int, *, closes: str) -> list[Line]:
    """What is shown in so many cells and rows; `closes`: how the box is put away."""
    lines = [row for text in five_lines(away)[:4] for row in wrap(line(safe(text)), cells, 2)]
    needs = [one for one in detail(away) if one[0] == FIRST[0]]
    end = [line(), line(Span(closes, "dim"))]
    lines.append(line())
    if not needs:
        lines.append(line(Span("nothing waits for you", "dim")))
    for _, texts in needs:
        lines.append(line(Span("waits for you", "head")))
        lines += _some(texts, cells, MOST_NEEDS, tone="warn")
    room = rows - len(lines) - len(end) - 2
    if away.ended and room > 1:
        texts = [ended_line(one, away) for one in reversed(away.ended)]
        lines += [line(), line(Span("ended", "head")), *_some(texts, cells, min(room - 1, MOST_ENDED))]
    return [*lines[: max(5, rows - len(end))], *end]


def _some(texts: list[str], cells: int, most: int, *, tone: str = "") -> list[Line]:
    """The first of them, folded, and how many more there are."""
    lines: list[Line] = []
    for place, text in enumerate(texts):
        folded = wrap(line(Span(safe(text), tone)), cells, 2)
        if len(lines) + len(folded) > most:
            return [*lines, line(Span(f"and {len(texts) - place} more: trainui report", "dim"))]
        lines += folded
    return lines
