"""From the store to charts: whose curves share one, what is dim, what is marked, which axes all of it knows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath
from weakref import WeakKeyDictionary

from trainui.core.export.charts import (
    ELAPSED,
    EPOCH,
    STEP,
    Chart,
    Line,
    Part,
    Spot,
    asks_for_log,
    style_of,
)
from trainui.core.export.marking import MOST_SAVED, Happened, Subject, guides, marks, thresholds
from trainui.core.export.of_curves import goal_for
from trainui.core.export.sketching import Sketches, shared_sketches
from trainui.core.store.outlines import Outline, Piece
from trainui.core.store.read import Reader
from trainui.core.store.views import Link, MetricView, RunView

SET_BACK = 60.0
"""Seconds: what was written that much before the line above it was written by a clock that was set back."""
_LAST: WeakKeyDictionary[Sketches, tuple[Chart, ...]] = WeakKeyDictionary()


def shared_charts(reader: Reader, runs: Sequence[str]) -> tuple[Chart, ...]:
    """One chart per metric of `runs`: those they are judged by first, then what most of them wrote.

    A metric with a single point everywhere has none, unless all are so. The formats of one export that draw them share
    what was read once.
    """
    drawn = shared_sketches(reader, runs)
    if drawn not in _LAST:
        _LAST[drawn] = _charts(reader, drawn)
    return _LAST[drawn]


def _charts(reader: Reader, drawn: Sketches) -> tuple[Chart, ...]:
    views = {view.run: view for view in reader.runs()}
    first = [judged.name for run in drawn.metrics if (judged := views[run].metric) is not None]
    names = _names(drawn.metrics.values(), first)
    subjects = []
    for ink, (run, known) in enumerate(drawn.metrics.items()):
        spec = reader.spec(run)
        subjects.append(Subject(
            view=views[run], ink=ink, gates=reader.gates(run), goals={name: goal_for(spec, name) for name in known},
            outlines=drawn.outlines[run], happened=_happened(reader, views[run]),
        ))  # fmt: skip
    drafts = (_chart(reader, name, subjects, views, drawn.buckets) for name in names)
    return tuple(one for one in drafts if one.lines)


def _names(told: Iterable[Mapping[str, MetricView]], first: Sequence[str]) -> list[str]:
    counts: dict[str, int] = {}
    curves: set[str] = set()
    for known in told:
        for one in known.values():
            counts[one.metric] = counts.get(one.metric, 0) + 1
            if one.points > 1:
                curves.add(one.metric)
    names = [name for name in counts if name in curves or not curves]
    before = {name: number for number, name in enumerate(dict.fromkeys(first))}
    return sorted(names, key=lambda name: (before.get(name, len(before)), -counts[name]))


def _chart(
    reader: Reader, name: str, subjects: Sequence[Subject], views: Mapping[str, RunView], buckets: int
) -> Chart:
    mine = [one for one in subjects if name in one.outlines]
    chains = {one.view.run: reader.chain(one.view.run, name) for one in mine if one.view.parent}
    until = _taken_over(chains, {one.view.run for one in mine})
    lines = [
        _line(
            reader, name, one, chains.get(one.view.run, ()), until, views, buckets, {s.view.run for s in mine}
        )
        for one in mine
    ]
    spots = [spot for line in lines for part in line.parts for spot in part.spots]
    axes = _axes(lines)
    values = [one.last for one in spots if one.last is not None]
    extremes = [one for spot in spots for one in (spot.low, spot.high) if one is not None]
    return Chart(
        metric=name,
        goal=next((goal for one in mine if (goal := one.goals[name])), ""),
        axis=axes[0],
        axes=axes,
        is_log=asks_for_log([*values, *([min(extremes), max(extremes)] if extremes else [])]),
        lines=tuple(lines),
        thresholds=thresholds(name, mine),
        guides=guides(name, mine),
        marks=tuple(mark for one, line in zip(mine, lines, strict=True) for mark in marks(name, one, line)),
    )


def _axes(lines: Sequence[Line]) -> tuple[str, ...]:
    spots = [[spot for part in line.parts for spot in part.spots] for line in lines]
    axes = [STEP]
    if all(spot.epoch is not None for known in spots for spot in known):
        axes.insert(0, EPOCH)
    if all(len({spot.elapsed for spot in known}) > 1 or len(known) == 1 for known in spots):
        axes.append(ELAPSED)
    return tuple(axes)


def _taken_over(chains: Mapping[str, Sequence[Link]], drawn: set[str]) -> dict[str, float]:
    """Run → the step from which its own line is dim, because a run that is drawn too went on from there."""
    found: dict[str, float] = {}
    for links in chains.values():
        for link in links[:-1]:
            if link.run in drawn and link.until is not None and link.until > link.begun:
                found[link.run] = max(link.until, found.get(link.run, -math.inf))
    return found


def _line(
    reader: Reader,
    name: str,
    one: Subject,
    chain: Sequence[Link],
    until: Mapping[str, float],
    views: Mapping[str, RunView],
    buckets: int,
    drawn: set[str],
) -> Line:
    """The runs before it that have no line of their own, then the run itself."""
    run, parts, base = one.view.run, list[Part](), 0.0
    before = [link for link in chain[:-1] if link.run not in drawn]
    for link in before:
        outline = reader.outlines(link.run, [name], buckets=buckets)[name]
        found = _parts(link.run, outline, views, link.until, base)
        parts += found
        kept = [spot.elapsed for part in found if not part.is_over for spot in part.spots]
        base = max((spot for spot in kept if spot is not None), default=base)
    parts += _parts(run, one.outlines[name], views, until.get(run), base)
    ink, style = style_of(one.ink)
    return Line(run=run, ink=ink, style=style, points=one.outlines[name].points, parts=tuple(parts))


def _parts(
    run: str, outline: Outline, views: Mapping[str, RunView], until: float | None, base: float
) -> list[Part]:
    """The stretches of a run in which its steps grow; dim from where the next stretch, or the next run, took over."""
    view = views.get(run)
    begun = view.started_at if view is not None and view.started_at is not None else None
    start = outline.pieces[0].at if begun is None else min(begun, outline.pieces[0].at)
    edges = [0, *outline.cuts, len(outline.pieces)]
    pieces = _steady(outline.pieces)
    stretches = [sorted(pieces[first:last], key=_step) for first, last in pairwise(edges) if first < last]
    limit = math.inf if until is None else until
    found: list[Part] = []
    for stretch in reversed(stretches):
        spots = [_spot(one, start - base) for one in stretch]
        place = bisect_left([spot.step for spot in spots], limit)
        halves = [Part(run=run, spots=tuple(spots[:place]))] if place else []
        if place < len(spots):  # begins at the last that counts, so that the line does not break
            halves.append(Part(run=run, spots=tuple(spots[max(0, place - 1) :]), is_over=True))
        found = halves + found
        limit = min(limit, stretch[0].step_from)
    return found


def _steady(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The same by a clock that was never set back: time that went back further than lines get mixed goes on."""
    back, found = 0.0, list[Piece]()
    for n, one in enumerate(pieces):
        if n and one.at < pieces[n - 1].at - SET_BACK:
            back += pieces[n - 1].at - one.at
        found.append(one._replace(at=one.at + back) if back else one)
    return found


def _spot(one: Piece, start: float) -> Spot:
    step, low, high, last = one.step, one.low, one.high, one.last
    return Spot(step, one.epoch, one.at - start, low, high, last, one.points, one.nonfinite)


def _step(piece: Piece) -> float:
    return piece.step


def _happened(reader: Reader, view: RunView) -> tuple[Happened, ...]:
    """What belongs into the chart that a run is judged by: what it saved, and what was tried to mend it."""
    saved = [
        Happened(kind="checkpoint", step=one.step, epoch=one.epoch, text=f"saved {PurePath(one.path).name}")
        for one in reader.checkpoints(view.run)
    ]
    mended = [one for one in reader.events(run=view.run) if one.kind == "remedy"]
    places = [reader.place_at(view.run, one.at) for one in mended]
    return (
        *saved[-MOST_SAVED:],
        *(
            Happened(kind="remedy", step=step, epoch=epoch, text=one.text)
            for one, (step, epoch) in zip(mended, places, strict=True)
        ),
    )
