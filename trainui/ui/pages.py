"""The two pages of the settings screen: what stands on each, and how a line of it is changed.

A change holds at once; the person's file is written behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from trainui.core.errors import UserError
from trainui.ui.keymap import Keymap
from trainui.ui.pen import Pen
from trainui.ui.preferences import (
    ENVIRONMENT,
    PROJECTS,
    Preferences,
    with_key,
    with_setting,
    write_key,
    write_setting,
)
from trainui.ui.present.choices import every_key, key_about, key_rows, setting_about, setting_rows
from trainui.ui.present.ink import Line
from trainui.ui.settings import SETTINGS, Settings, Value, as_typed, checked, meant


class Holder(Protocol):
    """What has preferences: the dashboard."""

    preferences: Preferences
    held: Settings

    def change(self, preferences: Preferences) -> None:
        """Other preferences from now on."""


class Page:
    """Lines with a cursor. Each change returns what is to be said of it, and may raise UserError."""

    name = ""

    def __init__(self, holder: Holder, pen: Pen) -> None:
        self._holder, self._pen = holder, pen
        self.cursor = 0

    @property
    def found(self) -> Preferences:
        """What is said now."""
        return self._holder.preferences

    def rows(self, cells: int) -> tuple[Line, ...]:
        """A head, and the lines."""
        raise NotImplementedError

    def about(self, cells: int) -> Sequence[Line]:
        """What the line under the cursor is."""
        raise NotImplementedError

    def as_typed(self) -> str:
        """What is to be mended when somebody types."""
        raise NotImplementedError

    def keep(self, text: str) -> str:
        """Take what was typed."""
        raise NotImplementedError

    def usual(self) -> str:
        """As it usually is."""
        raise NotImplementedError

    def file(self) -> Path:
        """The person's file, which can be written. Raises UserError."""
        if self.found.is_broken:
            raise UserError(f"nothing was changed: {self.found.problems[0]}", hint="mend the file first")
        if self.found.path is None:
            raise UserError(
                "nothing was changed: there is no place for a file of yours", hint="$HOME is not set"
            )
        return self.found.path


class SettingsPage(Page):
    """A line for each setting."""

    name = "settings"

    def rows(self, cells: int) -> tuple[Line, ...]:
        """A head, and a line for each setting."""
        return setting_rows(self.found, self._holder.held, cells)

    def about(self, cells: int) -> Sequence[Line]:
        """What it does, what it may be, who says what it is."""
        setting = SETTINGS[self.cursor]
        return setting_about(setting, self.found.said[setting.name], cells)

    @property
    def turn_is_typed(self) -> bool:
        """Whether there is no next value, and one has to type."""
        return SETTINGS[self.cursor].is_list

    def turn(self, by: int) -> str:
        """The next or previous value."""
        setting = SETTINGS[self.cursor]
        now = self._mine()
        at = setting.choices.index(now) + by if now in setting.choices else 0
        return self._set(setting.choices[at % len(setting.choices)])

    def as_typed(self) -> str:
        """The value there is."""
        return as_typed(self._mine())

    def keep(self, text: str) -> str:
        """Take what was typed."""
        setting = SETTINGS[self.cursor]
        return self._set(checked(setting.name, meant(setting, text)))

    def usual(self) -> str:
        """The person's file says nothing of it."""
        return self._set(None)

    def _mine(self) -> Value:
        """What a change goes on from: the person's own word, also where another goes before it."""
        setting = SETTINGS[self.cursor]
        said = self.found.said[setting.name]
        if said.origin not in (PROJECTS, ENVIRONMENT):
            return said.value
        return setting.default if said.yours is None else said.yours

    def _set(self, value: Value | None) -> str:
        setting, path = SETTINGS[self.cursor], self.file()
        self._holder.change(with_setting(self.found, setting.name, value))
        self._pen.write(partial(write_setting, path, setting.name, value))
        said = self.found.said[setting.name]
        if said.origin in (PROJECTS, ENVIRONMENT):
            return f"your file says so now, but here {said.told.rpartition('/')[2]} goes before it"
        return "it holds from the next start on" if setting.is_late else ""


class KeysPage(Page):
    """A line for each key."""

    name = "keys"

    @property
    def id(self) -> str:
        """The one under the cursor."""
        return every_key()[self.cursor][1].id

    @property
    def _keymap(self) -> Keymap:
        return self.found.keymap

    def rows(self, cells: int) -> tuple[Line, ...]:
        """A head, and a line for each key."""
        return key_rows(self._keymap, cells)

    def about(self, cells: int) -> Sequence[Line]:
        """What it does, and which key it usually is."""
        return key_about(*every_key()[self.cursor], self._keymap, cells)

    def as_typed(self) -> str:
        """The keys it has."""
        return ",".join(self._keymap.keys(every_key()[self.cursor][1]))

    def keep(self, text: str) -> str:
        """Keys, with commas; nothing for none."""
        return self._bind(text)

    def press(self, key: str, *, is_more: bool) -> str:
        """The key that was pressed for it, or one more."""
        before = self.as_typed() if is_more else ""
        return self._bind(f"{before},{key}" if before else key)

    def usual(self) -> str:
        """The key of the table again."""
        return self._bind(None)

    def _bind(self, text: str | None) -> str:
        path, id_ = self.file(), self.id
        found = with_key(self.found, id_, text)
        self._holder.change(found)
        self._pen.write(partial(write_key, path, id_, found.keymap.chosen.get(id_)))
        return f"{id_} is {found.keymap.written(id_)} now"
