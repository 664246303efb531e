"""Every key, by place, each with an ID. `python -m trainui.ui.keys` prints the table of the README."""

from __future__ import annotations

from dataclasses import replace

from trainui.ui.dialog_keys import (
    ANSWER,
    CONFIRM,
    EDIT,
    HELP,
    KEEP,
    NAME,
    NOTE,
    PAUSE,
    SIEVE,
    START,
    TEACH,
)
from trainui.ui.key import Key, bindings
from trainui.ui.leafkeys import EVENTS, LOG, ONWARD, REMARK, WORDS

__all__ = [
    "ANSWER",
    "BUDGET",
    "COMPARE",
    "CONFIRM",
    "EDIT",
    "EVENTS",
    "EVERYWHERE",
    "HELP",
    "KEEP",
    "LOG",
    "NAME",
    "NOTE",
    "OVERVIEW",
    "PAUSE",
    "PLACES",
    "REMARK",
    "RUN",
    "SIEVE",
    "START",
    "TEACH",
    "WORDS",
    "Key",
    "bindings",
    "markdown",
]

EVERYWHERE = (
    Key(id="app.help", key="question_mark", action="help", label="help", display="?", show=True,
        about="this help: every key of the screen you are on"),
    Key(id="app.leave", key="q", action="leave", label="leave", show=True,
        about="leave; runs go on"),
    Key(id="app.palette", key="ctrl+p", action="command_palette", label="palette", display="^p",
        about="find a run or a command by name"),
    Key(id="app.cancel", key="C", action="cancel_countdown", label="call off",
        about="call off the command that is counted down to, when idle or at the cap"),
    Key(id="app.theme", key="t", action="theme", label="theme", about="light or dark"),
)  # fmt: skip

_CHARTS = (
    Key(id="chart.next", key="m", action="metric(1)", label="metric", about="next metric"),
    Key(id="chart.previous", key="M", action="metric(-1)", label="metric", about="previous metric"),
    Key(id="chart.log", key="y", action="log_y", label="log y", about="logarithmic or linear y axis"),
    Key(id="chart.log_x", key="Y", action="log_x", label="log x", about="logarithmic or linear x axis"),
    Key(id="chart.axis", key="u", action="axis(1)", label="x axis",
        about="next x axis: epoch, step, elapsed, wall, GPU-hours, $"),
    Key(id="chart.axis_back", key="U", action="axis(-1)", label="x axis", about="previous x axis"),
    Key(id="chart.smooth", key="w", action="smooth(1)", label="smooth",
        about="a smoother line, the measured one faint behind it"),
    Key(id="chart.rough", key="W", action="smooth(-1)", label="rougher", about="a rougher line"),
    Key(id="chart.clip", key="O", action="clip", label="outliers",
        about="cut off what lies far out, with an arrow where it was, or not"),
    Key(id="chart.ahead", key="o", action="look_ahead", label="outlook",
        about="what a curve is expected to come to, with its band, or not"),
    Key(id="chart.in", key="i", action="near(2)", label="nearer",
        about="zoom in, around the cursor or the newest point; so does the wheel, around the mouse"),
    Key(id="chart.out", key="I", action="near(0.5)", label="farther", about="zoom out"),
    Key(id="chart.left", key="H,shift+left", action="along(-0.25)", label="along", display="H ⇧←",
        about="along the curve to the left"),
    Key(id="chart.right", key="L,shift+right", action="along(0.25)", label="along", display="L ⇧→",
        about="along the curve to the right; at its end it follows what comes"),
    Key(id="chart.newest", key="F", action="newest", label="newest",
        about="to the newest point, and with it from now on"),
    Key(id="chart.whole", key="0", action="whole", label="whole", about="the whole curve, without a cursor"),
    Key(id="chart.cursor_left", key="left", action="point(-1)", label="cursor", display="←",
        about="the cursor to the left: it reads all curves; a click puts it there"),
    Key(id="chart.cursor_right", key="right", action="point(1)", label="cursor", display="→",
        about="the cursor to the right"),
    Key(id="chart.jump_left", key="ctrl+left", action="point(-10)", label="cursor", display="^←",
        about="the cursor ten columns to the left"),
    Key(id="chart.jump_right", key="ctrl+right", action="point(10)", label="cursor", display="^→",
        about="the cursor ten columns to the right"),
)  # fmt: skip

