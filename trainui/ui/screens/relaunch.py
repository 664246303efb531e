"""Try a run again: with other params, with a remedy of its spec, from the beginning or from a checkpoint one chooses.

A run that is live is stopped first, after a question; the new one waits in the queue until it has ended.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import UserError
from trainui.core.judging.near import RemedyView
from trainui.core.retrying import Beginning, RetryChoices
from trainui.core.run import Status
from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.acts import StartWish
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.params import checked, written
from trainui.ui.present.ink import Line, Span, line, safe
from trainui.ui.present.params import param_lines
from trainui.ui.present.remedies import answers, begin_word, in_order, remedy_lines
from trainui.ui.present.text import duration, money
from trainui.ui.screens.choosing import Choosing
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

PARAMS_PART = 0.25
"""Of the screen's height, what the params may take."""


class Relaunch(Choosing):
    """Queues the next try of a run and says its name."""

    KEYS = "relaunch"
    BINDINGS = keys.bindings(keys.RELAUNCH)
    AUTO_FOCUS = "#how"

    how = query_one("#how", Paper)

    def __init__(
        self, bridge: Bridge, view: RunView, started: Callable[[str], None], *, currency: str = "USD"
    ) -> None:
        """`started` hears the name of the new run."""
        super().__init__(bridge)
        self._view, self._started, self._currency = view, started, currency
        self._known: RetryChoices | None = None
        self._remedy = 0
        """0 for none, else its number among those that can be tried."""
        self._beginning = 0
        self._is_sure = view.status is Status.ENDED
        """Whether the next enter does it: a live run is stopped only by a second one."""

    def compose(self) -> ComposeResult:
        """What may be chosen, what it would cost, a line for params, and what is wrong with it."""
        with Vertical(classes="box wide") as box:
            verb = "try" if self._view.status is Status.ENDED else "stop and relaunch"
            again = " again" if self._view.status is Status.ENDED else ""
            box.border_title = line(f"{verb} {safe(self._view.run)}{again}")[0].text
            yield Paper(id="how")
            yield Paper(id="cost")
            told = f"params: key=value key=value  ({self.key('params')})"
            yield Field(id="params", placeholder=told, compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Read what may be chosen."""
        self.set_focus(None)
        self.how.show([line(Span("reading its spec…", "dim"))])
        run = self._view.run
        self._bridge.ask(lambda actions: actions.retry_choices(run), self._fill, self.refused)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._redraw)

    def _fill(self, known: RetryChoices) -> None:
        self._known = known
        usable = [one for one in self._remedies if not one.why_not]
        is_meant = bool(usable) and (usable[0].id in known.called_for or answers(usable[0], self._view))
        self._remedy = int(is_meant)
        self._redraw()

    # ---------------------------------------------------------------- what is chosen

    @property
    def _remedies(self) -> tuple[RemedyView, ...]:
        known = self._known
        return in_order(known.remedies, self._view, known.called_for) if known is not None else ()

    @property
    def remedy(self) -> RemedyView | None:
        """The chosen remedy."""
        usable = [one for one in self._remedies if not one.why_not]
        return usable[self._remedy - 1] if 0 < self._remedy <= len(usable) else None

    @property
    def beginning(self) -> Beginning:
        """Where the new run begins."""
        choices = self._beginnings()
        return choices[self._beginning % len(choices)]

    def _beginnings(self) -> tuple[Beginning, ...]:
        """Where it may begin; a remedy says where it begins by itself."""
        known = self._known.beginnings if self._known is not None else ()
        if self.remedy is not None and known and known[0].begins is None:
            own = Beginning(begins=None, label=f"{begin_word(self.remedy.begins)}, as the remedy says")
            rest = known[1:] if self.remedy.begins == "last" else known
            return (own, *(one for one in rest if one.begins is not None))
        return known or (Beginning(begins=None, label="the newest checkpoint"),)

    def _overrides(self) -> dict[str, str]:
        """What was typed, checked. Raises UserError."""
        if self._known is None:
            return {}
        sets = dict(self.remedy.sets) if self.remedy is not None else {}
        return checked(self._known.job, self.params.value, {**self._known.params, **sets})

    def wishes(self) -> tuple[StartWish, ...]:
        """What a start of its job so would be, for its cost. Raises UserError."""
        if self._known is None:
            return ()
        sets = dict(self.remedy.sets) if self.remedy is not None else {}
        typed = self._overrides()
        params = {key: written(value) for key, value in {**self._known.params, **sets}.items()} | typed
        return (StartWish(job=self._known.job, params=params, priority=self._view.priority),)

    # ---------------------------------------------------------------- drawing

    def _redraw(self) -> None:
        known = self._known
        if known is None or not is_open(self):
            return
        cells = self.how.cells or 80
        chosen = self.remedy.id if self.remedy is not None else ""
        lines: list[Line] = list(remedy_lines(self._remedies, chosen, self._view, cells, known.called_for))
        count = len(self._beginnings())
        more = Span(f"   {self.key('from')}: the next of {count}" if count > 1 else "", "dim")
        lines += [line(Span("from     ", "dim"), safe(self.beginning.label), more), line()]
        try:
            typed = self._overrides()
        except UserError as error:
            typed = {}
            self.say(str(error), "bad")
        else:
            self.say(self._hint())
        sets = dict(self.remedy.sets) if self.remedy is not None else {}
        most = max(3, int(self.app.size.height * PARAMS_PART))
        lines += param_lines(known.params, typed, cells, remedy=sets, most=most)
        self.how.show(lines)
        self.reckon_soon()

    def _hint(self) -> str:
        go = self.key("go")
        after = "" if self._view.status is Status.ENDED else f"; it is live: {go} asks before it is stopped"
        return f"{go} queues it after {self._view.run}{after}"

    # ---------------------------------------------------------------- keys

    def _changed(self) -> None:
        self.is_warned, self._is_sure = False, self._view.status is Status.ENDED
        self._redraw()

    def on_input_changed(self) -> None:
        """A letter more or less."""
        self._changed()

    def action_move(self, by: int) -> None:
        """Another remedy, or none."""
        usable = sum(not one.why_not for one in self._remedies)
        self._remedy = max(0, min(self._remedy + by, usable))
        self._beginning = 0
        self._changed()

    def action_begins(self) -> None:
        """The next place it may begin from."""
        self._beginning += 1
        self._changed()

    def action_go(self) -> None:
        """Queue it; the dialog stays until that was done."""
        if self._known is None:
            return
        try:
            params = self._overrides()
        except UserError as error:
            self.say(str(error), "bad")
            return
        view = self._view
        if not self._is_sure:
            self._is_sure = True
            told = f"it has run for {duration(view.seconds)} and cost {money(view.usd, self._currency)}"
            again = f"{self.key('go')} again stops it, and the new run starts after it"
            self.say(f"{view.run} is live, {told}: {again}", "warn")
            return
        remedy = self.remedy.id if self.remedy is not None else ""
        begins, stops = self.beginning.begins, view.status is not Status.ENDED

        def told_of(new: str) -> None:
            how = f" with remedy {remedy}" if remedy else ""
            self._bridge.tell(f"{new} is queued, after {view.run}{how}")
            self._started(new)
            self.dismiss()

        self.say("asking…")
        self._bridge.ask(
            lambda a: a.retry(view.run, params=params, remedy=remedy, begins=begins, stops=stops),
            told_of,
            self.refused,
        )
