"""Change the params of a run that waits. What is wrong with them is said below the line they are typed in."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import TrainuiError, UserError
from trainui.ui import keys
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.keymap import keymap_of
from trainui.ui.params import changed, typed
from trainui.ui.present.ink import Span, line, safe, wrap
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper


class Edit(Dialog[None]):
    """The params of one queued run, as a line to change."""

    CSS_PATH = ["dialog.tcss", "start.tcss"]  # noqa: RUF012 (Textual's own annotation)
    BINDINGS = keys.bindings(keys.EDIT)

    said = query_one("#said", Paper)
    params = query_one("#params", Field)

    def __init__(self, bridge: Bridge, run: str) -> None:
        super().__init__()
        self._bridge = bridge
        self._run = run
        self._known: Mapping[str, object] | None = None

    def compose(self) -> ComposeResult:
        """The line, and below it what is to be said about it."""
        with Vertical(classes="box wide") as box:
            box.border_title = line(f"params of {safe(self._run)}")[0].text
            yield Field(id="params", placeholder="reading…", compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Read what they are now."""
        self._say("reading its params…", "dim")
        run = self._run
        self._bridge.ask(lambda actions: actions.params(run), self._fill, self._refused)

    def _fill(self, known: Mapping[str, object]) -> None:
        self._known = known
        if is_open(self):
            self.params.value = typed(known)
            self.params.cursor_position = len(self.params.value)
            self._say(self._hint if known else "this run has no params so far: key=value adds one", "dim")

    @property
    def _hint(self) -> str:
        key = keymap_of(self.app).first
        return f"{key('edit.go')} changes it, {key('edit.close')} leaves it as it is; a param you leave out stays"

    def _say(self, text: str, tone: str) -> None:
        self.said.show(wrap(line(Span(safe(text), tone)), self.said.size.width or 80))

    def _refused(self, error: TrainuiError) -> None:
        if self.is_current:
            self._say(str(error), "bad")
        else:
            self._bridge.tell(error.message, error.hint, "error")

    def on_input_changed(self) -> None:
        """What was wrong may be right now."""
        if self._known:
            self._say(self._hint, "dim")

    def on_input_submitted(self) -> None:
        """Enter in the line."""
        self.action_go()

    def action_go(self) -> None:
        """Ask for the change; the screen stays until it was made."""
        if self._known is None:
            return
        try:
            params = changed(self.params.value, self._known)
        except UserError as error:
            self._refused(error)
            return
        if not params:
            self._say("nothing is changed yet", "dim")
            return
        run = self._run
        self._say("asking…", "dim")
        self._bridge.ask_in_turn(
            lambda actions: actions.edit(run, params=params), lambda _: self._done(params), self._refused
        )

    def _done(self, params: Mapping[str, str]) -> None:
        self._bridge.tell(f"{self._run}: " + ", ".join(f"{key}={value}" for key, value in params.items()))
        self.dismiss()

    def action_close(self) -> None:
        """Change nothing."""
        self.dismiss()
