"""Segments of a curve: where its steps go back, because a run went on from a checkpoint or began anew.

A single point behind the others is none: threads write out of order. So the point that goes back opens a
segment, and the next one closes it again if it lies beyond all that came before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import islice
from operator import le
from typing import TYPE_CHECKING

from msgspec import Struct

from trainui.core.process.beat import beat

if TYPE_CHECKING:
    from trainui.core.store.envelope import Step

PAGE = 65536
"""Points looked at in one piece."""


class Track(Struct):
    """All that must be remembered of a curve to go on."""

    top: Step | None = None
    """The highest step of the segment it is in; None before its first point."""
    behind: Step | None = None
    """The highest step of the segment before, while a single point stands behind it."""


def cut(track: Track, steps: Sequence[Step], n: int) -> dict[int, Step | None]:
    """Move `track` over `steps`, the points from number `n` on, at least one.

    Returns where segments begin: number of the point → its step, or None where one begins no longer.
    """
    is_onward = track.behind is None and (track.top is None or steps[0] >= track.top)
    if is_onward and all(map(le, steps, islice(steps, 1, None))):
        track.top = steps[-1]
        return {}
    changes: dict[int, Step | None] = {}
    top, behind = track.top, track.behind
    for number, step in enumerate(steps, n):
        if behind is not None and step > behind:
            changes[number - 1] = None
            top, behind = step, None
        elif top is not None and step < top:
            changes[number] = step
            top, behind = step, top
        else:
            top, behind = step, None
    track.top, track.behind = top, behind
    return changes


def keep_cuts(db: sqlite3.Connection, metric: int, changes: dict[int, Step | None]) -> None:
    """Write down what `cut` returned. Call inside a transaction."""
    for n, step in changes.items():
        if step is None:
            db.execute("DELETE FROM segments WHERE metric=? AND n=?", (metric, n))
        else:
            db.execute("INSERT INTO segments (metric, n, step) VALUES (?, ?, ?)", (metric, n, step))


def cut_anew(db: sqlite3.Connection, metric: int) -> None:
    """The segments of a metric, from its points: they were written before there were segments."""
    track, n = Track(), 0
    while steps := [
        row[0]
        for row in db.execute(
            "SELECT step FROM points WHERE metric=? AND n>=? ORDER BY n LIMIT ?", (metric, n, PAGE)
        )
    ]:
        beat()
        keep_cuts(db, metric, cut(track, steps, n))
        n += len(steps)
    db.execute("UPDATE metrics SET top_step=?, behind_step=? WHERE id=?", (track.top, track.behind, metric))


def segments_of(db: sqlite3.Connection, metric: int) -> list[int]:
    """Numbers of the points at which a segment begins, 0 first."""
    return [0, *(row[0] for row in db.execute("SELECT n FROM segments WHERE metric=? ORDER BY n", (metric,)))]
