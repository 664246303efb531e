"""Log text is data: it can never drive the terminal that shows it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from trainui.core.ingest.follow import open_regular

MAX_LINE = 4000
_BLOCK = 1 << 16
_MOST = 4 << 20

# Strings first (title, clipboard, sixel …), then CSI, then every other escape, then the rest of C0 and C1,
# and last what turns the reading direction round or ends a line by surprise. An unfinished string loses only
# its introducer: it must not swallow the rest of the log.
_CONTROL = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def strip_escapes(text: bytes | str) -> str:
    """`text` without escape sequences and control characters; newline and tab stay."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", text)


def shown(line: bytes) -> str:
    """A line as a terminal would leave it: what was written after the last carriage return, made harmless."""
    for piece in reversed(line.split(b"\r")):
        text = strip_escapes(piece[: 4 * MAX_LINE]).rstrip()
        if text:
            return text[:MAX_LINE]
    return ""


def tail_lines(path: Path, n: int) -> list[str]:
    """The last `n` lines of a file as they may be shown; at most its last 4 MiB are read.

    There are none where there is no regular file, or none that can be opened. Never waits; raises OSError as
    `open_regular` does.
    """
    file = open_regular(path)
    if file is None:
        return []
    with file:
        start = size = file.seek(0, os.SEEK_END)
        data = b""
        while start and size - start < _MOST and data.count(b"\n") <= n:
            start = max(0, start - max(_BLOCK, len(data)))
            file.seek(start)
            data = file.read(size - start)
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [shown(line) for line in lines[-n:]] if n > 0 else []
