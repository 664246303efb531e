"""What a person may want done: the jobs there are, a wish to start one, and every act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainui.core.costing import StartForecast
    from trainui.core.ingest.printed import Printed
    from trainui.core.retrying import RetryChoices
    from trainui.ui.exporting import Cancelling, ExportChoices


class JobInfo(Protocol):
    """A job that can be started, or why it cannot."""

    @property
    def name(self) -> str:
        """The job's name."""

    @property
    def about(self) -> str:
        """One line for people."""

    @property
    def study(self) -> str:
        """What its runs are compared with."""

    @property
    def problem(self) -> str:
        """Why it cannot run; empty when it can."""

    @property
    def presets(self) -> Sequence[str]:
        """Named sets of params."""

    @property
    def params(self) -> Mapping[str, object]:
        """The params and their defaults."""

    @property
    def preset_params(self) -> Mapping[str, Mapping[str, object]]:
        """Preset → what it sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartWish:
    """A job to start, and how."""

    job: str
    params: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""
    armed: bool = False
    held: bool = False
    priority: int = 0


class Actions(Protocol):
    """What a person may ask for. Every method may block and may raise TrainuiError."""

    def jobs(self) -> Sequence[JobInfo]:
        """The jobs of the project."""

    def start(
        self, job: str, *, params: Mapping[str, str], preset: str, armed: bool, held: bool, priority: int
    ) -> str:
        """Queue a run and return its name; a held one waits to be released."""

    def start_several(self, wishes: Sequence[StartWish]) -> Sequence[str]:
        """Queue a run for each, or none when one of them is wrong; their names."""

    def before_start(
        self, job: str, *, params: Mapping[str, str], preset: str, priority: int, held: bool = False
    ) -> StartForecast:
        """What a run of a job would cost, from runs of the past, and whether the budget lasts."""

    def before_several(self, wishes: Sequence[StartWish]) -> Sequence[StartForecast]:
        """The same of several that are started together: each waits behind those before it."""

    def cancel_countdown(self) -> str:
        """Call off the command that is about to be run when idle or at the cap; what was called off, for people."""

    def stop(self, run: str, *, now: bool = False) -> None:
        """Stop a run, gracefully unless `now`."""

    def pause(self, run: str) -> None:
        """Let every process of a run stand still."""

    def resume(self, run: str) -> None:
        """Let a paused run go on."""

    def checkpoint(self, run: str) -> None:
        """Ask a run to save now."""

    def answer(self, run: str, gate: str, *, yes: bool, note: str = "") -> None:
        """Answer a question of a run, or of `study:NAME`."""

    def retry(
        self,
        run: str,
        *,
        params: Mapping[str, str] | None = None,
        remedy: str = "",
        begins: str | None = None,
        stops: bool = False,
    ) -> str:
        """Queue a new run with this one as its parent; its name. `stops`: this one is stopped first."""

    def retry_choices(self, run: str) -> RetryChoices:
        """What may be chosen when a run is tried again."""

    def toggle_hold(self, run: str) -> bool:
        """Hold a queued run, or release it when it is held; whether it is held now."""

    def nudge(self, run: str, by: int) -> int:
        """Raise or lower the priority of a queued run; what it is now."""

    def shift(self, run: str, by: int) -> str:
        """Move a queued run one place up (-1) or down (1) the queue; what was done, for people."""

    def params(self, run: str) -> Mapping[str, object]:
        """The params a run has or will have."""

    def edit(self, run: str, *, params: Mapping[str, str]) -> None:
        """Change params of a queued run. Refuses them all when one is of the wrong type."""

    def printed(self, run: str) -> Printed:
        """The last lines a run printed, and which were understood."""

    def spec_file(self, run: str) -> Path | None:
        """The spec file of the run's job; None where it cannot be found."""

    def teach(self, run: str, toml: str) -> Path:
        """Write a `[[metrics.pattern]]` table into the spec file of the run's job; that file."""

    def note(self, run: str, text: str) -> None:
        """Keep a remark beside a run."""

    def tag(self, run: str, words: Sequence[str]) -> Sequence[str]:
        """Put tags on a run and take others away, `+best -old`; what changed, so written."""

    def export_choices(self, runs: Sequence[str], *, study: str = "") -> ExportChoices:
        """In which formats runs, or a whole study, can be written, and where to."""

    def write_out(
        self,
        runs: Sequence[str],
        *,
        study: str,
        to: str,
        formats: Sequence[str],
        tell: Cancelling,
    ) -> Sequence[Path]:
        """Write runs, or a whole study, into a folder; the files. `tell` hears of each as soon as it is there."""

    def ensure_manager(self) -> None:
        """Start the manager if none lives."""
