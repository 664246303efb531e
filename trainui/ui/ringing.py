"""Tells whoever sits at the terminal: a toast, its bell, and what some terminals show as a notification."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import App

from trainui.core.store.outbox import TOAST

if TYPE_CHECKING:
    from trainui.core.store.outbox import Message

TOASTS = 3
"""Messages that come at once and are shown as toasts; all of what they tell is in the events."""
Work = Callable[[Callable[[], str], Callable[[str], None]], None]
"""Does something long in a thread; what it came to is told in Textual's."""


class Ringing:
    """The terminal of one dashboard."""

    def __init__(self, app: App[Any], *, work: Work, tell: Callable[..., None]) -> None:
        """`tell`: shows a toast."""
        self._app, self._work, self._tell = app, work, tell

    def ring(self, messages: Sequence[Message], *, may_bell: bool) -> None:
        """Tell of messages that are new. `may_bell`: whether this person wants to hear a bell."""
        heard = [one for one in messages if TOAST in one.shown]
        for one in heard[-TOASTS:]:
            self._tell(one.text, title=one.kind, severity="warning")
        ways = {way for one in heard for way in one.shown}
        if "bell" in ways and may_bell:
            self._app.bell()
        told = [way for way in ("osc 9", "osc 777") if way in ways]
        if told and not self._app.is_headless and not self._app.is_web:
            from trainui.core.telling.terminal import why_not

            more = f" (and {len(heard) - 1} more)" if len(heard) > 1 else ""
            text = f"{heard[-1].text[:160]}{more}"
            self._work(lambda: why_not(os.environ), lambda why: None if why else self._write(told, text))

    def _write(self, ways: Sequence[str], text: str) -> None:
        """There is no public way to write to the terminal in this version of Textual."""
        from trainui.core.telling.terminal import sequences

        driver = self._app._driver
        if driver is not None:
            driver.write(sequences(ways, text, project="", in_tmux=bool(os.environ.get("TMUX"))))
