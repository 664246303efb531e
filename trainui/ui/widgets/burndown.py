"""The burn-down picture. Alone: `python -m trainui.ui.widgets.burndown`."""

from __future__ import annotations

from typing import Any

from trainui.ui.plot.burndown import Burndown, End, Level, draw
from trainui.ui.widgets.paper import Paper


class BurndownPaper(Paper):
    """How much money was left when, and how long it lasts."""

    DEFAULT_CSS = "BurndownPaper { overflow-y: hidden; }"

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._picture: Burndown | None = None

    def fill(self, picture: Burndown) -> None:
        """Show this picture."""
        self._picture = picture
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the room there is."""
        cells, rows = self.size.width, self.size.height
        if self._picture is not None and cells and rows:
            self.show(draw(self._picture, cells, rows, only_ascii=self.is_ascii))


def _demo() -> None:
    import time

    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield BurndownPaper()

        def on_mount(self) -> None:
            now = time.time()
            points = tuple((now - 10800 + 600 * n, 10 - 0.215 * n) for n in range(19))
            ends = (End(at=now + 1800, label="mlp-2"), End(at=now + 9000, label="money ends", tone="bad"))
            reserve = Level(left=2, label="reserve 2.00")
            picture = Burndown(points=points, now=now, per_hour=1.29, top=10, levels=(reserve,), ends=ends)
            self.query_one(BurndownPaper).fill(picture)

    Demo().run()


if __name__ == "__main__":
    _demo()
