"""`make pictures`: pictures of the dashboard over this project's own runs.db, into docs/pictures.

Take them while `make demo` trains: what stands in them is then what a person sees.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tests.gate_pictures import write
from trainui.ui.app import Dashboard
from trainui.ui.settings import Settings
from trainui.ui.store_source import StoreSource

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
STORIES = {
    "overview": ((120, 36), True, ()),
    "small": ((80, 24), True, ()),
    "budget": ((120, 36), True, ("b", "5")),
}
"""Name → terminal size, dark, keys pressed before the picture."""


async def take(name: str, size: tuple[int, int], *, dark: bool, keys: tuple[str, ...]) -> None:
    """Open the dashboard, press the keys, keep the picture."""
    source = StoreSource(ROOT, ROOT / "runs.db")
    app = Dashboard(source, title="boundary", settings=Settings(dark=dark))
    async with app.run_test(size=size) as pilot:
        for _ in range(100):
            await pilot.pause(0.05)
            if app.snapshot.runs:
                break
        for key in keys:
            await pilot.press(key)
        await pilot.pause(1.0)
        FOLDER.mkdir(parents=True, exist_ok=True)
        picture = app.export_screenshot(title="trainui")
        # no font from elsewhere: a picture must not fetch anything when it is looked at
        (FOLDER / f"{name}.svg").write_text(re.sub(r"@font-face\s*\{.*?\}", "", picture, flags=re.DOTALL))


def main() -> None:
    """All of the pictures, or those named; `gates`: those of docs/gates.md, which need no runs.db."""
    if sys.argv[1:] == ["gates"]:
        print(*write(FOLDER), sep="\n")
        return
    if not (ROOT / "runs.db").exists():
        sys.exit("there is nothing to take a picture of: make demo")
    wanted = sys.argv[1:] or list(STORIES)
    for name in wanted:
        size, dark, keys = STORIES[name]
        asyncio.run(take(name, size, dark=dark, keys=keys))
        print(FOLDER / f"{name}.svg")


if __name__ == "__main__":
    main()
