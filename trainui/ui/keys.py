"""Every key there is, by place, one line each with its ID. `python -m trainui.ui.keys` prints the table of the README.

The IDs are a contract: people name them in `[keys]` of their settings. Add, never rename.
"""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trainui.ui.key import bindings as bindings
from trainui.ui.key import key

if TYPE_CHECKING:
    from trainui.ui.key import Key as Key

EVERYWHERE = (
    key("app.help", "question_mark", "help", "help", "this help: every key of the screen you are on", show=True),
    key("app.leave", "q", "leave", "leave", "leave; runs go on", show=True),
    key("app.palette", "ctrl+p", "command_palette", "palette", "find a run or a command by name"),
    key("app.cancel", "C", "cancel_countdown", "call off", "call off the command that is counted down to, when idle or at the cap", acts=True),
    key("app.away", "at", "away", "while away", "what happened while you were away, and what waits for you"),
    key("app.settings", "comma", "settings", "settings", "settings and keys: what holds, who says so, and how to change it"),
    key("app.theme", "t", "theme", "theme", "light or dark"),
)

_CHARTS = (
    key("chart.next", "m", "metric(1)", "metric", "next metric"),
    key("chart.previous", "M", "metric(-1)", "metric", "previous metric"),
    key("chart.log", "y", "log_y", "log y", "logarithmic or linear y axis"),
    key("chart.log_x", "Y", "log_x", "log x", "logarithmic or linear x axis"),
    key("chart.axis", "u", "axis(1)", "x axis", "next x axis: epoch, step, elapsed, wall, GPU-hours, cost"),
    key("chart.axis_back", "U", "axis(-1)", "x axis", "previous x axis"),
    key("chart.smooth", "w", "smooth(1)", "smooth", "a smoother line, the measured one faint behind it"),
    key("chart.rough", "W", "smooth(-1)", "rougher", "a rougher line"),
    key("chart.clip", "O", "clip", "outliers", "cut off what lies far out, with an arrow where it was, or not"),
    key("chart.ahead", "o", "look_ahead", "outlook", "what a curve is expected to come to, with its band, or not"),
    key("chart.in", "i", "near(2)", "nearer", "zoom in, around the cursor or the newest point; so does the wheel, around the mouse"),
    key("chart.out", "I", "near(0.5)", "farther", "zoom out"),
    key("chart.left", "H,shift+left", "along(-0.25)", "along", "along the curve to the left"),
    key("chart.right", "L,shift+right", "along(0.25)", "along", "along the curve to the right; at its end it follows what comes"),
    key("chart.newest", "F", "newest", "newest", "to the newest point, and with it from now on"),
    key("chart.whole", "0", "whole", "whole", "the whole curve, without a cursor"),
    key("chart.cursor_left", "left", "point(-1)", "cursor", "the cursor to the left: it reads all curves; a click puts it there"),
    key("chart.cursor_right", "right", "point(1)", "cursor", "the cursor to the right"),
    key("chart.jump_left", "ctrl+left", "point(-10)", "cursor", "the cursor ten columns to the left"),
    key("chart.jump_right", "ctrl+right", "point(10)", "cursor", "the cursor ten columns to the right"),
)

_RUN_ACTIONS = (
    key("run.stop", "x", "stop", "stop", "stop the run (asks first), with time to save", show=True, acts=True),
    key("run.kill", "X", "stop_now", "kill", "stop the run now (asks first)", acts=True),
    key("run.pause", "p", "pause", "pause", "pause the run (asks first), or let a paused one go on", acts=True),
    key("run.checkpoint", "c", "checkpoint", "save", "ask the run to save a checkpoint now", acts=True),
    key("run.retry", "r", "retry", "retry", "queue it again as it was, as a child of this run", acts=True),
    key("run.relaunch", "R", "relaunch", "relaunch", "try it again with other params, a remedy, another checkpoint; a live run is stopped first (asks)", acts=True),
    key("run.answer", "A", "questions", "answer", "answer what the gates of the run, or of its study, ask", acts=True),
    key("run.teach", "T", "teach", "teach", "teach a line of its log: name the numbers, get a pattern", acts=True),
    key("run.export", "e", "export", "export", "write the marked runs, or this one, to files", show=True, acts=True),
)

