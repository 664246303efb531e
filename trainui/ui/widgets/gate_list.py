"""The gates of a run, or the facts about it. Alone: `python -m trainui.ui.widgets.gate_list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainui.core.store.views import GateView, RunDetail
from trainui.ui.present.story import facts, gate_table
from trainui.ui.widgets.paper import Paper


class GateList(Paper):
    """Each gate: rule, value now, verdict, the researcher's words; the why below what needs one."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._gates: tuple[GateView, ...] = ()

    def fill(self, gates: Sequence[GateView]) -> None:
        """Show these gates, the worst first."""
        self._gates = tuple(gates)
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the width there is."""
        self.show(gate_table(self._gates, self.cells))


class Facts(Paper):
    """What was run: command, params, folder, checkpoints."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._detail: RunDetail | None = None
        self._now = 0.0

    def fill(self, detail: RunDetail, *, now: float) -> None:
        """Show this run."""
        self._detail, self._now = detail, now
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the width there is."""
        self.show(facts(self._detail, self.cells, now=self._now) if self._detail else ())


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield GateList()

        def on_mount(self) -> None:
            gate = GateView(gate="mae-100", role="criterion", run="mlp-2", verdict="passed", at_epoch=29, value=86.4,
                            rule="best(val/mae) < 100", quote="Best model achieves <100ms MAE?")  # fmt: skip
            self.query_one(GateList).fill([gate])

    Demo().run()


if __name__ == "__main__":
    _demo()
