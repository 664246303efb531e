"""A search in a log that goes on in a thread: how far it is, and how it is ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.ingest.pages import Pages


@dataclass(slots=True)
class Search:
    """One search. The thread writes `share`, the screen `is_ended`."""

    share: float = 0.0
    """How much of the way is done, 0 to 1."""
    is_ended: bool = False

    def run(
        self, pages: Pages, signs: Sequence[str | re.Pattern[bytes]], start: int, *, backwards: bool
    ) -> int | None:
        """Where the first row begins with the first of the signs that is found at all; None: nowhere, or ended."""
        for sign in signs:
            place = pages.find(sign, start, backwards=backwards, is_cancelled=self._goes_on)
            if place is not None or self.is_ended:
                return place
        return None

    def _goes_on(self, share: float) -> bool:
        self.share = share
        return self.is_ended
