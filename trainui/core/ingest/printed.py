"""What a program printed, line by line as patterns see it: of a whole file, or of its end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.ingest.console import Console
from trainui.core.ingest.follow import chunks_of, open_regular
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.teach import piece_text

MAX_LINES = 2000
_MAX_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """The last lines of an output, oldest first; `understood` says of each whether it told something."""

    lines: tuple[str, ...] = ()
    understood: tuple[bool, ...] = ()
    is_whole: bool = True
    """Whether there is nothing before them."""


def printed_in(path: Path) -> Iterator[str]:
    """What a program printed into a file, line by line as patterns see it; blank ones are left out.

    Each piece between carriage returns is a line. Raises OSError as `open_regular` does.
    """
    for chunk in chunks_of(path, format_named("console")):
        yield from texts_of(chunk.items)


def texts_of(lines: Iterable[bytes]) -> Iterator[str]:
    """Lines as patterns see them."""
    for line in lines:
        for piece in line.split(b"\r"):
            if text := piece_text(piece):
                yield text


def last_printed(path: Path, patterns: Sequence[Pattern], *, most: int = MAX_LINES) -> Printed:
    """The last lines of a file, read with these patterns; of its last 4 MiB. None where there is no file.

    Raises OSError as `open_regular` does.
    """
    file = open_regular(path)
    if file is None:
        return Printed()
    with file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - _MAX_BYTES))
        data = file.read(_MAX_BYTES)
    pieces = data.split(b"\n")
    texts = list(texts_of(pieces[1:] if start else pieces))
    reader = Console(patterns)
    understood = []
    for text in texts:
        before = reader.understood
        reader.read(text.encode("utf-8", "replace"))
        understood.append(reader.understood > before)
    return Printed(
        lines=tuple(texts[-most:]),
        understood=tuple(understood[-most:]),
        is_whole=not start and len(texts) <= most,
    )
