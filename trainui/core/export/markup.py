"""Pieces of Markdown. What comes from specs and logs is escaped: it cannot become a heading or a link."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from trainui.core.ingest.text import strip_escapes


def escape(text: str) -> str:
    """Text as Markdown shows it, whatever stands in it."""
    line = " ".join(strip_escapes(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!~$])", r"\\\1", line)


def fenced(lines: Sequence[str]) -> str:
    """Log lines as a block that none of them can close."""
    text = "\n".join(strip_escapes(line) for line in lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def number(value: float | None, digits: int = 4) -> str:
    """Digits that count; – where there is no value."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)


def when(at: float | None) -> str:
    """Local time of Unix seconds."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def hours(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.2f} h"
