"""HAND: a run that came out of an archive told again from its directory, where runs.db was lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainui.core.export.carry.archive import RUN_DIR
from trainui.core.export.carry.manifest import ROWS
from trainui.core.store.lines import decoded
from trainui.core.store.packing import MARK
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.unpacking import Taker, is_charged

SALVAGED = {"notes", "tags", "usage", "answers"}
"""Tables of which a damaged file gives back the rows itself."""


def take_again(
    db: sqlite3.Connection, folder: Path, origin: Mapping[str, Any], *, has_row: bool = False
) -> RunRow:
    """A run out of an archive told again from its directory, into a new runs.db. Raises ValueError.

    `has_row`: a damaged file still tells of it, and gives back what people kept beside it.
    """
    own = {
        "name": folder.name, "directory": str(folder), "project": str(origin["project"]), "study": str(origin["study"]),
        "parent": origin.get("parent"), "imported": str(origin["imported"]),
    }  # fmt: skip
    with atomic(db):
        skipped = {"ledger"} if is_charged(db, folder.name) else set()
        skipped |= SALVAGED if has_row else set()
        taker = Taker(db, folder.name, own, names={})
        with (folder / ROWS).open("rb") as file:
            for line in file:
                table, row = decoded(line)
                if table not in skipped:
                    taker.take(table, row if table != "checkpoints" else placed(row, folder))
        taker.close()
    found = RunWriter(db).get(folder.name)
    assert found is not None
    return found


def is_carried(origin: Mapping[str, Any] | None) -> bool:
    """Whether an origin.json is that of a run out of an archive."""
    return bool(origin and str(origin.get("imported")).startswith(MARK))


def placed(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A checkpoint with its place in the directory the run has here."""
    path = str(row.get("path"))
    inner = path.removeprefix(f"{RUN_DIR}/")
    if inner == path or ".." in Path(inner).parts:
        return dict(row)
    return {**row, "path": str(folder / inner)}
