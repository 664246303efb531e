"""The client as the dashboard uses it: exports, what a start would cost, and places in the queue."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from trainui.core.client import Client
from trainui.core.config import load_config
from trainui.core.costing import StartForecast, before_start, before_starts
from trainui.core.errors import TrainuiError, UserError
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.printed import Printed, last_printed
from trainui.core.project import find_job
from trainui.core.run import Status
from trainui.core.spec import resolve
from trainui.core.specedit import add_pattern, spec_path
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView
from trainui.ui.acts import StartWish
from trainui.ui.exporting import Cancelling, ExportChoices, default_folder, format_choices


class DashboardClient(Client):
    """The client, with a place for exports, and with changes of the queue that are relative to where a run is.

    They look at the store when they are carried out, not when their key was pressed: two quick presses move
    a run two places.
    """

    def export_choices(self, runs: Sequence[str], *, study: str = "") -> ExportChoices:
        """In which formats runs, or a whole study, can be written, and where to: into `exports/` of the project."""
        return ExportChoices(formats=format_choices(), folder=default_folder(self.project, runs, study))

    def write_out(
        self,
        runs: Sequence[str],
        *,
        study: str,
        to: str,
        formats: Sequence[str],
        tell: Cancelling,
    ) -> list[Path]:
        """Write runs, or a whole study, into a folder, in a process of its own; the files. Raises TrainuiError."""
        from trainui.core.export.child import Waiting

        words = ("--study", study) if study else runs
        folder = self.project / os.path.expanduser(to)
        work = Waiting(self.db, self.project, (*words, "--format", ",".join(formats)), folder)
        tell.ended_by(work.call_off)
        try:
            with closing(work.files()) as files:
                for path in files:
                    tell(path)
        except TrainuiError:
            tell.check()  # what it said when it was ended tells less
            raise
        return tell.written

    def before_start(
        self, job: str, *, params: Mapping[str, str], preset: str, priority: int, held: bool = False
    ) -> StartForecast:
        """What a run of a job would cost, and whether the budget lasts. Raises UserError."""
        spec = resolve(find_job(self.project, job), preset=preset, overrides=params)
        config = load_config(self.project)
        if not self.db.exists():
            return before_start(None, spec, config=config, priority=priority, held=held)
        reader = Reader(self.db)
        try:
            return before_start(reader, spec, config=config, priority=priority, held=held)
        finally:
            reader.close()

    def before_several(self, wishes: Sequence[StartWish]) -> list[StartForecast]:
        """What runs that are started together would cost, each behind those before it. Raises UserError."""
        specs = [
            resolve(find_job(self.project, one.job), preset=one.preset, overrides=one.params)
            for one in wishes
        ]
        reader = Reader(self.db) if self.db.exists() else None
        try:
            return before_starts(
                reader,
                specs,
                config=load_config(self.project),
                priorities=[one.priority for one in wishes],
                held=[one.held for one in wishes],
            )
        finally:
            if reader is not None:
                reader.close()

    def start_several(self, wishes: Sequence[StartWish]) -> list[str]:
        """Queue a run for each, or none when one of them is wrong. Raises UserError."""
        for one in wishes:
            self.foresee([one.job], params=one.params, preset=one.preset)  # refuses what a start would
        return [
            self.start(
                one.job,
                params=one.params,
                preset=one.preset,
                armed=one.armed,
                held=one.held,
                priority=one.priority,
            )
            for one in wishes
        ]

    def params(self, run: str) -> Mapping[str, object]:
        """The params a run has or will have. Raises NotFoundError."""
        reader = Reader(self.db)
        try:
            return dict(reader.spec(run).params)
        finally:
            reader.close()

    def printed(self, run: str) -> Printed:
        """The last lines a run printed, and which were understood. Raises NotFoundError."""
        reader = Reader(self.db)
        try:
            directory = Path(reader.run(run).directory)
            patterns = compile_patterns(reader.spec(run).metrics.pattern)
        finally:
            reader.close()
        return last_printed(directory / "output.log", patterns)

    def spec_file(self, run: str) -> Path | None:
        """The spec file of the run's job, from the project; None where there is none, or it is wrong as it stands."""
        try:
            return spec_path(self.project, self._view(run).job).relative_to(self.project)
        except UserError:
            return None

    def teach(self, run: str, toml: str) -> Path:
        """Write a pattern into the spec file of the run's job; that file. Raises NotFoundError, SpecError."""
        path = spec_path(self.project, self._view(run).job)
        add_pattern(path, toml)
        return path

    def toggle_hold(self, run: str) -> bool:
        """Hold a queued run, or release it when it is held; whether it is held now. Raises UserError."""
        is_held = self._view(run).held
        if is_held:
            self.release(run)
        else:
            self.hold(run)
        return not is_held

    def nudge(self, run: str, by: int) -> int:
        """Raise or lower the priority of a queued run; what it is now. Raises UserError."""
        priority = self._view(run).priority + by
        self.edit(run, priority=priority)
        return priority

    def shift(self, run: str, by: int) -> str:
        """Move a queued run one place up (-1) or down (1); what was done, for people. Raises UserError."""
        reader = Reader(self.db)
        try:
            queue = [view for view in reader.runs() if view.status is Status.QUEUED]
        finally:
            reader.close()
        to, priority, told = neighbour(queue, run, by)
        self.edit(run, to=to, priority=priority)
        return told


def neighbour(queue: Sequence[RunView], run: str, by: int) -> tuple[str, int | None, str]:
    """(goal of an edit, priority to take or None, what it does in words) that moves `run` past its neighbour.

    A run that passes one of another priority takes that priority. Raises UserError when it cannot be moved.
    """
    names = [view.run for view in queue]
    if run not in names:
        raise UserError(f"{run} is no longer queued")
    at = names.index(run)
    if not 0 <= at + by < len(queue):
        raise UserError(f"{run} is {'first' if by < 0 else 'last'} in the queue already")
    own, passed = queue[at], queue[at + by]
    changed = f", with its priority {passed.priority}" if passed.priority != own.priority else ""
    told = f"{run} goes {'before' if by < 0 else 'after'} {passed.run}{changed}"
    if by < 0:
        return f"before {passed.run}", None, told
    following = queue[at + 2] if at + 2 < len(queue) else None
    if following is not None and following.priority == passed.priority:
        return f"before {following.run}", None, told
    return "last", passed.priority, told
