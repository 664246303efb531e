"""What is done about verdicts: which still want it, what was done or withheld, what holds the queue, who answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.deeds import Past, Reached
from trainui.core.gates import Place, State
from trainui.core.store.blocks import Block, blocks

TO_DO = "to be done"
"""The outcome of an action that was decided and not carried out yet."""
ACTING_SINCE = "acting_since"
"""Fact: the newest verdict there was when actions were first kept; of those before, nothing is done."""
DONE_BEFORE = "done_before"
"""Fact: what had been done about runs that were live, and about studies, in a runs.db that was rebuilt as this one."""
QUIET = (str(State.OK), str(State.PENDING))


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """An action that was decided and is to be carried out."""

    id: int
    action: str
    verdict: Reached


def _reached(row: sqlite3.Row) -> Reached:
    return Reached(
        id=row["id"],
        gate=row["gate"],
        state=State(row["verdict"]),
        value=row["value"],
        reason=row["reason"],
        place=Place(step=row["step"], epoch=row["epoch"], at=row["at"]),
        label=row["label"],
    )


class ActionWriter:
    """The actions, blocks and answers of one runs.db, for the manager."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def begin(self) -> None:
        """Note, once in the life of a runs.db, from which verdict on something is done."""
        self._db.execute(
            "INSERT OR IGNORE INTO facts SELECT ?, CAST(coalesce(max(id), 0) AS TEXT) FROM verdicts",
            (ACTING_SINCE,),
        )

    def subjects(self) -> list[str]:
        """Runs and studies of which a verdict waits for what it asks, or something decided was not done."""
        rows = self._db.execute(
            "SELECT DISTINCT run FROM verdicts AS one WHERE id > ? AND verdict NOT IN (?, ?)"
            " AND NOT EXISTS (SELECT 1 FROM actions WHERE run=one.run AND gate=one.gate AND verdict=one.id)"
            " AND NOT EXISTS (SELECT 1 FROM runs WHERE name=one.run AND imported != '')"
            " UNION SELECT DISTINCT run FROM actions WHERE NOT is_done AND outcome=?",
            (self._since(), *QUIET, TO_DO),
        )
        return [row[0] for row in rows]

    def fresh(self, subject: str, *, after: int) -> list[Reached]:
        """Verdicts of a subject later than the verdict `after` about which nothing was decided, oldest first.

        Of an imported run there are none: what it was is long over.
        """
        rows = self._db.execute(
            "SELECT * FROM verdicts AS one WHERE run=? AND id > ?"
            " AND NOT EXISTS (SELECT 1 FROM actions WHERE run=one.run AND gate=one.gate AND verdict=one.id)"
            " AND NOT EXISTS (SELECT 1 FROM runs WHERE name=one.run AND imported != '') ORDER BY id",
            (subject, max(after, self._since())),
        )
        return [_reached(row) for row in rows.fetchall()]

    def past(self, subject: str, gate: str) -> list[Past]:
        """What was done before about a gate, and what is still to be done; oldest first."""
        rows = self._db.execute(
            "SELECT actions.action, verdicts.verdict, verdicts.step, verdicts.epoch, verdicts.at AS reached_at,"
            " actions.at FROM actions JOIN verdicts ON verdicts.id = actions.verdict"
            " WHERE actions.run=? AND actions.gate=? AND (is_done OR outcome=?) ORDER BY actions.id",
            (subject, gate, TO_DO),
        )
        return self._done_before(subject, gate) + [
            Past(
                action=row["action"],
                state=State(row["verdict"]),
                place=Place(step=row["step"], epoch=row["epoch"], at=row["reached_at"]),
                at=row["at"],
            )
            for row in rows
        ]

    def _done_before(self, subject: str, gate: str) -> list[Past]:
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (DONE_BEFORE,)).fetchone()
        return [
            Past(action=action, state=State(state), place=Place(step=step, epoch=epoch, at=reached_at), at=at)
            for of, by, action, state, step, epoch, reached_at, at in (json.loads(row[0]) if row else ())
            if (of, by) == (subject, gate)
        ]

    def write(
        self,
        subject: str,
        verdict: Reached,
        action: str,
        outcome: str,
        *,
        is_done: bool,
        at: float,
        saves: tuple[float | None, int | None] = (None, None),
    ) -> None:
        """Keep an action of a verdict: done, withheld (why), or TO_DO. `saves`: seconds and micro-dollars.

        Call inside a transaction.
        """
        self._db.execute(
            "INSERT OR IGNORE INTO actions (run, gate, verdict, action, outcome, is_done, would_save_seconds,"
            " would_save_micro, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (subject, verdict.gate, verdict.id, action, outcome, int(is_done), *saves, at),
        )

    def to_do(self, subject: str) -> list[Open]:
        """What was decided of a subject and not carried out, oldest first."""
        rows = self._db.execute(
            "SELECT actions.id AS action_id, actions.action, verdicts.* FROM actions"
            " JOIN verdicts ON verdicts.id = actions.verdict"
            " WHERE actions.run=? AND NOT is_done AND outcome=? ORDER BY actions.id",
            (subject, TO_DO),
        ).fetchall()
        return [Open(id=row["action_id"], action=row["action"], verdict=_reached(row)) for row in rows]

    def told_of(self, verdict: Reached, subject: str) -> bool:
        """Whether people are told, or will be, that a gate has come to the state of `verdict`."""
        past = self.past(subject, verdict.gate)
        return any(one.action == "notify" and one.state is verdict.state for one in past)

    def close(self, action: int, outcome: str, *, is_done: bool) -> None:
        """Say what became of an action that was to be done. Call inside a transaction."""
        self._db.execute(
            "UPDATE actions SET outcome=?, is_done=? WHERE id=?", (outcome, int(is_done), action)
        )

    def sum_up(self, subject: str, gate: str, words: str, saves: float | None) -> None:
        """Show beside a gate what was done about it last. Call inside a transaction."""
        self._db.execute(
            "UPDATE gates SET action=?, would_save_seconds=? WHERE run=? AND gate=?",
            (words, saves, subject, gate),
        )

    def _since(self) -> int:
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (ACTING_SINCE,)).fetchone()
        return int(row[0]) if row else 0

    def ended_at(self, run: str) -> float | None:
        """When a run ended, Unix seconds."""
        row = self._db.execute("SELECT ended_at FROM runs WHERE name=?", (run,)).fetchone()
        return None if row is None else row[0]

    # ---------------------------------------------------------------- what holds the queue

    def block(self, job: str, subject: str, verdict: Reached, reason: str, *, at: float) -> bool:
        """Hold a job (a glob, `*` for all) until a person releases it; False when this gate holds it already.

        Call inside a transaction.
        """
        is_held = any(
            (one.job, one.subject, one.gate) == (job, subject, verdict.gate) for one in blocks(self._db)
        )
        if not is_held:
            self._db.execute(
                "INSERT INTO blocks (job, run, gate, reason, at) VALUES (?, ?, ?, ?, ?)",
                (job, subject, verdict.gate, reason, at),
            )
        return not is_held

    def lift(self, held: Sequence[Block], *, who: str, at: float) -> None:
        """Release what these blocks hold. Call inside a transaction."""
        self._db.executemany(
            "UPDATE blocks SET released_at=?, released_by=? WHERE id=? AND released_at IS NULL",
            [(at, who, one.id) for one in held],
        )

    # ---------------------------------------------------------------- answers and the line of a run

    def answer(self, subject: str, gate: str, *, yes: bool, who: str, note: str, at: float) -> None:
        """Keep what a person said to an ask gate. Call inside a transaction."""
        self._db.execute(
            "INSERT INTO answers (run, gate, is_yes, who, note, at) VALUES (?, ?, ?, ?, ?, ?)",
            (subject, gate, int(yes), who, note, at),
        )

    def child_of(self, run: str) -> str:
        """A run that was queued after this one; '' when none was."""
        row = self._db.execute(
            "SELECT run FROM intents WHERE verb='start' AND json_extract(payload, '$.parent')=?1"
            " UNION SELECT name FROM runs WHERE parent=?1 LIMIT 1",
            (run,),
        ).fetchone()
        return str(row[0]) if row else ""