_RUN_ACTIONS = (
    Key(id="run.stop", key="x", action="stop", label="stop", show=True,
        about="stop the run (asks first), with time to save"),
    Key(id="run.kill", key="X", action="stop_now", label="kill", about="stop the run now (asks first)"),
    Key(id="run.pause", key="p", action="pause", label="pause",
        about="pause the run (asks first), or let a paused one go on"),
    Key(id="run.checkpoint", key="c", action="checkpoint", label="save",
        about="ask the run to save a checkpoint now"),
    Key(id="run.retry", key="r", action="retry", label="retry", about="queue it again, as a child of this run"),
    Key(id="run.answer", key="A", action="questions", label="answer",
        about="answer what the gates of the run, or of its study, ask"),
    Key(id="run.teach", key="T", action="teach", label="teach",
        about="teach a line of its log: name the numbers, get a pattern"),
    Key(id="run.export", key="e", action="export", label="export", show=True,
        about="write the marked runs, or this one, to files"),
)  # fmt: skip

_QUEUE = (
    Key(id="queue.hold", key="h", action="hold", label="hold", about="hold a queued run, or release it"),
    Key(id="queue.raise", key="plus", action="priority(1)", label="priority", display="+",
        about="a queued run: higher priority"),
    Key(id="queue.lower", key="minus", action="priority(-1)", label="priority", display="-",
        about="a queued run: lower priority"),
    Key(id="queue.up", key="K", action="shift(-1)", label="sooner", about="a queued run: one place up the queue"),
    Key(id="queue.down", key="J", action="shift(1)", label="later", about="a queued run: one place down the queue"),
    Key(id="queue.edit", key="E", action="edit", label="edit", about="a queued run: change its params"),
)  # fmt: skip

_MONEY = Key(id="money.open", key="b", action="app.budget", label="budget", show=True,
             about="the money: what is left, how long it lasts, who spent it")  # fmt: skip

_METRICS = Key(id="metrics.filter", key="slash", action="filter", label="metrics", display="/",
               about="only some metrics: val/* -aux; the same on every run")  # fmt: skip

OVERVIEW = (
    Key(id="overview.start", key="s", action="start", label="start", show=True, about="start a job"),
    _RUN_ACTIONS[0],
    Key(id="overview.mark", key="space", action="mark", label="mark", show=True,
        about="mark the run: only marked runs are drawn"),
    Key(id="overview.open", key="enter", action="open", label="open", display="enter", show=True,
        about="everything about the run"),
    _RUN_ACTIONS[-1],
    _MONEY,
    *_RUN_ACTIONS[1:-1],
    *ONWARD,
    *_QUEUE,
    Key(id="overview.mark_live", key="a", action="mark_live", label="all live",
        about="mark all live runs; again to mark none"),
    Key(id="overview.up", key="up,k", action="move(-1)", label="up", display="↑ k", about="the run above"),
    Key(id="overview.down", key="down,j", action="move(1)", label="down", display="↓ j", about="the run below"),
    Key(id="overview.first", key="home", action="move(-1000000)", label="first", about="the first run"),
    Key(id="overview.last", key="end,G", action="move(1000000)", label="last", about="the last run"),
    Key(id="overview.compare", key="v", action="compare", label="compare",
        about="the marked runs side by side, or those of the run's study"),
    Key(id="overview.filter", key="slash", action="filter", label="filter", display="/",
        about="only some runs: mlp status:running usd>2 learning_rate<1e-3 -old; esc shows all again"),
    Key(id="overview.all", key="escape", action="back", label="all", display="esc",
        about="put the cursor of the curves away, or the filter"),
    Key(id="overview.tail", key="l", action="tail", label="log", about="events or log below, where one fits"),
    *_CHARTS,
)  # fmt: skip

RUN = (
    Key(id="run.back", key="escape", action="back", label="back", display="esc", show=True,
        about="put the cursor of the curves away, or back to the overview"),
    Key(id="run.pane", key="tab", action="pane(1)", label="pane", show=True, about="next pane"),
    Key(id="run.pane_back", key="shift+tab", action="pane(-1)", label="pane", about="previous pane"),
    Key(id="run.up", key="up,k", action="roll(-1)", label="up", display="↑ k", about="scroll the pane up"),
    Key(id="run.down", key="down,j", action="roll(1)", label="down", display="↓ j", about="scroll the pane down"),
    Key(id="run.page_up", key="pageup", action="roll(-10)", label="page up", about="ten lines up"),
    Key(id="run.page_down", key="pagedown", action="roll(10)", label="page down", about="ten lines down"),
    Key(id="run.zoom", key="z", action="zoom", label="zoom", show=True, about="this pane alone, or all"),
    Key(id="run.follow", key="f", action="follow", label="follow", show=True,
        about="the log follows as it grows, or stays where you are"),
    Key(id="run.previous", key="left_square_bracket", action="turn(-1)", label="previous", display="[",
        about="the run above in the table"),
    Key(id="run.next", key="right_square_bracket", action="turn(1)", label="next", display="]",
        about="the run below in the table"),
    _METRICS,
    *_RUN_ACTIONS,
    *ONWARD,
    replace(_MONEY, show=False),
    *_QUEUE,
    *_CHARTS,
)  # fmt: skip