_QUEUE = (
    key("queue.hold", "h", "hold", "hold", "hold a queued run, or release it", acts=True),
    key("queue.raise", "plus", "priority(1)", "priority", "a queued run: higher priority", acts=True),
    key("queue.lower", "minus", "priority(-1)", "priority", "a queued run: lower priority", acts=True),
    key("queue.up", "K", "shift(-1)", "sooner", "a queued run: one place up the queue", acts=True),
    key("queue.down", "J", "shift(1)", "later", "a queued run: one place down the queue", acts=True),
    key("queue.edit", "E", "edit", "edit", "a queued run: change its params", acts=True),
)

_ONWARD = (
    key("log.open", "V", "log", "whole log", "the whole log: search, follow, however long it is"),
    key("events.open", "N", "events", "events", "all events, of every run, by kind"),
    key("run.note", "n", "note", "note", "keep a remark beside the run", acts=True),
    key("run.tag", "number_sign", "tag", "tag", "put tags on the run, or take them away", acts=True),
    key("run.undo", "Z", "undo", "undo", "undo the last tag or mark"),
)

_LEAF = (
    key("leaf.up", "up,k", "roll(-1)", "up", "a line up"),
    key("leaf.down", "down,j", "roll(1)", "down", "a line down"),
    key("leaf.page_up", "pageup", "page(-1)", "page up", "a page up"),
    key("leaf.page_down", "pagedown,space", "page(1)", "page down", "a page down"),
    key("leaf.first", "home,g", "first", "first", "the first line"),
    key("leaf.last", "end,G", "last", "last", "the last line"),
)

_MONEY = key("money.open", "b", "app.budget", "budget", "the money: what is left, how long it lasts, who spent it", show=True)
_GATES = key("gates.open", "g", "app.gates", "gates", "every gate of the run, of the marked runs, of its study or of all: why, since when, what clears it")
_START = key("overview.start", "s", "start", "start", "start a job", show=True, acts=True)
_METRICS = key("metrics.filter", "slash", "filter", "metrics", "only some metrics: val/* -aux; the same on every run")


def _rolling(place: str) -> tuple[Key, ...]:
    """Keys that scroll a page."""
    return (
        key(f"{place}.up", "up,k", "roll(-1)", "up", "scroll the page up"),
        key(f"{place}.down", "down,j", "roll(1)", "down", "scroll the page down"),
        key(f"{place}.page_up", "pageup", "roll(-10)", "page up", "ten lines up"),
        key(f"{place}.page_down", "pagedown", "roll(10)", "page down", "ten lines down"),
        key(f"{place}.first", "home", "roll(-1000000)", "first", "the first line"),
        key(f"{place}.last", "end,G", "roll(1000000)", "last", "the last line"),
    )


OVERVIEW = (
    _START,
    _RUN_ACTIONS[0],
    key("overview.mark", "space", "mark", "mark", "mark the run: only marked runs are drawn", show=True),
    key("overview.open", "enter", "open", "open", "everything about the run", show=True),
    _RUN_ACTIONS[-1],
    _MONEY,
    _GATES,
    *_RUN_ACTIONS[1:-1],
    *_ONWARD,
    *_QUEUE,
    key("overview.mark_live", "a", "mark_live", "all live", "mark all live runs; again to mark none"),
    key("overview.up", "up,k", "move(-1)", "up", "the run above"),
    key("overview.down", "down,j", "move(1)", "down", "the run below"),
    key("overview.first", "home", "move(-1000000)", "first", "the first run"),
    key("overview.last", "end,G", "move(1000000)", "last", "the last run"),
    key("overview.compare", "v", "compare", "compare", "the marked runs side by side, or those of the run's study"),
    key("overview.filter", "slash", "filter", "filter", "only some runs: mlp status:running usd>2 learning_rate<1e-3 -old; esc shows all again"),
    key("overview.all", "escape", "back", "all", "put the cursor of the curves away, or the filter"),
    key("overview.tail", "l", "tail", "log", "events or log below, where one fits"),
    *_CHARTS,
)

