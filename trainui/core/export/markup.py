"""Pieces of Markdown. What specs, logs and people say is escaped: it becomes no heading, link or mark of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from trainui.core.ingest.text import strip_escapes

LONGEST = 600
"""Characters of one cell or item; JSON has all of it."""
_MARK = re.compile(r"trainui:(?=\s*(?:begin|end|skip)\b)")
_BLOCK = re.compile(r"(?=[-+=:]|\d+[.)](?:\s|$))")
"""What would begin a list, a rule or a heading where a line begins."""


def escape(text: str) -> str:
    """Text on one line as Markdown shows it, whatever stands in it."""
    line = shortened(" ".join(strip_escapes(text).split()))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_\[\]|#!~$])", r"\\\1", line)
    line = re.sub(
        r"(?i)\b(https?|ftp)://|\bwww\.",
        lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"),
        line,
    )
    if not _BLOCK.match(line):
        return line
    return re.sub(r"^(\d*)(.)", r"\1\\\2", line)


def shortened(text: str) -> str:
    """What fits into a cell."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def quoted(text: str) -> str:
    """The researcher's own words."""
    return f"“{escape(text)}”"


def code(text: str, *, in_table: bool = False) -> str:
    """Text as code on one line, which none of its backticks ends."""
    line = harmless(" ".join(strip_escapes(text).split()))
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    line = line.replace("|", "\\|") if in_table else line
    return f"{fence}{pad}{line}{pad}{fence}"


def fenced(lines: Sequence[str]) -> str:
    """Log lines as a block that none of them can close."""
    text = harmless("\n".join(strip_escapes(line) for line in lines))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def harmless(text: str) -> str:
    """Text as it stands, but for what looks like a mark of ours."""
    return _MARK.sub("trainui :", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def number(value: object, digits: int = 4) -> str:
    """Digits that count; – where there is no value."""
    if value is None:
        return "–"
    if not isinstance(value, int | float) or isinstance(value, bool):
        return escape(str(value))
    if isinstance(value, int) and abs(value) >= 1 << 1023:
        return shortened(str(value))  # no float holds it
    if not math.isfinite(value):
        return str(value)
    if abs(value) < 1e9 and (float(value).is_integer() or abs(value) >= 10**digits):
        return f"{value:.0f}"  # 52150 and not 5.215e+04
    return f"{value:.{digits}g}"


def when(at: float | None) -> str:
    """Local time of Unix seconds."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def zone(at: float) -> str:
    """What `when` counts in: `UTC`."""
    return datetime.fromtimestamp(at).astimezone().tzname() or "local time"


def hours(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.2f} h"


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