def _rolling(place: str) -> tuple[Key, ...]:
    """Keys that scroll a page."""
    return (
        Key(id=f"{place}.up", key="up,k", action="roll(-1)", label="up", display="↑ k", about="scroll the page up"),
        Key(id=f"{place}.down", key="down,j", action="roll(1)", label="down", display="↓ j",
            about="scroll the page down"),
        Key(id=f"{place}.page_up", key="pageup", action="roll(-10)", label="page up", about="ten lines up"),
        Key(id=f"{place}.page_down", key="pagedown", action="roll(10)", label="page down", about="ten lines down"),
        Key(id=f"{place}.first", key="home", action="roll(-1000000)", label="first", about="the first line"),
        Key(id=f"{place}.last", key="end,G", action="roll(1000000)", label="last", about="the last line"),
    )  # fmt: skip


BUDGET = (
    Key(id="budget.back", key="escape,b", action="back", label="back", display="esc", show=True, about="back"),
    Key(id="budget.page", key="tab,right", action="page(1)", label="page", display="tab", show=True, about="next page"),
    Key(id="budget.page_back", key="shift+tab,left", action="page(-1)", label="page", display="shift+tab",
        about="previous page"),
    *(
        Key(id=f"budget.{word}", key=str(n), action=f"turn_to({n})", label=word, show=n in (1, 5, 6, 8),
            about=about)
        for n, (word, about) in enumerate((
            ("study", "what each study took"),
            ("job", "what each job took"),
            ("day", "what each day took"),
            ("machine", "what each machine took"),
            ("run", "what each run took, and is still to cost"),
            ("plan", "planned against actual"),
            ("leases", "the machines that were rented"),
            ("ledger", "the last lines of the ledger"),
        ), 1)
    ),
    *_rolling("budget"),
    Key(id="budget.zoom", key="z", action="zoom", label="zoom", show=True, about="this page alone, or all"),
)  # fmt: skip

COMPARE = (
    Key(id="compare.back", key="escape,v", action="back", label="back", display="esc", show=True,
        about="put the cursor of the curves away, or back"),
    Key(id="compare.page", key="tab", action="page(1)", label="page", show=True, about="next page"),
    Key(id="compare.page_back", key="shift+tab", action="page(-1)", label="page", about="previous page"),
    *(
        Key(id=f"compare.{word}", key=str(n), action=f"turn_to({n})", label=word, show=True, about=about)
        for n, (word, about) in enumerate((
            ("differences", "what differs: params, what they are and come from, packages"),
            ("metrics", "what each run reached; the best is marked"),
            ("gates", "how the gates of each run stand"),
        ), 1)
    ),
    Key(id="compare.zoom", key="z", action="zoom", label="zoom", show=True,
        about="this page alone, the curves alone, or both"),
    replace(_METRICS, id="compare.filter"),
    Key(id="compare.export", key="e", action="export", label="export", show=True,
        about="write these runs to files"),
    *_rolling("compare"),
    replace(_MONEY, id="compare.budget", show=False),
    *_CHARTS,
)  # fmt: skip

PLACES: dict[str, tuple[Key, ...]] = {
    "overview": OVERVIEW,
    "run": RUN,
    "compare": COMPARE,
    "filter": SIEVE,
    "budget": BUDGET,
    "log": LOG,
    "events": EVENTS,
    "note, tags": REMARK,
    "start": START,
    "stop?": CONFIRM,
    "pause?": PAUSE,
    "answer": ANSWER,
    "edit": EDIT,
    "teach": TEACH,
    "keep?": KEEP,
    "everywhere": EVERYWHERE,
}
"""The places people read about."""


def markdown() -> str:
    """The table of keys for the README."""
    rows = ["| where | key | what it does |", "|---|---|---|"]
    for place, keys in PLACES.items():
        rows += [f"| {place} | `{key.written}` | {key.about} |" for key in keys]
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
