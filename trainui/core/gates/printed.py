"""What a program printed, held against one pattern. A traceback that ends in KeyboardInterrupt is somebody's wish."""

from __future__ import annotations

import re

PREFIX = r"(?:\[[^\]]*\]:? ?)*"
"""`[rank0]: ` before each line, as torchrun prints."""
OPENS = rf"^{PREFIX}[\s|+]*Traceback \(most recent call last\)"
CLOSES = rf"^{PREFIX}(?:\w+\.)*(\w*(?:Error|Exception|Interrupt))(?::|$)"
WISH = "KeyboardInterrupt"
_PREFIX, _OPENS, _CLOSES = re.compile(PREFIX), re.compile(OPENS), re.compile(CLOSES)
LONGEST = 120
"""Characters of a line that a reason shows."""


class Printed:
    """The first line that counts against the claim, if any came."""

    def __init__(self, match: str) -> None:
        self._match = re.compile(match)
        self._pardons = not self._match.search(WISH)
        self._inside = False
        self.opened = ""
        """A matching traceback whose last line has not come yet."""
        self.found = ""

    @staticmethod
    def looks_for(match: str) -> tuple[str, ...]:
        """The lines it must be told of: those that match, and where tracebacks begin and end."""
        return (match, OPENS, CLOSES)

    def take(self, line: str) -> None:
        """Take in the next line; what was found stays found."""
        if self.found:
            return
        matches = self._match.search(line) is not None
        if _OPENS.match(line):
            self._inside = True
            self.opened = line if matches else self.opened
            return
        if self._inside:
            prefix = _PREFIX.match(line)
            if line[prefix.end() if prefix else 0 :][:1].isspace():
                return  # a line of source, which may say anything
            self._inside = False
            closes = _CLOSES.match(line)
            if closes and closes[1] == WISH and self._pardons:
                self.opened = ""
                return
            matches = matches or bool(self.opened)
            self.opened = ""
        if matches:
            self.found = line

    @property
    def shown(self) -> str:
        """The line, as a reason says it."""
        line = (self.found or self.opened).strip()
        return line if len(line) <= LONGEST else line[:LONGEST] + " …"
