"""The outbox: a message is written in the transaction that made its fact, and stays until it is delivered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from trainui.core.clock import Clock

TOAST = "toast"
"""How a message is shown in every dashboard that is open."""
WAITING, SENDING, SENT, GIVEN_UP, DROPPED = "waiting", "sending", "sent", "given up", "dropped"
KEPT = 90 * 86400.0
"""Seconds for which what was told is kept."""


class Message(Struct, frozen=True, kw_only=True):
    """One fact for people. Times are Unix seconds."""

    id: int
    at: float
    kind: str
    subject: str
    """A run, `study:NAME`, or ''."""
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    is_critical: bool = False
    shown: tuple[str, ...] = ()
    """What an open dashboard does about it: `toast`, `bell`, `osc 9`, `osc 777`."""


class Delivery(Struct, frozen=True, kw_only=True):
    """A message on its way through one channel."""

    id: int
    message: Message
    channel: str
    state: str
    tries: int
    next_at: float
    first_at: float | None
    """When it was first tried."""
    sending: int | None
    is_unsure: bool
    """Nobody knows whether a try reached anybody."""
    said: str
    """What came of the last try."""


class Sending(Struct, frozen=True, kw_only=True):
    """One try under way: a child process with one message, or several together."""

    id: int
    channel: str
    until: float
    """Boot second at which it is killed."""
    boot_id: str


class Outbox:
    """Messages and their deliveries, for the manager. What writes is called inside a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def post(
        self, kind: str, text: str, *, key: str, at: float, subject: str = "",
        facts: Mapping[str, str] | None = None, is_critical: bool = False,
    ) -> bool:  # fmt: skip
        """Put a message in, once for its `key`; whether it is new."""
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO messages (at, kind, subject, text, facts, is_critical, key)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at, kind, subject, text, json.dumps(dict(facts or {})), int(is_critical), key),
        )
        return cursor.rowcount == 1

    def posting(
        self, kind: str, *, is_critical: bool = False
    ) -> Callable[[str, Mapping[str, str], Clock], None]:
        """A way to put in messages of one kind: a line, the facts it was made of, and when it was so."""

        def put(text: str, facts: Mapping[str, str], now: Clock) -> None:
            self.post(
                kind, text, key=f"{kind} {now.unix!r} {text}", at=now.unix, subject=facts.get("run", ""),
                facts=facts, is_critical=is_critical,
            )  # fmt: skip

        return put

    def fresh(self) -> list[Message]:
        """Messages of which nobody has decided whom they go to, oldest first."""
        rows = self._db.execute("SELECT * FROM messages WHERE shown IS NULL ORDER BY id").fetchall()
        return [_message(row) for row in rows]

    def address(self, message: Message, *, shown: Sequence[str], channels: Sequence[str], at: float) -> None:
        """Decide whom a message goes to."""
        self._db.execute("UPDATE messages SET shown=? WHERE id=?", (json.dumps(list(shown)), message.id))
        self._db.executemany(
            "INSERT OR IGNORE INTO deliveries (message, channel, next_at) VALUES (?, ?, ?)",
            [(message.id, channel, at) for channel in channels],
        )

    def open(self) -> list[Delivery]:
        """What is not delivered yet, oldest first."""
        return _open(self._db)

    def begin(
        self, channel: str, chosen: Sequence[Delivery], *, at: float, until: float, boot_id: str
    ) -> int:
        """A try begins; its number. `until`: boot second of the boot at which it is killed."""
        number = int(
            self._db.execute(
                "INSERT INTO sendings (channel, began_at, until, boot_id) VALUES (?, ?, ?, ?)",
                (channel, at, until, boot_id),
            ).lastrowid
            or 0
        )
        self._db.executemany(
            "UPDATE deliveries SET state=?, sending=?, tries=tries + 1, first_at=coalesce(first_at, ?) WHERE id=?",
            [(SENDING, number, at, one.id) for one in chosen],
        )
        return number

    def under_way(self) -> list[Sending]:
        """Tries that nobody has seen the end of."""
        rows = self._db.execute("SELECT * FROM sendings WHERE ended_at IS NULL ORDER BY id").fetchall()
        return [
            Sending(id=row["id"], channel=row["channel"], until=row["until"], boot_id=row["boot_id"])
            for row in rows
        ]

    def end(self, sending: int, said: str, *, is_sent: bool, at: float) -> list[Delivery]:
        """A try ended; what it carried, as it stands after a success and as it stood before what follows a failure."""
        carried = [one for one in self.open() if one.sending == sending]
        self._db.execute(
            "UPDATE sendings SET ended_at=?, is_sent=?, said=? WHERE id=?", (at, int(is_sent), said, sending)
        )
        if is_sent:
            self._db.execute(
                "UPDATE deliveries SET state=?, said=? WHERE sending=? AND state=?",
                (SENT, said, sending, SENDING),
            )
        return carried

    def again(self, one: Delivery, said: str, *, next_at: float, is_unsure: bool) -> None:
        """It failed, and is tried again."""
        self._db.execute(
            "UPDATE deliveries SET state=?, next_at=?, is_unsure=max(is_unsure, ?), said=? WHERE id=?",
            (WAITING, next_at, int(is_unsure), said, one.id),
        )

    def hurry(self, at: float) -> None:
        """What waits for its next try need not wait longer."""
        self._db.execute(
            "UPDATE deliveries SET next_at=?1 WHERE state='waiting' AND tries AND next_at > ?1", (at,)
        )

    def close(self, one: Delivery, state: str, said: str) -> None:
        """It is not tried any more: GIVEN_UP or DROPPED."""
        self._db.execute("UPDATE deliveries SET state=?, said=? WHERE id=?", (state, said, one.id))

    def sent(self, channel: str, *, since: float) -> list[float]:
        """When a channel was told something since a moment, oldest first."""
        rows = self._db.execute(
            "SELECT ended_at FROM sendings WHERE channel=? AND is_sent AND ended_at > ? ORDER BY ended_at",
            (channel, since),
        )
        return [float(row[0]) for row in rows]

    def forget(self, *, before: float) -> None:
        """Let go of what was told long ago."""
        self._db.execute(
            "DELETE FROM messages WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE message=messages.id AND state IN ('waiting', 'sending'))",
            (before,),
        )
        self._db.execute("DELETE FROM deliveries WHERE message NOT IN (SELECT id FROM messages)")
        self._db.execute("DELETE FROM sendings WHERE ended_at < ?", (before,))


