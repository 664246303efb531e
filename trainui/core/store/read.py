"""Reading runs.db for a front end: one look, plain values, nothing written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from trainui.core.errors import NotFoundError, nearest
from trainui.core.run import LIVE, Status
from trainui.core.store.costs import CostReader
from trainui.core.store.curves import begun_at, envelope, points_of
from trainui.core.store.doings import DoingsReader
from trainui.core.store.logbook import LogbookReader
from trainui.core.store.money import spent_by_run
from trainui.core.store.moneyviews import budget_view
from trainui.core.store.outbox import NewsReader
from trainui.core.store.outcomes import Outcomes, alarms_of
from trainui.core.store.outlines import OutlineReader
from trainui.core.store.params import ParamReader
from trainui.core.store.placing import PlaceReader
from trainui.core.store.remarks import RemarkReader
from trainui.core.store.rows import (
    VERDICTS,
    gate_view,
    metric_view,
    primary_names,
    primary_view,
    queue_order,
    run_view,
)
from trainui.core.store.schema import connect
from trainui.core.store.segments import segments_of
from trainui.core.store.spending import SpendingReader
from trainui.core.store.studyviews import StudyReader
from trainui.core.store.usage import usage_of
from trainui.core.store.views import (
    MachineView,
    RunDetail,
    RunView,
)

if TYPE_CHECKING:
    from trainui.core.spec import Spec
    from trainui.core.store.moneyviews import BudgetView
    from trainui.core.store.views import (
        Bucket,
        CurvePoint,
        GateView,
        MetricView,
        PrimaryView,
        UsageView,
    )


class Reader(
    StudyReader,
    LogbookReader,
    DoingsReader,
    SpendingReader,
    CostReader,
    RemarkReader,
    ParamReader,
    PlaceReader,
    OutlineReader,
    NewsReader,
):
    """A front end's eyes. Safe to use from one thread at a time."""

    def __init__(self, path: Path, *, untouched: bool = False) -> None:
        """`untouched`: not one byte of the file is changed. Raises StoreError."""
        self.path = path
        self._db = connect(path, reading=True, untouched=untouched)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def version(self) -> int:
        """A number that changes whenever something was committed by another connection."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def check(self) -> str:
        """What SQLite says of the file's health: `ok`, or what is wrong."""
        return str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0])

    def runs(self) -> list[RunView]:
        """Every run: live ones first, then queued in the order of the queue, then ended; else newest first."""
        with self.one_look():  # a run must not fall between its intent and its row
            return self._runs()

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """All that is read in the block is of one moment; such blocks may stand in one another."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def _runs(self) -> list[RunView]:
        spent = spent_by_run(self._db)
        gates, tags = self._gate_counts(), self.tags()
        rates = msgspec.json.decode(self._fact("rates") or "{}", type=dict[str, float])
        rows = self._db.execute("SELECT * FROM runs ORDER BY id DESC").fetchall()
        views = [
            run_view(
                row,
                primary=self._primary(row),
                begun=begun_at(self._db, row["name"]) if row["parent"] and row["status"] in LIVE else (0, 0),
                spent=spent.get(row["name"], (0, 0)),
                gates=gates.get(row["name"], {}),
                usd_per_hour=rates.get(row["name"], 0.0),
                tags=tags.get(row["name"], ()),
            )
            for row in rows
        ]
        queued = [row["name"] for row in sorted(rows, key=queue_order) if row["status"] == Status.QUEUED]
        place = {name: number for number, name in enumerate(queued)}
        order = {Status.ENDED: 2, Status.QUEUED: 1}
        return sorted(
            views + self._not_taken_yet(tags),
            key=lambda view: (order.get(view.status, 0), place.get(view.run, len(place))),
        )

    def is_open(self) -> bool:
        """Whether anything is live or waits, also what no manager has taken in yet."""
        return bool(
            self._db.execute(
                "SELECT EXISTS (SELECT 1 FROM runs WHERE status != 'ended') OR"
                " EXISTS (SELECT 1 FROM intents WHERE done_at IS NULL)"
            ).fetchone()[0]
        )

    def run(self, name: str) -> RunView:
        """The run called `name`. Raises NotFoundError."""
        views = {view.run: view for view in self.runs()}
        if name not in views:
            raise NotFoundError(
                f"there is no run {name!r}", hint=nearest(name, views) or "see `trainui ls --all`"
            )
        return views[name]

    def detail(self, name: str) -> RunDetail:
        """Everything there is to tell of one run. Raises NotFoundError."""
        view = self.run(name)
        spec = self.spec(name)
        lines_read, lines_understood = self.lines_of(name)
        return RunDetail(
            view=view,
            command=tuple(spec.job.command),
            params=dict(spec.params),
            about=spec.job.about,
            metrics=tuple(self.metrics(name)),
            gates=tuple(self.gates(name)),
            checkpoints=tuple(self.checkpoints(name)),
            events=tuple(self.events(run=name)),
            notes=tuple(self.notes(name)),
            lines_read=lines_read,
            lines_understood=lines_understood,
            usage=next(iter(usage_of(self._db, name, last=1)), None) if view.is_live else None,
        )

    def spec(self, name: str) -> Spec:
        """The resolved spec a run was started with. Raises NotFoundError."""
        row = self._db.execute("SELECT spec FROM runs WHERE name=?", (name,)).fetchone()
        if row is None:
            row = self._db.execute(
                "SELECT json_extract(payload, '$.spec') AS spec FROM intents WHERE verb='start' AND run=?",
                (name,),
            ).fetchone()
        if row is None:
            raise NotFoundError(f"there is no run {name!r}", hint="see `trainui ls --all`")
        from trainui.core.spec import spec_from_json

        return spec_from_json(row["spec"])

    def metrics(self, run: str) -> list[MetricView]:
        """The run's metrics, each from its most structured source."""
        rows = self._db.execute("SELECT * FROM metrics WHERE run=? ORDER BY id", (run,)).fetchall()
        best: dict[str, tuple[int, int]] = {}
        for row in rows:
            mine = (row["rank"], row["id"])
            best[row["name"]] = min(mine, best.get(row["name"], mine))
        return [metric_view(row) for row in rows if row["id"] == best[row["name"]][1] and row["points"]]

    def curve(self, run: str, metric: str) -> list[CurvePoint]:
        """Every point of a metric, in the order written. Raises NotFoundError."""
        return points_of(self._db, self._metric_row(run, metric)["id"])

    def segments(self, run: str, metric: str) -> list[int]:
        """Places in `curve` where its steps begin anew, 0 first. Raises NotFoundError."""
        return segments_of(self._db, self._metric_row(run, metric)["id"])

    def envelope(
        self, run: str, metric: str, *, buckets: int, start: int = 0, stop: int | None = None
    ) -> list[Bucket]:
        """The curve from place `start` to before `stop` in at most about 2 x `buckets` buckets. No spike is
        lost, and none reaches over the border of a segment unless there are more of these than buckets.
        Raises NotFoundError."""
        row = self._metric_row(run, metric)
        return envelope(self._db, row["id"], row["points"], buckets=buckets, start=start, stop=stop)

    def gates(self, run: str | None = None) -> list[GateView]:
        """Where gates stand, of one run or of all."""
        rows = self._db.execute(
            "SELECT * FROM gates WHERE ?1 IS NULL OR run=?1 ORDER BY run, place", (run,)
        ).fetchall()
        return [gate_view(row) for row in rows]

    def outcomes(self, subject: str) -> Outcomes:
        """What came of the gates of a run, or of `study:NAME`: actions, answers, alarms."""
        return Outcomes(
            actions=tuple(self.actions(subject)),
            answers=tuple(self.answers(subject)),
            alarms=alarms_of(self._db, subject),
        )

    def budget(self) -> BudgetView:
        """The money, as of the manager's last reckoning."""
        return budget_view(self._fact)

    def machine(self) -> MachineView | None:
        """The newest sample of the machine."""
        row = self._db.execute("SELECT machine FROM samples ORDER BY at DESC LIMIT 1").fetchone()
        return msgspec.json.decode(row["machine"], type=MachineView) if row else None

    def usage(self, run: str) -> list[UsageView]:
        """What a run's processes used, oldest first."""
        return usage_of(self._db, run)

    def _fact(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (name,)).fetchone()
        return str(row["value"]) if row else ""

    def _metric_row(self, run: str, metric: str) -> sqlite3.Row:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM metrics WHERE run=? AND name=? ORDER BY rank, id LIMIT 1", (run, metric)
        ).fetchone()
        if row is None:
            self.run(run)
            known = [view.metric for view in self.metrics(run)]
            hint = nearest(metric, known) if known else "it has written none so far"
            raise NotFoundError(f"run {run!r} has no metric {metric!r}", hint=hint)
        return row

    def _gate_counts(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        # A gate nobody wrote counts while it has something to say.
        told = "SELECT run, verdict, count(*) AS n FROM gates WHERE NOT (is_default AND verdict='ok')"
        for row in self._db.execute(f"{told} GROUP BY run, verdict"):
            counts.setdefault(row["run"], {})[row["verdict"]] = row["n"]
        return counts

    def _not_taken_yet(self, tags: Mapping[str, tuple[str, ...]]) -> list[RunView]:
        """Runs that were acknowledged while no manager had time: queued, as promised."""
        rows = self._db.execute(
            "SELECT run, payload, created_at FROM intents WHERE verb='start' AND done_at IS NULL"
            " AND run NOT IN (SELECT name FROM runs) ORDER BY id"
        ).fetchall()
        views = []
        for row in rows:
            payload = json.loads(row["payload"])
            views.append(
                RunView(
                    run=row["run"],
                    job=payload["job"],
                    study=payload["study"],
                    status=Status.QUEUED,
                    queued_at=row["created_at"],
                    gates=dict.fromkeys(VERDICTS, 0),
                    parent=payload.get("parent"),
                    directory=str(self.path.parent / "runs" / row["run"]),
                    armed=bool(payload.get("armed")),
                    waits_for="the manager",
                    priority=payload.get("priority", 0),
                    held=bool(payload.get("held")),
                    tags=tags.get(row["run"], ()),
                )
            )
        return views

    def _primary(self, row: sqlite3.Row) -> PrimaryView | None:
        goal, names = primary_names(row)
        sql = "SELECT * FROM metrics WHERE run=? AND name=? ORDER BY rank, id LIMIT 1"
        for name in names:
            if metric := self._db.execute(sql, (row["name"], name)).fetchone():
                return primary_view(name, goal, metric)
        return primary_view(names[0], goal, None) if names else None
