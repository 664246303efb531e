"""What the dashboard reads and where it gets its reader and its actions, as Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from trainui.ui.bench import BenchReader
from trainui.ui.book import MoneyReader
from trainui.ui.news import NewsReader
from trainui.ui.opened import OpenedReader

if TYPE_CHECKING:
    from trainui.core.money.outlook import Mark as CostMark
    from trainui.core.store.outcomes import Outcomes
    from trainui.core.store.views import (
        Bucket,
        CurvePoint,
        EventView,
        GateView,
        MachineView,
        MetricView,
        RunDetail,
        RunView,
    )
    from trainui.ui.acts import Actions


class Reader(MoneyReader, BenchReader, NewsReader, OpenedReader, Protocol):
    """The store, read only. Used by one worker thread alone; every method may raise TrainuiError."""

    def version(self) -> int:
        """A number that changes when something was committed."""

    def runs(self) -> list[RunView]:
        """All runs, queued ones included."""

    def detail(self, run: str) -> RunDetail:
        """Everything about one run."""

    def metrics(self, run: str) -> list[MetricView]:
        """The metrics of a run."""

    def curve(self, run: str, metric: str) -> list[CurvePoint]:
        """Every point."""

    def course(self, view: RunView, *, now: float | None = None) -> Sequence[CostMark]:
        """What a run and those it goes on from took, over time, to `now` if it lives."""

    def place_at(self, run: str, at: float) -> tuple[float | None, float | None]:
        """(step, epoch) that a run had reached at a moment."""

    def envelope(
        self, run: str, metric: str, *, buckets: int, start: int = 0, stop: int | None = None
    ) -> list[Bucket]:
        """The points from number `start` to before `stop` in at most about twice `buckets` buckets."""

    def events(self, *, after: int = 0, limit: int = 200) -> list[EventView]:
        """The events with a higher ID than `after`, oldest first."""

    def gates(self, run: str | None = None) -> list[GateView]:
        """Where every gate stands, of a run, of `study:NAME`, or of all."""

    def outcomes(self, subject: str) -> Outcomes:
        """What came of the gates of a run, or of `study:NAME`."""

    def machine(self) -> MachineView | None:
        """The last sample of the machine."""

    def params_of(self, run: str) -> Mapping[str, object]:
        """The params of a run's spec."""

    def log_tail(self, run: str, lines: int) -> list[str]:
        """The last lines a run printed."""


class Source(Protocol):
    """Where a dashboard gets its reader and its actions; both are opened in the thread that uses them."""

    def reader(self) -> Reader:
        """Open the store. Raises TrainuiError while there is none."""

    def actions(self) -> Actions:
        """Open the way to the manager."""
