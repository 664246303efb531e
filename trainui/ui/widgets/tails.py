"""The ends of the event list and of a log. Alone: `python -m trainui.ui.widgets.tails`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainui.core.store.views import EventView
from trainui.ui.present.ink import Span, clip, line, safe
from trainui.ui.present.story import event_lines
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.present.ink import Line


READING = (line(Span(" reading…", "dim")),)


class EventTail(Paper):
    """What happened, the newest last. Without `names` the run of each event is left out."""

    def __init__(self, *, names: bool = True, **widget: Any) -> None:
        super().__init__(follow=True, **widget)
        self._names = names
        self._events: tuple[EventView, ...] | None = None
        """None until somebody has read them."""
        self._colours: Mapping[str, int] = {}
        self._now = 0.0

    def fill(self, events: Sequence[EventView], *, colours: Mapping[str, int], now: float) -> None:
        """Show these events, oldest first."""
        self._events, self._colours, self._now = tuple(events), colours, now
        self._redraw()

    def on_resize(self) -> None:
        """Draw for the width there is, the end in sight."""
        self._redraw()
        if self.follow:
            self.to_end()

    def _redraw(self) -> None:
        if self._events is None:
            self.show(READING)
            return
        lines = event_lines(self._events, self.cells, now=self._now, colours=self._colours, names=self._names)
        self.show(lines or [line(Span(" nothing has happened yet", "dim"))])


class LogTail(Paper):
    """The last lines a run printed, as data: nothing in them can style or drive the terminal."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(follow=True, **widget)
        self._log: tuple[str, ...] | None = None
        """None until somebody has read it."""

    def fill(self, log: Sequence[str]) -> None:
        """Show these lines, oldest first."""
        self._log = tuple(log)
        self._redraw()

    def on_resize(self) -> None:
        """Draw for the width there is, the end in sight."""
        self._redraw()
        if self.follow:
            self.to_end()

    def _redraw(self) -> None:
        if self._log is None:
            self.show(READING)
            return
        lines: list[Line] = [clip(line(" ", safe(text)), self.cells) for text in self._log]
        self.show(lines or [line(Span(" nothing was printed yet", "dim"))])


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield EventTail()
            yield LogTail()

        def on_mount(self) -> None:
            event = EventView(id=1, at=0, run="mlp-2", kind="gate", text="mae-improving: warn [red]")
            self.query_one(EventTail).fill([event], colours={"mlp-2": 1}, now=0)
            self.query_one(LogTail).fill(
                ["[bold]not bold[/bold]", "\x1b[31mnot red\x1b[0m", "epoch 3 loss 0.2"]
            )

    Demo().run()


if __name__ == "__main__":
    _demo()
