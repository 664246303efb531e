"""The questions before a run is stopped or paused."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from trainui.core.run import Status
from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Span, line, safe
from trainui.ui.present.text import duration, money, sign, usd
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.paper import Paper


def stop_choices(view: RunView, *, now: bool) -> list[tuple[str, str, str]]:
    """(key, answer, what it says) for each key that does something; `now`: asked with X."""
    if view.status is Status.QUEUED:
        return [("y", "stop", "stop: it leaves the queue"), ("n", "", "no, it stays in the queue")]
    no = {
        Status.STOPPING: "leave it to its grace",
        Status.PAUSED: "no, it stays paused",
    }.get(view.status, "no, it goes on")
    if now:
        return [("y", "now", "kill it now: no time to save"), ("n", "", no)]
    kill = ("X", "now", "now: no time to save")
    if view.status is Status.STOPPING:
        return [kill, ("n", "", no)]
    return [("y", "stop", "stop: it gets its stop signal and its grace to save"), kill, ("n", "", no)]


class Confirm(Dialog[str]):
    """Answers `stop`, `now` or the empty string."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.CONFIRM)

    def __init__(self, view: RunView, *, now: bool, currency: str = "USD") -> None:
        super().__init__()
        self._view, self._currency = view, currency
        self._choices = stop_choices(view, now=now)
        self._verb = "Kill" if now and view.status is not Status.QUEUED else "Stop"

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box"):
            yield Paper(id="question")

    def on_mount(self) -> None:
        """Ask."""
        view = self._view
        told = f"it has run for {duration(view.seconds)} and cost {money(view.usd, self._currency)}"
        if view.status is Status.QUEUED:
            told = "it has not started"
        elif view.status is Status.STOPPING:
            told = f"it is being stopped already; {told}"
        self.query_one("#question", Paper).show(
            [
                line(f"{self._verb} ", Span(safe(view.run), "bold"), " ?"),
                line(Span(told, "dim")),
                line(),
                *(
                    line(Span(f" {self._written(key)} ", "bold accent"), says)
                    for key, _, says in self._choices
                ),
            ]
        )

    def _written(self, key: str) -> str:
        return keymap_of(self.app).first({"y": "confirm.yes", "X": "confirm.now", "n": "confirm.no"}[key])

    def action_answer(self, key: str) -> None:
        """Leave with the answer of a key that is offered; others do nothing."""
        for offered, answer, _ in self._choices:
            if key == offered:
                self.dismiss(answer)


def what_a_pause_keeps(view: RunView, currency: str = "USD") -> str:
    """What a pause does not free, in one line that fits into 68 cells."""
    rate = (
        f"{usd(view.usd_per_hour)} {sign(currency)}/h goes on"
        if view.usd_per_hour
        else "the machine costs on"
    )
    return f"this frees no memory, no GPU and no money: {rate}"


class ConfirmPause(Dialog[str]):
    """Answers `pause` or the empty string."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.PAUSE)

    def __init__(self, view: RunView, currency: str = "USD") -> None:
        super().__init__()
        self._view, self._currency = view, currency

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box wide"):
            yield Paper(id="question")

    def on_mount(self) -> None:
        """Ask."""
        key = keymap_of(self.app).first
        goes_on = f"pause it: every process of it stands still, until {key('run.pause')} again"
        self.query_one("#question", Paper).show(
            [
                line("Pause ", Span(safe(self._view.run), "bold"), " ?"),
                line(Span(what_a_pause_keeps(self._view, self._currency), "warn")),
                line(),
                line(Span(f" {key('pause.yes')} ", "bold accent"), goes_on),
                line(Span(f" {key('pause.no')} ", "bold accent"), "no, it goes on"),
            ]
        )

    def action_answer(self, answer: str) -> None:
        """Leave with the answer."""
        self.dismiss(answer)
