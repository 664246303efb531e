"""A page of a log, on which the wheel leafs. Alone: `python -m trainui.ui.widgets.log_paper`."""

from __future__ import annotations

from textual import events
from textual.message import Message

from trainui.ui.widgets.paper import Paper

WHEEL = 3
"""Lines that the wheel moves."""


class LogPaper(Paper):
    """A page of the log. The wheel moves on in the log, not in what is drawn."""

    class Wheeled(Message):
        """The wheel was turned, down or up."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        event.stop()
        self.post_message(self.Wheeled(WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        event.stop()
        self.post_message(self.Wheeled(-WHEEL))


def _demo() -> None:
    from textual.app import App, ComposeResult

    from trainui.ui.present.log import row_lines

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield LogPaper()

        def on_mount(self) -> None:
            text = "epoch 3 loss 0.2 " * 20
            self.query_one(LogPaper).show(row_lines(text, self.size.width, wraps=True, words="loss"))

    Demo().run()


if __name__ == "__main__":
    _demo()
