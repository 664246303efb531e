"""The tables of messages: what people are to be told, through which channel, and what became of each try."""

from __future__ import annotations

import sqlite3

_TABLES = """
CREATE TABLE messages (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL DEFAULT '', text TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}', is_critical INTEGER NOT NULL DEFAULT 0, key TEXT NOT NULL UNIQUE, shown TEXT
);
CREATE INDEX messages_new ON messages (id) WHERE shown IS NULL;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL, channel TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
  tries INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL, first_at REAL, sending INTEGER,
  is_unsure INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '', UNIQUE (message, channel)
);
CREATE INDEX deliveries_open ON deliveries (channel, message) WHERE state IN ('waiting', 'sending');
CREATE TABLE sendings (
  id INTEGER PRIMARY KEY, channel TEXT NOT NULL, began_at REAL NOT NULL, until REAL NOT NULL, boot_id TEXT NOT NULL,
  ended_at REAL, is_sent INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sendings_by_end ON sendings (channel, ended_at)
"""


def m007_messages(db: sqlite3.Connection) -> None:
    """Messages for people outside of the terminal, and how each was delivered.

    `messages.key` names the fact: one that was told is not told again. `shown` are the ways of an open dashboard,
    NULL until somebody has looked whom the message goes to.
    """
    for statement in _TABLES.split(";\n"):
        db.execute(statement)
