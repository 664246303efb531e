"""The gates of a run, or the facts about it. Alone: `python -m trainui.ui.widgets.gate_list`."""

from __future__ import annotations

from typing import Any

from trainui.core.store.views import GateView, RunDetail
from trainui.ui.opened import Opened
from trainui.ui.present.facts import facts
from trainui.ui.present.gates import Group, grouped
from trainui.ui.widgets.paper import Paper


class GateList(Paper):
    """Each gate: rule, value now, verdict, the researcher's words; below it why, what was done, what is asked."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._groups: tuple[Group, ...] = ()

    def fill(self, *groups: Group) -> None:
        """Show these groups of gates, in each the worst first; the first is the run's own."""
        self._groups = groups
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the width there is."""
        self.show(grouped(self._groups, self.cells))


class Facts(Paper):
    """What was run: command, params, folder, checkpoints."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._detail: RunDetail | None = None
        self._opened: Opened | None = None
        self._now = 0.0

    def fill(self, detail: RunDetail, *, opened: Opened | None = None, now: float) -> None:
        """Show this run."""
        self._detail, self._opened, self._now = detail, opened, now
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the width there is."""
        self.show(facts(self._detail, self.cells, opened=self._opened, now=self._now) if self._detail else ())


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield GateList()

        def on_mount(self) -> None:
            gate = GateView(
                gate="mae-100",
                role="criterion",
                run="mlp-2",
                verdict="passed",
                at_epoch=29,
                value=86.4,
                rule="best(val/mae) < 100",
                quote="Best model achieves <100ms MAE?",
            )
            self.query_one(GateList).fill(Group(gates=(gate,)))

    Demo().run()


if __name__ == "__main__":
    _demo()
