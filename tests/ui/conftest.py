"""A dashboard over a store in memory, and a way to wait for what it shows."""

import os
import time
from collections.abc import Callable

import pytest
from story import NOW, Story

from trainui.ui.app import Dashboard
from trainui.ui.settings import Settings

os.environ["TZ"] = "UTC"
time.tzset()

IN_EVERY_LOOK = pytest.mark.parametrize(
    ("size", "look"),
    [
        ((80, 24), {}),
        ((120, 36), {}),
        ((120, 36), {"dark": False}),
        ((200, 55), {}),
        ((80, 24), {"ascii": True}),
    ],
    ids=["80x24", "120x36", "120x36-light", "200x55", "80x24-ascii"],
)
"""A picture of a screen on a small, a usual and a wide terminal, in both themes, and in ASCII."""


async def until(pilot, condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Let the app work until the condition is a fact."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never became true; the screen shows {pilot.app.screen!r}"
        await pilot.pause(0.01)


async def settle(pilot) -> None:
    """Let the app work until the newest look is on the screen."""
    bridge = pilot.app.bridge
    for _ in range(3):
        await until(pilot, lambda: bridge.snapshot.look == bridge.wanted and bridge.snapshot.ready)
        await pilot.pause()


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def dashboard(story):
    """Makes a dashboard over the story; its clock stands still."""

    def make(over: Story | None = None, **settings) -> Dashboard:
        return Dashboard(over or story, title="boundary", settings=Settings(**settings), clock=lambda: NOW)

    return make