RUN = (
    key("run.back", "escape", "back", "back", "put the cursor of the curves away, or back to the overview", show=True),
    key("run.pane", "tab", "pane(1)", "pane", "next pane", show=True),
    key("run.pane_back", "shift+tab", "pane(-1)", "pane", "previous pane"),
    key("run.up", "up,k", "roll(-1)", "up", "scroll the pane up"),
    key("run.down", "down,j", "roll(1)", "down", "scroll the pane down"),
    key("run.page_up", "pageup", "roll(-10)", "page up", "ten lines up"),
    key("run.page_down", "pagedown", "roll(10)", "page down", "ten lines down"),
    key("run.zoom", "z", "zoom", "zoom", "this pane alone, or all", show=True),
    key("run.follow", "f", "follow", "follow", "the log follows as it grows, or stays where you are", show=True),
    key("run.previous", "left_square_bracket", "turn(-1)", "previous", "the run above in the table"),
    key("run.next", "right_square_bracket", "turn(1)", "next", "the run below in the table"),
    _METRICS,
    key("run.compare", "v", "compare", "compare", "the run beside the marked ones, or beside those of its study"),
    _GATES,
    *_RUN_ACTIONS,
    replace(_START, show=False),
    *_ONWARD,
    replace(_MONEY, show=False),
    *_QUEUE,
    *_CHARTS,
)

COMPARE = (
    key("compare.back", "escape,v", "back", "back", "put the cursor of the curves away, or back", show=True, display="esc"),
    key("compare.page", "tab", "page(1)", "page", "next page", show=True),
    key("compare.page_back", "shift+tab", "page(-1)", "page", "previous page"),
    key("compare.differences", "1", "turn_to(1)", "differences", "what differs: params, what they are and come from, packages", show=True),
    key("compare.metrics", "2", "turn_to(2)", "metrics", "what each run reached; the best is marked", show=True),
    key("compare.gates", "3", "turn_to(3)", "gates", "how the gates of each run stand", show=True),
    key("compare.zoom", "z", "zoom", "zoom", "this page alone, the curves alone, or both", show=True),
    replace(_METRICS, id="compare.filter"),
    key("compare.export", "e", "export", "export", "write these runs to files", show=True, acts=True),
    *_rolling("compare"),
    replace(_MONEY, id="compare.budget", show=False),
    *_CHARTS,
)

GATES = (
    key("gates.back", "escape,g", "back", "back", "put the cursor of the curve away, or back", show=True, display="esc"),
    key("gates.answer", "A", "questions", "answer", "answer what is asked here, the question under the cursor first", show=True, acts=True),
    key("gates.state", "f", "state(1)", "state", "only what needs you, only what tripped, failed, …: the next state that some gate is in", show=True),
    key("gates.whose", "a", "whose", "whose", "the gates of the run, of the marked runs, of its study, of all", show=True),
    key("gates.run", "enter", "open", "run", "the run that the gate is of", show=True),
    key("gates.picture", "tab", "picture", "curve", "the curve in the place of the words, where only one fits", show=True),
    key("gates.zoom", "z", "zoom", "zoom", "the gate alone, or below the table", show=True),
    key("gates.up", "up,k", "move(-1)", "up", "the gate above"),
    key("gates.down", "down,j", "move(1)", "down", "the gate below"),
    key("gates.page_up", "pageup", "move(-10)", "page up", "ten gates up"),
    key("gates.page_down", "pagedown", "move(10)", "page down", "ten gates down"),
    key("gates.first", "home", "move(-1000000)", "first", "the first gate"),
    key("gates.last", "end,G", "move(1000000)", "last", "the last gate"),
    key("gates.words_up", "K", "roll(-1)", "words", "scroll what is told of the gate up"),
    key("gates.words_down", "J", "roll(1)", "words", "scroll what is told of the gate down"),
    replace(_RUN_ACTIONS[-1], show=False),
    replace(_MONEY, show=False),
    *_ONWARD,
    *(one for one in _CHARTS if one.id not in ("chart.next", "chart.previous")),
)

