"""What a run's curves come to: its metrics with their best and worst, and the main ones epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainui.core.export.parts import Epoch, EpochTable, Extreme, MetricDigest, Place, Span
from trainui.core.gates.goal import FALLING, WORD
from trainui.core.gates.watch.roles import Role, role_of
from trainui.core.spec import Spec
from trainui.core.store.outlines import Outline, Piece
from trainui.core.store.placing import Found
from trainui.core.store.read import Reader
from trainui.core.store.views import MetricView, RunView

SPANS = 24
"""Pieces that a curve is told in."""
MOST_COLUMNS = 6
MOST_ROWS = 24
ALL_ROWS = 30
"""So many rows are not worth thinning."""
_FALLS = (Role.LOSS, Role.PART, Role.VAL)
_RISES = frozenset(
    {
        "acc", "accuracy", "f1", "auc", "auroc", "map", "bleu", "rouge", "iou", "miou", "dice", "precision", "recall",
        "psnr",
    }
)  # fmt: skip
_ORDER = (Role.LOSS, Role.VAL, Role.SCORE)
"""What comes first in a table, after the primary metric."""


def goal_for(spec: Spec, metric: str) -> str:
    """`min` or `max`: what the spec says, else what its name leaves no doubt about, else ''."""
    if metric in spec.goals():
        return spec.metrics.goal
    for name, words in spec.metric.items():
        if metric in (name, *words.from_):
            said = words.goal or (spec.metrics.goal if name == spec.metrics.primary else "")
            if said in ("min", "max"):
                return said
            if said:
                return ""  # `none`: there is no better and worse
    role = _role(metric)
    words_of = {
        word.lower() for one in (metric, metric.lower()) for word in WORD.findall(one)
    }  # mAP is one word
    if role in _FALLS or words_of & FALLING:
        return "min"
    return "max" if role is Role.SCORE or words_of & _RISES else ""


def _role(metric: str) -> Role:
    """What it is by its name; of `val/box_loss`, what the same is where it is trained on."""
    head, _, tail = metric.rpartition("/")
    if role_of(metric) is Role.NONE and role_of(f"{head}/loss") is Role.VAL:
        return role_of(f"train/{tail}")
    return role_of(metric)


def metric_digests(reader: Reader, view: RunView, spec: Spec) -> tuple[MetricDigest, ...]:
    """The metrics of a run, its primary first."""
    primary = view.metric.name if view.metric else ""
    found = sorted(reader.metrics(view.run), key=lambda one: one.metric != primary)
    outlines = reader.outlines(view.run, [one.metric for one in found], buckets=SPANS)
    return tuple(_metric(reader, one, goal_for(spec, one.metric), outlines[one.metric]) for one in found)


def _metric(reader: Reader, view: MetricView, goal: str, outline: Outline) -> MetricDigest:
    turning = reader.turning(view.run, view.metric)
    low, high = _extreme(turning.min), _extreme(turning.max)
    return MetricDigest(
        name=view.metric,
        goal=goal,
        points=view.points,
        nonfinite=view.nonfinite,
        first=view.first,
        last=view.last,
        last_step=view.last_step,
        last_epoch=view.last_epoch,
        min=low,
        max=high,
        best={"min": low, "max": high}.get(goal),
        first_nonfinite=_place(turning.nonfinite) if turning.nonfinite else None,
        source=view.source,
        envelope=tuple(_span(one) for one in outline.pieces if one.points),
    )


def _extreme(found: Found | None) -> Extreme | None:
    return None if found is None else Extreme(value=found.value, place=_place(found))


def _place(found: Found) -> Place:
    return Place(step=found.step, epoch=found.epoch, at=found.at)


def _span(one: Piece) -> Span:
    return Span(
        step_from=one.step_from, step_to=one.step, min=one.low, max=one.high, last=one.last, count=one.points,
        nonfinite=one.nonfinite,
    )  # fmt: skip


def epoch_table(reader: Reader, run: str, metrics: Sequence[MetricDigest], primary: str) -> EpochTable:
    """The main metrics by epoch; by step where the run tells of no epochs."""
    names = _main(metrics, primary)
    if not names:
        return EpochTable()
    keys: list[float] = sorted({float(epoch) for name in names for epoch in reader.epochs_of(run, name)})
    by = "epoch" if keys else "step"
    if not keys:
        keys = reader.steps_of(run, names[0])
    main = [next(one for one in metrics if one.name == name) for name in names]
    chosen = _chosen(keys, _marks(main, by))
    columns = [reader.values_at(run, name, by, chosen) for name in names]
    last = max((one.last_epoch for one in main if one.last_epoch is not None), default=None)
    rows = [
        Epoch(epoch=min(key, last) if by == "epoch" and last is not None else key, values=values)
        for key, values in zip(chosen, zip(*columns, strict=True), strict=True)
    ]
    return EpochTable(by=by, metrics=tuple(names), rows=tuple(rows), epochs=len(keys))


def _main(metrics: Sequence[MetricDigest], primary: str) -> list[str]:
    """The primary metric, its losses and its scores, then the rest; of single points only where there are no curves."""
    drawn = [one for one in metrics if one.points > 1] or list(metrics)
    ranks = {role: place for place, role in enumerate(_ORDER)}
    ordered = sorted(drawn, key=lambda one: (one.name != primary, ranks.get(role_of(one.name), len(_ORDER))))
    return [one.name for one in ordered][:MOST_COLUMNS]


def _marks(main: Sequence[MetricDigest], by: str) -> list[float]:
    """The keys of the rows that must not be left out: of the first metric's best, and where one is first no number."""
    best = main[0].best
    places = [best.place if best else None, *(one.first_nonfinite for one in main)]
    found = [getattr(place, by) for place in places if place is not None]
    return [math.ceil(one - 1e-9) if by == "epoch" else one for one in found if one is not None]


def _chosen(keys: Sequence[float], marks: Sequence[float]) -> list[float]:
    if len(keys) <= ALL_ROWS:
        return list(keys)
    kept = {*keys[:2], *keys[-2:], *(one for one in marks if one in keys)}
    spare = MOST_ROWS - len(kept)
    kept |= {keys[round(n * (len(keys) - 1) / (spare + 1))] for n in range(1, spare + 1)}
    return sorted(kept)
