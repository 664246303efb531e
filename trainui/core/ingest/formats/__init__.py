"""The formats we read. A new one is one file here with a FORMAT, and one line below."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.ingest.console import FORMAT as CONSOLE
from trainui.core.ingest.console import LOG
from trainui.core.ingest.format import HEAD, Cut, Cutter, Format, Reader
from trainui.core.ingest.formats.rewritten import FORMAT as REWRITTEN
from trainui.core.ingest.formats.separated import FORMAT as SEPARATED
from trainui.core.ingest.formats.tensorboard import FORMAT as TENSORBOARD
from trainui.core.ingest.formats.wandb import FORMAT as WANDB
from trainui.core.ingest.jsonl import FORMAT as JSON_LINES
from trainui.core.ingest.patterns import Pattern

__all__ = ["FORMATS", "HEAD", "Cut", "Cutter", "Format", "Reader", "format_named", "reader_for", "recognise"]

FORMATS: tuple[Format, ...] = (TENSORBOARD, WANDB, JSON_LINES, REWRITTEN, SEPARATED, LOG, CONSOLE)
"""In the order in which they are asked whether a file is theirs; the last takes whatever is left."""

_BY_KIND = {one.kind: one for one in FORMATS}


def format_named(kind: str) -> Format:
    """The format of that name. Raises KeyError."""
    return _BY_KIND[kind]


def recognise(name: str, head: bytes) -> Format:
    """The format of a file called `name` that begins with `head`, its first HEAD bytes or fewer."""
    return next(one for one in FORMATS if one.claims(name, head))


def reader_for(kind: str, *, patterns: Sequence[Pattern] = (), state: str = "") -> Reader:
    """A reader of that kind, going on from `state` when there is one."""
    return format_named(kind).make(state, patterns)
