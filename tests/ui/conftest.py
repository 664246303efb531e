"""A dashboard over a store in memory, and ways to wait for what it does and shows."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from story import NOW, Story
from textual import app as textual_app
from textual import pilot as textual_pilot
from textual._context import active_app
from textual._wait import SLEEP_GRANULARITY, SLEEP_IDLE
from textual.css.stylesheet import Stylesheet

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
ENDLESS = 0.5
"""Seconds of processor time after which a thread that still works is not waited for."""


def works_aside(app) -> list[asyncio.Task]:
    """What threads still do for the app: actions, reads, and the next look, after which that thread rests."""
    bridge = getattr(app, "bridge", None)
    rests = bridge is None or (bridge._wake._cond._waiters and not bridge._wake.is_set())
    busy = [one for one in app.workers if not one.is_finished and not (rests and one.group == "bridge")]
    return [one._task for one in busy if one._task]


def wants_processor() -> bool:
    """Whether a thread beside this one would run if it were let."""
    own = str(threading.get_native_id())
    for one in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            if one.name != own and (one / "stat").read_text().rpartition(")")[2].split()[0] != "S":
                return True
    return False


async def be_idle(_: float = 0) -> None:
    """Until an app has done all it can without time going by: nothing is ready, drawn late or done aside.

    Textual's own way sleeps until the process has used no processor for 20 ms, or for a second. Here that is only
    what lets one go on beside a thread that waits for something, or that has no end, as a test may want it.
    """
    app, loop, worked = active_app.get(), asyncio.get_running_loop(), 0.0
    end = time.monotonic() + 60
    while True:
        assert time.monotonic() < end, f"never at rest: {app.screen!r}"
        await asyncio.sleep(0)
        late = [one for one in app._screen_stack if one._update_timer._active.is_set()]
        for screen in late if not loop._ready else ():
            screen._on_timer_update()
        if app._resize_timer is not None:
            app._check_resize()
        aside = works_aside(app)
        if loop._ready or late:
            continue
        if not aside:
            return
        used, still = time.process_time(), time.monotonic() + SLEEP_GRANULARITY
        while works_aside(app) and time.monotonic() < still:
            await asyncio.wait(aside, timeout=SLEEP_GRANULARITY / 10)
        used = time.process_time() - used
        worked += used
        waits = used < SLEEP_IDLE and not wants_processor()
        if (waits or worked > ENDLESS) and not loop._ready:
            return


textual_app.wait_for_idle = textual_pilot.wait_for_idle = be_idle

parse_rules, PARSED = Stylesheet._parse_rules, {}


def parse_once(sheet, *css, **how):
    """The same style sheet with the same variables means the same in every app: parsing is a tenth of a short test."""
    key = (css, *sorted(how.items()), *sorted(sheet._variables.items()))
    if key not in PARSED:
        PARSED[key] = parse_rules(sheet, *css, **how)
    return PARSED[key]


Stylesheet._parse_rules = parse_once


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