BUDGET = (
    key("budget.back", "escape,b", "back", "back", "back", show=True, display="esc"),
    key("budget.page", "tab,right", "page(1)", "page", "next page", show=True, display="tab"),
    key("budget.page_back", "shift+tab,left", "page(-1)", "page", "previous page", display="shift+tab"),
    key("budget.study", "1", "turn_to(1)", "study", "what each study took", show=True),
    key("budget.job", "2", "turn_to(2)", "job", "what each job took"),
    key("budget.day", "3", "turn_to(3)", "day", "what each day took"),
    key("budget.machine", "4", "turn_to(4)", "machine", "what each machine took"),
    key("budget.run", "5", "turn_to(5)", "run", "what each run took, and is still to cost", show=True),
    key("budget.plan", "6", "turn_to(6)", "plan", "planned against actual", show=True),
    key("budget.leases", "7", "turn_to(7)", "leases", "the machines that were rented"),
    key("budget.ledger", "8", "turn_to(8)", "ledger", "the last lines of the ledger", show=True),
    *_rolling("budget"),
    key("budget.zoom", "z", "zoom", "zoom", "this page alone, or all", show=True),
)

LOG = (
    key("log.back", "escape", "back", "back", "from the words, from a search that goes on, or from the log to where you came from", show=True),
    key("log.search", "slash", "look_for", "search", "look for words, down from here; capital letters count where there are some", show=True),
    key("log.next", "n", "next(1)", "next", "the next line with the words", show=True),
    key("log.before", "N", "next(-1)", "before", "the line with the words before", show=True),
    key("log.go", "enter", "go", "look", "look for what was typed"),
    key("log.follow", "f", "follow", "follow", "stay at the end as the log grows, or where you are", show=True),
    key("log.wrap", "w", "wrap", "wrap", "long lines wrapped, or cut", show=True),
    key("log.left", "left", "shift(-1)", "left", "cut lines: to the left"),
    key("log.right", "right", "shift(1)", "right", "cut lines: to the right"),
    *_LEAF,
)

EVENTS = (
    key("events.back", "escape", "back", "back", "back", show=True),
    key("events.run", "enter", "open", "open", "the run that the event is of", show=True),
    key("events.log", "V", "log", "log", "the log of that run, at the line where it happened", show=True),
    key("events.kind", "f", "kind(1)", "kind", "only events of the next kind", show=True),
    key("events.kind_back", "F", "kind(-1)", "kind", "only events of the kind before"),
    key("events.only", "r", "only", "this run", "only events of this run, or of all", show=True),
    *_LEAF,
)

SIEVE = (
    key("filter.keep", "enter", "keep_filter", "keep", "keep the filter", show=True),
    key("filter.clear", "escape", "clear_filter", "clear", "no filter any more", show=True),
    key("filter.up", "up", "beside(-1)", "up", "the run above"),
    key("filter.down", "down", "beside(1)", "down", "the run below"),
)

REMARK = (
    key("remark.close", "escape", "close", "back", "keep nothing", show=True),
    key("remark.go", "enter", "go", "keep", "keep it", show=True),
)

START = (
    key("start.close", "escape", "close", "back", "start nothing", show=True),
    key("start.go", "enter", "go", "start", "queue a run of this job", show=True),
    key("start.up", "up,k", "move(-1)", "up", "the job above"),
    key("start.down", "down,j", "move(1)", "down", "the job below"),
    key("start.mark", "space", "mark", "mark", "mark the job: marked jobs are started together, each as it was chosen", show=True),
    key("start.preset", "p", "preset", "preset", "next preset", show=True),
    key("start.arm", "a", "arm", "arm", "armed: a tripped gate stops the run; unarmed it only tells", show=True),
    key("start.hold", "h", "hold", "hold", "held: it is queued, and waits until you release it", show=True),
    key("start.raise", "plus", "priority(1)", "priority", "higher priority"),
    key("start.lower", "minus", "priority(-1)", "priority", "lower priority"),
    key("start.params", "tab", "params", "params", "change params: key=value key=value; to the jobs again", show=True),
)

