"""What a dashboard is told beside the runs: messages that are new, and what happened while nobody looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainui.core.away.model import Away
    from trainui.core.store.outbox import Message


class NewsReader(Protocol):
    """The part of a reader that tells of it."""

    def newest_message(self) -> int:
        """The id of the newest message; 0 where there is none."""

    def messages(self, *, after: int = 0, limit: int = 200) -> list[Message]:
        """The newest messages after id `after`, oldest first."""

    def away(self, since: float, *, now: float) -> Away:
        """What happened from a moment to now, Unix seconds."""


class Messages:
    """Reads each message once; what was told before the dashboard was opened is in no toast."""

    def __init__(self, reader: NewsReader) -> None:
        self._reader = reader
        self._last: int | None = None

    def read(self) -> tuple[Message, ...]:
        """What is new since the last look."""
        if self._last is None:
            self._last = self._reader.newest_message()
            return ()
        found: Sequence[Message] = self._reader.messages(after=self._last)
        self._last = max((one.id for one in found), default=self._last)
        return tuple(found)
