"""Where one can go from a run, and what one can keep beside it, on any screen of runs with curves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from trainui.ui.choice import MOST_DRAWN
from trainui.ui.screens.room import Room

if TYPE_CHECKING:
    from trainui.core.store.views import RunView
    from trainui.ui.bridge import Bridge
    from trainui.ui.screens.room import ChartSettings


class Onward(Room):
    """A screen with a current run that leads to its log and to events."""

    def __init__(self, bridge: Bridge, settings: ChartSettings) -> None:
        super().__init__(bridge, settings)
        self.undo = bridge.undo

    @property
    def has_marks(self) -> bool:
        """Whether runs are marked here."""
        return False

    def compare(self, among: Sequence[RunView], marked: Collection[str], *, alone: str) -> None:
        """Show runs side by side; `alone` is said where there is no second one."""
        from trainui.ui.screens.compare import CompareScreen, compared_runs, kin

        runs, current = compared_runs(among, marked, self.current), self.current
        if len(runs) < 2:
            if self.snapshot.ready:
                self.bridge.tell(alone, severity="warning")
            return
        if len(runs) > MOST_DRAWN:
            self.bridge.tell(f"the first {MOST_DRAWN} of {len(runs)} marked runs")
        elif (
            len(marked) < 2
            and current is not None
            and len(runs) == MOST_DRAWN < (of := len(kin(among, current)))
        ):
            whose = f"study {current.study}" if current.study else f"job {current.job}"
            self.bridge.tell(f"{len(runs)} of the {of} runs of {whose}, around {current.run}")
        self.app.push_screen(CompareScreen(self.bridge, self.settings, runs=runs))

    def action_log(self) -> None:
        """The whole log of the run."""
        if self.current is None:
            self.bridge.tell("no run is chosen", severity="warning")
            return
        from trainui.ui.screens.log import LogScreen

        self.app.push_screen(LogScreen(self.bridge, self.settings, view=self.current))

    def action_events(self) -> None:
        """All events; from a run's own screen, those of the run."""
        from trainui.ui.screens.events import EventsScreen

        self.app.push_screen(EventsScreen(self.bridge, self.settings, run=self.subject))

    def action_note(self) -> None:
        """A remark beside the run."""
        if (view := self._for("note")) is not None:
            from trainui.ui.screens.remark import Note

            self.app.push_screen(Note(self.bridge, view))

    def action_tag(self) -> None:
        """Tags of the run."""
        if (view := self._for("tag")) is not None:
            from trainui.ui.screens.remark import Tag

            self.app.push_screen(Tag(self.bridge, view, self.undo))

    def action_undo(self) -> None:
        """Take the last mark or tag back."""
        told = self.undo.step()
        if told:
            self.bridge.tell(f"undone: {told}")
        else:
            self.bridge.tell("nothing to undo", severity="warning")
