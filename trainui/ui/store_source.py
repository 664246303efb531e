"""The real source: runs.db, and the client that passes wishes on to the manager."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from trainui.core.errors import UserError
from trainui.core.store.read import Reader
from trainui.ui.bridge import ONLY_LOOKS

if TYPE_CHECKING:
    from trainui.core.away.model import Away
    from trainui.core.costing import Planned, RunCost
    from trainui.core.spec.study import Study
    from trainui.core.store.views import RunView
    from trainui.ui.acts import Actions


class DashboardReader(Reader):
    """The store, with what only the dashboard asks of it."""

    def __init__(self, path: Path, project: Path, *, untouched: bool = False) -> None:
        super().__init__(path, untouched=untouched)
        self._project = project

    @cached_property
    def _studies(self) -> list[Study]:
        from trainui.core.project import find_studies

        return [study for file in find_studies(self._project) for study in file.studies]

    def costs(self, views: Sequence[RunView], only: Collection[str]) -> dict[str, RunCost]:
        """What each run in `only` costs and will cost. `views` are all runs."""
        if not only:
            return {}
        from trainui.core.costing.runs import run_costs

        return run_costs(self, views=views, only=only)

    def params_of(self, run: str) -> Mapping[str, object]:
        """The params of a run's spec. Raises NotFoundError."""
        return dict(self.spec(run).params)

    def away(self, since: float, *, now: float) -> Away:
        """What happened from a moment to now."""
        from trainui.core.away.gathering import gather

        return gather(self, since, now=now)

    def defaults_of(self, job: str) -> Mapping[str, object] | None:
        """The params that a job's spec file has now; None when there is none, or it is wrong as it stands."""
        from trainui.core.project import find_job

        try:
            return dict(find_job(self._project, job).params)
        except UserError:
            return None

    def plans(self, views: Sequence[RunView]) -> list[Planned]:
        """What was estimated, and what it took. `views` are all runs."""
        from trainui.core.costing.planned import planned

        return planned(self, studies=self._studies, views=views)


class StoreSource:
    """Opens the store and the client of one project."""

    def __init__(self, project: Path, db: Path) -> None:
        self._project, self._db = project, db

    def reader(self) -> DashboardReader:
        """Open runs.db, read only."""
        return DashboardReader(self._db, self._project)

    def actions(self) -> Actions:
        """Open the client."""
        from trainui.ui.hands import DashboardClient

        return DashboardClient(self._project, self._db)


class Refusal:
    """The actions of whoever only looks: each is refused, those to come too; no manager is started."""

    def ensure_manager(self) -> None:
        """Leave it as it is."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise UserError(ONLY_LOOKS, hint=f"{name.replace('_', ' ')}: open it without --readonly")

        return refuse


class LookingSource(StoreSource):
    """The same project, read only: nothing is written to its runs.db."""

    def reader(self) -> DashboardReader:
        """Open runs.db without changing it."""
        return DashboardReader(self._db, self._project, untouched=True)

    def actions(self) -> Actions:
        """Only refusals."""
        return cast("Actions", Refusal())
