"""The questions before a run is stopped or paused."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.present.ink import Span, line, safe
from trainui.ui.present.text import duration, usd
from trainui.ui.widgets.paper import Paper


class Confirm(ModalScreen[str]):
    """Answers `stop`, `now` or the empty string."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.CONFIRM)

    def __init__(self, view: RunView, *, now: bool) -> None:
        super().__init__()
        self._view = view
        self._now = now

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box"):
            yield Paper(id="question")

    def on_mount(self) -> None:
        """Ask."""
        view = self._view
        saved = (
            "it gets its stop signal and its grace to save"
            if view.status != "queued"
            else "it leaves the queue"
        )
        verb = "Kill" if self._now else "Stop"
        self.query_one(Paper).show(
            [
                line(f"{verb} ", Span(safe(view.run), "bold"), " ?"),
                line(Span(f"it has run for {duration(view.seconds)} and cost {usd(view.usd)} $", "dim")),
                line(),
                line(Span(" y ", "bold accent"), "stop: " + saved if not self._now else "kill it"),
                line(Span(" X ", "bold accent"), "now: no time to save"),
                line(Span(" n ", "bold accent"), "no, it goes on"),
            ]
        )

    def action_answer(self, answer: str) -> None:
        """Leave with the answer; asked with X, yes means now."""
        self.dismiss("now" if answer and self._now else answer)


def what_a_pause_keeps(view: RunView) -> str:
    """What a pause does not free, in one line that fits into 68 cells."""
    rate = f"{usd(view.usd_per_hour)} $/h goes on" if view.usd_per_hour else "the machine costs on"
    return f"this frees no memory, no GPU and no money: {rate}"


class ConfirmPause(ModalScreen[str]):
    """Answers `pause` or the empty string."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.PAUSE)

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box wide"):
            yield Paper(id="question")

    def on_mount(self) -> None:
        """Ask."""
        self.query_one(Paper).show(
            [
                line("Pause ", Span(safe(self._view.run), "bold"), " ?"),
                line(Span(what_a_pause_keeps(self._view), "warn")),
                line(),
                line(Span(" y ", "bold accent"), "pause it: every process of it stands still, until p again"),
                line(Span(" n ", "bold accent"), "no, it goes on"),
            ]
        )

    def action_answer(self, answer: str) -> None:
        """Leave with the answer."""
        self.dismiss(answer)
