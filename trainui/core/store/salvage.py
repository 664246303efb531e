"""Reading what a damaged runs.db still gives: every row that can be read, and how many could not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trainui.core.store.migrations import MIGRATIONS

Row = dict[str, Any]

GAP = 20_000
"""Rows asked for one by one around a damaged page, at most."""


@dataclass(slots=True)
class Wreck:
    """A damaged runs.db, opened to read. Whatever fails is counted, and nothing is written to it."""

    path: Path
    trouble: str = ""
    """Why nothing at all can be read; '' when something can."""
    unread: dict[str, int] = field(default_factory=dict)
    """Table → rows that are known to be there and could not be read; 0 where nobody can count them."""
    _db: sqlite3.Connection | None = None

    def open(self) -> Wreck:
        """Open it, its -wal included when that can be read; never raises."""
        # immutable would leave out what stands in the -wal alone: it is only for what cannot be had otherwise
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            db = None
            try:
                db = sqlite3.connect(f"file:{quote(str(self.path))}?{mode}", uri=True, timeout=2)
                db.row_factory = sqlite3.Row
                db.text_factory = lambda data: data.decode("utf-8", "replace")
                names = {row["name"] for row in db.execute("SELECT name FROM sqlite_master")}
            except sqlite3.Error as error:
                self.trouble = str(error)
                if db is not None:
                    db.close()
            else:
                self._db, self.trouble = db, "" if "runs" in names else "it holds no table of runs"
                break
        return self

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def version(self) -> int:
        """The number of schema steps it has; 0 when it cannot say."""
        try:
            return int(self._db.execute("PRAGMA user_version").fetchone()[0]) if self._db else 0
        except sqlite3.Error:
            return 0

    def check(self) -> str:
        """What SQLite says of the whole file: `ok`, or the first thing that is wrong."""
        try:
            return str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) if self._db else self.trouble
        except sqlite3.Error as error:
            return str(error)

    def rows(self, table: str) -> list[Row]:
        """The rows of `table` that can be read, in their order: from both ends up to the damage, then singly."""
        if self._db is None:
            return []
        found: dict[int, Row] = {}
        if self._walk(table, "ASC", found):
            return list(found.values())
        last = max(found, default=0)
        self._walk(table, "DESC", found)
        first = min((place for place in found if place > last), default=last + GAP)
        refused = self._fill(table, range(last + 1, min(first, last + GAP)), found)
        # behind the last row that can be read nobody knows where the table ended
        is_known = bool(refused) and refused[-1] < max(found, default=0)
        self.unread[table] = len(refused) if is_known else 0
        return [found[place] for place in sorted(found)]

    def rows_of(self, table: str, column: str, value: object) -> list[Row]:
        """The rows whose `column` is `value`, as far as they can be read."""
        found: list[Row] = []
        try:
            cursor = self._db.execute(f"SELECT * FROM {table} WHERE {column}=?", (value,)) if self._db else ()  # noqa: S608
            found.extend(dict(row) for row in cursor)
        except sqlite3.Error as error:
            if "no such table" in str(error):
                return []  # of an older trainui
            self.unread.setdefault(table, 0)
        return found

    def _walk(self, table: str, order: str, found: dict[int, Row]) -> bool:
        """Take rows in until the damage; whether there was none."""
        try:
            for place, row in self._select(table, f"ORDER BY rowid {order}"):
                if place in found:
                    break  # met from the other side
                found[place] = row
        except sqlite3.OperationalError as error:
            return "no such table" in str(error)
        except sqlite3.Error:
            return False
        return True

    def _fill(self, table: str, places: range, found: dict[int, Row]) -> list[int]:
        """Ask for rows one by one; those that were refused."""
        refused = []
        for place in places:
            try:
                found.update(self._select(table, f"WHERE rowid={place}"))
            except sqlite3.Error:
                refused.append(place)
        return refused

    def _select(self, table: str, rest: str) -> Iterator[tuple[int, Row]]:
        assert self._db is not None
        for row in self._db.execute(f"SELECT rowid AS row_place, * FROM {table} {rest}"):  # noqa: S608
            values = dict(row)
            yield values.pop("row_place"), values


def health(path: Path) -> str:
    """`ok`, or what is wrong with the file: SQLite's own words. Changes nothing.

    A file of a newer trainui is `newer`: it is not damaged, and not ours to judge.
    """
    wreck = Wreck(path).open()
    try:
        if wreck.trouble:
            return wreck.trouble
        if wreck.version() > len(MIGRATIONS):
            return "newer"
        return wreck.check()
    finally:
        wreck.close()
