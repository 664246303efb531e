"""Runs in one line: gates, and the values a metric had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from trainui.core.gates import Judge, Point, Verdict, parse_gates


def points(metric: str, values: Sequence[float], *, first: int = 1, epochs: bool = True) -> list[Point]:
    """One point per epoch; ten steps and a minute to each."""
    return [
        Point(metric=metric, step=n * 10, value=value, epoch=n if epochs else None, at=n * 60.0)
        for n, value in enumerate(values, start=first)
    ]


class Bench:
    """A judge, and everything it has said."""

    def __init__(self, *tables: Mapping[str, Any], **goals: str) -> None:
        self.judge = Judge(parse_gates(tables, goals=goals))
        self.said: list[Verdict] = []

    def feed(self, metric: str, *values: float, first: int = 1, epochs: bool = True) -> Bench:
        for point in points(metric, values, first=first, epochs=epochs):
            self.said += self.judge.feed(point)
        return self

    def meter(self, name: str, *values: float, at: float = 0.0, apart: float = 60.0) -> Bench:
        for n, value in enumerate(values):
            self.said += self.judge.meters({name: value}, at=at + n * apart)
        return self

    def end(self, result: str = "finished", exit_code: int | None = 0) -> Bench:
        self.said += self.judge.end(result=result, exit_code=exit_code, at=1e5)
        return self

    @property
    def story(self) -> str:
        """What changed, and where: `ok@1 tripped@5`."""
        return " ".join(f"{verdict.state}@{verdict.epoch or 0:g}" for verdict in self.said)

    @property
    def now(self) -> Verdict:
        """Where the first gate stands."""
        return next(iter(self.judge.current().values()))


@pytest.fixture(name="bench")
def bench_class() -> type[Bench]:
    """A bench to judge on: bench(gate, gate…).feed("loss", 1, 2)."""
    return Bench
