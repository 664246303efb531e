"""A screen with a filter: live as it is typed; a wrong one says where, and leaves what held before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.getters import query_one
from textual.widgets import Input

from trainui.core.filter import FilterError
from trainui.ui.choice import sifted
from trainui.ui.present.sieve import METRIC_WORDS, sieve_line, sieve_title
from trainui.ui.screens.room import Room
from trainui.ui.widgets.sieve import Sieve

if TYPE_CHECKING:
    from trainui.ui.source import Snapshot

_WHILE_TYPED = ("filter.keep", "filter.clear", "filter.up", "filter.down")
"""The keys that do something while a filter is typed; all others are of the field."""


class Sifting(Room):
    """A subclass says what is filtered. Its sieve must be on the screen, and has the focus."""

    NOUN = "metric"
    WORDS = METRIC_WORDS
    AUTO_FOCUS = "SieveField"
    sieve = query_one(Sieve)
    _wrong: FilterError | None = None

    @property
    def kept(self) -> str:
        """The filter that holds."""
        return self.settings.metrics

    def keep(self, text: str) -> None:
        """Let a filter hold from now on. Raises FilterError."""
        sifted((), text)
        self.settings.metrics = text

    @property
    def left(self) -> tuple[int, int]:
        """How many are left, of how many."""
        return len(self.snapshot.metric_names), self.snapshot.metrics_known

    def action_beside(self, by: int) -> None:
        """An arrow while the filter is typed."""

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the filter, None when it is not ours."""
        if self.sieve.is_open:
            return self.keymap.typed(_WHILE_TYPED).get(key, "")
        return self.keymap.action(self.PLACE, key)

    def _hear(self, snapshot: Snapshot) -> None:
        """What is typed may mean something else now."""
        super()._hear(snapshot)
        if self.is_mounted and self.sieve.is_open:
            self._take()

    def action_filter(self) -> None:
        """Begin to type."""
        self.set_focus(self.sieve.field)
        self._turn(is_open=True)

    def action_keep_filter(self) -> None:
        """Close the line; a wrong filter stays open."""
        self._take()
        if self._wrong is None:
            self._turn(is_open=False)

    def action_clear_filter(self) -> None:
        """Everything again."""
        self.keep("")
        self._turn(is_open=False)

    def _turn(self, *, is_open: bool) -> None:
        self._wrong = None
        self.sieve.turn(is_open=is_open, text=self.kept)
        self.set_class(is_open, "-typing")
        self.ask_again()
        self.tell(self.snapshot)
        self.tell_filter()

    def on_input_changed(self, message: Input.Changed) -> None:
        """A letter more or less."""
        message.stop()
        if self.sieve.is_open:
            self._take()

    def _take(self) -> None:
        """What stands in the line holds, unless it is wrong."""
        text, before = self.sieve.text, self.kept
        try:
            self.keep(text)
        except FilterError as error:
            self._wrong = error
        else:
            self._wrong = None
            if text != before:
                self.ask_again()
                self.tell(self.snapshot)
        self.tell_filter()

    def tell_filter(self) -> None:
        """How much the filter leaves, or where it is wrong."""
        if self.sieve.is_open:
            shown, of = self.left
            ends = f"{self.keymap.first('filter.keep')} keeps, {self.keymap.first('filter.clear')} clears"
            told = sieve_line(
                self.sieve.text,
                self._wrong,
                self.size.width,
                shown=shown,
                of=of,
                noun=self.NOUN,
                words=self.WORDS,
                ends=ends,
            )
            self.sieve.say(told)

    def filter_title(self, outside: int = 0) -> str:
        """For the border of what is filtered; empty without a filter."""
        return sieve_title(self.kept, *self.left, self.NOUN, outside)
