"""Files of comma-separated values (RFC 4180, UTF-8).

A spreadsheet runs what begins like a formula. So a cell of text that begins with `=`, `+`, `-`, `@`, a tab, a carriage
return or `'` has a `'` before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from trainui.core.export.whole import whole
from trainui.core.ingest.text import strip_escapes

FORMULA = "=+-@\t\r'\uff1d\uff0b\uff0d\uff20"
"""First characters that are made harmless; the last four are those a Japanese spreadsheet reads like the first."""
PAGE = 20_000
"""Rows written at once."""


def cell(text: str) -> str:
    """A text that no spreadsheet runs; to read it back take one `'` from its beginning."""
    text = strip_escapes(text)
    return f"'{text}" if text[:1] and text[0] in FORMULA else text


def write_rows(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Path]:
    """Write a file, however many rows it has; what was written. Texts in `rows` are cells. Raises OSError."""
    coming = iter(rows)
    with whole(path) as written:
        page = io.StringIO(newline="")
        csv.writer(page).writerow([cell(head) for head in heads])
        while text := page.getvalue():
            written.file.write(text.encode("utf-8"))
            page = io.StringIO(newline="")
            csv.writer(page).writerows(islice(coming, PAGE))
    return written.paths
