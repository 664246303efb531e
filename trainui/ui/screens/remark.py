"""One line to type beside a run: a note, or tags to give and to take away."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import TrainuiError
from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Span, line, safe, wrap
from trainui.ui.screens.dialog import Dialog
from trainui.ui.undo import Undo, opposite
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper


class Remark(Dialog[None]):
    """A field and what is to be said about it. A subclass says what is kept."""

    CSS_PATH = ["dialog.tcss", "start.tcss"]  # noqa: RUF012 (Textual's own annotation)
    BINDINGS = keys.bindings(keys.REMARK)
    TITLE_OF = ""

    said = query_one("#said", Paper)
    field = query_one("#params", Field)

    def __init__(self, bridge: Bridge, view: RunView) -> None:
        super().__init__()
        self._bridge, self._view = bridge, view

    @property
    def hint(self) -> str:
        """What may be typed."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The line, and below it what is to be said about it."""
        with Vertical(classes="box wide") as box:
            box.border_title = line(f"{self.TITLE_OF} {safe(self._view.run)}")[0].text
            yield Field(id="params", compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Say what may be typed, for the width there is."""
        self.call_after_refresh(self._say, self.hint, "dim")

    def _say(self, text: str, tone: str) -> None:
        self.said.show(wrap(line(Span(safe(text), tone)), self.field.outer_size.width or 60))

    def on_input_changed(self) -> None:
        """What was wrong may be right now."""
        self._say(self.hint, "dim")

    def on_input_submitted(self) -> None:
        """Enter in the line."""
        self.action_go()

    def action_go(self) -> None:
        """Keep what was typed; nothing is kept of nothing."""
        if self.field.value.strip():
            self.keep(self.field.value.strip())
        else:
            self._say("nothing is typed yet", "dim")

    def keep(self, text: str) -> None:
        """Ask for it; the dialog stays until it is kept."""
        raise NotImplementedError

    def refused(self, error: TrainuiError) -> None:
        """Say why, below the line."""
        if self.is_current:
            self._say(str(error), "bad")
        else:
            self._bridge.tell(error.message, error.hint, "error")

    def action_close(self) -> None:
        """Keep nothing."""
        self.dismiss()


class Note(Remark):
    """A remark."""

    TITLE_OF = "a note beside"

    @property
    def hint(self) -> str:
        """How it is kept."""
        key = keymap_of(self.app).first
        return f"{key('remark.go')} keeps it beside the run, {key('remark.close')} does not"

    def keep(self, text: str) -> None:
        """Keep it."""
        run = self._view.run

        def kept(_: None) -> None:
            self._bridge.tell(f"{run}: {text}", title="noted")
            self.dismiss()

        self._bridge.ask_in_turn(lambda actions: actions.note(run, text), kept, self.refused)


class Tag(Remark):
    """Tags, `best -old`."""

    TITLE_OF = "tags of"

    def __init__(self, bridge: Bridge, view: RunView, undo: Undo) -> None:
        super().__init__(bridge, view)
        self._undo = undo

    @property
    def hint(self) -> str:
        """What it has, and what may be typed."""
        now = f"it has {' '.join(self._view.tags)}; " if self._view.tags else ""
        back = keymap_of(self.app).first("remark.close")
        return f"{now}best puts a tag on it, -old takes one away, {back} keeps nothing"

    def keep(self, text: str) -> None:
        """Change them, and remember how to change them back."""
        run, bridge, undo = self._view.run, self._bridge, self._undo

        def kept(changes: list[str]) -> None:
            told = f"{run}: {' '.join(changes)}" if changes else f"{run} has its tags already so"
            bridge.tell(told)
            if changes:
                back = opposite(changes)
                undo.keep(told, lambda: bridge.ask_in_turn(lambda a: a.tag(run, back), lambda _: None))
            self.dismiss()

        bridge.ask_in_turn(lambda actions: list(actions.tag(run, text.split())), kept, self.refused)
