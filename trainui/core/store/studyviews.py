"""What a front end is shown of studies: their gates, over the study and in each of its runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from trainui.core.store.rows import gate_view
from trainui.core.store.subjects import REPLACED, subject_of

if TYPE_CHECKING:
    from trainui.core.gates import Point
    from trainui.core.store.picking import Wanted
    from trainui.core.store.views import GateView


class StudyView(Struct, frozen=True, kw_only=True):
    """A study: runs that are compared, and gates across them."""

    study: str
    about: str
    status: str
    """`open`, or `over` while nothing of it is live or waits."""
    digest: str
    source: str
    """The file it was read from."""
    at: float
    """When it was written down, Unix seconds."""
    runs: Mapping[str, str] = field(default_factory=dict)
    """Alias → the run that it means; an alias without a run is not there."""
    gates: Mapping[str, int] = field(default_factory=dict)
    """Verdict → how many gates stand there over the study."""


class StudyGateView(Struct, frozen=True, kw_only=True):
    """A gate of a study: where it stands over it, and in each run that carries it."""

    study: str
    gate: GateView
    runs: Mapping[str, GateView] = field(default_factory=dict)
    """Alias → where it stands in that run; empty for a gate that is judged across runs."""
    is_replaced: bool = False
    """Whether it was edited since: this is what it said before."""


class StudyReader:
    """The part of a Reader that looks at studies."""

    _db: sqlite3.Connection

    def studies(self) -> list[StudyView]:
        """Every study of which a run was ever started, in the order they were written down."""
        rows = self._db.execute("SELECT * FROM studies ORDER BY at, name").fetchall()
        found = []
        for row in rows:
            counts = self._db.execute(
                "SELECT verdict, count(*) AS n FROM gates WHERE run=? AND instr(gate, ?)=0 GROUP BY verdict",
                (subject_of(row["name"]), REPLACED),
            ).fetchall()
            about = self._db.execute("SELECT json_extract(?, '$.about')", (row["text"],)).fetchone()[0]
            found.append(
                StudyView(
                    study=row["name"],
                    about=about or "",
                    status="over" if row["status"] == "imported" else row["status"],
                    digest=row["digest"],
                    source=row["source"],
                    at=row["at"],
                    runs=self._runs_of(row["name"]),
                    gates={one["verdict"]: one["n"] for one in counts},
                )
            )
        return found

    def study_gates(self, study: str) -> list[StudyGateView]:
        """Where the gates of a study stand, in the order of its file; none of a study that is not known."""
        rows = self._db.execute(
            "SELECT * FROM gates WHERE run=? ORDER BY instr(gate, ?) > 0, place, gate",
            (subject_of(study), REPLACED),
        ).fetchall()
        runs = self._runs_of(study)
        found = []
        for row in rows:
            within = {}
            for alias, run in runs.items():
                mine = self._db.execute(
                    "SELECT * FROM gates WHERE run=? AND gate=?", (run, row["gate"])
                ).fetchone()
                if mine is not None:
                    within[alias] = gate_view(mine)
            old = REPLACED in row["gate"]
            found.append(StudyGateView(study=study, gate=gate_view(row), runs=within, is_replaced=old))
        return found

    def study_text(self, study: str) -> str:
        """The canonical text of a study, also of one that came out of an archive; '' of one that is not known."""
        row = self._db.execute("SELECT text FROM studies WHERE name=?", (study,)).fetchone()
        return "" if row is None else str(row["text"])

    def points_told(self, run: str, wanted: Wanted) -> Iterator[Point]:
        """The points of the metrics `wanted` as the judge of a study hears them: what the line of a run had written
        first. Of a long curve no more than is wanted."""
        from trainui.core.store.picking import picked

        return picked(self._db, run, wanted)

    def _runs_of(self, study: str) -> dict[str, str]:
        """Alias → the run that it means, by the study's journal."""
        rows = self._db.execute(
            "SELECT text, name FROM readings WHERE run=? AND kind='began' ORDER BY id", (subject_of(study),)
        ).fetchall()
        return {row["text"]: row["name"] for row in rows}
