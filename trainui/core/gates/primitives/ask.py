"""ask: a question for people. It waits (warn) when it is due, and their answer passes or fails it."""

from __future__ import annotations

from dataclasses import dataclass

from trainui.core.gates.rule import Ending, Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.verdict import Point


@dataclass(frozen=True, kw_only=True, slots=True)
class AskRule:
    """A question, and the gates that should be decided before it is asked."""

    question: str
    needs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    threshold: float | None = None

    @property
    def text(self) -> str:
        """`asks: curves still plausible?`."""
        return f"asks: {self.question}"

    def test(self) -> AskTest:
        """A fresh test."""
        return AskTest(self)


class AskTest:
    """A question and the newest answer. When it is asked is the seat's business."""

    latches = False
    needs_finish = False

    def __init__(self, rule: AskRule) -> None:
        self._rule = rule
        self._answer: bool | None = None
        self._words = ""

    def answer(self, verdict: bool, *, who: str, note: str) -> None:
        """Take an answer."""
        self._answer = verdict
        says = f"{who} says {'yes' if verdict else 'no'} to {self._rule.question!r}"
        self._words = f"{says}: {note}" if note else says

    def ask_again(self) -> None:
        """Forget the answer: the question is due once more."""
        self._answer = None

    def see(self, point: Point) -> bool:
        """It watches no metric."""
        del point
        return False

    def grade(self) -> Grade:
        """Good or bad by the answer."""
        if self._answer is None:
            return Grade.WAIT
        return Grade.GOOD if self._answer else Grade.BAD

    def final(self, ending: Ending) -> Grade:
        """As now."""
        del ending
        return self.grade()

    def settled(self) -> bool:
        """An answer holds until the question is asked again."""
        return self._answer is not None

    def value(self) -> float | None:
        """There is no number."""
        return None

    def reason(self) -> str:
        """The answer, or the question."""
        return self._words if self._answer is not None else self._rule.text

    def window(self) -> tuple[float, ...]:
        """There are no numbers."""
        return ()

    def missing(self) -> str:
        """Nothing is watched."""
        return ""


def read(table: GateTable) -> AskRule:
    """The keys of an ask gate."""
    question = table.text("question")
    if not question.strip():
        table.wrong("question is empty")
    return AskRule(question=question, needs=table.texts("needs"))


PRIMITIVE = Primitive(required=("question",), optional=("needs",), read=read, counts=False)
