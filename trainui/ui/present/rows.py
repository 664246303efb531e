"""The runs table: which columns fit, and each run as one line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.run import Status
from trainui.ui.present.ink import Span, clip, fit, join, line, middle, safe, width
from trainui.ui.present.lights import gate_lights, run_light, run_word
from trainui.ui.present.standing import standing
from trainui.ui.present.text import NONE, bar, decimals_for, duration, number, percent, sign, usd, whole

if TYPE_CHECKING:
    from trainui.core.costing import RunCost
    from trainui.core.store.views import RunView
    from trainui.ui.present.ink import Line

BAR = 10
RUN_MIN, RUN_MAX = 12, 32
HEAD_MAX = 24

WIDE = (
    "run",
    "state",
    "bar",
    "epoch",
    "eta",
    "metric",
    "best",
    "at",
    "gates",
    "usd",
    "to_end",
    "rate",
    "gpu_hours",
)
"""Every column, as wide as the screen may be."""

NARROWING: tuple[tuple[str, str], ...] = (
    ("rate", ""),
    ("gpu_hours", ""),
    ("at", ""),
    ("to_end", ""),
    ("epoch", "percent"),
    ("bar", ""),
    ("gates", "lights"),
    ("best", ""),
    ("usd", ""),
    ("eta", ""),
    ("percent", ""),
)
"""What gives way, in this order, when the screen is narrower: a column, and what takes its place."""

HEADS = {
    "run": "run", "state": "state", "bar": "", "epoch": "epoch", "percent": "done", "eta": "eta",
    "best": "best", "at": "at", "gates": "gates", "lights": "gates", "usd": "$", "rate": "$/h",
    "gpu_hours": "GPU-h", "to_end": "to end",
}  # fmt: skip
"""Column → its head; `$` stands for the currency of the project."""
LEFT = frozenset({"run", "state", "bar", "gates", "lights"})
RARE = frozenset({"to_end", "gpu_hours"})
"""Columns that are not there when no run has anything in them."""
UNSEEN = Span("•", "accent bold")
PROGRESS = ("bar", "epoch", "percent", "eta")
"""Columns that give their room to where a run stands, when it makes no progress."""


class Table(Struct, frozen=True, kw_only=True):
    """What is drawn: the head, and a line for each run in the same order."""

    head: Line
    rows: tuple[Line, ...]


def in_order(runs: Sequence[RunView]) -> tuple[RunView, ...]:
    """Live runs first, then what waits, then what ended; inside each as the store gave them."""
    return tuple(sorted(runs, key=lambda v: 0 if v.is_live else 1 if v.status is Status.QUEUED else 2))


def ranks(runs: Sequence[RunView]) -> dict[str, int]:
    """Run → its place in the order of queueing: what its colour is taken from, the same on every screen."""
    return {v.run: n for n, v in enumerate(sorted(runs, key=lambda v: (v.queued_at, v.run)))}


def metric_head(runs: Sequence[RunView]) -> str:
    """The name of the metric all runs are judged by, or `metric`; a long one leaves the columns their room."""
    names = {v.metric.name for v in runs if v.metric}
    return middle(safe(names.pop()), HEAD_MAX) if len(names) == 1 else "metric"


def table(
    runs: Sequence[RunView],
    cells: int,
    *,
    tags: Mapping[str, str],
    colours: Mapping[str, int],
    marked: frozenset[str] = frozenset(),
    saving: frozenset[str] = frozenset(),
    unseen: frozenset[str] = frozenset(),
    costs: Mapping[str, RunCost] | None = None,
    currency: str = "USD",
    now: float = 0.0,
    chosen: Sequence[str] = (),
) -> Table:
    """The runs in `cells` cells. `tags` are the digits of the runs that are drawn, `colours` their ranks.

    `chosen` are the only columns, beside the run; none for all of them.
    `unseen` are those that changed since somebody looked: they bear a mark.
    `saving` are those that were asked for a checkpoint and have not told of it yet, `costs` what is still to be paid.
    """
    head = metric_head(runs)
    grid = [_cells(view, shared=head != "metric", decimals=_decimals(runs)) for view in runs]
    for view, row in zip(runs, grid, strict=True):
        cost = (costs or {}).get(view.run)
        if view.is_live and cost is not None and cost.usd_to_end is not None:
            row["to_end"] = line(f"+{usd(cost.usd_to_end)}")
    names = [one for one in WIDE if not chosen or one in chosen or one == "run"]
    layout = _layout(names, grid, cells - 4, _heads(head, currency))
    rows = []
    for view, row in zip(runs, grid, strict=True):
        tone = f"run{colours.get(view.run, 0)}"
        row["bar"] = line(Span(bar(view.progress, BAR), tone))
        mark = Span("▌" if view.run in marked else " ", tone)
        news = UNSEEN if view.run in unseen else " "
        front = line(mark, Span(tags.get(view.run, " "), f"{tone} bold"), run_light(view), news)
        told = standing(view, now=now, is_saving=view.run in saving)
        rows.append(clip(line(front, _body(view, row, layout, told)), cells))
    heads = [line(Span(layout.heads[name], "dim")) for name in layout.names]
    return Table(head=clip(line("    ", layout.row(heads)), cells), rows=tuple(rows))


class _Layout(Struct, frozen=True, kw_only=True):
    names: tuple[str, ...]
    heads: Mapping[str, str]
    wide: Mapping[str, int]
    gap: int

    def row(self, parts: Sequence[Line]) -> Line:
        """Each part in its column; parts beyond the columns are as wide as they are."""
        out: list[Line] = []
        for name, part in zip(self.names, parts, strict=False):
            out.append(fit(part, self.wide[name], right=name not in LEFT))
        return join(out, " " * self.gap)

    def room(self, names: Sequence[str]) -> int:
        """Cells that neighbouring columns and the gaps between them take."""
        return sum(self.wide[name] for name in names) + self.gap * (len(names) - 1)


def _body(view: RunView, row: Mapping[str, Line], layout: _Layout, told: Sequence[Line]) -> Line:
    group = [name for name in layout.names if name in PROGRESS]
    if not told or not group:
        return layout.row([row[name] for name in layout.names])
    if all(width(form) > layout.room(group) for form in told):
        # The last value of a run says less here than what becomes of it; its best stays.
        group += [name for name in layout.names if name == "metric"]
    story = next((form for form in told if width(form) <= layout.room(group)), told[-1])
    at = layout.names.index(group[0])
    before = layout.row([row[name] for name in layout.names[:at]])
    if view.status is Status.QUEUED:
        return join([before, clip(story, layout.room(layout.names[at:]))], " " * layout.gap)
    after = replace(layout, names=layout.names[at + len(group) :])
    rest = after.row([row[name] for name in after.names])
    return join([before, fit(story, layout.room(group)), rest], " " * layout.gap)


def _cells(view: RunView, *, shared: bool, decimals: int | None) -> dict[str, Line]:
    tone = "dim" if view.status is Status.ENDED else ""
    metric = view.metric
    known = metric is not None and metric.last is not None
    short = "" if shared or metric is None else safe(metric.name).rsplit("/", 1)[-1] + " "
    places = decimals if shared else None
    texts = {
        "run": safe(view.run),
        "bar": " " * BAR,
        "epoch": _done(view),
        "percent": percent(view.progress) if view.progress is not None else whole(view.step),
        "eta": duration(view.eta_seconds),
        "metric": short + number(metric.last, places) if known and metric else NONE,
        "best": number(metric.best, places) if metric else NONE,
        "at": _best_at(view),
        "usd": usd(view.usd),
        "rate": usd(view.usd_per_hour) if view.is_live else "",
        "gpu_hours": usd(view.gpu_hours) if view.gpu_hours else "",
        "to_end": "",
    }
    cells = {name: line(Span(text, tone)) for name, text in texts.items()}
    cells["run"] = line(Span(texts["run"], f"{tone} bold" if view.is_live else tone))
    light = run_light(view)
    cells["state"] = line(Span(run_word(view), light.tone if light.tone in ("bad", "warn") else tone))
    cells["gates"] = gate_lights(view.gates)
    cells["lights"] = gate_lights(view.gates, tight=True)
    return cells


def _done(view: RunView) -> str:
    if view.epoch is not None:
        return whole(view.epoch) + (f" of {whole(view.total_epochs)}" if view.total_epochs else "")
    if view.step is not None:
        return "step " + whole(view.step) + (f" of {whole(view.total_steps)}" if view.total_steps else "")
    return NONE


def _best_at(view: RunView) -> str:
    """When the best was: the epoch where the run counts epochs, else the step."""
    step = view.metric.best_step if view.metric else None
    if step is not None and view.epoch and view.step:
        at = step * view.epoch / view.step
        return whole(float(round(at)) if math.isfinite(at) else None)
    return whole(step)


def _decimals(runs: Sequence[RunView]) -> int | None:
    return decimals_for(x for v in runs if v.metric for x in (v.metric.last, v.metric.best))


def _heads(metric: str, currency: str) -> dict[str, str]:
    return {name: head.replace("$", sign(currency)) for name, head in HEADS.items()} | {"metric": metric}


def _natural(name: str, grid: Sequence[Mapping[str, Line]], heads: Mapping[str, str]) -> int:
    least = {"bar": BAR, "run": RUN_MIN, "state": 8}.get(name, 0)
    return max([least, len(heads[name]), *(width(row[name]) for row in grid)])


def _layout(
    chosen: Sequence[str], grid: Sequence[Mapping[str, Line]], cells: int, heads: Mapping[str, str]
) -> _Layout:
    names = [name for name in chosen if name not in RARE or any(row[name] for row in grid)]
    for gone, instead in (*NARROWING, ("", "")):
        wide = {name: _natural(name, grid, heads) for name in names}
        least = dict(wide, run=min(wide["run"], 20))
        if sum(least.values()) + len(least) - 1 <= cells or not gone:
            break
        if gone not in names:
            continue
        at = names.index(gone)
        names[at : at + 1] = [instead] if instead else []
    if "gates" in names and sum(least.values()) + 2 * (len(least) - 1) > cells:
        names[names.index("gates")] = "lights"
        wide = {name: _natural(name, grid, heads) for name in names}
    rest = sum(wide.values()) - wide["run"]
    gap = 2 if rest + wide["run"] + 2 * (len(names) - 1) <= cells else 1
    wide["run"] = max(RUN_MIN, min(RUN_MAX, wide["run"], cells - rest - gap * (len(names) - 1)))
    return _Layout(names=tuple(names), heads=heads, wide=wide, gap=gap)
