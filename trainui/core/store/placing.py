"""Where in a curve things were: its lowest and highest value, its first that is no number, what it said at an epoch.

Buckets of the envelopes lead there, so that none of this reads a long curve whole.
"""

from __future__ import annotations

import math
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence

from msgspec import Struct

from trainui.core.store.envelope import WIDTHS

FEW = 4096
"""Points that are read all at once; in more of them a place is searched for."""
_NONFINITE = "(value IS NULL OR abs(value) >= 9e999)"


class Found(Struct, frozen=True, kw_only=True):
    """One point of a curve."""

    value: float
    step: float
    epoch: float | None
    at: float


class Turning(Struct, frozen=True, kw_only=True):
    """The points of a curve that are worth telling; each the first of its kind, None where there is none."""

    min: Found | None = None
    max: Found | None = None
    nonfinite: Found | None = None


class Birth(Struct, frozen=True, kw_only=True):
    """Where a run came from, and the end of its process."""

    parent: str | None
    retried_for: str
    exit_code: int | None
    imported: str
    """The file it was read from; '' for one that was run here."""


class UsageSums(Struct, frozen=True, kw_only=True):
    """The samples of a run together."""

    samples: int = 0
    cpu_mean: float | None = None
    cpu_max: float | None = None
    gpu_mean: float | None = None
    gpu_max: float | None = None
    why_no_gpu: str = ""


def ended_by_study(db: sqlite3.Connection) -> dict[str, int]:
    """Study → how many of its runs have ended."""
    rows = db.execute("SELECT study, count(*) FROM runs WHERE status='ended' AND study != '' GROUP BY study")
    return {row[0]: int(row[1]) for row in rows}


