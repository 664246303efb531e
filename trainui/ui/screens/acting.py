"""What a person can do to a run from any screen that shows one. What does not apply is said, and not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from trainui.core.run import Status
from trainui.ui.keymap import keymap_of
from trainui.ui.present.applies import why_not

if TYPE_CHECKING:
    from trainui.core.store.views import RunView
    from trainui.ui.bridge import Bridge
    from trainui.ui.keymap import Keymap
    from trainui.ui.source import Snapshot


class Acting(Screen[None]):
    """A screen with a current run, which keys act on."""

    PLACE = ""
    """What the table of keys calls it."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge

    @property
    def keymap(self) -> Keymap:
        """The keys in force."""
        return keymap_of(self.app)

    @property
    def snapshot(self) -> Snapshot:
        """The newest."""
        return self.bridge.snapshot

    @property
    def current(self) -> RunView | None:
        """The run that keys act on."""
        raise NotImplementedError

    @property
    def chosen(self) -> tuple[str, ...]:
        """The runs an export takes."""
        return (self.current.run,) if self.current else ()

    def _for(self, action: str) -> RunView | None:
        """The current run if `action` applies to it now; else a toast says why not."""
        view = self.current
        if not self.bridge.may_ask():
            return None
        if reason := why_not(action, view):
            self.bridge.tell(reason, severity="warning")
            return None
        return view

    def moved(self, text: str) -> None:
        """A run has another place in the queue; a screen with a table shows it there."""
        self.bridge.tell(text)

    # ---------------------------------------------------------------- a run that lives

    def action_stop(self) -> None:
        """Ask, then stop the run."""
        self._stop(now=False)

    def action_stop_now(self) -> None:
        """Ask, then stop the run without grace."""
        self._stop(now=True)

    def _stop(self, *, now: bool) -> None:
        view = self._for("stop")
        if view is None:
            return
        run = view.run

        def decide(answer: str | None) -> None:
            if answer:
                kill = answer == "now"
                self.bridge.ask(
                    lambda actions: actions.stop(run, now=kill),
                    lambda _: self.bridge.tell(f"{run} is being {'killed' if kill else 'stopped'}"),
                )

        if self.bridge.held.confirm == "started" and view.status is Status.QUEUED:
            decide("stop")
        else:
            from trainui.ui.screens.confirm import Confirm

            self.app.push_screen(Confirm(view, now=now, currency=self.snapshot.budget.currency), decide)

    def action_pause(self) -> None:
        """Ask, then let the run stand still; a paused one goes on at once."""
        view = self._for("pause")
        if view is None:
            return
        run = view.run
        if view.status is Status.PAUSED:
            self.bridge.ask(lambda a: a.resume(run), lambda _: self.bridge.tell(f"{run} goes on"))
            return

        def decide(answer: str | None) -> None:
            if answer:
                self.bridge.ask(lambda a: a.pause(run), lambda _: self.bridge.tell(f"{run} is being paused"))

        from trainui.ui.screens.confirm import ConfirmPause

        self.app.push_screen(ConfirmPause(view, self.snapshot.budget.currency), decide)

    def action_checkpoint(self) -> None:
        """Ask the run to save."""
        view = self._for("checkpoint")
        if view is not None:
            run = view.run
            self.bridge.ask(
                lambda a: a.checkpoint(run), lambda _: self.bridge.tell(f"{run} was asked to save")
            )

    # ---------------------------------------------------------------- a run that waits

    def action_hold(self) -> None:
        """Keep the run from starting, or let it."""
        view = self._for("hold")
        if view is not None:
            run = view.run

            def told(is_held: bool) -> None:
                self.bridge.tell(
                    f"{run} is held: {self.keymap.first('queue.hold')} releases it"
                    if is_held
                    else f"{run} may start"
                )

            self.bridge.ask_in_turn(lambda a: a.toggle_hold(run), told)

    def action_priority(self, by: int) -> None:
        """Before or behind others."""
        view = self._for("priority")
        if view is not None:
            run = view.run
            self.bridge.ask_in_turn(lambda a: f"{run} has priority {a.nudge(run, by)}", self.moved)

    def action_shift(self, by: int) -> None:
        """One place up or down the queue."""
        view = self._for("shift")
        if view is not None:
            run = view.run
            self.bridge.ask_in_turn(lambda a: a.shift(run, by), self.moved)

    def action_edit(self) -> None:
        """Other params for a run that has not started."""
        view = self._for("edit")
        if view is not None:
            from trainui.ui.screens.edit import Edit

            self.app.push_screen(Edit(self.bridge, view.run))

    # ---------------------------------------------------------------- a run that has ended, or any

    def action_retry(self) -> None:
        """Queue the run again."""
        view = self._for("retry")
        if view is None:
            return
        run = view.run

        def told(new: str) -> None:
            self.bridge.tell(f"{new} is queued, after {run}")
            self._tell_retried(new)

        self.bridge.ask(lambda a: a.retry(run), told)

    def action_relaunch(self) -> None:
        """Choose how the run is tried again; a live one is stopped first."""
        view = self._for("relaunch")
        if view is not None:
            from trainui.ui.screens.relaunch import Relaunch

            currency = self.snapshot.budget.currency
            self.app.push_screen(Relaunch(self.bridge, view, self._tell_retried, currency=currency))

    def _tell_retried(self, run: str) -> None:
        """Every screen of runs goes to the new one."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Acting):
                screen.retried(run)

    def retried(self, run: str) -> None:
        """A run was queued after another; a screen with a table goes there."""

    def action_questions(self) -> None:
        """Answer what its gates ask."""
        if not self.bridge.may_ask():
            return
        from trainui.ui.screens.answer import Answer, questions

        view = self.current
        asked = questions(self.snapshot, view.run) if view is not None else ()
        if asked:
            self.app.push_screen(Answer(self.bridge, asked))
        else:
            name = view.run if view is not None else "no run"
            self.bridge.tell(f"{name}: nothing is asked now", severity="warning")

    def action_teach(self) -> None:
        """Choose a line of its output and name its numbers."""
        view = self._for("teach")
        if view is not None:
            from trainui.ui.screens.teach import Teach

            self.app.push_screen(Teach(self.bridge, view.run))

    def action_export(self) -> None:
        """Choose in which formats, and where, the chosen runs are written."""
        runs = self.chosen
        if not self.bridge.may_ask():
            return
        if not runs:
            self.bridge.tell("no run to export", severity="warning")
            return
        from trainui.ui.screens.export import Export

        self.app.push_screen(Export(self.bridge, runs, study=self.study_of(runs)))

    def study_of(self, runs: tuple[str, ...]) -> str:
        """The study that all of these runs are of; '' when there is none."""
        views = [self.snapshot.run(run) for run in runs]
        studies = {view.study for view in views if view is not None}
        return next(iter(studies)) if len(studies) == 1 else ""
