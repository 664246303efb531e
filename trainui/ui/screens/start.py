"""Choose jobs, for each a preset, other params, armed or not, now or held, a priority; see the cost; start them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import UserError
from trainui.ui import keys
from trainui.ui.acts import JobInfo, StartWish
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.keymap import keymap_of
from trainui.ui.params import checked
from trainui.ui.present.ink import Line, Span, fit, line, safe, wrap
from trainui.ui.present.jobs import by_study, job_lines
from trainui.ui.present.params import param_lines
from trainui.ui.present.text import plural
from trainui.ui.screens.choosing import Choosing
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

OPTIONS = 4
"""Lines before the params."""
HOW_PART = 0.34
"""Of the screen's height, what the options and params may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """How one job is to be started; each keeps its own while others are looked at."""

    text: str = ""
    """Params as they are typed."""
    preset: int = 0
    """0 for none, else its number."""
    armed: bool = False
    held: bool = False
    priority: int = 0


class Start(Choosing):
    """Starts jobs and says the names of their runs."""

    KEYS = "start"
    BINDINGS = keys.bindings(keys.START)
    AUTO_FOCUS = "#jobs"

    jobs_paper = query_one("#jobs", Paper)
    how = query_one("#how", Paper)

    def __init__(self, bridge: Bridge, started: Callable[[str], None] = lambda _: None) -> None:
        """`started` hears the name of the first new run."""
        super().__init__(bridge)
        self._started = started
        self._jobs: tuple[JobInfo, ...] | None = None
        self._cursor = 0
        self._marked: tuple[str, ...] = ()
        self._choices: dict[str, Choice] = {}
        self._places: list[int] = []
        """The line of each job."""

    def compose(self) -> ComposeResult:
        """The jobs, how to start, what it would cost, a line for params, and what is wrong with it."""
        with Vertical(classes="box wide") as box:
            box.border_title = "start a job"
            yield Paper(id="jobs")
            yield Paper(id="how")
            yield Paper(id="cost")
            told = f"params: key=value key=value  ({self.key('params')})"
            yield Field(id="params", placeholder=told, compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the jobs aside; a broken spec must not hold the screen up."""
        self.set_focus(None)
        self.jobs_paper.show([line(Span("reading the jobs…", "dim"))])
        self._bridge.ask(lambda actions: tuple(actions.jobs()), self._fill)

    def on_resize(self) -> None:
        """Another width."""
        if self._jobs is not None:
            self.call_after_refresh(self._redraw)

    def _fill(self, jobs: tuple[JobInfo, ...]) -> None:
        self._jobs = by_study(jobs)
        runnable = [index for index, job in enumerate(self._jobs) if not job.problem]
        self._cursor = runnable[0] if runnable else 0
        if is_open(self):
            self._redraw()

    # ---------------------------------------------------------------- what is chosen

    @property
    def job(self) -> JobInfo | None:
        """The job under the cursor."""
        return self._jobs[self._cursor] if self._jobs else None

    @property
    def choice(self) -> Choice:
        """How the job under the cursor is to be started."""
        return self._choices.get(self.job.name, Choice()) if self.job is not None else Choice()

    def _choose(self, choice: Choice) -> None:
        if self.job is not None and not self.job.problem:
            self._choices[self.job.name] = choice
            self.is_warned = False
            self._redraw()

    def _to_start(self) -> list[JobInfo]:
        """The marked jobs, or the one under the cursor."""
        marked = [job for job in self._jobs or () if job.name in self._marked]
        return marked or ([self.job] if self.job is not None else [])

    def wishes(self) -> tuple[StartWish, ...]:
        """One for each job that would be started. Raises UserError when its params are wrong."""
        return tuple(self._wish(job) for job in self._to_start() if not job.problem)

    @property
    def has_typed(self) -> bool:
        """Whether params were typed for any job."""
        return any(choice.text.strip() for choice in self._choices.values())

    def _wish(self, job: JobInfo) -> StartWish:
        """Raises UserError when its params are wrong."""
        choice = self._choices.get(job.name, Choice())
        preset = preset_of(job, choice)
        params = {**job.params, **job.preset_params.get(preset, {})}
        return StartWish(
            job=job.name,
            params=checked(job.name, choice.text, params),
            preset=preset,
            armed=choice.armed,
            held=choice.held,
            priority=choice.priority,
        )

    # ---------------------------------------------------------------- drawing

    def _redraw(self) -> None:
        if not is_open(self):
            return
        cells = self.jobs_paper.size.width or 80
        lines, self._places = job_lines(self._jobs or (), self._cursor, cells, marked=self._marked)
        self.jobs_paper.show(lines)
        self._keep_in_sight()
        job = self.job
        if job is None:
            self.how.show([])
            return
        if job.problem:
            reason = line(Span(safe(job.problem), "bad"))
            self.how.show([line(), *wrap(reason, self.how.cells or cells)])
            return
        self.how.show([fit(row, cells) for row in self._options(job, cells)])
        self._tell_wrong(job)
        self.reckon_soon()

    def _options(self, job: JobInfo, cells: int) -> list[Line]:
        choice = self.choice
        preset = preset_of(job, choice)
        presets = "  ".join(safe(name) for name in job.presets)
        of = f"   of {presets}" if presets else "; this job has none"
        raised, lowered = self.key("raise"), self.key("lower")
        lines = []
        for name, value, more in (
            ("preset", preset or "none", of),
            ("armed", "yes: a tripped gate stops it" if choice.armed else "no: gates only tell", ""),
            ("held", "yes: it waits until you release it" if choice.held else "no", ""),
            (
                "priority",
                str(choice.priority),
                "" if choice.priority else f"   {raised} or {lowered}; higher starts first",
            ),
        ):
            lines.append(line(Span(name.ljust(10), "dim"), value, Span(more, "dim")))
        try:
            typed = self._wish(job).params
        except UserError:  # half typed: it is said below
            typed = {}
        most = max(3, int(self.app.size.height * HOW_PART) - OPTIONS)
        lines += param_lines(job.params, typed, cells, preset=job.preset_params.get(preset, {}), most=most)
        return lines

    def _tell_wrong(self, job: JobInfo) -> None:
        """What is wrong with what is typed, at once."""
        try:
            self._wish(job)
        except UserError as error:
            self.say(str(error), "bad")
        else:
            marked = len(self._marked)
            them = "it" if marked == 1 else "them all"
            self.say(f"{plural(marked, 'job')} marked: {self.key('go')} starts {them}" if marked else "")

    def _keep_in_sight(self) -> None:
        """Scroll the list to the cursor."""
        rows, top = self.jobs_paper.size.height, self.jobs_paper.scroll_offset.y
        if rows and self._places:
            place = self._places[self._cursor]
            self.jobs_paper.scroll_to(y=max(place - rows + 1, min(top, place)), animate=False)

    # ---------------------------------------------------------------- keys

    def on_input_changed(self) -> None:
        """Other params may cost other money, or be wrong."""
        if self.job is not None and self.params.value != self.choice.text:
            self._choose(replace(self.choice, text=self.params.value))

    def action_move(self, by: int) -> None:
        """Another job, with what was typed for it."""
        if self._jobs:
            self._cursor = max(0, min(self._cursor + by, len(self._jobs) - 1))
            self.params.value = self.choice.text
            self._redraw()

    def action_mark(self) -> None:
        """Mark the job, or take its mark away: marked jobs are started together."""
        job = self.job
        if job is None or job.problem:
            return
        name = job.name
        rest = tuple(one for one in self._marked if one != name)
        self._marked = rest if name in self._marked else (*self._marked, name)
        self._redraw()

    def action_preset(self) -> None:
        """The next preset."""
        if self.job is not None:
            self._choose(replace(self.choice, preset=(self.choice.preset + 1) % (len(self.job.presets) + 1)))

    def action_arm(self) -> None:
        """Armed or not."""
        self._choose(replace(self.choice, armed=not self.choice.armed))

    def action_hold(self) -> None:
        """Held or not."""
        self._choose(replace(self.choice, held=not self.choice.held))

    def action_priority(self, by: int) -> None:
        """Sooner or later than others."""
        self._choose(replace(self.choice, priority=self.choice.priority + by))

    def action_go(self) -> None:
        """Start the jobs. The dialog stays, with all that was typed, when one of them is refused."""
        jobs = self._to_start()
        for job in jobs:
            if job.problem:
                self._bridge.tell(f"{job.name} cannot run: {job.problem}", severity="error")
                return
        try:
            wishes = tuple(self._wish(job) for job in jobs)
        except UserError as error:
            self.say(str(error), "bad")
            return
        if not wishes:
            return
        is_held = all(one.held for one in wishes)
        self.say("asking…")

        waits = f", held: {keymap_of(self.app).first('queue.hold')} releases it" if is_held else ""

        def told(names: Sequence[str]) -> None:
            verb = "is queued" if len(names) == 1 else "are queued"
            self._bridge.tell(f"{', '.join(names)} {verb}" + waits)
            self._started(names[0])
            self.dismiss()

        self._bridge.ask(lambda actions: tuple(actions.start_several(wishes)), told, self.refused)


def preset_of(job: JobInfo, choice: Choice) -> str:
    """The chosen preset; empty for none."""
    presets = ("", *job.presets)
    return presets[choice.preset % len(presets)]
