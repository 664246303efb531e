"""event: how the program ended, what it printed, which files it saved, and how long it has been silent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainui.core.gates.happenings import CountTest, ExitTest, FreshTest, Happening, OutputTest, SilenceTest
from trainui.core.gates.printed import Printed
from trainui.core.gates.rule import Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Span

EXITS = ("zero", "nonzero")
COUNT = re.compile(r"\s*(<=|>=|<|>)\s*(\d+)\s*$")
MOST_DIGITS = 18
AT_LEAST_ONE = (">=", 1)
CLOCKS = {"epochs": "@epoch", "steps": "@step", "seconds": "@wall_h"}
"""What tells the time by which files age."""
SILENCE = "@silent_s"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRule:
    """What should have happened, or, for `match` and `silent`, should not."""

    exit: str = ""
    match: str = ""
    file: str = ""
    count: tuple[str, int] | None = None
    newer_than: Span | None = None
    silent: Span | None = None
    before_launch: bool = False
    """A preflight: the first count decides."""
    threshold: float | None = None

    @property
    def text(self) -> str:
        """`exit zero`, `output without /error/`, `*.pth newer than 12 epochs`."""
        if self.match:
            ending = f" before exit {self.exit}" if self.exit else ""
            return f"output without /{self.match}/{ending}"
        if self.silent:
            return f"never silent for {self.silent}"
        if self.newer_than:
            return f"{self.file} newer than {self.newer_than}"
        return f"count({self.file}) {self.count[0]} {self.count[1]}" if self.count else f"exit {self.exit}"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The meter that tells of silence, or the one by which files age."""
        if self.silent:
            return (SILENCE,)
        return (CLOCKS[self.newer_than.unit],) if self.newer_than else ()

    @property
    def looks_for(self) -> tuple[str, ...]:
        """Which printed lines it must be told of."""
        return Printed.looks_for(self.match) if self.match else ()

    @property
    def globs(self) -> tuple[str, ...]:
        """Which files it must be told of."""
        return (self.file,) if self.file else ()

    def test(self) -> Happening:
        """A fresh test."""
        if self.match:
            return OutputTest(self)
        if self.silent:
            return SilenceTest(self, self.silent)
        if self.newer_than:
            return FreshTest(self, self.newer_than)
        return CountTest(self) if self.count else ExitTest(self)


def read(table: GateTable) -> EventRule:
    """The keys of an event gate: one event each."""
    said = [key for key in ("match", "file", "silent") if table.has(key)]
    if not said and not table.has("exit"):
        table.wrong("it says no event", hint='for example exit = "zero"', key="test")
    if len(said) > 1 or (table.has("exit") and said not in ([], ["match"])):
        table.wrong(
            f"{' and '.join([*said, 'exit'][:2])} are two events",
            hint='write two gates, and test = "all" over them',
            key=said[-1],
        )
    if not table.has("file") and (lost := next((k for k in ("count", "newer_than") if table.has(k)), "")):
        table.wrong(f"{lost} needs a file", hint='for example file = "checkpoints/*.pt"', key=lost)
    if table.has("count") and table.has("newer_than"):
        table.wrong("count and newer_than are two events", hint="write two gates", key="count")
    ending = table.choice("exit", EXITS) if table.has("exit") else ""
    if ending == "zero" and said:
        table.wrong(
            'exit "zero" says something of its own beside match',
            hint='"nonzero" for lines that count only when the program fails; else write two gates',
            key="exit",
        )
    newer_than, silent = table.span("newer_than"), table.span("silent")
    if newer_than and newer_than.unit == "points":
        table.wrong("newer_than counts in epochs, steps or time", hint='for example "12 epochs" or "2h"')
    if silent and silent.unit != "seconds":
        table.wrong("silent is a time", hint='for example "15m"')
    return EventRule(
        exit=ending,
        match=_pattern(table),
        file=_glob(table),
        count=None if newer_than or not table.has("file") else _count(table),
        newer_than=newer_than,
        silent=silent,
        before_launch=table.text("role") == "preflight",
    )


def _pattern(table: GateTable) -> str:
    match = table.text("match")
    try:
        matches = re.compile(match)
    except (re.error, OverflowError, RecursionError) as error:
        table.wrong(f"match is no regular expression: {error}")
    if table.has("match") and matches.search(""):
        table.wrong(f"match {match!r} is in every line", hint="say what the line must hold")
    return match


def _glob(table: GateTable) -> str:
    file = table.text("file")
    if table.has("file") and not file.strip():
        table.wrong("file names nothing", hint='for example "checkpoints/*.pt"')
    return file


def _count(table: GateTable) -> tuple[str, int]:
    if not table.has("count"):
        return AT_LEAST_ONE
    raw = table.keys["count"]
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return ">=", raw
    match = COUNT.match(table.text("count"))
    if match is None:
        table.wrong(f"count {raw!r} is not understood", hint='for example ">= 5400"')
    if len(match[2]) > MOST_DIGITS:
        table.wrong(f"count is a number of {len(match[2])} digits")
    return match[1], int(match[2])


PRIMITIVE = Primitive(
    required=(), optional=("exit", "match", "file", "count", "newer_than", "silent"), read=read, counts=False
)
