"""Settings and keys: what holds and who says so; to be changed by keys, or by typing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one
from textual.screen import Screen

from trainui.core.errors import TrainuiError, UserError
from trainui.ui import keys
from trainui.ui.pages import KeysPage, Page, SettingsPage
from trainui.ui.pen import Pen
from trainui.ui.preferences import load_preferences
from trainui.ui.present.choices import problem_lines, shortened
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.line_list import LineList
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.app import Dashboard

MOST_PROBLEMS = 4
_WHILE_TYPED = ("value.keep", "value.back")
"""The keys that do something while a value is typed; all others are of the field."""


class ValueField(SteadyField):
    """What is typed; while a key is waited for, the next one goes to the screen whatever it is."""

    async def _on_key(self, event: events.Key) -> None:
        screen = self.screen
        if isinstance(screen, SettingsScreen) and screen.waits:
            event.stop()
            event.prevent_default()
            screen.take_key(event.key)
        else:
            await super()._on_key(event)


class SettingsScreen(Screen[None]):
    """Two pages of lines, of which one is in sight."""

    CSS_PATH = "settings.tcss"
    PLACE = "settings"
    BINDINGS = keys.bindings(keys.SETTINGS)
    AUTO_FOCUS = "ValueField"

    head = query_one("#head", Paper)
    problems = query_one("#problems", Paper)
    names = query_one("#names", Paper)
    rows = query_one("#list", LineList)
    about = query_one("#about", Paper)
    field = query_one(ValueField)

    def __init__(self, dashboard: Dashboard, project: Path | None) -> None:
        super().__init__()
        self._dashboard, self._project = dashboard, project
        pen = Pen(dashboard.bridge, self._failed)
        self._of_settings, self._of_keys = SettingsPage(dashboard, pen), KeysPage(dashboard, pen)
        self._page: Page = self._of_settings
        self._said: tuple[str, str] = ("", "")
        """What is said of the last change, and its tone."""
        self._types = False
        self.waits = ""
        """`one` or `more` while a key is waited for."""

    def compose(self) -> ComposeResult:
        """The head, what is wrong, the lines, what the one under the cursor is, a field, the keys."""
        yield Paper(id="head")
        yield Paper(id="problems")
        yield Paper(id="names")
        yield LineList(id="list")
        yield Paper(id="about")
        with Horizontal(id="asking"):
            yield Paper(id="asked")
            yield ValueField(self.action_of, compact=True)
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the files again: somebody may have edited them meanwhile."""
        if self._dashboard.preferences.path is not None:
            self._dashboard.change(load_preferences(self._project))
        self.query_one("#asked", Paper).show([line(Span(" ▸ ", "bold accent"))])
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._draw)

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the value, None when it is not ours."""
        keymap = self._dashboard.keymap
        return keymap.typed(_WHILE_TYPED).get(key, "") if self._types else keymap.action(self.PLACE, key)

    # ---------------------------------------------------------------- showing

    def _draw(self) -> None:
        if not self.is_attached:
            return
        found, cells = self._dashboard.preferences, self.rows.cells or self.size.width - 1
        pages = (self._of_settings, self._of_keys)
        names = "  ".join(f"‹{one.name}›" if one is self._page else one.name for one in pages)
        where = "there is no place for a file of yours"
        if found.path is not None:
            where = f"your file: {shortened(safe(str(found.path)), self.size.width - len(names) - 16)}"
        self.head.show([line(Span(f" {names}", "bold"), Span(f"   {where}", "dim"))])
        self.problems.show(problem_lines(found.problems, cells, MOST_PROBLEMS))
        drawn = self._page.rows(cells)
        self.names.show(drawn[:1])
        at = self._page.cursor
        self.rows.fill(drawn[1:], count=len(drawn) - 1)
        self.rows.cursor = at
        self._tell()

    def _tell(self) -> None:
        """What is under the cursor, and what is said of the last change."""
        cells = max(20, self.size.width - 1)
        words, tone = self._said
        more: list[Line] = list(wrap(line(Span(safe(words), tone)), cells, 1)) if words else []
        self.about.show([*self._page.about(cells), *more])

    def _say(self, words: str, tone: str = "accent") -> None:
        self._said = words, tone
        self._tell()

    def on_line_list_moved(self) -> None:
        """What is under the cursor now."""
        if self._page.cursor != self.rows.cursor:
            self._page.cursor = self.rows.cursor
            self.waits = ""
            self._say("")

    # ---------------------------------------------------------------- keys

    def action_move(self, by: int) -> None:
        """Another line."""
        self.rows.move(by)

    def action_page(self) -> None:
        """The other page."""
        self._page = self._of_keys if self._page is self._of_settings else self._of_settings
        self._said = ("", "")
        self._draw()

    def action_turn(self, by: int) -> None:
        """The next value; or wait for a key."""
        if self._page is self._of_keys:
            self._wait("one")
        elif self._of_settings.turn_is_typed:
            self.action_type()
        else:
            self._change(lambda: self._of_settings.turn(by))

    def action_usual(self) -> None:
        """The person's file says nothing of it any more."""
        self._change(self._page.usual)

    def action_add(self) -> None:
        """Wait for one more key."""
        if self._page is self._of_keys:
            self._wait("more")

    def action_none(self) -> None:
        """No key at all."""
        if self._page is self._of_keys:
            self._change(lambda: self._of_keys.keep(""))

    def _wait(self, what: str) -> None:
        if self._may_change():
            self.waits = what
            more = " as well" if what == "more" else ""
            self._say(f"press the key that {self._of_keys.id} shall have{more}; escape: leave it as it is")

    def take_key(self, key: str) -> None:
        """The key that was waited for."""
        what, self.waits = self.waits, ""
        if key == "escape":
            self._say("")
        else:
            self._change(lambda: self._of_keys.press(key, is_more=what == "more"))

    def action_type(self) -> None:
        """Type a value, or keys."""
        if self._may_change():
            text = self._page.as_typed()
            self._type(is_typing=True)
            self.field.value = text
            self.field.cursor_position = len(text)

    def _type(self, *, is_typing: bool) -> None:
        self._types = is_typing
        self.set_class(is_typing, "-typing")
        self.refresh_bindings()

    def action_keep(self) -> None:
        """What was typed holds, unless it is wrong: then it stays to be mended."""
        if self._change(lambda: self._page.keep(self.field.value.strip())):
            self._type(is_typing=False)

    def action_back(self) -> None:
        """From the field to the list, from the list to where one came from."""
        if self._types:
            self._type(is_typing=False)
            self._say("")
        else:
            self._dashboard.pop_screen()

    # ---------------------------------------------------------------- changing

    def _may_change(self) -> bool:
        """Whether the person's file can be written at all; else it says why not."""
        try:
            self._page.file()
        except UserError as error:
            self._say(str(error), "bad")
            return False
        return True

    def _change(self, change: Callable[[], str]) -> bool:
        """Make a change and say what is to be said of it; whether it could be made."""
        try:
            told = change()
        except UserError as error:
            self._say(str(error), "bad")
            return False
        self._said = told, "accent"
        self._draw()
        return True

    def _failed(self, error: TrainuiError) -> None:
        """What could not be written does not hold."""
        self._dashboard.change(load_preferences(self._project))
        self._dashboard.bridge.tell(error.message, error.hint, "error")
        if self.is_attached:
            self._said = (str(error), "bad")
            self._draw()
