"""Telling a judge again what it was told: the points of a run and the readings between them, in their order."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from trainui.core.gates import Judge, Notice, Place, Point, Verdict
from trainui.core.process.beat import beat
from trainui.core.store.readings import Reading

OFTEN = 5000
"""Points between two signs of life."""

Row = tuple[str, float, float | None, float | None, float, int]
"""metric, step, value (None: NaN), epoch, Unix seconds, number in the run"""


def meter_reading(
    values: Mapping[str, float], *, seq: int, step: float | None, epoch: float | None, at: float
) -> Reading:
    """Several meters that were read together; `meters_of` takes them apart."""
    return Reading(
        kind="meter",
        seq=seq,
        name=" ".join(values),
        text=" ".join(map(repr, values.values())),
        step=step,
        epoch=epoch,
        at=at,
    )


def meters_of(reading: Reading) -> dict[str, float]:
    """What `meter_reading` put together."""
    return dict(zip(reading.name.split(), map(float, reading.text.split()), strict=True))


def answer_reading(gate: str, is_yes: bool, *, who: str, note: str, seq: int, at: float) -> Reading:
    """An answer of somebody to a gate."""
    return Reading(
        kind="answer", seq=seq, name=gate, value=float(is_yes), text=json.dumps([who, note]), at=at
    )


def notice_reading(notice: Notice, *, seq: int) -> Reading:
    """A notice as it is kept."""
    return Reading(
        kind=notice.kind,
        seq=seq,
        name=notice.name,
        value=notice.value,
        text=notice.text,
        step=notice.step,
        epoch=notice.epoch,
        at=notice.at,
    )


def tell(judge: Judge, reading: Reading) -> list[Verdict]:
    """Tell the judge one reading; the verdicts that changed. Raises as `Judge.answer` does."""
    if reading.kind == "meter":
        return judge.meters(meters_of(reading), at=reading.at, step=reading.step, epoch=reading.epoch)
    if reading.kind == "answer":
        who, note = json.loads(reading.text)
        return judge.answer(reading.name, bool(reading.value), who=who, note=note, at=reading.at)
    return judge.notice(
        Notice(
            kind=reading.kind,
            name=reading.name,
            text=reading.text,
            value=reading.value,
            step=reading.step,
            epoch=reading.epoch,
            at=reading.at,
        )
    )


def retell(
    judge: Judge,
    rows: Iterable[Row],
    readings: Iterable[Reading] = (),
    *,
    begin: Callable[[Point], None] = lambda _first: None,
) -> Iterator[Verdict]:
    """Bring a judge to where it stood; yields what changed on the way. `begin` is called before its first point."""
    wants = judge.wants
    waiting = iter(readings)
    reading = next(waiting, None)
    passed: Place | None = None
    is_first = True
    for number, (metric, step, value, epoch, at, seq) in enumerate(rows):
        if number % OFTEN == 0:
            beat()
        while reading is not None and reading.seq < seq:
            yield from tell(judge, reading)
            reading = next(waiting, None)
        if not wants(metric):
            if epoch is None and passed is not None:
                epoch = passed.epoch
            passed = Place(step=step, epoch=epoch, at=at)
            continue
        if passed is not None:
            judge.pass_by(passed)
            passed = None
        value = math.nan if value is None else value
        point = Point(metric=metric, step=step, value=value, epoch=epoch, at=at)
        if is_first:
            begin(point)
            is_first = False
        yield from judge.feed(point)
    if passed is not None:
        judge.pass_by(passed)
    while reading is not None:
        yield from tell(judge, reading)
        reading = next(waiting, None)
