"""The real source: runs.db, and the client that passes wishes on to the manager."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainui.core.client import Client
from trainui.core.store.read import Reader


class DashboardClient(Client):
    """The client, with a place for exports: `exports/` of the project folder."""

    def export(
        self,
        runs: Sequence[str],
        *,
        study: str = "",
        to: Path | None = None,
        formats: Sequence[str] = ("md", "json", "png"),
    ) -> Path:
        """Write a summary of runs; the folder."""
        folder = to or self.project / "exports" / (runs[0] if len(runs) == 1 else f"{len(runs)}-runs")
        return super().export(runs, study=study, to=folder, formats=formats)


class StoreSource:
    """Opens the store and the client of one project."""

    def __init__(self, project: Path, db: Path) -> None:
        self._project, self._db = project, db

    def reader(self) -> Reader:
        """Open runs.db, read only."""
        return Reader(self._db)

    def actions(self) -> DashboardClient:
        """Open the client."""
        return DashboardClient(self._project, self._db)
