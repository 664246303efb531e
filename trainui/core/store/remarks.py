"""What people keep beside runs: tags, notes, and when they last looked."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Collection, Sequence

from trainui.core.errors import UserError

LONGEST = 40
"""Characters of a tag."""
_TAG = re.compile(rf"[^\W_][\w.:@/-]{{0,{LONGEST - 1}}}")


class RemarkReader:
    """The part of a Reader that tells what people keep beside runs."""

    _db: sqlite3.Connection

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Run → its tags, in the order they were given."""
        tags: dict[str, tuple[str, ...]] = {}
        for run, tag in self._db.execute("SELECT run, tag FROM tags ORDER BY at, tag"):
            tags[run] = (*tags.get(run, ()), tag)
        return tags

    def notes(self, run: str) -> list[tuple[float, str]]:
        """Remarks kept beside a run, oldest first."""
        rows = self._db.execute("SELECT at, text FROM notes WHERE run=? ORDER BY id", (run,)).fetchall()
        return [(row["at"], row["text"]) for row in rows]

    def last_look(self, viewer: str) -> float | None:
        """When a person last saw the list of runs."""
        row = self._db.execute("SELECT at FROM looks WHERE viewer=?", (viewer,)).fetchone()
        return float(row["at"]) if row else None


def tag_changes(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(tags to give, tags to take away) of `+best -old new`. Raises UserError for a word that is no tag."""
    given: dict[str, bool] = {}
    for word in words:
        is_given, tag = not word.startswith("-"), word.removeprefix("-" if word.startswith("-") else "+")
        if not _TAG.fullmatch(tag):
            hint = f"letters, digits and . : @ / - _, at most {LONGEST}: trainui tag RUN +best -old"
            raise UserError(f"{word!r} is no tag", hint=hint)
        if given.setdefault(tag, is_given) is not is_given:
            raise UserError(f"tag {tag!r} cannot be given and taken away at once")
    return (
        tuple(tag for tag, is_given in given.items() if is_given),
        tuple(tag for tag, is_given in given.items() if not is_given),
    )


def write_tags(db: sqlite3.Connection, run: str, give: Collection[str], take: Collection[str]) -> list[str]:
    """Give a run tags and take others away; what changed, as `+best` and `-old`. Call inside a transaction."""
    had = {row[0] for row in db.execute("SELECT tag FROM tags WHERE run=?", (run,))}
    new, gone = [tag for tag in give if tag not in had], [tag for tag in take if tag in had]
    db.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(run, tag, time.time()) for tag in new])
    db.executemany("DELETE FROM tags WHERE run=? AND tag=?", [(run, tag) for tag in gone])
    return [*(f"+{tag}" for tag in new), *(f"-{tag}" for tag in gone)]