class NewsReader:
    """The part of a Reader that tells what people were told, and what did not reach them."""

    _db: sqlite3.Connection

    def messages(self, *, after: int = 0, limit: int = 200) -> list[Message]:
        """The newest messages after id `after` of which it is known whom they go to, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM messages WHERE id > ? AND shown IS NOT NULL ORDER BY id DESC LIMIT ?",
            (after, limit),
        ).fetchall()
        return [_message(row) for row in reversed(rows)]

    def newest_message(self) -> int:
        """The id of the newest message; 0 where there is none."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0])

    def undelivered(self) -> list[Delivery]:
        """What waits to be delivered, or is on its way, oldest first."""
        return _open(self._db)

    def given_up(self, *, since: float) -> list[Delivery]:
        """What was given up, of messages since a moment (Unix seconds), oldest first."""
        return _deliveries(self._db, "deliveries.state=? AND messages.at >= ?", (GIVEN_UP, since))

    def last_told(self) -> dict[str, tuple[float, bool, str]]:
        """Channel → (when its last try ended, whether it told somebody, what it said)."""
        rows = self._db.execute(
            "SELECT channel, max(ended_at) AS at, is_sent, said FROM sendings WHERE ended_at IS NOT NULL"
            " GROUP BY channel"
        )
        return {row["channel"]: (row["at"], bool(row["is_sent"]), row["said"]) for row in rows}


def _open(db: sqlite3.Connection) -> list[Delivery]:
    return _deliveries(db, "deliveries.state IN ('waiting', 'sending')", ())


def _deliveries(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Delivery]:
    text = (
        "SELECT messages.*, deliveries.id AS delivery, channel, state, tries, next_at, first_at, sending, is_unsure,"
        " said FROM deliveries JOIN messages ON messages.id = deliveries.message"
    )
    rows = db.execute(f"{text} WHERE {where} ORDER BY deliveries.message, deliveries.id", values).fetchall()
    return [
        Delivery(
            id=row["delivery"],
            message=_message(row),
            channel=row["channel"],
            state=row["state"],
            tries=row["tries"],
            next_at=row["next_at"],
            first_at=row["first_at"],
            sending=row["sending"],
            is_unsure=bool(row["is_unsure"]),
            said=row["said"],
        )
        for row in rows
    ]


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        subject=row["subject"],
        text=row["text"],
        facts=json.loads(row["facts"]),
        is_critical=bool(row["is_critical"]),
        shown=tuple(json.loads(row["shown"] or "[]")),
    )
