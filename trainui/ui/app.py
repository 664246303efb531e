"""The dashboard as an app: it owns the screens and the bridge, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen, SystemModalScreen

from trainui.core.errors import TrainuiError
from trainui.ui import keys, pauses, warming
from trainui.ui.bridge import TOASTS, Bridge, is_open
from trainui.ui.dress import Dressed
from trainui.ui.keymap import is_offered
from trainui.ui.memory import Memory, memory_path
from trainui.ui.preferences import load_preferences
from trainui.ui.present.ink import safe
from trainui.ui.present.strips import leaving_line
from trainui.ui.remembering import EVERY_SECONDS, Remembering, recalled_charts, remembered
from trainui.ui.returning import Returning
from trainui.ui.screens.onward import Onward
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.room import ChartSettings, follow
from trainui.ui.sparing import Shown, fitting
from trainui.ui.widgets.banner import Banner

if TYPE_CHECKING:
    from trainui.ui.preferences import Preferences
    from trainui.ui.reader import Source
    from trainui.ui.settings import Settings
    from trainui.ui.source import Snapshot

HERE = Path(__file__).parent


class Dashboard(Dressed):
    """Shows what a source holds and passes on what a person wants."""

    TITLE = "trainui"
    CSS_PATH = [HERE / "app.tcss", HERE / "screens/overview.tcss"]  # noqa: RUF012 # the first screen's: not read after it
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
        preferences: Preferences | None = None,
        remembering: Remembering | None = None,
        project: Path | None = None,
    ) -> None:
        """`settings`: as they hold, whatever `preferences` come to. Without `remembering` nothing is remembered."""
        super().__init__(settings, preferences)
        self.bridge = Bridge(self, source, clock=clock, only_looks=only_looks, held=self.held)
        self._shown = Shown()
        self.returning = Returning(self, self.bridge)
        self._remembering, self._project = remembering, project
        was = remembering.recalled if remembering and self.held.remember else Memory()
        self._recalled = was
        self.begin_in(was.theme if was.theme in ("dark", "light") else "")
        self.charts = recalled_charts(was, self.held)
        """How curves are drawn."""
        self.add_mode("overview", lambda: Overview(self.bridge, self.charts, title=title, recalled=was))

    def on_mount(self) -> None:
        """Dress, and begin to read."""
        self.wear()
        self.screen_change_signal.subscribe(self, self._watch_over)
        self.screen_change_signal.subscribe(self, pauses.forget_the_gone)
        self.app_resume_signal.subscribe(self, lambda _: self._shown.forget(), immediate=True)
        self.bridge.seen.subscribe(self, self._warn)
        self.returning.begin(self.left_at)
        if not self.is_headless:
            self.set_timer(pauses.AFTER_SECONDS, pauses.short_from_now_on)
            self.set_timer(warming.AFTER_SECONDS, lambda: self.bridge.work(warming.warm, lambda _: None))
        self.bridge.open()
        self._complain()
        if self._recalled.opened:
            self.call_after_refresh(self._open_again)
        if self._remembering is not None:
            self.set_interval(EVERY_SECONDS, self._remember)
            if not (self.is_headless or self.is_web):
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(signal.SIGTERM, self.exit)
                loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    @property
    def only_looks(self) -> bool:
        """Whether nothing can be asked for here."""
        return self.bridge.only_looks

    @property
    def left_at(self) -> float | None:
        """Unix seconds when the dashboard was left last on this project; None when nobody knows."""
        return self._remembering.left_at if self._remembering else None

    def _open_again(self) -> None:
        """The screen of the run that was open; away again if there is no such run any more."""
        from trainui.ui.screens.run import RunScreen

        was = self._recalled
        screen = RunScreen(self.bridge, self.charts, run=was.opened, pane=was.pane, is_zoomed=was.is_zoomed)

        def look(snapshot: Snapshot) -> None:
            if snapshot.ready and not snapshot.run(was.opened) and self.screen is screen:
                self.pop_screen()

        self.bridge.seen.subscribe(self, look)
        self.push_screen(screen)

    def _view(self) -> Memory:
        return remembered(self._recalled, self.screen_stack, self.held, self.chosen_theme)

    def _remember(self) -> None:
        """Keep how things are looked at, in a thread: a home may lie on a slow disk."""
        remembering, view = self._remembering, self._view()
        if remembering is not None and remembering.is_new(view):
            self.bridge.work(lambda: remembering.keep(view), lambda _: None)

    def _remember_last(self) -> None:
        if self._remembering is not None:
            with suppress(TrainuiError):  # it was told before, and leaving comes first
                self._remembering.keep(self._view(), is_last=True)

    def exit(self, *given: Any, **more: Any) -> None:
        """Leave, and keep how things were looked at."""
        self._remember_last()
        super().exit(*given, **more)

    def _hang_up(self) -> None:
        """The line is dead: there is nothing to tidy up on its other end."""
        self._remember_last()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)

    def _complain(self) -> None:
        """Of what is wrong in a file of settings; the settings screen says all of it."""
        forgotten = self._remembering.problem if self._remembering else ""
        for problem in (*self.preferences.problems[:TOASTS], *([forgotten] if forgotten else [])):
            self.bridge.tell(problem, title="settings", severity="warning")

    def change(self, preferences: Preferences) -> None:
        """Other preferences from now on."""
        before = self.held
        super().change(preferences)
        self.bridge.held = self.held
        follow(self.charts, before, self.held)
        self.bridge.seen.publish(self.snapshot)

    def on_unmount(self) -> None:
        """Let the reading thread go."""
        self.bridge.close()

    def _watch_over(self, screen: Screen[Any]) -> None:
        """What must not be missed stands over dialogs, too, and over screens that have no banner of their own."""
        if not hasattr(type(screen), "banner") and not isinstance(screen, SystemModalScreen):
            self.call_later(self._put_banner, screen)

    async def _put_banner(self, screen: Screen[Any]) -> None:
        if is_open(screen) and not screen.query(Banner):
            await screen.mount(Banner(self.bridge.now, classes="-over"))
            self._warn(self.snapshot)

    def _warn(self, snapshot: Snapshot) -> None:
        for screen in self.screen_stack:
            for banner in screen.query(".-over").results(Banner):
                banner.fill(snapshot.budget)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Send what changed in few bytes; there is no public way to do that in this version of Textual."""
        super()._display(screen, fitting(renderable, self._shown, self.size))

    def on_resize(self) -> None:
        """A terminal may have moved what stood there, also where its size is what it was."""
        self._shown.forget()
        self.screen.refresh()

    @property
    def snapshot(self) -> Snapshot:
        """The newest look at the store."""
        return self.bridge.snapshot

    def action_help(self) -> None:
        """The keys of this screen."""
        if place := place_of(self.screen):
            from trainui.ui.screens.help import Help

            self.push_screen(Help(place))

    def action_leave(self) -> None:
        """Leave; nothing stops."""
        self.exit()

    def action_away(self) -> None:
        """What happened while one was away, over the screen one is on."""
        self.returning.ask()

    def action_budget(self) -> None:
        """The money, over the screen one is on."""
        from trainui.ui.screens.budget import BudgetScreen

        self.push_screen(BudgetScreen(self.bridge, ChartSettings()))

    def action_gates(self) -> None:
        """The gates of the current run, of the marked ones where some are, or of all."""
        if isinstance(self.screen, Onward):
            from trainui.ui.screens.gates import GatesScreen

            here = self.screen
            settings = ChartSettings(axis=here.settings.axis)
            run = here.current.run if here.current is not None else ""
            self.push_screen(GatesScreen(self.bridge, settings, runs=here.chosen, run=run))

    def action_settings(self) -> None:
        """Settings and keys, over the screen one is on."""
        from trainui.ui.screens.settings import SettingsScreen

        if place_of(self.screen) != SettingsScreen.PLACE:
            self.push_screen(SettingsScreen(self, self._project))

    def action_cancel_countdown(self) -> None:
        """Call off the command of on_idle or on_cap that is counted down to."""
        if not self.bridge.may_ask():
            return
        if self.snapshot.budget.countdown is None:
            self.bridge.tell("nothing is counted down to", severity="warning")
            return
        self.bridge.ask(lambda actions: actions.cancel_countdown(), self.bridge.tell)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: every key of the screen, and every run by name."""
        table = keys.PLACES.get(place_of(screen), ())
        for key in (*table, *keys.EVERYWHERE):
            if key.id != "app.palette" and is_offered(self, key.id):
                act = partial(screen.run_action, key.action if key in table else f"app.{key.action}")
                yield SystemCommand(f"{key.label}  ({self.keymap.written(key.id)})", key.about, act)
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


def run_dashboard(project: Path, db: Path, *, only_looks: bool = False, fresh: bool = False) -> str:
    """Show the dashboard until it is left; what to print then.

    `only_looks`: nothing can be done to runs. `fresh`: not as it was left.
    """
    from trainui.ui.promptly import esc_at_once
    from trainui.ui.store_source import LookingSource, StoreSource

    esc_at_once()
    app = Dashboard(
        LookingSource(project, db) if only_looks else StoreSource(project, db),
        title=project.resolve().name,
        preferences=load_preferences(project),
        only_looks=only_looks,
        remembering=Remembering(project, memory_path(project, db), fresh=fresh),
        project=project,
    )
    app.run(mouse=app.held.mouse)
    return leaving_line(app.snapshot.runs, app.snapshot.budget, now=time.time())
