"""Who comes back to a dashboard: what happened meanwhile, and which runs were not looked at since."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from trainui.core.away.model import Away
    from trainui.ui.bridge import Bridge
    from trainui.ui.source import Snapshot

LONG = 15 * 60.0
"""Seconds after which somebody was away."""
USUAL = 12 * 3600.0
"""Seconds that are told of where nobody knows when the dashboard was left."""


class Returning:
    """Tells one dashboard's person what was not seen, when they come back and when they ask."""

    def __init__(self, app: App[Any], bridge: Bridge) -> None:
        self._app, self._bridge = app, bridge
        self._left_at: float | None = None
        self._waits = False

    def begin(self, left_at: float | None) -> None:
        """Tell once the store is read. `left_at`: when the dashboard was left, Unix seconds; None: nobody knows."""
        self._left_at = left_at
        self._waits = left_at is not None
        if self._waits:
            self._bridge.seen.subscribe(self._app, self._welcome, immediate=True)

    def _welcome(self, snapshot: Snapshot) -> None:
        if not snapshot.ready or not self._waits or self._left_at is None:
            return
        self._waits = False
        left_at = self._left_at
        self._bridge.unseen = frozenset(
            view.run for view in snapshot.runs if (view.ended_at or 0.0) > left_at
        )
        if self._bridge.now() - left_at >= LONG:
            self._read(left_at, lambda away: self._show(away) if away.is_news else None)

    def ask(self) -> None:
        """Tell what happened, because somebody asks."""
        since = self._left_at if self._left_at is not None else self._bridge.now() - USUAL
        self._read(since, self._show)

    def _read(self, since: float, then: Callable[[Away], None]) -> None:
        now = self._bridge.now()
        self._bridge.read(lambda reader: reader.away(since, now=now), then)

    def _show(self, away: Away) -> None:
        self._app.call_after_refresh(self._push, away)  # what it will lie on is drawn first

    def _push(self, away: Away) -> None:
        from trainui.ui.screens.away import AwayScreen

        if not isinstance(self._app.screen, AwayScreen):
            self._app.push_screen(AwayScreen(away))
