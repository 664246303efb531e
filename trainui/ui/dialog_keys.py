"""The keys of dialogs, of fields, and of teaching, each with an ID; `keys` has all tables."""

from __future__ import annotations

from dataclasses import replace

from trainui.ui.key import Key

START = (
    Key(id="start.close", key="escape", action="close", label="back", display="esc", show=True, about="start nothing"),
    Key(id="start.go", key="enter", action="go", label="start", display="enter", show=True,
        about="queue a run of this job"),
    Key(id="start.up", key="up,k", action="move(-1)", label="up", display="↑ k", about="the job above"),
    Key(id="start.down", key="down,j", action="move(1)", label="down", display="↓ j", about="the job below"),
    Key(id="start.preset", key="p", action="preset", label="preset", show=True, about="next preset"),
    Key(id="start.arm", key="a", action="arm", label="arm", show=True,
        about="armed: a tripped gate stops the run; unarmed it only tells"),
    Key(id="start.hold", key="h", action="hold", label="hold", show=True,
        about="held: it is queued, and waits until you release it"),
    Key(id="start.raise", key="plus", action="priority(1)", label="priority", display="+", about="higher priority"),
    Key(id="start.lower", key="minus", action="priority(-1)", label="priority", display="-", about="lower priority"),
    Key(id="start.params", key="tab", action="params", label="params", show=True,
        about="change params: key=value key=value"),
)  # fmt: skip

CONFIRM = (
    Key(id="confirm.yes", key="y", action="answer('y')", label="stop", show=True, about="yes"),
    Key(id="confirm.now", key="X", action="answer('X')", label="now", show=True, about="now, without grace"),
    Key(
        id="confirm.no", key="n,escape", action="answer('n')", label="no", display="n", show=True, about="no"
    ),
)

PAUSE = (
    Key(id="pause.yes", key="y", action="answer('pause')", label="pause", show=True, about="yes"),
    Key(id="pause.no", key="n,escape", action="answer('')", label="no", display="n", show=True, about="no"),
)  # fmt: skip

ANSWER = (
    Key(id="answer.back", key="escape", action="back", label="back", display="esc", show=True,
        about="back to the question, and from there to where you came from"),
    Key(id="answer.yes", key="y", action="say('yes')", label="yes", show=True, about="yes; a note comes next"),
    Key(id="answer.no", key="n", action="say('no')", label="no", show=True, about="no; a note comes next"),
    Key(id="answer.next", key="tab", action="next", label="next", about="the next question"),
    Key(id="answer.go", key="enter", action="go", label="answer", display="enter", show=True,
        about="give the answer, with the note or without"),
)  # fmt: skip

NOTE = (replace(ANSWER[-1], action="screen.go"),)
"""The same key in the field of the note, where it would send the field off."""

SIEVE = (
    Key(id="filter.keep", key="enter", action="keep_filter", label="keep", display="enter", show=True,
        about="keep the filter"),
    Key(id="filter.clear", key="escape", action="clear_filter", label="clear", display="esc", show=True,
        about="no filter any more"),
    Key(id="filter.up", key="up", action="beside(-1)", label="up", display="↑", about="the run above"),
    Key(id="filter.down", key="down", action="beside(1)", label="down", display="↓", about="the run below"),
)  # fmt: skip

EDIT = (
    Key(id="edit.close", key="escape", action="close", label="back", display="esc", show=True,
        about="change nothing"),
    Key(id="edit.go", key="enter", action="go", label="change", display="enter", show=True,
        about="start it with these params when its turn comes"),
)  # fmt: skip

TEACH = (
    Key(id="teach.back", key="escape", action="back", label="back", display="esc", show=True,
        about="back to the lines, and from there to where you came from"),
    Key(id="teach.go", key="enter", action="go", label="name", display="enter", show=True,
        about="name the numbers of this line; the next number; after the last one, keep the pattern"),
    Key(id="teach.up", key="up,k", action="move(-1)", label="up", display="↑ k",
        about="the line above; while naming (↑), the number before"),
    Key(id="teach.down", key="down,j", action="move(1)", label="down", display="↓ j",
        about="the line below; while naming (↓), the next number"),
    Key(id="teach.next", key="tab", action="move(1)", label="next", about="the next line or number"),
    Key(id="teach.before", key="shift+tab", action="move(-1)", label="before", about="the line or number before"),
    Key(id="teach.page_up", key="pageup", action="page(-1)", label="page up", about="a page up"),
    Key(id="teach.page_down", key="pagedown", action="page(1)", label="page down", about="a page down"),
    Key(id="teach.missed", key="n", action="missed(1)", label="next ?", show=True,
        about="the next line that was not understood"),
    Key(id="teach.missed_back", key="N", action="missed(-1)", label="before ?", show=True,
        about="the line before that was not understood"),
    Key(id="teach.read", key="r", action="read", label="read", show=True, about="read what was printed meanwhile"),
    Key(id="teach.keep", key="ctrl+s", action="keep", label="keep", display="^s", show=True,
        about="keep the pattern: in the spec file (asks first), or copied"),
)  # fmt: skip

NAME = (replace(TEACH[1], action="screen.go"),)
"""The same key in the field of a name, where it would send the field off."""

KEEP = (
    Key(id="keep.yes", key="y", action="answer('y')", label="write", show=True, about="write it into the spec file"),
    Key(id="keep.copy", key="c", action="copy", label="copy", show=True, about="copy it"),
    Key(id="keep.no", key="n,escape", action="answer('n')", label="no", display="n", show=True, about="no"),
)  # fmt: skip

HELP = (
    Key(id="help.close", key="escape,question_mark", action="close", label="back", display="esc", show=True,
        about="back"),
    Key(id="help.up", key="up,k", action="roll(-1)", label="up", display="↑ k", about="scroll up"),
    Key(id="help.down", key="down,j", action="roll(1)", label="down", display="↓ j", about="scroll down"),
    Key(id="help.page_up", key="pageup", action="page(-1)", label="page up", about="a page up"),
    Key(id="help.page_down", key="pagedown,space", action="page(1)", label="page down", display="pagedown",
        about="a page down"),
)  # fmt: skip
