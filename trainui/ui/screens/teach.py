"""Teaching: choose a line of what a run printed, name its numbers, keep the pattern in the job's spec file."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one

from trainui.core.errors import UserError
from trainui.core.ingest.coverage import Coverage, coverage
from trainui.core.ingest.printed import Printed
from trainui.core.ingest.teach import Number, Taught, numbers_in, teach
from trainui.ui import keys
from trainui.ui.acts import Actions
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Span, line
from trainui.ui.present.lesson import (
    NAME_AT,
    head_line,
    list_lines,
    number_lines,
    pattern_lines,
    taught_line,
)
from trainui.ui.screens.dialog import Closing
from trainui.ui.screens.keep import Keep
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.line_list import LineList
from trainui.ui.widgets.paper import Paper

LINE_ROWS = 2
LOW_ROWS, HIGH_ROWS = 6, 8
"""Rows for the pattern on a low screen, and on a high one."""
_WHILE_NAMED = (
    "teach.go", "teach.up", "teach.down", "teach.next", "teach.before", "teach.back", "teach.keep",
)  # fmt: skip
"""The keys that do something while a name is typed; all others are of the field."""


class NameField(SteadyField):
    """The name of one number."""

    BINDINGS = keys.bindings(keys.NAME)


class Teach(Closing[None]):
    """First a line is chosen, then its numbers are named; the pattern and what it finds stand below."""

    CSS_PATH = "teach.tcss"
    PLACE = "teach"
    BINDINGS = keys.bindings(keys.TEACH)
    AUTO_FOCUS = "#name"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 (Textual's own annotation)

    head = query_one("#head", Paper)
    lines = query_one(LineList)
    line_paper = query_one("#line", Paper)
    numbers_paper = query_one("#numbers", Paper)
    asked = query_one("#asked", Paper)
    field = query_one("#name", NameField)
    pattern = query_one("#pattern", Paper)

    def __init__(self, bridge: Bridge, run: str) -> None:
        super().__init__()
        self._bridge = bridge
        self.run_name = run
        self._printed: Printed | None = None
        self._spec: Path | None = None
        self._numbers: tuple[Number, ...] = ()
        self._names: dict[int, str] = {}
        self._at = -1
        """The line that is taught, from 0."""
        self._here = 0
        """The number that is named now, from 1; 0 while a line is chosen."""
        self._taught: Taught | None = None
        self._found: Coverage | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        """The output, the line, its numbers, the name of one, the pattern."""
        yield Paper(id="head")
        yield LineList(id="lines")
        yield Paper(id="line")
        yield Paper(id="numbers")
        with Horizontal(id="naming"):
            yield Paper(id="asked")
            yield NameField(self.action_of, id="name", compact=True)
        yield Paper(id="pattern")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Name the panes and read."""
        self.lines.entitle("its output")
        self.line_paper.entitle("the line")
        go = keymap_of(self.app).first("teach.go")
        self.numbers_paper.entitle(
            f"its numbers: {go} takes the name and goes on, without one it is left out"
        )
        self.pattern.entitle("the pattern")
        self.action_read()

    def action_read(self) -> None:
        """Read what was printed meanwhile, and go to the newest line that was not understood."""
        self.head.show([head_line(self.run_name, None, self.size.width or 80)])
        run = self.run_name

        def read(actions: Actions) -> tuple[Printed, Path | None]:
            return actions.printed(run), actions.spec_file(run)

        self._bridge.ask(read, lambda read: self._fill(*read))

    def _fill(self, printed: Printed, spec: Path | None) -> None:
        self._printed, self._spec = printed, spec
        if not is_open(self):
            return
        self._redraw_list()
        if printed.lines:
            missed = [at for at, known in enumerate(printed.understood) if not known]
            with_numbers = [at for at in missed if numbers_in(printed.lines[at])]
            self.lines.cursor = with_numbers[-1] if with_numbers else len(printed.lines) - 1
        self._choose()

    @property
    def text(self) -> str:
        """The line under the cursor."""
        lines = self._printed.lines if self._printed else ()
        return lines[self.lines.cursor] if self.lines.cursor < len(lines) else ""

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the name, None when it is not ours."""
        if self._here:
            return keymap_of(self.app).typed(_WHILE_NAMED).get(key, "")
        return keymap_of(self.app).action(self.PLACE, key)

    def _moved(self) -> None:
        """Choose the line under the cursor, unless it is the one that is taught already."""
        if self.lines.cursor != self._at:
            self._choose()

    def _choose(self) -> None:
        """Begin with the line under the cursor, none of its numbers named."""
        self._at = self.lines.cursor
        self._numbers, self._names, self._here = numbers_in(self.text), {}, 0
        self._taught, self._found, self._problem = None, None, ""
        self.set_class(False, "-naming")
        self._redraw()
        self.refresh_bindings()

    def _learn(self) -> None:
        """Make the pattern of the names there are, and try it."""
        self._taught, self._found, self._problem = None, None, ""
        try:
            self._taught = teach(self.text, self._names)
        except UserError as error:
            self._problem = str(error)
        else:
            lines = self._printed.lines if self._printed else ()
            self._found = coverage(self._taught.pattern(), self.text, lines)
        self._redraw()

    def _redraw_list(self) -> None:
        printed = self._printed
        if printed is not None:
            self.head.show([head_line(self.run_name, printed, self.size.width or 80)])
            self.lines.fill(list_lines(printed, self.lines.cells or 80), count=len(printed.lines))

    def _redraw(self) -> None:
        cells = self.line_paper.cells or 80
        rows = taught_line(self.text, self._numbers, self._names, self._here, cells, LINE_ROWS)
        if self._printed is not None and self.text and not self._numbers:
            rows[-1:] = [line(rows[-1], Span("   no number in it", "dim"))]
        self.line_paper.show(rows)
        if not self._here:
            return
        rows = number_lines(
            self._numbers, self._names, self._here, self._found, self.numbers_paper.cells or cells
        )
        self.numbers_paper.show(rows)
        self._keep_in_sight()
        self.asked.show([line(Span("name: ".rjust(NAME_AT), "accent"))])
        cells, most = self.pattern.cells or cells, LOW_ROWS if self.has_class("-low") else HIGH_ROWS
        self.pattern.show(pattern_lines(self._taught, self._found, self._problem, cells, most))

    def _keep_in_sight(self) -> None:
        rows, top = self.numbers_paper.size.height, self.numbers_paper.scroll_offset.y
        if rows:
            self.numbers_paper.scroll_to(
                y=max(self._here - rows + 1, min(top, self._here - 1)), animate=False
            )

    def on_resize(self) -> None:
        """Draw for the room there is."""
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._redraw_list()
        self._redraw()

    def on_line_list_moved(self) -> None:
        """The mouse went to another line."""
        self._moved()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys there are while a line is chosen, and which while its numbers are named."""
        del parameters
        if action in ("missed", "read", "page"):
            return not self._here
        return bool(self._here) if action == "keep" else True

    def action_move(self, by: int) -> None:
        """Another line, or another number of it."""
        if not self._here:
            self.lines.move(by)
            self._moved()
        elif self._numbers:
            self._turn(max(1, min(self._here + by, len(self._numbers))))

    def action_page(self, by: int) -> None:
        """Lines further up or down, by what is in sight."""
        self.lines.move(by * max(1, self.lines.size.height - 1))
        self._moved()

    def action_missed(self, by: int) -> None:
        """The next or previous line that was not understood."""
        known = self._printed.understood if self._printed else ()
        at = self.lines.cursor + by
        while 0 <= at < len(known) and known[at]:
            at += by
        if 0 <= at < len(known):
            self.lines.cursor = at
            self._moved()

    def action_go(self) -> None:
        """Begin to name; then the next number, and after the last one keep the pattern."""
        if not self._numbers:
            self._bridge.tell("there is no number in this line to name", severity="warning")
        elif not self._here:
            self._names = {one.place: one.suggested for one in self._numbers if one.suggested}
            self.set_class(True, "-naming")
            self._turn(1)
            self._learn()
            self.call_after_refresh(self._resized)
            self.refresh_bindings()
        elif self._here < len(self._numbers):
            self._turn(self._here + 1)
        else:
            self.action_keep()

    def _turn(self, to: int) -> None:
        """The field is for another number; what stands in it belongs to the one before."""
        self._take()
        self._here = to
        with self.prevent(NameField.Changed):
            self.field.value = self._names.get(to, "")
        self.field.select_all()  # a letter begins another name, enter takes this one
        self._redraw()

    def on_input_changed(self) -> None:
        """A letter more or less: the pattern is tried at once."""
        self._take()

    def _take(self) -> None:
        """What stands in the field is the name of its number."""
        before, now = self._names.get(self._here, ""), self.field.value.strip()
        if self._here and now != before:
            self._names = {place: name for place, name in {**self._names, self._here: now}.items() if name}
            self._learn()

    def action_keep(self) -> None:
        """Ask, then write the pattern into the spec file."""
        self._take()
        taught = self._taught
        if taught is None:
            self._bridge.tell(self._problem or "no number has a name yet", severity="warning")
            return
        run, toml = self.run_name, taught.toml()

        def decide(answer: bool | None) -> None:
            if answer:
                self._bridge.ask(lambda actions: actions.teach(run, toml), self._kept)

        self.app.push_screen(Keep(self._bridge, toml, self._spec), decide)

    def _kept(self, path: Path) -> None:
        self._bridge.tell(f"written into {path.name}: it counts from the next start of this job")
        self.dismiss()

    def action_back(self) -> None:
        """To the lines; from there to where one came from."""
        if self._here:
            self._choose()
            self.call_after_refresh(self._resized)
        else:
            self.dismiss()
