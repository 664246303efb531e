"""Answer a question that a gate asks: yes or no, and a note for those who read it later."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import TrainuiError
from trainui.core.store.subjects import subject_of
from trainui.core.store.views import GateView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.screens.dialog import Dialog
from trainui.ui.source import Snapshot
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

_WHILE_NOTED = ("answer.go", "answer.back")
"""The keys that do something while a note is typed; all others are of the field."""


def questions(snapshot: Snapshot, run: str) -> tuple[GateView, ...]:
    """What people are asked about a run, and about its study."""
    view = snapshot.run(run)
    study = subject_of(view.study) if view is not None else ""
    gates = (*snapshot.gates, *snapshot.across)
    return tuple(gate for gate in gates if gate.run in (run, study) and gate.is_open_question)


class NoteField(SteadyField):
    """The note beside an answer."""

    BINDINGS = keys.bindings(keys.NOTE)


class Answer(Dialog[None]):
    """First yes or no, then a note, which may be empty."""

    CSS_PATH = ["dialog.tcss", "answer.tcss"]  # noqa: RUF012 (Textual's own annotation)
    PLACE = "answer"
    BINDINGS = keys.bindings(keys.ANSWER)
    AUTO_FOCUS = "#note"

    question = query_one("#question", Paper)
    field = query_one("#note", NoteField)
    said = query_one("#said", Paper)

    def __init__(self, bridge: Bridge, asked: Sequence[GateView]) -> None:
        super().__init__()
        self._bridge = bridge
        self._asked = tuple(asked)
        self._at = 0
        self._yes: bool | None = None
        """What was said; None while it is asked."""

    @property
    def gate(self) -> GateView:
        """The question in sight."""
        return self._asked[self._at]

    def compose(self) -> ComposeResult:
        """The question, the note, what is to be said about it."""
        with Vertical(classes="box wide"):
            yield Paper(id="question")
            yield NoteField(self.action_of, id="note", placeholder="a note, or nothing", compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Ask, for the width there is."""
        self.call_after_refresh(self._ask)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._ask)

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the note, None when it is not ours."""
        if self._yes is not None:
            return keymap_of(self.app).typed(_WHILE_NOTED).get(key, "")
        return keymap_of(self.app).action(self.PLACE, key)

    def _ask(self) -> None:
        cells = self.question.cells or 60
        gate = self.gate
        rows: list[Line] = list(wrap(line(Span(safe(gate.rule.removeprefix("asks: ")), "bold")), cells))
        rows += wrap(line(Span(f"“{safe(gate.quote)}”" if gate.quote else "", "quote")), cells)
        count = f"  {self._at + 1} of {len(self._asked)}" if len(self._asked) > 1 else ""
        rows += [line(Span(f"{safe(gate.gate)} of {safe(gate.run)}{count}", "dim")), line()]
        if self._yes is None:
            key = keymap_of(self.app).first
            choices = [(key("answer.yes"), "yes"), (key("answer.no"), "no")]
            choices += [(key("answer.next"), "the next question")] if len(self._asked) > 1 else []
            rows += [line(Span(f" {key} ", "bold accent"), says) for key, says in choices]
        else:
            word = "yes" if self._yes else "no"
            rows.append(line(Span(word, "bold accent"), Span(", and for those who read it later:", "dim")))
        self.question.show(rows)
        self.set_class(self._yes is not None, "-noting")

    def _say(self, text: str, tone: str = "dim") -> None:
        self.said.show(wrap(line(Span(safe(text), tone)), self.said.size.width or 80))

    def action_say(self, answer: str) -> None:
        """Take yes or no; the note comes next."""
        if self._yes is None:
            self._yes = answer == "yes"
            key = keymap_of(self.app).first
            self._say(f"{key('answer.go')} answers, {key('answer.back')} goes back")
            self._ask()

    def action_next(self) -> None:
        """The next question."""
        self._at = (self._at + 1) % len(self._asked)
        self._ask()

    def action_back(self) -> None:
        """Back to the question, or away from it."""
        if self._yes is None:
            self.dismiss()
            return
        self._yes = None
        self._say("")
        self._ask()

    def action_go(self) -> None:
        """Answer; the screen stays until the answer was taken."""
        if self._yes is None:
            return
        run, gate, yes, note = self.gate.run, self.gate.gate, self._yes, self.field.value.strip()
        self._say("answering…")
        self._bridge.ask(
            lambda actions: actions.answer(run, gate, yes=yes, note=note),
            lambda _: self._done(gate, yes=yes),
            self._refused,
        )

    def _done(self, gate: str, *, yes: bool) -> None:
        self._bridge.tell(f"{gate}: {'yes' if yes else 'no'}")
        self.dismiss()

    def _refused(self, error: TrainuiError) -> None:
        if self.is_current:
            self._say(str(error), "bad")
        else:
            self._bridge.tell(error.message, error.hint, "error")
