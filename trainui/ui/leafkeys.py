"""The keys of logs, events and remarks; `keys` has them all."""

from __future__ import annotations

from dataclasses import replace

from trainui.ui.key import Key

ONWARD = (
    Key(id="log.open", key="V", action="log", label="whole log",
        about="the whole log: search, follow, however long it is"),
    Key(id="events.open", key="N", action="events", label="events", about="all events, of every run, by kind"),
    Key(id="run.note", key="n", action="note", label="note", about="keep a remark beside the run"),
    Key(id="run.tag", key="number_sign", action="tag", label="tag", display="#",
        about="put tags on the run, or take them away"),
    Key(id="run.undo", key="Z", action="undo", label="undo", about="undo the last tag or mark"),
)  # fmt: skip

_LEAF = (
    Key(id="leaf.up", key="up,k", action="roll(-1)", label="up", display="↑ k", about="a line up"),
    Key(id="leaf.down", key="down,j", action="roll(1)", label="down", display="↓ j", about="a line down"),
    Key(id="leaf.page_up", key="pageup", action="page(-1)", label="page up", about="a page up"),
    Key(id="leaf.page_down", key="pagedown,space", action="page(1)", label="page down", display="pagedown space",
        about="a page down"),
    Key(id="leaf.first", key="home,g", action="first", label="first", display="home g", about="the first line"),
    Key(id="leaf.last", key="end,G", action="last", label="last", display="end G", about="the last line"),
)  # fmt: skip

LOG = (
    Key(id="log.back", key="escape", action="back", label="back", display="esc", show=True,
        about="from the words, from a search that goes on, or from the log to where you came from"),
    Key(id="log.search", key="slash", action="look_for", label="search", display="/", show=True,
        about="look for words, down from here; capital letters count where there are some"),
    Key(id="log.next", key="n", action="next(1)", label="next", show=True, about="the next line with the words"),
    Key(id="log.before", key="N", action="next(-1)", label="before", show=True,
        about="the line with the words before"),
    Key(id="log.go", key="enter", action="go", label="look", display="enter", about="look for what was typed"),
    Key(id="log.follow", key="f", action="follow", label="follow", show=True,
        about="stay at the end as the log grows, or where you are"),
    Key(id="log.wrap", key="w", action="wrap", label="wrap", show=True, about="long lines wrapped, or cut"),
    Key(id="log.left", key="left", action="shift(-1)", label="left", display="←", about="cut lines: to the left"),
    Key(id="log.right", key="right", action="shift(1)", label="right", display="→", about="cut lines: to the right"),
    *_LEAF,
)  # fmt: skip

WORDS = (replace(LOG[4], action="screen.go"),)
"""The same key in the field of the words, where it would send the field off."""

EVENTS = (
    Key(id="events.back", key="escape", action="back", label="back", display="esc", show=True, about="back"),
    Key(id="events.run", key="enter", action="open", label="open", display="enter", show=True,
        about="the run that the event is of"),
    Key(id="events.log", key="V", action="log", label="log", show=True,
        about="the log of that run, at the line where it happened"),
    Key(id="events.kind", key="f", action="kind(1)", label="kind", show=True, about="only events of the next kind"),
    Key(id="events.kind_back", key="F", action="kind(-1)", label="kind", about="only events of the kind before"),
    Key(id="events.only", key="r", action="only", label="this run", show=True,
        about="only events of this run, or of all"),
    *_LEAF,
)  # fmt: skip

REMARK = (
    Key(id="remark.close", key="escape", action="close", label="back", display="esc", show=True,
        about="keep nothing"),
    Key(id="remark.go", key="enter", action="go", label="keep", display="enter", show=True, about="keep it"),
)  # fmt: skip