class PlaceReader:
    """The part of a Reader that finds places in curves, and sums up what a run was."""

    _db: sqlite3.Connection

    def births(self) -> dict[str, Birth]:
        """Run → where it came from, of every run that a manager has taken in, the oldest first."""
        rows = self._db.execute("SELECT name, parent, retried_for, exit_code, imported FROM runs ORDER BY id")
        return {
            row["name"]: Birth(
                **{key: row[key] for key in ("parent", "retried_for", "exit_code", "imported")}
            )
            for row in rows
        }

    def usage_sums(self, run: str) -> UsageSums:
        """What the processes of a run used, over all its kept samples."""
        row = self._db.execute(
            "SELECT count(*) AS samples, avg(cpu) AS cpu_mean, max(cpu) AS cpu_max, avg(gpu) AS gpu_mean,"
            " max(gpu) AS gpu_max, coalesce(max(why_no_gpu), '') AS why_no_gpu FROM usage WHERE run=?",
            (run,),
        ).fetchone()
        return UsageSums(**dict(row))

    def lines_of(self, run: str) -> tuple[int, int]:
        """(lines read, lines understood) of all that a run wrote."""
        row = self._db.execute(
            "SELECT coalesce(sum(lines), 0), coalesce(sum(understood), 0) FROM sources WHERE run=?", (run,)
        ).fetchone()
        return int(row[0]), int(row[1])

    def turning(self, run: str, metric: str) -> Turning:
        """The extremes of a metric and its first value that is none."""
        row = self._row(run, metric)
        if row is None or not row["points"]:
            return Turning()
        return Turning(
            min=self._find(row, "min=?2", "value=?2", row["min"]),
            max=self._find(row, "max=?2", "value=?2", row["max"]),
            nonfinite=self._find(row, "nonfinite>?2", f"{_NONFINITE} AND ?2=0", 0)
            if row["nonfinite"]
            else None,
        )

    def epochs_of(self, run: str, metric: str) -> list[int]:
        """The epochs in which a metric was written, 1 for all that ended by epoch 1; none where it tells of none."""
        row = self._row(run, metric)
        if row is None or row["last_epoch"] is None:
            return []
        if row["points"] <= FEW:
            rows = self._db.execute("SELECT DISTINCT epoch FROM points WHERE metric=?", (row["id"],))
            return sorted({_ordinal(one[0]) for one in rows if one[0] is not None})
        first = self._db.execute(
            "SELECT epoch FROM points WHERE metric=? AND n<? AND epoch IS NOT NULL ORDER BY n LIMIT 1",
            (row["id"], FEW),
        ).fetchone()
        begun = None if first is None else first[0]
        return list(
            range(_ordinal(row["last_epoch"] if begun is None else begun), _ordinal(row["last_epoch"]) + 1)
        )

    def steps_of(self, run: str, metric: str) -> list[float]:
        """Steps at which a metric was written, in order; of many only FEW, the last among them."""
        row = self._row(run, metric)
        if row is None:
            return []
        every = math.ceil(row["points"] / FEW) or 1
        rows = self._db.execute(
            "SELECT step FROM points WHERE metric=? AND (n % ? = 0 OR n = ?) ORDER BY n",
            (row["id"], every, row["points"] - 1),
        )
        return sorted({one[0] for one in rows})

    def values_at(self, run: str, metric: str, by: str, keys: Sequence[float]) -> list[float | None]:
        """What a metric said last in each of the epochs `keys`, or by each of the steps; `by`: `epoch` or `step`.

        None where it said nothing. `keys` rise.
        """
        row = self._row(run, metric)
        if row is None or not row["points"]:
            return [None] * len(keys)
        column = "epoch" if by == "epoch" else "step"
        if row["points"] <= FEW:
            rows = self._db.execute(
                f"SELECT {column}, value FROM points WHERE metric=? AND {column} IS NOT NULL ORDER BY n",  # noqa: S608
                (row["id"],),
            ).fetchall()
            said = {(_ordinal(one[0]) if by == "epoch" else one[0]): _value(one[1]) for one in rows}
            if by == "epoch":
                return [said.get(int(key)) for key in keys]
            places = sorted(said)
            return [said[places[n - 1]] if (n := bisect_right(places, key)) else None for key in keys]
        return [self._last_by(row, column, key) for key in keys]

    def _last_by(self, row: sqlite3.Row, column: str, key: float) -> float | None:
        """The value of the last point that is not beyond `key`, in a curve in which `column` does not fall."""
        sql = f"SELECT {column}, value FROM points WHERE metric=? AND n=?"  # noqa: S608

        def is_beyond(n: int) -> bool:
            here = self._db.execute(sql, (row["id"], n)).fetchone()
            return here is not None and here[0] is not None and here[0] > key

        low, high = 0, int(row["points"])
        if (
            column == "epoch" and row["last_epoch"]
        ):  # epochs are about as long as one another: begin near there
            low, high = _around(int(high * key / row["last_epoch"]), high, is_beyond)
        while low < high:
            middle = (low + high) // 2
            if is_beyond(middle):
                high = middle
            else:
                low = middle + 1
        here = self._db.execute(sql, (row["id"], low - 1)).fetchone()
        if here is None or here[0] is None or (column == "epoch" and _ordinal(here[0]) != key):
            return None
        return _value(here[1])

    def _find(self, row: sqlite3.Row, bucket: str, point: str, sought: float | None) -> Found | None:
        """The first point for which `point` holds, where `bucket` holds for a bucket that has one."""
        if sought is None:
            return None
        start, stop = 0, row["points"]
        for level in range(len(WIDTHS) - 1, -1, -1):
            width = WIDTHS[level]
            found = self._db.execute(
                f"SELECT min(bucket) FROM envelopes WHERE metric=?1 AND {bucket} AND level=?3 AND bucket>=?4"  # noqa: S608
                " AND bucket<?5",
                (row["id"], sought, level, start // width, stop // width),
            ).fetchone()[0]
            if found is None:
                start = max(start, stop // width * width)
            else:
                start, stop = found * width, (found + 1) * width
        here = self._db.execute(
            f"SELECT value, step, epoch, at FROM points WHERE metric=?1 AND {point} AND n>=?3 AND n<?4"  # noqa: S608
            " ORDER BY n LIMIT 1",
            (row["id"], sought, start, stop),
        ).fetchone()
        if here is None:
            return None
        return Found(value=_value(here["value"]), step=here["step"], epoch=here["epoch"], at=here["at"])

    def _row(self, run: str, metric: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT id, points, nonfinite, min, max, last_epoch FROM metrics WHERE run=? AND name=?"
            " ORDER BY rank, id LIMIT 1",
            (run, metric),
        ).fetchone()
        return row


def _around(guess: int, end: int, is_beyond: Callable[[int], bool]) -> tuple[int, int]:
    """(low, high) between which the first number lies for which `is_beyond`; looked for ever further from a guess."""
    guess, width = min(max(guess, 0), end - 1), 2
    if is_beyond(guess):
        while guess - width > 0 and is_beyond(guess - width):
            width *= 8
        return max(0, guess - width), guess
    while guess + width < end and not is_beyond(guess + width):
        width *= 8
    return guess + 1, min(end, guess + width)


def _ordinal(epoch: float) -> int:
    """The epoch that a moment belongs to: 0.25 and 1.0 to the first."""
    return math.ceil(epoch - 1e-9)


def _value(stored: float | None) -> float:
    """NULL was NaN."""
    return math.nan if stored is None else stored
