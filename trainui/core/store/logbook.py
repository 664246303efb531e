"""What a run went through: its events, what it saved, the end of what it printed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from trainui.core.ingest.text import tail_lines
from trainui.core.store.views import CheckpointView, EventView


class LogbookReader:
    """Part of the reader."""

    _db: sqlite3.Connection

    def log_tail(self, run: str, lines: int) -> list[str]:
        """The last lines a run printed, without terminal escapes."""
        row = self._db.execute("SELECT directory FROM runs WHERE name=?", (run,)).fetchone()
        return tail_lines(Path(row["directory"]) / "output.log", lines) if row else []

    def events(self, *, after: int = 0, limit: int = 200, run: str | None = None) -> list[EventView]:
        """The newest events after id `after`, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM events WHERE id > ?1 AND (?2 IS NULL OR run = ?2) ORDER BY id DESC LIMIT ?3",
            (after, run, limit),
        ).fetchall()
        return [EventView(**dict(row)) for row in reversed(rows)]

    def checkpoints(self, run: str) -> list[CheckpointView]:
        """What the run said it saved, oldest first."""
        rows = self._db.execute(
            "SELECT path, at, step, epoch, metric, value FROM checkpoints WHERE run=? ORDER BY id", (run,)
        ).fetchall()
        return [CheckpointView(**dict(row)) for row in rows]
