"""Settings and keys: what holds, who says so; changed here, a person's own file is written."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one
from textual.screen import Screen
from textual.widgets import Footer

from trainui.core.errors import TrainuiError, UserError
from trainui.ui import keys
from trainui.ui.key import Key
from trainui.ui.preferences import (
    ENVIRONMENT,
    PROJECTS,
    Preferences,
    load_preferences,
    with_key,
    with_setting,
    write_key,
    write_setting,
)
from trainui.ui.present.choices import every_key, key_about, key_rows, problem_lines, setting_about, setting_rows
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.settings import SETTINGS, Setting, Value, checked
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.line_list import LineList
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.app import Dashboard

OF_SETTINGS, OF_KEYS = "settings", "keys"
MOST_PROBLEMS = 4
_WHILE_TYPED = ("value.keep", "value.back")


class ValueField(SteadyField):
    """What is typed; while a key is waited for, the next one goes to the screen whatever it is."""

    async def _on_key(self, event: events.Key) -> None:
        screen = self.screen
        if isinstance(screen, SettingsScreen) and screen.waits_for:
            event.stop()
            event.prevent_default()
            screen.take_key(event.key)
        else:
            await super()._on_key(event)


class SettingsScreen(Screen[None]):
    """Two pages of lines. A change holds at once; the file is written behind it, in the order of the changes."""

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
        self._page = OF_SETTINGS
        self._cursors = {OF_SETTINGS: 0, OF_KEYS: 0}
        self._said: tuple[str, str] = ("", "")
        """What is said of the last change, and its tone."""
        self._types = False
        self.waits_for = ""
        """`key` or `more` while a key is waited for: the one it shall have, or one more."""
        self._unwritten: list[partial[None]] = []

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
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Read the files again: somebody may have edited them meanwhile."""
        self._dashboard.change(load_preferences(self._project))
        self.query_one("#asked", Paper).show([line(Span(" ▸ ", "bold accent"))])
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._draw)

    @property
    def found(self) -> Preferences:
        """What is said now."""
        return self._dashboard.preferences

    @property
    def setting(self) -> Setting:
        """The one under the cursor."""
        return SETTINGS[min(self._cursors[OF_SETTINGS], len(SETTINGS) - 1)]

    @property
    def key(self) -> tuple[str, Key]:
        """The one under the cursor, and the place it is shown at."""
        return every_key()[self._cursors[OF_KEYS]]

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the value, None when it is not ours."""
        keymap = self._dashboard.keymap
        return keymap.typed(_WHILE_TYPED).get(key, "") if self._types else keymap.action(self.PLACE, key)

    # ---------------------------------------------------------------- showing

    def _draw(self) -> None:
        if not self.is_attached:
            return
        cells = self.rows.cells or self.size.width - 1
        names = "  ".join(f"‹{one}›" if one == self._page else one for one in (OF_SETTINGS, OF_KEYS))
        where = safe(str(self.found.path)) if self.found.path else "no home for a file of yours"
        self.head.show([line(Span(f" {names}", "bold"), Span(f"   your file: {where}", "dim"))])
        self.problems.show(problem_lines(self.found.problems, cells, MOST_PROBLEMS))
        if self._page == OF_SETTINGS:
            drawn = setting_rows(self.found, self._dashboard.held, cells)
        else:
            drawn = key_rows(self.found.keymap, cells)
        self.names.show(drawn[:1])
        self.rows.fill(drawn[1:], count=len(drawn) - 1)
        self.rows.cursor = self._cursors[self._page]
        self._tell()

    def _tell(self) -> None:
        """What is under the cursor, and what is said of the last change."""
        cells = max(20, self.size.width - 1)
        if self._page == OF_SETTINGS:
            told = setting_about(self.setting, self.found.said[self.setting.name], cells)
        else:
            told = key_about(*self.key, self.found.keymap, cells)
        words, tone = self._said
        more: list[Line] = list(wrap(line(Span(safe(words), tone)), cells, 1)) if words else []
        self.about.show([*told, *more])

    def _say(self, words: str, tone: str = "accent") -> None:
        self._said = words, tone
        self._tell()

    def on_line_list_moved(self) -> None:
        """What is under the cursor now."""
        if self._cursors[self._page] != self.rows.cursor:
            self._cursors[self._page] = self.rows.cursor
            self._say("")

    # ---------------------------------------------------------------- keys

    def action_move(self, by: int) -> None:
        """Another line."""
        self.rows.move(by)

    def action_page(self) -> None:
        """The other page."""
        self._page = OF_KEYS if self._page == OF_SETTINGS else OF_SETTINGS
        self._said = ("", "")
        self._draw()

    def action_turn(self, by: int) -> None:
        """The next value; or wait for a key."""
        if self._page == OF_KEYS:
            self._wait("key")
        elif self.setting.is_list:
            self.action_type()
        else:
            choices = self.setting.choices
            now = self._mine()
            at = choices.index(now) + by if now in choices else 0
            self._set(choices[at % len(choices)])

    def _mine(self) -> Value:
        """What a change goes on from: the person's own word, also where another goes before it."""
        said = self.found.said[self.setting.name]
        is_over = said.origin in (PROJECTS, ENVIRONMENT)
        return said.value if not is_over else self.setting.default if said.yours is None else said.yours

    def action_usual(self) -> None:
        """The person's file says nothing of it any more."""
        if self._page == OF_SETTINGS:
            self._set(None)
        else:
            self._bind(None)

    def action_add(self) -> None:
        """Wait for one more key."""
        if self._page == OF_KEYS:
            self._wait("more")

    def action_none(self) -> None:
        """No key at all."""
        if self._page == OF_KEYS:
            self._bind("")

    def _wait(self, what: str) -> None:
        if self._may_change():
            self.waits_for = what
            self._say(f"press the key that {self.key[1].id} shall have{' too' if what == 'more' else ''}; esc: none")

    def take_key(self, key: str) -> None:
        """The key that was waited for."""
        what, self.waits_for = self.waits_for, ""
        if key == "escape":
            self._say("")
            return
        before = ",".join(self.found.keymap.keys(self.key[1])) if what == "more" else ""
        self._bind(f"{before},{key}" if before else key)

    def action_type(self) -> None:
        """Type a value, or keys."""
        if not self._may_change():
            return
        if self._page == OF_KEYS:
            text = ",".join(self.found.keymap.keys(self.key[1]))
        else:
            now = self._mine()
            text = " ".join(now) if isinstance(now, tuple) else f"{now:g}" if isinstance(now, float) else str(now).lower()
        self._type(is_typing=True)
        self.field.value = text
        self.field.cursor_position = len(text)

    def _type(self, *, is_typing: bool) -> None:
        self._types = is_typing
        self.set_class(is_typing, "-typing")
        self.refresh_bindings()

    def action_keep(self) -> None:
        """What was typed holds, unless it is wrong: then it stays to be mended."""
        text = self.field.value.strip()
        try:
            if self._page == OF_KEYS:
                with_key(self.found, self.key[1].id, text)
            else:
                value = checked(self.setting.name, self._meant(text))
        except UserError as error:
            self._say(str(error), "bad")
            return
        self._type(is_typing=False)
        if self._page == OF_KEYS:
            self._bind(text)
        else:
            self._set(value)

    def _meant(self, text: str) -> object:
        """What was typed as the file would say it."""
        if self.setting.is_list:
            return text.replace(",", " ").split()
        if isinstance(self.setting.default, float):
            try:
                return float(text)
            except ValueError:
                return text
        return {"true": True, "on": True, "false": False, "off": False}.get(text.lower(), text)

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
        if self.found.is_broken:
            self._say(f"nothing was changed: {self.found.problems[0]}; mend it first", "bad")
        elif self.found.path is None:
            self._say("nothing was changed: $HOME is not set, so there is no place for a file of yours", "bad")
        return self.found.path is not None and not self.found.is_broken

    def _set(self, value: Value | None) -> None:
        name = self.setting.name
        if not self._may_change():
            return
        self._dashboard.change(with_setting(self.found, name, value))
        self._write(partial(write_setting, self._path, name, value))
        said = self.found.said[name]
        goes_before = said.origin in (PROJECTS, ENVIRONMENT)
        late = f"{name} holds from the next start on" if self.setting.is_late else ""
        self._said = (f"written; here {said.told} goes before it", "warn") if goes_before else (late, "accent")
        self._draw()

    def _bind(self, text: str | None) -> None:
        id_ = self.key[1].id
        if not self._may_change():
            return
        try:
            found = with_key(self.found, id_, text)
        except UserError as error:
            self._say(str(error), "bad")
            return
        self._dashboard.change(found)
        self._write(partial(write_key, self._path, id_, found.keymap.chosen.get(id_)))
        self._said = (f"{id_} is {found.keymap.written(id_)}", "accent")
        self._draw()

    @property
    def _path(self) -> Path:
        assert self.found.path is not None, "asked before"
        return self.found.path

    def _write(self, change: partial[None]) -> None:
        """Write in a thread, one change after the other: a home may lie on a slow disk."""
        self._unwritten.append(change)
        if len(self._unwritten) == 1:
            self._dashboard.bridge.work(partial(_tried, change), self._written)

    def _written(self, error: TrainuiError | None) -> None:
        """Go on with the next one; what could not be written does not hold."""
        self._unwritten.pop(0)
        if error is not None:
            self._unwritten.clear()
            self._dashboard.change(load_preferences(self._project))
            self._dashboard.bridge.tell(error.message, error.hint, "error")
            if self.is_attached:
                self._said = (str(error), "bad")
                self._draw()
        elif self._unwritten:
            self._dashboard.bridge.work(partial(_tried, self._unwritten[0]), self._written)


def _tried(change: partial[None]) -> TrainuiError | None:
    """Write; what went wrong."""
    try:
        change()
    except TrainuiError as error:
        return error
    return None
