"""What must not be missed: a command that is about to be run. Alone: `python -m trainui.ui.widgets.banner`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainui.core.store.moneyviews import BudgetView, CountdownView
from trainui.ui.keymap import offered
from trainui.ui.present.money import banner
from trainui.ui.widgets.paper import Paper


class Banner(Paper):
    """Counts a countdown down by itself: a second that passes repaints its one line, and nothing is read."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 3; display: none; background: $panel; overflow-y: hidden; }
    Banner.-says { display: block; }
    Banner.-over { dock: top; }
    """

    def __init__(self, clock: Callable[[], float], **widget: Any) -> None:
        super().__init__(**widget)
        self._clock = clock
        self._budget = BudgetView()

    def on_mount(self) -> None:
        """Count by the second."""
        self.set_interval(1.0, self.tick)

    def fill(self, budget: BudgetView) -> None:
        """Tell of this budget."""
        self._budget = budget
        self._draw()

    def on_resize(self) -> None:
        """More or fewer words fit."""
        self._draw()

    def tick(self) -> None:
        """A second has passed."""
        if self._budget.countdown is not None:
            self._draw()

    def _draw(self) -> None:
        cells, key = self.size.width or self.app.size.width, offered(self.app, "app.cancel")
        lines = banner(self._budget, cells, now=self._clock(), key=key)
        self.set_class(bool(lines), "-says")
        self.show(lines)


def _demo() -> None:
    import time

    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield Banner(time.time)

        def on_mount(self) -> None:
            view = CountdownView(
                kind="idle", reason="idle 12 min", command=("poweroff",), at=time.time() + 90
            )
            self.query_one(Banner).fill(BudgetView(countdown=view, problem="trainui.toml:3: not valid TOML"))

    Demo().run()


if __name__ == "__main__":
    _demo()
