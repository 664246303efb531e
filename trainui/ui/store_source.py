"""The real source: runs.db, and the client that passes wishes on to the manager."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from trainui.core.client import Client
from trainui.core.config.model import Config, Ladder
from trainui.core.errors import UserError
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.printed import Printed, last_printed
from trainui.core.run import Status
from trainui.core.specedit import add_pattern, spec_path
from trainui.core.store.moneyviews import BurnPoint, LeaseView, LedgerLine, Spent
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView
from trainui.ui.book import Fit, Plan, RunCost


class DashboardClient(Client):
    """The client, with a place for exports, and with changes of the queue that are relative to where a run is.

    They look at the store when they are carried out, not when their key was pressed: two quick presses move
    a run two places.
    """

    def export(
        self,
        runs: Sequence[str],
        *,
        study: str = "",
        to: Path | None = None,
        formats: Sequence[str] = ("md", "json", "png"),
    ) -> Path:
        """Write a summary of runs into `exports/` of the project; the folder."""
        folder = to or self.project / "exports" / (runs[0] if len(runs) == 1 else f"{len(runs)}-runs")
        return super().export(runs, study=study, to=folder, formats=formats)

    def before_start(self, job: str, *, params: Mapping[str, str], preset: str) -> Fit:
        """What a run of a job would cost, and whether the budget lasts. Raises UserError."""
        return Fit(basis=f"no past run of {job}")

    def cancel_countdown(self) -> None:
        """Call off the countdown of on_idle or on_cap. Raises UserError when there is none."""
        self._ask_and_hear("cancel", "")

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
        queue = [view for view in reader.runs() if view.status is Status.QUEUED]
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


class DashboardReader(Reader):
    """The store, with what only the dashboard asks of it."""

    def ladder(self) -> Ladder:
        """The ladder of the budget in force."""
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.json.decode(self._fact("config") or "{}", type=Config).budget.ladder
        return Ladder()

    def costs(self, runs: Sequence[RunView]) -> dict[str, RunCost]:
        """What each live run is expected to cost."""
        return {view.run: _cost(view) for view in runs}

    def plans(self) -> list[Plan]:
        """What was planned, and what it took."""
        return []

    def spent(self, by: str) -> list[Spent]:
        """What each took."""
        return []

    def burn(self, *, points: int = 400) -> list[BurnPoint]:
        """How much had been spent when."""
        return []

    def leases(self) -> list[LeaseView]:
        """Every lease."""
        return []

    def ledger_lines(self, *, last: int = 200) -> list[LedgerLine]:
        """The newest lines."""
        return []


def _cost(view: RunView) -> RunCost:
    if view.eta_seconds is None:
        return RunCost(run=view.run, why_not="nobody knows when it ends")
    return RunCost(run=view.run, usd_to_end=view.usd_per_hour * view.eta_seconds / 3600)


class StoreSource:
    """Opens the store and the client of one project."""

    def __init__(self, project: Path, db: Path) -> None:
        self._project, self._db = project, db

    def reader(self) -> DashboardReader:
        """Open runs.db, read only."""
        return DashboardReader(self._db)

    def actions(self) -> DashboardClient:
        """Open the client."""
        return DashboardClient(self._project, self._db)
