"""The curves of a summary as a PNG for paper and chat: one panel per metric, the runs overlaid, on white."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from trainui.core.export.charts import ON_WHITE, Chart, Line, Mark, Part
from trainui.core.export.drafts import shared_charts
from trainui.core.export.model import Digest
from trainui.core.export.scales import Scale
from trainui.core.export.svg import LABEL, beside, labels, scales, shown_heights, unbroken, x_ticks
from trainui.core.export.whole import write_whole
from trainui.core.ingest.text import strip_escapes
from trainui.core.store.read import Reader

FILE = "training_curves.png"
MOST_PANELS = 6
MOST_NAMED = 24
"""Runs that the legend names."""
STYLES: tuple[Any, ...] = ("-", (0, (5, 2.4)), (0, (6, 2, 1.2, 2)), (0, (1.4, 2)))
SIGNS = {"gate": "v", "checkpoint": "D", "restart": ">", "remedy": "P"}
DPI = 120
FONT = "DejaVu Sans"
"""Comes with matplotlib; it has no letters of East Asia."""
WIDE_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "IPAexGothic", "IPAGothic", "Droid Sans Fallback", "Hiragino Sans",
    "PingFang SC", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic",
)  # fmt: skip
GAP = 0.06
"""Part of its height that a panel needs for one line of small print."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `training_curves.png` into `folder`, which exists; what was written. Raises OSError."""
    charts = shared_charts(reader, [one.run for one in digest.runs])
    return write_whole(folder / FILE, draw(charts[:MOST_PANELS], more=max(0, len(charts) - MOST_PANELS)))


def draw(charts: Sequence[Chart], *, more: int = 0) -> bytes:
    """The PNG of some charts; `more`: how many are left out, which is said. No name is read as a formula."""
    import matplotlib

    with matplotlib.rc_context({"font.family": [FONT, *_others()]}):
        return _drawing(charts, more)


