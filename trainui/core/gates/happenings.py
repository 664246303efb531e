"""The tests of what is no number: exit codes, printed lines, files, silence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trainui.core.gates.fold import COMPARE
from trainui.core.gates.printed import Printed
from trainui.core.gates.rule import Ending, Grade
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Notice, Point
from trainui.core.run import Result

if TYPE_CHECKING:
    from trainui.core.gates.primitives.event import EventRule


class Happening:
    """What they share. Nothing is watched unless a subclass says so."""

    latches = True
    needs_finish = False

    def __init__(self, rule: EventRule) -> None:
        self._rule = rule
        self._ending: Ending | None = None

    def see(self, point: Point) -> bool:
        """Take in a reading of a meter."""
        del point
        return False

    def grade(self) -> Grade:
        """What holds now."""
        raise NotImplementedError

    def final(self, ending: Ending) -> Grade:
        """What is to be said when nothing more comes."""
        self._ending = ending
        return self.grade()

    def settled(self) -> bool:
        """Whether the claim is broken for good, or the run over."""
        return self._ending is not None or (self.latches and self.grade() is Grade.BAD)

    def value(self) -> float | None:
        """The number that decides, where there is one."""
        return None

    def reason(self) -> str:
        """Why, in one sentence without a full stop."""
        raise NotImplementedError

    def window(self) -> tuple[float, ...]:
        """There are no numbers."""
        return ()

    def missing(self) -> str:
        """Nothing is watched."""
        return ""

    def _unseen(self) -> Grade:
        return Grade.WAIT if self._ending is None else Grade.BLIND


class ExitTest(Happening):
    """How the program ended. One that we stopped did not crash and did not complete."""

    def grade(self) -> Grade:
        """Good when the exit code is as it should be."""
        ending = self._ending
        if ending is None or ending.exit_code is None or ending.result == Result.STOPPED:
            return self._unseen()
        return Grade.GOOD if (ending.exit_code == 0) == (self._rule.exit == "zero") else Grade.BAD

    def value(self) -> float | None:
        """The exit code."""
        code = None if self._ending is None else self._ending.exit_code
        return None if code is None else float(code)

    def reason(self) -> str:
        """`the program ended with exit code 1 (should be zero)`."""
        if self._ending is None:
            return "the program has not ended"
        if self._ending.result == Result.STOPPED:
            return "the program was stopped before it could end by itself"
        if self._ending.exit_code is None:
            return "nobody saw how the program ended"
        return f"the program ended with exit code {self._ending.exit_code} (should be {self._rule.exit})"


class OutputTest(Happening):
    """What it printed, up to where somebody asked it to stop; with `exit`, only if it also ends so."""

    def __init__(self, rule: EventRule) -> None:
        super().__init__(rule)
        self._printed = Printed(rule.match)
        self._looked = False
        self._stopped = ""
        self._where = ""

    def hear(self, notice: Notice) -> bool:
        """Take in a line, or that somebody stopped it, or that its output is looked at."""
        if notice.kind == "stop":
            self._stopped = self._stopped or notice.text or "somebody"
        if notice.kind == "output" or (notice.kind == "line" and not self._stopped):
            self._looked = True
            found = self._printed.found
            if notice.kind == "line":
                self._printed.take(notice.text)
            if self._printed.found and not found:
                self._where = "" if notice.step is None else f" at step {notice.step:g}"
            return True
        return False

    def grade(self) -> Grade:
        """Bad for a line that should not be; near while it may yet come to nothing."""
        code = None if self._ending is None else self._ending.exit_code
        failed = bool(code) and self._ending is not None and self._ending.result != Result.STOPPED
        if self._printed.found:
            return Grade.BAD if failed or not self._rule.exit else Grade.NEAR
        if self._printed.opened:
            return Grade.BAD if failed else Grade.NEAR
        return Grade.GOOD if self._looked else self._unseen()

    def reason(self) -> str:
        """`it printed 'CUDA out of memory' at step 12, and ended with exit code 1`."""
        printed = self._printed
        if not (printed.found or printed.opened):
            if not self._looked:
                return "nobody looked at what it printed"
            until = f", up to where {self._stopped} asked it to stop" if self._stopped else ""
            return f"nothing it printed matches /{self._rule.match}/{until}"
        says = f"it printed {printed.shown!r}{self._where}"
        if printed.opened and not printed.found:
            says += ", a traceback whose end has not come"
        if self._rule.exit and self._ending is None:
            return f"{says}; it trips if it ends with an exit code other than 0"
        if self._ending is None:
            return says
        if self._ending.result == Result.STOPPED:
            return f"{says}, and was stopped"
        code = self._ending.exit_code
        return (
            f"{says}, and nobody saw how it ended"
            if code is None
            else f"{says}, and ended with exit code {code}"
        )


class CountTest(Happening):
    """How many files there are."""

    latches = False

    def __init__(self, rule: EventRule) -> None:
        super().__init__(rule)
        self._number: float | None = None

    def hear(self, notice: Notice) -> bool:
        """Take in a count of these files."""
        if notice.kind != "files" or notice.name != self._rule.file or notice.value is None:
            return False
        self._number = notice.value
        return True

    def grade(self) -> Grade:
        """Good when there are as many as there should be."""
        if self._number is None or self._rule.count is None:
            return self._unseen()
        op, number = self._rule.count
        return Grade.GOOD if COMPARE[op](self._number, number) else Grade.BAD

    def settled(self) -> bool:
        """Before a launch one look decides; later, files may still come and go."""
        return self._ending is not None or self._rule.before_launch

    def value(self) -> float | None:
        """How many."""
        return self._number

    def reason(self) -> str:
        """`5120 files match train/*.npz (should be >= 5400)`."""
        if self._number is None or self._rule.count is None:
            return f"nobody has counted {self._rule.file}"
        op, number = self._rule.count
        files = "file matches" if self._number == 1 else "files match"
        return f"{self._number:g} {files} {self._rule.file} (should be {op} {number})"


class FreshTest(Happening):
    """How long ago, in the run's own time, the newest of some files was written. Older ones than the run are none."""

    latches = False

    def __init__(self, rule: EventRule, span: Span) -> None:
        super().__init__(rule)
        self._span = span
        self._begun: float | None = None
        """Unix seconds of the first that was heard of the run."""
        self._start: float | None = None
        self._now: float | None = None
        self._written = -math.inf
        self._saved: float | None = None
        self._looked = False

    def see(self, point: Point) -> bool:
        """The run has come further."""
        self._begun = point.at if self._begun is None else self._begun
        self._now = point.at if self._span.unit == "seconds" else point.value
        self._start = self._now if self._start is None else self._start
        return self._looked

    def hear(self, notice: Notice) -> bool:
        """Take in when the newest was written."""
        if notice.kind != "files" or notice.name != self._rule.file:
            return False
        self._looked = True
        self._begun = notice.at if self._begun is None else self._begun
        written = float(notice.text) if notice.text else -math.inf
        if written > max(self._written, self._begun):
            self._written = written
            self._saved = written if self._span.unit == "seconds" else self._now
        return True

    def grade(self) -> Grade:
        """Bad when the newest is too old."""
        age = self.value()
        if age is None or not self._looked:
            return self._unseen()
        return Grade.BAD if age > self._span.amount else Grade.GOOD

    def value(self) -> float | None:
        """Its age, in the unit of the span."""
        since = self._start if self._saved is None else self._saved
        return None if self._now is None or since is None else max(0.0, self._now - since)

    def reason(self) -> str:
        """`the newest *.pth is 14 epochs old (12 epochs allowed)`."""
        age = self.value()
        if not self._looked:
            return f"nobody has looked for {self._rule.file}"
        if age is None:
            return f"the run does not say how many {self._span.unit} have gone by"
        gone = Span(amount=round(age, 2), unit=self._span.unit)
        if self._saved is None:
            return f"no file of this run matches {self._rule.file} after {gone} ({self._span} allowed)"
        return f"the newest {self._rule.file} is {gone} old ({self._span} allowed)"


class SilenceTest(Happening):
    """How long nothing has been written."""

    latches = False

    def __init__(self, rule: EventRule, span: Span) -> None:
        super().__init__(rule)
        self._span = span
        self._silent: float | None = None

    def see(self, point: Point) -> bool:
        """Take in a reading."""
        if not math.isfinite(point.value):
            return False
        self._silent = point.value
        return True

    def grade(self) -> Grade:
        """Bad beyond the span."""
        if self._silent is None:
            return self._unseen()
        return Grade.BAD if self._silent > self._span.amount else Grade.GOOD

    def settled(self) -> bool:
        """A silence that was too long has been."""
        return self._ending is not None or self.grade() is Grade.BAD

    def value(self) -> float | None:
        """Seconds."""
        return self._silent

    def reason(self) -> str:
        """`nothing written for 16m (15m allowed)`."""
        if self._silent is None:
            return "nobody measured how long it was silent"
        gone = Span(amount=round(self._silent), unit="seconds")
        return f"nothing written for {gone} ({self._span} allowed)"

    def missing(self) -> str:
        """That nobody measured it."""
        return "" if self._silent is not None else self.reason()
