"""What dialogs that queue runs share: the line of params, what is wrong with it, the cost, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.getters import query_one
from textual.timer import Timer

from trainui.core.errors import TrainuiError, UserError
from trainui.ui.acts import StartWish
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.present.jobs import several_lines
from trainui.ui.present.money import fit_lines
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.paper import Paper

COST_AFTER = 0.2
"""Seconds that a choice stands before it is reckoned what it would cost."""


class Choosing(Dialog[None]):
    """A subclass says what is to be queued, and whether anything was typed."""

    CSS_PATH = ["dialog.tcss", "start.tcss"]  # noqa: RUF012 (Textual's own annotation)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 (Textual's own annotation)

    KEYS = ""
    """What the IDs of its keys begin with."""

    cost = query_one("#cost", Paper)
    params = query_one("#params", Field)
    said = query_one("#said", Paper)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._asked: tuple[StartWish, ...] = ()
        """What was last asked for its cost; an answer to anything else comes too late."""
        self._reckoning: Timer | None = None
        self.is_warned = False
        """Whether the next esc throws away what was typed."""

    def key(self, name: str) -> str:
        """The first key of something that can be done here, as people write it."""
        return keymap_of(self.app).first(f"{self.KEYS}.{name}")

    def wishes(self) -> tuple[StartWish, ...]:
        """What would be queued now. Raises UserError when what is typed is wrong."""
        raise NotImplementedError

    @property
    def has_typed(self) -> bool:
        """Whether something would be lost."""
        return bool(self.params.value.strip())

    def action_go(self) -> None:
        """Queue it."""
        raise NotImplementedError

    def say(self, text: str, tone: str = "dim") -> None:
        """Say something below the line."""
        self.said.show(wrap(line(Span(safe(text), tone)), self.said.size.width or 80) if text else ())

    def refused(self, error: TrainuiError) -> None:
        """Say why not where it was asked; the dialog stays, with all that was typed."""
        if is_open(self):
            self.say(str(error), "bad")
        else:
            self._bridge.tell(error.message, error.hint, "error")

    def reckon_soon(self) -> None:
        """Ask what the choice would cost, once it stands."""
        if self._reckoning is not None:
            self._reckoning.stop()
        self._reckoning = self.set_timer(COST_AFTER, self._reckon)

    def _reckon(self) -> None:
        if not is_open(self):
            return
        try:
            wishes = self.wishes()
        except UserError:  # half typed: what was known stays
            return
        if not wishes:
            self._asked = ()
            self.cost.show([])
            return
        if wishes == self._asked:
            return
        self._asked = wishes

        def show(draw: Callable[[int], Sequence[Line]]) -> None:
            if is_open(self) and wishes == self._asked:
                self.cost.show(draw(self.cost.cells or 80))

        def refused(error: TrainuiError) -> None:
            show(lambda cells: wrap(line(Span(safe(str(error)), "dim")), cells))

        if len(wishes) > 1:
            currency = self._bridge.snapshot.budget.currency
            self._bridge.ask(
                lambda a: tuple(a.before_several(wishes)),
                lambda found: show(lambda cells: several_lines(found, cells, currency=currency)),
                refused,
            )
            return
        one = wishes[0]
        self._bridge.ask(
            lambda a: a.before_start(
                one.job, params=dict(one.params), preset=one.preset, priority=one.priority, held=one.held
            ),
            lambda found: show(lambda cells: fit_lines(found, cells)),
            refused,
        )

    def action_params(self) -> None:
        """To the params, and back."""
        self.is_warned = False
        self.set_focus(None if self.params.has_focus else self.params)

    def on_input_submitted(self) -> None:
        """Enter in the line."""
        self.action_go()

    def action_close(self) -> None:
        """Queue nothing; what was typed is not thrown away by one key."""
        if self.has_typed and not self.is_warned:
            self.is_warned = True
            close, params = self.key("close"), self.key("params")
            self.say(
                f"what was typed would be lost: {close} again leaves it, {params} goes back to it", "warn"
            )
            return
        self.dismiss()
