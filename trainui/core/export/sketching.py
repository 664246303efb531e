"""The curves of some runs in outline, read once for all formats of an export that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from trainui.core.store.read import Reader

PIECES = 24_000
"""That all curves together are thinned to, as far as FEWEST and MOST let them."""
FEWEST, MOST = 120, 400
"""Pieces of one curve."""


class Sketches:
    """All metrics of some runs in outline, the more of them the more coarsely."""

    def __init__(self, reader: Reader, runs: Sequence[str]) -> None:
        self.metrics = {run: {one.metric: one for one in reader.metrics(run)} for run in runs}
        curves = sum(map(len, self.metrics.values()))
        self.buckets = min(MOST, max(FEWEST, PIECES // max(1, curves)))
        self.outlines = {
            run: reader.outlines(run, list(known), buckets=self.buckets)
            for run, known in self.metrics.items()
        }


_LAST: WeakKeyDictionary[Reader, Sketches] = WeakKeyDictionary()


def shared_sketches(reader: Reader, runs: Sequence[str]) -> Sketches:
    """The curves of `runs` as they were when this reader was first asked for just these."""
    known = _LAST.get(reader)
    if known is None or list(known.metrics) != list(runs):
        known = _LAST[reader] = Sketches(reader, runs)
    return known
