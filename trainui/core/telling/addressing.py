"""HAND: whom a message goes to: by its kind, by its run, and by the hour for a dashboard that is open."""

from __future__ import annotations

import sqlite3

from trainui.core.clock import Clock
from trainui.core.config import Notify
from trainui.core.config.notifying import quiet_of
from trainui.core.errors import UserError
from trainui.core.filter import Filter
from trainui.core.filter.language import NAMES, Value, Values
from trainui.core.filter.runs import run_filter, values_of
from trainui.core.store.oneview import params_of, view_of
from trainui.core.store.outbox import TOAST, Message
from trainui.core.walltime import is_within

STUDY = "study:"


class Addressing:
    """Reads what a message is about from one runs.db, inside the transaction of its caller."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._trouble = self._told = ""

    def of(self, message: Message, notify: Notify, now: Clock) -> tuple[list[str], list[str]]:
        """(what an open dashboard does, the channels) for a message; neither for one that nobody wants."""
        if message.kind not in notify.on or not self._is_wanted(message, notify.runs):
            return [], []
        quiet = quiet_of(notify.quiet)
        is_quiet = quiet is not None and not message.is_critical and is_within(now.unix, *quiet)
        return [TOAST, *([] if is_quiet else notify.terminals)], list(notify.channels)

    def trouble(self) -> str:
        """What is wrong with the filter, said once."""
        said, self._trouble = self._trouble, ""
        if not said or said == self._told:
            return ""
        self._told = said
        return said

    def _is_wanted(self, message: Message, text: str) -> bool:
        """A message about a run whose filter cannot be read is rather told than not."""
        if not text.strip() or not message.subject:
            return True
        values = self._values(message.subject)
        try:
            holds: Filter = run_filter(text, values or {})
        except UserError as error:
            self._trouble = f"[notify] runs = {text!r} is no filter, so every run is told of: {error}"
            return True
        return values is None or holds(values)

    def _values(self, subject: str) -> Values | None:
        if subject.startswith(STUDY):
            name = subject.removeprefix(STUDY)
            known: dict[str, Value] = {NAMES: (name,), "study": name}
            return known
        view = view_of(self._db, subject)
        return None if view is None else values_of(view, params_of(self._db, subject))
