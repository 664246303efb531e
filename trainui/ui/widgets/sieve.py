"""The line a filter is typed in, with what it tells below. Alone: `python -m trainui.ui.widgets.sieve`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.getters import query_one

from trainui.ui.present.ink import Span, line
from trainui.ui.present.sieve import PROMPT
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.present.ink import Line


class SieveField(SteadyField):
    """The words of a filter."""

    is_typed = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While nothing is typed the keys are the screen's, also in the footer."""
        del action, parameters
        return self.is_typed


class Sieve(Vertical):
    """Closed it takes no room, and hears the keys of its screen all the same."""

    DEFAULT_CSS = """
    Sieve { height: 0; background: $panel; }
    Sieve.-open { height: 2; }
    Sieve Horizontal { height: 1; }
    Sieve Paper { height: 1; overflow-y: hidden; }
    Sieve #prompt { width: 3; }
    Sieve SieveField { width: 1fr; background: $panel; }
    """

    prompt = query_one("#prompt", Paper)
    field = query_one(SieveField)
    said = query_one("#said", Paper)

    def __init__(self, heard: Callable[[str], str | None]) -> None:
        """`heard`: key → the screen's action for it now; see `SteadyField`."""
        super().__init__()
        self._heard = heard
        self.is_open = False

    def compose(self) -> ComposeResult:
        """The words, and what is said of them."""
        with Horizontal():
            yield Paper(id="prompt")
            yield SieveField(self._heard, compact=True)
        yield Paper(id="said")

    def on_mount(self) -> None:
        """Write the prompt."""
        self.prompt.show([line(Span(PROMPT, "bold accent"))])

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.field.value

    def turn(self, *, is_open: bool, text: str) -> None:
        """Open it with these words, or close it."""
        self.is_open = self.field.is_typed = is_open
        self.set_class(is_open, "-open")
        with self.prevent(SieveField.Changed):
            self.field.value = text
        self.field.cursor_position = len(text)

    def say(self, said: Line) -> None:
        """Tell something below the words."""
        self.said.show([said])


def _demo() -> None:
    from textual.app import App

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield Sieve(lambda key: "")

        def on_mount(self) -> None:
            sieve = self.query_one(Sieve)
            sieve.turn(is_open=True, text="mlp status:running")
            sieve.say(line(Span("   7 of 50 runs", "dim")))

    Demo().run()


if __name__ == "__main__":
    _demo()
