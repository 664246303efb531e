"""From a store and a look to a snapshot: reads only what the screens show, and only what changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trainui.core.prospects import as_points, forecasted, prospect
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.subjects import REPLACED, subject_of
from trainui.ui.choice import MOST_DRAWN, as_bucket, charted, drawn_runs, metric_order, sifted, taken
from trainui.ui.history import History
from trainui.ui.keeping import Comparisons, Params, Recent
from trainui.ui.news import Messages
from trainui.ui.opened import Openings
from trainui.ui.present.rows import in_order
from trainui.ui.source import Snapshot
from trainui.ui.trace import Part, Taken, Trace

if TYPE_CHECKING:
    from trainui.core.costing import RunCost
    from trainui.core.prospects import Prospect
    from trainui.core.store.moneyviews import BudgetView
    from trainui.core.store.views import Bucket, EventView, GateView, MetricView, RunView
    from trainui.ui.bench import Bench, GateLook
    from trainui.ui.book import Book
    from trainui.ui.reader import Reader
    from trainui.ui.source import Look
    from trainui.ui.trace import Close

EVENTS_KEPT = 200
BOOK_SECONDS = 5
"""How often the pages of the budget screen are read at least, while it is open and something changes."""
MOST_COSTS = 30
"""Runs that have ended whose costs the budget screen reads, the dearest first."""
_PAGE = 1000


class Gatherer:
    """Reads snapshots from one reader, in one thread."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._events: deque[EventView] = deque(maxlen=EVENTS_KEPT)
        self._last_event = 0
        self._history = History(reader)
        self._messages = Messages(reader)
        self._expected: Recent[tuple[str, str], tuple[object, Prospect]] = Recent()
        self._params, self._comparisons = Params(reader), Comparisons(reader)
        self._openings = Openings(reader)
        self._book: tuple[object, Book] | None = None
        self._costs: tuple[object, Mapping[str, RunCost]] | None = None
        self._traces: Recent[tuple[str, str, int], tuple[tuple[int, int, float | None], Trace]] = Recent()
        self._near: Recent[tuple[str, str], tuple[object, tuple[Bucket, ...]]] = Recent()

    def version(self) -> int:
        """What the store says its version is."""
        return self._reader.version()

    def snapshot(self, look: Look, *, at: float) -> Snapshot:
        """Everything this look shows. Raises TrainuiError when the store cannot be read."""
        reader = self._reader
        runs = in_order(reader.runs())
        views = {view.run: view for view in runs}
        bench = self._read_bench(runs, look.bench) if look.bench is not None else None
        drawn = (
            bench.drawn[:MOST_DRAWN]
            if bench
            else tuple(run for run in drawn_runs(runs, look) if run in views)
        )
        metrics = [m for run in drawn for m in reader.metrics(run)]
        primary = [m.name for m in (views[run].metric for run in drawn) if m is not None]
        known = metric_order(metrics, primary)
        names = [n for n in bench.names if n in known][:1] if bench else sifted(known, look.metrics)
        wanted = charted(names, look)
        opened = look.opened if look.opened in views else None
        gates = {run: tuple(reader.gates(run)) for run in drawn}
        studies = dict.fromkeys(subject_of(views[run].study) for run in drawn if views[run].study)
        budget = reader.budget()
        book = self._read_book(runs, budget, int(at / BOOK_SECONDS)) if look.money else None
        for kept in (self._expected, self._traces, self._near):
            kept.turn()
        log_run = opened or (look.cursor if look.cursor in views else None) or ""
        return Snapshot(
            at=at,
            look=look,
            runs=runs,
            shown=drawn,
            budget=budget,
            book=book,
            costs=self._costs_of(runs, opened, book, int(at / BOOK_SECONDS)),
            machine=reader.machine(),
            events=self._new_events(),
            told=self._messages.read(),
            history=self._history.read() if look.history else (),
            metric_names=tuple(names),
            metrics_known=len(known),
            params=self._params.of(runs) if look.params else {},
            comparison=self._comparisons.of([views[run] for run in drawn], at=at) if look.beside else None,
            traces=tuple(self._drawn(m, views, look, gates[m.run]) for m in metrics if m.metric in wanted),
            courses={run: self._taken(views[run], views, look, at) for run in drawn},
            gates=tuple(gate for run in drawn for gate in gates[run]),
            across=tuple(
                gate for study in studies for gate in reader.gates(study) if REPLACED not in gate.gate
            ),
            outcomes=reader.outcomes(opened) if opened else Outcomes(),
            across_outcomes=reader.outcomes(next(iter(studies), "")) if opened else Outcomes(),
            bench=bench,
            alarms=tuple(turn for run in drawn for turn in reader.outcomes(run).alarms),
            log_run=log_run,
            log=tuple(reader.log_tail(log_run, look.log_lines)) if log_run else (),
            detail=reader.detail(opened) if opened else None,
            opened=self._openings.of(views[opened], views, at=at) if opened else None,
            ready=True,
        )

    def _drawn(
        self, metric: MetricView, views: Mapping[str, RunView], look: Look, gates: Sequence[GateView]
    ) -> Trace:
        """One curve with what is expected of it, seen from near where that is wanted."""
        view = views[metric.run]
        return self._from_near(self._expecting(self._trace(view, metric, look, views), view, gates), look)

    def _new_events(self) -> tuple[EventView, ...]:
        while batch := self._reader.events(after=self._last_event, limit=_PAGE):
            self._events.extend(batch)
            self._last_event = max(event.id for event in batch)
        return tuple(self._events)

    def _read_bench(self, runs: Sequence[RunView], look: GateLook) -> Bench:
        from trainui.ui.bench import read_bench

        return read_bench(self._reader, runs, look)

    def _read_book(self, runs: Sequence[RunView], budget: BudgetView, turn: int) -> Book:
        """The pages of the budget screen, read again when the money moved, and now and then."""
        if self._book is None or self._book[0] != (budget, turn):
            from trainui.ui.book import BY, LINES, Book

            reader = self._reader
            told = reader.config().budget
            book = Book(
                before=told.spent_usd,
                spent={by: tuple(reader.spent(by)) for by in BY},
                burn=tuple(reader.burn()),
                plans=tuple(reader.plans(runs)),
                leases=tuple(reader.leases()),
                lines=tuple(reversed(reader.ledger_lines(last=LINES))),
                ladder=told.ladder,
                caps=told.studies,
            )
            self._book = ((budget, turn), book)
        return self._book[1]

    def _costs_of(
        self, runs: Sequence[RunView], opened: str | None, book: Book | None, turn: int
    ) -> Mapping[str, RunCost]:
        """What is to come, reckoned anew when runs come or go, and now and then: it looks at every curve."""
        only = {view.run for view in runs if view.is_live} | ({opened} if opened else set())
        only |= (
            {one.name for one in book.spent["run"][:MOST_COSTS]} & {view.run for view in runs}
            if book
            else set()
        )
        state = (frozenset(only), tuple(view.status for view in runs), turn)
        if self._costs is None or self._costs[0] != state:
            self._costs = (state, self._reader.costs(runs, only) if only else {})
        return self._costs[1]

    def _trace(self, view: RunView, metric: MetricView, look: Look, views: Mapping[str, RunView]) -> Trace:
        key = (metric.run, metric.metric, look.buckets)
        state = (metric.points, metric.nonfinite, metric.last_step)
        known = self._traces.get(key)
        if known and known[0] == state:
            return known[1]
        few = metric.points <= 2 * look.buckets
        per_step = view.epoch / view.step if view.epoch and view.step else None
        trace = Trace(
            run=metric.run,
            metric=metric.metric,
            last=metric.last,
            points=tuple(self._reader.curve(metric.run, metric.metric)) if few else (),
            buckets=()
            if few
            else tuple(self._reader.envelope(metric.run, metric.metric, buckets=look.buckets)),
            epochs_per_step=per_step,
        )
        own = Part(run=metric.run, points=trace.points, buckets=trace.buckets, epochs_per_step=per_step)
        trace = replace(trace, parts=(own,))
        parent = views.get(view.parent or "")
        if parent is not None:
            trace = self._after(parent, trace, look, views)
        self._traces.keep(key, (state, trace))
        return trace

    def _taken(self, view: RunView, views: Mapping[str, RunView], look: Look, at: float) -> tuple[Taken, ...]:
        if not look.paid:
            return taken(view.run, views, at)
        marks = self._reader.course(view, now=at)
        return tuple(
            Taken(at=one.at, seconds=one.seconds, gpu_hours=one.gpu_ms / 3.6e6, cost=one.micro / 1e6)
            for one in marks
        )

    def _from_near(self, trace: Trace, look: Look) -> Trace:
        """The trace with finer buckets where it is seen from near, in the place of whole coarse ones."""
        parts = list(trace.parts)
        for place, part in enumerate(parts):
            for close in look.close:
                if (close.run, close.metric) == (part.run, trace.metric) and part.buckets:
                    parts[place] = replace(part, near=self._spliced(part, close, look.buckets))
        return trace if tuple(parts) == trace.parts else replace(trace, parts=tuple(parts))

    def _spliced(self, part: Part, close: Close, buckets: int) -> tuple[Bucket, ...]:
        ends = list(accumulate((one.count for one in part.buckets), initial=0))
        first = max(0, bisect_right(ends, close.start) - 1)
        after = min(len(part.buckets), bisect_left(ends, close.stop))
        if first >= after:
            return part.buckets
        state = (ends[first], ends[after], buckets)
        known = self._near.get((close.run, close.metric))
        if known is None or known[0] != state:
            fine = self._reader.envelope(
                close.run, close.metric, buckets=buckets, start=ends[first], stop=ends[after]
            )
            known = (state, tuple(fine))
            self._near.keep((close.run, close.metric), known)
        return (*part.buckets[:first], *known[1], *part.buckets[after:])

    def _expecting(self, trace: Trace, view: RunView, gates: Sequence[GateView]) -> Trace:
        """The trace with what is expected of it, reckoned anew only when either has changed."""
        if not view.is_live or not forecasted(view, (trace.metric,), gates):
            return trace
        key = (trace.run, trace.metric)
        end = (view.total_epochs, view.total_steps)
        state = (trace, tuple(gates), end)
        known = self._expected.get(key)
        if known is None or known[0] != state:
            points = trace.points or as_points(trace.buckets, epochs_per_step=trace.epochs_per_step)
            known = (state, prospect(view, trace.metric, points, gates=gates))
            self._expected.keep(key, known)
        return replace(trace, prospect=known[1])

    def _after(self, parent: RunView, trace: Trace, look: Look, views: Mapping[str, RunView]) -> Trace:
        """The trace behind what its parent had reached when it took over: one curve, no zig-zag."""
        begun = next((p.step for p in trace.points), None)
        begun = begun if begun is not None else next((b.step_from for b in trace.buckets), None)
        told = {one.metric: one for one in self._reader.metrics(parent.run)}
        if begun is None or trace.metric not in told:
            return trace
        before = self._trace(parent, told[trace.metric], look, views)
        told_before = (
            replace(part, until=begun if part.until is None else min(begun, part.until))
            for part in before.parts
        )
        trace = replace(trace, parts=(*told_before, *trace.parts))
        if not before.buckets and not trace.buckets:
            kept = tuple(point for point in before.points if point.step < begun)
            return replace(trace, points=(*kept, *trace.points))
        first = before.buckets or tuple(map(as_bucket, before.points))
        then = trace.buckets or tuple(map(as_bucket, trace.points))
        return replace(trace, points=(), buckets=(*(one for one in first if one.step_to < begun), *then))
