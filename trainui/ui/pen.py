"""Writes a person's file behind the keys: in a thread, one change after the other, as a home may lie on a slow disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from trainui.core.errors import TrainuiError
from trainui.ui.bridge import Bridge

Change = Callable[[], None]


class Pen:
    """`failed` is told when a change could not be written; those behind it are dropped."""

    def __init__(self, bridge: Bridge, failed: Callable[[TrainuiError], None]) -> None:
        self._bridge, self._failed = bridge, failed
        self._changes: deque[Change] = deque()

    def write(self, change: Change) -> None:
        """Make a change that may raise TrainuiError, after those before it."""
        self._changes.append(change)
        if len(self._changes) == 1:
            self._next()

    def _next(self) -> None:
        change = self._changes[0]
        self._bridge.work(lambda: _tried(change), self._done)

    def _done(self, error: TrainuiError | None) -> None:
        self._changes.popleft()
        if error is not None:
            self._changes.clear()
            self._failed(error)
        elif self._changes:
            self._next()


def _tried(change: Change) -> TrainuiError | None:
    """Make a change; what went wrong."""
    try:
        change()
    except TrainuiError as error:
        return error
    return None
