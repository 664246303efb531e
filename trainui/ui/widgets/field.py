"""A line to type in, in which keys act in the order they are pressed. Alone: `python -m trainui.ui.widgets.field`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from textual.widgets import Input


class Field(Input):
    """An input whose editing keys act at once.

    Textual inserts letters at once but lets backspace and the arrows travel through the app first. Over a slow
    line, where several keys arrive together, a corrected value would then be submitted wrong (Textual issue 6605).
    """

    is_seen = True

    def on_mount(self) -> None:
        """Blink where one sees it, unless nothing may move: each blink makes Textual lay out everything."""
        self.cursor_blink = self.is_seen and self.app.animation_level != "none"

    async def _on_key(self, event: events.Key) -> None:
        bound = self._bindings.key_to_bindings.get(event.key)
        if bound and not event.is_printable:
            event.stop()
            event.prevent_default()
            await self.run_action(bound[0].action)


class SteadyField(Field):
    """A field that hears every key of its screen, also while it is not in sight.

    Were the focus to come and go, keys that arrive at once would reach field and screen in another order, and
    letters of a name would be taken for commands.
    """

    def __init__(self, heard: Callable[[str], str | None], **widget: Any) -> None:
        """`heard`: key → the screen's action for it now; "" for a key of the field, None for nobody's here."""
        super().__init__(**widget)
        self._heard = heard

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters are the field's only while the screen leaves them to it."""
        return self._heard(key) == "" and super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if not self.screen.is_current:  # it waited here while the key before it closed this screen
            event.stop()
            event.prevent_default()
            self.app.post_message(events.Key(event.key, event.character))
            return
        action = self._heard(event.key)
        if action:
            event.stop()
            event.prevent_default()
            await self.screen.run_action(action)
        elif action is None:
            event.prevent_default()  # no letter for the field; it goes on to the app


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield Field(placeholder="key=value")

    Demo().run()


if __name__ == "__main__":
    _demo()
