"""What a pattern finds in many lines, and which lines look like the one it was made from but do not match."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from trainui.core.ingest.patterns import AXES, Pattern
from trainui.core.ingest.report import MetricReport
from trainui.core.ingest.teach import tokens_of

MAX_SAMPLES = 5
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(kw_only=True, slots=True)
class Coverage:
    """Attributes:
    lines: those that were not blank.
    values: name → what was found under it, axes included.
    alike: lines with the words of the taught one that do not match; `samples` are the first of them.
    """

    lines: int = 0
    matched: int = 0
    values: dict[str, MetricReport] = field(default_factory=dict)
    alike: int = 0
    samples: list[str] = field(default_factory=list)


def coverage(pattern: Pattern, line: str, lines: Iterable[str]) -> Coverage:
    """Try a pattern that was made from `line` on many lines, as `printed_in` gives them."""
    found = Coverage()
    words, count = _words(line), _numbers(line)
    for text in lines:
        found.lines += 1
        record = pattern.record(text)
        if record is not None:
            found.matched += 1
            for axis in AXES:
                if (position := getattr(record, axis)) is not None:
                    found.values.setdefault(axis, MetricReport()).add(float(position))
            for name, value in record.metrics.items():
                found.values.setdefault(name, MetricReport()).add(value)
        elif _is_alike(words, count, text):
            found.alike += 1
            if len(found.samples) < MAX_SAMPLES and text not in found.samples:
                found.samples.append(text)
    return found


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


@functools.lru_cache(maxsize=4096)
def _numbers(text: str) -> int:
    return sum(token.kind == "number" for token in tokens_of(text))


def _is_alike(words: frozenset[str], count: int, text: str) -> bool:
    """Most of its words, and a number; a line without words is like one with as many numbers."""
    others = _words(text)
    if words:
        return len(words & others) >= math.ceil(len(words) * 2 / 3) and any(map(str.isdigit, text))
    return not others and _numbers(text) == count
