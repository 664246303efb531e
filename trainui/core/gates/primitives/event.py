"""event: how the program ended. What it prints and which files it saves can be written down, and is unknown yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainui.core.gates.rule import Ending, Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Point
from trainui.core.run import Result

EXITS = ("zero", "nonzero")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRule:
    """What should have happened, or, for `match` and `silent`, should not."""

    exit: str = ""
    match: str = ""
    file: str = ""
    count: str = ""
    newer_than: Span | None = None
    silent: Span | None = None
    metrics: tuple[str, ...] = ()
    threshold: float | None = None

    @property
    def text(self) -> str:
        """`exit zero`."""
        named = (("exit", self.exit), ("match", self.match), ("file", self.file), ("count", self.count))
        spans = (("newer than", self.newer_than), ("silent", self.silent))
        return ", ".join(f"{word} {what}" for word, what in (*named, *spans) if what)

    @property
    def only_exit(self) -> bool:
        """Whether the exit code alone decides."""
        return not (self.match or self.file or self.silent)

    def test(self) -> EventTest:
        """A fresh test."""
        return EventTest(self)


class EventTest:
    """Waits for the end."""

    latches = True
    needs_finish = False

    def __init__(self, rule: EventRule) -> None:
        self._rule = rule
        self._ending: Ending | None = None

    def see(self, point: Point) -> bool:
        """It watches no metric."""
        del point
        return False

    def grade(self) -> Grade:
        """Nothing is known before the end; a run that was stopped by us did not crash and did not complete."""
        ending = self._ending
        if ending is None:
            return Grade.WAIT
        if not self._rule.only_exit or ending.exit_code is None or ending.result == Result.STOPPED:
            return Grade.BLIND
        return Grade.GOOD if (ending.exit_code == 0) == (self._rule.exit == "zero") else Grade.BAD

    def final(self, ending: Ending) -> Grade:
        """By the exit code."""
        self._ending = ending
        return self.grade()

    def settled(self) -> bool:
        """At the end."""
        return self._ending is not None

    def value(self) -> float | None:
        """The exit code."""
        code = None if self._ending is None else self._ending.exit_code
        return None if code is None else float(code)

    def reason(self) -> str:
        """`the program ended with exit code 1 (should be zero)`."""
        if not self._rule.only_exit:
            return f"what a program prints and saves is not judged yet ({self._rule.text})"
        if self._ending is None:
            return "the program has not ended"
        if self._ending.result == Result.STOPPED:
            return "the program was stopped before it could end by itself"
        if self._ending.exit_code is None:
            return "nobody saw how the program ended"
        return f"the program ended with exit code {self._ending.exit_code} (should be {self._rule.exit})"

    def window(self) -> tuple[float, ...]:
        """There are no numbers."""
        return ()

    def missing(self) -> str:
        """Nothing is watched."""
        return ""


def read(table: GateTable) -> EventRule:
    """The keys of an event gate."""
    if not any(table.has(key) for key in ("exit", "match", "file", "silent")):
        table.wrong("it says no event", hint='for example exit = "zero"')
    try:
        re.compile(table.text("match"))
    except re.error as error:
        table.wrong(f"match is no regular expression: {error}")
    return EventRule(
        exit=table.choice("exit", EXITS) if table.has("exit") else "",
        match=table.text("match"),
        file=table.text("file"),
        count=table.text("count"),
        newer_than=table.span("newer_than"),
        silent=table.span("silent"),
    )


PRIMITIVE = Primitive(
    required=(), optional=("exit", "match", "file", "count", "newer_than", "silent"), read=read, counts=False
)
