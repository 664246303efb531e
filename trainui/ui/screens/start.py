"""Choose a job, a preset, other params; start it, armed or not, now or held, with a priority."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Footer

from trainui.core.errors import UserError
from trainui.ui import keys
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.keymap import keymap_of
from trainui.ui.params import parse_params
from trainui.ui.present.ink import Line, Span, clip, fit, line, safe, wrap
from trainui.ui.present.money import fit_lines
from trainui.ui.source import JobInfo
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.paper import Paper

MOST_PARAMS = 8
COST_AFTER = 0.2
"""Seconds that a choice stands before it is reckoned what it would cost."""


def job_lines(jobs: Sequence[JobInfo], cursor: int, cells: int) -> list[Line]:
    """The jobs, one line each."""
    if not jobs:
        return [line(Span("no jobs: a job is a TOML file with a [job] table under jobs/", "dim"))]
    wide = max(len(safe(job.name)) for job in jobs)
    lines = []
    for index, job in enumerate(jobs):
        here = index == cursor
        name = Span(safe(job.name).ljust(wide), "bold accent" if here else "bold")
        about = Span(safe(job.problem) or safe(job.about), "bad" if job.problem else "dim")
        lines.append(clip(line("▶ " if here else "  ", name, "  ", about), cells))
    return lines


class Start(ModalScreen[None]):
    """Starts a job and says the name of its run."""

    CSS_PATH = ["dialog.tcss", "start.tcss"]  # noqa: RUF012 (Textual's own annotation)
    BINDINGS = keys.bindings(keys.START)
    AUTO_FOCUS = "#jobs"

    jobs_paper = query_one("#jobs", Paper)
    how = query_one("#how", Paper)
    cost = query_one("#cost", Paper)
    params = query_one("#params", Field)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._jobs: tuple[JobInfo, ...] | None = None
        self._cursor = 0
        self._preset = 0
        self._armed = False
        self._held = False
        self._priority = 0
        self._asked: tuple[object, ...] = ()
        """What was last asked for its cost; an answer to anything else comes too late."""
        self._reckoning: Timer | None = None

    def compose(self) -> ComposeResult:
        """The jobs, how to start, a line for params."""
        with Vertical(classes="box wide") as box:
            box.border_title = "start a job"
            yield Paper(id="jobs")
            yield Paper(id="how")
            yield Paper(id="cost")
            yield Field(id="params", placeholder="params: key=value key=value  (tab)", compact=True)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Read the jobs aside; a broken spec must not hold the screen up."""
        self.set_focus(None)
        self.jobs_paper.show([line(Span("reading the jobs…", "dim"))])
        self._bridge.ask(lambda actions: tuple(actions.jobs()), self._fill)

    def _fill(self, jobs: tuple[JobInfo, ...]) -> None:
        self._jobs = jobs
        runnable = [index for index, job in enumerate(jobs) if not job.problem]
        self._cursor = runnable[0] if runnable else 0
        if is_open(self):
            self._redraw()

    @property
    def job(self) -> JobInfo | None:
        """The job under the cursor."""
        return self._jobs[self._cursor] if self._jobs else None

    @property
    def preset(self) -> str:
        """The chosen preset; empty for none."""
        presets = ("", *self.job.presets) if self.job else ("",)
        return presets[self._preset % len(presets)]

    def _redraw(self) -> None:
        cells = self.jobs_paper.size.width or 80
        self.jobs_paper.show(job_lines(self._jobs or (), self._cursor, cells))
        self._keep_in_sight()
        job = self.job
        if job is None:
            self.how.show([])
            return
        if job.problem:
            reason = line(Span(safe(job.problem), "bad"))
            self.how.show([line(), *wrap(reason, self.how.cells or cells)])
            return
        presets = "  ".join(safe(name) for name in job.presets)
        of = f"   of {presets}" if presets else "; this job has none"
        lines = [line()]
        for name, value, more in (
            ("preset", self.preset or "none", of),
            ("armed", "yes: a tripped gate stops it" if self._armed else "no: gates only tell", ""),
            ("held", "yes: it waits until you release it" if self._held else "no", ""),
            ("priority", str(self._priority), "" if self._priority else "   + or -; higher starts first"),
        ):
            lines.append(line(Span(name.ljust(10), "dim"), value, Span(more, "dim")))
        lines.append(line())
        names = list(job.params)[:MOST_PARAMS]
        wide = max((len(safe(name)) for name in names), default=0)
        for name in names:
            lines.append(line(Span(safe(name).ljust(wide) + "  ", "dim"), safe(str(job.params[name]))))
        if len(job.params) > len(names):
            lines.append(line(Span(f"and {len(job.params) - len(names)} more", "dim")))
        self.how.show([fit(row, cells) for row in lines])
        self._reckon_soon()

    def _reckon_soon(self) -> None:
        """Ask what the choice would cost, once it stands."""
        if self._reckoning is not None:
            self._reckoning.stop()
        self._reckoning = self.set_timer(COST_AFTER, self._reckon)

    def _reckon(self) -> None:
        if not is_open(self):
            return
        job = self.job
        if job is None or job.problem:
            self._asked = ()
            self.cost.show([])
            return
        try:
            params = parse_params(self.params.value, job.params)
        except UserError:  # half typed: what was known stays
            return
        name, preset, priority = job.name, self.preset, self._priority
        choice = (name, preset, params, priority)
        if choice == self._asked:
            return
        self._asked = choice

        def show(draw: Callable[[int], Sequence[Line]]) -> None:
            if is_open(self) and choice == self._asked:
                self.cost.show(draw(self.cost.cells or 80))

        self._bridge.ask(
            lambda a: a.before_start(name, params=params, preset=preset, priority=priority),
            lambda found: show(lambda cells: fit_lines(found, cells)),
            lambda error: show(lambda cells: wrap(line(Span(safe(str(error)), "dim")), cells)),
        )

    def on_input_changed(self) -> None:
        """Other params may cost other money."""
        self._reckon_soon()

    def _keep_in_sight(self) -> None:
        """Scroll the list to the cursor."""
        rows, top = self.jobs_paper.size.height, self.jobs_paper.scroll_offset.y
        if rows:
            self.jobs_paper.scroll_to(y=max(self._cursor - rows + 1, min(top, self._cursor)), animate=False)

    def action_move(self, by: int) -> None:
        """Another job."""
        if self._jobs:
            self._cursor = max(0, min(self._cursor + by, len(self._jobs) - 1))
            self._preset = 0
            self._redraw()

    def action_preset(self) -> None:
        """The next preset."""
        self._preset += 1
        self._redraw()

    def action_arm(self) -> None:
        """Armed or not."""
        self._armed = not self._armed
        self._redraw()

    def action_hold(self) -> None:
        """Held or not."""
        self._held = not self._held
        self._redraw()

    def action_priority(self, by: int) -> None:
        """Sooner or later than others."""
        self._priority += by
        self._redraw()

    def action_params(self) -> None:
        """To the params, and back."""
        self.set_focus(None if self.params.has_focus else self.params)

    def on_input_submitted(self) -> None:
        """Enter starts from the params too."""
        self.action_go()

    def action_go(self) -> None:
        """Start the job."""
        job = self.job
        if job is None:
            return
        if job.problem:
            self._bridge.tell(f"{job.name} cannot run: {job.problem}", severity="error")
            return
        try:
            params = parse_params(self.params.value, job.params)
        except UserError as error:
            self._bridge.tell(error.message, title=error.hint, severity="error")
            return
        waits = f", held: {keymap_of(self.app).first('queue.hold')} releases it" if self._held else ""
        name, preset, armed, held, priority = job.name, self.preset, self._armed, self._held, self._priority
        self._bridge.ask(
            lambda actions: actions.start(
                name, params=params, preset=preset, armed=armed, held=held, priority=priority
            ),
            lambda run: self._bridge.tell(f"{run} is queued{waits}"),
        )
        self.dismiss()

    def action_close(self) -> None:
        """Start nothing."""
        self.dismiss()