RELAUNCH = (
    key("relaunch.close", "escape", "close", "back", "try nothing", show=True),
    key("relaunch.go", "enter", "go", "queue", "queue the next try; of a live run, a second time stops it first", show=True),
    key("relaunch.up", "up,k", "move(-1)", "up", "the remedy above, or none"),
    key("relaunch.down", "down,j", "move(1)", "remedy", "the next remedy that can be tried", show=True),
    key("relaunch.from", "f", "begins", "from", "begin from the next checkpoint that is there, or from the beginning", show=True),
    key("relaunch.params", "tab", "params", "params", "change params: key=value key=value; to the remedies again", show=True),
)

EXPORT = (
    key("export.close", "escape", "close", "back", "write nothing; while it writes: call it off", show=True),
    key("export.go", "enter", "go", "write", "write the files", show=True),
    key("export.up", "up,k", "move(-1)", "up", "the format above"),
    key("export.down", "down,j", "move(1)", "down", "the format below"),
    key("export.pick", "space", "pick", "pick", "take the format, or leave it out", show=True),
    key("export.all", "a", "pick_all", "all", "every format, or none", show=True),
    key("export.study", "s", "study", "study", "the whole study of the runs, or only these runs", show=True),
    key("export.folder", "tab", "folder", "folder", "another folder; to the formats again", show=True),
)

CONFIRM = (
    key("confirm.yes", "y", "answer('y')", "stop", "yes", show=True),
    key("confirm.now", "X", "answer('X')", "now", "now, without grace", show=True),
    key("confirm.no", "n,escape", "answer('n')", "no", "no", show=True, display="n"),
)

PAUSE = (
    key("pause.yes", "y", "answer('pause')", "pause", "yes", show=True),
    key("pause.no", "n,escape", "answer('')", "no", "no", show=True, display="n"),
)

ANSWER = (
    key("answer.back", "escape", "back", "back", "back to the question, and from there to where you came from", show=True),
    key("answer.yes", "y", "say('yes')", "yes", "yes; a note comes next", show=True),
    key("answer.no", "n", "say('no')", "no", "no; a note comes next", show=True),
    key("answer.next", "tab", "next", "next", "the next question"),
    key("answer.go", "enter", "go", "answer", "give the answer, with the note or without", show=True),
)

EDIT = (
    key("edit.close", "escape", "close", "back", "change nothing", show=True),
    key("edit.go", "enter", "go", "change", "start it with these params when its turn comes", show=True),
)

TEACH = (
    key("teach.back", "escape", "back", "back", "back to the lines, and from there to where you came from", show=True),
    key("teach.go", "enter", "go", "name", "name the numbers of this line; the next number; after the last one, keep the pattern", show=True),
    key("teach.up", "up,k", "move(-1)", "up", "the line above; while naming (↑), the number before"),
    key("teach.down", "down,j", "move(1)", "down", "the line below; while naming (↓), the next number"),
    key("teach.next", "tab", "move(1)", "next", "the next line or number"),
    key("teach.before", "shift+tab", "move(-1)", "before", "the line or number before"),
    key("teach.page_up", "pageup", "page(-1)", "page up", "a page up"),
    key("teach.page_down", "pagedown", "page(1)", "page down", "a page down"),
    key("teach.missed", "n", "missed(1)", "next ?", "the next line that was not understood", show=True),
    key("teach.missed_back", "N", "missed(-1)", "before ?", "the line before that was not understood", show=True),
    key("teach.read", "r", "read", "read", "read what was printed meanwhile", show=True),
    key("teach.keep", "ctrl+s", "keep", "keep", "keep the pattern: in the spec file (asks first), or copied", show=True),
)

