"""`make pictures`: pictures of the dashboard into docs/pictures, over a store that is made up and always the same."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot

from tests.gate_pictures import write
from tests.picture_store import BOOT, NOW, make
from trainui.ui.app import Dashboard
from trainui.ui.hands import DashboardClient
from trainui.ui.settings import Settings
from trainui.ui.store_source import StoreSource

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
STORIES = {
    "overview": ((120, 36), True, ()),
    "small": ((80, 24), True, ()),
    "overview-light": ((120, 36), False, ("a", "left", "ctrl+left", "ctrl+left")),
    "tripped": ((120, 36), True, ("G", "enter")),
    "gates": ((120, 36), True, ("G", "g")),
    "compare": ((120, 36), True, ("a", "v", "2")),
    "budget": ((120, 36), True, ("b", "5")),
    "budget-light": ((120, 36), False, ("b", "8")),
}
"""Name → terminal size, dark, keys pressed before the picture."""


class Still(StoreSource):
    """The store alone: no manager is started for a picture."""

    def actions(self) -> DashboardClient:
        """A client that starts nothing."""
        found = super().actions()
        found.ensure_manager = lambda: None  # type: ignore[method-assign]
        return found


async def _settle(app: Dashboard, pilot: Pilot[None]) -> None:
    """Until the newest look is on the screen."""
    for _ in range(3):
        for _ in range(400):
            await pilot.pause(0.02)
            if app.snapshot.ready and app.snapshot.look == app.bridge.wanted:
                break
        else:
            sys.exit(f"the dashboard never settled: {app.snapshot.problem or app.screen!r}")


async def take(project: Path, name: str, folder: Path = FOLDER) -> Path:
    """Open the dashboard, press the keys, keep the picture; its file."""
    size, dark, keys = STORIES[name]
    source = Still(project, project / "runs.db")
    app = Dashboard(source, title="boundary", settings=Settings(dark=dark), clock=lambda: NOW)
    async with app.run_test(size=size) as pilot:
        await _settle(app, pilot)
        for key in keys:
            await pilot.press(key)
            await _settle(app, pilot)
        picture = app.export_screenshot(title="trainui")
    # no font from elsewhere: a picture must not fetch anything when it is looked at
    picture = re.sub(r"@font-face\s*\{.*?\}", "", picture, flags=re.DOTALL)
    picture = picture.replace("Fira Code", "ui-monospace, DejaVu Sans Mono")
    # one name whatever was drawn before: a picture that is the same is the same file
    picture = re.sub(r"terminal-\d+", "terminal", picture)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(picture)
    return folder / f"{name}.svg"


def main() -> None:
    """All of the pictures, or those named; `gates`: those of docs/gates.md, which need no store."""
    if sys.argv[1:] == ["gates"]:
        print(*write(FOLDER), sep="\n")
        return
    os.environ["TZ"] = "UTC"
    time.tzset()
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("time.time", lambda: NOW),
        patch("time.clock_gettime", lambda _: BOOT),
    ):
        project = Path(folder) / "boundary"
        make(project)
        os.chdir(project)
        for name in sys.argv[1:] or STORIES:
            print(asyncio.run(take(project, name)))


if __name__ == "__main__":
    main()
