"""The money strip and the machine strip. Alone: `python -m trainui.ui.widgets.strips`."""

from __future__ import annotations

from collections import deque

from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.views import MachineView
from trainui.ui.present.ink import Span, clip, line, safe
from trainui.ui.present.strips import machine_line, money_line
from trainui.ui.widgets.paper import Paper

HISTORY = 8


class MoneyStrip(Paper):
    """What the machine costs, what was spent, and how long it lasts."""

    DEFAULT_CSS = "MoneyStrip { height: 1; }"

    def __init__(self, title: str = "", *, only_looks: bool = False) -> None:
        super().__init__()
        self._title, self._only_looks = title, only_looks
        self._budget: BudgetView | None = None
        self._now = 0.0

    def fill(self, budget: BudgetView, *, now: float) -> None:
        """Show this budget."""
        self._budget, self._now = budget, now
        self.on_resize()

    def on_resize(self) -> None:
        """More or less of it may fit now."""
        looks = self._only_looks
        self.show(
            [money_line(self._budget, self.size.width, title=self._title, now=self._now, only_looks=looks)]
        )


class MachineStrip(Paper):
    """GPU, processor, memory, disk. Remembers how busy the first GPU was."""

    DEFAULT_CSS = "MachineStrip { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._machine: MachineView | None = None
        self._problem = ""
        self._is_read = False
        self._history: deque[float] = deque(maxlen=HISTORY)

    def fill(self, machine: MachineView | None, *, problem: str = "") -> None:
        """Show this sample, or why nothing new can be known."""
        self._problem, self._is_read = problem, True
        is_new = machine is not None and (self._machine is None or machine.at != self._machine.at)
        if is_new and machine and machine.gpus and machine.gpus[0].utilisation is not None:
            self._history.append(machine.gpus[0].utilisation)
        self._machine = machine
        self.on_resize()

    def on_resize(self) -> None:
        """More or less of it may fit now."""
        if self._problem:
            self.show([clip(line(Span(" " + safe(self._problem), "bad")), self.size.width)])
            return
        if not self._is_read:
            self.show(())
            return
        self.show([machine_line(self._machine, self.size.width, history=tuple(self._history))])


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield MoneyStrip("boundary")
            yield MachineStrip()

        def on_mount(self) -> None:
            budget = BudgetView(
                machine="a100", usd_per_hour=1.29, total_usd=10, spent_usd=4.12, left_usd=5.88
            )
            self.query_one(MoneyStrip).fill(budget, now=0)
            machine = MachineView(
                at=1,
                cpu=0.38,
                cores=16,
                memory_used=21 << 30,
                memory_total=200 << 30,
                disk_free=412 << 30,
                no_gpu_reason="no driver",
            )
            self.query_one(MachineStrip).fill(machine)

    Demo().run()


if __name__ == "__main__":
    _demo()