KEEP = (
    key("keep.yes", "y", "answer('y')", "write", "write it into the spec file", show=True),
    key("keep.copy", "c", "copy", "copy", "copy it", show=True),
    key("keep.no", "n,escape", "answer('n')", "no", "no", show=True, display="n"),
)

SETTINGS = (
    key("settings.back", "escape", "back", "back", "back; from what is typed, or from a key that is waited for, to the list", show=True),
    key("settings.page", "tab,shift+tab", "page", "page", "settings, or keys", show=True, display="tab"),
    key("settings.next", "enter,space,right", "turn(1)", "change", "the next value; on the page of keys, press the key it shall have", show=True, display="enter"),
    key("settings.before", "left", "turn(-1)", "before", "the value before"),
    key("settings.type", "e", "type", "type", "type a value, or keys: f8,ctrl+x", show=True),
    key("settings.add", "a", "add", "add key", "on the page of keys: press one more key for it"),
    key("settings.none", "minus", "none", "no key", "on the page of keys: no key at all for it"),
    key("settings.usual", "backspace,delete", "usual", "as usual", "as it usually is: your file says nothing of it", show=True, display="backspace"),
    key("settings.up", "up,k", "move(-1)", "up", "the line above"),
    key("settings.down", "down,j", "move(1)", "down", "the line below"),
    key("settings.page_up", "pageup", "move(-10)", "page up", "ten lines up"),
    key("settings.page_down", "pagedown", "move(10)", "page down", "ten lines down"),
    key("settings.first", "home", "move(-1000000)", "first", "the first line"),
    key("settings.last", "end,G", "move(1000000)", "last", "the last line"),
)

VALUE = (
    key("value.keep", "enter", "keep", "keep", "keep what was typed", show=True),
    key("value.back", "escape", "back", "back", "keep nothing", show=True),
)

HELP = (
    key("help.close", "escape,question_mark", "close", "back", "back", show=True, display="esc"),
    key("help.up", "up,k", "roll(-1)", "up", "scroll up"),
    key("help.down", "down,j", "roll(1)", "down", "scroll down"),
    key("help.page_up", "pageup", "page(-1)", "page up", "a page up"),
    key("help.page_down", "pagedown,space", "page(1)", "page down", "a page down", display="pagedown"),
)

NOTE, WORDS, NAME = ((replace(one, action="screen.go"),) for one in (ANSWER[-1], LOG[4], TEACH[1]))
"""The key that keeps what was typed, in the fields of a note, of words and of a name: there it would send the field off."""

PLACES: dict[str, tuple[Key, ...]] = {
    "overview": OVERVIEW, "run": RUN, "compare": COMPARE, "gates": GATES, "filter": SIEVE, "budget": BUDGET, "log": LOG, "events": EVENTS,
    "note, tags": REMARK, "start": START, "relaunch": RELAUNCH, "export": EXPORT, "stop?": CONFIRM, "pause?": PAUSE, "answer": ANSWER, "edit": EDIT, "teach": TEACH,
    "keep?": KEEP, "help": HELP, "settings": SETTINGS, "setting": VALUE, "everywhere": EVERYWHERE,
}
"""The places people read about. A screen says its own as PLACE."""
DIALOGS = frozenset({"filter", "note, tags", "start", "relaunch", "export", "stop?", "pause?", "answer", "edit", "keep?", "help", "setting"})
"""Places over which the keys of everywhere do nothing."""
TYPED = frozenset(key.id for key in (*SIEVE, *REMARK, *EDIT, *VALUE, LOG[0], LOG[4], *TEACH[:2], ANSWER[0], ANSWER[-1]))
"""IDs that are needed while something is typed: a letter would be none of theirs."""


def markdown() -> str:
    """The table of keys for the README."""
    rows = ["| where | key | what it does |", "|---|---|---|"]
    for place, keys in PLACES.items():
        rows += [f"| {place} | `{one.written}` | {one.about} |" for one in keys]
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
