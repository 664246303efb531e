"""The dashboard as an app: it owns the screens and the bridge, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from trainui.ui import keys, tones
from trainui.ui.bridge import Bridge
from trainui.ui.present.ink import safe
from trainui.ui.present.strips import leaving_line
from trainui.ui.screens.budget import BudgetScreen
from trainui.ui.screens.gates import GatesScreen
from trainui.ui.screens.help import Help
from trainui.ui.screens.onward import Onward
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.room import ChartSettings
from trainui.ui.settings import Settings, load
from trainui.ui.source import Snapshot, Source
from trainui.ui.sparing import sparing


class Dashboard(App[None]):
    """Shows what a source holds and passes on what a person wants."""

    TITLE = "trainui"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "overview"
    BINDINGS = keys.bindings(keys.EVERYWHERE)

    def __init__(
        self,
        source: Source,
        *,
        title: str = "",
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        only_looks: bool = False,
    ) -> None:
        super().__init__()
        self._settings = settings or Settings()
        self.bridge = Bridge(self, source, clock=clock, only_looks=only_looks)
        self.add_mode("overview", lambda: Overview(self.bridge, ChartSettings(), title=title))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own words of the stylesheet, for before a theme of ours is on."""
        return dict(tones.DARK.variables)

    def on_mount(self) -> None:
        """Dress, and begin to read."""
        self.register_theme(tones.DARK)
        self.register_theme(tones.LIGHT)
        self.theme = (tones.DARK if self._settings.dark else tones.LIGHT).name
        self.set_class(self._settings.ascii, "-ascii")
        self.bridge.open()

    def on_unmount(self) -> None:
        """Let the reading thread go."""
        self.bridge.close()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Send what changed in few bytes; there is no public way to do that in this version of Textual."""
        super()._display(screen, sparing(renderable))

    @property
    def snapshot(self) -> Snapshot:
        """The newest look at the store."""
        return self.bridge.snapshot

    def action_help(self) -> None:
        """The keys of this screen."""
        if place := place_of(self.screen):
            self.push_screen(Help(place))

    def action_leave(self) -> None:
        """Leave; nothing stops."""
        self.exit()

    def action_budget(self) -> None:
        """The money, over the screen one is on."""
        self.push_screen(BudgetScreen(self.bridge, ChartSettings()))

    def action_gates(self) -> None:
        """The gates of the current run, of the marked ones where some are, or of all."""
        if isinstance(self.screen, Onward):
            here = self.screen
            settings = ChartSettings(axis=here.settings.axis)
            run = here.current.run if here.current is not None else ""
            self.push_screen(GatesScreen(self.bridge, settings, runs=here.chosen, run=run))

    def action_cancel_countdown(self) -> None:
        """Call off the command of on_idle or on_cap that is counted down to."""
        if not self.bridge.may_ask():
            return
        if self.snapshot.budget.countdown is None:
            self.bridge.tell("nothing is counted down to", severity="warning")
            return
        self.bridge.ask(lambda actions: actions.cancel_countdown(), self.bridge.tell)

    def action_theme(self) -> None:
        """Light or dark."""
        self.theme = (tones.LIGHT if self.current_theme.dark else tones.DARK).name

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: every key of the screen, and every run by name."""
        table = keys.PLACES.get(place_of(screen), ())
        for key in (*table, *keys.EVERYWHERE):
            if key.id != "app.palette":
                act = partial(screen.run_action, key.action if key in table else f"app.{key.action}")
                yield SystemCommand(f"{key.label}  ({key.written})", key.about, act)
        overview = self.screen_stack[0]
        if isinstance(overview, Overview):
            for view in self.snapshot.runs[:200]:
                yield SystemCommand(
                    f"open {safe(view.run)}", "its screen", partial(overview.open_run, view.run)
                )


def place_of(screen: Screen[Any]) -> str:
    """The place in the table of keys that a screen says it is; empty for a dialog, which shows its keys itself."""
    place: str = getattr(screen, "PLACE", "")
    return place


def run_dashboard(project: Path, db: Path, *, only_looks: bool = False) -> str:
    """Show the dashboard until it is left; what to print then. `only_looks`: nothing can be done, or is written."""
    from trainui.ui.store_source import LookingSource, StoreSource

    source = LookingSource(project, db) if only_looks else StoreSource(project, db)
    title = project.resolve().name
    app = Dashboard(source, title=title, settings=load(project), only_looks=only_looks)
    app.run()
    return leaving_line(app.snapshot.runs, app.snapshot.budget, now=time.time())