def _drawing(charts: Sequence[Chart], more: int) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(2, max(1, len(charts)))
    rows = max(1, -(-len(charts) // columns))
    figure = Figure(figsize=(6.4 * columns, 3.4 * rows + 0.5), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    if not charts:
        figure.text(0.5, 0.5, "no metric was written", ha="center")
    for place, chart in enumerate(charts):
        _panel(figure.add_subplot(rows, columns, place + 1), chart)
    _legend(figure, charts, more)
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a box stands where a letter has no shape
        figure.savefig(out, dpi=DPI, format="png", metadata={"Software": "trainui"})
    return out.getvalue()


def _text(text: str, most: int = 60) -> str:
    """One line of it, not too long; a letter that no font here has is told by its number."""
    known = _letters()
    text = " ".join(strip_escapes(text).split())
    text = "".join(one if ord(one) in known else ascii(one)[1:-1] for one in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


@functools.cache
def _others() -> tuple[str, ...]:
    """The fonts of this machine that have letters which the picture's own lacks."""
    from matplotlib.font_manager import fontManager

    here = {one.name for one in fontManager.ttflist}
    return tuple(name for name in WIDE_FONTS if name in here)


@functools.cache
def _letters() -> frozenset[int]:
    """What can be drawn."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(code for name in (FONT, *_others()) for code in get_font(findfont(name)).get_charmap())


def _legend(figure: Any, charts: Sequence[Chart], more: int) -> None:
    from matplotlib.lines import Line2D

    lines = {line.run: line for chart in charts for line in chart.lines}
    handles = [
        Line2D([], [], color=ON_WHITE[line.ink], linestyle=STYLES[line.style], linewidth=1.6)
        for line in list(lines.values())[:MOST_NAMED]
    ]
    names = [_text(run, 32) for run in list(lines)[:MOST_NAMED]]
    told = f"and {len(lines) - MOST_NAMED} more runs" if len(lines) > MOST_NAMED else ""
    told = ", ".join(filter(None, (told, f"{more} more metrics are not shown" if more else "")))
    if handles:
        legend = figure.legend(
            handles, names, loc="outside lower center", ncols=min(4, len(names)), fontsize=8, frameon=False,
            title=told or None, title_fontsize=8,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)


def _panel(axes: Any, chart: Chart) -> None:
    axes.set_title(_text(chart.metric), parse_math=False, fontsize=10, loc="left", fontweight="bold")
    axes.set_xlabel(chart.axis, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e4e8ec", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    x, y = scales(chart)
    if y.is_log:
        axes.set_yscale("log")
    told = x_ticks(chart, x, 7)
    axes.set_xticks([_drawn(at) for at, _ in told], [label for _, label in told])
    _bands(axes, chart)
    for line in chart.lines:
        for part in line.parts:
            _part(axes, chart, line, part)
    _heights(axes, chart, y)
    for mark in chart.marks:
        _sign(axes, chart, mark)
    axes.set_xlim(_drawn(x.low), _drawn(x.high))
    axes.set_ylim(_drawn(y.low), _drawn(y.high))


def _heights(axes: Any, chart: Chart, y: Scale) -> None:
    """The thresholds; what is said of them stands beside the curves, and not over one another."""
    for one in shown_heights(chart):
        axes.axhline(one.value, color="#6b7480", linestyle=(0, (6, 4)), linewidth=0.9, zorder=1.5)
    share = Scale(y.low, y.high, 0.0, 1.0, y.is_log)
    said = labels(chart)
    for (at, place), text in zip(beside(chart, share, GAP), said, strict=True):
        axes.annotate(
            _text(text, LABEL + 4), (1.0, at), (1.02, place), xycoords="axes fraction", textcoords="axes fraction",
            fontsize=7, ha="left", va="center", color="#55606c", parse_math=False, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#6b7480", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    if more := len(shown_heights(chart)) - len(said):
        axes.text(1.02, 1.0, f"and {more} more", transform=axes.transAxes, fontsize=7, color="#55606c")


def _bands(axes: Any, chart: Chart) -> None:
    """From the lowest to the highest value, of all lines at once: one by one they take seconds."""
    from matplotlib.collections import PolyCollection

    shapes, fills, edges = [], [], []
    for line in chart.lines:
        for part in line.parts:
            dim = 0.3 if part.is_over else 1.0
            for run in unbroken(part.spots):
                if any(one.low != one.high for one in run):
                    tops = [(_drawn(one.x(chart.axis)), _drawn(one.high)) for one in run]
                    shapes.append(
                        tops + [(_drawn(one.x(chart.axis)), _drawn(one.low)) for one in reversed(run)]
                    )
                    fills.append((ON_WHITE[line.ink], 0.13 * dim))
                    edges.append((ON_WHITE[line.ink], 0.4 * dim))
    axes.add_collection(
        PolyCollection(shapes, facecolors=fills, edgecolors=edges, linewidths=0.6), autolim=False
    )


def _part(axes: Any, chart: Chart, line: Line, part: Part) -> None:
    for run in unbroken(part.spots):
        axes.plot(
            [_drawn(one.x(chart.axis)) for one in run], [_drawn(one.last) for one in run], color=ON_WHITE[line.ink],
            linestyle=STYLES[line.style], linewidth=1.4, alpha=0.3 if part.is_over else 1.0,
            marker="o" if len(run) == 1 else "", markersize=3,
        )  # fmt: skip


def _drawn(value: float | None) -> float:
    """Far beyond what a float of the picture's library holds everything is drawn at its edge."""
    return math.nan if value is None else max(-1e300, min(1e300, value))


def _sign(axes: Any, chart: Chart, mark: Mark) -> None:
    if chart.axis not in mark.at:
        return
    x, colour = _drawn(mark.at[chart.axis]), ON_WHITE[mark.ink]
    on_top = {"color": colour, "clip_on": False, "zorder": 3}
    if mark.kind == "nonfinite":
        axes.axvline(x, color=colour, linestyle=(0, (2, 3)), linewidth=1.1)
        axes.plot([x], [0.97], marker="x", transform=axes.get_xaxis_transform(), markersize=6, **on_top)
    elif mark.value is None:
        axes.plot(
            [x], [0.9], marker=SIGNS[mark.kind], transform=axes.get_xaxis_transform(), markersize=6, **on_top
        )
    else:
        axes.plot(
            [x], [_drawn(mark.value)], marker=SIGNS[mark.kind], markersize=6, markeredgecolor="white",
            markeredgewidth=0.5, **on_top,
        )  # fmt: skip
