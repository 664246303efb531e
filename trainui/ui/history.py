"""All events, for the events screen: read once, then only what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainui.core.store.views import EventView
    from trainui.ui.reader import Reader

HISTORY = 2000
"""The newest events that are kept."""


class History:
    """Reads with one reader, in one thread."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._events: tuple[EventView, ...] = ()

    def read(self) -> tuple[EventView, ...]:
        """The events, oldest first. Raises TrainuiError."""
        after = self._events[-1].id if self._events else 0
        if new := self._reader.events(after=after, limit=HISTORY):
            self._events = (*self._events, *new)[-HISTORY:]
        return self._events
