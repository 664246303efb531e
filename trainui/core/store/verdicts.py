"""Writing what was decided and what was saved: gates, verdicts, actions, checkpoints."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainui.core.gates import Gate, Verdict


def write_gates(
    db: sqlite3.Connection, run: str, gates: Sequence[Gate], *, first: int = 0, is_default: bool = False
) -> None:
    """Register a run's gates, with their digest: before its first instruction, or those nobody wrote (`is_default`)
    when they first matter. `first`: the place of the first of them."""
    db.executemany(
        "INSERT OR IGNORE INTO gates (run, gate, place, role, quote, source, rule, metric, threshold, digest,"
        " text, severity, is_default) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                run,
                gate.id,
                place,
                gate.role,
                gate.quote,
                gate.source,
                gate.rule,
                gate.metric,
                gate.threshold,
                gate.digest,
                gate.text,
                gate.severity,
                int(is_default),
            )
            for place, gate in enumerate(gates, start=first)
        ],
    )


def write_verdict(db: sqlite3.Connection, run: str, verdict: Verdict, *, is_change: bool) -> None:
    """Keep where a gate stands; a change is also kept for ever in `verdicts`."""
    value = None if verdict.value is None or math.isnan(verdict.value) else verdict.value
    db.execute(
        "UPDATE gates SET verdict=?, value=?, reason=?, step=?, epoch=?, at=?, label=?, low=?, high=?"
        " WHERE run=? AND gate=?",
        (
            str(verdict.state),
            value,
            verdict.reason,
            verdict.step,
            verdict.epoch,
            verdict.at,
            verdict.label,
            *(verdict.interval or (None, None)),
            run,
            verdict.gate,
        ),
    )
    if is_change:
        window = json.dumps([str(item) if not math.isfinite(item) else item for item in verdict.window])
        db.execute(
            "INSERT INTO verdicts (run, gate, verdict, value, reason, step, epoch, at, window, label,"
            " low, high) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                verdict.gate,
                str(verdict.state),
                value,
                verdict.reason,
                verdict.step,
                verdict.epoch,
                verdict.at,
                window,
                verdict.label,
                *(verdict.interval or (None, None)),
            ),
        )


def write_unjudged(db: sqlite3.Connection, run: str, gate: str, why: str) -> None:
    """Show a gate as unknown that nobody can judge any more, unless it was decided before."""
    db.execute(
        "UPDATE gates SET verdict='unknown', reason=? WHERE run=? AND gate=?"
        " AND verdict IN ('pending', 'ok', 'warn')",
        (why, run, gate),
    )


def write_checkpoint(
    db: sqlite3.Connection, run: str, *, path: str, at: float, step: float | None, epoch: float | None,
    metric: str, value: float | None,
) -> None:  # fmt: skip
    """Keep that a run said it saved a file."""
    db.execute(
        "INSERT INTO checkpoints (run, path, at, step, epoch, metric, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, path, at, step, epoch, metric, value),
    )
