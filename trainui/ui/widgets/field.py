"""A line to type in, in which keys act in the order they are pressed. Alone: `python -m trainui.ui.widgets.field`."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class Field(Input):
    """An input whose editing keys act at once.

    Textual inserts letters at once but lets backspace and the arrows travel through the app first. Over a slow
    line, where several keys arrive together, a corrected value would then be submitted wrong (Textual issue 6605).
    """

    async def _on_key(self, event: events.Key) -> None:
        bound = self._bindings.key_to_bindings.get(event.key)
        if bound and not event.is_printable:
            event.stop()
            event.prevent_default()
            await self.run_action(bound[0].action)


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield Field(placeholder="key=value")

    Demo().run()


if __name__ == "__main__":
    _demo()
