"""HAND: notes in each run directory on which leases its run lived: rates survive a runs.db that is lost."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.process.files import recall, write_json
from trainui.core.store.leases import LeaseRow
from trainui.core.store.recount import noted
from trainui.core.store.runs import RunRow

ORIGIN, LEASES = "origin.json", "leases"
"""The file, and the key in it."""


class Notes:
    """Writes a lease into the directories of the runs that live on it, once."""

    def __init__(self) -> None:
        self._known: set[tuple[str, int]] = set()

    def note(self, runs: Sequence[RunRow], row: LeaseRow | None) -> None:
        """Have `row` noted beside each of these runs. Raises OSError."""
        for run in runs if row else ():
            assert row is not None
            if (run.name, row.id) in self._known:
                continue
            origin = recall(run.directory / ORIGIN)
            if origin is None:  # it is about to be launched, or somebody deleted it
                continue
            told = origin.get(LEASES)
            kept = told if isinstance(told, list) else []
            if noted(row) not in kept:
                write_json(run.directory / ORIGIN, {**origin, LEASES: [*kept, noted(row)]})
            self._known.add((run.name, row.id))
