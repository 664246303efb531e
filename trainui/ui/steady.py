"""An app whose keys may come faster than its screens are made and taken away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from traceback import walk_tb

from textual import events
from textual.app import App
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.worker import WorkerFailed

from trainui.ui.palette import open_palette

PATIENCE = 2.0
"""Seconds for which a key waits for a screen to be made."""


class Steady(App[None]):
    """Lets no key come before a screen has its parts, and misses no part of one that is gone."""

    async def on_event(self, event: events.Event) -> None:
        """Keys wait for the screen they are meant for: what it does with them needs its parts."""
        if isinstance(event, events.InputEvent) and not self._screen_stack:
            return  # it is leaving, or not there yet
        if isinstance(event, events.Key) and not self.screen.is_mounted:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.screen._mounted_event.wait(), PATIENCE)
        await super().on_event(event)

    def _handle_exception(self, error: Exception) -> None:
        """A screen that was put away while it was drawn misses its parts: nobody sees it, and nothing is wrong.

        There is no public way to hear of that in this version of Textual.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not (isinstance(cause, NoMatches) and self._was_gone(cause)):
            super()._handle_exception(error)

    def _was_gone(self, error: BaseException) -> bool:
        owners = (frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__))
        stack = self.screen_stack
        return any(isinstance(one, Screen) and one not in stack for one in owners)

    def action_command_palette(self) -> None:
        """A run or a command by name."""
        open_palette(self)
