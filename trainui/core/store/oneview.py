"""One run as front ends are shown it, read in the transaction of whoever asks."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from trainui.core.store.money import Ledger
from trainui.core.store.rows import primary_names, primary_view, run_view

if TYPE_CHECKING:
    from trainui.core.store.views import PrimaryView, RunView


def view_of(db: sqlite3.Connection, name: str) -> RunView | None:
    """The run called `name`, without its share of the machine's rate; None where there is none."""
    row = db.execute("SELECT * FROM runs WHERE name=?", (name,)).fetchone()
    if row is None:
        return None
    gates = db.execute(
        "SELECT verdict, count(*) FROM gates WHERE run=? AND NOT (is_default AND verdict='ok') GROUP BY verdict",
        (name,),
    )
    tags = db.execute("SELECT tag FROM tags WHERE run=? ORDER BY at, tag", (name,))
    return run_view(
        row,
        primary=_primary(db, row),
        begun=(0, 0),
        spent=(Ledger(db).cost_of(name), 0),
        gates=dict(gates),
        usd_per_hour=0.0,
        tags=tuple(str(tag) for (tag,) in tags),
    )


def params_of(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    """The params of its spec."""
    row = db.execute("SELECT json_extract(spec, '$.params') FROM runs WHERE name=?", (name,)).fetchone()
    return dict(json.loads(row[0])) if row and row[0] else {}


def _primary(db: sqlite3.Connection, row: sqlite3.Row) -> PrimaryView | None:
    goal, names = primary_names(row)
    for name in names:
        metric = db.execute(
            "SELECT * FROM metrics WHERE run=? AND name=? ORDER BY rank, id LIMIT 1", (row["name"], name)
        ).fetchone()
        if metric:
            return primary_view(name, goal, metric)
    return primary_view(names[0], goal, None) if names else None
